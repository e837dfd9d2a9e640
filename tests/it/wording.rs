//! Words of the API and of the documentation: every description is complete by itself, in plain English.

use std::{fs, path::Path};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

const FEWEST_WORDS: usize = 4;

/// First words that refer to something outside the description, or make a clause of it.
const LEADING: &[&str] = &[
    "anything",
    "he",
    "her",
    "his",
    "how",
    "it",
    "its",
    "she",
    "somebody",
    "someone",
    "something",
    "that",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "those",
    "we",
    "what",
    "whatever",
    "when",
    "where",
    "which",
    "who",
    "whoever",
    "whom",
    "whose",
    "why",
    "yes",
    "you",
    "your",
];

/// Words with a plain equivalent: say notify or report for tell, receive for hear, stored or retained for kept.
const AVOIDED: &[&str] = &[
    "gone",
    "hands",
    "hear",
    "heard",
    "hears",
    "how much it",
    "kept",
    "meant",
    "of whatever",
    "presses",
    "put away",
    "puts away",
    "so many",
    "stands",
    "tell",
    "telling",
    "tells",
    "to the letter",
    "told",
    "where it stands",
    "which one",
    "which ones",
    "which way",
    "whoever",
    "whomever",
];

/// Avoided in descriptions only: how null is described ("Null if …"), and idioms.
const AVOIDED_IN_DESCRIPTIONS: &[&str] =
    &["; null", "implement", "in the same room", "lets in", "null when", "under one roof", "wall clock", "wall clocks"];

/// Metaphors for parts of the software. A clinic has rooms and doors, so the API may use these words.
const METAPHORS: &[&str] = &[
    "door", "doors", "house", "houses", "mould", "moulds", "room", "rooms", "roof", "walk", "walked", "walking",
    "walks", "wall", "walls",
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Boolean,
    Mutation,
    Other,
}

/// Text in lower case with single spaces between words and around it; only the punctuation that a rule needs is left.
fn words(text: &str) -> String {
    let spaced: String =
        text.chars().map(|char| if char.is_alphanumeric() || "'_`-".contains(char) { char } else { ' ' }).collect();
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(" {} ", joined.to_lowercase())
}

/// Those of the listed words that a text has.
fn found<'a>(text: &str, listed: impl IntoIterator<Item = &'a &'static str>) -> Vec<&'static str> {
    let (words, plain) = (words(text), text.to_lowercase());
    listed
        .into_iter()
        .copied()
        .filter(|word| if word.starts_with(';') { plain.contains(word) } else { words.contains(&format!(" {word} ")) })
        .collect()
}

/// What is wrong with a description.
fn problems(kind: Kind, description: Option<&str>) -> Vec<String> {
    let Some(text) = description else { return vec!["is missing".to_owned()] };
    let all = words(text);
    let all: Vec<&str> = all.split_whitespace().collect();
    let first = all.first().copied().unwrap_or_default();
    let mut problems = Vec::new();
    if all.len() < FEWEST_WORDS {
        problems.push(format!("has fewer than {FEWEST_WORDS} words"));
    }
    if LEADING.contains(&first) {
        problems.push(format!("begins with \"{first}\""));
    }
    if kind == Kind::Boolean && first != "whether" {
        problems.push("does not begin with \"Whether\"".to_owned());
    }
    if kind == Kind::Mutation && (!first.ends_with('s') || first.ends_with("ss")) {
        problems.push("does not begin with a verb such as \"Opens\"".to_owned());
    }
    for word in found(text, AVOIDED.iter().chain(AVOIDED_IN_DESCRIPTIONS)) {
        problems.push(format!("has \"{word}\""));
    }
    problems
}

fn is_boolean(ty: &Type) -> bool {
    matches!(&ty.base, BaseType::Named(name) if name == "Boolean")
}

