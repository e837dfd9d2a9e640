//! What the error codes of Meta mean for a message. They decide, and neither the HTTP status nor the words.

use crate::integration::SendFailure;

/// The person does not want messages.
pub const OPTED_OUT: i64 = 131_050;

/// What to do about an error of this code.
#[must_use]
pub fn failure(code: i64) -> SendFailure {
    let reason = format!("WhatsApp reports code {code}: {}", meaning(code));
    match code {
        131_047 => SendFailure::NeedsTemplate,
        OPTED_OUT => SendFailure::OptedOut,
        131_049 => SendFailure::try_again(86_400, reason),
        131_056 => SendFailure::try_again(6, reason),
        130_429 | 80_007 | 4 => SendFailure::try_again(60, reason),
        131_016 | 131_000 | 131_057 | 2 => SendFailure::try_again(30, reason),
        190
        | 0
        | 3
        | 10
        | 200..=299
        | 131_005
        | 131_042
        | 131_045
        | 133_010
        | 131_048
        | 131_064
        | 368
        | 131_031
        | 130_497 => SendFailure::broken(reason),
        _ => SendFailure::Final { code: Some(code.to_string()), reason },
    }
}

/// What a code means, in our words.
#[must_use]
pub fn meaning(code: i64) -> &'static str {
    match code {
        131_047 => "the person has not written for a day",
        131_026 => "the message cannot be delivered to this person",
        OPTED_OUT => "the person does not want such messages",
        131_049 => "the message was held back",
        130_403 => "the clinic has blocked this person",
        131_056 => "too many messages to this person",
        130_429 | 80_007 | 4 => "too many messages",
        131_016 | 131_000 | 131_057 | 2 => "the service is disturbed",
        131_048 | 131_064 | 368 | 131_031 | 130_497 => "the number or the account is restricted",
        132_000..=132_999 => "the template is missing, paused or does not fit",
        190 | 0 | 3 | 10 | 200..=299 | 131_005 => "the access token is not valid or lacks a permission",
        131_042 => "the payment method of the account is not valid",
        131_045 | 133_010 => "the phone number is not registered",
        131_051 => "the message is of a type that is not supported",
        _ => "the request was not accepted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_of_the_kind_that_it_calls_for() {
        for code in [190, 10, 200, 299, 131_005, 131_042, 131_048] {
            assert!(matches!(failure(code), SendFailure::Broken { .. }), "{code}");
        }
        for code in [4, 130_429, 131_016, 131_049, 131_056] {
            assert!(matches!(failure(code), SendFailure::TryAgain { .. }), "{code}");
        }
        for code in [100, 131_026, 131_051, 132_001, 999_999] {
            assert!(matches!(failure(code), SendFailure::Final { .. }), "{code}");
        }
        assert_eq!(failure(131_047), SendFailure::NeedsTemplate);
        assert_eq!(failure(131_050), SendFailure::OptedOut);
    }
}
