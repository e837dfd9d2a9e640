//! What each module gives to the tests that hold for every table and operation: the constant `CASES` in the `cases.rs` of
//! its folder. A test that lacks a row says what is missing and where it goes.

use std::{collections::BTreeSet, fmt::Display, pin::Pin};

use clinigraph::notification::NotificationKind;

use crate::{
    access, audit,
    clinic::{self, TestClinic},
    export, external, file,
    harness::{Person, TestApp},
    integration, jobs, kernel, live, notification, provider, support, webhook,
};

/// The rows of one module. They are tried in their order.
pub struct Cases {
    pub tables: &'static [Table],
    pub rights: &'static [Rights],
    pub budgets: &'static [Budget],
    pub enums: &'static [Enum],
}

/// What holds for a table. Conditions and rows are SQL, in which `$clinic` is the clinic, `$user` its manager,
/// `$stranger` the manager of another clinic, and `$ticket` a ticket of the clinic, as any other kind of entity by its prefix.
pub struct Table {
    pub name: &'static str,
    /// What each class of actor may do: s(elect), i(nsert), u(pdate), d(elete); in brackets where it is not all columns.
    /// The policies decide to which rows.
    pub grants: &'static str,
    /// Which rows belong to the clinic.
    pub of_clinic: &'static str,
    /// Which rows a person of the clinic reads; `None` if the table is closed to them.
    pub tenant: Option<&'static str>,
    /// Which rows an administrator reads; `$user` is the administrator.
    pub admin: Option<&'static str>,
    /// A new row of the clinic.
    pub insert: &'static str,
}

/// Condition of tables with the clinic in a column.
pub const OF_CLINIC: &str = "clinic_id = $clinic";
/// Condition of tables about users.
pub const OF_ITS_PEOPLE: &str = "user_id in (select user_id from memberships where clinic_id = $clinic)";
/// Every row.
pub const ALL: Option<&str> = Some("true");

/// A field of a root type, with ids of a clinic as variables: `$clinic`, `$ticket` and so on by the prefix of the id, `$slug`,
/// and `$any` with ids of every kind; a subscription has `$after` too.
pub struct Rights {
    /// `Query.ticket`, for example.
    pub field: &'static str,
    pub document: &'static str,
    /// The code, or `-`, that is returned to: nobody; the manager of another clinic; a patient of the clinic itself, who may
    /// do next to nothing; its auditor, who may only read.
    pub codes: [&'static str; 4],
}

pub const fn rights(field: &'static str, document: &'static str, codes: [&'static str; 4]) -> Rights {
    Rights { field, document, codes }
}

/// Everybody who is signed in; others find nothing of the clinic.
pub const OPEN: [&str; 4] = ["UNAUTHENTICATED", "-", "-", "-"];
/// Needs a permission to read.
pub const READS: [&str; 4] = ["UNAUTHENTICATED", "-", "FORBIDDEN", "-"];
/// Needs a permission to write.
pub const WRITES: [&str; 4] = ["UNAUTHENTICATED", "NOT_FOUND", "FORBIDDEN", "FORBIDDEN"];
/// For administrators of the platform.
pub const ADMINISTERS: [&str; 4] = ["UNAUTHENTICATED", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"];
/// For one person.
pub const NOT_THEIRS: [&str; 4] = ["UNAUTHENTICATED", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"];

#[derive(Clone, Copy, PartialEq)]
pub enum Who {
    Manager,
    Administrator,
}

/// An operation and the number of its statements. Where several stand for one field they differ in what is selected.
/// Variables are ids of the demo data, as in [`Rights`]; `$administrator` is the caller, and the ticket, its message and
/// the notification of the administrator are new.
pub struct Budget {
    /// `Query.ticket`, for example.
    pub field: &'static str,
    pub who: Who,
    pub document: &'static str,
    pub statements: u64,
}

pub const fn manager(field: &'static str, document: &'static str, statements: u64) -> Budget {
    Budget { field, who: Who::Manager, document, statements }
}

pub const fn administrator(field: &'static str, document: &'static str, statements: u64) -> Budget {
    Budget { field, who: Who::Administrator, document, statements }
}

/// The check constraint that holds a text to the values of an enum, and the values.
pub struct Enum {
    pub constraint: &'static str,
    pub values: &'static [&'static str],
}

const MODULES: [&Cases; 14] = [
    &clinic::cases::CASES,
    &provider::cases::CASES,
    &support::cases::CASES,
    &file::cases::CASES,
    &notification::cases::CASES,
    &audit::cases::CASES,
    &access::cases::CASES,
    &live::cases::CASES,
    &kernel::cases::CASES,
    &jobs::cases::CASES,
    &export::cases::CASES,
    &external::cases::CASES,
    &webhook::cases::CASES,
    &integration::cases::CASES,
];

/// What makes the server send a notification of a kind, in an app with one clinic named Oak.
pub type Cause = for<'a> fn(&'a TestApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// The cause of each kind of notification.
pub fn causes() -> impl Iterator<Item = (NotificationKind, Cause)> {
    let all = [support::cases::CAUSES, export::cases::CAUSES, webhook::cases::CAUSES, integration::cases::CAUSES];
    all.into_iter().flatten().copied()
}

/// Every table, by name.
pub fn tables() -> Vec<&'static Table> {
    let mut tables: Vec<_> = MODULES.iter().flat_map(|module| module.tables).collect();
    tables.sort_by_key(|table| table.name);
    tables
}

/// The table of a name.
pub fn table(name: &str) -> &'static Table {
    tables()
        .into_iter()
        .find(|table| table.name == name)
        .unwrap_or_else(|| panic!("{}", missing("table", name, "tables")))
}

pub fn all_rights() -> impl Iterator<Item = &'static Rights> {
    MODULES.iter().flat_map(|module| module.rights)
}

