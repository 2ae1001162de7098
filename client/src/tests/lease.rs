//! Thirty days without the server, and a server that finds this version too old.

use super::{
    device::{Device, desk_scopes, scopes},
    server::Server,
};
use crate::{engine::Round, view::sync::ChipState};
use chrono::TimeDelta;
use huishou_domain::order::OrderStatus;
use serde_json::json;

fn code<T: std::fmt::Debug>(done: crate::error::Result<T>) -> String {
    done.unwrap_err().stable_code()
}

#[test]
fn after_thirty_days_nothing_new_is_begun_what_has_begun_is_finished_and_contact_unlocks() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (begun, order) = server.book(2);
    let (untouched, _) = server.book(4);
    device.round(&server).unwrap();
    device
        .exec("appointment.start", json!({"appointment_id": begun}))
        .unwrap();
    let state = || device.engine.session_state().unwrap().lease_over;
    let ends = device.engine.sync_status().unwrap().lease_ends.unwrap();
    assert_eq!(ends, "2026-12-23T02:00:01.000Z");

    device.pass(TimeDelta::days(30) - TimeDelta::milliseconds(1));
    assert!(!state());
    let iron = || json!({"items": [{"category": "metal/iron", "quantity": "3"}]});
    device.exec("ticket.create", iron()).unwrap();
    device.pass(TimeDelta::milliseconds(1));
    assert!(state());
    assert_eq!(code(device.exec("ticket.create", iron())), "lease_over");
    for name in ["appointment.start", "appointment.cancel"] {
        let args = json!({"appointment_id": untouched, "reason": "not_home"});
        let args = if name == "appointment.start" {
            json!({"appointment_id": untouched})
        } else {
            args
        };
        assert_eq!(code(device.exec(name, args)), "lease_over", "{name}");
    }
    device.serve_rest(begun, order);
    let served = device.engine.order(order).unwrap().order;
    assert_eq!(
        served.status,
        OrderStatus::Paid,
        "a visit in progress is finished"
    );
    device.is_sound();

    server.pass(TimeDelta::days(30));
    device.contact(&server, Round::Push).unwrap();
    assert_eq!(
        (device.pending(), state()),
        (0, false),
        "push works, and unlocks"
    );
    device.exec("ticket.create", iron()).unwrap();
    device.round(&server).unwrap();
    device.equals(&server);
}

#[test]
fn a_booking_and_a_new_estimate_are_something_new_and_wait_for_contact() {
    let (server, device) = (Server::new(&desk_scopes()), Device::clerk());
    device.round(&server).unwrap();
    let booking = |day: &str| {
        json!({"contact": {"name": "王女士", "phone": "13800002046"}, "address": {"division": "330106", "detail": "文三路 90 号 3 幢"},
            "appointment_time": format!("2026-{day}T02:00:00Z"), "items": [{"category": "paper/cardboard", "quantity": "30"}]})
    };
    let booked = device.exec("appointment.create", booking("11-24")).unwrap();
    let again = json!({"appointment_id": booked.appointment_id, "items": [{"category": "metal/iron", "quantity": "8"}]});
    device.exec("appointment.estimate", again.clone()).unwrap();
    device.round(&server).unwrap();

    device.pass(TimeDelta::days(30));
    server.pass(TimeDelta::days(30));
    let later = booking("12-24");
    assert_eq!(
        code(device.exec("appointment.create", later.clone())),
        "lease_over"
    );
    assert_eq!(
        code(device.exec("appointment.estimate", again.clone())),
        "lease_over"
    );
    assert_eq!(device.pending(), 0, "nothing of them waits");
    device.is_sound();

    device.contact(&server, Round::Both).unwrap();
    device.exec("appointment.create", later).unwrap();
    device.exec("appointment.estimate", again).unwrap();
    device.round(&server).unwrap();
    device.equals(&server);
}

#[test]
fn a_wall_clock_set_forward_does_not_lock_and_one_set_back_does_not_unlock() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    device.pass(TimeDelta::days(31));
    device.reopen();
    assert!(
        device.engine.session_state().unwrap().lease_over,
        "a restart is no contact"
    );
    server.state().problem = Some((503, "database_unavailable"));
    device.contact(&server, Round::Both).unwrap_err();
    assert!(
        device.engine.session_state().unwrap().lease_over,
        "an answer that says nothing is none either"
    );
}

#[test]
fn a_version_that_is_too_old_is_told_so_keeps_its_outbox_and_is_heard_after_the_upgrade() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (appointment, order) = server.book(2);
    device.contact(&server, Round::Both).unwrap();
    device.serve(appointment, order);
    server.state().problem = Some((426, "upgrade_required"));
    for _ in 0..3 {
        assert_eq!(
            code(device.contact(&server, Round::Both)),
            "upgrade_required"
        );
    }
    let status = device.engine.sync_status().unwrap();
    assert_eq!((status.chip, status.pending), (ChipState::Attention, 5));
    assert_eq!(status.last_error.as_deref(), Some("upgrade_required"));
    assert!(device.engine.waits_for_upgrade(), "not asked at each turn");
    device.pass(TimeDelta::days(1));
    assert!(!device.engine.waits_for_upgrade(), "but daily");
    server.state().problem = None;
    device.contact(&server, Round::Both).unwrap();
    let status = device.engine.sync_status().unwrap();
    assert_eq!((status.last_error, status.pending), (None, 0));
    assert!(!device.engine.waits_for_upgrade());
    device.equals(&server);
}

#[test]
fn where_the_newer_version_is_is_shown_while_it_is_needed_and_only_what_is_safe_to_open() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let told = || device.engine.sync_status().unwrap().download;
    server.state().problem = Some((426, "upgrade_required"));
    let addresses = [
        ("https://example.cn/huishou?v=2", true),
        ("http://example.cn/huishou", false),
        ("javascript:alert(1)", false),
        ("file:///etc/passwd", false),
        ("", false),
    ];
    for (address, is_shown) in addresses {
        server.state().download = address;
        device.contact(&server, Round::Both).unwrap_err();
        assert_eq!(told(), is_shown.then(|| address.to_owned()), "{address}");
    }
    server.state().download = "https://example.cn/huishou";
    device.contact(&server, Round::Both).unwrap_err();
    assert!(told().is_some());
    server.state().problem = None;
    device.contact(&server, Round::Both).unwrap();
    assert_eq!(told(), None);
}

#[test]
fn fields_of_newer_and_older_servers_do_not_disturb() {
    use huishou_domain::sync::message::{PullAnswer, PushAnswer};
    let newer = r#"{"puts":[],"drops":[],"last_mutation":3,"verdicts":[],"cursor":"c","complete":true,"reset":[],"incarnation":2,"weather":{"sunny":true},"server_time":"2026-11-23T02:00:00.125Z"}"#;
    let page: PullAnswer = serde_json::from_str(newer).unwrap();
    assert_eq!((page.incarnation, page.last_mutation), (2, 3));
    let older = r#"{"last_mutation":3,"verdicts":[],"server_time":"2026-11-23T02:00:00.125Z"}"#;
    let answer: PushAnswer = serde_json::from_str(older).unwrap();
    assert_eq!((answer.incarnation, answer.epoch.is_nil()), (1, true));
}
