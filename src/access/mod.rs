//! Who comes in, and as what: users, their memberships in clinics, sessions. Other rooms use [`User`] as an edge;
//! the pipeline asks [`Sessions`] who a token belongs to, and [`Presence`] when those on sockets have to go.

pub mod demo;
mod membership;
mod password;
mod presence;
mod rates;
mod session;
mod user;
mod viewer;

use crate::schema::{clinics, memberships, sessions, user_sign_ins, users};

// The tables that queries of this module and of `live/session_state.rs` join. Allowing every pair of
// tables would add implementations with the square of their number.
diesel::allow_tables_to_appear_in_same_query!(clinics, memberships, sessions, users);
diesel::allow_tables_to_appear_in_same_query!(user_sign_ins, users);

pub use membership::{Membership, MembershipStatus, MembershipsOldestFirst};
pub use password::{LONGEST as LONGEST_PASSWORD, Passwords};
pub use presence::Presence;
pub use rates::RATES;
pub use session::{AccessMutation, Sessions, token_hash, user_id};
pub use user::{User, UserStatus};
pub use viewer::{Viewer, ViewerQuery};
