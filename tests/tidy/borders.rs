//! Who may know whom, read from the packages' own manifests.

use std::process::Command;

use blackbox::paths::root;
use serde_json::Value;

use crate::refuse;

/// One dependency as a manifest states it.
struct Dependency {
    package: String,
    on: String,
    is_for_tests: bool,
}

fn dependencies() -> Vec<Dependency> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .flat_map(|package| {
            package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .map(move |dependency| read(package, dependency))
        })
        .collect()
}

fn read(package: &Value, dependency: &Value) -> Dependency {
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    Dependency {
        package: name(package),
        on: name(dependency),
        is_for_tests: dependency["kind"] == "dev",
    }
}

#[test]
fn packages_know_only_what_they_may() {
    const MAY_KNOW: [(&str, &[&str]); 8] = [
        ("huishou-domain", &[]),
        ("huishou-client", &["huishou-domain"]),
        ("huishou", &["huishou-client", "huishou-domain"]),
        ("huishou-server", &["huishou-domain"]),
        ("huishou-sandbox", &[]),
        ("blackbox", &[]),
        (
            "bench",
            &[
                "blackbox",
                "huishou-client",
                "huishou-domain",
                "huishou-server",
            ],
        ),
        (
            "huishou-sim",
            &["huishou-client", "huishou-domain", "huishou-server"],
        ),
    ];
    let ours: Vec<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    let of_ours = |dependency: &Dependency| {
        ours.contains(&dependency.on.as_str())
            && !(dependency.is_for_tests && dependency.on == "blackbox")
    };
    let all = dependencies();
    let unknown: Vec<String> = all
        .iter()
        .filter(|d| !ours.contains(&d.package.as_str()))
        .map(|d| d.package.clone())
        .collect();
    refuse(
        &unknown,
        "A new package needs a place in the house: name it in ARCHITECTURE.md and here",
    );
    let allowed = |d: &Dependency| {
        MAY_KNOW
            .iter()
            .any(|(name, known)| *name == d.package && known.contains(&d.on.as_str()))
    };
    let found: Vec<String> = all
        .iter()
        .filter(|d| of_ours(d) && !allowed(d))
        .map(|d| format!("{} depends on {}", d.package, d.on))
        .collect();
    refuse(
        &found,
        "domain <- client <- the app, domain <- server, never sideways; black-box tests know programs, not crates",
    );
}

#[test]
fn each_library_stays_in_the_rooms_it_belongs_to() {
    const ONLY_IN: [(&str, &[&str]); 7] = [
        ("tauri", &["huishou"]),
        ("axum", &["huishou-server", "huishou-sandbox"]),
        ("sqlx", &["huishou-server", "blackbox", "bench"]),
        ("rusqlite", &["huishou-client", "huishou-sim"]),
        ("keyring", &["huishou-client", "huishou"]),
        (
            "reqwest",
            &[
                "huishou-client",
                "huishou-server",
                "huishou-sandbox",
                "blackbox",
                "bench",
            ],
        ),
        (
            "tokio",
            &[
                "huishou-client",
                "huishou-server",
                "huishou-sandbox",
                "huishou",
                "blackbox",
                "bench",
                "huishou-sim",
            ],
        ),
    ];
    let is_of =
        |name: &str, family: &str| name == family || name.starts_with(&format!("{family}-"));
    let outside = |d: &Dependency| {
        ONLY_IN
            .iter()
            .any(|(family, rooms)| is_of(&d.on, family) && !rooms.contains(&d.package.as_str()))
    };
    let found: Vec<String> = dependencies()
        .iter()
        .filter(|d| outside(d))
        .map(|d| format!("{} depends on {}", d.package, d.on))
        .collect();
    refuse(
        &found,
        "Windows, web, SQL, clocks and networks each have their rooms; domain has none of them",
    );
}

#[test]
fn domain_has_no_clock_and_no_randomness_outside_its_tests() {
    let banned = ["rand", "getrandom", "chrono-tz", "async-trait", "futures"];
    let found: Vec<String> = dependencies()
        .iter()
        .filter(|d| {
            d.package == "huishou-domain" && !d.is_for_tests && banned.contains(&d.on.as_str())
        })
        .map(|d| d.on.clone())
        .collect();
    refuse(
        &found,
        "domain takes times and ids as arguments, so that an old quote replays to the fen",
    );
}
