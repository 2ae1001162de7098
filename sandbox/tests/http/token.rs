//! `stable_token` over HTTP; the rules of time in full are tested beside the code.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta};
use huishou_sandbox::{Sandbox, wechat::Account};
use serde_json::{Value, json};

use crate::support::{APPID, Played, SECRET, errcode};

#[tokio::test]
async fn the_same_token_comes_until_its_last_five_minutes_then_both_work() {
    let seconds = Arc::new(AtomicI64::new(0));
    let clock = seconds.clone();
    let now = move || DateTime::UNIX_EPOCH + TimeDelta::seconds(clock.load(Ordering::SeqCst));
    let wechat = Played::start_with(Sandbox::with_clock(Account::default(), Arc::new(now))).await;
    let first = wechat.grant(false).await;
    assert_eq!(first["expires_in"], 7200);
    seconds.store(6800, Ordering::SeqCst);
    let same = wechat.grant(false).await;
    assert_eq!(
        (&same["access_token"], &same["expires_in"]),
        (&first["access_token"], &json!(400))
    );
    seconds.store(6950, Ordering::SeqCst);
    let next = wechat.grant(false).await;
    assert_ne!(next["access_token"], first["access_token"]);
    let (old, new) = (
        first["access_token"].as_str().unwrap(),
        next["access_token"].as_str().unwrap(),
    );
    seconds.store(7249, Ordering::SeqCst);
    assert_eq!(errcode(&wechat.phone(old, "phone:13800002046:1").await), 0);
    assert_eq!(errcode(&wechat.phone(new, "phone:13800002046:2").await), 0);
    seconds.store(7250, Ordering::SeqCst);
    assert_eq!(
        errcode(&wechat.phone(old, "phone:13800002046:3").await),
        42001
    );
    assert_eq!(errcode(&wechat.phone(new, "phone:13800002046:3").await), 0);
}

#[tokio::test]
async fn forcing_ends_the_old_token_but_not_twice_within_thirty_seconds() {
    let wechat = Played::start().await;
    let old = wechat.token().await;
    let forced = wechat.grant(true).await;
    assert_eq!(
        errcode(&wechat.phone(&old, "phone:13800002046:1").await),
        40001
    );
    assert_eq!(
        wechat.grant(true).await["access_token"],
        forced["access_token"]
    );
    assert_eq!(
        wechat.grant(false).await["access_token"],
        forced["access_token"]
    );
    wechat.pass(31).await;
    assert_ne!(
        wechat.grant(true).await["access_token"],
        forced["access_token"]
    );
}

#[tokio::test]
async fn the_twenty_first_force_of_a_day_answers_45009() {
    let wechat = Played::start().await;
    // All within one Beijing day, whenever the test runs: the clock is moved to tomorrow's first minutes.
    let to_midnight = 86_400 - (chrono::Utc::now().timestamp() + 8 * 3600).rem_euclid(86_400);
    for seconds in (0..20).map(|n| n * 30) {
        wechat.pass(to_midnight + 60 + seconds).await;
        assert_eq!(errcode(&wechat.grant(true).await), 0);
    }
    wechat.pass(to_midnight + 60 + 700).await;
    assert_eq!(errcode(&wechat.grant(true).await), 45009);
    assert_eq!(errcode(&wechat.grant(false).await), 0);
}

#[tokio::test]
async fn wrong_parameters_each_have_their_code() {
    let wechat = Played::start().await;
    let ask = |grant_type: &str, appid: &str, secret: &str| json!({"grant_type": grant_type, "appid": appid, "secret": secret});
    for (body, expected) in [
        (ask("client_credential", "wxother", SECRET), 40013),
        (ask("client_credential", APPID, "wrong"), 40125),
        (ask("authorization_code", APPID, SECRET), 40002),
        (
            json!({"grant_type": "client_credential", "secret": SECRET}),
            41002,
        ),
        (
            json!({"grant_type": "client_credential", "appid": APPID}),
            41004,
        ),
        (
            json!({"grant_type": "client_credential", "appid": 1, "secret": SECRET}),
            47001,
        ),
        (json!([1]), 47001),
        (Value::Null, 47001),
    ] {
        assert_eq!(
            errcode(&wechat.post("/cgi-bin/stable_token", body.clone()).await),
            expected,
            "{body}"
        );
    }
    assert_eq!(errcode(&wechat.get("/cgi-bin/stable_token").await), 43002);
    let empty = wechat
        .client
        .post(format!("{}/cgi-bin/stable_token", wechat.base))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(empty.contains("44002"), "{empty}");
}
