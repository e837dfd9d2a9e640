//! A second, naive reading of the schema: every row in memory, one field after the other, as the specification says.
//! It shares nothing with reading but names.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    fmt::Write,
    sync::LazyLock,
};

use serde_json::{Map, Value, json};
use uuid::Uuid;

pub type Row = Map<String, Value>;

pub struct Item {
    /// `@include` (or `@skip`), what its condition says, and what that is.
    pub condition: Option<(bool, &'static str, bool)>,
    pub node: Node,
}

pub enum Node {
    Field(Selection),
    Inline(Option<&'static str>, Vec<Item>),
    Spread(usize),
}

pub struct Selection {
    pub alias: Option<String>,
    pub field: &'static Field,
    pub arguments: Arguments,
    pub below: Vec<Item>,
}

#[derive(Default)]
pub struct Arguments {
    pub first: Option<usize>,
    pub last: Option<usize>,
    /// The rows whose cursors are given.
    pub after: Option<String>,
    pub before: Option<String>,
    pub order: Option<Order>,
    pub filter: Option<Filter>,
    pub ids: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order {
    text: &'static str,
    column: &'static str,
    descending: bool,
}

#[derive(Clone, Copy)]
pub struct Filter {
    text: &'static str,
    test: fn(&Row) -> bool,
}

pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
}

pub enum Kind {
    TypeName,
    Id,
    Plain(&'static str),
    Enum(&'static str),
    Time(&'static str),
    Derived(fn(&Row, &Actor) -> Value),
    /// This row's column has the other's id.
    One {
        to: &'static str,
        column: &'static str,
    },
    /// Rows whose column has this row's id; all rows without a column. The first order is the usual one.
    Page {
        to: &'static str,
        by: Option<&'static str>,
        orders: &'static [Order],
        filters: &'static [Filter],
    },
    ById {
        to: &'static str,
        needed: bool,
    },
    Node,
    Nodes,
    Viewer,
    /// Of connections and their parts.
    Part(&'static str),
}

impl Field {
    /// The type of what is selected below.
    pub fn below(&self) -> Option<&'static str> {
        match self.kind {
            Kind::One { to, .. } | Kind::ById { to, .. } => Some(to),
            Kind::Page { to, .. } => Some(of_list(to).0),
            Kind::Node | Kind::Nodes => Some("Node"),
            Kind::Viewer => Some("Viewer"),
            Kind::Part(below) if !below.is_empty() => Some(below),
            _ => None,
        }
    }
}

/// The names of a list's types: connection and edge.
fn of_list(to: &str) -> (&'static str, &'static str) {
    match to {
        "Ticket" => ("TicketConnection", "TicketEdge"),
        "TicketMessage" => ("TicketMessageConnection", "TicketMessageEdge"),
        "Membership" => ("MembershipConnection", "MembershipEdge"),
        _ => ("ClinicConnection", "ClinicEdge"),
    }
}

macro_rules! both_ways {
    ($($field:literal $column:literal),+) => {
        &[$(
            Order { text: concat!("{ field: ", $field, ", direction: DESC }"), column: $column, descending: true },
            Order { text: concat!("{ field: ", $field, ", direction: ASC }"), column: $column, descending: false }
        ),+]
    };
}

const OF_TICKETS: &[Order] =
    both_ways!("UPDATED_AT" "updated_at", "CREATED_AT" "created_at", "PRIORITY" "priority_rank");
const OF_CLINICS: &[Order] = &[
    Order { text: "{ field: NAME, direction: ASC }", column: "name", descending: false },
    Order { text: "{ field: NAME, direction: DESC }", column: "name", descending: true },
    Order { text: "{ field: CREATED_AT, direction: ASC }", column: "created_at", descending: false },
    Order { text: "{ field: CREATED_AT, direction: DESC }", column: "created_at", descending: true },
];
const OF_MESSAGES: &[Order] = &[Order { text: "", column: "created_at", descending: true }];
const OF_MEMBERSHIPS: &[Order] = &[Order { text: "", column: "created_at", descending: false }];
const TICKETS: &[Filter] = &[
    Filter { text: "{ status: [OPEN, CLOSED] }", test: |row| row["status"] == "open" || row["status"] == "closed" },
    Filter { text: "{ priority: [HIGH] }", test: |row| row["priority"] == "high" },
    Filter { text: "{ assigned: true }", test: |row| !row["assignee_id"].is_null() },
    Filter {
        text: "{ assigned: false, status: [OPEN, WAITING] }",
        test: |row| row["assignee_id"].is_null() && (row["status"] == "open" || row["status"] == "waiting"),
    },
    Filter { text: "{ text: \"print\" }", test: |row| row["title"].as_str().unwrap().to_lowercase().contains("print") },
    Filter { text: "{ status: [] }", test: |_| false },
    Filter { text: "{ }", test: |_| true },
];
const CLINICS: &[Filter] = &[
    Filter { text: "{ city: \"Nairobi\" }", test: |row| row["city"] == "Nairobi" },
    Filter { text: "{ status: [ACTIVE] }", test: |row| row["status"] == "active" },
];

static SCHEMA: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    use Kind::{ById, Derived, Enum, Id, Node, Nodes, One, Page, Part, Plain, Time, TypeName, Viewer};
    let of = |fields: Vec<(&'static str, Kind)>| {
        let typename = ("__typename", TypeName);
        fields.into_iter().chain([typename]).map(|(name, kind)| Field { name, kind }).collect::<Vec<_>>()
    };
    let tickets = |by| Page { to: "Ticket", by, orders: OF_TICKETS, filters: TICKETS };
    let mut all = HashMap::from([
        (
            "Query",
            of(vec![
                ("tickets", tickets(None)),
                ("clinics", Page { to: "Clinic", by: None, orders: OF_CLINICS, filters: CLINICS }),
                ("ticket", ById { to: "Ticket", needed: true }),
                ("clinic", ById { to: "Clinic", needed: false }),
                ("node", Node),
                ("nodes", Nodes),
                ("viewer", Viewer),
            ]),
        ),
        (
            "Viewer",
            of(vec![
                ("user", One { to: "User", column: "user" }),
                ("actingClinic", One { to: "Clinic", column: "clinic" }),
                ("role", Plain("role")),
                ("permissions", Plain("permissions")),
            ]),
        ),
        (
            "Clinic",
            of(vec![
                ("id", Id),
                ("name", Plain("name")),
                ("slug", Plain("slug")),
                ("description", Plain("description")),
                ("city", Plain("city")),
                ("timezone", Plain("timezone")),
                ("status", Enum("status")),
                ("settings", Plain("settings")),
                ("createdAt", Time("created_at")),
                ("formattedAddress", Derived(formatted_address)),
                ("network", One { to: "ClinicNetwork", column: "network_id" }),
                ("memberships", Page { to: "Membership", by: Some("clinic_id"), orders: OF_MEMBERSHIPS, filters: &[] }),
                ("tickets", tickets(Some("clinic_id"))),
            ]),
        ),
        ("ClinicNetwork", of(vec![("id", Id), ("name", Plain("name")), ("version", Plain("version"))])),
        (
            "User",
            of(vec![
                ("id", Id),
                ("firstName", Plain("first_name")),
                ("lastName", Plain("last_name")),
                ("status", Enum("status")),
                ("isPlatformAdmin", Plain("is_platform_admin")),
                ("displayName", Derived(display_name)),
                ("email", Derived(email)),
                ("createdAt", Time("created_at")),
            ]),
        ),
        (
            "Membership",
            of(vec![
                ("id", Id),
                ("role", Enum("role")),
                ("status", Enum("status")),
                ("createdAt", Time("created_at")),
                ("clinic", One { to: "Clinic", column: "clinic_id" }),
                ("user", One { to: "User", column: "user_id" }),
                ("invitedBy", One { to: "User", column: "invited_by_user_id" }),
            ]),
        ),
        (
            "Ticket",
            of(vec![
                ("id", Id),
                ("number", Plain("number")),
                ("title", Plain("title")),
                ("description", Plain("description")),
                ("priority", Enum("priority")),
                ("status", Enum("status")),
                ("resolvedAt", Time("resolved_at")),
                ("updatedAt", Time("updated_at")),
                ("clinic", One { to: "Clinic", column: "clinic_id" }),
                ("createdBy", One { to: "User", column: "created_by_user_id" }),
                ("assignee", One { to: "User", column: "assignee_id" }),
                ("nextStatuses", Derived(next_statuses)),
                ("viewerCanReply", Derived(can_reply)),
                ("viewerCanClose", Derived(can_close)),
                ("viewerCanAddNote", Derived(|_, actor| actor.may("TICKETS_MANAGE").into())),
                ("viewerCanManage", Derived(|_, actor| actor.may("TICKETS_MANAGE").into())),
                ("messages", Page { to: "TicketMessage", by: Some("ticket_id"), orders: OF_MESSAGES, filters: &[] }),
            ]),
        ),
        (
            "TicketMessage",
            of(vec![
                ("id", Id),
                ("body", Plain("body")),
                ("isInternal", Plain("is_internal")),
                ("createdAt", Time("created_at")),
                ("ticket", One { to: "Ticket", column: "ticket_id" }),
                ("author", One { to: "User", column: "author_user_id" }),
            ]),
        ),
        (
            "PageInfo",
            of(vec![
                ("hasNextPage", Part("")),
                ("hasPreviousPage", Part("")),
                ("startCursor", Part("")),
                ("endCursor", Part("")),
            ]),
        ),
    ]);
    for to in ["Ticket", "TicketMessage", "Membership", "Clinic"] {
        let (connection, edge) = of_list(to);
        let parts =
            vec![("edges", Part(edge)), ("nodes", Part(to)), ("pageInfo", Part("PageInfo")), ("totalCount", Part(""))];
        all.insert(connection, of(parts));
        all.insert(edge, of(vec![("cursor", Part("")), ("node", Part(to))]));
    }
    all
});

pub fn fields(of: &str) -> &'static [Field] {
    &SCHEMA[of]
}

pub fn known(of: &str, name: &str) -> &'static Field {
    fields(of).iter().find(|field| field.name == name).unwrap()
}

pub fn is_node(of: &str) -> bool {
    TYPES.iter().any(|(name, ..)| *name == of)
}

fn text<'r>(row: &'r Row, column: &str) -> Option<&'r str> {
    row[column].as_str()
}

