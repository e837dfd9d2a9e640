//! Connections: `edges`, `nodes`, `pageInfo` and `totalCount` over the rows of a page, for one list or for the lists
//! of many parents in one statement.

use async_graphql::{ContextSelectionSet, PathSegment};
use uuid::Uuid;

use super::{
    Def, Json,
    plan::{Columns, Plan, SORTED_BY, heads},
    quote,
    select::Rows,
    selection::Group,
    walk::{DEAD, Fault, Objects, Walk, by_parent, close, span, uuid, with_bytes, write_list},
};
use crate::kernel::{
    Result,
    db::PgRow,
    page::{PageSpec, write_cursor},
};

/// What is selected of a connection, and the columns that takes: the parent first.
pub(super) struct Connection {
    def: &'static Def,
    columns: Columns,
    /// Where the columns of a cursor stand, if one is selected: what the list is sorted by, and the id.
    cursor: Option<(usize, usize)>,
    heads: Vec<Json>,
    parts: Vec<Part>,
    /// Each place where nodes are selected, with its own selection over the same rows.
    nodes: Vec<Nodes>,
}

enum Part {
    TypeName,
    Edges { heads: Vec<Json>, parts: Vec<EdgePart> },
    Nodes(usize),
    PageInfo { heads: Vec<Json>, parts: Vec<PageInfoPart> },
    TotalCount,
}

impl Part {
    fn tells_cursors(&self) -> bool {
        match self {
            Self::Edges { parts, .. } => parts.iter().any(|part| matches!(part, EdgePart::Cursor)),
            Self::PageInfo { parts, .. } => {
                parts.iter().any(|part| matches!(part, PageInfoPart::StartCursor | PageInfoPart::EndCursor))
            }
            Self::TypeName | Self::Nodes(_) | Self::TotalCount => false,
        }
    }
}

enum EdgePart {
    TypeName,
    Cursor,
    Node(usize),
}

enum PageInfoPart {
    TypeName,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

struct Nodes {
    plan: Plan,
    /// The response keys on the way to a node, deepest first; the index stands behind the first of them in `edges`.
    node_key: Option<String>,
    list_key: String,
}

impl Nodes {
    fn way(&self, place: usize) -> impl Iterator<Item = PathSegment> + use<> {
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
        let cursor =
            parts.iter().any(Part::tells_cursors).then(|| (columns.place(0, SORTED_BY), columns.place(0, "id")));
        Self { def, columns, cursor, heads: heads(&groups), parts, nodes }
    }

    fn wants_rows(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::TypeName | Part::TotalCount))
    }

    /// Whether it is to be told if rows follow the page.
    fn wants_more(&self) -> bool {
        let tells = |part: &PageInfoPart| matches!(part, PageInfoPart::HasNextPage | PageInfoPart::HasPreviousPage);
        self.parts.iter().any(|part| matches!(part, Part::PageInfo { parts, .. } if parts.iter().any(tells)))
    }

    fn wants_count(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::TotalCount))
    }
}

/// One list of a level, and what its text is made of.
struct View<'v> {
    connection: &'v Connection,
    page: &'v PageSpec,
    nodes: &'v [Objects],
    rows: &'v [PgRow],
    from: usize,
    to: usize,
    more: bool,
    count: i32,
}

impl View<'_> {
    fn cursor(&self, row: Option<&PgRow>, out: &mut Json) {
        let (Some(row), Some((key_at, id_at))) = (row, self.connection.cursor) else {
            out.extend_from_slice(b"null");
            return;
        };
        out.push(b'"');
        with_bytes(row, key_at, |key| {
            with_bytes(row, id_at, |id| {
                write_cursor(
                    self.connection.def.type_name,
                    self.page.sort,
                    key.unwrap_or_default(),
                    id.unwrap_or_default(),
                    out,
                );
            });
        });
        out.push(b'"');
    }

    /// Writes the connection; false when it dies of a dead node.
    fn write(&self, out: &mut Json) -> bool {
        let start = out.len();
        for (part, head) in self.connection.parts.iter().zip(&self.connection.heads) {
            out.extend_from_slice(head);
            let alive = match part {
                Part::TypeName => {
                    quote(format!("{}Connection", self.connection.def.type_name).as_bytes(), out);
                    true
                }
                Part::Nodes(at) => write_list(&self.nodes[*at], self.from, self.to, out),
                Part::Edges { heads, parts } => self.write_edges(heads, parts, out),
                Part::PageInfo { heads, parts } => {
                    self.write_page_info(heads, parts, out);
                    true
                }
                Part::TotalCount => {
                    out.extend_from_slice(itoa::Buffer::new().format(self.count).as_bytes());
                    true
                }
            };
            if !alive {
                return false;
            }
        }
        close(out, start);
        true
    }

    fn write_edges(&self, heads: &[Json], parts: &[EdgePart], out: &mut Json) -> bool {
        out.push(b'[');
        for at in self.from..self.to {
            if at > self.from {
                out.push(b',');
            }
            let start = out.len();
            for (part, head) in parts.iter().zip(heads) {
                out.extend_from_slice(head);
                match part {
                    EdgePart::TypeName => quote(format!("{}Edge", self.connection.def.type_name).as_bytes(), out),
                    EdgePart::Cursor => self.cursor(self.rows.get(at), out),
                    EdgePart::Node(selection) => match self.nodes[*selection].get(at) {
                        Some(text) => out.extend_from_slice(text),
                        None => return false,
                    },
                }
            }
            close(out, start);
        }
        out.push(b']');
        true
    }

    fn write_page_info(&self, heads: &[Json], parts: &[PageInfoPart], out: &mut Json) {
        let rows = &self.rows[self.from..self.to];
        let start = out.len();
        for (part, head) in parts.iter().zip(heads) {
            out.extend_from_slice(head);
            // Of the side that was not read, a cursor says all that is known: its row lies there.
            let yes = match part {
                PageInfoPart::HasNextPage if self.page.backwards => self.page.before.is_some(),
                PageInfoPart::HasPreviousPage if !self.page.backwards => self.page.after.is_some(),
                PageInfoPart::HasNextPage | PageInfoPart::HasPreviousPage => self.more,
                PageInfoPart::StartCursor => {
                    self.cursor(rows.first(), out);
                    continue;
                }
                PageInfoPart::EndCursor => {
                    self.cursor(rows.last(), out);
                    continue;
                }
                PageInfoPart::TypeName => {
                    quote(b"PageInfo", out);
                    continue;
                }
            };
            out.extend_from_slice(if yes { b"true" } else { b"false" });
        }
        close(out, start);
    }
}

