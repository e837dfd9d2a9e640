//! Words by which people say that they want messages or not.

use crate::integration::Consent;

const STOP: [&str; 9] = ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: [&str; 2] = ["START", "UNSTOP"];
const HELP: [&str; 2] = ["HELP", "INFO"];

/// What a message says about consent, if it is such a word alone.
#[must_use]
pub fn consent_of(text: &str) -> Consent {
    let word = text.trim().trim_end_matches(['.', '!']).to_uppercase();
    let is_among = |words: &[&str]| words.contains(&word.as_str());
    if is_among(&STOP) {
        Consent::Stop
    } else if is_among(&START) {
        Consent::Start
    } else if is_among(&HELP) {
        Consent::Help
    } else {
        Consent::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_only_alone() {
        for text in ["STOP", " stop ", "Stop.", "stop all", "Unsubscribe", "QUIT!"] {
            assert_eq!(consent_of(text), Consent::Stop, "{text}");
        }
        assert_eq!(consent_of("start"), Consent::Start);
        assert_eq!(consent_of("Help"), Consent::Help);
        for text in ["", "please stop by at ten", "I cannot start today", "the end of May"] {
            assert_eq!(consent_of(text), Consent::None, "{text}");
        }
    }
}