fn joined(glue: &str, parts: &[Option<&str>]) -> String {
    parts.iter().flatten().copied().collect::<Vec<_>>().join(glue)
}

fn formatted_address(row: &Row, _: &Actor) -> Value {
    let place = joined(" ", &[text(row, "region"), text(row, "postal_code")]);
    let place = (!place.is_empty()).then_some(place.as_str());
    let line = joined(", ", &[text(row, "address"), text(row, "city"), place, text(row, "country")]);
    if line.is_empty() { Value::Null } else { line.into() }
}

fn display_name(row: &Row, _: &Actor) -> Value {
    joined(" ", &[text(row, "first_name"), text(row, "last_name")]).into()
}

fn email(row: &Row, actor: &Actor) -> Value {
    let may = actor.may("MEMBERS_MANAGE") || row["id"] == actor.user;
    if !may || row["is_platform_admin"] == true && !actor.is_admin { Value::Null } else { row["email"].clone() }
}

fn next_statuses(row: &Row, actor: &Actor) -> Value {
    let next: &[&str] = match row["status"].as_str().unwrap() {
        "open" => &["IN_PROGRESS", "CLOSED"],
        "in_progress" => &["WAITING", "RESOLVED", "CLOSED"],
        "waiting" => &["IN_PROGRESS", "RESOLVED", "CLOSED"],
        "resolved" => &["IN_PROGRESS", "CLOSED"],
        _ => &[],
    };
    let permission = |to: &str| if to == "CLOSED" { "TICKETS_WRITE" } else { "TICKETS_MANAGE" };
    next.iter().filter(|to| actor.may(permission(to))).copied().collect()
}