pub fn budgets() -> impl Iterator<Item = &'static Budget> {
    MODULES.iter().flat_map(|module| module.budgets)
}

pub fn enums() -> impl Iterator<Item = &'static Enum> {
    MODULES.iter().flat_map(|module| module.enums)
}

/// A clinic that is given rows, so that the isolation tests find something in every table and at the end of every edge.
pub struct Filling<'a> {
    pub clinic: TestClinic<'a>,
    /// Stands in every text that other clinics must not read.
    pub name: &'a str,
    pub manager: Person,
    pub administrator: &'a Person,
}

impl Filling<'_> {
    /// A text that other clinics must not read.
    pub fn secret(&self) -> String {
        format!("{} secret", self.name)
    }

    /// Executes statements as superuser, in which `$clinic`, `$user` (its manager), `$administrator`, `$secret` and `$name`
    /// have their values.
    pub async fn execute(&self, statements: &str) {
        let statements = bind(statements, |name| match name {
            "clinic" => format!("'{}'::uuid", self.clinic.id),
            "user" => format!("'{}'::uuid", self.manager.user_id),
            "administrator" => format!("'{}'::uuid", self.administrator.user_id),
            "secret" => format!("'{}'", self.secret()),
            "name" => format!("'{}'", self.name.to_lowercase()),
            other => panic!("${other} has no value"),
        });
        self.clinic.app.execute(&statements).await;
    }
}

/// Gives a clinic rows in every table and something at the end of every edge.
pub async fn fill(filling: &Filling<'_>) {
    clinic::cases::fill(filling).await;
    provider::cases::fill(filling).await;
    access::cases::fill(filling).await;
    support::cases::fill(filling).await;
    jobs::cases::fill(filling).await;
    file::cases::fill(filling).await;
    notification::cases::fill(filling).await;
    export::cases::fill(filling).await;
    external::cases::fill(filling).await;
    webhook::cases::fill(filling).await;
    integration::cases::fill(filling).await;
}

/// A text with values in place of `$name`.
pub fn bind(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut parts = text.split('$');
    let mut bound = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(part.len());
        bound.push_str(&value(&part[..end]));
        bound.push_str(&part[end..]);
    }
    bound
}

fn missing(what: &str, name: impl Display, list: &str) -> String {
    format!("the {what} {name} has no row: add one to `{list}` in tests/it/<module>/cases.rs")
}

/// Fails with the names that a list of rows lacks, and with those that are in it and nowhere else.
pub fn assert_complete<T: Display + Ord>(
    what: &str,
    list: &str,
    there: impl IntoIterator<Item = T>,
    rows: impl IntoIterator<Item = T>,
) {
    let (there, rows): (BTreeSet<T>, BTreeSet<T>) = (there.into_iter().collect(), rows.into_iter().collect());
    let lacking = there.difference(&rows).map(|name| missing(what, name, list));
    let superfluous =
        rows.difference(&there).map(|name| format!("there is no {what} {name}: remove its row from `{list}`"));
    let problems: Vec<String> = lacking.chain(superfluous).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
