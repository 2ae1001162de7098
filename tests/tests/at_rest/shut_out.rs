//! Devices that are shut out: a stolen one is wiped at once, a leaver's hands its outbox in exactly once and is wiped
//! then. A wipe that is cut off goes on.

use blackbox::goods::iron;
use blackbox::{Desk, Device, Engine, Keyring, Lossy, Town, on_each_database};
use serde_json::json;

use crate::support::{
    counter, device_id, files, last_error, names, quarantined, refusal, shut_out, ticket, waiting,
};

/// What may be left in the folder of a wiped device: a new empty store, its name in the keyring, practice.
const LEFT: [&str; 5] = [
    "huishou.db",
    "huishou.db-shm",
    "huishou.db-wal",
    "practice.db",
    "store.id",
];

/// A ticket in practice; answers its order.
async fn practised(device: &Device) -> String {
    let args = json!({"items": iron("10")}).to_string();
    let made = device
        .call(&["--practice", "exec", "ticket.create", &args])
        .await;
    made["order_id"].as_str().expect("an order").to_owned()
}

/// Nothing of the store is left; practice is as it was.
async fn is_wiped(device: &Device, practice: &str, old: &[(std::path::PathBuf, Vec<u8>)]) {
    let state = device.call(&["session"]).await;
    assert_eq!(state["mode"], "signed_out", "{state}");
    assert_eq!(state["device_id"], json!(null));
    assert_eq!(last_error(device).await, "device_wiped");
    assert_eq!(waiting(device).await, [""; 0]);
    assert_eq!(device.list("appointment").await, json!([]));
    let left = names(device.folder());
    let odd: Vec<&String> = left
        .iter()
        .filter(|name| !LEFT.contains(&name.as_str()))
        .collect();
    assert!(odd.is_empty(), "left behind: {odd:?}");
    let now = files(device.folder());
    for (path, bytes) in old
        .iter()
        .filter(|(path, _)| !path.ends_with("practice.db"))
    {
        let is_same = now.iter().any(|(new, with)| new == path && with == bytes);
        assert!(
            !is_same || path.ends_with("store.id"),
            "{} is the old one",
            path.display()
        );
    }
    let kept = device
        .call(&["--practice", "show", "order", practice])
        .await;
    assert!(kept.is_object(), "practice is untouched: {kept}");
}

async fn admin(town: &Town) -> Desk {
    town.desk("admin").await
}

