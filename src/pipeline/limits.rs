//! What a document may be at most, measured before anything walks it: first the text, then the tree with every
//! fragment measured once. A document of 800 bytes can stand for millions of fields; here that costs nothing.

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
    /// Brackets in brackets before the document is parsed, then selections in selections, through fragments too: all
    /// who walk a document do so on the stack.
    pub nesting: usize,
    pub depth: u64,
    /// Fields and fragments, with all that is in a fragment counted wherever it is spread.
    pub selections: u64,
    pub aliases: u64,
    pub directives: u64,
    pub root_fields: u64,
    pub cost: u64,
    pub input_list: usize,
    /// Lists of the schema within lists of the schema: types have fields, whose types have fields, and each level
    /// multiplies what introspection answers.
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
        let mut measured = Measured {
            fragments: &document.fragments,
            known: HashMap::new(),
            longest_list: self.input_list,
            schema_lists: self.schema_lists,
        };
        let mut whole = Size::default();
        for (_, operation) in document.operations.iter() {
            let set = &operation.node.selection_set.node;
            let size = measured.set(set)?;
            // Each operation has a root of its own; the rest counts together.
            let roots = whole.roots.max(size.roots);
            whole.add(size);
            whole.roots = roots;
            whole.directives = whole.directives.saturating_add(operation.node.directives.len() as u64);
        }
        // A fragment that no operation spreads is refused later, by validation; it must not cost until then.
        for name in document.fragments.keys() {
            let size = measured.fragment(name)?;
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
    /// Fields that stand at the top, in fragments too.
    roots: u64,
    depth: u64,
    /// Levels of selections, fragments among them.
    nesting: u64,
    aliases: u64,
    directives: u64,
    /// Fields within each other that list a part of the schema.
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

struct Measured<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Sizes of fragments; `None` while one is being measured.
    known: HashMap<&'a str, Option<Size>>,
    longest_list: usize,
    schema_lists: u64,
}

impl<'a> Measured<'a> {
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
                    // Introspection is deep by nature: what counts there are the lists.
                    if matches!(name, "__schema" | "__type") {
                        if schema_lists > self.schema_lists {
                            let what = format!("{schema_lists} levels of lists of the schema");
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
            // Fragments count themselves: those without a field in them are walked by others like any.
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

    /// Looks at the values of a field's arguments; those of variables come later.
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

/// The message against a list that is longer than the limit.
pub fn too_many_items(count: usize, limit: usize) -> String {
    format!("must have at most {limit} items, not {count}")
}
