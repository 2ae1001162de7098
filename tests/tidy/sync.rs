//! What the sync protocol's proof rests on: one place that writes the change feed, SQL that every supported database
//! understands, and a document whose tests exist.

use std::collections::BTreeSet;

use crate::source::{File, code_without_tests, files_with, string_literals};
use crate::{offences, refuse};

fn server_code() -> impl Iterator<Item = File> {
    files_with(&["rs"])
        .into_iter()
        .filter(|file| file.path.starts_with("server/src/") && !file.is_test())
}

fn statements(file: &File) -> Vec<String> {
    string_literals(&code_without_tests(&file.text))
        .into_iter()
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_feed_is_written_in_one_place() {
    let others = server_code().filter(|file| file.path != "server/src/store/dirty.rs");
    let found = offences(others, |file| {
        statements(file)
            .into_iter()
            .filter(|sql| sql.contains("INTO sync_outbox"))
            .collect()
    });
    refuse(
        &found,
        "Whoever writes an aggregate marks its scopes through store/dirty.rs: a change the feed does not know reaches nobody",
    );
}

/// What one of MySQL 5.7, MariaDB and TiDB does not know, or knows differently.
const NOT_SHARED: [&str; 8] = [
    "SKIP LOCKED",
    " RETURNING ",
    " OVER (",
    "GET_LOCK(",
    "NEXT VALUE FOR",
    "CREATE TRIGGER",
    "WITH RECURSIVE",
    "ON DELETE CASCADE",
];

#[test]
fn sql_is_what_all_supported_databases_share() {
    let migrations = files_with(&["sql"])
        .into_iter()
        .filter(|file| file.path.starts_with("migrations/mysql/"))
        .map(|file| {
            let text = file.text.split_whitespace().collect::<Vec<_>>().join(" ");
            (file.path, vec![text])
        });
    let code = server_code().map(|file| {
        let statements = statements(&file);
        (file.path, statements)
    });
    let found: Vec<String> = migrations
        .chain(code)
        .flat_map(|(path, statements)| {
            unshared(&statements)
                .into_iter()
                .map(move |word| format!("{path}: {}", word.trim()))
        })
        .collect();
    refuse(
        &found,
        "The server runs on MySQL 5.7, MariaDB and TiDB: only what all of them understand alike",
    );
}

fn unshared(statements: &[String]) -> Vec<&'static str> {
    let is_in = |word: &str| {
        statements
            .iter()
            .any(|sql| sql.to_uppercase().contains(word))
    };
    NOT_SHARED.into_iter().filter(|word| is_in(word)).collect()
}

#[test]
fn every_test_that_the_rules_of_sync_are_shown_by_exists() {
    let functions: BTreeSet<String> = files_with(&["rs"])
        .iter()
        .flat_map(|file| functions_of(&file.text))
        .collect();
    let rules = files_with(&["md"])
        .into_iter()
        .filter(|file| file.path == "docs/sync.md");
    let found = offences(rules, |file| {
        let named = tests_named(&file.text);
        assert!(named.len() > 100, "docs/sync.md names its tests");
        named
            .into_iter()
            .filter(|name| !functions.contains(name))
            .collect()
    });
    refuse(&found, "docs/sync.md says of each rule which test shows it");
}

/// Names of functions: what stands between `fn ` and a bracket.
fn functions_of(text: &str) -> Vec<String> {
    text.split("fn ")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

/// In the document's tables: words in code type that are spelt like a test's name.
fn tests_named(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|word| word.matches('_').count() > 1)
        .filter(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn these_rules_see_what_they_look_for() {
    let lock = ["SELECT id FROM t FOR UPDATE SKIP LOCKED".to_owned()];
    assert_eq!(unshared(&lock), ["SKIP LOCKED"]);
    assert_eq!(functions_of("async fn a_b_c(db) {}"), ["a_b_c"]);
    assert!(tests_named("| 1 | x | `a_b_c`, `make test` |").contains("a_b_c"));
}
