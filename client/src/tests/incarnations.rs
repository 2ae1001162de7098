//! The server and the device no longer agree about numbers: a server put back from a backup, a device's store put back
//! from one, commands no longer kept. Whatever happens, nothing is lost, nothing takes effect twice, and every step may
//! be the last of a process.

use super::{
    device::{Device, booked, scopes},
    server::{STATION, Server, ZHANG},
};
use crate::{
    store::{Commit, meta, mutations},
    sync::{push, transport::Transport},
};
use huishou_domain::{
    ids::{AppointmentId, OrderId},
    sync::{message::Mutation, scope::Scope},
};
use serde_json::json;
use std::{collections::BTreeSet, path::PathBuf};
use uuid::Uuid;

type Files = Vec<(PathBuf, Vec<u8>)>;

/// A copy of the whole data folder.
fn backup(device: &Device) -> Files {
    std::fs::read_dir(device.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

fn put_back(device: &mut Device, files: &Files) {
    device.close();
    for entry in std::fs::read_dir(device.folder.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (path, bytes) in files {
        std::fs::write(path, bytes).unwrap();
    }
    device.reopen();
}

/// A visit that has been served, pushed and pulled.
fn served(server: &Server, device: &Device) -> (AppointmentId, OrderId) {
    let (appointment, order) = server.book(2);
    device.round(server).unwrap();
    device.serve(appointment, order);
    device.round(server).unwrap();
    (appointment, order)
}

fn ticket(device: &Device) -> Uuid {
    let iron = json!({"items": [{"category": "metal/iron", "quantity": "3"}]});
    device.exec("ticket.create", iron).unwrap().uid
}

fn incarnation(device: &Device) -> u32 {
    let stored = device
        .engine
        .main_read(|db| meta::get(db, meta::Key::Incarnation));
    stored.unwrap().unwrap_or(1)
}

fn uids(received: &[String]) -> Vec<Uuid> {
    received
        .iter()
        .map(|raw| serde_json::from_str::<Mutation>(raw).unwrap().uid)
        .collect()
}

/// Two rounds later all is as it should be.
#[track_caller]
fn settles(server: &Server, device: &Device) {
    device.round(server).unwrap();
    device.is_sound();
    device.round(server).unwrap();
    assert_eq!(device.pending(), 0);
    device.equals(server);
    device.is_sound();
}

#[test]
fn a_server_put_back_from_a_backup_hears_again_what_it_lost_and_no_more() {
    let (server, device, appointment, order) = booked();
    let visit = json!({"appointment_id": appointment});
    device.exec("appointment.start", visit).unwrap();
    device.round(&server).unwrap();
    let backup = server.backup();
    device.serve_rest(appointment, order);
    device.round(&server).unwrap();
    let before = server.state().received.clone();
    server.restore(&backup);

    device.pull(&server).unwrap();
    assert_eq!(device.pending(), 4, "what it lost waits again");
    assert_eq!(
        device.engine.order(order).unwrap().order.payments.len(),
        1,
        "and is seen as before"
    );
    device.is_sound();
    settles(&server, &device);
    let received = server.state().received.clone();
    assert_eq!(received[..5], before[..], "byte for byte");
    assert_eq!(
        received[5..],
        before[1..],
        "byte for byte, the same numbers"
    );
    assert_eq!(server.order(order).payments.len(), 1);
    assert_eq!((incarnation(&device), server.numbers()), (1, (1, 5)));
    let journal = device.engine.journal().unwrap();
    let superseded = journal.iter().filter(|entry| entry.superseded).count();
    assert_eq!((journal.len(), superseded), (9, 4));
}

#[test]
fn the_same_is_learnt_from_the_answer_to_a_push() {
    let (server, device, appointment, order) = booked();
    let backup = server.backup();
    device.serve(appointment, order);
    device.round(&server).unwrap();
    server.restore(&backup);
    ticket(&device);
    device.push(&server).unwrap();
    assert_eq!((device.pending(), server.numbers()), (0, (1, 6)));
    settles(&server, &device);
}

#[test]
fn what_is_no_longer_kept_makes_a_new_incarnation_for_what_waits() {
    let (server, device, appointment, _) = booked();
    let visit = json!({"appointment_id": appointment});
    device.exec("appointment.start", visit.clone()).unwrap();
    device.round(&server).unwrap();
    device
        .store(|store| store.write(Commit::Other, |db| mutations::prune(db, i64::MAX)))
        .unwrap();
    server.forget_after(0);
    let completed = device.exec("appointment.complete", visit).unwrap();
    let made = device.engine.main_read(mutations::unanswered).unwrap();
    device.push(&server).unwrap();
    assert_eq!((incarnation(&device), server.numbers()), (2, (2, 1)));
    let sent = server.state().received.pop().unwrap();
    assert_eq!(sent, made[0].bytes.replacen("{\"id\":2,", "{\"id\":1,", 1));
    assert_eq!(uids(&[sent]), [completed.uid]);
    settles(&server, &device);
}

#[test]
fn what_a_person_has_discarded_does_not_come_back_to_life_on_a_restored_server() {
    let (server, device, appointment, order) = booked();
    let backup = server.backup();
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "in_service");
    let cancel = json!({"appointment_id": appointment, "reason": "not_home"});
    let cancelled = device.exec("appointment.cancel", cancel).unwrap().uid;
    device.round(&server).unwrap();
    device.engine.mutation_discard(cancelled).unwrap();
    device.serve(appointment, order);
    device.round(&server).unwrap();
    server.restore(&backup);
    server.state().refuse.clear();
    settles(&server, &device);
    assert_eq!(
        server.order(order).payments.len(),
        1,
        "the visit was served again"
    );
    let heard = uids(&server.state().received);
    assert_eq!(heard.iter().filter(|uid| **uid == cancelled).count(), 1);
    assert_eq!((incarnation(&device), server.numbers()), (2, (2, 5)));
}

#[test]
fn a_refused_change_that_nobody_has_dealt_with_is_decided_anew_by_a_restored_server() {
    let (server, device, appointment, _) = booked();
    let backup = server.backup();
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "in_service");
    let cancel = json!({"appointment_id": appointment, "reason": "not_home"});
    device.exec("appointment.cancel", cancel).unwrap();
    device.round(&server).unwrap();
    assert_eq!(device.engine.sync_status().unwrap().refused, 1);
    server.restore(&backup);
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "too_late");
    settles(&server, &device);
    let entry = device.engine.mutations().unwrap().remove(0);
    assert_eq!(
        (entry.open, entry.code.as_deref()),
        (true, Some("too_late"))
    );
}

