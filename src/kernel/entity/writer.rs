//! Writes the objects of a level from its rows, with what was fetched beside them.

use async_graphql::{PathSegment, Pos};

use super::{
    cell::{Json, close, quote},
    computed::{Caller, Inputs},
    objects::{Fault, Fetched, unseen, write_found},
    plan::{Plan, What},
    row::{is_null, write},
};
use crate::kernel::{Error, db::PgRow};

/// Takes the faults of what was fetched, as the objects of the plan see them.
pub(super) fn collect_faults(plan: &Plan, fetched: &mut [Fetched], faults: &mut Vec<Fault>) {
    for (slot, fetched) in plan.slots.iter().zip(fetched) {
        match (fetched, slot.what.unguarded()) {
            (Fetched::Edge(found), _) => faults.append(&mut found.faults),
            (Fetched::Below(below), What::Part { key, plan, .. } | What::Joined { key, plan, .. }) => {
                let before = faults.len();
                collect_faults(plan, below, faults);
                under(key, &mut faults[before..]);
            }
            _ => {}
        }
    }
}

/// Faults of an object, as seen from the object that has it under this key.
fn under(key: &str, faults: &mut [Fault]) {
    for fault in faults {
        fault.path.push(PathSegment::Field(key.to_owned()));
    }
}

/// Writes the objects of a level, one after the other.
pub(super) struct Writer<'w> {
    pub caller: Caller<'w>,
    pub out: Json,
    pub faults: Vec<Fault>,
}

impl Writer<'_> {
    /// Writes an object; false if it is null because a non-null field failed.
    pub fn object(&mut self, plan: &Plan, row: &PgRow, index: usize, fetched: &[Fetched]) -> bool {
        let start = self.out.len();
        let mut alive = true;
        for (place, slot) in plan.slots.iter().enumerate() {
            self.out.extend_from_slice(&slot.head);
            alive &= match &slot.what {
                What::Column { at, column } => {
                    write(row, *at, &mut self.out, column.write);
                    true
                }
                What::TypeName => {
                    quote(plan.def.type_name.as_bytes(), &mut self.out);
                    true
                }
                what => self.value(what, row, index, fetched.get(place)),
            };
        }
        close(&mut self.out, start);
        alive
    }

    /// Writes the value of a field; false if the object is null because of it.
    fn value(&mut self, what: &What, row: &PgRow, index: usize, fetched: Option<&Fetched>) -> bool {
        match what {
            What::Column { at, column } => write(row, *at, &mut self.out, column.write),
            What::Objects { at, selected } => {
                write(row, *at, &mut self.out, |bytes, out| selected.write_column(bytes, out));
            }
            What::Computed { key, pos, at, computed } => {
                if let Err(error) = (computed.write)(&self.caller, &mut Inputs::new(row, at), &mut self.out) {
                    self.fail(index, key, *pos, Error::internal(error.to_string()));
                    return false;
                }
            }
            What::Guarded { permission, key, pos, what } => match self.caller.require(*permission) {
                Ok(()) => return self.value(what, row, index, fetched),
                Err(refused) => {
                    self.fail(index, key, *pos, refused);
                    self.null();
                }
            },
            What::Part { present: Some(present), .. } if is_null(row, *present) => self.null(),
            What::Part { key, plan, .. } => return self.below(key, plan, row, index, fetched),
            What::Joined { key, pos, present, nullable, plan } => {
                let start = self.out.len();
                let there = !is_null(row, *present);
                if there && self.below(key, plan, row, index, fetched) {
                    return true;
                }
                if *nullable {
                    self.out.truncate(start);
                    self.null();
                    return true;
                }
                if !there {
                    self.faults.push(unseen(index, key, *pos));
                }
                return false;
            }
            What::Edge { .. } | What::Reference { .. } => match fetched {
                Some(Fetched::Edge(found)) => return write_found(found, index, &mut self.out),
                _ => return false,
            },
            What::TypeName | What::Unknown => self.null(),
        }
        true
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn fail(&mut self, at: usize, key: &str, pos: Pos, error: Error) {
        let error = async_graphql::Error::from(error).into_server_error(pos);
        self.faults.push(Fault { at, path: vec![PathSegment::Field(key.to_owned())], error });
    }

    /// Writes an object under a key of another.
    fn below(&mut self, key: &str, plan: &Plan, row: &PgRow, index: usize, fetched: Option<&Fetched>) -> bool {
        let before = self.faults.len();
        let fetched = match fetched {
            Some(Fetched::Below(below)) => below.as_slice(),
            _ => &[],
        };
        let alive = self.object(plan, row, index, fetched);
        under(key, &mut self.faults[before..]);
        alive
    }
}
