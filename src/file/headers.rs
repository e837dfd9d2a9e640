//! Headers of downloads: which part is asked for, and under which name a browser saves it.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a `Range` header comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The whole content: there is no range, or one that may be ignored, such as several at once.
    Whole,
    Part(Range<u64>),
    /// No byte of the range is in the content.
    Beyond,
}

/// Reads a `Range` header for a content of so many bytes, at least one.
#[must_use]
pub fn range(header: Option<&str>, size: u64) -> Asked {
    let Some(asked) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else { return Asked::Whole };
    let Some((first, last)) = asked.split_once('-') else { return Asked::Whole };
    let number = |text: &str| -> Option<u64> {
        let text = text.trim();
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that is too large is beyond any content.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (Some(first), _) if first >= size && (last.trim().is_empty() || number(last) >= Some(first)) => Asked::Beyond,
        (Some(first), Some(last)) if first <= last => Asked::Part(first..last.saturating_add(1).min(size)),
        (Some(first), None) if last.trim().is_empty() => Asked::Part(first..size),
        (None, Some(0)) if first.trim().is_empty() => Asked::Beyond,
        (None, Some(length)) if first.trim().is_empty() => Asked::Part(size.saturating_sub(length)..size),
        _ => Asked::Whole,
    }
}

/// What RFC 8187 leaves as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The `Content-Disposition` of a file, as RFC 6266 has it: a name that every client reads and, if that differs, the real one.
#[must_use]
pub fn disposition(is_shown: bool, name: &str) -> String {
    let kind = if is_shown { "inline" } else { "attachment" };
    let is_plain = |letter: char| (letter.is_ascii_graphic() || letter == ' ') && !matches!(letter, '"' | '\\' | '%');
    let plain: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let quoted = format!("{kind}; filename=\"{plain}\"");
    if plain == name {
        return quoted;
    }
    format!("{quoted}; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_rfc_9110_has_it() {
        for (header, asked) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=2-4", Asked::Part(2..5)),
            ("bytes=2-", Asked::Part(2..10)),
            ("bytes=2-99999999999999999999999", Asked::Part(2..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-30", Asked::Part(0..10)),
            ("bytes=9-20", Asked::Part(9..10)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=10-20", Asked::Beyond),
            ("bytes=99999999999999999999999-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=4-2", Asked::Whole),
            ("bytes=40-20", Asked::Whole),
            ("bytes=0-1,4-5", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(range(Some(header), 10), asked, "{header}");
        }
        assert_eq!(range(None, 10), Asked::Whole);
    }

    #[test]
    fn a_name_reaches_old_and_new_clients_and_ends_no_header() {
        assert_eq!(disposition(true, "logo.png"), "inline; filename=\"logo.png\"");
        assert_eq!(
            disposition(false, "Befund \"März\" 100%.pdf"),
            "attachment; filename=\"Befund _M_rz_ 100_.pdf\"; filename*=UTF-8''Befund%20%22M%C3%A4rz%22%20100%25.pdf"
        );
        assert!(!disposition(false, "a\r\nset-cookie: x").contains(['\r', '\n']));
    }
}