impl Walk<'_> {
    /// A connection for each parent, or one of all rows.
    pub async fn connections(
        self,
        connection: &Connection,
        page: &PageSpec,
        parents: Option<(&'static str, &[Uuid])>,
    ) -> Result<Objects> {
        let (def, columns) = (connection.def, &connection.columns);
        // One more than wanted tells whether others follow.
        let most = page.limit + u32::from(connection.wants_more());

        let listed = async {
            if !connection.wants_rows() {
                return Ok(Vec::new());
            }
            let rows = match parents {
                Some((column, parents)) => Rows::PageEach { page, column, parents, most },
                None => Rows::Page { page, most },
            };
            self.load(self.select(def, columns, rows)).await
        };
        let counted = async {
            if !connection.wants_count() {
                return Ok(Vec::new());
            }
            let rows = match parents {
                Some((column, parents)) => Rows::CountEach { page, column, parents },
                None => Rows::Count { page },
            };
            self.load(self.select(def, columns, rows)).await
        };
        let (rows, counts) = futures_util::try_join!(listed, counted)?;
        let (rows, lists) = match parents {
            Some((_, parents)) => by_parent(rows, parents),
            None => {
                let all = (0, rows.len() as u32);
                (rows, vec![all])
            }
        };
        let (rows, lists, more) = trim(rows, &lists, page);

        let mut nodes = Vec::with_capacity(connection.nodes.len());
        for selected in &connection.nodes {
            nodes.push(self.render(&selected.plan, &rows).await?);
        }
        let mut out =
            Objects::with_room(nodes.iter().map(|level| level.json.len()).sum::<usize>() + rows.len() * 96 + 128);
        for (index, (from, to)) in lists.iter().enumerate() {
            let view = View {
                connection,
                page,
                nodes: &nodes,
                rows: &rows,
                from: *from as usize,
                to: *to as usize,
                more: more[index],
                count: count(&counts, parents.map(|(_, parents)| parents[index])),
            };
            let start = out.json.len();
            let alive = view.write(&mut out.json);
            out.spans.push(if alive { span(start, out.json.len()) } else { DEAD });
        }
        for (level, selected) in nodes.into_iter().zip(&connection.nodes) {
            for fault in level.faults {
                let at = u32::try_from(fault.at).unwrap_or(u32::MAX);
                let Some(index) = lists.iter().position(|(from, to)| (*from..*to).contains(&at)) else { continue };
                let way = fault.way.into_iter().chain(selected.way((at - lists[index].0) as usize)).collect();
                out.faults.push(Fault { at: index, way, error: fault.error });
            }
        }
        Ok(out)
    }
}

fn count(counts: &[PgRow], parent: Option<Uuid>) -> i32 {
    let row = match parent {
        Some(parent) => counts.iter().find(|row| uuid(row, 0) == Some(parent)),
        None => counts.first(),
    };
    let at = usize::from(parent.is_some());
    row.map_or(0, |row| {
        with_bytes(row, at, |bytes| bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_be_bytes))
    })
}

/// Takes the row too many off each list, tells which had one, and turns round what was read from the end.
fn trim(rows: Vec<PgRow>, lists: &[(u32, u32)], page: &PageSpec) -> (Vec<PgRow>, Vec<(u32, u32)>, Vec<bool>) {
    let mut kept = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    let (lists, more) = lists
        .iter()
        .map(|(from, to)| {
            let start = kept.len();
            kept.extend(rows.by_ref().take((to - from) as usize));
            let more = kept.len() - start > page.limit as usize;
            kept.truncate(start + page.limit as usize);
            if page.backwards {
                kept[start..].reverse();
            }
            ((start as u32, kept.len() as u32), more)
        })
        .unzip();
    (kept, lists, more)
}
