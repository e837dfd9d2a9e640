//! The syntax of a declaration. It reads like the type it makes: columns first, then what only the struct has and the
//! API does not, then expressions over the row, then edges.

/// Declares an entity: the struct of its row for rules and mutations, and the definition that everything else reads.
///
/// ```ignore
/// entity! {
///     /// Request for help from a clinic.
///     Ticket "ticket" of support_tickets, tenant clinic_id, read TicketsRead;
///     columns {
///         /// Identifier of the ticket.
///         id: Id<Ticket>,
///     }
///     inside { clinic_id: Id<Clinic> }
///     derived { /// Title and number. caption: String = "number || ' ' || title" }
///     computed { /// Whether it can be closed. viewer_can_close: bool = |viewer, status: TicketStatus| status.closable(viewer) }
///     groups { /// Deadlines of the ticket. due: TicketDue { /// Deadline of the first response. first_response_due_at: DateTime<Utc> } }
///     money { /// Cost of the ticket; null if it is free. cost in currency }
///     edges {
///         /// Clinic that opened the ticket.
///         clinic: one Clinic by clinic_id,
///         /// Administrator who works on the ticket; null if nobody does.
///         assignee: maybe User by assignee_id,
///         /// Messages of the ticket, oldest first.
///         messages: page TicketMessage by ticket_id in OldestFirst,
///     }
/// }
/// ```
///
/// An edge is `one` or `maybe` (this row's column holds the other's id), `own` or `maybe_own` (the other's column
/// holds this row's id, once), `all … order "…"` (a short list, whole), `page … in` an order, `list` (a page with
/// the other's filter and orders), or `any Node by` a column with the kind and one with the id. A group is a nested
/// object over columns of the same row, which can have derived columns and edges of its own; so is money, whose columns
/// the struct has only if they are declared `inside`. What is `computed` is a function of some columns and
/// of the caller's permissions (see [`Rule`](crate::kernel::entity::Rule)).
///
/// What is `sealed` is a secret of which the API only says whether there is one (see [`SealedColumn`]). In a table with
/// `tenant … shared`, every clinic also reads the rows of the platform.
///
/// [`SealedColumn`]: crate::kernel::sealed::SealedColumn
///
/// A crate that cannot add methods to [`Draft`](crate::kernel::write::Draft) itself, as a test, names a trait for the
/// setters: `setters TicketSetters`.
///
/// `#[read(Permission)]` before a column, a derived one or a group: without that permission it is null, with an error,
/// and not selected. `#[read(Permission, own id)]` before a column or a derived one: without it, it is null but in the rows
/// whose column `id` is the caller.
///
/// With `about kind`, a row is hidden from who may not read objects of the kind that its column `kind` names.
#[macro_export]
macro_rules! entity {
    (
        $(#[doc = $doc:literal])+
        $name:ident $prefix:literal of $table:ident $(, tenant $tenant:ident $($shared:ident)?)? $(, live $live:literal)? $(, read $read:ident)? $(, about $about:ident)? $(, setters $setters:ident)?;
        columns { $($(#[doc = $column_doc:literal])+ $(#[read($column_read:ident $(, own $column_own:ident)?)])? $column:ident : $column_type:ty),* $(,)? }
        $(inside { $($inside:ident : $inside_type:ty),* $(,)? })?
        $(derived { $($(#[doc = $derived_doc:literal])+ $(#[read($derived_read:ident $(, own $derived_own:ident)?)])? $derived:ident : $derived_type:ty = $sql:literal),* $(,)? })?
        $(computed { $($(#[doc = $computed_doc:literal])+ $computed:ident : $computed_type:ty = |$actor:ident $(, $input:ident : $input_type:ty)*| $rule:expr),* $(,)? })?
        $(groups { $(
            $(#[doc = $group_doc:literal])+ $(#[read($group_read:ident)])? $group:ident : $part:ident
            { $($(#[doc = $in_doc:literal])+ $in_column:ident : $in_type:ty),* $(,)? }
            $(derived { $($(#[doc = $in_derived_doc:literal])+ $in_derived:ident : $in_derived_type:ty = $in_sql:literal),* $(,)? })?
            $(edges { $($(#[doc = $in_edge_doc:literal])+ $in_edge:ident : $in_kind:ident $in_to:ident by $in_by:ident $(, $in_id:ident)? $(in $in_in:ident)? $(order $in_order:literal)?),* $(,)? })?
        ),* $(,)? })?
        $(money { $($(#[doc = $money_doc:literal])+ $amount:ident in $currency:ident),* $(,)? })?
        $(sealed { $($(#[doc = $sealed_doc:literal])+ $secret:ident),* $(,)? })?
        $(edges { $($(#[doc = $edge_doc:literal])+ $edge:ident : $kind:ident $to:ident by $by:ident $(, $id:ident)? $(in $in:ident)? $(order $order:literal)?),* $(,)? })?
        $(unique { $($constraint:ident on $unique_field:ident $unique_message:literal),* $(,)? })?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, diesel::QueryableByName)]
        #[diesel(table_name = $table)]
        pub struct $name {
            $($(#[doc = $column_doc])+ pub $column: $column_type,)*
            $($(pub $inside: $inside_type,)*)?
            $($($($(#[doc = $in_doc])+ pub $in_column: $in_type,)*)*)?
        }

        impl $crate::kernel::ids::Kind for $name {
            const PREFIX: &'static str = $prefix;
        }

        impl $crate::kernel::entity::Entity for $name {
            fn def() -> &'static $crate::kernel::entity::Def {
                use std::sync::LazyLock;
                use $crate::kernel::entity::Def;
                static DEF: LazyLock<Def> = LazyLock::new(|| {
                    let description = concat!($($doc, "\n"),+).trim();
                    let mut def = Def::unfinished(stringify!($name), $prefix, stringify!($table), description);
                    $(def.tenant = Some(stringify!($tenant)); $(def.shared = $crate::entity!(@shared $shared);)?)?
                    $(def.live = Some($live);)?
                    $(def.read = Some($crate::kernel::Permission::$read);)?
                    $(def.about = Some(stringify!($about));)?
                    $crate::entity!(@columns def $($column: $column_type = (stringify!($column)) ($($column_doc)+) ($($column_read $($column_own)?)?);)*);
                    $($crate::entity!(@columns def $($derived: $derived_type = ($sql) ($($derived_doc)+) ($($derived_read $($derived_own)?)?);)*);)?
                    $($(def.computed.push($crate::kernel::entity::Computed::of::<$computed_type>(
                        stringify!($computed),
                        concat!($($computed_doc, "\n"),+).trim(),
                        &[$(stringify!($input)),*],
                        |$actor, _inputs, out| {
                            $(let $input: $input_type = _inputs.take::<<$table::$input as diesel::Expression>::SqlType, _>()?;)*
                            let value: $computed_type = $rule;
                            $crate::kernel::entity::WriteJson::write_json(&value, out);
                            Ok(())
                        },
                    ));)*)?
                    $($(def.edges.push($crate::kernel::entity::Edge::part(
                        stringify!($group),
                        concat!($($group_doc, "\n"),+).trim(),
                        || {
                            static PART: LazyLock<Def> = LazyLock::new(|| {
                                let description = concat!($($group_doc, "\n"),+).trim();
                                let mut def = Def::unfinished(stringify!($part), "", stringify!($table), description);
                                $(def.read = Some($crate::kernel::Permission::$group_read);)?
                                $crate::entity!(@columns def $($in_column: $in_type = (stringify!($in_column)) ($($in_doc)+) ();)*);
                                $($crate::entity!(@columns def $($in_derived: $in_derived_type = ($in_sql) ($($in_derived_doc)+) ();)*);)?
                                $($($crate::entity!(@edge def $in_edge ($($in_edge_doc)+) $in_kind $in_to $in_by $($in_id)? $($in_in)? $($in_order)?);)*)?
                                def.finish()
                            });
                            &PART
                        },
                        None,
                    ));)*)?
                    $($(def.edges.push($crate::kernel::entity::Edge::part(
                        stringify!($amount),
                        concat!($($money_doc, "\n"),+).trim(),
                        || {
                            static PART: LazyLock<Def> =
                                LazyLock::new(|| $crate::kernel::money::part(stringify!($amount), stringify!($currency)));
                            &PART
                        },
                        Some(stringify!($amount)),
                    ));)*)?
                    $($(def.edges.push($crate::kernel::entity::Edge::part(
                        stringify!($secret),
                        concat!($($sealed_doc, "\n"),+).trim(),
                        || {
                            static PART: LazyLock<Def> = LazyLock::new(|| $crate::kernel::sealed::part(
                                concat!(stringify!($secret), "_enc is not null"),
                                concat!(stringify!($secret), "_last_four"),
                                concat!(stringify!($secret), "_updated_at"),
                            ));
                            &PART
                        },
                        None,
                    ));)*)?
                    $($($crate::entity!(@edge def $edge ($($edge_doc)+) $kind $to $by $($id)? $($in)? $($order)?);)*)?
                    $($(def.unique.push($crate::kernel::entity::Unique {
                        constraint: stringify!($constraint),
                        field: stringify!($unique_field),
                        message: $unique_message,
                    });)*)?
                    def.finish()
                });
                &DEF
            }
        }

        impl $crate::kernel::write::Stored for $name {
            const COLUMNS: &'static [&'static str] = &[
                $(stringify!($column),)* $($(stringify!($inside),)*)? $($($(stringify!($in_column),)*)*)?
            ];

            fn id(&self) -> $crate::kernel::Id<Self> {
                self.id
            }

            fn clinic(&self) -> Option<uuid::Uuid> {
                let clinic: Option<uuid::Uuid> = None;
                $(let clinic = clinic.or(Some(self.$tenant.uuid()));)?
                clinic
            }

            fn row_version(&self) -> Option<i32> {
                let _row = self;
                [$($crate::entity!(@version _row $column)),*].into_iter().flatten().next()
            }
        }

        $crate::entity!(@setters ($($setters)?) $name $table
            $($column: $column_type;)* $($($inside: $inside_type;)*)? $($($($in_column: $in_type;)*)*)?);

        $(impl $name {$(
            /// Where this secret is stored.
            #[must_use]
            pub const fn $secret() -> $crate::kernel::sealed::SealedColumn {
                $crate::kernel::sealed::SealedColumn { table: stringify!($table), column: concat!(stringify!($secret), "_enc") }
            }
        )*})?
    };
    (@setters () $name:ident $table:ident $($column:ident: $type:ty;)*) => {
        impl $crate::kernel::write::Draft<'_, $name> { $($crate::entity!(@setter (pub) $table $column $type);)* }
    };
    (@setters ($setters:ident) $name:ident $table:ident $($column:ident: $type:ty;)*) => {
        #[doc = concat!("Setters of [`", stringify!($name), "`].")]
        pub trait $setters: Sized { $($crate::entity!(@setter_of_trait $column $type);)* }

        impl $setters for $crate::kernel::write::Draft<'_, $name> {
            $($crate::entity!(@setter () $table $column $type);)*
        }
    };
    (@version $row:ident version) => { Some($row.version) };
    (@version $row:ident $column:ident) => { None };
    // The draft has the id, and the database counts the version.
    (@setter ($($pub:ident)?) $table:ident id $type:ty) => {};
    (@setter ($($pub:ident)?) $table:ident version $type:ty) => {};
    (@setter ($($pub:ident)?) $table:ident $column:ident $type:ty) => {
        #[doc = concat!("Sets `", stringify!($column), "`.")]
        $($pub)? fn $column(self, value: impl $crate::kernel::write::Assign<$type>) -> Self {
            self.assign::<diesel::dsl::SqlTypeOf<$table::$column>, $type>(
                stringify!($column),
                |row| &row.$column,
                value.assign(),
            )
        }
    };
    (@setter_of_trait id $type:ty) => {};
    (@setter_of_trait version $type:ty) => {};
    (@setter_of_trait $column:ident $type:ty) => {
        #[doc = concat!("Sets `", stringify!($column), "`.")]
        fn $column(self, value: impl $crate::kernel::write::Assign<$type>) -> Self;
    };
    (@shared shared) => { true };
    (@columns $def:ident $($column:ident: $column_type:ty = ($sql:expr) ($($doc:literal)+) ($($read:ident $($own:ident)?)?);)*) => {
        $($def.columns.push(
            $crate::kernel::entity::Column::of::<$column_type>(stringify!($column), $sql, concat!($($doc, "\n"),+).trim())
                $(.read_with($crate::kernel::Permission::$read)$(.or_own(stringify!($own)))?)?
        );)*
    };
    (@edge $def:ident $edge:ident ($($doc:literal)+) any Node $kind:ident $id:ident) => {
        $def.references.push($crate::kernel::entity::Reference::new(
            stringify!($edge), concat!($($doc, "\n"),+).trim(), stringify!($kind), stringify!($id),
        ));
    };
    (@edge $def:ident $edge:ident ($($doc:literal)+) $kind:ident $to:ident $($how:tt)+) => {
        $def.edges.push($crate::kernel::entity::Edge::of::<$to>(
            stringify!($edge), concat!($($doc, "\n"),+).trim(), $crate::entity!(@kind $kind $to $($how)+),
        ));
    };
    (@kind one $to:ident $by:ident) => { $crate::kernel::entity::EdgeKind::One { column: stringify!($by), nullable: false } };
    (@kind maybe $to:ident $by:ident) => { $crate::kernel::entity::EdgeKind::One { column: stringify!($by), nullable: true } };
    (@kind own $to:ident $by:ident) => { $crate::kernel::entity::EdgeKind::Own { column: stringify!($by), nullable: false } };
    (@kind maybe_own $to:ident $by:ident) => { $crate::kernel::entity::EdgeKind::Own { column: stringify!($by), nullable: true } };
    (@kind all $to:ident $by:ident $order:literal) => { $crate::kernel::entity::EdgeKind::All { column: stringify!($by), order: $order } };
    (@kind page $to:ident $by:ident $in:ident) => {
        $crate::kernel::entity::EdgeKind::Page { column: stringify!($by), list: $crate::kernel::entity::List::feed::<$in>() }
    };
    (@kind list $to:ident $by:ident) => {
        $crate::kernel::entity::EdgeKind::Page { column: stringify!($by), list: $crate::kernel::entity::List::of::<$to>() }
    };
    (@kind $kind:ident $to:ident $($how:tt)*) => {
        compile_error!(concat!(
            "the edge `", stringify!($kind $to by $($how)*), "` must be one of: one T by column, maybe T by column, ",
            "own T by column, maybe_own T by column, all T by column order \"…\", page T by column in Order, ",
            "list T by column, any Node by kind, id",
        ))
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
            /// Field to order the list by.
            pub field: $field,
            /// Direction of the order.
            pub direction: $crate::kernel::page::Direction,
        }

        /// Fields that the list can be ordered by.
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

/// Declares the plain reads of entities, as a part of the query root: `one` object by its id, `list`s, and the `count`s
/// of lists (`aggregate!`).
#[macro_export]
macro_rules! queries {
    (
        $(#[doc = $doc:literal])+ $part:ident;
        $(one { $($(#[doc = $one_doc:literal])+ $one:ident : $one_entity:ident),+ $(,)? })?
        $(list { $($(#[doc = $list_doc:literal])+ $list:ident : $list_entity:ident),+ $(,)? })?
        $(count { $($(#[doc = $count_doc:literal])+ $count:ident : $counts:ident),+ $(,)? })?
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
                    #[graphql(desc = "Identifier of the object.")] id: $crate::kernel::Id<$one_entity>,
                ) -> $crate::kernel::entity::Maybe<$one_entity> {
                    $crate::kernel::entity::Maybe::of(Some(id))
                }
            )+)?
            $($(
                $(#[doc = $list_doc])+
                #[allow(clippy::too_many_arguments)]
                async fn $list(
                    &self,
                    #[graphql(desc = "Number of items to return from the start, 1 to 100; 25 if neither first nor last is given.")] first: Option<i32>,
                    #[graphql(desc = "Returns only the items that follow this cursor.")] after: Option<String>,
                    #[graphql(desc = "Number of items to return from the end, 1 to 100, in the order of the list.")] last: Option<i32>,
                    #[graphql(desc = "Returns only the items that precede this cursor.")] before: Option<String>,
                    #[graphql(desc = "Returns only the items that match every given field.")]
                    filter: Option<<$list_entity as $crate::kernel::entity::Listable>::Filter>,
                    #[graphql(desc = "Order of the list; items that are equal in it are ordered by id.")]
                    order: Option<<$list_entity as $crate::kernel::entity::Listable>::Order>,
                ) -> $crate::kernel::entity::Page<$list_entity> {
                    let window = $crate::kernel::entity::PageArgs { first, after, last, before };
                    $crate::kernel::entity::Page::list(window, filter, order)
                }
            )+)?
            $($(
                $(#[doc = $count_doc])+
                async fn $count(
                    &self,
                    #[graphql(desc = "Only rows that match every given field are counted.")]
                    filter: Option<<<$counts as $crate::kernel::entity::Aggregate>::Of as $crate::kernel::entity::Listable>::Filter>,
                ) -> $crate::kernel::entity::Counts<$counts> {
                    $crate::kernel::entity::Counts::of(filter)
                }
            )+)?
        }
    };
}
