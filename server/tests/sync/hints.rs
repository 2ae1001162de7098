//! Hints: who listens hears of its scopes, of nothing else, whoever wrote; and bodies that come compressed.

use super::{
    http::{Laptop, hire, serve},
    support::{DOWNLOAD, Ground},
};
use blackbox::{
    http::{Answer, Api},
    on_each_database,
};
use huishou_domain::{ids::StaffId, staff::Role, sync::scope::Scope};
use huishou_server::sync::hints::{self, MOST_OF_DEVICE};
use serde_json::{Value, json};
use std::{
    io::Write,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// A collector's laptop, signed in, on a server that looks for news until the token is cancelled.
async fn listening(ground: &Ground) -> (Api, StaffId, CancellationToken) {
    let stop = CancellationToken::new();
    tokio::spawn(hints::run(
        ground.app.db.clone(),
        ground.app.hints.clone(),
        stop.clone(),
    ));
    let api = serve(ground).await;
    let wang = hire(ground, "wang", Role::Collector).await;
    let laptop = Laptop::register(ground, &api).await;
    (laptop.sign_in("wang").await.0, StaffId(wang), stop)
}

async fn head(ground: &Ground) -> i64 {
    ground.sequence().await;
    let mut conn = ground.app.db.read().await.unwrap();
    huishou_server::store::sync_head::read(&mut conn)
        .await
        .unwrap()
        .seq
}

async fn encoded(api: &Api, path: &str, encoding: &str, body: Vec<u8>) -> Answer {
    let request = api.request(reqwest::Method::POST, path);
    let request = request
        .header("content-type", "application/json")
        .header("content-encoding", encoding)
        .body(body);
    api.send(request).await
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

on_each_database! {
    async fn a_long_poll_is_answered_as_soon_as_a_scope_of_the_device_has_news(db) {
        let ground = Ground::on(db).await;
        let (api, wang, _stop) = listening(&ground).await;
        let since = head(&ground).await;
        let nothing = api.get(&format!("/sync/v1/events?wait=1&since={since}")).await;
        assert_eq!((nothing.status, nothing.text.as_str()), (204, ""));
        let waiting = {
            let api = api.clone();
            tokio::spawn(async move { (api.get(&format!("/sync/v1/events?wait=25&since={since}")).await, Instant::now()) })
        };
        tokio::time::sleep(Duration::from_millis(700)).await;
        // Another person's visit of another station is none of its news.
        ground.booking_at(ground.east, Some(ground.li)).await;
        ground.sequence().await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(!waiting.is_finished(), "only what the device holds");
        ground.booking(Some(wang)).await;
        let now = head(&ground).await;
        let (answer, at) = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
        assert!(at.elapsed() < Duration::from_secs(20));
        let own = Scope::Collector(wang).to_string();
        assert_eq!(answer.expect(200), &json!({"head": now, "scopes": [own]}), "scope and head, nothing else");
        let missed = api.get(&format!("/sync/v1/events?wait=25&since={since}")).await;
        assert_eq!(missed.expect(200)["scopes"], json!([own]), "what came before is told at once");
        for odd in ["wait=x", "since=-", "wait=5&since=9.5"] {
            assert_eq!(api.get(&format!("/sync/v1/events?{odd}")).await.expect_problem(422), "validation_failed");
        }
    }

    async fn events_follow_as_they_happen_and_at_most_three_of_a_device(db) {
        let ground = Ground::on(db).await;
        let (api, wang, stop) = listening(&ground).await;
        let mut open = Vec::new();
        for _ in 0..MOST_OF_DEVICE {
            let request = api.request(reqwest::Method::GET, "/sync/v1/events");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            open.push(response);
        }
        let refused = api.get("/sync/v1/events").await;
        assert_eq!(refused.expect_problem(429), "too_many_listeners");
        let mut first = open.pop().unwrap();
        drop(open);
        ground.booking(Some(wang)).await;
        ground.sequence().await;
        let own = Scope::Collector(wang).to_string();
        // An event tells the newest number of its own scope.
        let newest = db.count(&format!("SELECT MAX(seq) FROM sync_log WHERE scope = '{own}'")).await;
        let mut text = String::new();
        while !text.contains("\n\n") {
            let part = tokio::time::timeout(Duration::from_secs(20), first.chunk()).await.unwrap().unwrap().unwrap();
            text.push_str(std::str::from_utf8(&part).unwrap());
        }
        let data: Value = serde_json::from_str(text.split("data: ").nth(1).unwrap().lines().next().unwrap()).unwrap();
        assert!(text.starts_with("event: head\n"), "{text}");
        assert_eq!(data, json!({"scope": own, "head": newest}));
        // The places of those that went are free again.
        let deadline = Instant::now() + Duration::from_secs(20);
        while api.get("/sync/v1/events?wait=0").await.status == 429 {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
        let end = tokio::time::timeout(Duration::from_secs(20), async { while let Ok(Some(_)) = first.chunk().await {} }).await;
        assert!(end.is_ok(), "a server that stops lets its listeners go");
    }

    async fn bodies_come_compressed_and_answers_go_so_above_a_kilobyte(db) {
        let ground = Ground::on(db).await;
        let (api, wang, _stop) = listening(&ground).await;
        for _ in 0..10 { ground.booking(Some(wang)).await; }
        let pull = json!({"schema": 1, "confirmed": 0}).to_string().into_bytes();
        for (encoding, packed) in [("gzip", gzip(&pull)), ("zstd", zstd::encode_all(&pull[..], 3).unwrap())] {
            let page = encoded(&api, "/sync/v1/pull", encoding, packed).await;
            assert_eq!(page.expect(200)["complete"], json!(true), "{encoding}");
        }
        let bomb = zstd::encode_all(&vec![b' '; 64 << 20][..], 19).unwrap();
        assert!(bomb.len() < 65_536, "{} bytes", bomb.len());
        assert_eq!(encoded(&api, "/sync/v1/push", "zstd", bomb).await.expect_problem(413), "body_too_large");
        assert_eq!(encoded(&api, "/sync/v1/push", "gzip", gzip(&vec![b' '; 64 << 20])).await.expect_problem(413), "body_too_large");
        assert_eq!(encoded(&api, "/sync/v1/push", "br", b"{}".to_vec()).await.expect_problem(415), "unsupported_media_type");
        assert_eq!(encoded(&api, "/sync/v1/push", "zstd", b"{}".to_vec()).await.expect_problem(400), "malformed_json");
        for (asked, expected) in [("zstd", "zstd"), ("gzip", "gzip"), ("identity", "")] {
            let request = api.request(reqwest::Method::POST, "/sync/v1/pull").header("accept-encoding", asked);
            let large = request.json(&json!({"schema": 1, "confirmed": 0})).send().await.unwrap();
            let told = large.headers().get("content-encoding").map_or("", |v| v.to_str().unwrap());
            assert_eq!(told, expected, "a page of ten visits");
            let request = api.request(reqwest::Method::POST, "/sync/v1/push").header("accept-encoding", asked);
            let small = request.json(&json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": []})).send().await.unwrap();
            assert!(small.headers().get("content-encoding").is_none(), "below a kilobyte it goes as it is");
        }
        let old = api.post("/sync/v1/pull", &json!({"schema": 0, "confirmed": 0})).await;
        assert_eq!(old.expect_problem(426), "upgrade_required");
        assert_eq!((&old.body["oldest"], &old.body["newest"]), (&json!(1), &json!(1)));
        assert_eq!(old.body["download"], json!(DOWNLOAD));
        let old = api.post("/sync/v1/push", &json!({"schema": 0, "incarnation": 1, "confirmed": 0, "mutations": []})).await;
        assert_eq!((old.expect_problem(426), &old.body["download"]), ("upgrade_required", &json!(DOWNLOAD)));
    }
}
