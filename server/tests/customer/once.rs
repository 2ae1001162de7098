//! Idempotency keys: one effect, the first answer again, twins that wait.

use super::support::{Town, key};
use blackbox::{goods, on_each_database};
use chrono::TimeDelta;
use huishou_server::{
    problem::Problem,
    store::idempotency::{self, Claim, Keyed},
};
use serde_json::json;
use std::time::Instant;

on_each_database! {
    async fn twins_at_the_same_time_make_one_appointment_and_get_one_answer(db) {
        let town = Town::on(db, 20).await;
        let (wang, body, once) = (town.customer("wang").await, goods::booking(&goods::at(1, 10)), key());
        let mut twins = Vec::new();
        for _ in 0..8 {
            let (api, body, once) = (wang.api.clone(), body.clone(), once.clone());
            twins.push(tokio::spawn(async move { api.post_once("/api/v1/appointments", &once, &body).await }));
        }
        let mut answers = Vec::new();
        for twin in twins { answers.push(twin.await.unwrap().expect(201).clone()); }
        assert!(answers.iter().all(|a| *a == answers[0]), "the first answer again");
        assert_eq!(db.count("SELECT COUNT(*) FROM appointments").await, 1);
        assert_eq!(db.count("SELECT CAST(SUM(taken) AS SIGNED) FROM slots").await, 1);
    }

    async fn the_same_key_with_another_body_is_a_mismatch_and_another_callers_key_is_their_own(db) {
        let town = Town::on(db, 20).await;
        let (wang, li, once) = (town.customer("wang").await, town.customer("li").await, key());
        let body = goods::booking(&goods::at(1, 10));
        let first = wang.api.post_once("/api/v1/appointments", &once, &body).await.expect(201).clone();
        let other = goods::booking(&goods::at(1, 14));
        assert_eq!(wang.api.post_once("/api/v1/appointments", &once, &other).await.expect_problem(422), "idempotency_mismatch");
        let theirs = li.api.post_once("/api/v1/appointments", &once, &body).await.expect(201).clone();
        assert_ne!(first["id"], theirs["id"]);
        let path = format!("/api/v1/appointments/{}/cancel", first["id"].as_str().unwrap());
        let cancel = json!({"reason": "customer_request", "expect_version": 1});
        wang.api.post_once(&path, &once, &cancel).await.expect(200);
    }

    async fn a_conflict_is_kept_and_a_bad_form_is_not(db) {
        let town = Town::on(db, 1).await;
        let (wang, li) = (town.customer("wang").await, town.customer("li").await);
        let (kept, bad) = (key(), key());
        let visit = li.book().await;
        let body = goods::booking(&goods::at(1, 10));
        assert_eq!(wang.api.post_once("/api/v1/appointments", &kept, &body).await.expect_problem(409), "slot_full");
        li.act(&visit, "cancel", &json!({"reason": "customer_request", "expect_version": 1})).await.expect(200);
        assert_eq!(wang.api.post_once("/api/v1/appointments", &kept, &body).await.expect_problem(409), "slot_full", "the first answer again");
        let english = wang.api.request(reqwest::Method::POST, "/api/v1/appointments").header("Idempotency-Key", &kept).header("Accept-Language", "en").json(&body);
        assert!(wang.api.send(english).await.body["detail"].as_str().unwrap().is_ascii(), "in the language asked for now");
        wang.api.post_once("/api/v1/appointments", &bad, &json!({})).await.expect(422);
        wang.api.post_once("/api/v1/appointments", &bad, &body).await.expect(201);
    }

    async fn a_twin_waits_five_seconds_for_an_answer_and_no_longer(db) {
        let town = Town::on(db, 20).await;
        let wang = town.customer("wang").await;
        let (body, once) = (goods::booking(&goods::at(1, 10)), key());
        let keyed = Keyed { caller: wang.user.0, method: "POST".into(), route: "/api/v1/appointments".into(), key: once.clone(), fingerprint: [0; 32] };
        let mut held = town.app.db.begin().await.unwrap();
        assert!(matches!(idempotency::claim(&mut held, &keyed, town.app.now()).await.unwrap(), Claim::Ours));
        let started = Instant::now();
        let answer = wang.api.post_once("/api/v1/appointments", &once, &body).await;
        assert_eq!(answer.expect_problem(409), "idempotency_in_progress");
        let waited = started.elapsed().as_secs_f64();
        assert!((3.5..9.0).contains(&waited), "{waited}");
        held.rollback().await;
        wang.api.post_once("/api/v1/appointments", &once, &body).await.expect(201);
    }

    async fn keys_are_free_again_after_a_day(db) {
        let town = Town::on(db, 20).await;
        let wang = town.customer("wang").await;
        let keyed = Keyed { caller: wang.user.0, method: "POST".into(), route: "/x".into(), key: "abcdefgh".into(), fingerprint: [1; 32] };
        let other = Keyed { fingerprint: [2; 32], ..keyed.clone() };
        let (now, later) = (town.app.now(), town.app.now() + TimeDelta::hours(25));
        for (keyed, at, ours) in [(&keyed, now, true), (&keyed, now, false), (&other, later, true)] {
            let claim: Result<Claim, Problem> = huishou_server::write_tx!(&town.app.db, |tx| Ok(idempotency::claim(tx, keyed, at).await?));
            assert_eq!(matches!(claim.unwrap(), Claim::Ours), ours);
        }
        assert_eq!(idempotency::purge(&town.app.db, now + TimeDelta::hours(20)).await.unwrap(), 0);
        assert_eq!(idempotency::purge(&town.app.db, later + TimeDelta::hours(24)).await.unwrap(), 1);
    }
}
