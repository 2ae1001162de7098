//! Who is answered what where several wait in line.

#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::store::orders::Route;
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{OrderId, StationId},
    order::Order,
    visit::Visit,
};
use serde_json::Value;

type Told = oneshot::Receiver<Result<Reply, Problem>>;

fn keyed(key: &str) -> Keyed {
    Keyed {
        caller: Uuid::nil(),
        method: "POST".into(),
        route: "/appointments".into(),
        key: key.into(),
        fingerprint: [0; 32],
    }
}

/// One that says nothing of its goods: the line does not look at them.
fn booking(key: Option<&str>, length: usize) -> NewBooking {
    let now: DateTime<Utc> = "2026-11-23T02:00:00Z".parse().unwrap();
    let order = Order::new(OrderId(Uuid::now_v7()), StationId(Uuid::nil()), now);
    NewBooking {
        keyed: key.map(keyed),
        route: Route::of(order.id, now),
        visit: Visit {
            appointment: None,
            order,
        },
        writer: Uuid::nil(),
        partner: None,
        answer: "x".repeat(length),
        reply: Reply::created(Value::Null),
    }
}

fn join(line: &mut Line, key: Option<&str>, length: usize) -> (u64, bool, Told) {
    let (caller, told) = oneshot::channel();
    let (ticket, starts) = line.join(booking(key, length), caller);
    (ticket, starts, told)
}

fn tickets(taken: &[Waiting]) -> Vec<u64> {
    taken.iter().map(|one| one.ticket).collect()
}

#[test]
fn a_power_of_two_is_taken_from_the_front_and_no_more_than_may_be() {
    let mut line = Line::new(4, 1);
    let told: Vec<_> = (0..7).map(|_| join(&mut line, None, 1)).collect();
    let started: Vec<bool> = told.iter().map(|(_, starts, _)| *starts).collect();
    assert_eq!(started[..2], [true, false], "one writer at a time");
    assert_eq!(tickets(&line.take()), [1, 2, 3, 4]);
    assert_eq!(
        tickets(&line.take()),
        [5, 6],
        "three wait, two are a power of two"
    );
    assert_eq!(tickets(&line.take()), [7]);
    assert!(line.take().is_empty(), "and the writer ends");
    assert!(!line.is_idle(), "what was taken is not written yet");
    for _ in 0..3 {
        assert!(!line.written(&[]));
    }
    assert!(line.is_idle());
    assert!(
        join(&mut line, None, 1).1,
        "the next one starts a writer again"
    );
}

#[test]
fn a_second_writer_comes_when_the_first_does_not_keep_up() {
    let mut line = Line::new(2, 2);
    let told: Vec<_> = (0..5).map(|_| join(&mut line, None, 1)).collect();
    let started: Vec<bool> = told.iter().map(|(_, starts, _)| *starts).collect();
    assert_eq!(started, [true, false, true, false, false]);
}

#[test]
fn twins_are_never_taken_together_and_the_second_calls_for_a_writer_when_the_first_is_done() {
    let mut line = Line::new(64, 1);
    let _first = join(&mut line, Some("a"), 1);
    let (second, _, _told) = join(&mut line, Some("a"), 1);
    let _other = join(&mut line, Some("b"), 1);
    assert_eq!(
        tickets(&line.take()),
        [1, 3],
        "the twin waits, the others do not"
    );
    assert!(line.take().is_empty(), "its key is being written");
    assert!(line.written(&[keyed("a"), keyed("b")]), "somebody waits");
    assert_eq!(tickets(&line.take()), [second]);
}

#[test]
fn who_waits_for_a_twin_too_long_leaves_and_nobody_else_does() {
    let mut line = Line::new(1, 1);
    let (first, _, _told) = join(&mut line, Some("a"), 1);
    assert!(!line.leave_to_twin(first), "nobody writes its key");
    assert_eq!(tickets(&line.take()), [first]);
    assert!(!line.leave_to_twin(first), "it is being written itself");
    let (twin, _, _told) = join(&mut line, Some("a"), 1);
    let (other, _, _told) = join(&mut line, Some("b"), 1);
    assert!(!line.leave_to_twin(other), "it waits for a writer");
    assert!(line.leave_to_twin(twin));
    assert_eq!(tickets(&line.take()), [other]);
}

#[test]
fn who_went_away_before_is_not_written() {
    let mut line = Line::new(64, 1);
    let (_, _, gone) = join(&mut line, None, 1);
    let (stays, _, _told) = join(&mut line, None, 1);
    drop(gone);
    assert_eq!(tickets(&line.take()), [stays]);
}

#[test]
fn long_answers_are_written_apart() {
    let mut line = Line::new(64, 1);
    let _told: Vec<_> = [LONGEST + 1, LONGEST - 1, 1, 1, 1]
        .map(|length| join(&mut line, None, length))
        .into();
    assert_eq!(tickets(&line.take()), [1], "one is always taken");
    assert_eq!(tickets(&line.take()), [2, 3]);
    assert_eq!(tickets(&line.take()), [4, 5]);
}
