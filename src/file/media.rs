//! Media types: found out from the first bytes of a content, whatever its name and its sender say.

/// Bytes from the beginning of a content that its type is found out from.
pub const HEAD: usize = 8192;

/// What a content begins like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    Png,
    Jpeg,
    Gif,
    Webp,
    Pdf,
    /// An archive as Word, Excel and PowerPoint write it.
    OfficeDocument,
    Text,
    /// Markup that a browser could run, such as HTML and SVG.
    Markup,
    Other,
}

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const EXCEL: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Media types of images that are written anew.
pub const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/webp"];
/// Media types of attachments.
pub const ATTACHMENTS: &[&str] =
    &["image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain", "text/csv", WORD, EXCEL];

/// Finds out what a content begins like.
#[must_use]
pub fn sniff(head: &[u8]) -> Sniffed {
    let head = &head[..head.len().min(HEAD)];
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Sniffed::Png,
        [0xff, 0xd8, 0xff, ..] => Sniffed::Jpeg,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Sniffed::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Sniffed::Webp,
        [b'%', b'P', b'D', b'F', b'-', ..] => Sniffed::Pdf,
        [b'P', b'K', 3, 4, ..] if contains(head, b"[Content_Types].xml") => Sniffed::OfficeDocument,
        _ => text(head),
    }
}

fn contains(head: &[u8], part: &[u8]) -> bool {
    head.windows(part.len()).any(|window| window == part)
}

/// Text is UTF-8 without control characters; markup is text whose first character opens a tag.
fn text(head: &[u8]) -> Sniffed {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let known = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut at the end of the head.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return Sniffed::Other,
    };
    if known.chars().any(|letter| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{c}')) {
        return Sniffed::Other;
    }
    let is_tag = |text: &str| {
        text.starts_with('<')
            && text[1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '!' || next == '?')
    };
    if is_tag(known.trim_start()) { Sniffed::Markup } else { Sniffed::Text }
}

impl Sniffed {
    /// The media type that a content is stored with, if it may be called what it was said to be.
    #[must_use]
    pub fn as_said(self, said: &str) -> Option<&'static str> {
        let matching: &[&'static str] = match self {
            Self::Png => &["image/png"],
            Self::Jpeg => &["image/jpeg"],
            Self::Gif => &["image/gif"],
            Self::Webp => &["image/webp"],
            Self::Pdf => &["application/pdf"],
            Self::OfficeDocument => &[WORD, EXCEL],
            Self::Text => &["text/plain", "text/csv"],
            Self::Markup | Self::Other => &[],
        };
        matching.iter().copied().find(|known| *known == said)
    }

    /// What it is, in words.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Png => "a PNG image",
            Self::Jpeg => "a JPEG image",
            Self::Gif => "a GIF image",
            Self::Webp => "a WebP image",
            Self::Pdf => "a PDF document",
            Self::OfficeDocument => "an Office document",
            Self::Text => "plain text",
            Self::Markup => "HTML, SVG or other markup",
            Self::Other => "of an unknown type",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide_and_not_what_was_said() {
        for (head, sniffed, said) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Sniffed::Png, "image/png"),
            (b"\xff\xd8\xff\xe0..", Sniffed::Jpeg, "image/jpeg"),
            (b"GIF89a..", Sniffed::Gif, "image/gif"),
            (b"RIFF....WEBPVP8 ", Sniffed::Webp, "image/webp"),
            (b"%PDF-1.7\n", Sniffed::Pdf, "application/pdf"),
            (b"PK\x03\x04......[Content_Types].xml", Sniffed::OfficeDocument, WORD),
            (b"name,born\nIto,1990\n", Sniffed::Text, "text/csv"),
            ("naïve \u{1f9fa}".as_bytes(), Sniffed::Text, "text/plain"),
            (b"1 < 2", Sniffed::Text, "text/plain"),
        ] {
            assert_eq!(sniff(head), sniffed, "{said}");
            assert_eq!(sniffed.as_said(said), Some(said));
            assert_eq!(sniffed.as_said("text/html"), None);
        }
        for markup in ["<!DOCTYPE html>", "\n <html>", "<script>", "<?xml version=\"1.0\"?><svg/>", "\u{feff}<svg>"] {
            assert_eq!(sniff(markup.as_bytes()), Sniffed::Markup, "{markup}");
            for said in ATTACHMENTS {
                assert_eq!(Sniffed::Markup.as_said(said), None);
            }
        }
        for other in [&b"PK\x03\x04"[..], b"MZ\x90\x00", b"\x7fELF", b"a\0b", b"\xff\xfe<\0"] {
            assert_eq!(sniff(other), Sniffed::Other, "{other:?}");
        }
    }

    #[test]
    fn a_character_that_is_cut_at_the_end_of_the_head_is_text() {
        let long = format!("{}é", "x".repeat(HEAD - 1));
        assert_eq!(sniff(long.as_bytes()), Sniffed::Text);
    }
}
