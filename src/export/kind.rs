//! Kinds of exports, and what a module declares of one.

use async_graphql::InputType;

use crate::{
    entities::exporters,
    kernel::{
        Error, Permission, Result,
        entity::{Column, Condition, Entity, Extract},
        page::Sort,
    },
    text_enum,
};

text_enum! {
    /// Kind of export: the rows that are in its file.
    ExportKind {
        /// Support tickets are in the file, one in each row.
        Tickets = "tickets",
        /// Messages on support tickets are in the file, one in each row.
        TicketMessages = "ticket_messages",
        /// Entries of the audit trail are in the file, one in each row.
        AuditEvents = "audit_events",
    }
}

/// A kind of export; [`export!`](crate::export) declares it.
pub trait Exported {
    type Of: Entity;
    /// What a request says of the rows, as the API takes it. It is stored in the spelling of the API.
    type Parameters: InputType;
    const KIND: ExportKind;
    /// The permission that it takes beside `DATA_EXPORT`.
    const PERMISSION: Permission;
    /// The order of the rows, by a column that never changes, so that each row comes once while others are added.
    const ORDER: Sort;
    /// The column with the time at which a row was added.
    const TIME: &'static str;

    fn columns() -> Vec<Column>;

    fn conditions(parameters: Self::Parameters) -> Result<Vec<Condition>>;
}

/// Declares a kind of export. The text after a `=` is an SQL expression over the row; without one the column has the name of the
/// field in snake case. The rows come in the order of a column that an index serves with the clinic and without it.
///
/// ```ignore
/// export! {
///     /// Tickets, each in a row.
///     TicketExport of Ticket as Tickets, needs TicketsRead, time "created_at", order "created_at" Timestamptz;
///     parameters filter: TicketFilter = Ticket::conditions(filter);
///     columns { id: Id<Ticket>, number: i32, clinic_name: String = "(select name from clinics where id = clinic_id)" }
/// }
/// ```
#[macro_export]
macro_rules! export {
    (
        $(#[doc = $doc:literal])+
        $name:ident of $entity:ident as $kind:ident, needs $permission:ident, time $time:literal, order $order:literal $sort:ident;
        parameters $parameters:ident : $type:ty = $conditions:expr;
        columns { $($column:ident : $column_type:ty $(= $sql:literal)?),+ $(,)? }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl $crate::export::Exported for $name {
            type Of = $entity;
            type Parameters = $type;
            const KIND: $crate::export::ExportKind = $crate::export::ExportKind::$kind;
            const PERMISSION: $crate::kernel::Permission = $crate::kernel::Permission::$permission;
            const ORDER: $crate::kernel::page::Sort = $crate::kernel::page::Sort::new(
                $order,
                $crate::kernel::page::SortType::$sort,
                $crate::kernel::page::Direction::Asc,
            );
            const TIME: &'static str = $time;

            fn columns() -> Vec<$crate::kernel::entity::Column> {
                vec![$($crate::kernel::entity::Column::of::<$column_type>(
                    stringify!($column),
                    [$($sql,)? stringify!($column)][0],
                    "",
                )),+]
            }

            fn conditions($parameters: $type) -> $crate::kernel::Result<Vec<$crate::kernel::entity::Condition>> {
                $conditions
            }
        }
    };
}

/// A declared kind of export.
#[derive(Debug, Clone, Copy)]
pub struct Exporter {
    pub kind: ExportKind,
    pub permission: Permission,
    pub(super) time: &'static str,
    extract: fn() -> Extract,
    conditions: fn(&serde_json::Value) -> Result<Vec<Condition>>,
}

impl Exporter {
    #[must_use]
    pub const fn of<E: Exported>() -> Self {
        Self {
            kind: E::KIND,
            permission: E::PERMISSION,
            time: E::TIME,
            extract: || Extract::new(E::Of::def(), E::ORDER, E::columns()),
            conditions: |stored| E::conditions(read_parameters::<E::Parameters>(stored)?),
        }
    }

    /// What is read.
    #[must_use]
    pub fn extract(&self) -> Extract {
        (self.extract)()
    }

    /// What rows must fulfil, by parameters that were stored.
    pub fn conditions(&self, stored: &serde_json::Value) -> Result<Vec<Condition>> {
        (self.conditions)(stored)
    }
}

impl ExportKind {
    /// The declaration of this kind.
    pub fn exporter(self) -> Result<Exporter> {
        let found = exporters().into_iter().find(|exporter| exporter.kind == self);
        found.ok_or_else(|| Error::internal(format!("nothing exports {}", self.text())))
    }
}

/// Parameters in the spelling of the API, without those that are null.
pub fn store_parameters<P: InputType>(parameters: &P) -> Result<serde_json::Value> {
    let mut stored = parameters.to_value().into_json().map_err(Error::internal)?;
    remove_nulls(&mut stored);
    Ok(stored)
}

fn remove_nulls(value: &mut serde_json::Value) {
    if let serde_json::Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(remove_nulls);
    }
}

fn read_parameters<P: InputType>(stored: &serde_json::Value) -> Result<P> {
    let value = async_graphql::Value::from_json(stored.clone()).map_err(Error::internal)?;
    P::parse(Some(value)).map_err(|error| {
        let message = error.into_server_error(async_graphql::Pos::default()).message;
        Error::invalid("parameters", format!("cannot be read any more: {message}"))
    })
}
