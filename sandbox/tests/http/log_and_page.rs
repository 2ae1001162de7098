//! `/__log` and the page that shows it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Played;

#[tokio::test]
async fn the_log_shows_what_was_received_and_answered() {
    let wechat = Played::start().await;
    wechat.session("sandbox:王女士").await;
    let token = wechat.token().await;
    wechat.phone(&token, "phone:13800002046:1").await;
    let items = wechat.get("/__log?service=wechat").await["items"]
        .as_array()
        .unwrap()
        .clone();
    let paths: Vec<_> = items
        .iter()
        .map(|entry| entry["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "/sns/jscode2session",
            "/cgi-bin/stable_token",
            "/wxa/business/getuserphonenumber"
        ]
    );
    assert_eq!(
        (
            &items[0]["method"],
            &items[0]["query"]["js_code"],
            &items[0]["body"]
        ),
        (&json!("GET"), &json!("sandbox:王女士"), &Value::Null)
    );
    assert_eq!(
        (&items[2]["query"]["access_token"], &items[2]["body"]),
        (&json!(token), &json!({"code": "phone:13800002046:1"}))
    );
    assert_eq!(
        (
            &items[2]["status"],
            &items[2]["answer"]["phone_info"]["phoneNumber"]
        ),
        (&json!(200), &json!("13800002046"))
    );
    let at = items[0]["at"].as_str().unwrap();
    assert!(
        at.len() == "2026-11-23T02:00:00.000Z".len() && at.ends_with('Z'),
        "{at}"
    );
    let after = items[0]["seq"].as_u64().unwrap();
    assert_eq!(
        wechat.get(&format!("/__log?after={after}")).await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn refused_methods_and_unknown_paths_are_logged_too() {
    let wechat = Played::start().await;
    wechat.get("/cgi-bin/stable_token").await;
    let lost = wechat
        .try_send(Method::POST, "/cgi-bin/token?x=1", Some(json!({"a": 1})))
        .await
        .unwrap();
    assert_eq!(lost.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        wechat.log("/cgi-bin/stable_token").await[0]["answer"]["errcode"],
        43002
    );
    let all = wechat.get("/__log").await["items"].clone();
    assert_eq!(
        (&all[1]["service"], &all[1]["path"], &all[1]["body"]),
        (&Value::Null, &json!("/cgi-bin/token"), &json!({"a": 1}))
    );
}

#[tokio::test]
async fn a_call_given_up_shows_as_unanswered() {
    let wechat = Played::start().await;
    wechat
        .order(json!({"service": "wechat", "fault": "delay", "value": 60_000}))
        .await;
    let url = format!("{}/sns/jscode2session", wechat.base);
    let given_up = wechat
        .client
        .get(url)
        .timeout(std::time::Duration::from_millis(200))
        .send()
        .await;
    assert!(given_up.unwrap_err().is_timeout());
    assert_eq!(
        wechat.log("/sns/jscode2session").await[0]["status"],
        Value::Null
    );
}

#[tokio::test]
async fn the_log_can_be_cleared_and_asks_nothing_unknown() {
    let wechat = Played::start().await;
    wechat.token().await;
    let cleared = wechat
        .try_send(Method::DELETE, "/__log", None)
        .await
        .unwrap();
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        wechat.get("/__log").await,
        json!({"items": [], "dropped": 0})
    );
    for query in ["service=fax", "colour=red", "after=x"] {
        let answer = wechat
            .try_send(Method::GET, &format!("/__log?{query}"), None)
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_logged_as_text() {
    let wechat = Played::start().await;
    let url = format!("{}/cgi-bin/stable_token", wechat.base);
    wechat
        .client
        .post(url)
        .body("a=1&b=<b>𠮷</b>")
        .send()
        .await
        .unwrap();
    let entry = wechat.log("/cgi-bin/stable_token").await.remove(0);
    assert_eq!(
        (&entry["body"], &entry["answer"]["errcode"]),
        (&json!("a=1&b=<b>𠮷</b>"), &json!(47001))
    );
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused() {
    let wechat = Played::start().await;
    let url = format!("{}/cgi-bin/stable_token", wechat.base);
    let answer = wechat
        .client
        .post(url)
        .body("x".repeat((1 << 20) + 1))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn the_page_and_its_parts_are_served_under_a_strict_policy() {
    let wechat = Played::start().await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/__page.js", "text/javascript"),
        ("/__page.css", "text/css"),
    ] {
        let answer = wechat.try_send(Method::GET, path, None).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(
            answer.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with(kind)
        );
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
    let page = wechat
        .try_send(Method::GET, "/", None)
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("src=\"/__page.js\"") && !page.contains("style="),
        "nothing inline that the policy would stop"
    );
    assert_eq!(
        wechat
            .try_send(Method::GET, "/healthz", None)
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}
