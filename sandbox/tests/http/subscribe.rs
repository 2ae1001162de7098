//! `subscribe/send`: one consent is one message; every refusal has its code.

use serde_json::{Value, json};

use crate::support::{Played, errcode};

const TEMPLATE: &str = "tmpl-appointment-confirmed";

fn message(openid: &str) -> Value {
    json!({
        "touser": openid, "template_id": TEMPLATE, "page": "pages/appointment/detail?id=1", "miniprogram_state": "formal", "lang": "zh_CN",
        "data": {
            "thing1": {"value": "旧纸箱、铁"}, "time2": {"value": "2026年11月24日 10:00"}, "thing3": {"value": "文三路 90 号"},
            "name4": {"value": "张师傅"}, "phone_number5": {"value": "138-0000-2046"},
        },
    })
}

fn with(mut message: Value, key: &str, value: Value) -> Value {
    message[key] = value;
    message
}

async fn consent(wechat: &Played, openid: &str) -> Value {
    wechat
        .post(
            "/__wechat/subscribe",
            json!({"openid": openid, "template_id": TEMPLATE}),
        )
        .await
}

#[tokio::test]
async fn each_consent_is_good_for_one_message_then_43101() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    assert_eq!(consent(&wechat, "oWang").await["credits"], 1);
    assert_eq!(consent(&wechat, "oWang").await["credits"], 2);
    for _ in 0..2 {
        assert_eq!(
            errcode(&wechat.send_message(&token, message("oWang")).await),
            0
        );
    }
    assert_eq!(
        errcode(&wechat.send_message(&token, message("oWang")).await),
        43101
    );
    let delivered = wechat.get("/__wechat/messages?openid=oWang").await["items"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(delivered.len(), 2, "what was refused reached nobody");
    assert_eq!(delivered[1]["data"]["thing3"], "文三路 90 号");
}

#[tokio::test]
async fn a_consent_is_for_one_user_and_one_template() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    consent(&wechat, "oWang").await;
    wechat.login_code("oLi").await;
    assert_eq!(
        errcode(&wechat.send_message(&token, message("oLi")).await),
        43101
    );
    let other = json!({"touser": "oWang", "template_id": "tmpl-quote-ready",
        "data": {"character_string1": {"value": "HS-1"}, "amount2": {"value": "¥54.00"}, "thing3": {"value": "请确认"}}});
    assert_eq!(errcode(&wechat.send_message(&token, other).await), 43101);
    assert_eq!(
        errcode(&wechat.send_message(&token, message("oWang")).await),
        0
    );
}

#[tokio::test]
async fn a_bad_field_answers_47003_and_is_named() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    consent(&wechat, "oWang").await;
    for (field, value) in [
        ("thing1", json!({"value": "字".repeat(21)})),
        ("thing1", json!({"value": ""})),
        ("thing1", json!({"value": 5})),
        ("thing1", json!("bare")),
        ("time2", json!({"value": "明天"})),
        ("name4", json!({"value": "张".repeat(11)})),
        ("phone_number5", json!({"value": "1".repeat(18)})),
        ("amount9", json!({"value": "¥1"})),
    ] {
        let mut sent = message("oWang");
        sent["data"][field] = value;
        let answer = wechat.send_message(&token, sent).await;
        assert_eq!(errcode(&answer), 47003, "{field}");
        assert!(
            answer["errmsg"]
                .as_str()
                .unwrap()
                .contains(&format!("data.{field}.value")),
            "{answer}"
        );
    }
    let mut missing = message("oWang");
    missing["data"].as_object_mut().unwrap().remove("thing3");
    assert!(
        wechat.send_message(&token, missing).await["errmsg"]
            .as_str()
            .unwrap()
            .contains("data.thing3.value")
    );
    assert_eq!(
        errcode(&wechat.send_message(&token, message("oWang")).await),
        0,
        "none of these spent the consent"
    );
}

#[tokio::test]
async fn template_openid_page_and_choices_are_checked() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    consent(&wechat, "oWang").await;
    for (key, value, expected) in [
        ("template_id", json!("tmpl-none"), 40037),
        ("touser", json!("nobody"), 40003),
        ("touser", json!(""), 40003),
        ("page", json!("/pages/index"), 41030),
        ("miniprogram_state", json!("production"), 40097),
        ("lang", json!("zh"), 40097),
        ("touser", json!(7), 47001),
    ] {
        let answer = wechat
            .send_message(&token, with(message("oWang"), key, value.clone()))
            .await;
        assert_eq!(errcode(&answer), expected, "{key} {value}");
    }
    let forgotten = wechat
        .post("/__wechat/login", json!({"user": "wang"}))
        .await["openid"]
        .clone();
    let restarted = Played::start().await;
    let token = restarted.token().await;
    let answer = restarted
        .send_message(&token, with(message(""), "touser", forgotten))
        .await;
    assert_eq!(
        errcode(&answer),
        43101,
        "an openid of an earlier run is no unknown one, it has no consent"
    );
}

#[tokio::test]
async fn the_token_is_looked_at_first() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    consent(&wechat, "oWang").await;
    assert_eq!(
        errcode(&wechat.send_message("", message("oWang")).await),
        41001
    );
    assert_eq!(
        errcode(&wechat.send_message("forged", message("oWang")).await),
        40001
    );
    wechat.pass(7200).await;
    assert_eq!(
        errcode(&wechat.send_message(&token, message("oWang")).await),
        42001
    );
}

#[tokio::test]
async fn templates_can_be_listed_and_added() {
    let wechat = Played::start().await;
    assert!(wechat.get("/__wechat/templates").await[TEMPLATE].is_array());
    wechat
        .post(
            "/__wechat/templates",
            json!({"template_id": "AbC-1", "fields": ["phrase1"]}),
        )
        .await;
    let consented = wechat
        .post(
            "/__wechat/subscribe",
            json!({"user": "wang", "template_id": "AbC-1"}),
        )
        .await;
    let sent = json!({"touser": consented["openid"], "template_id": "AbC-1", "data": {"phrase1": {"value": "已付款"}}});
    assert_eq!(
        errcode(&wechat.send_message(&wechat.token().await, sent).await),
        0
    );
    let refused = wechat
        .post(
            "/__wechat/templates",
            json!({"template_id": "x", "fields": ["colour1"]}),
        )
        .await;
    assert!(refused["error"].as_str().unwrap().contains("colour1"));
    let unknown = wechat
        .post(
            "/__wechat/subscribe",
            json!({"openid": "o", "template_id": "none"}),
        )
        .await;
    assert!(unknown["error"].as_str().unwrap().contains("none"));
}
