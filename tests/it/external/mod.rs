//! Identifiers of objects in other systems.

pub mod cases;
mod references;
