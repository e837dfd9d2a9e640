//! No row leads into another clinic: the foreign keys between tables of clinics, as the catalogue has them.

use clinigraph::kernel::{Actor, db::Access};
use serde::Deserialize;

use super::world::{World, change, is_denied};
use crate::{cases::table, harness::sql::run};

/// A foreign key between two tables of clinics.
#[derive(Deserialize)]
struct ForeignKey {
    name: String,
    table: String,
    column: String,
    is_required: bool,
    to: String,
    to_column: String,
}

const KEYS: &str = "
select jsonb_build_object('name', k.conname, 'table', k.conrelid::regclass, 'column', a.attname, 'is_required', a.attnotnull,
                          'to', k.confrelid::regclass, 'to_column', b.attname)::text as value
from pg_constraint k
cross join unnest(k.conkey, k.confkey) as pair (ours, theirs)
join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.ours
join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.theirs
where k.contype = 'f' and k.conparentid = 0 and k.confrelid <> 'clinics'::regclass and a.attname <> 'clinic_id'
  and exists (select from pg_attribute c where c.attrelid = k.conrelid and c.attname = 'clinic_id')
  and exists (select from pg_attribute c where c.attrelid = k.confrelid and c.attname = 'clinic_id')
order by k.conname";

#[tokio::test]
async fn no_row_leads_into_another_clinic_whoever_writes_it() {
    let world = World::new().await;
    let keys: Vec<ForeignKey> =
        world.superuser(KEYS).await.iter().map(|key| serde_json::from_str(key).unwrap()).collect();

    assert!(keys.iter().any(|key| key.name == "ticket_messages_ticket_id_fkey"), "the catalogue was read");
    for (side, other) in world.sides() {
        for key in &keys {
            let theirs = format!(
                "select quote_literal({}) as value from {} where clinic_id = '{}' limit 1",
                key.to_column, key.to, other.clinic
            );
            let theirs = world.superuser(&theirs).await.remove(0);
            let mut statements =
                vec![format!("update {} set {} = {theirs} where clinic_id = '{}'", key.table, key.column, side.clinic)];
            if key.is_required {
                let row = side.bind_with_entities_of(table(&key.table).insert, other);
                statements.push(format!("insert into {} {row}", key.table));
            }
            let refused = format!("violates foreign key constraint \"{}\"", key.name);
            for statement in statements {
                let refusal = run(&world.superuser, &statement).await;
                let Err(error) = refusal else {
                    panic!("{statement}: done, or no row to do it with: `fill` in tests/it/<module>/cases.rs")
                };
                let error = error.to_string();
                assert!(error.ends_with(&refused), "{statement}: {error}");
                for actor in [
                    world.scope(&side.manager, Access::Write).await,
                    world.scope(&world.administrator, Access::Write).await,
                    world.app.database.scope(Actor::System, Access::Write, None),
                ] {
                    let result = change(actor, &statement).await;
                    let is_refused = result.as_ref().is_err_and(|error| error.to_string().ends_with(&refused));
                    assert!(is_refused || is_denied(&result), "{statement}: {result:?}");
                }
            }
        }
    }
}
