//! Stores that older versions of the app have left, with work on them that nobody else has.

use super::{
    device::{Device, scopes},
    server::Server,
};
use crate::{
    folder,
    store::{StoreKey, base, migrate, mutations, older},
    view::session::Settings,
};
use serde_json::json;
use std::path::PathBuf;

fn key() -> StoreKey {
    StoreKey::from_hex(&"1b".repeat(32)).unwrap()
}

fn store(device: &Device) -> PathBuf {
    device.folder.path().join(folder::STORE)
}

/// A device with everything that is its own: pending, applied, refused and open, typed, preferred.
fn at_work(server: &Server) -> (Device, huishou_domain::ids::OrderId) {
    let device = Device::new();
    let (first, done) = server.book(2);
    let (second, order) = server.book(4);
    let (third, _) = server.book(6);
    device.round(server).unwrap();
    device.serve(first, done);
    let cancel = json!({"appointment_id": third, "reason": "not_home"});
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "in_service");
    device.exec("appointment.cancel", cancel).unwrap();
    device.round(server).unwrap();
    device.serve(second, order);
    device
        .engine
        .draft_put("weigh", &json!({"gross": "12"}))
        .unwrap();
    let settings = Settings {
        language: "en".into(),
        ..Settings::default()
    };
    device.engine.settings_put(&settings).unwrap();
    (device, order)
}

#[track_caller]
fn holds_its_own(device: &Device, server: &Server, order: huishou_domain::ids::OrderId) {
    assert_eq!(
        (device.pending(), device.engine.journal().unwrap().len()),
        (5, 6)
    );
    let open = device.engine.mutations().unwrap().remove(0);
    assert_eq!(
        (open.open, open.code.as_deref()),
        (true, Some("in_service"))
    );
    assert!(device.engine.draft_get("weigh").unwrap().is_some());
    assert_eq!(device.engine.settings_get().unwrap().language, "en");
    device.is_sound();
    device.round(server).unwrap();
    device.round(server).unwrap();
    assert_eq!(device.pending(), 0);
    assert_eq!(server.order(order).payments.len(), 1);
    assert_eq!(
        server.numbers(),
        (1, 11),
        "no command twice, none under another number"
    );
    assert_eq!(server.state().received.len(), 11);
    device.equals(server);
    device.is_sound();
}

#[test]
fn a_store_of_each_older_version_is_brought_up_and_synced_with_all_that_waits() {
    for version in older::FIRST..older::LAST {
        let server = Server::new(&scopes());
        let (mut device, order) = at_work(&server);
        let held = device.held();
        device.close();
        let (now, old) = (store(&device), device.folder.path().join("old.db"));
        older::write(version, &now, &old, &key()).unwrap();
        for path in folder::database(device.folder.path(), folder::STORE) {
            drop(std::fs::remove_file(path));
        }
        std::fs::rename(&old, &now).unwrap();
        device.reopen();
        assert_eq!(device.held(), held, "of version {version}");
        holds_its_own(&device, &server, order);
    }
}

#[test]
fn an_upgrade_that_rebuilds_fetches_the_servers_part_anew_and_keeps_the_devices_own() {
    let server = Server::new(&scopes());
    let (mut device, order) = at_work(&server);
    let iron = json!({"items": [{"category": "metal/iron", "quantity": "3"}]});
    let made = device.engine.main_read(mutations::unanswered).unwrap();
    device.close();
    migrate::rebuild(&store(&device), &key()).unwrap();
    device.reopen();
    assert_eq!(device.engine.main_read(base::count).unwrap(), 0);
    let kept = device.engine.main_read(mutations::unanswered).unwrap();
    let bytes = |all: &[mutations::Stored]| all.iter().map(|m| m.bytes.clone()).collect::<Vec<_>>();
    assert_eq!(bytes(&kept), bytes(&made));
    device.reopen();
    holds_its_own(&device, &server, order);
    device.exec("ticket.create", iron).unwrap();
}

#[test]
fn what_needs_no_server_is_seen_before_the_first_contact_after_a_rebuild() {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    let iron = json!({"items": [{"category": "metal/iron", "quantity": "3"}]});
    let ticket = device
        .exec("ticket.create", iron)
        .unwrap()
        .order_id
        .unwrap();
    device.close();
    migrate::rebuild(&store(&device), &key()).unwrap();
    device.reopen();
    assert_eq!(device.engine.order(ticket).unwrap().order.id, ticket);
    device.is_sound();
    device.round(&server).unwrap();
    device.equals(&server);
}
