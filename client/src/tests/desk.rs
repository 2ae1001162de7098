//! Practice, drafts, settings, events, lists at ten thousand rows, the support bundle.

use super::{
    device::{Device, booked, scopes},
    server::{Server, ZHANG},
};
use crate::{
    engine::Event,
    sync::pull,
    view::{
        session::{Mode, Settings},
        sync::ChipState,
        visit::{AppointmentFilter, OrderFilter},
    },
};
use huishou_domain::{
    appointment::AppointmentStatus,
    sync::{message::PullRequest, scope::Kind},
};
use serde_json::json;
use std::time::Instant;

#[test]
fn practice_has_a_store_of_its_own_and_is_never_pushed() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    server.book(2);
    device.round(&server).unwrap();
    let state = device.engine.practice_enter().unwrap();
    assert_eq!(
        (state.mode, state.city.as_deref()),
        (Mode::Practice, Some("330100"))
    );
    let today = device
        .engine
        .appointments(&AppointmentFilter {
            from: Some("2026-11-23".into()),
            ..Default::default()
        })
        .unwrap();
    assert_eq!(today.len(), 4, "something to try at once");
    assert!(today.iter().all(|row| row.estimate.fen() > 0));
    device
        .exec("appointment.start", json!({"appointment_id": today[0].id}))
        .unwrap();
    let ticket = device
        .exec(
            "ticket.create",
            json!({"items": [{"category": "metal/iron", "quantity": "10"}]}),
        )
        .unwrap();
    assert_eq!(
        device.engine.sync_status().unwrap().chip,
        ChipState::Practice
    );
    device.is_sound();
    assert_eq!(device.engine.practice_leave().unwrap().mode, Mode::SignedIn);
    assert!(
        device.engine.order(ticket.order_id.unwrap()).is_err(),
        "the real store knows nothing of it"
    );
    assert_eq!(device.pending(), 0);
    device.round(&server).unwrap();
    assert!(server.state().received.is_empty());
    device.reopen();
    device.engine.practice_enter().unwrap();
    assert!(
        device.engine.order(ticket.order_id.unwrap()).is_ok(),
        "practice goes on where it was left"
    );
    assert_eq!(
        device
            .engine
            .appointments(&AppointmentFilter::default())
            .unwrap()
            .len(),
        4,
        "the same day brings nothing new"
    );
}

#[test]
fn drafts_survive_a_kill_and_show_at_their_visit() {
    let (_server, mut device, appointment, order) = booked();
    let draft = json!({"items": [{"category": "paper/cardboard", "weighing": {"gross": "3"}}]});
    device
        .engine
        .draft_put(&format!("weigh:{order}"), &draft)
        .unwrap();
    device.reopen();
    assert_eq!(
        device.engine.draft_get(&format!("weigh:{order}")).unwrap(),
        Some(draft)
    );
    assert!(device.engine.appointment(appointment).unwrap().has_draft);
    assert_eq!(device.engine.drafts().unwrap().len(), 1);
    device
        .engine
        .draft_delete(&format!("weigh:{order}"))
        .unwrap();
    assert!(!device.engine.appointment(appointment).unwrap().has_draft);
    assert!(device.engine.draft_put("", &json!(1)).is_err());
    assert_eq!(
        device
            .engine
            .draft_put("x", &json!("长".repeat(100_000)))
            .unwrap_err()
            .stable_code(),
        "too_large"
    );
}

#[test]
fn settings_are_kept_and_the_offline_switch_is_seen_at_once() {
    let mut device = Device::new();
    let english = Settings {
        language: "en".into(),
        ..Settings::default()
    };
    device.engine.settings_put(&english).unwrap();
    assert!(
        device
            .engine
            .settings_put(&Settings {
                theme: "pink".into(),
                ..Settings::default()
            })
            .is_err()
    );
    device.reopen();
    assert_eq!(device.engine.settings_get().unwrap(), english);
    let status = device.engine.set_offline(true).unwrap();
    assert_eq!(
        (status.chip, status.offline_switch),
        (ChipState::Offline, true)
    );
}

#[test]
fn screens_hear_of_what_is_done() {
    let (_server, device, appointment, _) = booked();
    let mut events = device.engine.events();
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    let Event::DataChanged(changed) = events.try_recv().unwrap() else {
        panic!("data first")
    };
    assert!(changed.kinds.contains(&"appointment".to_owned()));
    let Event::SyncStatus(status) = events.try_recv().unwrap() else {
        panic!("then the status")
    };
    assert_eq!(status.pending, 1);
}

