//! `/__control`: each fault does what it says, as often as it was ordered, and no more.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Played, errcode};

const TOKEN: &str = "/cgi-bin/stable_token";

fn token_request() -> Option<Value> {
    Some(
        json!({"grant_type": "client_credential", "appid": crate::support::APPID, "secret": crate::support::SECRET}),
    )
}

#[tokio::test]
async fn delay_holds_the_answer_back() {
    let wechat = Played::start().await;
    wechat
        .order(json!({"service": "wechat", "fault": "delay", "value": 300}))
        .await;
    let start = Instant::now();
    wechat.token().await;
    assert!(start.elapsed() >= Duration::from_millis(300));
    let start = Instant::now();
    wechat.token().await;
    assert!(
        start.elapsed() < Duration::from_millis(300),
        "it was ordered once"
    );
}

#[tokio::test]
async fn status_answers_a_proxys_page_and_does_nothing() {
    let wechat = Played::start().await;
    wechat
        .order(json!({"service": "*", "fault": "status", "value": 502, "times": 2}))
        .await;
    let code = wechat.login_code("oWang").await;
    for _ in 0..2 {
        let answer = wechat
            .try_send(
                Method::GET,
                &format!("/sns/jscode2session?js_code={code}"),
                None,
            )
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        assert!(answer.text().await.unwrap().contains("<html>"));
    }
    assert_eq!(errcode(&wechat.session(&code).await), 0);
}

#[tokio::test]
async fn reset_drops_the_connection_and_does_nothing() {
    let wechat = Played::start().await;
    let code = wechat.login_code("oWang").await;
    wechat
        .order(json!({"service": "wechat", "fault": "reset", "path": TOKEN}))
        .await;
    assert!(
        wechat
            .try_send(Method::POST, TOKEN, token_request())
            .await
            .is_err()
    );
    assert_eq!(errcode(&wechat.session(&code).await), 0);
    let entry = wechat.log(TOKEN).await.remove(0);
    assert_eq!(
        (&entry["faults"], &entry["status"], &entry["answer"]),
        (&json!(["reset"]), &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_lost_answer_has_had_its_effect() {
    let wechat = Played::start().await;
    let code = wechat.login_code("oWang").await;
    wechat
        .order(json!({"service": "wechat", "fault": "lost_answer"}))
        .await;
    let url = format!(
        "/sns/jscode2session?appid={}&secret={}&js_code={code}&grant_type=authorization_code",
        crate::support::APPID,
        crate::support::SECRET
    );
    assert!(wechat.try_send(Method::GET, &url, None).await.is_err());
    assert_eq!(
        errcode(&wechat.session(&code).await),
        40163,
        "the lost call spent the code"
    );
    let entry = wechat.log("/sns/jscode2session").await.remove(0);
    assert_eq!(
        (&entry["faults"], &entry["status"]),
        (&json!(["lost_answer"]), &json!(200))
    );
    assert_eq!(
        entry["answer"]["openid"], "oWang",
        "the log shows what was never sent"
    );
}

#[tokio::test]
async fn a_lost_answer_leaves_other_connections_alone() {
    let wechat = Played::start().await;
    wechat
        .order(json!({"service": "wechat", "fault": "delay", "value": 300, "path": TOKEN}))
        .await;
    wechat
        .order(json!({"service": "wechat", "fault": "lost_answer", "path": "/sns/jscode2session"}))
        .await;
    let slow = wechat.try_send(Method::POST, TOKEN, token_request());
    let lost = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        wechat
            .try_send(Method::GET, "/sns/jscode2session", None)
            .await
    };
    let (slow, lost) = tokio::join!(slow, lost);
    assert!(lost.is_err());
    assert_eq!(slow.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn errcode_answers_any_code_of_the_table() {
    let wechat = Played::start().await;
    for code in [
        -1, 40001, 40003, 40013, 40029, 40037, 40125, 40163, 40226, 41030, 42001, 43101, 45011,
        47003,
    ] {
        wechat
            .order(json!({"service": "wechat", "fault": "errcode", "value": code}))
            .await;
        assert_eq!(errcode(&wechat.session("sandbox:wang").await), code);
    }
}

#[tokio::test]
async fn a_clock_skew_holds_until_it_is_put_right() {
    let wechat = Played::start().await;
    let code = wechat.login_code("oWang").await;
    wechat.pass(3600).await;
    assert_eq!(wechat.get("/__control").await["clock_skew"]["wechat"], 3600);
    assert_eq!(errcode(&wechat.session(&code).await), 40029);
    wechat
        .order(json!({"service": "wechat", "fault": "none"}))
        .await;
    assert_eq!(wechat.get("/__control").await["clock_skew"]["wechat"], 0);
    assert_eq!(errcode(&wechat.session(&code).await), 0);
}

#[tokio::test]
async fn none_calls_off_what_is_pending() {
    let wechat = Played::start().await;
    wechat
        .order(json!({"service": "wechat", "fault": "busy", "times": 1000}))
        .await;
    assert_eq!(errcode(&wechat.grant(false).await), -1);
    assert_eq!(wechat.get("/__control").await["pending"][0]["left"], 999);
    wechat.order(json!({"service": "*", "fault": "none"})).await;
    assert_eq!(wechat.get("/__control").await["pending"], json!([]));
    assert_eq!(errcode(&wechat.grant(false).await), 0);
}

#[tokio::test]
async fn what_is_not_understood_is_a_400_that_says_why() {
    let wechat = Played::start().await;
    for (body, part) in [
        (
            json!({"service": "sms", "fault": "delay", "value": 5}),
            "not played",
        ),
        (
            json!({"service": "wechat", "fault": "bad_signature"}),
            "knows no fault",
        ),
        (
            json!({"service": "wechat", "fault": "status"}),
            "HTTP status",
        ),
        (json!({"service": "wechat"}), "fault"),
        (
            json!({"service": "wechat", "fault": "reset", "colour": 1}),
            "colour",
        ),
        (
            json!({"service": "wechat", "fault": "reset", "times": "3"}),
            "invalid type",
        ),
        (json!(["reset"]), "invalid"),
    ] {
        let answer = wechat
            .try_send(Method::POST, "/__control", Some(body.clone()))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(part), "{body}: {text}");
    }
    assert_eq!(
        wechat.get("/__control").await["pending"],
        json!([]),
        "a refused order leaves nothing behind"
    );
    let broken = wechat
        .client
        .post(format!("{}/__control", wechat.base))
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
}
