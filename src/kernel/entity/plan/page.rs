//! What a selection of a connection takes.

use async_graphql::{ContextSelectionSet, PathSegment};

use super::{
    super::{
        cell::Json,
        def::Def,
        selection::{Group, heads},
    },
    Columns, Plan, SORTED_BY,
};

/// What is selected of a connection, and the columns that takes: the parent first.
pub struct Connection {
    pub def: &'static Def,
    pub columns: Columns,
    /// The places of a cursor's columns, if one is selected: what the list is sorted by, and the id.
    pub cursor: Option<(usize, usize)>,
    pub heads: Vec<Json>,
    pub parts: Vec<Part>,
    /// Each place where nodes are selected, with its own selection over the same rows.
    pub nodes: Vec<Nodes>,
}

pub enum Part {
    TypeName,
    Edges { heads: Vec<Json>, parts: Vec<EdgePart> },
    Nodes(usize),
    PageInfo { heads: Vec<Json>, parts: Vec<PageInfoPart> },
    TotalCount,
}

impl Part {
    fn has_cursors(&self) -> bool {
        match self {
            Self::Edges { parts, .. } => parts.iter().any(|part| matches!(part, EdgePart::Cursor)),
            Self::PageInfo { parts, .. } => {
                parts.iter().any(|part| matches!(part, PageInfoPart::StartCursor | PageInfoPart::EndCursor))
            }
            Self::TypeName | Self::Nodes(_) | Self::TotalCount => false,
        }
    }
}

pub enum EdgePart {
    TypeName,
    Cursor,
    Node(usize),
}

pub enum PageInfoPart {
    TypeName,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

pub struct Nodes {
    pub plan: Plan,
    /// The response keys of the path to a node; in `edges` the index is between them.
    node_key: Option<String>,
    list_key: String,
}

impl Nodes {
    pub fn path(&self, place: usize) -> impl Iterator<Item = PathSegment> + use<> {
        let node = self.node_key.clone().map(PathSegment::Field);
        let list = PathSegment::Field(self.list_key.clone());
        node.into_iter().chain([PathSegment::Index(place), list])
    }
}

impl Connection {
    /// `parent` is the column by which the rows hang on theirs.
    pub fn new(ctx: &ContextSelectionSet<'_>, def: &'static Def, group: &Group<'_>, parent: &'static str) -> Self {
        let groups = group.below(ctx, &format!("{}Connection", def.type_name));
        let mut columns = Columns::new(&[parent]);
        let mut nodes = Vec::new();
        let mut select = |selected: &Group<'_>, node_key: Option<&str>, list_key: &str| {
            let plan = Plan::new(ctx, def, &selected.below(ctx, def.type_name), &mut columns, true);
            nodes.push(Nodes { plan, node_key: node_key.map(str::to_owned), list_key: list_key.to_owned() });
            nodes.len() - 1
        };
        let mut parts = Vec::with_capacity(groups.len());
        for group in &groups {
            parts.push(match group.name() {
                "nodes" => Part::Nodes(select(group, None, group.key)),
                "edges" => {
                    let below = group.below(ctx, &format!("{}Edge", def.type_name));
                    let part = |selected: &Group<'_>| match selected.name() {
                        "cursor" => EdgePart::Cursor,
                        "node" => EdgePart::Node(select(selected, Some(selected.key), group.key)),
                        _ => EdgePart::TypeName,
                    };
                    let parts = below.iter().map(part).collect();
                    Part::Edges { heads: heads(&below), parts }
                }
                "pageInfo" => {
                    let below = group.below(ctx, "PageInfo");
                    let part = |selected: &Group<'_>| match selected.name() {
                        "hasNextPage" => PageInfoPart::HasNextPage,
                        "hasPreviousPage" => PageInfoPart::HasPreviousPage,
                        "startCursor" => PageInfoPart::StartCursor,
                        "endCursor" => PageInfoPart::EndCursor,
                        _ => PageInfoPart::TypeName,
                    };
                    let parts = below.iter().map(part).collect();
                    Part::PageInfo { heads: heads(&below), parts }
                }
                "totalCount" => Part::TotalCount,
                _ => Part::TypeName,
            });
        }
        let cursor = parts.iter().any(Part::has_cursors).then(|| (columns.place(0, SORTED_BY), columns.place(0, "id")));
        Self { def, columns, cursor, heads: heads(&groups), parts, nodes }
    }

    pub fn wants_rows(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::TypeName | Part::TotalCount))
    }

    /// Whether the answer says if rows follow the page.
    pub fn wants_more(&self) -> bool {
        let shows = |part: &PageInfoPart| matches!(part, PageInfoPart::HasNextPage | PageInfoPart::HasPreviousPage);
        self.parts.iter().any(|part| matches!(part, Part::PageInfo { parts, .. } if parts.iter().any(shows)))
    }

    pub fn wants_count(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::TotalCount))
    }
}