fn can_reply(row: &Row, actor: &Actor) -> Value {
    (row["status"] != "closed" && actor.may("TICKETS_WRITE")).into()
}

fn can_close(row: &Row, actor: &Actor) -> Value {
    (row["status"] != "closed" && actor.may("TICKETS_WRITE")).into()
}

/// Types with rows: table, prefix of ids, permission.
const TYPES: [(&str, &str, &str, Option<&str>); 6] = [
    ("Clinic", "clinics", "clinic", None),
    ("ClinicNetwork", "clinic_networks", "network", None),
    ("User", "users", "user", None),
    ("Membership", "memberships", "membership", Some("MEMBERS_READ")),
    ("Ticket", "support_tickets", "ticket", Some("TICKETS_READ")),
    ("TicketMessage", "ticket_messages", "ticket_message", Some("TICKETS_READ")),
];

/// Who asks.
pub struct Actor {
    pub is_admin: bool,
    pub user: String,
    pub clinic: Value,
    pub role: Value,
    pub permissions: Vec<&'static str>,
}

impl Actor {
    fn may(&self, permission: &str) -> bool {
        self.permissions.contains(&permission)
    }
}

/// Everything there is.
pub struct World {
    rows: HashMap<&'static str, Vec<Row>>,
    /// The cursor of each row of a list, by the list's type, the order and the row.
    cursors: HashMap<(&'static str, &'static str, bool), BTreeMap<String, String>>,
    listed: HashMap<&'static str, Vec<String>>,
    ids: HashMap<&'static str, Vec<String>>,
    all_ids: Vec<String>,
}

