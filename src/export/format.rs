//! How rows are written: as CSV (RFC 4180) or as one JSON object in each line.

use crate::{
    kernel::entity::{Batch, Extract},
    text_enum,
};

text_enum! {
    /// Format of the file of an export.
    ExportFormat {
        /// The file has comma-separated values as in RFC 4180, with the names of the columns in the first line. Texts that a
        /// spreadsheet would take for a formula begin with an apostrophe.
        Csv = "csv",
        /// The file has one JSON object in each line, with the names and values of the API.
        Ndjson = "ndjson",
    }
}

impl ExportFormat {
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The end of the name of a file.
    #[must_use]
    pub fn ending(self) -> &'static str {
        self.text()
    }

    /// What is written before the rows.
    pub fn write_head(self, has_byte_order_mark: bool, extract: &Extract, out: &mut Vec<u8>) {
        if self == Self::Csv {
            if has_byte_order_mark {
                out.extend_from_slice("\u{feff}".as_bytes());
            }
            for (at, name) in extract.names().enumerate() {
                separate(at, out);
                out.extend_from_slice(name.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends rows.
    pub fn write_rows(self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        let mut json = Vec::new();
        batch.write_rows(out, |out, values| match self {
            Self::Csv => {
                for (at, value) in values.enumerate() {
                    json.clear();
                    value.write(&mut json);
                    separate(at, out);
                    write_cell(&json, out);
                }
                out.extend_from_slice(b"\r\n");
            }
            Self::Ndjson => {
                out.push(b'{');
                for (at, value) in values.enumerate() {
                    separate(at, out);
                    out.push(b'"');
                    out.extend_from_slice(value.name().as_bytes());
                    out.extend_from_slice(b"\":");
                    value.write(out);
                }
                out.extend_from_slice(b"}\n");
            }
        });
    }
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

/// Writes a value in JSON as a cell: a text as it is, null as nothing, and everything else as its JSON.
fn write_cell(json: &[u8], out: &mut Vec<u8>) {
    match json.first() {
        Some(b'"') => {
            let text: String = serde_json::from_slice(json).unwrap_or_default();
            // A spreadsheet would run it as a formula.
            let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            write_text(&if is_formula { format!("'{text}") } else { text }, out);
        }
        Some(b'n') | None => {}
        Some(_) => write_text(&String::from_utf8_lossy(json), out),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    if !text.contains([',', '"', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(json: &str) -> String {
        let mut out = Vec::new();
        write_cell(json.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_as_rfc_4180_has_it() {
        for (json, written) in [
            ("\"plain\"", "plain"),
            ("\"a,b\"", "\"a,b\""),
            (r#""say \"hello\"""#, r#""say ""hello""""#),
            (r#""two\r\nlines""#, "\"two\r\nlines\""),
            ("\"naïve 诊所\"", "naïve 诊所"),
            ("\"\"", ""),
            ("null", ""),
            ("true", "true"),
            ("-12", "-12"),
            (r#"[{"field":"status"}]"#, r#""[{""field"":""status""}]""#),
        ] {
            assert_eq!(cell(json), written, "{json}");
        }
    }

    #[test]
    fn no_text_is_run_as_a_formula() {
        for (json, written) in [
            ("\"=1+1\"", "'=1+1"),
            ("\"+1\"", "'+1"),
            ("\"-1\"", "'-1"),
            ("\"@SUM(A1)\"", "'@SUM(A1)"),
            (r#""\tx""#, "'\tx"),
            (r#""\rx""#, "\"'\rx\""),
            (r#""=HYPERLINK(\"http://x.example\",\"y\")""#, r#""'=HYPERLINK(""http://x.example"",""y"")""#),
            ("\"1=1\"", "1=1"),
        ] {
            assert_eq!(cell(json), written, "{json}");
        }
    }
}
