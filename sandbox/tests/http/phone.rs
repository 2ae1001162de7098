//! `getuserphonenumber`: the token is looked at, the code works once, `countryCode` changes its type.

use serde_json::json;

use crate::support::{APPID, Played, errcode};

#[tokio::test]
async fn the_country_code_comes_as_string_and_as_number_by_turns() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let minted = wechat
            .post(
                "/__wechat/phone",
                json!({"openid": "oWang", "phone": "13800002046"}),
            )
            .await;
        let answer = wechat.phone(&token, minted["code"].as_str().unwrap()).await;
        let info = &answer["phone_info"];
        assert_eq!(
            (
                errcode(&answer),
                &info["phoneNumber"],
                &info["purePhoneNumber"]
            ),
            (0, &json!("13800002046"), &json!("13800002046"))
        );
        assert_eq!(info["watermark"]["appid"], APPID);
        assert!(info["watermark"]["timestamp"].is_i64());
        seen.push(info["countryCode"].clone());
    }
    assert_eq!(seen, [json!("86"), json!(86), json!("86"), json!(86)]);
}

#[tokio::test]
async fn a_number_abroad_carries_its_country_code() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    let minted = wechat
        .post(
            "/__wechat/phone",
            json!({"phone": "91234567", "country_code": "852"}),
        )
        .await;
    let info = wechat.phone(&token, minted["code"].as_str().unwrap()).await["phone_info"].clone();
    assert_eq!(
        (&info["phoneNumber"], &info["purePhoneNumber"]),
        (&json!("+85291234567"), &json!("91234567"))
    );
}

#[tokio::test]
async fn a_used_an_unknown_and_an_old_code_answer_40029() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    assert_eq!(
        errcode(&wechat.phone(&token, "phone:13800002046:a").await),
        0
    );
    assert_eq!(
        errcode(&wechat.phone(&token, "phone:13800002046:a").await),
        40029,
        "used"
    );
    assert_eq!(
        errcode(&wechat.phone(&token, "phone:13800002046:b").await),
        0,
        "another code of the same number"
    );
    for unknown in [
        "xyz",
        "",
        "phone:12345:a",
        "phone:13800002046",
        "phone:+8613800002046:a",
    ] {
        assert_eq!(
            errcode(&wechat.phone(&token, unknown).await),
            40029,
            "{unknown}"
        );
    }
    let minted = wechat
        .post("/__wechat/phone", json!({"phone": "13800002046"}))
        .await;
    wechat.pass(301).await;
    assert_eq!(
        errcode(&wechat.phone(&token, minted["code"].as_str().unwrap()).await),
        40029,
        "old"
    );
}

#[tokio::test]
async fn a_login_code_is_no_phone_code() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    let code = wechat.login_code("oWang").await;
    assert_eq!(errcode(&wechat.phone(&token, &code).await), 40029);
}

#[tokio::test]
async fn the_token_is_looked_at_before_the_code() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    let code = "phone:13800002046:a";
    assert_eq!(errcode(&wechat.phone("", code).await), 41001);
    assert_eq!(errcode(&wechat.phone("forged", code).await), 40001);
    wechat.pass(7201).await;
    assert_eq!(errcode(&wechat.phone(&token, code).await), 42001);
    assert_eq!(
        errcode(&wechat.phone(&wechat.token().await, code).await),
        0,
        "none of these spent the code"
    );
}

#[tokio::test]
async fn a_token_can_be_revoked_under_a_call_and_a_new_one_works() {
    let wechat = Played::start().await;
    let token = wechat.token().await;
    let code = "phone:13800002046:a";
    wechat
        .order(json!({"service": "wechat", "fault": "token_revoked", "times": 2}))
        .await;
    assert_eq!(errcode(&wechat.phone(&token, code).await), 40001);
    assert_eq!(
        errcode(&wechat.phone(&token, code).await),
        40001,
        "the same dead token spends no second revocation"
    );
    let second = wechat.token().await;
    assert_ne!(second, token);
    assert_eq!(errcode(&wechat.phone(&second, code).await), 40001);
    assert_eq!(errcode(&wechat.phone(&wechat.token().await, code).await), 0);
}

#[tokio::test]
async fn the_played_client_refuses_a_number_that_is_none() {
    let wechat = Played::start().await;
    for phone in [
        "12800002046",
        "1380000204",
        "138000020461",
        "１３８00002046",
    ] {
        let answer = wechat
            .post("/__wechat/phone", json!({"phone": phone}))
            .await;
        assert!(
            answer["error"].as_str().unwrap().contains("11 digits"),
            "{phone}: {answer}"
        );
    }
}

#[tokio::test]
async fn bad_bodies_answer_their_codes() {
    let wechat = Played::start().await;
    let path = format!(
        "/wxa/business/getuserphonenumber?access_token={}",
        wechat.token().await
    );
    assert_eq!(
        errcode(&wechat.post(&path, json!({"code": 5})).await),
        47001
    );
    assert_eq!(errcode(&wechat.get(&path).await), 43002);
}
