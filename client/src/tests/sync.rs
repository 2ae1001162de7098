//! Push, pull and what lies between, with lost answers, restarts and a server that forgets.

use super::{
    device::{Device, booked, scopes},
    server::{LI, STATION, Server, ZHANG},
};
use crate::{
    store::{Commit, base, meta, mutations},
    sync::{pull, push, transport::Transport},
    view::visit::{AppointmentFilter, RowSync},
};
use huishou_domain::{
    order::OrderStatus,
    sync::{
        message::Outcome,
        scope::{Kind, Scope},
    },
};
use serde_json::json;

fn row_sync(device: &Device) -> RowSync {
    device
        .engine
        .appointments(&AppointmentFilter::default())
        .unwrap()[0]
        .sync
}

#[test]
fn a_command_is_pending_then_answered_and_gone_when_the_state_contains_it() {
    let (server, device, appointment, order) = booked();
    device.serve(appointment, order);
    assert_eq!((device.pending(), row_sync(&device)), (5, RowSync::Pending));
    let paid = device.engine.order(order).unwrap().order;
    assert_eq!(
        paid.status,
        OrderStatus::Paid,
        "a device reads its own writes"
    );
    device.push(&server).unwrap();
    assert_eq!((device.pending(), row_sync(&device)), (0, RowSync::Synced));
    assert_eq!(
        device.engine.order(order).unwrap().order.status,
        OrderStatus::Paid,
        "answered, and still laid over"
    );
    let overlaid = |device: &Device| {
        device
            .engine
            .main_read(|db| mutations::overlaid(db, order.uuid()))
            .unwrap()
            .len()
    };
    assert_eq!(overlaid(&device), 5);
    device.is_sound();
    device.pull(&server).unwrap();
    assert_eq!(overlaid(&device), 0, "the complete page contains all five");
    device.equals(&server);
    device.is_sound();
    assert_eq!(device.engine.journal().unwrap().len(), 5);
    assert_eq!(
        device
            .engine
            .main_read(crate::sync::verdicts::confirmed)
            .unwrap(),
        5
    );
}

#[test]
fn an_answer_lost_on_the_way_changes_nothing_twice_and_the_bytes_stay_the_same() {
    let (server, device, appointment, order) = booked();
    device.serve(appointment, order);
    let bytes = device
        .engine
        .main_read(mutations::unanswered)
        .unwrap()
        .into_iter()
        .map(|m| m.bytes)
        .collect::<Vec<_>>();
    server.state().lose_push = 2;
    for _ in 0..2 {
        assert_eq!(device.push(&server).unwrap_err().stable_code(), "offline");
        assert_eq!(device.pending(), 5);
    }
    device.round(&server).unwrap();
    assert_eq!(server.order(order).payments.len(), 1);
    assert_eq!(
        server.state().received,
        bytes,
        "each once, byte for byte as made"
    );
    device.equals(&server);
}

#[test]
fn the_verdicts_of_a_lost_answer_come_with_the_pull() {
    let (server, device, appointment, order) = booked();
    device.serve(appointment, order);
    server.state().lose_push = 1;
    device.push(&server).unwrap_err();
    device.pull(&server).unwrap();
    assert_eq!(device.pending(), 0);
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_refused_command_is_undone_and_stays_open_until_someone_deals_with_it() {
    let (server, device, appointment, _) = booked();
    let done = device
        .exec(
            "appointment.cancel",
            json!({"appointment_id": appointment, "reason": "not_home"}),
        )
        .unwrap();
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "in_service");
    device.round(&server).unwrap();
    device.equals(&server);
    let entry = device.engine.mutations().unwrap().remove(0);
    assert_eq!(
        (entry.uid, entry.open, entry.code.as_deref()),
        (done.uid, true, Some("in_service"))
    );
    assert_eq!(entry.subject, "王女士");
    assert_eq!(row_sync(&device), RowSync::Refused);
    assert_eq!(device.engine.sync_status().unwrap().refused, 1);
    device.is_sound();

    server.state().refuse.clear();
    let strange = json!({"appointment_id": appointment, "reason": "other", "why": "rain"});
    let unsaid = device
        .engine
        .mutation_resend(done.uid, strange)
        .unwrap_err();
    assert_eq!(unsaid.stable_code(), "unknown_argument");
    assert!(
        device.engine.mutations().unwrap()[0].open,
        "what was not sent again is still to be dealt with"
    );
    let again = device
        .engine
        .mutation_resend(
            done.uid,
            json!({"appointment_id": appointment, "reason": "refused_price"}),
        )
        .unwrap();
    assert_ne!(again.uid, done.uid);
    assert_eq!(row_sync(&device), RowSync::Pending);
    let twice = device
        .engine
        .mutation_resend(done.uid, json!({}))
        .unwrap_err();
    assert_eq!(twice.stable_code(), "not_refused");
    device.round(&server).unwrap();
    assert_eq!(row_sync(&device), RowSync::Synced);
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_conflict_is_shown_and_never_written_to_the_base() {
    let (server, device, appointment, _) = booked();
    let done = device
        .exec(
            "appointment.cancel",
            json!({"appointment_id": appointment, "reason": "not_home"}),
        )
        .unwrap();
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "conflict");
    device.round(&server).unwrap();
    let entry = device.engine.mutations().unwrap().remove(0);
    assert_eq!((entry.outcome, entry.open), (Some(Outcome::Conflict), true));
    device.equals(&server);
    device.engine.mutation_discard(done.uid).unwrap();
    assert_eq!(row_sync(&device), RowSync::Synced);
    assert_eq!(
        device
            .engine
            .mutation_discard(done.uid)
            .unwrap_err()
            .stable_code(),
        "not_refused"
    );
    device.is_sound();
}

