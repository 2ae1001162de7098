//! What never wipes a device: a word without a signature, a false one, one about another device or about what this one
//! was before, and a server that does not know it.

use blackbox::{Desk, Device, Engine, Lossy, Town};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{
    counter, device_id, last_error, quarantined, refusal, shut_out, ticket, waiting,
};

/// A server that says of every device what it was told to say.
async fn liar(statement: Value) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = json!({"status": 403, "code": "device_revoked", "statement": statement}).to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let body = body.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 1 << 16];
                let _ = stream.read(&mut request).await;
                let head = format!(
                    "HTTP/1.1 403 Forbidden\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            });
        }
    });
    url
}

/// The true statement about a device of this person's that is shut out.
async fn said_of(town: &Town, admin: &Desk, mode: &str) -> Value {
    let other = town.desk("li").await;
    shut_out(admin, other.device_id(), mode).await;
    let answer = other
        .api()
        .post("/sync/v1/pull", &json!({"schema": 1, "confirmed": 0}))
        .await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let said = answer.body["statement"].clone();
    assert_eq!(
        (&said["mode"], said["signature"].is_string()),
        (&json!(mode), true),
        "{said}"
    );
    said
}

/// It still has everything, and sends nothing.
async fn stays(device: &Device, made: &[String], what: &str) {
    assert_eq!(refusal(device, &["sync"]).await, "device_revoked", "{what}");
    assert_eq!(waiting(device).await, made, "{what}");
    assert_eq!(
        last_error(device).await,
        "device_revoked",
        "{what}: it says so"
    );
    assert!(device.folder().join("recovery.key").exists(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_that_is_unsigned_false_or_anothers_wipes_nothing() {
    let town = Town::start(Engine::MariaDb).await;
    let admin = town.desk("admin").await;
    let mut device = counter(&town).await;
    let made = [ticket(&device).await, ticket(&device).await];
    let (own, others) = (
        device_id(&device).await,
        said_of(&town, &admin, "stolen").await,
    );
    let with = |key: &str, value: &str| {
        let mut said = others.clone();
        said[key] = json!(value);
        said
    };
    let lies = [
        ("no statement", Value::Null),
        ("no object", json!("stolen")),
        ("another device's", others.clone()),
        (
            "another device's, under this one's id",
            with("device", &own),
        ),
        ("an empty signature", with("signature", "")),
        ("a mode nobody knows", with("mode", "erase")),
    ];
    for (what, lie) in lies {
        device.set_server(&liar(lie).await);
        stays(&device, &made, what).await;
    }
    device.set_server(town.world.server.url());
    let _ = device.sync().await;
    device.agrees().await;
    assert_eq!(
        waiting(&device).await,
        [""; 0],
        "once the server is itself again all goes on"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_true_word_that_was_changed_on_the_way_wipes_nothing_until_it_comes_unchanged() {
    let town = Town::start(Engine::MariaDb).await;
    let admin = town.desk("admin").await;
    let mut device = counter(&town).await;
    let made = [ticket(&device).await];
    let line = Lossy::before(town.world.server.url()).await;
    device.set_server(line.url());
    shut_out(&admin, &device_id(&device).await, "leave").await;
    let year = &blackbox::goods::at(0, 10)[..5];
    for (from, to) in [
        ("\"statement\"", "\"statemenT\""),
        ("\"signature\"", "\"signaturE\""),
        (year, "2099-"),
    ] {
        line.change(from, to);
        stays(&device, &made, &format!("{from} → {to}")).await;
    }
    assert_eq!(quarantined(&admin).await.len(), 0);
    line.be_honest();
    assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
    assert_eq!(last_error(&device).await, "device_wiped");
    assert_eq!(quarantined(&admin).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_of_the_device_before_it_was_paired_anew_wipes_nothing() {
    let town = Town::start(Engine::MariaDb).await;
    let admin = town.desk("admin").await;
    let mut device = counter(&town).await;
    let old = device_id(&device).await;
    let line = Lossy::before(town.world.server.url()).await;
    device.set_server(line.url());
    shut_out(&admin, &old, "leave").await;
    assert_eq!(refusal(&device, &["sync"]).await, "device_revoked");
    let heard = line.heard();
    device.set_server(town.world.server.url());
    let code = town.pairing_code().await;
    let _ = device.login(Some(&code), "station1", town.password()).await;
    let _ = device.sync().await;
    let made = [ticket(&device).await];
    assert_ne!(device_id(&device).await, old);
    let body = &heard[heard.find('{').expect("a body")..];
    let replayed: Value = serde_json::from_str(body).unwrap();
    let replayed = replayed["statement"].clone();
    assert_eq!(
        replayed["device"],
        old.as_str(),
        "a true word, about what the device was"
    );
    device.set_server(&liar(replayed).await);
    stays(&device, &made, "an old device's statement").await;
    device.set_server(town.world.server.url());
    let _ = device.sync().await;
    device.agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_the_server_does_not_know_signs_in_again_and_keeps_everything() {
    let town = Town::start(Engine::MariaDb).await;
    let device = counter(&town).await;
    let made = [ticket(&device).await, ticket(&device).await];
    town.world
        .database
        .execute("DELETE FROM devices; DELETE FROM refresh_tokens; DELETE FROM refresh_chains")
        .await;
    assert_eq!(refusal(&device, &["sync"]).await, "sign_in_required");
    assert_eq!(waiting(&device).await, made);
    let login = ["--username".to_owned(), "station1".to_owned()];
    let unknown = device.try_login(&login, town.password()).await;
    assert_eq!(crate::support::refused(&unknown, "login"), "device_unknown");
    assert_eq!(waiting(&device).await, made);
    assert!(device.folder().join("recovery.key").exists());
}
