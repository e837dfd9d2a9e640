//! Who uses the API, and as what: users, their memberships in clinics, their sessions and passwords.
//!
//! Other modules use [`User`] and [`Membership`] as edges, [`user_id`] for the caller, [`standing`] for what is done later for a user, and [`Viewer`] in payloads that change
//! what the caller sees of themselves. The pipeline asks [`Sessions`] for the owner of a token, and the server asks
//! [`Presence`] when sockets must be closed because their sessions have ended.

mod acting_clinic;
mod attempts;
pub mod demo;
mod graph;
mod hashing_queue;
mod membership;
mod password;
mod presence;
mod rates;
mod session;
mod sign_in;
mod standing;
mod user;
mod viewer;

pub use attempts::Attempts;
pub use graph::{AccessMutation, AccessQuery};
pub use membership::{Membership, MembershipStatus, MembershipsOldestFirst};
pub use password::{LONGEST as LONGEST_PASSWORD, Passwords};
pub use presence::Presence;
pub use rates::RATES;
pub use session::{Sessions, token_hash, user_id};
pub use standing::standing;
pub use user::{User, UserStatus};
pub use viewer::Viewer;
