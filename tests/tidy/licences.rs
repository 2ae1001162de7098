//! Licences and reasons of what the product is made of: every package of both lock files under a licence that asks no more
//! than to be named, and every direct dependency in `docs/dependencies.md`. Neither network nor tool is needed: cargo's
//! lock file names no licences, so that they stand in `licences.txt`, written by `scripts/licences`.

use super::refuse;
use blackbox::paths::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Licences that let the product be sold, changed and shipped, as SPDX names them. MPL-2.0 binds changes to its own files
/// only; CDLA-Permissive-2.0 is the root certificates'.
const ALLOWED: [&str; 19] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Python-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether an SPDX expression leaves a way to keep to allowed licences alone.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&words, &mut at) == Some(true) && at == words.len()
}

/// `a OR b`: one is enough. None for what is no expression.
fn either(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut is_good = both(words, at)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        is_good |= both(words, at)?;
    }
    Some(is_good)
}

/// `a AND b`: all are needed.
fn both(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut is_good = one(words, at)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        is_good &= one(words, at)?;
    }
    Some(is_good)
}

fn one(words: &[&str], at: &mut usize) -> Option<bool> {
    let word = *words.get(*at)?;
    *at += 1;
    if word == "(" {
        let is_good = either(words, at)?;
        let end = words.get(*at);
        *at += 1;
        return end.filter(|end| **end == ")").map(|_| is_good);
    }
    if words.get(*at) != Some(&"WITH") {
        return Some(ALLOWED.contains(&word));
    }
    let exception = words.get(*at + 1)?;
    *at += 2;
    Some(ALLOWED.contains(&format!("{word} WITH {exception}").as_str()))
}

/// Packages of `Cargo.lock` that are not ours: name and version.
fn locked() -> BTreeSet<(String, String)> {
    let text = read("Cargo.lock");
    let packages = text.split("[[package]]").skip(1);
    packages
        .filter(|package| package.contains("\nsource = "))
        .map(|package| (value_of(package, "name"), value_of(package, "version")))
        .collect()
}

fn value_of(package: &str, key: &str) -> String {
    let begin = format!("{key} = \"");
    let line = package.lines().find_map(|line| line.strip_prefix(&begin));
    line.expect(key).trim_end_matches('"').to_owned()
}

/// What the list says: name and version, licence.
fn listed() -> BTreeMap<(String, String), String> {
    let text = read("tests/tidy/licences.txt");
    text.lines()
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let mut next = || parts.next().expect("name, version, licence").to_owned();
            ((next(), next()), next())
        })
        .collect()
}

#[test]
fn every_package_of_the_lock_file_has_a_licence_that_is_allowed() {
    let (locked, listed) = (locked(), listed());
    assert!(
        locked.len() > 500,
        "the lock file can be read: {}",
        locked.len()
    );
    let unknown = locked
        .iter()
        .filter(|package| !listed.contains_key(*package));
    let mut offences: Vec<String> = unknown
        .map(|(name, version)| format!("{name} {version}: run scripts/licences"))
        .collect();
    let stale = listed.keys().filter(|package| !locked.contains(*package));
    offences.extend(stale.map(|(name, version)| {
        format!("{name} {version}: not in the lock file any more, run scripts/licences")
    }));
    let odd = listed.iter().filter(|(_, licence)| !is_allowed(licence));
    offences.extend(odd.map(|((name, version), licence)| format!("{name} {version}: {licence}")));
    refuse(&offences, "What is shipped must be free to ship");
}

#[test]
fn every_package_of_the_windows_lock_file_has_a_licence_that_is_allowed() {
    let lock: Value = serde_json::from_str(&read("ui/package-lock.json")).unwrap();
    let packages = lock["packages"].as_object().unwrap();
    assert!(packages.len() > 100, "the lock file can be read");
    let odd = packages.iter().filter(|(path, package)| {
        let licence = package["license"].as_str().unwrap_or_default();
        !path.is_empty() && !is_allowed(licence)
    });
    let odd: Vec<String> = odd
        .map(|(path, package)| format!("{path}: {}", package["license"]))
        .collect();
    refuse(&odd, "What is shipped must be free to ship");
}

