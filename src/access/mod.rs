//! Who comes in, and as what: users, their memberships in clinics, sessions. Other rooms use [`User`] as an edge;
//! the pipeline asks [`Sessions`] who a token belongs to.

mod membership;
mod password;
mod session;
mod user;
mod viewer;

pub use membership::{Membership, MembershipStatus, MembershipsOldestFirst};
pub use password::Passwords;
pub use session::{AccessMutation, Sessions, token_hash, user_id};
pub use user::{User, UserStatus};
pub use viewer::ViewerQuery;