impl World {
    /// Reads all rows; cursors are opaque, so they come from the lists themselves, as an administrator sees them.
    pub async fn read(app: &crate::harness::TestApp, administrator: &crate::harness::Person) -> Self {
        let (mut rows, mut ids) = (HashMap::new(), HashMap::new());
        for (of, table, prefix, _) in TYPES {
            let found = app.rows(&format!("select * from {table} order by id")).await;
            let found: Vec<Row> = found.into_iter().map(|row| row.as_object().unwrap().clone()).collect();
            let mut known: Vec<_> = found.iter().map(|row| spelled(of, &row["id"])).collect();
            known.push(format!("{prefix}_01jd3v0000000000000000000a"));
            ids.insert(of, known);
            rows.insert(of, found);
        }
        let mut cursors: HashMap<_, BTreeMap<String, String>> = HashMap::new();
        for (of, path, before, after, orders) in [
            ("Ticket", "/tickets/edges", "tickets(first: 100, order: ORDER)", "", OF_TICKETS),
            ("Clinic", "/clinics/edges", "clinics(first: 100, order: ORDER)", "", OF_CLINICS),
            ("Membership", "/memberships/edges", "clinics { nodes { memberships(first: 100)", "} }", OF_MEMBERSHIPS),
            (
                "TicketMessage",
                "/messages/edges",
                "tickets(first: 100) { nodes { messages(first: 100)",
                "} }",
                OF_MESSAGES,
            ),
        ] {
            for order in orders {
                let before = before.replace("ORDER", order.text);
                let seen = administrator
                    .ask(&format!("{{ {before} {{ edges {{ cursor node {{ id }} }} }} {after} }}"), json!({}))
                    .await;
                let nested = seen.pointer("/clinics/nodes").or_else(|| seen.pointer("/tickets/nodes"));
                let lists = nested.map_or_else(|| vec![seen.clone()], |nodes| nodes.as_array().unwrap().clone());
                for edge in lists.iter().flat_map(|list| list.pointer(path).unwrap().as_array().unwrap()) {
                    let (id, cursor) = (edge["node"]["id"].as_str().unwrap(), edge["cursor"].as_str().unwrap());
                    cursors
                        .entry((of, order.column, order.descending))
                        .or_default()
                        .insert(id.to_owned(), cursor.to_owned());
                }
            }
        }
        let listed = cursors.iter().map(|((of, ..), rows)| (*of, rows.keys().cloned().collect())).collect();
        let all_ids = ids.values().flatten().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        Self { rows, cursors, listed, ids, all_ids }
    }

    /// Rows that lists show.
    pub fn listed(&self, of: &str) -> &[String] {
        &self.listed[of]
    }

    pub fn ids(&self, of: &str) -> &[String] {
        &self.ids[of]
    }

    pub fn all_ids(&self) -> &[String] {
        &self.all_ids
    }

    fn cursor(&self, of: &'static str, order: Order, id: &str) -> &str {
        &self.cursors[&(of, order.column, order.descending)][id]
    }

    fn row(&self, of: &str, id: &Value) -> Option<&Row> {
        self.rows[of].iter().find(|row| row["id"] == *id)
    }

    fn may_see(&self, actor: &Actor, of: &str, row: &Row) -> bool {
        if actor.is_admin {
            return true;
        }
        match of {
            "Clinic" => row["id"] == actor.clinic,
            "ClinicNetwork" => {
                self.row("Clinic", &actor.clinic).is_some_and(|clinic| clinic["network_id"] == row["id"])
            }
            "User" => {
                let belongs = |one: &Row| one["clinic_id"] == actor.clinic && one["user_id"] == row["id"];
                row["is_platform_admin"] == true
                    || row["id"] == actor.user
                    || self.rows["Membership"].iter().any(belongs)
            }
            "TicketMessage" => row["clinic_id"] == actor.clinic && row["is_internal"] == false,
            _ => row["clinic_id"] == actor.clinic,
        }
    }

