//! The repository's own rules, run as tests. Each says what is wrong where, and why the rule is there.
//!
//! The house they guard is described in ARCHITECTURE.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use blackbox::paths::{root, script};

#[path = "tidy/borders.rs"]
mod borders;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/sync.rs"]
mod sync;

use source::{
    File, code_without_tests, files, files_with, has_han, string_literals, without_comments,
};

/// Fails with all offences at once: one look, one round of mending.
fn refuse(offences: &[String], why: &str) {
    assert!(offences.is_empty(), "{why}:\n  {}", offences.join("\n  "));
}

fn offences(
    files: impl IntoIterator<Item = File>,
    find: impl Fn(&File) -> Vec<String>,
) -> Vec<String> {
    files
        .into_iter()
        .flat_map(|file| {
            find(&file)
                .into_iter()
                .map(move |what| format!("{}: {what}", file.path))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_module_says_what_it_is_for() {
    let found = offences(files_with(&["rs"]), |file| {
        let first = file
            .text
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        if first.starts_with("//!") {
            vec![]
        } else {
            vec!["does not open with //!".into()]
        }
    });
    refuse(
        &found,
        "A reader decides by a module's first line whether to read on",
    );
}

#[test]
fn sql_stands_only_in_the_stores() {
    let outside = files_with(&["rs"])
        .into_iter()
        .filter(|file| !file.is_test() && !in_a_store(&file.path));
    let found = offences(outside, |file| {
        string_literals(&code_without_tests(&file.text))
            .into_iter()
            .filter(|text| is_sql(text))
            .collect()
    });
    refuse(
        &found,
        "SQL lives in server/src/store and client/src/store, one file per table or aggregate (the benchmark's in bench/src/store)",
    );
}

fn in_a_store(path: &str) -> bool {
    ["server/src/store", "client/src/store", "bench/src/store"]
        .iter()
        .any(|store| path.starts_with(&format!("{store}/")) || path == format!("{store}.rs"))
}

/// Whether a literal is a statement; keywords all upper or all lower case, so that prose is not taken for one.
fn is_sql(literal: &str) -> bool {
    const STATEMENTS: [(&str, &str); 9] = [
        ("SELECT ", ""),
        ("INSERT ", "INTO "),
        ("REPLACE INTO ", ""),
        ("UPDATE ", "SET "),
        ("DELETE FROM ", ""),
        ("CREATE TABLE ", ""),
        ("ALTER TABLE ", ""),
        ("DROP TABLE ", ""),
        ("PRAGMA ", ""),
    ];
    let text = literal.split_whitespace().collect::<Vec<_>>().join(" ");
    STATEMENTS.iter().any(|(opening, rest)| {
        let lower = (opening.to_lowercase(), rest.to_lowercase());
        (text.starts_with(opening) && text.contains(rest))
            || (text.starts_with(&lower.0) && !rest.is_empty() && text.contains(&lower.1))
    })
}

#[test]
fn only_the_routes_and_the_wiring_know_axum() {
    const WIRING: [&str; 3] = [
        "server/src/routes.rs",
        "server/src/main.rs",
        "server/src/http.rs",
    ];
    let others = files_with(&["rs"]).into_iter().filter(|file| {
        file.path.starts_with("server/src/")
            && !file.path.starts_with("server/src/routes/")
            && !WIRING.contains(&file.path.as_str())
    });
    let found = offences(others, |file| {
        lines_with(&without_comments(&code_without_tests(&file.text)), "axum::")
    });
    refuse(
        &found,
        "What the server does is independent of the web framework: only server/src/routes (and main.rs, http.rs) know axum",
    );
}

#[test]
fn only_the_host_folder_of_the_ui_knows_the_shell() {
    let others = files_with(&["ts", "vue", "js"])
        .into_iter()
        .filter(|file| file.path.starts_with("ui/src/") && !file.path.starts_with("ui/src/host/"));
    let found = offences(others, |file| lines_with(&file.text, "@tauri-apps"));
    refuse(
        &found,
        "The UI runs in a browser and in Vitest too: only ui/src/host imports @tauri-apps",
    );
}

#[test]
fn text_on_the_screen_comes_from_the_locale_files() {
    let found = offences(files_with(&["vue"]), |file| {
        lines_where(&without_comments(&file.text), is_text_in_chinese)
    });
    refuse(
        &found,
        "A Chinese text in a component cannot be switched to English: move it to the locale files",
    );
}

/// A language's own name is the same in each language, and units are what people type in either ("3斤").
fn is_text_in_chinese(line: &str) -> bool {
    const ALIKE_IN_ALL: [&str; 6] = ["中文", "公斤", "千克", "斤", "两", "克"];
    has_han(
        &ALIKE_IN_ALL
            .iter()
            .fold(line.to_owned(), |left, word| left.replace(word, "")),
    )
}

#[test]
fn files_stay_short_enough_to_be_read() {
    const LIMIT: usize = 500;
    let sources = files_with(&["rs", "ts", "vue"])
        .into_iter()
        .filter(|file| !file.is_test() && !file.is_generated());
    let found = offences(sources, |file| {
        let lines = code_without_tests(&file.text).lines().count();
        if lines > LIMIT {
            vec![format!("{lines} lines")]
        } else {
            vec![]
        }
    });
    refuse(
        &found,
        "No file outside tests has more than 500 lines: split it where a reader would expect the seam",
    );
}

#[test]
fn no_test_is_switched_off() {
    let marks = [
        concat!("#[ign", "ore"),
        concat!("it.sk", "ip("),
        concat!("test.sk", "ip("),
        concat!("describe.sk", "ip("),
        concat!("test.to", "do("),
    ];
    let found = offences(files_with(&["rs", "ts"]), |file| {
        marks
            .iter()
            .flat_map(|mark| lines_with(&file.text, mark))
            .collect()
    });
    refuse(
        &found,
        "A test that does not run shows nothing: mend it or remove it",
    );
}

#[test]
fn no_file_names_a_package_registry() {
    let hosts = [
        concat!("crates", ".io"),
        concat!("npm", "js.org"),
        concat!("npm", "js.com"),
        concat!("py", "pi.org"),
        concat!("python", "hosted.org"),
        concat!("deb.", "debian.org"),
        concat!("archive.", "ubuntu.com"),
    ];
    // Cargo's own lock format names its default index; that is not an address to fetch from.
    let texts = files()
        .into_iter()
        .filter(|file| !file.path.ends_with("Cargo.lock"));
    let found = offences(texts, |file| {
        let named = hosts.iter().flat_map(|host| lines_with(&file.text, host));
        let resolved = if file.path.ends_with("package-lock.json") {
            lines_with(&file.text, "\"resolved\": \"http")
        } else {
            vec![]
        };
        named.chain(resolved).take(3).collect()
    });
    refuse(
        &found,
        "Where packages come from is the machine's configuration, not the project's (npm: omit-lockfile-registry-resolved=true in .npmrc)",
    );
}

#[test]
fn the_generated_types_are_those_of_the_rust_code() {
    let fresh = tempfile::tempdir().unwrap();
    let written = Command::new(script("bindings"))
        .env("TS_RS_EXPORT_DIR", fresh.path())
        .output()
        .unwrap();
    assert!(
        written.status.success(),
        "{}",
        String::from_utf8_lossy(&written.stderr)
    );
    let (now, committed) = (
        texts_in(fresh.path()),
        texts_in(&root().join("ui/src/bindings")),
    );
    assert!(
        !now.is_empty(),
        "scripts/bindings writes to TS_RS_EXPORT_DIR"
    );
    let names: BTreeSet<_> = now.keys().chain(committed.keys()).collect();
    let stale: Vec<String> = names
        .into_iter()
        .filter(|name| now.get(*name) != committed.get(*name))
        .map(|name| format!("ui/src/bindings/{name}"))
        .collect();
    refuse(
        &stale,
        "Generated types differ from the Rust code: run scripts/bindings and commit what it writes",
    );
}

/// All files below a folder by their path in it.
fn texts_in(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            found.extend(
                texts_in(&entry.path())
                    .into_iter()
                    .map(|(below, text)| (format!("{name}/{below}"), text)),
            );
        } else {
            found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn migrations_are_numbered_and_say_why() {
    for engine in ["mysql", "sqlite"] {
        let folder = format!("migrations/{engine}/");
        let mut steps = files_with(&["sql"]);
        steps.retain(|file| file.path.starts_with(&folder));
        assert!(!steps.is_empty(), "{folder} holds the migrations");
        let numbers: BTreeSet<&str> = steps.iter().map(|step| number_of(step, &folder)).collect();
        assert_eq!(
            numbers.len(),
            steps.len(),
            "{folder}: two steps with one number have no order"
        );
        let silent = offences(steps, |step| {
            if step.text.starts_with("--") {
                vec![]
            } else {
                vec!["does not open with a comment".into()]
            }
        });
        refuse(
            &silent,
            "A migration says why it is there: later it can no longer be edited",
        );
    }
}

fn number_of<'a>(step: &'a File, folder: &str) -> &'a str {
    let number = step
        .path
        .trim_start_matches(folder)
        .split('_')
        .next()
        .unwrap_or_default();
    let is_number = number.len() == 4 && number.chars().all(|c| c.is_ascii_digit());
    assert!(
        is_number,
        "{}: a migration's name is NNNN_what.sql; steps run in the order of their numbers",
        step.path
    );
    number
}

fn lines_with(text: &str, needle: &str) -> Vec<String> {
    lines_where(text, |line| line.contains(needle))
}

fn lines_where(text: &str, is_bad: impl Fn(&str) -> bool) -> Vec<String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| is_bad(line))
        .map(|(at, line)| format!("line {}: {}", at + 1, line.trim()))
        .collect()
}

#[test]
fn the_rules_see_what_they_look_for() {
    let code = "let a = \"SELECT 1\"; // \"UPDATE x SET y\"\nlet b = r#\"delete from \"t\" where\"#; let c = '\"';\nlet d = \"Select a station\";\n#[cfg(test)]\nmod tests {\n \"DROP TABLE x\" }";
    let literals = string_literals(&code_without_tests(code));
    assert_eq!(
        literals,
        ["SELECT 1", "delete from \"t\" where", "Select a station"]
    );
    assert!(
        is_sql("\n  INSERT IGNORE\n INTO t VALUES (1)")
            && is_sql("SELECT 1")
            && is_sql("update t set a = 1")
    );
    assert!(!is_sql("Select a station from the list") && !is_sql("update the price book"));
    assert!(has_han("<p>回收</p>") && !has_han("<p>¥ 3.50 — kg</p>"));
    assert_eq!(
        without_comments("a // 中\nb /* 文\n */ c <!-- 字 --> d \"http://x\"").replace(' ', ""),
        "a\nb\ncd\"http://x\""
    );
}
