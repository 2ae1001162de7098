//! Logins and phone numbers through the sandbox's WeChat, with its error codes and faults.

use super::support::{Town, app, faults, key, serve};
use blackbox::{Database, Sandbox, on_each_database};
use serde_json::{Value, json};
use uuid::Uuid;

async fn town(db: &Database, sandbox: &Sandbox) -> Town {
    Town::with(db, 8, &[("HUISHOU_WECHAT_BASE_URL", sandbox.url())]).await
}

fn code(name: &str) -> Value {
    json!({"code": format!("sandbox:{name}#{}", Uuid::now_v7().simple())})
}

async fn fault(sandbox: &Sandbox, fault: &str, value: Value, times: u32) {
    sandbox
        .control(&json!({"service": "wechat", "fault": fault, "value": value, "times": times}))
        .await;
}

on_each_database! {
    async fn a_login_code_makes_or_finds_the_customer_and_works_once(db) {
        let sandbox = Sandbox::start().await;
        let town = town(db, &sandbox).await;
        let once = code("wang");
        let first = town.api.post("/api/v1/sessions", &once).await.expect(200).clone();
        assert_eq!(first["expires_in"], 900);
        assert_eq!(town.api.post("/api/v1/sessions", &once).await.expect_problem(401), "code_used");
        let again = town.api.post("/api/v1/sessions", &code("wang")).await.expect(200).clone();
        assert_eq!(first["user"]["id"], again["user"]["id"], "the same person");
        assert_eq!(town.api.post("/api/v1/sessions", &json!({"code": "invented"})).await.expect_problem(401), "invalid_code");
        assert_eq!(faults(&town.api.post("/api/v1/sessions", &json!({"code": 7})).await), [("code".to_owned(), "type".to_owned())]);
        assert_eq!(faults(&town.api.post("/api/v1/sessions", &json!({})).await), [("code".to_owned(), "required".to_owned())]);
    }

    async fn refresh_tokens_rotate_and_one_that_comes_again_ends_the_session(db) {
        let sandbox = Sandbox::start().await;
        let town = town(db, &sandbox).await;
        let session = town.api.post("/api/v1/sessions", &code("wang")).await.expect(200).clone();
        let refresh = |token: &Value| json!({"refresh_token": token});
        let second = town.api.post("/api/v1/sessions/refresh", &refresh(&session["refresh_token"])).await.expect(200).clone();
        town.api.with_token(second["access_token"].as_str().unwrap()).get("/api/v1/me").await.expect(200);
        let stolen = town.api.post("/api/v1/sessions/refresh", &refresh(&session["refresh_token"])).await;
        assert_eq!(stolen.expect_problem(401), "refresh_reused");
        let ended = town.api.post("/api/v1/sessions/refresh", &refresh(&second["refresh_token"])).await;
        assert_eq!(ended.status, 401, "the whole session is over: {}", ended.text);
        let other = town.api.post("/api/v1/sessions", &code("wang")).await.expect(200).clone();
        let api = town.api.with_token(other["access_token"].as_str().unwrap());
        assert_eq!(api.delete("/api/v1/sessions").await.status, 204);
        assert_eq!(town.api.post("/api/v1/sessions/refresh", &refresh(&other["refresh_token"])).await.expect_problem(401), "refresh_invalid");
        assert_eq!(town.api.post("/api/v1/sessions/refresh", &refresh(&json!("x"))).await.expect_problem(401), "refresh_invalid");
    }

    async fn wechats_moods_become_problems_with_codes(db) {
        let sandbox = Sandbox::start().await;
        let town = town(db, &sandbox).await;
        fault(&sandbox, "status", json!(502), 2).await;
        town.api.post("/api/v1/sessions", &code("wang")).await.expect(200);
        fault(&sandbox, "status", json!(503), 9).await;
        let busy = town.api.post("/api/v1/sessions", &code("wang")).await;
        assert_eq!(busy.expect_problem(503), "wechat_busy");
        assert!(!busy.header("retry-after").is_empty());
        sandbox.heal().await;
        town.api.post("/api/v1/sessions", &code("wang")).await.expect(200);
    }

    async fn a_phone_code_gives_the_number_whatever_the_access_token_went_through(db) {
        let sandbox = Sandbox::start().await;
        let town = town(db, &sandbox).await;
        let session = town.api.post("/api/v1/sessions", &code("wang")).await.expect(200).clone();
        let api = town.api.with_token(session["access_token"].as_str().unwrap());
        let phone = |number: &str| json!({"code": format!("phone:{number}:{}", Uuid::now_v7().simple())});
        for number in ["13800002046", "13900001111"] {
            assert_eq!(api.post("/api/v1/me/phone", &phone(number)).await.expect(200)["phone"], number, "countryCode comes as text and as number by turns");
        }
        fault(&sandbox, "token_revoked", json!(null), 1).await;
        assert_eq!(api.post("/api/v1/me/phone", &phone("13700002222")).await.expect(200)["phone"], "13700002222", "a revoked token is renewed");
        assert_eq!(api.post("/api/v1/me/phone", &json!({"code": "invented"})).await.expect_problem(401), "invalid_code");
        assert_eq!(api.get("/api/v1/me").await.expect(200)["phone"], "13700002222");
    }

    async fn twins_with_one_key_give_a_phone_code_to_wechat_once_and_get_one_answer(db) {
        let sandbox = Sandbox::start().await;
        let town = town(db, &sandbox).await;
        let session = town.api.post("/api/v1/sessions", &code("wang")).await.expect(200).clone();
        let api = town.api.with_token(session["access_token"].as_str().unwrap());
        for round in 0..3 {
            let number = format!("1380000{round}046");
            let body = json!({"code": format!("phone:{number}:{}", Uuid::now_v7().simple())});
            fault(&sandbox, "delay", json!(300), 1).await;
            let once = key();
            let (one, other) = tokio::join!(
                api.post_once("/api/v1/me/phone", &once, &body),
                api.post_once("/api/v1/me/phone", &once, &body),
            );
            let (one, other) = (one.expect(200).clone(), other.expect(200).clone());
            assert_eq!((one["phone"].as_str(), &one), (Some(number.as_str()), &other), "round {round}");
            let later = api.post_once("/api/v1/me/phone", &once, &body).await;
            assert_eq!(*later.expect(200), one, "and the same again later");
            assert_eq!(api.post_once("/api/v1/me/phone", &key(), &body).await.expect_problem(401), "invalid_code", "under another key it is spent");
        }
        for round in 0..3 {
            let number = json!({"phone": format!("05718888046{round}"), "country_code": "86"});
            let landline = sandbox.api().post("/__wechat/phone", &number).await.expect(200).clone();
            fault(&sandbox, "delay", json!(300), 1).await;
            let once = key();
            let (one, other) = tokio::join!(
                api.post_once("/api/v1/me/phone", &once, &landline),
                api.post_once("/api/v1/me/phone", &once, &landline),
            );
            let later = api.post_once("/api/v1/me/phone", &once, &landline).await;
            for answer in [one, other, later] {
                assert_eq!(answer.expect_problem(422), "validation_failed", "not that the code is spent");
                assert_eq!(answer.body["errors"][0], json!({"field": "phone", "code": "mobile", "detail": answer.body["errors"][0]["detail"]}));
            }
            assert_eq!(api.post_once("/api/v1/me/phone", &once, &json!({"code": "another"})).await.expect_problem(422), "idempotency_mismatch");
        }
        let bad = json!({"code": "invented"});
        let once = key();
        let (one, other) = tokio::join!(api.post_once("/api/v1/me/phone", &once, &bad), api.post_once("/api/v1/me/phone", &once, &bad));
        assert_eq!((one.expect_problem(401), other.expect_problem(401)), ("invalid_code", "invalid_code"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_account_settings_are_our_fault_and_alarmed() {
    let sandbox = Sandbox::start().await;
    let db = blackbox::database(blackbox::Engine::MariaDb).await;
    let town = Town::with(
        &db,
        8,
        &[
            ("HUISHOU_WECHAT_BASE_URL", sandbox.url()),
            ("HUISHOU_WECHAT_SECRET", "wrong"),
        ],
    )
    .await;
    assert_eq!(
        town.api
            .post("/api/v1/sessions", &code("wang"))
            .await
            .expect_problem(500),
        "internal"
    );
    let nowhere = serve(app(
        &db,
        &[("HUISHOU_WECHAT_BASE_URL", "http://127.0.0.1:9")],
    ))
    .await;
    let away = nowhere.post("/api/v1/sessions", &code("wang")).await;
    assert_eq!(away.expect_problem(503), "wechat_busy");
}
