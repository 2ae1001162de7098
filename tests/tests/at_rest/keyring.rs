//! A real gnome-keyring: the key is there and nowhere else, a copied store does not open, a reset keyring has a way back.

use blackbox::{Device, Engine, Keyring, Town};

use crate::support::{counter, names, refusal, refused, ticket, waiting};

/// A station's device whose keys lie in a keyring.
async fn kept_in(keyring: &Keyring, town: &Town) -> Device {
    let mut device = town.world.device();
    device.use_keyring(keyring);
    let code = town.pairing_code().await;
    let state = device.login(Some(&code), "station1", town.password()).await;
    assert_eq!(state["keyring"], true, "{state}");
    let _ = device.sync().await;
    device
}

async fn entries(keyring: &Keyring) -> [bool; 4] {
    let labels = keyring.labels().await.join("\n");
    ["store-key", "device-key", "refresh-token", "practice-key"].map(|name| labels.contains(name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_lie_in_the_keyring_and_a_copied_store_does_not_open() {
    let town = Town::start(Engine::MariaDb).await;
    let mut keyring = Keyring::start().await;
    let mut device = kept_in(&keyring, &town).await;
    assert_eq!(entries(&keyring).await, [true, true, true, false]);
    assert!(
        !names(device.folder()).contains(&"store.key".to_owned()),
        "{:?}",
        names(device.folder())
    );
    let uid = ticket(&device).await;

    let elsewhere = Keyring::start().await;
    let mut copy = Device::on(device.copy_store(), town.world.server.url());
    copy.use_keyring(&elsewhere);
    assert_eq!(refusal(&copy, &["pending"]).await, "store_key_missing");
    assert_eq!(
        entries(&elsewhere).await,
        [false; 4],
        "and no key is made for it"
    );
    copy.set_env("HUISHOU_STORE_KEY", &"0".repeat(64));
    assert_eq!(refusal(&copy, &["pending"]).await, "store_key_wrong");
    copy.set_env("HUISHOU_STORE_KEY", "a passphrase");
    assert_eq!(refusal(&copy, &["pending"]).await, "store_key_missing");

    keyring.stop();
    assert_eq!(refusal(&device, &["pending"]).await, "no_keyring");
    keyring.resume().await;
    device.use_keyring(&keyring);
    assert_eq!(
        waiting(&device).await,
        [uid],
        "the user has signed in again"
    );
    let _ = device.sync().await;
    device.agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_reset_keyring_the_server_gives_the_key_back_by_a_pairing_code() {
    let town = Town::start(Engine::Mysql56).await;
    let mut keyring = Keyring::start().await;
    let mut device = kept_in(&keyring, &town).await;
    let made = [ticket(&device).await, ticket(&device).await];
    keyring.reset().await;
    device.use_keyring(&keyring);
    assert_eq!(refusal(&device, &["pending"]).await, "store_key_missing");
    assert_eq!(refusal(&device, &["sync"]).await, "store_key_missing");
    assert_eq!(
        entries(&keyring).await,
        [false; 4],
        "no new key in the old one's place"
    );

    let wrong = refusal(&device, &["recover", "--pairing", "WRONG-00"]).await;
    assert_eq!(wrong, "bad_pairing_code");
    assert_eq!(refusal(&device, &["pending"]).await, "store_key_missing");
    let code = town.pairing_code().await;
    let _ = device.call(&["recover", "--pairing", &code]).await;
    assert_eq!(waiting(&device).await, made, "nothing of the store is lost");
    assert_eq!(refusal(&device, &["sync"]).await, "sign_in_required");
    let _ = device.login(None, "station1", town.password()).await;
    let _ = device.sync().await;
    assert_eq!(waiting(&device).await, [""; 0]);
    device.agrees().await;
    let audit = "SELECT COUNT(*) FROM device_recoveries";
    assert_eq!(
        town.world.database.count(audit).await,
        1,
        "and it is on record"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_devices_recovery_file_is_of_no_use() {
    let town = Town::start(Engine::MariaDb).await;
    let mut keyring = Keyring::start().await;
    let mut device = kept_in(&keyring, &town).await;
    let other = counter(&town).await;
    let stolen = std::fs::read_to_string(other.folder().join("recovery.key")).unwrap();
    let own = std::fs::read_to_string(device.folder().join("recovery.key")).unwrap();
    let wrapped = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["wrapped"].as_str().unwrap().to_owned()
    };
    let mixed = own.replace(&wrapped(&own), &wrapped(&stolen));
    std::fs::write(device.folder().join("recovery.key"), &mixed).unwrap();
    keyring.reset().await;
    device.use_keyring(&keyring);
    let code = town.pairing_code().await;
    let recovering = ["recover", "--pairing", code.as_str()];
    assert_eq!(refusal(&device, &recovering).await, "not_this_devices_key");
    std::fs::remove_file(device.folder().join("recovery.key")).unwrap();
    assert_eq!(refusal(&device, &recovering).await, "no_recovery");
    std::fs::write(device.folder().join("recovery.key"), &own).unwrap();
    let _ = device.call(&recovering).await;
    assert_eq!(device.call(&["session"]).await["keyring"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keyring_a_passphrase_opens_the_store_and_a_forgotten_one_has_a_way_back() {
    let town = Town::start(Engine::MariaDb).await;
    let mut device = town.world.device();
    device.set_env("HUISHOU_STORE_KEY", "");
    device.set_env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let none = device.run(&["pending"]).await;
    assert_eq!(refused(&none, "no keyring service"), "no_keyring");
    device.set_env("HUISHOU_STORE_KEY", "秤砣 and 秤杆");
    let code = town.pairing_code().await;
    let state = device.login(Some(&code), "station1", town.password()).await;
    assert_eq!(state["keyring"], false);
    let _ = device.sync().await;
    let uid = ticket(&device).await;
    device.set_env("HUISHOU_STORE_KEY", "");
    assert_eq!(refusal(&device, &["pending"]).await, "passphrase_needed");
    device.set_env("HUISHOU_STORE_KEY", "somebody else's");
    assert_eq!(refusal(&device, &["pending"]).await, "passphrase_wrong");

    let code = town.pairing_code().await;
    let _ = device.call(&["recover", "--pairing", &code]).await;
    assert_eq!(
        waiting(&device).await,
        [uid],
        "opened by the new passphrase"
    );
    device.set_env("HUISHOU_STORE_KEY", "秤砣 and 秤杆");
    assert_eq!(refusal(&device, &["pending"]).await, "passphrase_wrong");
    device.set_env("HUISHOU_STORE_KEY", "somebody else's");
    let _ = device.login(None, "station1", town.password()).await;
    let _ = device.sync().await;
    device.agrees().await;
}
