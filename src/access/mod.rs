//! Who comes in, and as what: users, their memberships in clinics, sessions. Other rooms use [`User`] as an edge;
//! the pipeline asks [`Sessions`] who a token belongs to, and [`Presence`] when those on sockets have to go.

pub mod demo;
mod membership;
mod password;
mod presence;
mod session;
mod user;
mod viewer;

pub use membership::{Membership, MembershipStatus, MembershipsOldestFirst};
pub use password::{LONGEST as LONGEST_PASSWORD, Passwords};
pub use presence::Presence;
pub use session::{AccessMutation, Sessions, token_hash, user_id};
pub use user::{User, UserStatus};
pub use viewer::{Viewer, ViewerQuery};
