//! A folder that is not, or no longer, open.

use super::device::Device;
use crate::{
    engine::{Config, Engine, ways_back},
    secrets::{KeySource, Recovery},
    view::{session::WaysBack, visit::AppointmentFilter},
};
use huishou_domain::ids::DeviceId;
use serde_json::json;
use uuid::Uuid;

#[test]
fn an_engine_that_let_go_of_its_folder_takes_nothing_for_kept() {
    let mut device = Device::new();
    device.engine.draft_put("before", &json!(1)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(device.engine.close()).unwrap();
    assert!(device.engine.draft_put("after", &json!(1)).is_err());
    assert!(device.engine.session_state().is_err());
    assert!(
        device
            .engine
            .appointments(&AppointmentFilter::default())
            .is_err()
    );
    assert!(runtime.block_on(device.engine.sync_now()).is_err());
    device.reopen();
    let keys: Vec<String> = device
        .engine
        .drafts()
        .unwrap()
        .into_iter()
        .map(|d| d.key)
        .collect();
    assert_eq!(keys, ["before"]);
}

#[test]
fn what_there_is_to_get_a_key_back_with_is_told_without_opening_anything() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        key: KeySource::Passphrase("一把好钥匙".into()),
        ..Config::new(folder.path().to_owned())
    };
    assert_eq!(ways_back(&config), WaysBack::default());
    drop(Engine::open(config.clone()).unwrap());
    let recovery = Recovery {
        device: DeviceId(Uuid::now_v7()),
        server: "https://depot.example".into(),
        server_key: "a".into(),
        wrapped: "b".into(),
    };
    recovery.keep(folder.path()).unwrap();
    let found = ways_back(&config);
    assert_eq!(found.server.as_deref(), Some("https://depot.example"));
    assert!(found.store && found.passphrase && !found.keyring);
}