    /// The row that an id of the API means, if it lives and may be seen.
    fn by_id(&self, actor: &Actor, id: &str) -> Option<(&'static str, &Row)> {
        let (of, ..) = TYPES.into_iter().find(|(.., prefix, _)| id.rsplit_once('_').unwrap().0 == *prefix)?;
        let row = self.rows[of].iter().find(|row| spelled(of, &row["id"]) == id)?;
        (is_live(row) && self.may_see(actor, of, row)).then_some((of, row))
    }
}

fn is_live(row: &Row) -> bool {
    row.get("deleted_at").is_none_or(Value::is_null)
}

fn spelled(of: &str, id: &Value) -> String {
    let (.., prefix, _) = TYPES.into_iter().find(|(name, ..)| *name == of).unwrap();
    let uuid: Uuid = id.as_str().unwrap().parse().unwrap();
    format!("{prefix}_{}", std::str::from_utf8(&clinigraph::kernel::ids::encode(uuid)).unwrap())
}

fn instant(value: &Value) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap().to_utc()
}

impl Order {
    fn compare(self, one: &Row, other: &Row) -> Ordering {
        let (left, right) = (&one[self.column], &other[self.column]);
        let by_column = match self.column {
            "name" => left.as_str().cmp(&right.as_str()),
            "priority_rank" => left.as_i64().cmp(&right.as_i64()),
            _ => instant(left).cmp(&instant(right)),
        };
        let order = by_column.then_with(|| one["id"].as_str().cmp(&other["id"].as_str()));
        if self.descending { order.reverse() } else { order }
    }
}

impl Arguments {
    pub fn is_empty(&self) -> bool {
        let Self { first, last, after, before, order, filter, ids } = self;
        first.or(*last).is_none()
            && after.is_none()
            && before.is_none()
            && order.is_none()
            && filter.is_none()
            && ids.is_empty()
    }

    pub fn text(&self, field: &Field, world: &World) -> String {
        let mut all = Vec::new();
        if let Kind::Page { to, orders, .. } = field.kind {
            let order = self.order.unwrap_or(orders[0]);
            let cursor = |id: &String| format!("{:?}", world.cursor(to, order, id));
            all.extend(self.first.map(|count| format!("first: {count}")));
            all.extend(self.after.as_ref().map(|id| format!("after: {}", cursor(id))));
            all.extend(self.last.map(|count| format!("last: {count}")));
            all.extend(self.before.as_ref().map(|id| format!("before: {}", cursor(id))));
            all.extend(self.order.map(|order| format!("order: {}", order.text)));
            all.extend(self.filter.map(|filter| format!("filter: {}", filter.text)));
        }
        match field.kind {
            Kind::Nodes => all.push(format!("ids: {:?}", self.ids)),
            _ => all.extend(self.ids.iter().map(|id| format!("id: {id:?}"))),
        }
        if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
    }
}

/// A page of a list.
struct Page<'w> {
    to: &'static str,
    order: Order,
    rows: Vec<&'w Row>,
    total: usize,
    has_next: bool,
    has_previous: bool,
}

/// What a selection is evaluated on.
enum Thing<'t> {
    Query,
    Row(&'static str, &'t Row),
    Connection(&'t Page<'t>),
    Edge(&'t Page<'t>, &'t Row),
    PageInfo(&'t Page<'t>),
}

impl Thing<'_> {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Row(of, _) => of,
            Self::Connection(page) => of_list(page.to).0,
            Self::Edge(page, _) => of_list(page.to).1,
            Self::PageInfo(_) => "PageInfo",
        }
    }
}

pub struct Evaluation<'e> {
    pub world: &'e World,
    pub actor: &'e Actor,
    pub fragments: &'e [(&'static str, Vec<Item>)],
    /// The paths of the errors.
    pub errors: Vec<String>,
}

/// A response key with the fields that share it.
type Group<'i> = (&'i str, &'i Selection, Vec<&'i [Item]>);

impl<'e> Evaluation<'e> {
    /// The text of the answer's data.
    pub fn data(&mut self, roots: &'e [Item]) -> String {
        self.object(&Thing::Query, &[roots], &mut Vec::new())
    }

