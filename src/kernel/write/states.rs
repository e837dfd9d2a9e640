//! State machines, declared with their values.

use chrono::{DateTime, Utc};

use super::{Draft, Stored};
use crate::kernel::{Code, Error, Result};

/// An enum whose values follow each other in declared ways; `states!` makes it.
pub trait State: Copy + PartialEq + 'static {
    /// The kind of object that has the state, as error messages name it.
    const NOUN: &'static str;

    /// The states that can follow this one.
    fn next(self) -> &'static [Self];

    /// The spelling of clients.
    fn name(self) -> String;

    /// What else to do about an object in this state, if nothing can follow it.
    fn hint(self) -> Option<&'static str>;

    /// `INVALID_TRANSITION` unless this state can follow.
    fn require_next(self, to: Self) -> Result<()> {
        if self.next().contains(&to) { Ok(()) } else { Err(refused_transition(self, to)) }
    }
}

/// An entity with a column that holds such a state; `states!` implements it for [`Draft::move_to`].
pub trait HasState<S: State>: Stored {
    fn draft_state<'a>(draft: Draft<'a, Self>, to: S, now: DateTime<Utc>) -> Result<Draft<'a, Self>>;
}

/// The error of a transition that is not declared.
pub fn refused_transition<S: State>(from: S, to: S) -> Error {
    let allowed: Vec<String> = from.next().iter().map(|state| state.name()).collect();
    let noun = S::NOUN;
    let message = match (allowed.as_slice(), from.hint()) {
        ([], Some(hint)) => format!("a {noun} that is {} cannot change its status; {hint}", from.name()),
        ([], None) => format!("a {noun} that is {} cannot change its status", from.name()),
        (states, _) => {
            format!("a {noun} cannot change from {} to {}, only to {}", from.name(), to.name(), states.join(" or "))
        }
    };
    Error::new(Code::InvalidTransition, message).allowed(allowed)
}

/// Declares an enum of states, which state can follow which, and the columns that hold the time at which a state was
/// entered. A stamp is cleared by going back to a state declared earlier, and retained by going on.
///
/// ```ignore
/// states! {
///     /// Status of a ticket.
///     TicketStatus of Ticket.status, "ticket" {
///         /// Nobody has started to work on the ticket.
///         Open = "open" to [InProgress, Closed],
///         /// The ticket is closed for good.
///         Closed = "closed" to [] stamps closed_at hint "open a new one instead",
///     }
/// }
/// ```
///
/// `ticket.edit().move_to(status, now)?` drafts the transition with its stamps, or refuses it.
#[macro_export]
macro_rules! states {
    (
        $(#[doc = $doc:literal])+ $name:ident of $entity:ident . $column:ident, $noun:literal {
            $($(#[doc = $variant_doc:literal])+ $variant:ident = $text:literal to [$($next:ident),*]
                $(stamps $stamp:ident)? $(hint $hint:literal)?),+ $(,)?
        }
    ) => {
        $crate::text_enum! { $(#[doc = $doc])+ $name { $($(#[doc = $variant_doc])+ $variant = $text),+ } }

        impl $crate::kernel::write::State for $name {
            const NOUN: &'static str = $noun;

            fn next(self) -> &'static [Self] {
                match self { $(Self::$variant => &[$(Self::$next),*]),+ }
            }

            fn name(self) -> String {
                self.text().to_uppercase()
            }

            fn hint(self) -> Option<&'static str> {
                match self { $(Self::$variant => [$(Some($hint),)? None][0]),+ }
            }
        }

        impl $crate::kernel::write::HasState<$name> for $entity {
            fn draft_state<'a>(
                draft: $crate::kernel::write::Draft<'a, Self>,
                to: $name,
                now: chrono::DateTime<chrono::Utc>,
            ) -> $crate::kernel::Result<$crate::kernel::write::Draft<'a, Self>> {
                // Not every state has a stamp.
                let _ = now;
                let Some(before) = draft.before() else { return Ok(draft.$column(to)) };
                if before.$column == to {
                    return Ok(draft);
                }
                $crate::kernel::write::State::require_next(before.$column, to)?;
                let draft = draft.$column(to);
                // Not used where no state is stamped.
                let _ = now;
                $($(let draft = if to == $name::$variant {
                    draft.$stamp(Some(now))
                } else if (to as usize) < ($name::$variant as usize) {
                    draft.$stamp(None)
                } else {
                    draft
                };)?)+
                Ok(draft)
            }
        }
    };
}
