//! The limits of a document, checked before anything visits it: first on the text, then on the tree, with every fragment
//! measured once. A document of 800 bytes can expand to millions of fields; measuring it is cheap all the same.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet},
};

use crate::kernel::{Code, Error, Result};

/// The limits of one operation.
#[derive(Debug, Clone)]
pub struct Limits {
    pub document_bytes: usize,
    pub tokens: usize,
    /// Levels of brackets before parsing, then levels of selections with fragments included: all code that visits a
    /// document recurses.
    pub nesting: usize,
    pub depth: u64,
    /// Fields and fragments, with the content of a fragment counted wherever it is spread.
    pub selections: u64,
    pub aliases: u64,
    pub directives: u64,
    pub root_fields: u64,
    pub cost: u64,
    pub input_list: usize,
    /// Levels of lists in an introspection query: types have fields, whose types have fields, and each level multiplies
    /// the answer.
    pub schema_lists: u64,
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
            schema_lists: 2,
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
                        return Err(Error::new(
                            Code::TooDeep,
                            format!("the document nests brackets deeper than the limit of {}", self.nesting),
                        )
                        .limit(self.nesting as u64));
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
                return Err(Error::new(
                    Code::TooLarge,
                    format!("the document has more tokens than the limit of {}", self.tokens),
                )
                .limit(self.tokens as u64));
            }
        }
        Ok(())
    }

    /// Measures the tree.
    pub fn check_tree(&self, document: &ExecutableDocument) -> Result<()> {
        let mut measure = Measure {
            fragments: &document.fragments,
            known: HashMap::new(),
            longest_list: self.input_list,
            schema_lists: self.schema_lists,
        };
        let mut whole = Size::default();
        for (_, operation) in document.operations.iter() {
            let set = &operation.node.selection_set.node;
            let size = measure.set(set)?;
            // Root fields count for each operation, everything else for the document.
            let roots = whole.roots.max(size.roots);
            whole.add(size);
            whole.roots = roots;
            whole.directives = whole.directives.saturating_add(operation.node.directives.len() as u64);
        }
        // Validation refuses a fragment that no operation spreads, but visits it first.
        for name in document.fragments.keys() {
            let size = measure.fragment(name)?;
            whole.selections = whole.selections.max(size.selections);
            whole.nesting = whole.nesting.max(size.nesting);
        }
        let checks = [
            (whole.selections, self.selections, Code::TooComplex, "selections"),
            (whole.roots, self.root_fields, Code::TooComplex, "fields at its root"),
            (whole.aliases, self.aliases, Code::TooComplex, "aliases"),
            (whole.directives, self.directives, Code::TooComplex, "directives"),
            (whole.depth, self.depth, Code::TooDeep, "levels of fields"),
            (whole.nesting, self.nesting as u64, Code::TooDeep, "levels of selections"),
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

/// The end of the string that begins before `at`. Refuses an escaped NUL, which Postgres cannot store, and a string
/// without an end: in a block string the parser would read an empty string and continue with text that was not measured.
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
        return Err(Error::new(Code::ParseFailed, "a block string is not closed"));
    }
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if rest.starts_with(b"\\u0000") || rest.starts_with(b"\\u{0") {
            return Err(Error::new(Code::InvalidInput, "a string must not contain the character U+0000"));
        }
        at += match byte {
            b'\\' => 2,
            b'"' => return Ok(at + 1),
            b'\n' | b'\r' => break,
            _ => 1,
        };
    }
    Err(Error::new(Code::ParseFailed, "a string is not closed"))
}

#[derive(Debug, Default, Clone, Copy)]
struct Size {
    selections: u64,
    /// Fields at the top, including those in fragments.
    roots: u64,
    depth: u64,
    /// Levels of selections, including fragments.
    nesting: u64,
    aliases: u64,
    directives: u64,
    /// Levels of introspection fields that are lists.
    schema_lists: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.roots = self.roots.saturating_add(other.roots);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.schema_lists = self.schema_lists.max(other.schema_lists);
    }
}

struct Measure<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Sizes of fragments; `None` while one is being measured.
    known: HashMap<&'a str, Option<Size>>,
    longest_list: usize,
    schema_lists: u64,
}

impl<'a> Measure<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Result<Size> {
        let mut whole = Size::default();
        for selection in &set.items {
            let mut size = match &selection.node {
                Selection::Field(field) => {
                    self.field(&field.node)?;
                    let below = self.set(&field.node.selection_set.node)?;
                    let name = field.node.name.node.as_str();
                    let aliases = below.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    let lists = matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
                    let schema_lists = below.schema_lists + u64::from(lists);
                    // Introspection queries are deep; only their lists multiply.
                    if matches!(name, "__schema" | "__type") {
                        if schema_lists > self.schema_lists {
                            let what = format!("{schema_lists} levels of introspection lists");
                            return Err(over(Code::TooDeep, &what, self.schema_lists));
                        }
                        Size { roots: 1, aliases, depth: 1, schema_lists: 0, ..below }
                    } else {
                        Size { roots: 1, aliases, depth: below.depth + 1, schema_lists, ..below }
                    }
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            };
            // A fragment counts itself too: even an empty one has to be visited.
            size.selections = size.selections.saturating_add(1);
            size.directives = size.directives.saturating_add(selection.node.directives().len() as u64);
            whole.add(size);
        }
        whole.nesting += u64::from(!set.items.is_empty());
        Ok(whole)
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Size> {
        match self.known.get(name.as_str()) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Error::new(Code::ValidationFailed, format!("the fragment {name} must not spread itself")));
            }
            None => {}
        }
        // Validation reports a fragment that does not exist.
        let Some(fragment) = self.fragments.get(name.as_str()) else { return Ok(Size::default()) };
        self.known.insert(name.as_str(), None);
        let mut size = self.set(&fragment.node.selection_set.node)?;
        size.directives = size.directives.saturating_add(fragment.node.directives.len() as u64);
        self.known.insert(name.as_str(), Some(size));
        Ok(size)
    }

    /// Checks the literals in a field's arguments; the values of variables are checked later.
    fn field(&self, field: &Field) -> Result<()> {
        for (name, value) in &field.arguments {
            let value = value.node.clone().into_const_with(|_| Ok::<_, Error>(Value::Null))?;
            self.value(&name.node, &value)?;
        }
        Ok(())
    }

    fn value(&self, path: &str, value: &Value) -> Result<()> {
        match value {
            Value::List(items) if items.len() > self.longest_list => {
                Err(Error::invalid(path, too_many_items(items.len(), self.longest_list))
                    .limit(self.longest_list as u64))
            }
            Value::List(items) => {
                items.iter().enumerate().try_for_each(|(at, item)| self.value(&format!("{path}.{at}"), item))
            }
            Value::Object(fields) => {
                fields.iter().try_for_each(|(name, value)| self.value(&format!("{path}.{name}"), value))
            }
            _ => Ok(()),
        }
    }
}

/// The message about a list that is longer than the limit.
pub fn too_many_items(count: usize, limit: usize) -> String {
    format!("must have at most {limit} items, not {count}")
}
