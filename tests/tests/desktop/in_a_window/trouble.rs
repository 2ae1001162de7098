//! A device in trouble, in the real window: its key is gone, its store is bad, it has not met the server for a month.
//! Each says what is safe, and one action brings the work back whole.

use std::path::Path;

use blackbox::window::{App, Start};
use blackbox::wrong_clock::WrongClock;
use blackbox::{Engine, Keyring, Town};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::registered;

/// A month without the server, and a day more.
const MONTH: i64 = 31 * 86_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_keyring_locks_nobody_out_the_key_comes_back_by_a_pairing_code() {
    let town = Town::start(Engine::MariaDb).await;
    let (folder, mut keyring) = (TempDir::new().unwrap(), Keyring::start().await);
    let app = open(&town, folder.path(), &keyring).await;
    let order = sold_offline(&app).await;
    app.kill().await;
    keyring.reset().await;

    let app = start(folder.path(), &keyring).open().await;
    app.resize(1280, 800).await;
    app.see("recover").await;
    let told = app.text("startup-failed").await;
    assert!(told.contains("没有丢"), "says what is safe: {told}");
    app.click("start-again").await;
    app.see("still").await;
    app.fill("recover-code", "WRONG-00").await;
    app.click("recover-go").await;
    app.see_text("recover", "配对码不对").await;
    app.picture("trouble-1-key-missing").await;
    app.fill("recover-code", &town.pairing_code().await).await;
    app.click("recover-go").await;
    app.sign_in("station1", town.password()).await;
    back_online(&app).await;
    assert_eq!(
        paid(&town, &order).await,
        1,
        "and it reaches the server once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_key_is_gone_for_good_is_set_aside_and_comes_back_with_its_key() {
    let town = Town::start(Engine::MariaDb).await;
    let (folder, mut keyring) = (TempDir::new().unwrap(), Keyring::start().await);
    let app = open(&town, folder.path(), &keyring).await;
    let order = sold_offline(&app).await;
    app.kill().await;
    keyring.put_by().await;
    std::fs::remove_file(folder.path().join("recovery.key")).unwrap();

    let app = start(folder.path(), &keyring).open().await;
    app.resize(1280, 800).await;
    app.click("aside-ask").await;
    app.see_text("set-aside", "锁着").await;
    app.click_css("[data-testid=aside-sure] input").await;
    app.picture("trouble-6-set-aside").await;
    app.click("aside-go").await;
    app.see("aside-begin").await;
    let place = app.text("place").await;
    assert!(
        Path::new(place.trim()).join("huishou.db").exists(),
        "{place}"
    );
    app.click("aside-begin").await;
    app.see("asides").await;
    let code = town.pairing_code().await;
    let server = town.world.server.url();
    app.register(server, &code, "城西柜台 2", "station1", town.password())
        .await;
    app.chip("synced").await;
    assert_eq!(paid(&town, &order).await, 0, "it is locked in the old one");
    let sold_since = sold_offline(&app).await;
    let name = || json!({"name": Path::new(place.trim()).file_name().unwrap().to_str().unwrap()});
    let refused = app.invoke("bring_store_back", name()).await.unwrap_err();
    assert_eq!(refused["code"], "unsent_here", "{refused}");
    back_online(&app).await;
    let refused = app.invoke("bring_store_back", name()).await.unwrap_err();
    assert_eq!(refused["code"], "store_key_missing", "{refused}");
    app.kill().await;

    keyring.take_back().await;
    let app = start(folder.path(), &keyring).open().await;
    app.resize(1280, 800).await;
    // The newer store's key lies in the newer keyring.
    app.see("startup-failed").await;
    app.click("aside-back").await;
    app.picture("trouble-7-brought-back").await;
    app.click("aside-back-go").await;
    app.see("rail-settings").await;
    back_online(&app).await;
    for order in [order, sold_since] {
        assert_eq!(paid(&town, &order).await, 1, "each reached the server once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_store_is_made_anew_with_everything_that_was_confirmed() {
    let town = Town::start(Engine::MariaDb).await;
    let (folder, keyring) = (TempDir::new().unwrap(), Keyring::start().await);
    let app = open(&town, folder.path(), &keyring).await;
    let order = sold_offline(&app).await;
    app.kill().await;
    spoil(folder.path());

    let app = start(folder.path(), &keyring).open().await;
    app.resize(1280, 800).await;
    app.see("salvage-go").await;
    assert!(app.text("kept-pending").await.contains('2'), "told before");
    app.see("no-loss").await;
    app.picture("trouble-2-bad-store").await;
    app.click("salvage-go").await;
    app.see("salvage-done").await;
    assert!(app.text("kept-pending").await.contains('2'), "told after");
    app.picture("trouble-3-made-anew").await;
    app.click("salvage-done").await;
    app.see("rail-settings").await;
    back_online(&app).await;
    assert_eq!(
        paid(&town, &order).await,
        1,
        "each command took effect once"
    );

    app.go("settings").await;
    app.click("go-check").await;
    app.see("sound").await;
    app.picture("trouble-4-sound").await;
    // Also with the store open: it is let go of, made anew, and taken up again under the same page.
    let order = sold_offline(&app).await;
    let kept = app.invoke("salvage_store", json!({})).await.unwrap();
    assert_eq!(kept["pending"], json!(2), "{kept}");
    app.click("check-go").await;
    app.see("sound").await;
    back_online(&app).await;
    assert_eq!(paid(&town, &order).await, 1, "and again, once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_month_without_the_server_one_can_look_and_one_sync_opens_all() {
    let town = Town::start(Engine::MariaDb).await;
    let (folder, keyring) = (TempDir::new().unwrap(), Keyring::start().await);
    let app = open(&town, folder.path(), &keyring).await;
    let order = sold_offline(&app).await;
    app.kill().await;

    let clock = WrongClock::build();
    let app = clock
        .off_for(start(folder.path(), &keyring), MONTH)
        .open()
        .await;
    app.resize(1280, 800).await;
    app.see_text("trouble", "30").await;
    app.go("counter").await;
    app.see("locked").await;
    app.picture("trouble-5-lease-over").await;
    let refused = app
        .invoke("ticket", json!({"request": iron()}))
        .await
        .unwrap_err();
    assert_eq!(refused["code"], "lease_over", "{refused}");
    app.go("sync").await;
    app.see("trouble-lease_over").await;
    app.click("remedy-lease_over").await;
    app.see_gone("trouble-lease_over").await;
    app.chip("synced").await;
    assert_eq!(paid(&town, &order).await, 1, "what had waited was sent");
    app.go("counter").await;
    app.see("goods-input").await;
    assert!(!app.has("locked").await);
}

fn start(folder: &Path, keyring: &Keyring) -> Start {
    let start = Start::in_folder(folder);
    let environment = keyring.environment();
    environment
        .iter()
        .fold(start, |start, (key, value)| start.with(key, value))
}

/// An app at the counter, registered, its keys in this keyring.
async fn open(town: &Town, folder: &Path, keyring: &Keyring) -> App {
    registered(start(folder, keyring), town, "城西柜台", "station1").await
}

fn iron() -> Value {
    json!({"items": [{"category": "metal/iron", "quantity": "10"}], "adjustments": []})
}

/// Switched off the network: a ticket, and its payment. Answers its order.
async fn sold_offline(app: &App) -> String {
    app.invoke("set_offline", json!({"offline": true}))
        .await
        .unwrap();
    app.chip("offline").await;
    let made = app
        .invoke("ticket", json!({"request": iron()}))
        .await
        .unwrap();
    let order = made["order_id"].as_str().unwrap().to_owned();
    let pay = json!({"order_id": order, "payment_id": uuid::Uuid::now_v7(), "method": "cash", "amount": "18.00"});
    app.invoke("execute", json!({"name": "order.pay", "args": pay}))
        .await
        .unwrap();
    assert_eq!(pending(app).await, json!(2));
    order
}

async fn pending(app: &App) -> Value {
    let status = app.invoke("sync_status", json!({})).await.unwrap();
    status["pending"].clone()
}

/// Contact is allowed again, and everything is sent.
async fn back_online(app: &App) {
    app.invoke("set_offline", json!({"offline": false}))
        .await
        .unwrap();
    app.invoke("sync_now", json!({})).await.unwrap();
    app.chip("synced").await;
}

/// How many payments MySQL has of this order.
async fn paid(town: &Town, order: &str) -> i64 {
    let hex = order.replace('-', "");
    let sql = format!("SELECT COUNT(*) FROM payments WHERE order_id = UNHEX('{hex}')");
    town.world.database.count(&sql).await
}

/// Noise over the whole store and its log: what is left lies in the copies.
fn spoil(folder: &Path) {
    for name in ["huishou.db", "huishou.db-wal"] {
        let path = folder.join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        for byte in &mut bytes {
            *byte ^= 0xa5;
        }
        std::fs::write(&path, bytes).unwrap();
    }
}