#[test]
fn a_visit_given_to_another_with_changes_waiting_stays_as_a_read_only_shadow() {
    let (server, device, appointment, order) = booked();
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    server.move_to(order, &[Scope::Collector(LI), Scope::Station(STATION)]);
    device.pull(&server).unwrap();
    assert_eq!(row_sync(&device), RowSync::Shadow);
    let refused = device
        .exec(
            "appointment.complete",
            json!({"appointment_id": appointment}),
        )
        .unwrap_err();
    assert_eq!(refused.stable_code(), "no_longer_yours");
    device.is_sound();
    device.push(&server).unwrap();
    assert_eq!(
        row_sync(&device),
        RowSync::Shadow,
        "answered, but the state does not contain it yet"
    );
    device.pull(&server).unwrap();
    device.equals(&server);
    assert!(
        device.engine.appointment(appointment).is_err(),
        "gone with its last open change"
    );
    device.is_sound();
}

#[test]
fn a_shadow_with_a_refused_change_goes_when_the_change_is_dealt_with() {
    let (server, device, appointment, order) = booked();
    let done = device
        .exec(
            "appointment.cancel",
            json!({"appointment_id": appointment, "reason": "not_home"}),
        )
        .unwrap();
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "forbidden");
    server.move_to(order, &[Scope::Collector(LI)]);
    device.round(&server).unwrap();
    assert_eq!(row_sync(&device), RowSync::Shadow);
    device.is_sound();
    device.engine.mutation_discard(done.uid).unwrap();
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_scope_lost_takes_the_row_only_with_its_last() {
    let all = [scopes(), vec![Scope::Station(STATION)]].concat();
    let (server, device) = (Server::new(&all), Device::new());
    let (appointment, order) = server.book(2);
    device.round(&server).unwrap();
    server.move_to(order, &[Scope::Station(STATION)]);
    device.round(&server).unwrap();
    assert!(
        device.engine.appointment(appointment).is_ok(),
        "the station's scope still holds it"
    );
    server.state().grant(&scopes());
    device.round(&server).unwrap();
    assert!(device.engine.appointment(appointment).is_err());
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_reset_replaces_what_is_held_and_keeps_the_outbox() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (appointment, _) = server.book(2);
    let (_, gone) = server.book(4);
    device.round(&server).unwrap();
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    server.move_to(gone, &[Scope::Collector(LI)]);
    server.state().reset = true;
    server.state().page = 2;
    let applied = device.pull(&server).unwrap();
    assert!(applied.pages > 1);
    assert!(
        device.engine.order(gone).is_err(),
        "not in the new snapshot"
    );
    assert_eq!(device.pending(), 1);
    device.is_sound();
    device.round(&server).unwrap();
    device.equals(&server);
}

