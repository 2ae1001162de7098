//! Verdicts are kept until confirmed plus 45 days; after that a mutation told again is still known, and does nothing.

use super::support::{Ground, Phone, pay, weigh};
use blackbox::{Database, on_each_database};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::sync::message::{Outcome, PushRequest, SCHEMA};
use huishou_server::{
    store::kept_verdicts::{self, AT_ONCE, KEPT_DAYS},
    sync::push,
};
use serde_json::{json, value::RawValue};
use uuid::Uuid;

async fn purge(ground: &Ground, at: DateTime<Utc>) -> u64 {
    kept_verdicts::purge(&ground.app.db, at).await.unwrap()
}

async fn kept(db: &Database) -> i64 {
    db.count("SELECT COUNT(*) FROM mutations WHERE verdict <> ''")
        .await
}

async fn confirm(ground: &Ground, phone: &Phone, upto: i64) {
    kept_verdicts::confirmed(&ground.app.db, phone.caller.device, upto)
        .await
        .unwrap();
}

on_each_database! {
    async fn what_was_confirmed_45_days_ago_is_emptied_and_nothing_else(db) {
        let ground = Ground::on(db).await;
        let mut phone = ground.device(ground.zhang).await;
        let nowhere = || json!({"appointment_id": Uuid::now_v7()});
        for _ in 0..4 { phone.push("appointment.confirm", &nowhere()).await; }
        let now = ground.app.now();
        let days = |n: i64| now + TimeDelta::days(n);
        assert_eq!(purge(&ground, days(400)).await, 0, "what nobody has confirmed is kept however old it is");
        confirm(&ground, &phone, 2).await;
        assert_eq!(purge(&ground, now).await, 0);
        confirm(&ground, &phone, 3).await;
        assert_eq!(purge(&ground, days(10)).await, 0, "a second mark, of the third");
        assert_eq!(purge(&ground, days(KEPT_DAYS) - TimeDelta::seconds(1)).await, 0, "not yet");
        assert_eq!(kept(db).await, 4);
        assert_eq!(purge(&ground, days(KEPT_DAYS)).await, 2, "confirmed 45 days ago");
        assert_eq!(kept(db).await, 2);
        assert_eq!(purge(&ground, days(KEPT_DAYS + 9)).await, 0, "the third was confirmed later");
        assert_eq!(purge(&ground, days(KEPT_DAYS + 10)).await, 1);
        assert_eq!(purge(&ground, days(KEPT_DAYS + 400)).await, 0, "the fourth was never confirmed");
        assert_eq!(kept(db).await, 1);
        assert_eq!(db.count("SELECT COUNT(*) FROM mutations WHERE uid IS NOT NULL").await, 4, "unique ids stay for ever");
        assert_eq!(db.count("SELECT COUNT(*) FROM verdict_marks").await, 1, "a device's newest mark stays, the others go");
    }

    async fn a_mutation_told_again_after_its_verdict_is_gone_is_known_and_does_nothing(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        phone.push("order.weigh", &weigh(booked.order)).await;
        let paid = phone.mutation("order.pay", &pay(booked.order, "11.00"));
        assert_eq!(phone.push_one(&paid).await.outcome, Outcome::Applied);
        let refused = phone.mutation("appointment.confirm", &json!({"appointment_id": Uuid::now_v7()}));
        assert_eq!(phone.push_one(&refused).await.code.as_deref(), Some("not_found"));
        confirm(&ground, &phone, 3).await;
        let now = ground.app.now();
        purge(&ground, now).await;
        assert_eq!(purge(&ground, now + TimeDelta::days(KEPT_DAYS)).await, 3);
        let version = ground.visit(booked.order).await.order.version;

        let again = phone.push_one(&paid).await;
        assert_eq!((again.id, again.outcome, again.version, again.code.as_deref()), (2, Outcome::Applied, None, None));
        let again = phone.push_one(&refused).await;
        assert_eq!((again.id, again.outcome, again.code.as_deref()), (3, Outcome::Rejected, Some("verdict_expired")));
        let mut renumbered = paid.clone();
        renumbered["id"] = json!(phone.next_id);
        let under_another = phone.push_one(&renumbered).await;
        assert_eq!((under_another.id, under_another.outcome), (phone.next_id, Outcome::Applied), "the same unique id under another number");
        let mut reborn = paid.clone();
        reborn["id"] = json!(1);
        let request = PushRequest {
            schema: SCHEMA, incarnation: 2, confirmed: 0, device: None,
            mutations: vec![RawValue::from_string(reborn.to_string()).unwrap()],
        };
        let answer = push::push(&ground.app, phone.caller, &request).await.unwrap();
        assert_eq!(answer.verdicts[0].outcome, Outcome::Applied, "a store that began anew tells what it still has");
        let order = ground.visit(booked.order).await.order;
        assert_eq!((order.payments.len(), order.version), (1, version), "paid once, whatever is told");

        let mut other = ground.device(ground.li).await;
        let mut stolen = paid;
        stolen["actor"] = json!(ground.li);
        stolen["id"] = json!(other.next_id);
        other.next_id += 1;
        assert_eq!(other.push_one(&stolen).await.outcome, Outcome::Applied, "by another device it is the same mutation still");
        assert_eq!(ground.visit(booked.order).await.order.version, version);
    }

    async fn an_old_copy_of_a_store_pulls_what_is_left_of_its_verdicts(db) {
        let ground = Ground::on(db).await;
        let mut phone = ground.device(ground.zhang).await;
        for _ in 0..3 { phone.push("appointment.confirm", &json!({"appointment_id": Uuid::now_v7()})).await; }
        confirm(&ground, &phone, 2).await;
        let now = ground.app.now();
        purge(&ground, now).await;
        purge(&ground, now + TimeDelta::days(KEPT_DAYS)).await;
        phone.confirmed = 0;
        let answer = phone.pull().await;
        let codes: Vec<_> = answer.verdicts.iter().map(|v| (v.id, v.code.as_deref().unwrap_or(""))).collect();
        assert_eq!(codes, [(1, "verdict_expired"), (2, "verdict_expired"), (3, "not_found")]);
    }

    async fn it_is_done_in_small_steps_and_a_confirmation_never_runs_ahead_or_back(db) {
        let ground = Ground::on(db).await;
        let phone = ground.device(ground.zhang).await;
        let device = format!("UNHEX('{}')", phone.caller.device.0.simple());
        let many = 2 * AT_ONCE + 7;
        for first in (1..=many).step_by(100) {
            let rows: Vec<String> = (first..(first + 100).min(many + 1))
                .map(|id| format!("({device}, 1, {id}, NULL, 'x@1', 'rejected', '{{\"id\":{id},\"outcome\":\"rejected\"}}', UTC_TIMESTAMP(3))"))
                .collect();
            db.execute(&format!("INSERT INTO mutations (device_id, incarnation, id, uid, name, outcome, verdict, processed_at) VALUES {}", rows.join(", "))).await;
        }
        db.execute(&format!("UPDATE devices SET last_mutation = {many} WHERE id = {device}")).await;
        confirm(&ground, &phone, i64::MAX).await;
        let confirmed = "SELECT MAX(confirmed) FROM devices";
        assert_eq!(db.count(confirmed).await, many, "no further than what was processed");
        confirm(&ground, &phone, 5).await;
        confirm(&ground, &phone, -1).await;
        assert_eq!(db.count(confirmed).await, many, "and never back");
        let now = ground.app.now();
        purge(&ground, now).await;
        purge(&ground, now + TimeDelta::hours(2)).await;
        assert_eq!(db.count("SELECT COUNT(*) FROM verdict_marks").await, 1);
        let both = tokio::join!(purge(&ground, now + TimeDelta::days(KEPT_DAYS)), purge(&ground, now + TimeDelta::days(KEPT_DAYS)));
        assert!(both.0 + both.1 >= many.unsigned_abs(), "two servers at once: {both:?}");
        assert_eq!(kept(db).await, 0);
        assert_eq!(db.count("SELECT COUNT(*) FROM verdict_marks WHERE swept = upto").await, 1);
    }
}
