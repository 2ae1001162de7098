//! `jscode2session`: each of its error codes, and what a success holds.

use serde_json::json;

use crate::support::{APPID, Played, SECRET, errcode};

const GRANT: (&str, &str) = ("grant_type", "authorization_code");

#[tokio::test]
async fn a_fresh_code_gives_openid_and_session_key_without_errcode() {
    let wechat = Played::start().await;
    let minted = wechat
        .post(
            "/__wechat/login",
            json!({"openid": "oWang", "unionid": "uWang"}),
        )
        .await;
    let session = wechat.session(minted["code"].as_str().unwrap()).await;
    assert_eq!(
        (&session["openid"], &session["unionid"]),
        (&json!("oWang"), &json!("uWang"))
    );
    assert_eq!(session["session_key"].as_str().unwrap().len(), 24);
    assert!(session.get("errcode").is_none(), "a success has no errcode");
    let bare = wechat.session(&wechat.login_code("oLi").await).await;
    assert!(bare.get("unionid").is_none());
}

#[tokio::test]
async fn a_user_is_made_up_where_none_is_named() {
    let wechat = Played::start().await;
    let (one, other) = (
        wechat.post("/__wechat/login", json!({})).await,
        wechat.post("/__wechat/login", json!({})).await,
    );
    assert_ne!(one["openid"], other["openid"]);
    assert_eq!(
        wechat.session(one["code"].as_str().unwrap()).await["openid"],
        one["openid"]
    );
}

#[tokio::test]
async fn a_used_code_answers_40163() {
    let wechat = Played::start().await;
    let code = wechat.login_code("oWang").await;
    assert_eq!(errcode(&wechat.session(&code).await), 0);
    let again = wechat.session(&code).await;
    assert_eq!(errcode(&again), 40163);
    assert!(
        again["errmsg"]
            .as_str()
            .unwrap()
            .starts_with("code been used")
    );
    assert!(again.get("openid").is_none());
}

#[tokio::test]
async fn an_unknown_code_and_one_older_than_five_minutes_answer_40029() {
    let wechat = Played::start().await;
    assert_eq!(errcode(&wechat.session("081xyz").await), 40029);
    let code = wechat.login_code("oWang").await;
    wechat.pass(301).await;
    assert_eq!(errcode(&wechat.session(&code).await), 40029);
    wechat.pass(295).await;
    assert_eq!(
        errcode(&wechat.session(&code).await),
        0,
        "refused for age, it was not spent"
    );
}

#[tokio::test]
async fn wrong_and_missing_account_parameters_each_have_their_code() {
    let wechat = Played::start().await;
    let code = wechat.login_code("oWang").await;
    let js_code = ("js_code", code.as_str());
    for (params, expected) in [
        (
            vec![("appid", "wxother"), ("secret", SECRET), js_code, GRANT],
            40013,
        ),
        (
            vec![("appid", APPID), ("secret", "wrong"), js_code, GRANT],
            40125,
        ),
        (vec![("secret", SECRET), js_code, GRANT], 41002),
        (vec![("appid", APPID), js_code, GRANT], 41004),
        (vec![("appid", APPID), ("secret", SECRET), GRANT], 41008),
        (vec![("appid", APPID), ("secret", SECRET), js_code], 40002),
    ] {
        assert_eq!(
            errcode(&wechat.session_with(&params).await),
            expected,
            "{params:?}"
        );
    }
    assert_eq!(
        errcode(&wechat.session(&code).await),
        0,
        "none of these spent the code"
    );
}

#[tokio::test]
async fn the_hundred_and_first_call_of_a_user_within_a_minute_answers_45011() {
    let wechat = Played::start().await;
    for n in 0..100 {
        assert_eq!(
            errcode(&wechat.session(&format!("sandbox:wang#{n}")).await),
            0
        );
    }
    assert_eq!(errcode(&wechat.session("sandbox:wang#100").await), 45011);
    assert_eq!(
        errcode(&wechat.session("sandbox:li#0").await),
        0,
        "the limit is each user's own"
    );
    wechat.pass(61).await;
    assert_eq!(
        errcode(&wechat.session("sandbox:wang#100").await),
        0,
        "refused for the rate, it was not spent"
    );
}

#[tokio::test]
async fn a_high_risk_user_answers_40226_until_all_is_well_again() {
    let wechat = Played::start().await;
    wechat
        .order(json!({"service": "wechat", "fault": "high_risk_user", "value": "oRisky"}))
        .await;
    assert_eq!(
        errcode(&wechat.session(&wechat.login_code("oRisky").await).await),
        40226
    );
    assert_eq!(
        errcode(&wechat.session(&wechat.login_code("oWang").await).await),
        0
    );
    wechat
        .order(json!({"service": "wechat", "fault": "none"}))
        .await;
    assert_eq!(
        errcode(&wechat.session(&wechat.login_code("oRisky").await).await),
        0
    );
}

#[tokio::test]
async fn a_busy_wechat_answers_minus_one_and_the_code_can_be_tried_again() {
    let wechat = Played::start().await;
    let code = wechat.login_code("oWang").await;
    wechat
        .order(json!({"service": "wechat", "fault": "busy", "times": 2}))
        .await;
    assert_eq!(errcode(&wechat.session(&code).await), -1);
    assert_eq!(errcode(&wechat.session(&code).await), -1);
    assert_eq!(errcode(&wechat.session(&code).await), 0);
}

#[tokio::test]
async fn a_code_that_describes_itself_logs_its_user_in_once() {
    let wechat = Played::start().await;
    let first = wechat.session("sandbox:王女士").await;
    assert_eq!(errcode(&wechat.session("sandbox:王女士").await), 40163);
    let second = wechat.session("sandbox:王女士#2").await;
    assert_eq!(
        first["openid"], second["openid"],
        "what follows # tells codes apart, not users"
    );
    assert_ne!(
        wechat.session("sandbox:wang").await["openid"],
        wechat.session("sandbox:Wang").await["openid"]
    );
    let by_name = wechat
        .post("/__wechat/login", json!({"user": "王女士"}))
        .await;
    assert_eq!(by_name["openid"], first["openid"]);
    assert_eq!(errcode(&wechat.session("sandbox:").await), 40029);
    assert_eq!(errcode(&wechat.session("sandbox:#1").await), 40029);
}

#[tokio::test]
async fn a_post_answers_43001() {
    let wechat = Played::start().await;
    assert_eq!(
        errcode(&wechat.post("/sns/jscode2session", json!({})).await),
        43001
    );
}
