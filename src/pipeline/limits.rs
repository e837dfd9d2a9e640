//! What a document may be at most, measured before anything walks it: first the text, then the tree with every
//! fragment measured once. A document of 800 bytes can stand for millions of fields; here that costs nothing.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

use crate::kernel::{Code, Error, Result};

/// The limits of one operation.
#[derive(Debug, Clone)]
pub struct Limits {
    pub document_bytes: usize,
    pub tokens: usize,
    /// Brackets in brackets, before the document is parsed: the parser works on the stack.
    pub nesting: usize,
    pub depth: u64,
    /// Fields and spreads of fragments, each fragment counted wherever it is spread.
    pub selections: u64,
    pub aliases: u64,
    pub directives: u64,
    pub root_fields: u64,
    pub cost: u64,
    pub input_list: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 16 * 1024,
            tokens: 2_000,
            nesting: 60,
            depth: 12,
            selections: 2_000,
            aliases: 30,
            directives: 20,
            root_fields: 20,
            cost: 2_000,
            input_list: 250,
        }
    }
}

fn over(code: Code, what: &str, limit: u64) -> Error {
    Error::new(code, format!("the document has {what}, more than the limit of {limit}")).limit(limit)
}

impl Limits {
    /// Measures the text: its bytes, its tokens and its brackets.
    pub fn check_text(&self, text: &str) -> Result<()> {
        if text.len() > self.document_bytes {
            return Err(over(Code::TooLarge, &format!("{} bytes", text.len()), self.document_bytes as u64));
        }
        let bytes = text.as_bytes();
        let (mut at, mut tokens, mut nesting) = (0, 0usize, 0usize);
        while let Some(byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'#' => {
                    at += bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len() - at);
                    continue;
                }
                b'"' => at = end_of_string(bytes, at)?,
                b'{' | b'(' | b'[' => {
                    nesting += 1;
                    if nesting > self.nesting {
                        return Err(over(Code::TooDeep, "brackets nested deeper", self.nesting as u64));
                    }
                }
                b'}' | b')' | b']' => nesting = nesting.saturating_sub(1),
                byte if is_word(*byte) => {
                    at += bytes[at..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - at);
                }
                b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
                _ => {}
            }
            tokens += 1;
            if tokens > self.tokens {
                return Err(over(Code::TooLarge, "more tokens", self.tokens as u64));
            }
        }
        Ok(())
    }

    /// Measures the tree.
    pub fn check_tree(&self, document: &ExecutableDocument) -> Result<()> {
        let mut measured = Measured { fragments: &document.fragments, known: HashMap::new() };
        let mut whole = Size::default();
        for (_, operation) in document.operations.iter() {
            let size = measured.set(&operation.node.selection_set.node)?;
            whole.roots = whole.roots.max(size.roots);
            whole.selections = whole.selections.saturating_add(size.selections);
            whole.longest_list = whole.longest_list.max(size.longest_list);
            whole.aliases = whole.aliases.saturating_add(size.aliases);
            whole.directives =
                whole.directives.saturating_add(size.directives + operation.node.directives.len() as u64);
            whole.depth = whole.depth.max(size.depth);
        }
        // A fragment that no operation spreads is refused later, by validation; it must not cost until then.
        for name in document.fragments.keys() {
            let size = measured.fragment(name)?;
            whole.selections = whole.selections.max(size.selections);
            whole.longest_list = whole.longest_list.max(size.longest_list);
        }
        let checks = [
            (whole.selections, self.selections, Code::TooComplex, "selections"),
            (whole.roots, self.root_fields, Code::TooComplex, "fields at its root"),
            (whole.aliases, self.aliases, Code::TooComplex, "aliases"),
            (whole.directives, self.directives, Code::TooComplex, "directives"),
            (whole.depth, self.depth, Code::TooDeep, "levels of fields"),
            (whole.longest_list, self.input_list as u64, Code::InvalidInput, "items in a list"),
        ];
        match checks.into_iter().find(|(size, limit, ..)| size > limit) {
            Some((size, limit, code, what)) => Err(over(code, &format!("{size} {what}"), limit)),
            None => Ok(()),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+') || byte >= 0x80
}

/// Where the string that begins before `at` ends. Refuses an escaped NUL, which Postgres cannot keep, and a
/// string without an end: where that is a block string, the parser reads an empty string and goes on, unmeasured.
fn end_of_string(bytes: &[u8], mut at: usize) -> Result<usize> {
    if bytes[at..].starts_with(b"\"\"") {
        at += 2;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if rest.starts_with(b"\"\"\"") {
                return Ok(at + 3);
            }
            at += if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
        }
        return Err(Error::new(Code::ParseFailed, "a block string has no end"));
    }
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if rest.starts_with(b"\\u0000") || rest.starts_with(b"\\u{0") {
            return Err(Error::new(Code::InvalidInput, "a string must not have the character NUL in it"));
        }
        at += match byte {
            b'\\' => 2,
            b'"' => return Ok(at + 1),
            b'\n' | b'\r' => break,
            _ => 1,
        };
    }
    Err(Error::new(Code::ParseFailed, "a string has no end"))
}

#[derive(Debug, Default, Clone, Copy)]
struct Size {
    selections: u64,
    /// Fields that stand directly in the set, fragments written out.
    roots: u64,
    depth: u64,
    aliases: u64,
    directives: u64,
    /// Items of the longest list that is written as an argument.
    longest_list: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.roots = self.roots.saturating_add(other.roots);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.longest_list = self.longest_list.max(other.longest_list);
    }
}

fn longest_list(value: &Value) -> u64 {
    match value {
        Value::List(items) => items.iter().map(longest_list).max().unwrap_or(0).max(items.len() as u64),
        Value::Object(fields) => fields.values().map(longest_list).max().unwrap_or(0),
        _ => 0,
    }
}

struct Measured<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Sizes of fragments; `None` while one is being measured.
    known: HashMap<&'a str, Option<Size>>,
}

impl<'a> Measured<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Result<Size> {
        let mut whole = Size::default();
        for selection in &set.items {
            let mut size = match &selection.node {
                Selection::Field(field) => {
                    let mut size = self.set(&field.node.selection_set.node)?;
                    size.roots = 1;
                    for (_, value) in &field.node.arguments {
                        // Variables are measured with their values.
                        let written = value.node.clone().into_const_with(|_| Ok::<_, ()>(Value::Null));
                        size.longest_list = size.longest_list.max(written.as_ref().map_or(0, longest_list));
                    }
                    size.aliases = size.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    // Introspection is deep by nature, and bounded by the schema and the count of fields.
                    let introspects = matches!(field.node.name.node.as_str(), "__schema" | "__type");
                    size.depth = if introspects { 1 } else { size.depth + 1 };
                    size
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            };
            // A spread counts as well: a fragment of nothing but spreads has no field, and is walked all the same.
            size.selections = size.selections.saturating_add(1);
            size.directives = size.directives.saturating_add(selection.node.directives().len() as u64);
            whole.add(size);
        }
        Ok(whole)
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Size> {
        match self.known.get(name.as_str()) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Error::new(Code::ValidationFailed, format!("the fragment {name} spreads itself")));
            }
            None => {}
        }
        // One that does not exist is for validation to tell.
        let Some(fragment) = self.fragments.get(name.as_str()) else { return Ok(Size::default()) };
        self.known.insert(name.as_str(), None);
        let mut size = self.set(&fragment.node.selection_set.node)?;
        size.directives = size.directives.saturating_add(fragment.node.directives.len() as u64);
        self.known.insert(name.as_str(), Some(size));
        Ok(size)
    }
}
