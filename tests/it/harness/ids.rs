//! Ids, as the API spells them and as the database stores them.

use clinigraph::kernel::ids;
use uuid::Uuid;

/// The UUID of an id.
pub fn uuid(id: &str) -> Uuid {
    ids::split(id).unwrap().1
}

/// The id of a row of a kind.
pub fn api_id(prefix: &str, uuid: Uuid) -> String {
    format!("{prefix}_{}", std::str::from_utf8(&ids::encode(uuid)).unwrap())
}