#[test]
fn a_store_put_back_from_a_backup_begins_a_new_incarnation_loses_nothing_and_does_nothing_twice() {
    let (server, mut device, appointment, order) = booked();
    let visit = json!({"appointment_id": appointment});
    device.exec("appointment.start", visit).unwrap();
    let files = backup(&device);
    device.serve_rest(appointment, order);
    device.round(&server).unwrap();
    put_back(&mut device, &files);

    device.pull(&server).unwrap();
    assert_eq!(
        device.pending(),
        1,
        "the backup held it unanswered: verdicts by number are not for it"
    );
    device.is_sound();
    device
        .exec("order.refund", json!({"order_id": order}))
        .unwrap();
    device.push(&server).unwrap();
    assert_eq!((incarnation(&device), server.numbers()), (2, (2, 2)));
    settles(&server, &device);
    let served = server.order(order);
    assert_eq!((served.payments.len(), served.refunds.len()), (1, 1));
    let heard: BTreeSet<Uuid> = uids(&server.state().received).into_iter().collect();
    assert_eq!(heard.len(), 6, "five of before, one new; the first twice");
}

#[test]
fn a_backup_in_which_as_much_was_done_as_before_is_found_out_too() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    let (_, order) = {
        let booked = server.book(2);
        device.round(&server).unwrap();
        booked
    };
    let files = backup(&device);
    for _ in 0..3 {
        ticket(&device);
    }
    device.round(&server).unwrap();
    put_back(&mut device, &files);
    let again: Vec<Uuid> = (0..3).map(|_| ticket(&device)).collect();
    // The numbers are all taken, by other commands: neither pull nor push may take one for another.
    device.pull(&server).unwrap();
    assert_eq!(device.pending(), 3);
    device.is_sound();
    settles(&server, &device);
    let heard = uids(&server.state().received);
    assert_eq!(heard.len(), 6);
    assert!(again.iter().all(|uid| heard.contains(uid)));
    assert_eq!((incarnation(&device), server.numbers()), (2, (2, 3)));
    assert!(device.engine.order(order).is_ok());
}

