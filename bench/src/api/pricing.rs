//! The pricing engine alone beside GoRules' zen-engine and json-rules-engine: the same rules, the same goods, one item a
//! call on one thread, everything parsed and compiled before the clock starts. What each item comes to is compared first.

use crate::figures::median;
use anyhow::{Context, Result, ensure};
use blackbox::paths;
use huishou_domain::{price_book, pricing::Book};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Categories of the demo book with conditions of every usual kind: numbers, words, flags, ranges.
const CATEGORIES: [&str; 4] = [
    "paper/cardboard",
    "paper/newspaper",
    "metal/iron",
    "electronic/fridge",
];
/// Items priced over and over.
const ITEMS: u64 = 1_000;

/// Runs each engine in turns for so many seconds and answers the table; a peer that is not built is left out.
///
/// # Errors
/// An engine fails, or its prices differ from ours.
pub fn compare(runs: usize, seconds: f64) -> Result<String> {
    let rules = rules();
    let items: Vec<Value> = (0..ITEMS).map(item).collect();
    let cases = paths::root().join(".data/bench/pricing.json");
    std::fs::write(&cases, json!({"rules": rules, "items": items}).to_string())?;
    let book = Book::from_rules(&rules).map_err(|error| anyhow::anyhow!("{error}"))?;
    let expected = items
        .iter()
        .map(|item| fen(&book, item))
        .collect::<Result<Vec<_>>>()?;
    let peers: Vec<(&str, Vec<String>)> = peers()
        .into_iter()
        .filter(|(_, command)| Path::new(command.last().map_or("", String::as_str)).exists())
        .collect();
    let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); peers.len()]);
    for _ in 0..runs {
        ours.push(own(&book, &items, seconds)?);
        for ((name, command), rates) in peers.iter().zip(&mut theirs) {
            let rate = peer(command, &cases, seconds, &expected);
            rates.push(rate.with_context(|| (*name).to_owned())?);
        }
    }
    let rates: Vec<(&str, f64)> = peers
        .iter()
        .zip(&theirs)
        .map(|((name, _), rates)| (*name, median(rates)))
        .collect();
    Ok(table(median(&ours), &rates))
}

fn table(ours: f64, peers: &[(&str, f64)]) -> String {
    let mut text = "| pricing engine | items/s | ours ÷ it |\n| --- | ---: | ---: |\n".to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "| ours | {ours:.0} | |");
    for (name, rate) in peers {
        let _ = writeln!(text, "| {name} | {rate:.0} | **{:.1}×** |", ours / rate);
    }
    if peers.len() < 2 {
        text += "\nA peer that is not built was left out: scripts/bench-api builds them.\n";
    }
    text
}

/// The last word of each command must be there.
fn peers() -> Vec<(&'static str, Vec<String>)> {
    let root = paths::root();
    let text = |path: &str| root.join(path).display().to_string();
    let zen = vec![text(".data/bench/zen/release/peer-zen")];
    let mut rules = vec!["node".to_owned()];
    if root.join("bench/peer-rules/node_modules").exists() {
        rules.push(text("bench/peer-rules/price.js"));
    }
    vec![
        ("zen-engine (the crate)", zen),
        ("json-rules-engine (Node)", rules),
    ]
}

/// Items a second.
fn own(book: &Book, items: &[Value], seconds: f64) -> Result<f64> {
    let (began, limit, mut priced) = (Instant::now(), Duration::from_secs_f64(seconds), 0.0);
    while began.elapsed() < limit {
        for item in items {
            black_box(fen(book, black_box(item))?);
            priced += 1.0;
        }
    }
    Ok(priced / began.elapsed().as_secs_f64())
}

fn fen(book: &Book, item: &Value) -> Result<i64> {
    let priced = book.price(std::slice::from_ref(item));
    Ok(priced
        .map_err(|error| anyhow::anyhow!("{error}"))?
        .total
        .fen())
}

fn peer(command: &[String], cases: &Path, seconds: f64, expected: &[i64]) -> Result<f64> {
    let (program, arguments) = command.split_first().context("a program")?;
    let done = Command::new(program)
        .args(arguments)
        .arg(cases)
        .arg(seconds.to_string())
        .output()?;
    let said = String::from_utf8_lossy(&done.stdout);
    ensure!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let answer: Value = serde_json::from_str(&said)?;
    let fen = answer["fen"].as_array().context("fen")?;
    for (index, (theirs, ours)) in fen.iter().zip(expected).enumerate() {
        ensure!(
            theirs.as_i64() == Some(*ours),
            "item {index} comes to {theirs} fen there, {ours} here"
        );
    }
    ensure!(fen.len() == expected.len(), "not every item was priced");
    let number = |key: &str| answer[key].as_f64().with_context(|| key.to_owned());
    Ok(number("priced")? / number("seconds")?)
}

fn rules() -> Vec<Value> {
    let all = price_book::demo().rules.into_iter();
    all.filter(|rule| CATEGORIES.iter().any(|name| rule["category"] == *name))
        .collect()
}

/// The item with this number, each attribute that its rule looks at given.
fn item(number: u64) -> Value {
    let pick = |salt: u64, most: u64| (number * 2_654_435_761 + salt * 40_503) / 7 % most;
    let flag = |salt: u64| pick(salt, 2) == 0;
    let grade = match pick(3, 3) {
        0 => "heavy",
        1 => "medium",
        _ => "light",
    };
    match number % 4 {
        0 => json!({"category": "paper/cardboard", "quantity": pick(1, 60) + 1,
            "attributes": {"moisture": pick(2, 30), "mixed": flag(4)}}),
        1 => json!({"category": "paper/newspaper", "quantity": pick(1, 60) + 1,
            "attributes": {"moisture": pick(2, 30), "tied": flag(4)}}),
        2 => json!({"category": "metal/iron", "quantity": pick(1, 200) + 1,
            "attributes": {"grade": grade, "with_soil": flag(4)}}),
        _ => json!({"category": "electronic/fridge", "quantity": pick(1, 3) + 1,
            "attributes": {"volume_l": pick(2, 500), "cools": flag(4), "complete": flag(5)}}),
    }
}
