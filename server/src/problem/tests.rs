//! Every code has words of its own in both languages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{Problem, words};
use huishou_domain::{pricing::Lang, visit::Refusal};
use std::{collections::BTreeSet, fs, path::Path};

/// What stands before a problem's code in the source, blanks taken out.
const BEFORE: [&str; 5] = [
    "Problem::unauthorized(\"",
    "Problem::conflict(\"",
    "Problem::unavailable(\"",
    "Problem::too_many(\"",
    "refused(\"",
];

/// Codes written in the source where problems are made.
fn codes_in(text: &str) -> BTreeSet<String> {
    let dense: String = text.split_whitespace().collect();
    // What a command is refused for may be a field's fault, which has words as such.
    let dense = dense.replace("Stop::refused(", "");
    let literal = |rest: &str| rest.split('"').next().unwrap_or_default().to_owned();
    let mut codes = BTreeSet::new();
    for before in BEFORE {
        codes.extend(dense.split(before).skip(1).map(literal));
    }
    for rest in dense.split("Problem::new(").skip(1) {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        codes.extend(after.strip_prefix(",\"").map(literal));
    }
    codes
}

fn all_codes(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        if path.is_dir() {
            all_codes(&path, codes);
        } else if path.extension().is_some_and(|e| e == "rs") && !is_test {
            let text = fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]").next().unwrap_or_default();
            codes.append(&mut codes_in(product));
        }
    }
}

#[test]
fn every_problem_says_in_both_languages_what_happened() {
    let mut codes = BTreeSet::new();
    all_codes(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut codes,
    );
    assert!(codes.len() > 50 && codes.contains("slot_full"), "{codes:?}");
    for refusal in [
        Refusal::InService,
        Refusal::Completed,
        Refusal::Cancelled,
        Refusal::Paid,
        Refusal::NoAppointment,
        Refusal::UnknownQuote,
        Refusal::QuoteSuperseded,
        Refusal::NotWeighed,
        Refusal::AlreadyWeighed,
        Refusal::IdTaken,
        Refusal::PriceStale,
        Refusal::PriceMismatch,
        Refusal::UnknownBook,
    ] {
        codes.insert(refusal.as_str().to_owned());
    }
    let wordless: Vec<_> = codes
        .iter()
        .filter(|code| words::problem_words(code).is_none())
        .collect();
    assert!(wordless.is_empty(), "without words: {wordless:?}");
}

#[test]
fn every_fault_of_a_field_that_is_published_has_words_of_its_own() {
    let published = include_str!("../routes/schema/errors.rs");
    let list = published.split("errors[]: ").nth(1).expect("the list");
    let list = list.split(';').next().unwrap();
    let plain = words::field("x", "no such code", Lang::En);
    let mut count = 0;
    for code in list.split(',').map(str::trim) {
        count += 1;
        for lang in [Lang::Zh, Lang::En] {
            assert_ne!(words::field("x", code, Lang::En), plain, "{code}");
            assert!(!words::field("x", code, lang).is_empty());
        }
    }
    assert!(count > 20);
}

#[test]
fn the_two_languages_differ_and_each_is_itself() {
    let problem = Problem::new(409, "slot_full");
    let (zh, en) = (problem.body(Lang::Zh, "x"), problem.body(Lang::En, "x"));
    assert_eq!((&zh["code"], &zh["title"]), (&en["code"], &en["title"]));
    assert!(en["detail"].as_str().unwrap().is_ascii());
    assert!(!zh["detail"].as_str().unwrap().is_ascii());
}