/// The descriptions of a schema that break a rule: one line for each, with its coordinate, its text and what is wrong.
fn refused(sdl: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut check = |name: String, kind: Kind, description: Option<&Positioned<String>>| {
        let text = description.map(|text| text.node.as_str());
        let problems = problems(kind, text);
        if !problems.is_empty() {
            let text = text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            lines.push(format!("{name}: {}: {text}", problems.join(", ")));
        }
    };
    for definition in parse_schema(sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let definition = definition.node;
        let of = &definition.name.node;
        check(of.to_string(), Kind::Other, definition.description.as_ref());
        let mut fields = |fields: &[Positioned<FieldDefinition>]| {
            for FieldDefinition { name, description, ty, arguments, .. } in fields.iter().map(|field| &field.node) {
                let kind = match of.as_str() {
                    "Mutation" => Kind::Mutation,
                    _ if is_boolean(&ty.node) => Kind::Boolean,
                    _ => Kind::Other,
                };
                check(format!("{of}.{name}"), kind, description.as_ref());
                for InputValueDefinition { name: argument, description, .. } in arguments.iter().map(|one| &one.node) {
                    check(format!("{of}.{name}({argument}:)"), Kind::Other, description.as_ref());
                }
            }
        };
        match &definition.kind {
            TypeKind::Object(object) => fields(&object.fields),
            TypeKind::Interface(interface) => fields(&interface.fields),
            TypeKind::Enum(values) => {
                for value in values.values.iter().map(|value| &value.node) {
                    check(format!("{of}.{}", value.value), Kind::Other, value.description.as_ref());
                }
            }
            TypeKind::InputObject(input) => {
                for field in input.fields.iter().map(|field| &field.node) {
                    let kind = if is_boolean(&field.ty.node) { Kind::Boolean } else { Kind::Other };
                    check(format!("{of}.{}", field.name), kind, field.description.as_ref());
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    lines
}

/// Prose of a Markdown text, by line: without blocks and spans of code, and without addresses of links.
fn prose(markdown: &str) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (number, line) in markdown.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let without_spans = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
            let without_links = without_spans.split("](").enumerate().map(|(at, part)| match at {
                0 => part,
                _ => part.split_once(')').map_or("", |(_, rest)| rest),
            });
            lines.push((number + 1, without_links.collect::<Vec<_>>().join(" ")));
        }
    }
    lines
}

/// The words in a Markdown text that it should not have, with their lines.
fn avoided_in(file: &str, markdown: &str) -> Vec<String> {
    let line = |(number, text): (usize, String)| {
        found(&text, AVOIDED.iter().chain(METAPHORS))
            .into_iter()
            .map(move |word| format!("{file}:{number}: \"{word}\""))
            .collect::<Vec<_>>()
    };
    prose(markdown).into_iter().flat_map(line).collect()
}

#[test]
fn every_description_of_the_schema_is_complete_in_plain_words() {
    let refused = refused(&clinigraph::graphql::sdl());

    assert!(refused.is_empty(), "{} descriptions:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn the_documentation_has_no_metaphors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    files.extend([root.join("README.md"), root.join("web/README.md")]);
    files.sort();
    let avoided = |file: &std::path::PathBuf| {
        avoided_in(&file.strip_prefix(root).unwrap().to_string_lossy(), &fs::read_to_string(file).unwrap())
    };

    let avoided: Vec<String> = files.iter().flat_map(avoided).collect();

    assert!(avoided.is_empty(), "{} words:\n{}", avoided.len(), avoided.join("\n"));
}

#[test]
fn a_description_that_breaks_a_rule_is_refused() {
    let sdl = r#"
        "Ticket that a clinic opens."
        type Ticket {
            "Subject of the ticket in one line."
            title: String!
            "The subject."
            short: String
            "What the ticket is about."
            topic: String
            "Urgency; how much it presses."
            urgency: Int
            "Time of the resolution; null when it is open."
            resolvedAt: String
            "Shows that the ticket is urgent."
            isUrgent: Boolean!
            "Whether the ticket is closed."
            isClosed(
                "Also those of other clinics."
                all: Boolean
                none: Boolean
            ): Boolean!
        }
        "Mutations that the API offers."
        type Mutation {
            "Open a new support ticket."
            openTicket: Ticket
            "Closes a ticket for good."
            closeTicket: Ticket
        }
        "Status of a ticket."
        enum Status {
            "It is being worked on."
            OPEN
        }
        "Ticket to open, with everything in it."
        input OpenInput {
            "Marks the ticket as internal."
            internal: Boolean
        }
        scalar Bare
    "#;

    let refused = refused(sdl);

    assert_eq!(
        refused,
        [
            "Ticket.short: has fewer than 4 words: The subject.",
            "Ticket.topic: begins with \"what\": What the ticket is about.",
            "Ticket.urgency: has \"how much it\", has \"presses\": Urgency; how much it presses.",
            "Ticket.resolvedAt: has \"; null\", has \"null when\": Time of the resolution; null when it is open.",
            "Ticket.isUrgent: does not begin with \"Whether\": Shows that the ticket is urgent.",
            "Ticket.isClosed(none:): is missing: ",
            "Mutation.openTicket: does not begin with a verb such as \"Opens\": Open a new support ticket.",
            "Status.OPEN: begins with \"it\": It is being worked on.",
            "OpenInput.internal: does not begin with \"Whether\": Marks the ticket as internal.",
            "Bare: is missing: ",
        ]
    );
}

#[test]
fn metaphors_are_found_in_prose_but_not_in_code() {
    let markdown =
        "# The house\n\nSee `rooms` and [a page](docs/door.md).\n```sql\nselect * from walls;\n```\nA Walk, told.";

    assert_eq!(
        avoided_in("docs/A.md", markdown),
        ["docs/A.md:1: \"house\"", "docs/A.md:7: \"told\"", "docs/A.md:7: \"walk\""]
    );
}
