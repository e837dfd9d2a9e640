//! Patches with three states: absent leaves a column alone, null clears it, a value sets it. An `Option<Option<T>>`
//! in an input object loses the second (it parses an explicit null as absent), so a patch is declared once and both
//! forms come from it: the input with `MaybeUndefined` and the change set with `Option<Option<T>>`.

use async_graphql::MaybeUndefined;

/// From the edge's three states to the change set's.
#[must_use]
pub fn nullable<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// Declares a patch: the fields under `required` cannot be cleared, those under `nullable` can.
///
/// ```ignore
/// patch! {
///     /// What to change of a clinic; what is left out stays.
///     UpdateClinicInput => ClinicChanges of clinics {
///         keys { /// The clinic. clinic_id: Id<Clinic>, }
///         required { /// Its new name. name: String, }
///         nullable { /// Its phone; null takes it away. phone: PhoneNumber, }
///     }
/// }
/// ```
#[macro_export]
macro_rules! patch {
    ($(#[doc = $doc:literal])+ $input:ident => $changes:ident of $table:ident {
        keys { $($(#[doc = $key_doc:literal])+ $key:ident : $key_type:ty),* $(,)? }
        required { $($(#[doc = $req_doc:literal])+ $req:ident : $req_type:ty),* $(,)? }
        nullable { $($(#[doc = $null_doc:literal])+ $null:ident : $null_type:ty),* $(,)? }
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, async_graphql::InputObject)]
        pub struct $input {
            $($(#[doc = $key_doc])+ pub $key: $key_type,)*
            $($(#[doc = $req_doc])+ pub $req: Option<$req_type>,)*
            $($(#[doc = $null_doc])+ pub $null: async_graphql::MaybeUndefined<$null_type>,)*
        }

        #[doc = concat!("The columns that a [`", stringify!($input), "`] changes.")]
        #[derive(Debug, Clone, Default, diesel::AsChangeset)]
        #[diesel(table_name = $table)]
        pub struct $changes {
            $(pub $req: Option<$req_type>,)*
            $(pub $null: Option<Option<$null_type>>,)*
        }

        impl $input {
            /// The change set: absent, null and value stay three things.
            #[must_use]
            pub fn changes(&self) -> $changes {
                $changes {
                    $($req: self.$req.clone(),)*
                    $($null: $crate::kernel::patch::nullable(self.$null.clone()),)*
                }
            }
        }

        impl $changes {
            /// Whether nothing is to change.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                true $(&& self.$req.is_none())* $(&& self.$null.is_none())*
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_states_stay_three() {
        assert_eq!(nullable::<i32>(MaybeUndefined::Undefined), None);
        assert_eq!(nullable::<i32>(MaybeUndefined::Null), Some(None));
        assert_eq!(nullable(MaybeUndefined::Value(1)), Some(Some(1)));
    }
}
