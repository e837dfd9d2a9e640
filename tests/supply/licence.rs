//! Expressions of licences, as SPDX writes them: `(MIT OR Apache-2.0) AND BSD-3-Clause`.

/// Whether the licences that are allowed satisfy an expression.
pub fn is_allowed(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    // As older packages write OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let holds = any(&mut words, allowed);
    holds && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        holds |= all(words, allowed);
    }
    holds
}

fn all(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> bool {
    match words.next() {
        Some("(") => {
            let holds = any(words, allowed);
            words.next() == Some(")") && holds
        }
        Some(licence) => match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
            Some(exception) => allowed(&format!("{licence} WITH {exception}")),
            None => allowed(licence),
        },
        None => false,
    }
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allowed = |expression: &str| is_allowed(expression, &|licence| ["MIT", "ISC", "A WITH B"].contains(&licence));

    for yes in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND ISC", "A WITH B", "GPL-3.0 AND X OR ISC"]
    {
        assert!(allowed(yes), "{yes}");
    }
    for no in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR X)", "A", "MIT ISC", "(MIT", "MIT WITH B"] {
        assert!(!allowed(no), "{no}");
    }
}
