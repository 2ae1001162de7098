//! Resets swapped in whole, scopes lost while their rows are staged, checks by the day, differing scopes fetched alone,
//! and what a pull costs that brings nothing.

use super::{
    device::{Device, booked, scopes},
    server::{LI, STATION, Server, ZHANG},
};
use crate::{
    engine::Round,
    store::{Commit, base, meta, staging},
    sync::{pull, transport::Transport},
};
use chrono::TimeDelta;
use huishou_domain::sync::{
    message::PullAnswer,
    scope::{Kind, Scope},
};
use serde_json::json;

/// Asks for one page and stages it.
fn stage(server: &Server, device: &Device) -> PullAnswer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let request = device
        .engine
        .main_read(|db| pull::request(db, false))
        .unwrap();
    let page = runtime.block_on(server.pull(&request)).unwrap();
    assert!(
        device
            .store(|store| pull::stage(store, &request, &page))
            .unwrap()
    );
    page
}

#[test]
fn a_reset_is_swapped_in_whole_and_a_kill_before_that_leaves_the_old_view() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    let booked: Vec<_> = (1..5).map(|hour| server.book(hour)).collect();
    device.round(&server).unwrap();
    device.serve(booked[0].0, booked[0].1);
    device
        .engine
        .draft_put("weigh", &json!({"gross": "12"}))
        .unwrap();
    let before = device.held();
    for (_, order) in &booked[1..] {
        server.move_to(*order, &[Scope::Collector(LI)]);
    }
    server.state().page = 2;
    server.state().reset = true;
    for _ in 0..2 {
        assert!(!stage(&server, &device).complete);
        device.reopen();
        assert_eq!(
            device.held(),
            before,
            "the old view until the new one is whole"
        );
        device.is_sound();
    }
    assert_eq!(device.pending(), 5);
    device.pull(&server).unwrap();
    assert!(device.engine.appointment(booked[1].0).is_err());
    assert_eq!(device.pending(), 5, "the outbox stays");
    assert!(
        device.engine.draft_get("weigh").unwrap().is_some(),
        "and what was typed"
    );
    device.round(&server).unwrap();
    device.equals(&server);
    assert_eq!(device.engine.journal().unwrap().len(), 5);
    device.is_sound();
}

#[test]
fn a_reset_in_the_middle_of_a_pull_throws_away_what_was_staged_of_the_scope() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    let booked: Vec<_> = (1..5).map(|hour| server.book(hour)).collect();
    server.state().page = 3;
    stage(&server, &device);
    stage(&server, &device);
    for (_, order) in &booked {
        server.move_to(*order, &[Scope::Collector(LI)]);
    }
    server.state().reset = true;
    device.reopen();
    device.pull(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}

#[test]
fn rows_staged_for_a_scope_that_is_lost_meanwhile_never_appear() {
    let all = [scopes(), vec![Scope::Station(STATION)]].concat();
    let (server, mut device) = (Server::new(&all), Device::new());
    let booked: Vec<_> = (1..5).map(|hour| server.book(hour)).collect();
    for (_, order) in &booked[2..] {
        server.move_to(*order, &[Scope::Station(STATION)]);
    }
    server.state().page = 4;
    assert!(!stage(&server, &device).complete);
    server.state().grant(&scopes());
    device.reopen();
    device.pull(&server).unwrap();
    device.equals(&server);
    assert!(device.engine.appointment(booked[3].0).is_err());
    let left = device.engine.main_read(staging::is_empty).unwrap();
    assert!(left, "nothing of it is left");
    device.is_sound();
}

#[test]
fn scopes_are_compared_once_a_day_of_trusted_time_and_whenever_asked() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    server.book(2);
    let checked = |round| device.contact(&server, round).unwrap().checked;
    assert_eq!(checked(Round::Both), 2, "the first sync is compared");
    for _ in 0..25 {
        assert_eq!(checked(Round::Both), 0);
    }
    assert_eq!(checked(Round::Check), 2, "on demand");
    server.pass(TimeDelta::hours(23));
    device.pass(TimeDelta::hours(23));
    assert_eq!(checked(Round::Both), 0);
    server.pass(TimeDelta::hours(1));
    device.pass(TimeDelta::hours(1));
    assert_eq!(checked(Round::Both), 2, "a day later");
    assert_eq!(checked(Round::Both), 0);
}

fn spoil(device: &Device, order: huishou_domain::ids::OrderId) {
    let damage = |db: &crate::store::Db| base::remove(db, Kind::Order.as_str(), order.uuid());
    device
        .store(|store| store.write(Commit::Other, damage))
        .unwrap();
}

#[test]
fn only_the_scope_that_differs_is_fetched_again() {
    let all = [scopes(), vec![Scope::Station(STATION)]].concat();
    let (server, device) = (Server::new(&all), Device::new());
    let (appointment, _) = server.book(2);
    for hour in 3..30 {
        let (_, other) = server.book(hour);
        server.move_to(other, &[Scope::Station(STATION)]);
    }
    let (_, mine) = server.book(40);
    server.move_to(mine, &[Scope::Collector(ZHANG)]);
    device.round(&server).unwrap();
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    device.push(&server).unwrap();
    device.pull(&server).unwrap();
    spoil(&device, mine);
    server.state().put = 0;
    let applied = device.round(&server).unwrap();
    assert_eq!(applied.repaired, [Scope::Collector(ZHANG).to_string()]);
    assert!(applied.mismatched.is_empty());
    let put = server.state().put;
    assert!(
        put < 10,
        "the station's 27 visits stay as they are: {put} sent"
    );
    let again = server
        .state()
        .asked
        .iter()
        .filter(|asked| !asked.again.is_empty())
        .count();
    assert_eq!(again, 1, "asked for once");
    assert_eq!(device.engine.sync_status().unwrap().repaired_scopes, 1);
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_kill_between_the_comparison_and_the_second_fetch_loses_neither() {
    let (server, mut device, _, order) = booked();
    spoil(&device, order);
    server.pass(TimeDelta::days(2));
    device.pass(TimeDelta::days(2));
    let applied = device.pull(&server).unwrap();
    assert_eq!(applied.mismatched.len(), 1);
    device.reopen();
    device.pull(&server).unwrap();
    device.equals(&server);
    assert_eq!(
        device
            .engine
            .main_read(|db| meta::get::<Vec<Scope>>(db, meta::Key::Again))
            .unwrap(),
        None
    );
}

#[test]
fn a_server_that_knows_no_single_scopes_gives_everything_anew() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    server.state().passes_over_again = true;
    let (_, order) = server.book(2);
    device.round(&server).unwrap();
    spoil(&device, order);
    device.round(&server).unwrap();
    device.round(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}

/// Transactions in the write-ahead log: frames that end one say how large the database then is.
fn commits(device: &Device) -> usize {
    let log = std::fs::read(device.folder.path().join("huishou.db-wal")).unwrap();
    let word = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = 24 + usize::try_from(word(8)).unwrap();
    (32..log.len())
        .step_by(frame)
        .filter(|at| word(at + 4) != 0)
        .count()
}

#[test]
fn a_pull_that_brings_nothing_and_a_round_that_ends_like_the_last_write_nothing() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    server.book(2);
    device.contact(&server, Round::Both).unwrap();
    let before = commits(&device);
    for _ in 0..5 {
        device.contact(&server, Round::Both).unwrap();
    }
    assert_eq!(commits(&device), before);
}