    fn collect(&self, items: &'e [Item], of: &str, into: &mut Vec<Group<'e>>) {
        for item in items {
            if item.condition.is_some_and(|(include, _, value)| include != value) {
                continue;
            }
            let (on, below) = match &item.node {
                Node::Field(selection) => {
                    let key = selection.alias.as_deref().unwrap_or(selection.field.name);
                    match into.iter_mut().find(|group| group.0 == key) {
                        Some(group) => group.2.push(&selection.below),
                        None => into.push((key, selection, vec![&selection.below])),
                    }
                    continue;
                }
                Node::Inline(on, items) => (*on, items),
                Node::Spread(at) => (Some(self.fragments[*at].0), &self.fragments[*at].1),
            };
            if on.is_none_or(|on| on == of || on == "Node" && is_node(of)) {
                self.collect(below, of, into);
            }
        }
    }

    fn object(&mut self, thing: &Thing<'_>, sets: &[&'e [Item]], path: &mut Vec<Value>) -> String {
        let mut groups = Vec::new();
        for set in sets {
            self.collect(set, thing.type_name(), &mut groups);
        }
        let mut out = String::from("{");
        for (key, selection, below) in groups {
            path.push(key.into());
            let value = self.field(thing, selection, &below, path);
            path.pop();
            write!(out, "{}{}:{value}", if out.len() > 1 { "," } else { "" }, json!(key)).unwrap();
        }
        out + "}"
    }

    fn list(&mut self, things: &[Option<Thing<'_>>], below: &[&'e [Item]], path: &mut Vec<Value>) -> String {
        let mut out = Vec::new();
        for (at, thing) in things.iter().enumerate() {
            path.push(at.into());
            out.push(thing.as_ref().map_or_else(|| "null".to_owned(), |thing| self.object(thing, below, path)));
            path.pop();
        }
        format!("[{}]", out.join(","))
    }

    fn fail(&mut self, path: &[Value]) -> String {
        self.errors.push(json!(path).to_string());
        "null".to_owned()
    }

    fn is_hidden(&self, of: &str) -> bool {
        let (.., permission) = TYPES.into_iter().find(|(name, ..)| *name == of).unwrap();
        permission.is_some_and(|permission| !self.actor.permissions.contains(&permission))
    }

    fn field(
        &mut self,
        thing: &Thing<'_>,
        selection: &'e Selection,
        below: &[&'e [Item]],
        path: &mut Vec<Value>,
    ) -> String {
        let (world, actor, arguments) = (self.world, self.actor, &selection.arguments);
        let nothing = Row::new();
        let row = if let Thing::Row(_, row) = thing { row } else { &nothing };
        match &selection.field.kind {
            Kind::TypeName => json!(thing.type_name()).to_string(),
            Kind::Id => json!(spelled(thing.type_name(), &row["id"])).to_string(),
            Kind::Plain(column) => row[*column].to_string(),
            Kind::Enum(column) => row[*column].to_string().to_uppercase(),
            Kind::Time(column) if row[*column].is_null() => "null".to_owned(),
            Kind::Time(column) => json!(instant(&row[*column]).to_rfc3339()).to_string(),
            Kind::Derived(of) => of(row, actor).to_string(),
            Kind::One { to, .. } | Kind::ById { to, .. } | Kind::Page { to, .. } if self.is_hidden(to) => {
                self.fail(path)
            }
            Kind::One { to, column } => {
                match world.row(to, &row[*column]).filter(|row| world.may_see(actor, to, row)) {
                    Some(other) => self.object(&Thing::Row(to, other), below, path),
                    None => "null".to_owned(),
                }
            }
            Kind::ById { to, .. } => {
                let found = match arguments.ids.first() {
                    Some(id) => world.by_id(actor, id),
                    None => world.row(to, &actor.clinic).map(|row| (*to, row)),
                };
                found.map_or_else(|| "null".to_owned(), |(of, row)| self.object(&Thing::Row(of, row), below, path))
            }
            Kind::Node => self.node(&arguments.ids[0], below, path),
            Kind::Nodes => {
                let mut out = Vec::new();
                for (at, id) in arguments.ids.iter().enumerate() {
                    path.push(at.into());
                    out.push(self.node(id, below, path));
                    path.pop();
                }
                format!("[{}]", out.join(","))
            }
            Kind::Viewer => {
                let (user, clinic, role, permissions) = (&actor.user, &actor.clinic, &actor.role, &actor.permissions);
                let viewer = json!({ "user": user, "clinic": clinic, "role": role, "permissions": permissions });
                self.object(&Thing::Row("Viewer", viewer.as_object().unwrap()), below, path)
            }
            Kind::Page { to, by, orders, filters: _ } => match self.page(to, *by, orders[0], row, arguments) {
                Some(page) => self.object(&Thing::Connection(&page), below, path),
                None => self.fail(path),
            },
            Kind::Part(_) => self.part(thing, selection.field.name, below, path),
        }
    }

    fn node(&mut self, id: &str, below: &[&'e [Item]], path: &mut Vec<Value>) -> String {
        let prefix = id.rsplit_once('_').unwrap().0;
        let (of, ..) = TYPES.into_iter().find(|(.., known, _)| *known == prefix).unwrap();
        if self.is_hidden(of) {
            return self.fail(path);
        }
        match self.world.by_id(self.actor, id) {
            Some((of, row)) => self.object(&Thing::Row(of, row), below, path),
            None => "null".to_owned(),
        }
    }

    fn part(&mut self, thing: &Thing<'_>, name: &str, below: &[&'e [Item]], path: &mut Vec<Value>) -> String {
        let world = self.world;
        let cursor = |page: &Page<'_>, row: Option<&&Row>| {
            row.map_or(Value::Null, |row| world.cursor(page.to, page.order, &spelled(page.to, &row["id"])).into())
        };
        match (thing, name) {
            (Thing::Connection(page), "nodes") => {
                let rows: Vec<_> = page.rows.iter().map(|row| Some(Thing::Row(page.to, row))).collect();
                self.list(&rows, below, path)
            }
            (Thing::Connection(page), "edges") => {
                let rows: Vec<_> = page.rows.iter().map(|row| Some(Thing::Edge(page, row))).collect();
                self.list(&rows, below, path)
            }
            (Thing::Connection(page), "pageInfo") => self.object(&Thing::PageInfo(page), below, path),
            (Thing::Connection(page), _) => page.total.to_string(),
            (Thing::Edge(page, row), "node") => self.object(&Thing::Row(page.to, row), below, path),
            (Thing::Edge(page, row), _) => cursor(page, Some(row)).to_string(),
            (Thing::PageInfo(page), "hasNextPage") => page.has_next.to_string(),
            (Thing::PageInfo(page), "hasPreviousPage") => page.has_previous.to_string(),
            (Thing::PageInfo(page), "startCursor") => cursor(page, page.rows.first()).to_string(),
            (Thing::PageInfo(page), _) => cursor(page, page.rows.last()).to_string(),
            _ => unreachable!("{name}"),
        }
    }

    /// The page that the arguments name; none if its size is refused.
    fn page(
        &self,
        to: &'static str,
        by: Option<&str>,
        usual: Order,
        parent: &Row,
        arguments: &Arguments,
    ) -> Option<Page<'e>> {
        let (world, actor) = (self.world, self.actor);
        let order = arguments.order.unwrap_or(usual);
        let size = arguments.first.or(arguments.last).unwrap_or(25);
        if size == 0 {
            return None;
        }
        let mut rows: Vec<&Row> = world.rows[to]
            .iter()
            .filter(|row| is_live(row) && world.may_see(actor, to, row))
            .filter(|row| by.is_none_or(|column| row[column] == parent["id"]))
            .filter(|row| arguments.filter.is_none_or(|filter| (filter.test)(row)))
            .collect();
        let total = rows.len();
        rows.sort_by(|one, other| order.compare(one, other));
        let position = |id: &String| world.rows[to].iter().find(|row| spelled(to, &row["id"]) == *id).unwrap();
        if let Some(after) = arguments.after.as_ref().map(position) {
            rows.retain(|row| order.compare(row, after) == Ordering::Greater);
        }
        if let Some(before) = arguments.before.as_ref().map(position) {
            rows.retain(|row| order.compare(row, before) == Ordering::Less);
        }
        let more = rows.len() > size;
        let (has_next, has_previous) = if arguments.last.is_some() {
            rows.drain(..rows.len().saturating_sub(size));
            (arguments.before.is_some(), more)
        } else {
            rows.truncate(size);
            (more, arguments.after.is_some())
        };
        Some(Page { to, order, rows, total, has_next, has_previous })
    }
}