#[test]
fn a_copy_that_differs_from_the_servers_is_fetched_again_and_counted() {
    let (server, device, appointment, order) = booked();
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    let damage = |db: &crate::store::Db| base::remove(db, Kind::Order.as_str(), order.uuid());
    device
        .store(|store| store.write(Commit::Other, damage))
        .unwrap();
    let applied = device.round(&server).unwrap();
    assert_eq!(applied.repaired, [Scope::Collector(ZHANG).to_string()]);
    assert!(applied.mismatched.is_empty());
    let status = device.engine.sync_status().unwrap();
    assert_eq!(status.repaired_scopes, 1);
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_restored_server_hears_everything_again_that_it_forgot() {
    let (server, device, appointment, order) = booked();
    device.serve(appointment, order);
    device.round(&server).unwrap();
    server.forget_after(2);
    device
        .exec(
            "ticket.create",
            json!({"items": [{"category": "metal/iron", "quantity": "3"}]}),
        )
        .unwrap();
    device.push(&server).unwrap();
    assert_eq!(device.pending(), 0);
    assert_eq!(
        server.state().received.len(),
        5 + 3 + 1,
        "3, 4, 5 again and 6"
    );
    assert_eq!(
        server.order(order).payments.len(),
        1,
        "the payment's id is known"
    );
    device.pull(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}

#[test]
fn staged_pages_survive_a_restart_and_are_applied_together() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    for hour in 1..6 {
        server.book(hour);
    }
    server.state().page = 3;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for _ in 0..2 {
        let request = device
            .engine
            .main_read(|db| pull::request(db, false))
            .unwrap();
        let page = runtime.block_on(server.pull(&request)).unwrap();
        assert!(!page.complete);
        assert!(
            device
                .store(|store| pull::stage(store, &request, &page))
                .unwrap()
        );
        assert!(
            !device
                .store(|store| pull::stage(store, &request, &page))
                .unwrap(),
            "an answer to an older question"
        );
        device.reopen();
        assert!(
            device.held().is_empty(),
            "nothing is seen before the complete page"
        );
    }
    device.pull(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_complete_page_staged_before_a_crash_is_applied_after_it() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    server.book(2);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let request = device
        .engine
        .main_read(|db| pull::request(db, false))
        .unwrap();
    let page = runtime.block_on(server.pull(&request)).unwrap();
    assert!(page.complete);
    device
        .store(|store| pull::stage(store, &request, &page))
        .unwrap();
    device.reopen();
    server.book(4);
    device.pull(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_push_holds_two_hundred_commands_and_the_rest_follows() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    for _ in 0..205 {
        device
            .exec(
                "ticket.create",
                json!({"items": [{"category": "metal/iron", "quantity": "1"}]}),
            )
            .unwrap();
    }
    let first = device.store(push::prepare).unwrap().unwrap();
    assert_eq!(first.mutations.len(), 200);
    let pushed = device.push(&server).unwrap();
    assert_eq!((pushed.sent, pushed.requests), (205, 2));
    device.round(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}

#[test]
fn each_command_names_the_unanswered_ones_of_its_visit_and_the_version_the_server_has() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (appointment, order) = server.book(2);
    server.note(appointment, "有电梯");
    device.round(&server).unwrap();
    device.serve(appointment, order);
    let stored = device.engine.main_read(mutations::unanswered).unwrap();
    let sent: Vec<huishou_domain::sync::message::Mutation> = stored
        .iter()
        .map(|m| serde_json::from_str(&m.bytes).unwrap())
        .collect();
    let uids: Vec<_> = sent.iter().map(|m| m.uid).collect();
    for (i, mutation) in sent.iter().enumerate() {
        assert_eq!(mutation.after, uids[..i]);
    }
    let seen: Vec<_> = sent
        .iter()
        .map(|m| (m.name.as_str(), m.expect_version))
        .collect();
    assert_eq!(
        seen,
        [
            ("appointment.start@1", Some(2)),
            ("order.weigh@1", Some(2)),
            ("order.accept@1", Some(1)),
            ("order.pay@1", Some(1)),
            ("appointment.complete@1", Some(2))
        ],
        "one's own unconfirmed changes do not count"
    );
    assert_eq!(
        device
            .engine
            .main_read(|db| meta::get::<i64>(db, meta::Key::LastId))
            .unwrap(),
        Some(5)
    );
}

#[test]
fn a_pull_that_brings_nothing_writes_nothing_but_the_time_now_and_then() {
    let (server, device, appointment, order) = booked();
    let written = || {
        let count = |db: &crate::store::Db| {
            Ok(db.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0))?)
        };
        device.engine.main_read(count).unwrap()
    };
    let before = written();
    for _ in 0..20 {
        device.pull(&server).unwrap();
    }
    assert_eq!(written(), before);
    for _ in 0..60 {
        device.pull(&server).unwrap();
    }
    let noted = written();
    assert!(noted > before, "a minute has passed on the server's clock");
    device.serve(appointment, order);
    device.push(&server).unwrap();
    device.pull(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}
