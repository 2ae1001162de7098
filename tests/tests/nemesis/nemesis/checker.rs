//! The judge: reads all histories and names each thing that must not be.

use std::collections::{BTreeMap, BTreeSet};

use blackbox::goods::fen;

use super::history::{Device, Histories, Money, State};

/// Every offence, in words; empty when all is well.
pub fn offences(all: &Histories) -> Vec<String> {
    let mut found = all.books.audit.clone();
    exactly_once(all, &mut found);
    all.devices
        .iter()
        .for_each(|device| at_rest(device, &mut found));
    money(all, &mut found);
    all.states.iter().for_each(|((kind, id), states)| {
        legal(kind, states, all.books.reviewed.contains(id))
            .into_iter()
            .for_each(|what| found.push(format!("{kind} {id} {what}")));
    });
    for booking in &all.bookings {
        if booking.there != i64::from(booking.acknowledged) {
            found.push(format!(
                "a booking (acknowledged: {}) is there {} times",
                booking.acknowledged, booking.there
            ));
        }
    }
    found
}

fn exactly_once(all: &Histories, found: &mut Vec<String>) {
    let mut books: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (uid, outcome) in &all.books.mutations {
        books.entry(uid).or_default().push(outcome);
    }
    for (uid, times) in books.iter().filter(|(_, times)| times.len() > 1) {
        found.push(format!(
            "mutation {uid} is in the books {} times",
            times.len()
        ));
    }
    for command in &all.acknowledged {
        if !books.contains_key(command.uid.as_str()) {
            found.push(format!(
                "{} was acknowledged by {} and is not in the books: {}",
                command.name, command.device, command.uid
            ));
        }
        let device = all
            .devices
            .iter()
            .find(|device| device.name == command.device);
        if !device.is_some_and(|device| device.journal.contains_key(&command.uid)) {
            found.push(format!(
                "{} was acknowledged by {}, whose journal has no verdict on it: {}",
                command.name, command.device, command.uid
            ));
        }
    }
    let mut made = BTreeSet::new();
    for device in &all.devices {
        for (uid, verdict) in &device.journal {
            made.insert(uid.as_str());
            if books.get(uid.as_str()).and_then(|times| times.first()) != Some(&verdict.as_str()) {
                found.push(format!(
                    "{} has the verdict {verdict} on {uid}, the books {:?}",
                    device.name,
                    books.get(uid.as_str())
                ));
            }
        }
    }
    for uid in books.keys().filter(|uid| !made.contains(*uid)) {
        found.push(format!(
            "mutation {uid} is in the books and in no device's journal"
        ));
    }
}

fn at_rest(device: &Device, found: &mut Vec<String>) {
    let name = &device.name;
    if device.pending != 0 {
        found.push(format!(
            "{name}: {} commands are still pending",
            device.pending
        ));
    }
    if device.repaired != 0 {
        found.push(format!(
            "{name}: {} scopes had to be repaired",
            device.repaired
        ));
    }
    if !device.mismatched.is_empty() || device.checked == 0 {
        found.push(format!(
            "{name}: differs from its scopes {:?} ({} compared)",
            device.mismatched, device.checked
        ));
    }
    for waiting in device
        .mutations
        .iter()
        .filter(|made| made.outcome.is_none())
    {
        found.push(format!(
            "{name}: {} {} has no verdict",
            waiting.name, waiting.uid
        ));
    }
}

/// Each payment and refund a device was told is applied is in the books once, and nothing else is.
fn money(all: &Histories, found: &mut Vec<String>) {
    for (command, id, rows) in [
        ("order.pay@1", "payment_id", &all.books.payments),
        ("order.refund@1", "refund_id", &all.books.refunds),
    ] {
        let stated = stated(all, command, id);
        let (ours, theirs) = (sum(&stated), sum(rows));
        if ours != theirs {
            found.push(format!(
                "{command}: devices say {ours} fen, the books {theirs}"
            ));
        }
        for money in &stated {
            let there = rows.iter().filter(|row| *row == money).count();
            if there != 1 {
                found.push(format!(
                    "{command}: {money:?} is in the books {there} times"
                ));
            }
        }
        for row in rows.iter().filter(|row| !stated.contains(row)) {
            found.push(format!(
                "{command}: {row:?} is in the books, and no device did it"
            ));
        }
    }
}

fn stated(all: &Histories, command: &str, id: &str) -> Vec<Money> {
    let made = all.devices.iter().flat_map(|device| &device.mutations);
    made.filter(|made| made.name == command && made.outcome.as_deref() == Some("applied"))
        .map(|made| Money {
            id: made.args[id].as_str().unwrap_or_default().to_owned(),
            order: made.args["order_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            fen: fen(&made.args["amount"]),
        })
        .collect()
}

fn sum(rows: &[Money]) -> i64 {
    rows.iter().map(|row| row.fen).sum()
}

/// States seen now and then: each must be reachable from the one before by the tables of sync.md §5.
fn legal(kind: &str, states: &[State], reviewed: bool) -> Vec<String> {
    let mut found = Vec::new();
    for pair in states.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        if after.version < before.version {
            found.push(format!("went back from {before:?} to {after:?}"));
        } else if after.version == before.version && after.status != before.status {
            found.push(format!(
                "changed without a new version: {before:?}, {after:?}"
            ));
        }
        let step = (before.status, after.status);
        let forbidden = before.status != after.status
            && match kind {
                "appointment" => {
                    matches!(step, (2, _) | (3 | 4, 0 | 1)) || (before.status == 3 && !reviewed)
                }
                _ => before.status == 2 || (before.status == 3 && !reviewed),
            };
        if forbidden {
            found.push(format!(
                "made a step that no table has: {before:?}, {after:?}"
            ));
        }
    }
    found
}

#[test]
fn steps_back_and_steps_no_table_has_are_seen() {
    let at = |version, status| State { version, status };
    assert_eq!(
        legal("order", &[at(1, 0), at(2, 1), at(3, 0), at(4, 2)], false),
        [""; 0]
    );
    assert_eq!(legal("order", &[at(4, 2), at(5, 0)], true).len(), 1);
    assert_eq!(legal("order", &[at(4, 1), at(3, 1)], true).len(), 1);
    assert_eq!(legal("order", &[at(4, 0), at(4, 1)], true).len(), 1);
    assert_eq!(
        legal(
            "appointment",
            &[at(1, 0), at(2, 4), at(3, 3), at(4, 4), at(5, 2)],
            true
        ),
        [""; 0]
    );
    assert_eq!(legal("appointment", &[at(1, 3), at(2, 4)], false).len(), 1);
    assert_eq!(legal("appointment", &[at(1, 4), at(2, 1)], true).len(), 1);
}