on_each_database! {
    async fn a_leavers_outbox_is_in_quarantine_exactly_once_whatever_is_lost_on_the_way(db) {
        let _ = db;
        let town = Town::start(db.engine()).await;
        let (admin, mut device) = (admin(&town).await, counter(&town).await);
        let line = Lossy::before(town.world.server.url()).await;
        device.set_server(line.url());
        let practice = practised(&device).await;
        let mut made = Vec::new();
        for _ in 0..3 { made.push(ticket(&device).await); }
        let old = files(device.folder());
        shut_out(&admin, &device_id(&device).await, "leave").await;
        line.lose("POST /sync/v1/quarantine", 2);
        for _ in 0..2 {
            assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
            assert_eq!(waiting(&device).await, made, "not wiped before the server has said that it has them");
            assert_eq!(last_error(&device).await, "device_revoked");
            let args = json!({"items": iron("1")}).to_string();
            assert_eq!(refusal(&device, &["exec", "ticket.create", &args]).await, "device_revoked", "nothing new is begun");
        }
        assert_eq!(line.lost(), 2);
        assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
        is_wiped(&device, &practice, &old).await;
        let told = device.call(&["session"]).await["wiped"].clone();
        assert_eq!((&told["handed_in"], &told["lost"], &told["stolen"]), (&json!(3), &json!(0), &json!(false)), "{told}");
        let kept = quarantined(&admin).await;
        let uids: Vec<&str> = kept.iter().map(|row| row["uid"].as_str().unwrap()).collect();
        assert_eq!(uids, made, "each once, in order");
        assert!(kept.iter().all(|row| row["outcome"].is_null() && row["raw"]["name"] == "ticket.create@1"), "{kept:?}");
        let orders = town.world.database.count("SELECT COUNT(*) FROM mutations").await;
        assert_eq!(orders, 0, "and none has taken effect");
        let id = kept[0]["id"].as_str().unwrap();
        let closed = admin.api().post(&format!("/admin/v1/quarantine/{id}/resolve"), &json!({"resolution": "已核对"})).await;
        assert_eq!(closed.status, 204, "{}", closed.text);
        assert_eq!(quarantined(&admin).await.len(), 2);

        let code = town.pairing_code().await;
        let _ = device.login(Some(&code), "station1", town.password()).await;
        let _ = device.sync().await;
        device.agrees().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_device_is_wiped_at_once_and_its_key_is_gone() {
    let town = Town::start(Engine::MariaDb).await;
    let (admin, keyring) = (admin(&town).await, Keyring::start().await);
    let mut device = town.world.device();
    device.use_keyring(&keyring);
    let code = town.pairing_code().await;
    let _ = device.login(Some(&code), "station1", town.password()).await;
    let _ = device.sync().await;
    let practice = practised(&device).await;
    let _ = ticket(&device).await;
    let (old, image) = (files(device.folder()), device.copy_store());
    shut_out(&admin, &device_id(&device).await, "stolen").await;
    assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
    is_wiped(&device, &practice, &old).await;
    assert_eq!(
        quarantined(&admin).await.len(),
        0,
        "nothing is taken from a thief"
    );
    let labels = keyring.labels().await.join("\n");
    assert!(
        !labels.contains("refresh-token") && !labels.contains("device-key"),
        "{labels}"
    );

    for (path, bytes) in files(image.path()) {
        std::fs::write(device.folder().join(path.file_name().unwrap()), bytes).unwrap();
    }
    assert_eq!(
        refusal(&device, &["pending"]).await,
        "store_key_wrong",
        "an image made before the wipe stays shut"
    );
    let code = town.pairing_code().await;
    let back = refusal(&device, &["recover", "--pairing", &code]).await;
    assert_eq!(
        back, "device_revoked",
        "and the server gives its key to nobody"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_on_a_device_that_is_shut_out_wipes_it_too() {
    let town = Town::start(Engine::MariaDb).await;
    let (admin, device) = (admin(&town).await, counter(&town).await);
    let practice = practised(&device).await;
    let made = ticket(&device).await;
    let (id, old) = (device_id(&device).await, files(device.folder()));
    let _ = device.call(&["logout"]).await;
    shut_out(&admin, &id, "leave").await;
    let login = ["--username".to_owned(), "station1".to_owned()];
    let done = device.try_login(&login, town.password()).await;
    assert_eq!(crate::support::refused(&done, "login"), "device_revoked");
    is_wiped(&device, &practice, &old).await;
    let kept = quarantined(&admin).await;
    assert_eq!(
        (kept.len(), kept[0]["uid"].as_str()),
        (1, Some(made.as_str()))
    );
}

/// A PNG by its first bytes, of this size.
fn picture(size: usize, mark: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.resize(size, mark);
    bytes
}

async fn put(device: &Device, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("picture.png");
    std::fs::write(&file, bytes).expect("a file");
    let kept = device
        .call(&["blob", "put", file.to_str().expect("a path")])
        .await;
    kept["sha256"].as_str().expect("a name").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leavers_pictures_are_handed_in_behind_its_commands_even_out_of_a_damaged_store() {
    let town = Town::start(Engine::MariaDb).await;
    let admin = admin(&town).await;
    for damaged in [false, true] {
        let mut device = counter(&town).await;
        let line = Lossy::before(town.world.server.url()).await;
        device.set_server(line.url());
        let (photo, small) = (picture(700_000, 1 + u8::from(damaged)), picture(9_000, 3));
        let (name, other) = (put(&device, &photo).await, put(&device, &small).await);
        let made = ticket(&device).await;
        if damaged {
            // A page in the midst of the photo's bytes.
            let _ = device.call(&["verify-store"]).await;
            let path = device.folder().join("huishou.db");
            let mut bytes = std::fs::read(&path).expect("the store");
            let at = bytes.len() - 100 * 4096 + 200;
            for byte in &mut bytes[at..at + 8] {
                *byte ^= 0x5a;
            }
            std::fs::write(&path, bytes).expect("the store");
        }
        shut_out(&admin, &device_id(&device).await, "leave").await;
        line.lose("PUT /sync/v1/quarantine/pictures/", 1);
        assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
        assert_eq!(line.lost(), 1);
        assert_eq!(
            waiting(&device).await,
            std::slice::from_ref(&made),
            "not wiped before the server has the pictures"
        );
        assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
        assert_eq!(last_error(&device).await, "device_wiped");
        let left = names(device.folder());
        assert!(
            !left.iter().any(|file| file.starts_with("picture-")),
            "{left:?}"
        );
        assert!(
            quarantined(&admin)
                .await
                .iter()
                .any(|row| row["uid"] == json!(made))
        );
        for (name, bytes) in [(&name, &photo), (&other, &small)] {
            let path = format!("/sync/v1/blobs/{name}");
            let answer = admin
                .api()
                .request(reqwest::Method::GET, &path)
                .send()
                .await
                .expect("an answer");
            assert_eq!(answer.status(), 200, "an administrator sees it");
            assert_eq!(&answer.bytes().await.expect("bytes")[..], &bytes[..]);
        }
    }
}

/// Named so that the runner gives it the machine to itself: kill after kill.
mod crash {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_wipe_that_is_cut_off_anywhere_goes_on_at_the_next_start() {
        let town = Town::start(Engine::MariaDb).await;
        let admin = admin(&town).await;
        let before = [
            "quarantine.before_send",
            "quarantine.before_pictures",
            "quarantine.before_note",
            "wipe.before_mark",
        ];
        let after = [
            "wipe.after_mark",
            "wipe.after_key",
            "wipe.after_store",
            "wipe.before_end",
        ];
        let mut handed_in = 0;
        for point in before.into_iter().chain(after) {
            let mut device = counter(&town).await;
            let practice = practised(&device).await;
            let made = [ticket(&device).await, ticket(&device).await];
            let old = files(device.folder());
            shut_out(&admin, &device_id(&device).await, "leave").await;
            device.set_env("HUISHOU_CRASH_AT", point);
            let died = device.run(&["sync"]).await;
            assert_eq!(
                died.status.code(),
                None,
                "{point}: {}{}",
                died.stdout,
                died.stderr
            );
            device.unset_env("HUISHOU_CRASH_AT");
            if before.contains(&point) {
                assert_eq!(waiting(&device).await, made, "{point}: nothing is gone yet");
                assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
            }
            is_wiped(&device, &practice, &old).await;
            handed_in += made.len();
            assert_eq!(
                quarantined(&admin).await.len(),
                handed_in,
                "{point}: each exactly once"
            );
        }
    }
}
