//! Connections: `edges`, `nodes`, `pageInfo` and `totalCount` over the rows of a page, for one list or for the lists
//! of many parents in one statement.

use uuid::Uuid;

use super::{
    cell::{Json, close, quote},
    objects::{DEAD, Fault, Objects, by_parent, span, write_list},
    plan::{Connection, EdgePart, PageInfoPart, Part},
    read::Reader,
    row::{int, uuid, with_bytes},
    select::Rows,
};
use crate::kernel::{
    Result,
    db::PgRow,
    page::{PageSpec, write_cursor},
};

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

    /// Writes the connection; false if it is null because a node of it is.
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
            // Of the side that was not read, all that is known comes from a cursor: its row is there.
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

impl Reader<'_> {
    /// A connection for each parent, or one of all rows.
    pub async fn connections(
        self,
        connection: &Connection,
        page: &PageSpec,
        parents: Option<(&'static str, &[Uuid])>,
    ) -> Result<Objects> {
        let (def, columns) = (connection.def, &connection.columns);
        // One row more than the page shows whether others follow.
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
                let path = fault.path.into_iter().chain(selected.path((at - lists[index].0) as usize)).collect();
                out.faults.push(Fault { at: index, path, error: fault.error });
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
    row.map_or(0, |row| int(row, at))
}

/// Takes the extra row off each list, returns which had one, and reverses what was read from the end.
fn trim(rows: Vec<PgRow>, lists: &[(u32, u32)], page: &PageSpec) -> (Vec<PgRow>, Vec<(u32, u32)>, Vec<bool>) {
    let mut trimmed = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    let (lists, more) = lists
        .iter()
        .map(|(from, to)| {
            let start = trimmed.len();
            trimmed.extend(rows.by_ref().take((to - from) as usize));
            let more = trimmed.len() - start > page.limit as usize;
            trimmed.truncate(start + page.limit as usize);
            if page.backwards {
                trimmed[start..].reverse();
            }
            ((start as u32, trimmed.len() as u32), more)
        })
        .unzip();
    (trimmed, lists, more)
}