/// Packages of the benchmark's peer whose lock file says nothing, or says it in words that SPDX does not know, with the
/// licence that their own files name. WTFPL asks for nothing; it is allowed here alone, where nothing is shipped.
const PEER_SEEN: [(&str, &str, &str); 8] = [
    ("argsarray", "0.0.1", "WTFPL"),
    ("end-stream", "0.1.0", "MIT"),
    ("esprima-fb", "15001.1.0-dev-harmony-fb", "BSD-2-Clause"),
    ("level-write-stream", "1.0.0", "MIT"),
    ("readable-stream", "0.0.4", "BSD-2-Clause"),
    ("tiny-queue", "0.2.1", "Apache-2.0"),
    ("truncate-utf8-bytes", "1.0.2", "WTFPL"),
    ("write-stream", "0.4.3", "MIT"),
];

#[test]
fn every_package_of_the_benchmarks_peer_may_be_run() {
    let lock: Value = serde_json::from_str(&read("bench/peer-pouch/package-lock.json")).unwrap();
    let packages = lock["packages"].as_object().unwrap();
    assert!(packages.len() > 100, "the lock file can be read");
    let mut seen = BTreeSet::new();
    let mut offences = Vec::new();
    for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
        if is_allowed(package["license"].as_str().unwrap_or_default()) {
            continue;
        }
        let name = path.rsplit("node_modules/").next().unwrap_or_default();
        let known = PEER_SEEN.iter().find(|(known, version, _)| {
            *known == name && package["version"].as_str() == Some(version)
        });
        match known {
            Some((_, _, licence)) if *licence == "WTFPL" || is_allowed(licence) => {
                seen.insert(name);
            }
            _ => offences.push(format!("{path}: {}", package["license"])),
        }
    }
    let stale = PEER_SEEN.iter().filter(|(name, ..)| !seen.contains(name));
    offences.extend(
        stale.map(|(name, version, _)| format!("{name} {version}: needs no exception any more")),
    );
    refuse(
        &offences,
        "What is run beside the product must be free to run",
    );
}

/// Names of what the manifests ask for directly, our own crates aside.
fn direct() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let own = [
        "blackbox",
        "huishou",
        "huishou-client",
        "huishou-domain",
        "huishou-server",
    ];
    for folder in [
        "", "bench/", "client/", "domain/", "sandbox/", "server/", "sim/", "tests/",
    ] {
        let mut is_dependencies = false;
        for line in read(&format!("{folder}Cargo.toml")).lines() {
            if let Some(section) = line.strip_prefix('[') {
                is_dependencies = section.trim_end_matches(']').ends_with("dependencies");
            } else if is_dependencies && line.starts_with(|c: char| c.is_ascii_lowercase()) {
                let end = line.find(['.', ' ', '=']).unwrap_or(line.len());
                names.insert(line[..end].to_owned());
            }
        }
    }
    let window: Value = serde_json::from_str(&read("ui/package.json")).unwrap();
    for kind in ["dependencies", "devDependencies"] {
        names.extend(window[kind].as_object().unwrap().keys().cloned());
    }
    names.retain(|name| !own.contains(&name.as_str()));
    names
}

#[test]
fn every_direct_dependency_is_named_with_its_reason() {
    let text = read("docs/dependencies.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: BTreeMap<String, usize> = rows
        .filter_map(|row| {
            let (name, rest) = row.split_once('`')?;
            let reason = rest.split('|').nth(2).unwrap_or_default();
            Some((name.to_owned(), reason.trim().chars().count()))
        })
        .collect();
    let direct = direct();
    assert!(
        direct.contains("crypto_box") && direct.contains("vue") && direct.len() > 60,
        "{direct:?}"
    );
    let missing = direct
        .iter()
        .filter(|name| named.get(*name).is_none_or(|reason| *reason < 8));
    let mut offences: Vec<String> = missing
        .map(|name| format!("{name}: no row that says why"))
        .collect();
    let left = named.keys().filter(|name| !direct.contains(*name));
    offences.extend(left.map(|name| format!("{name}: nothing asks for it")));
    refuse(&offences, "What nobody can give a reason for should go");
}

#[test]
fn an_expression_is_allowed_where_one_way_through_it_is() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "(GPL-3.0-only OR MIT) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
        "ISC AND (Apache-2.0 OR ISC)",
    ] {
        assert!(is_allowed(good), "{good}");
    }
    for bad in [
        "",
        "none stated",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR Apache-2.0) AND AGPL-3.0-or-later",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "MIT OR",
        "(MIT",
        "MIT Apache-2.0",
        "LGPL-2.1-or-later OR SSPL-1.0",
    ] {
        assert!(!is_allowed(bad), "{bad}");
    }
}
