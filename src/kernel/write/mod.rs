//! Writing, as small as reading: an input declares its fields with their bounds (`input.rs`, `field.rs`), a row is locked
//! (`stored.rs`), and a draft writes what differs together with the event (`draft.rs`). State machines are declared with
//! their values (`states.rs`). The audit trail and the audit columns are written by the database.
//!
//! ```ignore
//! let scope = ctx.permitted(Permission::ClinicManage)?;
//! let input = input.valid()?;
//! let closure = ClinicClosure::lock(scope, input.closure_id, input.expected_version).await?;
//! input.apply(closure.edit()).update(scope, ClinicClosureEventKind::Changed).await?;
//! ```

mod draft;
mod field;
mod input;
mod statement;
mod states;
mod stored;

pub use draft::{Announce, Assign, Draft, NoEvent};
pub use field::{Clearable, ExpectedVersion, Field, Int, Items, Patch, Text, read_scalar, scalar_field};
pub use input::{Input, InputFields, argument, read_field, refusal};
pub use states::{HasState, State, refused_transition};
pub use stored::Stored;
