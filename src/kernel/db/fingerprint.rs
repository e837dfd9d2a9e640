//! What the database must grant, check and run by itself: roles, grants, policies, triggers, functions and views, as lines of
//! text. The migrations make them; `migrations/fingerprint.txt` has them for this version, and the server compares before it
//! starts. Names and flags alone would not do: a policy `… or true` and a trigger that somebody switched off have them too.

use std::collections::BTreeMap;

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::gate::Finding;
use crate::kernel::Result;

const EXPECTED: &str = include_str!("../../../migrations/fingerprint.txt");

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The lines of a database, each `<thing>: <what it is>`.
pub async fn lines(connection: &mut AsyncPgConnection) -> Result<Vec<String>> {
    let lines: Vec<Line> = sql_query(include_str!("fingerprint.sql")).load(connection).await?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

/// Where a database differs from what this version makes of it.
pub(super) async fn differences(connection: &mut AsyncPgConnection) -> Result<Vec<Finding>> {
    Ok(compare(EXPECTED, &lines(connection).await?.join("\n")))
}

fn compare(expected: &str, found: &str) -> Vec<Finding> {
    let (mut expected, found) = (things(expected), things(found));
    let mut findings = Vec::new();
    for (thing, is) in found {
        match expected.remove(thing) {
            Some(should) if should == is => {}
            Some(should) => findings.push(Finding {
                problem: format!("the {thing} is not what this version makes: {is}"),
                remedy: format!("make it again: {should}"),
            }),
            None => findings.push(Finding {
                problem: format!("the {thing} does not belong here: {is}"),
                remedy: "remove it".to_owned(),
            }),
        }
    }
    findings.extend(expected.into_iter().map(|(thing, should)| Finding {
        problem: format!("the {thing} is missing"),
        remedy: format!("make it again: {should}"),
    }));
    findings
}

fn things(lines: &str) -> BTreeMap<&str, &str> {
    lines.lines().filter_map(|line| line.split_once(": ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_named() {
        let problems = |found: &str| -> Vec<String> {
            compare("role a: login\npolicy p on t: using (x)", found)
                .into_iter()
                .map(|finding| finding.problem)
                .collect()
        };

        assert_eq!(problems("role a: login\npolicy p on t: using (x)"), Vec::<String>::new());
        assert_eq!(
            problems("role b: login\npolicy p on t: using (x or true)"),
            [
                "the policy p on t is not what this version makes: using (x or true)",
                "the role b does not belong here: login",
                "the role a is missing",
            ]
        );
    }
}
