//! What an attacker tries who got further than they should: into the database with the login of one class, or at the API
//! as each kind of person. Each test first reproduces something that was once found, then tries what is next to it.

mod broken_databases;
mod logins;
mod roles;
mod ticket_numbers;
mod trail;