#[test]
fn a_push_under_taken_numbers_is_refused_as_a_whole_and_told_again_under_new_ones() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    let files = backup(&device);
    ticket(&device);
    device.round(&server).unwrap();
    for life in 2..5_u32 {
        put_back(&mut device, &files);
        ticket(&device);
        device.push(&server).unwrap();
        assert_eq!((device.pending(), server.numbers()), (0, (life, 1)));
    }
    settles(&server, &device);
}

#[test]
fn a_new_incarnation_of_nothing_asks_for_no_verdict_again_and_again() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    let files = {
        device.round(&server).unwrap();
        backup(&device)
    };
    ticket(&device);
    ticket(&device);
    device.round(&server).unwrap();
    put_back(&mut device, &files);
    device.round(&server).unwrap();
    device.round(&server).unwrap();
    let confirmed = server.state().asked.last().unwrap().confirmed;
    assert_eq!((confirmed, server.numbers()), (2, (1, 2)));
    ticket(&device);
    settles(&server, &device);
    assert_eq!(server.numbers(), (2, 1));
}

#[test]
fn server_and_device_may_both_have_been_put_back() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    let (_, order) = served(&server, &device);
    let files = backup(&device);
    let at_server = server.backup();
    ticket(&device);
    device.round(&server).unwrap();
    put_back(&mut device, &files);
    ticket(&device);
    device.round(&server).unwrap();
    assert_eq!(
        server.numbers(),
        (2, 6),
        "with all that its copy knew to have taken effect"
    );
    // Now the server too, to before the second life began.
    server.restore(&at_server);
    settles(&server, &device);
    let tickets: Vec<_> = server
        .visible()
        .into_iter()
        .filter(|((_, id), _)| *id != order.uuid())
        .collect();
    assert!(!tickets.is_empty());
    assert_eq!(server.order(order).payments.len(), 1);
}

/// A device whose store was put back between two tickets, both of which the server has: the server as it was before, and
/// the first of them.
fn put_back_between_tickets() -> (Server, Device, super::server::State, Uuid) {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    let at_server = server.backup();
    let first = ticket(&device);
    device.round(&server).unwrap();
    let files = backup(&device);
    ticket(&device);
    device.round(&server).unwrap();
    put_back(&mut device, &files);
    (server, device, at_server, first)
}

#[test]
fn a_history_cut_behind_earlier_lives_has_them_told_again() {
    let (server, device, at_server, first) = put_back_between_tickets();
    let third = ticket(&device);
    device.round(&server).unwrap();
    assert_eq!(server.numbers(), (2, 2));
    server.restore(&at_server);
    settles(&server, &device);
    let known = server.visible();
    for (uid, times) in [(first, 3), (third, 2)] {
        let told = server
            .state()
            .received
            .iter()
            .filter(|raw| uids(&[(*raw).clone()])[0] == uid)
            .count();
        assert_eq!(told, times, "{uid}");
    }
    let tickets = known
        .keys()
        .filter(|key| key.0 == huishou_domain::sync::scope::Kind::Order);
    assert_eq!(
        tickets.count(),
        2,
        "the second lives only in the lost history, and on no device"
    );
}

/// A database that failed over without anybody's noticing: the history is the same to all who look.
fn fail_over(server: &Server, to: &super::server::State) {
    let epoch = server.state().epoch;
    server.restore(to);
    server.state().epoch = epoch;
}

/// Orders that the server holds.
fn orders(server: &Server) -> usize {
    let kind = huishou_domain::sync::scope::Kind::Order;
    server.visible().keys().filter(|key| key.0 == kind).count()
}

#[test]
fn what_a_server_forgot_unnoticed_while_a_store_was_in_doubt_is_told_in_the_new_life() {
    let (server, device, at_server, first) = put_back_between_tickets();
    device.pull(&server).unwrap();
    fail_over(&server, &at_server);
    let third = ticket(&device);
    device.push(&server).unwrap();
    assert_eq!((incarnation(&device), server.numbers()), (2, (2, 2)));
    settles(&server, &device);
    let heard = uids(&server.state().received);
    assert_eq!(heard[heard.len() - 2..], [first, third], "in their order");
    assert_eq!(orders(&server), 2);
}

#[test]
fn a_server_that_forgot_an_earlier_life_after_the_new_one_began_hears_both() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    let at_server = server.backup();
    ticket(&device);
    device.round(&server).unwrap();
    let files = backup(&device);
    ticket(&device);
    device.round(&server).unwrap();
    put_back(&mut device, &files);
    ticket(&device);
    device.round(&server).unwrap();
    assert_eq!(server.numbers(), (2, 2));
    fail_over(&server, &at_server);
    ticket(&device);
    device.push(&server).unwrap();
    assert_eq!((orders(&server), server.numbers()), (3, (2, 3)));
    settles(&server, &device);
}