#[test]
fn lists_filter_by_day_state_person_and_text() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (today, order) = server.book(2);
    let (tomorrow, _) = server.book(20);
    server.note(tomorrow, "有电梯");
    device.round(&server).unwrap();
    let ids = |filter: AppointmentFilter| {
        device
            .engine
            .appointments(&filter)
            .unwrap()
            .into_iter()
            .map(|row| row.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(AppointmentFilter::default()),
        [today, tomorrow],
        "by time"
    );
    assert_eq!(
        ids(AppointmentFilter {
            from: Some("2026-11-23".into()),
            ..Default::default()
        }),
        [today],
        "China's day, from 16:00 UTC on"
    );
    assert_eq!(
        ids(AppointmentFilter {
            from: Some("2026-11-23".into()),
            to: Some("2026-11-24".into()),
            ..Default::default()
        })
        .len(),
        2
    );
    for (query, found) in [
        ("王女", 2),
        ("1380000", 2),
        ("文三路", 2),
        ("黄板纸", 2),
        ("hbz", 2),
        ("有电梯", 1),
        ("100%", 0),
        ("HS-", 2),
    ] {
        assert_eq!(
            ids(AppointmentFilter {
                query: query.into(),
                ..Default::default()
            })
            .len(),
            found,
            "{query}"
        );
    }
    assert!(
        ids(AppointmentFilter {
            statuses: vec![AppointmentStatus::Completed],
            ..Default::default()
        })
        .is_empty()
    );
    assert_eq!(
        ids(AppointmentFilter {
            assignee: Some(ZHANG),
            ..Default::default()
        })
        .len(),
        2
    );
    let row = device
        .engine
        .appointments(&AppointmentFilter::default())
        .unwrap()
        .remove(0);
    assert_eq!(
        (row.phone_masked.as_str(), row.assignee_name.as_deref()),
        ("138****2046", Some("张师傅"))
    );
    assert_eq!(
        device
            .engine
            .orders(&OrderFilter {
                tickets: Some(true),
                ..Default::default()
            })
            .unwrap(),
        []
    );
    assert_eq!(
        device
            .engine
            .orders(&OrderFilter {
                tickets: Some(false),
                ..Default::default()
            })
            .unwrap()
            .len(),
        2
    );
    assert!(
        device
            .engine
            .appointments(&AppointmentFilter {
                from: Some("x".into()),
                ..Default::default()
            })
            .is_err()
    );
    assert!(device.engine.order(order).is_ok());
}

#[test]
fn ten_thousand_visits_are_listed_in_one_query_and_worked_on_at_once() {
    let (_server, device, appointment, order) = booked();
    copy(&device, 5_000);
    let started = Instant::now();
    let rows = device
        .engine
        .appointments(&AppointmentFilter::default())
        .unwrap();
    let orders = device.engine.orders(&OrderFilter::default()).unwrap();
    assert_eq!(rows.len() + orders.len(), 10_002);
    let listed = started.elapsed();
    let started = Instant::now();
    let found = device
        .engine
        .appointments(&AppointmentFilter {
            query: "文三路".into(),
            from: Some("2026-11-23".into()),
            ..Default::default()
        })
        .unwrap();
    assert_eq!(found.len(), 5_001);
    let searched = started.elapsed();
    let started = Instant::now();
    device.serve(appointment, order);
    let served = started.elapsed() / 5;
    println!("10,002 rows listed in {listed:?}, searched in {searched:?}; a command in {served:?}");
    assert!(
        listed.as_secs() < 2 && searched.as_secs() < 2 && served.as_millis() < 200,
        "{listed:?} {searched:?} {served:?}"
    );
}

/// The one visit, copied many times with other ids, as a page of a pull would bring it.
fn copy(device: &Device, times: u128) {
    use crate::{
        store::{Commit, base, memberships},
        visits,
    };
    use huishou_domain::{appointment::Appointment, order::Order, sync::scope::Scope};
    let appointment: Appointment =
        serde_json::from_value(device.engine.list("appointment").unwrap().remove(0)).unwrap();
    let order: Order =
        serde_json::from_value(device.engine.list("order").unwrap().remove(0)).unwrap();
    let scopes = [Scope::Collector(ZHANG)];
    device
        .store(|store| {
            store.write(Commit::Other, |db| {
                for n in 1..=times {
                    let (a, o) = (
                        uuid::Uuid::from_u128(n << 32 | 1),
                        uuid::Uuid::from_u128(n << 32 | 2),
                    );
                    let order = Order {
                        id: o.into(),
                        appointment_id: Some(a.into()),
                        ..order.clone()
                    };
                    let appointment = Appointment {
                        id: a.into(),
                        order_id: o.into(),
                        ..appointment.clone()
                    };
                    base::put(
                        db,
                        Kind::Appointment,
                        a,
                        1,
                        Some(o),
                        &serde_json::to_string(&appointment)?,
                    )?;
                    base::put(
                        db,
                        Kind::Order,
                        o,
                        1,
                        Some(o),
                        &serde_json::to_string(&order)?,
                    )?;
                    memberships::set(db, Kind::Appointment, a, &scopes)?;
                    memberships::set(db, Kind::Order, o, &scopes)?;
                    visits::rebuild(db, o)?;
                }
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn the_support_bundle_names_nobody() {
    let (_server, device, appointment, order) = booked();
    device.serve(appointment, order);
    let path = device.engine.diagnostics().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    for private in ["王女士", "13800002046", "2046", "文三路", "张师傅", "33.00"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    assert!(text.contains("order.pay@1") && text.contains("cipher_version"));
}

#[test]
fn the_first_pull_asks_for_everything_and_for_checks() {
    let device = Device::new();
    let request = device
        .engine
        .main_read(|db| pull::request(db, pull::check_is_due(db, chrono::Utc::now())?))
        .unwrap();
    assert_eq!(
        request,
        PullRequest {
            cursor: None,
            schema: 1,
            // A short page comes sooner.
            limit: Some(300),
            confirmed: 0,
            check: true,
            again: vec![]
        }
    );
}
