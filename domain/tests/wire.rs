//! A golden text for every message of sync and every older form of it, in `wire.ndjson`. Devices in the field hold and
//! send these: a text is added beside the others when a field is added, and none is ever changed.

use huishou_domain::sync::check::Check;
use huishou_domain::sync::message::{
    Dropped, Gap, Mutation, PullAnswer, PullRequest, PushAnswer, PushRequest, Put, Verdict,
};
use huishou_domain::sync::revocation::Statement;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;

/// The golden texts.
pub const TEXTS: &str = include_str!("wire.ndjson");
const SOURCES: [&str; 2] = [
    include_str!("../src/sync/message.rs"),
    include_str!("../src/sync/revocation.rs"),
];

/// One golden text.
pub struct Golden {
    /// The type's name.
    pub message: String,
    /// `newest`, or what it lacks.
    pub form: String,
    /// Byte for byte.
    pub text: String,
}

/// All of them.
pub fn golden() -> Vec<Golden> {
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| line[field].as_str().unwrap().to_owned();
        Golden {
            message: text("message"),
            form: text("form"),
            text: text("text"),
        }
    };
    TEXTS.lines().map(read).collect()
}

/// Reads a text as a message and writes it again; an error for what is none.
pub fn again(message: &str, text: &str) -> Result<String, serde_json::Error> {
    fn through<T: Serialize + DeserializeOwned>(text: &str) -> Result<String, serde_json::Error> {
        serde_json::from_str::<T>(text).and_then(|read| serde_json::to_string(&read))
    }
    match message {
        "Mutation" => through::<Mutation>(text),
        "PushRequest" => through::<PushRequest>(text),
        "Verdict" => through::<Verdict>(text),
        "Gap" => through::<Gap>(text),
        "PushAnswer" => through::<PushAnswer>(text),
        "PullRequest" => through::<PullRequest>(text),
        "Put" => through::<Put>(text),
        "Dropped" => through::<Dropped>(text),
        "PullAnswer" => through::<PullAnswer>(text),
        "Check" => through::<Check>(text),
        "Statement" => through::<Statement>(text),
        _ => panic!("{message} has golden texts, and nobody reads them here"),
    }
}

#[test]
fn the_newest_form_of_each_message_is_written_byte_for_byte() {
    for golden in golden().iter().filter(|golden| golden.form == "newest") {
        let Golden { message, text, .. } = golden;
        assert_eq!(&again(message, text).unwrap(), text, "{message}");
    }
}

/// What an older form lacks is filled in with what it meant then; everything else comes back as it was.
#[test]
fn every_older_form_is_still_read() {
    for golden in golden() {
        let Golden {
            message,
            form,
            text,
        } = golden;
        let read: Value = serde_json::from_str(&again(&message, &text).unwrap()).unwrap();
        let written: Value = serde_json::from_str(&text).unwrap();
        for (field, value) in written.as_object().unwrap() {
            assert_eq!(&read[field], value, "{message} {form}: {field}");
        }
        for (field, value) in read.as_object().unwrap() {
            let meant = (message.as_str(), field.as_str(), value == &Value::from(1));
            let known = written.get(field).is_some()
                || matches!(meant, ("PushAnswer" | "PullAnswer", "incarnation", true));
            assert!(
                known,
                "{message} {form}: {field} came from nowhere: {value}"
            );
        }
    }
}

/// Name and fields (as the wire calls them) of each struct in a source.
fn structs(source: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
    let (mut renamed, mut inside) = (None, false);
    for line in source.lines().take_while(|line| *line != "#[cfg(test)]") {
        if let Some(name) = line
            .strip_prefix("pub struct ")
            .and_then(|rest| rest.strip_suffix(" {"))
        {
            found.push((name.to_owned(), BTreeSet::new()));
            inside = true;
        } else if line == "}" {
            inside = false;
        } else if let Some((_, rest)) = line.split_once("rename = \"") {
            renamed = rest.split('"').next().map(str::to_owned);
        } else if let Some((field, _)) = line
            .strip_prefix("    pub ")
            .and_then(|rest| rest.split_once(": "))
            .filter(|_| inside)
        {
            let field = renamed.take().unwrap_or_else(|| field.to_owned());
            found.last_mut().unwrap().1.insert(field);
        }
    }
    found
}

#[test]
fn a_field_without_a_golden_text_is_seen() {
    let golden = golden();
    for (name, fields) in SOURCES.iter().flat_map(|source| structs(source)) {
        let newest = golden
            .iter()
            .find(|golden| golden.message == name && golden.form == "newest");
        let newest =
            newest.unwrap_or_else(|| panic!("{name} has no golden text in tests/wire.ndjson"));
        let text: Value = serde_json::from_str(&newest.text).unwrap();
        let has: BTreeSet<String> = text.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            has, fields,
            "{name}: keep its text under a name for what it lacks, and add a newest one with every field"
        );
    }
    let added = "pub struct New {\n    /// .\n    #[serde(rename = \"e\")]\n    pub epoch: Uuid,\n    pub seq: i64,\n}\n";
    let expected = BTreeSet::from(["e".to_owned(), "seq".to_owned()]);
    assert_eq!(structs(added), [("New".to_owned(), expected)]);
}