#[test]
fn what_the_new_life_tells_again_is_seen_and_says_why_it_waits() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    let (_, order) = served(&server, &device);
    let files = backup(&device);
    ticket(&device);
    device.round(&server).unwrap();
    put_back(&mut device, &files);
    device.pull(&server).unwrap();
    device.store(push::prepare).unwrap();
    assert_eq!(device.pending(), 5);
    let shown = device.engine.order(order).unwrap().order;
    assert_eq!((shown.payments.len(), shown.quotes.len()), (1, 1));
    let waiting = device.engine.pending().unwrap();
    assert!(
        waiting
            .iter()
            .all(|entry| entry.code.as_deref() == Some("told_again"))
    );
    device.is_sound();
    settles(&server, &device);
}

#[test]
fn a_command_whose_visit_nobody_knows_any_more_is_in_the_sync_centre_with_the_reason() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let at_server = server.backup();
    let (_, order) = served(&server, &device);
    // It is somebody else's by now, and then the server is set back to before it was booked.
    server.move_to(order, &[Scope::Station(STATION)]);
    device.round(&server).unwrap();
    assert!(device.engine.order(order).is_err());
    server.restore(&at_server);
    device.pull(&server).unwrap();
    let waiting = device.engine.pending().unwrap();
    assert_eq!(waiting.len(), 5);
    for entry in &waiting {
        assert_eq!(entry.code.as_deref(), Some("visit_unknown"));
        assert_eq!(entry.order_id, Some(order.to_string()));
    }
}

/// A process may end after every step: what follows is the same.
#[test]
fn each_step_may_be_the_last_of_a_process() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for cut in 0..6 {
        let (server, mut device) = (Server::new(&scopes()), Device::new());
        let (appointment, order) = server.book(2);
        device.round(&server).unwrap();
        let files = backup(&device);
        device.serve(appointment, order);
        device.round(&server).unwrap();
        put_back(&mut device, &files);
        let uid = ticket(&device);
        for step in 0..6 {
            match step {
                0 => drop(device.pull(&server)),
                1 => drop(device.store(push::prepare).unwrap()),
                2 => {
                    let request = device.store(push::prepare).unwrap();
                    if let Some(request) = request {
                        // Its answer is lost.
                        runtime.block_on(server.push(&request)).unwrap();
                    }
                }
                3 => drop(device.store(push::prepare).unwrap()),
                4 => drop(device.push(&server)),
                _ => drop(device.pull(&server)),
            }
            if step == cut {
                device.reopen();
            }
            device.is_sound();
        }
        settles(&server, &device);
        let told = uids(&server.state().received);
        assert_eq!(
            told.iter().filter(|told| **told == uid).count(),
            1,
            "after step {cut}"
        );
        assert_eq!(server.order(order).payments.len(), 1);
    }
}

#[test]
fn intents_say_in_which_history_their_version_was_read() {
    let (server, device, appointment, _) = booked();
    let epoch = server.state().epoch;
    let cancel = json!({"appointment_id": appointment, "reason": "not_home"});
    device.exec("appointment.cancel", cancel).unwrap();
    ticket(&device);
    let made = device.engine.main_read(mutations::unanswered).unwrap();
    let of = |which: usize| serde_json::from_str::<Mutation>(&made[which].bytes).unwrap();
    assert_eq!((of(0).expect_version, of(0).epoch), (Some(1), Some(epoch)));
    assert_eq!((of(1).expect_version, of(1).epoch), (None, None));
}

#[test]
fn a_server_set_back_takes_away_what_it_gave_since_and_keeps_what_was_done_here() {
    let (server, device, kept, _) = booked();
    let at_server = server.backup();
    let (gone, gone_order) = server.book(4);
    server.move_to(
        gone_order,
        &[Scope::Collector(ZHANG), Scope::Station(STATION)],
    );
    device.round(&server).unwrap();
    device
        .exec("appointment.start", json!({"appointment_id": kept}))
        .unwrap();
    server.restore(&at_server);
    device.pull(&server).unwrap();
    assert!(device.engine.appointment(gone).is_err());
    assert_eq!(device.pending(), 1);
    settles(&server, &device);
}
