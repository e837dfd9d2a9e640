//! Prints `migrations/comments.sql`: the comments of tables and columns that are entities and fields of the API, in the
//! words of their declarations, so that each is described in one place.

use std::{collections::BTreeMap, fmt::Write};

use clinigraph::{
    graphql::entities,
    kernel::entity::{Def, EdgeKind},
};

const HEAD: &str = "\
-- Generated from the declarations of the entities by `make schema`; do not edit.
--
-- Applied after the migrations, with each start: only what differs is written. What no entity shows is described in the
-- migrations.
do $$
declare
    described record;
begin
    -- Two servers that start at once would write the same rows of the catalogue.
    perform pg_advisory_xact_lock(hashtext('clinigraph comments'));
    for described in
        select of_table, of_column, text
        from (values
";

const TAIL: &str = "
        ) as entities (of_table, of_column, text)
        left join pg_attribute on attrelid = of_table::regclass and attname = of_column
        where text is distinct from
            case when of_column is null then obj_description(of_table::regclass, 'pg_class')
                 else col_description(of_table::regclass, attnum) end
    loop
        execute case when described.of_column is null
            then format('comment on table %I is %L', described.of_table, described.text)
            else format('comment on column %I.%I is %L', described.of_table, described.of_column, described.text) end;
    end loop;
end
$$;
";

pub fn print_comments() -> String {
    let mut comments = BTreeMap::new();
    for def in entities() {
        comments.insert((def.table, ""), def.description);
        columns(def, def, &mut comments);
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut rows = Vec::new();
    for ((table, column), text) in comments {
        let column = if column.is_empty() { "null".to_owned() } else { quoted(column) };
        // A description may go over several lines of a declaration.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        rows.push(format!("            ({}, {column}, {})", quoted(table), quoted(&text)));
    }
    let mut out = HEAD.to_owned();
    write!(out, "{}", rows.join(",\n")).unwrap();
    out + TAIL
}

/// Adds the columns of a declaration, and of what is an object over the same row.
fn columns(def: &Def, of: &Def, comments: &mut BTreeMap<(&'static str, &'static str), &'static str>) {
    let is_plain =
        |sql: &str| sql.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
    for column in def.columns.iter().filter(|column| is_plain(column.sql)) {
        comments.entry((of.table, column.sql)).or_insert(column.description);
    }
    for edge in &def.edges {
        match edge.kind {
            // The clinic of a row is described with the others of its kind (`private.common_table`).
            EdgeKind::One { column, .. } if Some(column) != of.tenant => {
                comments.entry((of.table, column)).or_insert(edge.description);
            }
            EdgeKind::Part { present } => {
                // An amount of money is described with the group, and its type says the same of all amounts.
                if let Some(amount) = present {
                    comments.entry((of.table, amount)).or_insert(edge.description);
                }
                columns((edge.to)(), of, comments);
            }
            _ => {}
        }
    }
}
