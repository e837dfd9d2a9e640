//! Prints `src/schema.rs` from the catalogue of a migrated database, as the Diesel CLI would with `with_docs`, so that
//! nobody needs the CLI. Two things differ: lists hold no nulls, as ours do not, and a column of a type that diesel
//! does not know is left out, since only SQL uses it.

use std::fmt::Write;

use diesel_async::AsyncPgConnection;
use serde::Deserialize;

use crate::harness::sql::texts;

#[derive(Deserialize)]
struct Table {
    name: String,
    comment: String,
    key: Vec<String>,
    columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    ty: String,
    not_null: bool,
    comment: String,
}

const TABLES: &str = "
select jsonb_build_object(
    'name', c.relname,
    'comment', coalesce(obj_description(c.oid, 'pg_class'), ''),
    'key', (select jsonb_agg(a.attname order by key.place)
            from pg_constraint k, unnest(k.conkey) with ordinality as key (attnum, place), pg_attribute a
            where k.conrelid = c.oid and k.contype = 'p' and a.attrelid = c.oid and a.attnum = key.attnum),
    'columns', (select jsonb_agg(jsonb_build_object(
                    'name', a.attname, 'not_null', a.attnotnull,
                    -- Of a domain diesel knows what it is made of.
                    'ty', (select format_type(case typtype when 'd' then typbasetype else oid end, null) from pg_type where oid = a.atttypid),
                    'comment', coalesce(col_description(c.oid, a.attnum), '')) order by a.attnum)
                from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
)::text as value
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and c.relname <> '__diesel_schema_migrations'
order by c.relname collate \"C\"";

/// Foreign keys of one column, the only one from their table to the other: those that diesel can join by.
const JOINS: &str = "
select format('diesel::joinable!(%s -> %s (%s));', k.conrelid::regclass, k.confrelid::regclass, a.attname) as value
from pg_constraint k
join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
where k.contype = 'f' and k.conparentid = 0 and cardinality(k.conkey) = 1 and k.conrelid <> k.confrelid
  and not exists (select from pg_constraint other
                  where other.contype = 'f' and other.oid <> k.oid
                    and other.conrelid = k.conrelid and other.confrelid = k.confrelid)
order by k.conrelid::regclass::text collate \"C\", k.confrelid::regclass::text collate \"C\"";

/// The tables that queries written with diesel join: those of `access/` and of `live/session_state.rs`. Allowing every pair
/// of tables would add implementations with the square of their number.
const JOINED: &str = "clinics, memberships, sessions, users";

/// What diesel calls a type; `None` when it does not know it.
fn diesel_type(postgres: &str) -> Option<String> {
    if let Some(of) = postgres.strip_suffix("[]") {
        return diesel_type(of).map(|of| format!("Array<{of}>"));
    }
    let known = match postgres {
        "bigint" => "Int8",
        "boolean" => "Bool",
        "bytea" => "Bytea",
        "character" => "Bpchar",
        "date" => "Date",
        "daterange" => "Daterange",
        "double precision" => "Float8",
        "inet" => "Inet",
        "integer" => "Int4",
        "interval" => "Interval",
        "json" => "Json",
        "jsonb" => "Jsonb",
        "numeric" => "Numeric",
        "real" => "Float4",
        "smallint" => "Int2",
        "text" => "Text",
        "time without time zone" => "Time",
        "timestamp with time zone" => "Timestamptz",
        "tstzrange" => "Tstzrange",
        "uuid" => "Uuid",
        "citext" | "tsvector" => return None,
        other => panic!("which type of diesel is {other}?"),
    };
    Some(known.to_owned())
}

fn doc(comment: &str, indent: &str, out: &mut String) {
    for line in comment.lines() {
        writeln!(out, "{indent}/// {line}").unwrap();
    }
}

pub async fn print_schema(on: &AsyncPgConnection) -> String {
    let tables: Vec<Table> =
        texts(on, TABLES).await.unwrap().iter().map(|table| serde_json::from_str(table).unwrap()).collect();
    let mut out = "//! Generated from the migrations by `make schema`; do not edit.\n\n".to_owned();
    for table in &tables {
        out.push_str("diesel::table! {\n");
        doc(&table.comment, "    ", &mut out);
        writeln!(out, "    {} ({}) {{", table.name, table.key.join(", ")).unwrap();
        for column in &table.columns {
            let Some(ty) = diesel_type(&column.ty) else { continue };
            let ty = if column.not_null { ty } else { format!("Nullable<{ty}>") };
            doc(&column.comment, "        ", &mut out);
            writeln!(out, "        {} -> {ty},", column.name).unwrap();
        }
        out.push_str("    }\n}\n\n");
    }
    for join in texts(on, JOINS).await.unwrap() {
        writeln!(out, "{join}").unwrap();
    }
    writeln!(out, "\ndiesel::allow_tables_to_appear_in_same_query!({JOINED});").unwrap();
    out
}
