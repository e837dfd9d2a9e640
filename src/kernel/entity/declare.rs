//! The form of a declaration. It reads like the type it makes: columns first, then what stays inside (the struct has
//! it, the API does not), then expressions over the row, then edges.

/// Declares an entity: the struct of its row for rules and mutations, and the table that everything else reads.
///
/// ```ignore
/// entity! {
///     /// A request for help.
///     SupportTicket "ticket" of support_tickets, tenant clinic_id, read TicketsRead;
///     columns {
///         /// The ticket's id.
///         id: Id<SupportTicket>,
///     }
///     inside { clinic_id: Id<Clinic> }
///     derived { /// Title and number. caption: String = "number || ' ' || title" }
///     edges {
///         /// The clinic that raised it.
///         clinic: one Clinic by clinic_id,
///         /// Who works on it; null for nobody.
///         assignee: maybe User by assignee_id,
///         /// What was said, oldest first.
///         messages: page TicketMessage by ticket_id in OldestFirst,
///     }
/// }
/// ```
///
/// An edge is `one` or `maybe` (this row's column holds the other's id), `own` or `maybe_own` (the other's column
/// holds this row's id, once), `all … order "…"` (a short list, whole), `page … in` an order, or `list` (a page with
/// the other's filter and orders).
#[macro_export]
macro_rules! entity {
    (
        $(#[doc = $doc:literal])+
        $name:ident $prefix:literal of $table:ident $(, tenant $tenant:ident)? $(, live $live:literal)? $(, read $read:ident)?;
        columns { $($(#[doc = $column_doc:literal])+ $column:ident : $column_type:ty),* $(,)? }
        $(inside { $($inside:ident : $inside_type:ty),* $(,)? })?
        $(derived { $($(#[doc = $derived_doc:literal])+ $derived:ident : $derived_type:ty = $sql:literal),* $(,)? })?
        $(edges { $($(#[doc = $edge_doc:literal])+ $edge:ident : $way:ident $to:ident by $by:ident $(in $in:ident)? $(order $order:literal)?),* $(,)? })?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
        #[diesel(table_name = $table, check_for_backend(diesel::pg::Pg))]
        pub struct $name {
            $($(#[doc = $column_doc])+ pub $column: $column_type,)*
            $($(pub $inside: $inside_type,)*)?
        }

        impl $crate::kernel::ids::Kind for $name {
            const PREFIX: &'static str = $prefix;
        }

        impl $crate::kernel::entity::Entity for $name {
            fn def() -> &'static $crate::kernel::entity::Def {
                use $crate::kernel::entity::{Cell, Column, Def, camel};
                static DEF: std::sync::LazyLock<Def> = std::sync::LazyLock::new(|| {
                    let description = concat!($($doc, "\n"),+).trim();
                    #[allow(unused_mut)]
                    let mut def = Def::unfinished(stringify!($name), $prefix, stringify!($table), description);
                    $(def.tenant = Some(stringify!($tenant));)?
                    $(def.live = Some($live);)?
                    $(def.read = Some($crate::kernel::Permission::$read);)?
                    $(def.columns.push(Column {
                        name: camel(stringify!($column)),
                        description: concat!($($column_doc, "\n"),+).trim(),
                        sql: stringify!($column),
                        write: <$column_type as Cell>::write,
                        register: <$column_type as async_graphql::OutputType>::create_type_info,
                    });)*
                    $($(def.columns.push(Column {
                        name: camel(stringify!($derived)),
                        description: concat!($($derived_doc, "\n"),+).trim(),
                        sql: $sql,
                        write: <$derived_type as Cell>::write,
                        register: <$derived_type as async_graphql::OutputType>::create_type_info,
                    });)*)?
                    $($(def.edges.push($crate::kernel::entity::Edge {
                        name: camel(stringify!($edge)),
                        description: concat!($($edge_doc, "\n"),+).trim(),
                        to: <$to as $crate::kernel::entity::Entity>::def,
                        way: $crate::entity!(@way $way $to $by $($in)? $($order)?),
                    });)*)?
                    def.finish()
                });
                &DEF
            }
        }
    };
    (@way one $to:ident $by:ident) => { $crate::kernel::entity::Way::One { column: stringify!($by), nullable: false } };
    (@way maybe $to:ident $by:ident) => { $crate::kernel::entity::Way::One { column: stringify!($by), nullable: true } };
    (@way own $to:ident $by:ident) => { $crate::kernel::entity::Way::Own { column: stringify!($by), nullable: false } };
    (@way maybe_own $to:ident $by:ident) => { $crate::kernel::entity::Way::Own { column: stringify!($by), nullable: true } };
    (@way all $to:ident $by:ident $order:literal) => { $crate::kernel::entity::Way::All { column: stringify!($by), order: $order } };
    (@way page $to:ident $by:ident $in:ident) => {
        $crate::kernel::entity::Way::Page { column: stringify!($by), list: $crate::kernel::entity::List::feed::<$in>() }
    };
    (@way list $to:ident $by:ident) => {
        $crate::kernel::entity::Way::Page { column: stringify!($by), list: $crate::kernel::entity::List::of::<$to>() }
    };
}

/// Declares the orders of a list: the enum of its fields and the input that adds a direction.
#[macro_export]
macro_rules! orders {
    (
        $(#[doc = $doc:literal])+
        $input:ident by $field:ident, usually $usual:ident $direction:ident;
        $($(#[doc = $variant_doc:literal])+ $variant:ident = $column:literal as $of:ident),+ $(,)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, async_graphql::InputObject)]
        pub struct $input {
            /// What to order by.
            pub field: $field,
            /// Which way.
            pub direction: $crate::kernel::page::Direction,
        }

        /// What the list can be ordered by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
        pub enum $field { $($(#[doc = $variant_doc])+ $variant),+ }

        impl Default for $input {
            fn default() -> Self {
                Self { field: $field::$usual, direction: $crate::kernel::page::Direction::$direction }
            }
        }

        impl From<$input> for $crate::kernel::page::Sort {
            fn from(order: $input) -> Self {
                match order.field {
                    $($field::$variant => Self::new($column, $crate::kernel::page::SortType::$of, order.direction)),+
                }
            }
        }
    };
}

/// Declares the plain reads of entities, as a part of the query root: `one` object by its id, and `list`s.
#[macro_export]
macro_rules! queries {
    (
        $(#[doc = $doc:literal])+ $part:ident;
        $(one { $($(#[doc = $one_doc:literal])+ $one:ident : $one_entity:ident),+ $(,)? })?
        $(list { $($(#[doc = $list_doc:literal])+ $list:ident : $list_entity:ident),+ $(,)? })?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Default)]
        pub struct $part;

        #[async_graphql::Object]
        impl $part {
            $($(
                $(#[doc = $one_doc])+
                async fn $one(
                    &self,
                    #[graphql(desc = "The object's id.")] id: $crate::kernel::Id<$one_entity>,
                ) -> $crate::kernel::entity::Maybe<$one_entity> {
                    $crate::kernel::entity::Maybe::of(Some(id))
                }
            )+)?
            $($(
                $(#[doc = $list_doc])+
                #[allow(clippy::too_many_arguments)]
                async fn $list(
                    &self,
                    #[graphql(desc = "So many from the start, 1 to 100; 25 when neither first nor last is given.")] first: Option<i32>,
                    #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
                    #[graphql(desc = "So many from the end, 1 to 100, in the list's own order.")] last: Option<i32>,
                    #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
                    #[graphql(desc = "Only rows that fulfil all of it.")]
                    filter: Option<<$list_entity as $crate::kernel::entity::Listed>::Filter>,
                    #[graphql(desc = "The order of the list; the id decides between equals.")]
                    order: Option<<$list_entity as $crate::kernel::entity::Listed>::Order>,
                ) -> $crate::kernel::entity::Page<$list_entity> {
                    let window = $crate::kernel::entity::PageArgs { first, after, last, before };
                    $crate::kernel::entity::Page::list(window, filter, order)
                }
            )+)?
        }
    };
}
