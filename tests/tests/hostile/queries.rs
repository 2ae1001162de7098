//! Every parameter of every query, and the headers that carry meaning: what cannot be read is refused by the parameter's
//! name, in the caller's language, in words that say what to do.

use blackbox::{Answer, Api, Customer, Engine, Town};
use serde_json::Value;

use crate::tokens::{Operation, published};
use crate::values::{books, calm, refused};

/// What parameters are spoilt with, percent-encoded.
const ODD: [&str; 14] = [
    "%20",
    "-1",
    "0",
    "101",
    "1e3",
    "1.5",
    "99999999999999999999999",
    "%00",
    "%F0%A0%AE%B7%F0%9F%98%80",
    "%ff%fe",
    "'%20OR%201=1--",
    "null",
    "[]",
    "{}",
];

fn has_han(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Names of the parameters that a query of this operation may have.
fn parameters(operation: &Operation) -> Vec<String> {
    let all = operation.described["parameters"].as_array();
    let in_query = |one: &&Value| one["in"] == "query";
    let named = all.into_iter().flatten().filter(in_query);
    named
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// The whole query: this parameter so, the others as they should be.
fn query(names: &[String], spoilt: &str, value: &str) -> String {
    let good = |name: &str| match name {
        "city" => Some("330100"),
        "division" => Some("330106"),
        "date" => Some("2026-11-24"),
        "station" => Some("019b7523-3400-7000-8000-000000000001"),
        "mode" => Some("leave"),
        _ => None,
    };
    let pairs = names.iter().filter_map(|name| {
        let value = if name == spoilt {
            Some(value)
        } else {
            good(name)
        };
        value.map(|value| format!("{name}={value}"))
    });
    pairs.collect::<Vec<_>>().join("&")
}

async fn ask(api: &Api, operation: &Operation, path: &str, language: &str) -> Answer {
    let request = api
        .request(operation.method.clone(), path)
        .header("Accept-Language", language);
    api.send(request).await
}

/// A refusal in both languages: the same code, words in the language asked for, each bad field with words of its own.
async fn in_both_languages(api: &Api, operation: &Operation, path: &str, first: &Answer) {
    let english = ask(api, operation, path, "en-GB,en;q=0.9").await;
    let what = format!("{} {path}", operation.name());
    assert_eq!(
        (first.status, &first.body["code"]),
        (english.status, &english.body["code"]),
        "{what}"
    );
    for (answer, is_chinese) in [(first, true), (&english, false)] {
        let errors = answer.body["errors"].as_array();
        let details = errors.into_iter().flatten().chain([&answer.body]);
        for told in details {
            let words = told["detail"].as_str().unwrap_or_default();
            assert!(words.chars().count() > 1, "{what}: {}", answer.text);
            assert_eq!(has_han(words), is_chinese, "{what}: {words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_parameter_of_every_query_is_refused_by_its_name_or_taken_and_nothing_breaks() {
    let mut town = Town::start(Engine::MariaDb).await;
    let (_, operations) = published(&town.api()).await;
    let customer = Customer::login(&town.world, "wang").await;
    let admin = town.desk("admin").await;
    let before = books(&town).await;
    let (mut refusals, mut taken) = (0, 0);
    // A stream of hints has no end to wait for.
    let asked = |o: &&Operation| o.method == "GET" && o.path != "/sync/v1/events";
    for operation in operations.iter().filter(asked) {
        let api = if operation.path.starts_with("/api/") {
            &customer.api
        } else {
            admin.api()
        };
        let names = parameters(operation);
        for name in &names {
            let long = "9".repeat(5_000);
            for value in ODD.iter().copied().chain([long.as_str()]) {
                let id = "019b7523-3400-7000-8000-00000000000a";
                let path = format!("{}?{}", operation.path_with(id), query(&names, name, value));
                let answer = ask(api, operation, &path, "zh").await;
                let what = format!(
                    "{} {name}={}",
                    operation.name(),
                    &value[..value.len().min(30)]
                );
                if answer.status < 400 {
                    taken += 1;
                    continue;
                }
                refused(&answer, &what);
                if answer.status == 422 {
                    let errors = answer.body["errors"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default();
                    let named = errors.iter().any(|error| error["field"] == name.as_str());
                    assert!(named, "{what}: the parameter is not named: {}", answer.text);
                }
                in_both_languages(api, operation, &path, &answer).await;
                refusals += 1;
            }
        }
    }
    assert_eq!(books(&town).await, before, "a question changes nothing");
    calm(&town.world.server.process().log());
    assert!(refusals > 100, "{refusals} refused, {taken} taken");
    println!("{refusals} spoilt parameters refused, {taken} taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_every_operation_are_in_the_language_asked_for() {
    let mut town = Town::start(Engine::MariaDb).await;
    let (_, operations) = published(&town.api()).await;
    let mut calls = 0;
    for operation in &operations {
        let path = operation.path_with("019b7523-3400-7000-8000-00000000000a");
        let answer = ask(&town.api(), operation, &path, "fr, zh-TW;q=0.5").await;
        if answer.status < 400 {
            continue;
        }
        refused(&answer, &operation.name());
        in_both_languages(&town.api(), operation, &path, &answer).await;
        calls += 1;
    }
    calm(&town.world.server.process().log());
    assert!(calls > 40, "{calls}");
}
