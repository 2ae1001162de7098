//! Histories: which one an answer belongs to, and what happens when a database comes back older than it was.

use super::support::{Ground, Phone, weigh, weigh_as};
use blackbox::{Database, on_each_database};
use huishou_domain::sync::{
    message::{Outcome, PushAnswer, PushRequest, SCHEMA},
    scope::Kind,
};
use huishou_server::{problem::Problem, sync::push};
use serde_json::{Value, json, value::RawValue};
use uuid::Uuid;

async fn epoch(db: &Database) -> Uuid {
    sqlx::query_scalar("SELECT epoch FROM sync_head")
        .fetch_one(db.pool())
        .await
        .unwrap()
}

/// The database as an older copy of it would be: the log ends at `seq`.
async fn cut(db: &Database, seq: i64) {
    db.execute(&format!("DELETE FROM sync_log WHERE seq > {seq}"))
        .await;
    db.execute(&format!("DELETE FROM sync_batch WHERE last_seq > {seq}"))
        .await;
    db.execute(&format!("UPDATE sync_head SET seq = {seq}"))
        .await;
}

async fn push_as(
    phone: &Phone,
    incarnation: u32,
    mutations: &[&Value],
) -> Result<PushAnswer, Problem> {
    let raw = |m: &&Value| RawValue::from_string(m.to_string()).unwrap();
    let request = PushRequest {
        schema: SCHEMA,
        incarnation,
        confirmed: 0,
        mutations: mutations.iter().map(raw).collect(),
        device: None,
    };
    push::push(&phone.app, phone.caller, &request).await
}

on_each_database! {
    async fn answers_say_in_which_history_and_incarnation_they_count(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        let page = phone.pull().await;
        assert_eq!((page.epoch, page.incarnation), (epoch(db).await, 1));
        let mutation = phone.mutation("order.weigh", &weigh(booked.order));
        let nothing = push_as(&phone, 1, &[]).await.unwrap();
        assert_eq!((nothing.epoch, nothing.incarnation, nothing.last_mutation), (epoch(db).await, 1, 0));
        let first = push_as(&phone, 1, &[&mutation]).await.unwrap();
        assert_eq!((first.epoch, first.incarnation, first.last_mutation), (epoch(db).await, 1, 1));
        let version = ground.visit(booked.order).await.order.version;
        let skipped = json!({"id": 2, "uid": Uuid::now_v7()});
        let gap = push_as(&phone, 3, &[&skipped]).await.unwrap();
        assert_eq!((gap.incarnation, gap.last_mutation), (1, 1), "nothing of the new one has been taken yet");
        assert_eq!(gap.gap.unwrap().expected, 1);
        let again = push_as(&phone, 3, &[&mutation]).await.unwrap();
        assert_eq!((again.incarnation, again.last_mutation), (3, 1));
        assert_eq!(again.verdicts, first.verdicts, "the same unique id, the same verdict");
        assert_eq!(phone.pull().await.incarnation, 3);
        let stale = push_as(&phone, 2, &[&mutation]).await.unwrap_err();
        assert_eq!((stale.status, stale.code.as_str()), (409, "stale_incarnation"));
        assert_eq!(stale.more.unwrap()["incarnation"], json!(3), "what the device has to go beyond");
        assert_eq!(ground.visit(booked.order).await.order.version, version, "weighed once");
    }

    async fn an_intent_of_another_history_conflicts_and_a_fact_takes_effect(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        let of = |mut mutation: Value, epoch: Uuid| { mutation["expect_version"] = json!(1); mutation["epoch"] = json!(epoch); mutation };
        let cancel = |id| json!({"appointment_id": id, "reason": "not_home"});
        let elsewhere = of(phone.mutation("appointment.cancel", &cancel(booked.appointment)), Uuid::from_u128(9));
        let conflict = phone.push_one(&elsewhere).await;
        assert_eq!(conflict.outcome, Outcome::Conflict);
        assert_eq!(conflict.current.unwrap()["version"], json!(1), "what there is now, for showing");
        let weighed = of(phone.mutation("order.weigh", &weigh(booked.order)), Uuid::from_u128(9));
        let fact = phone.push_one(&weighed).await;
        assert_eq!((fact.outcome, fact.review), (Outcome::Applied, None), "for a fact it only means that the version says nothing");
        let other = ground.booking(Some(ground.zhang)).await;
        let here = of(phone.mutation("appointment.cancel", &cancel(other.appointment)), epoch(db).await);
        assert_eq!(phone.push_one(&here).await.outcome, Outcome::Applied);
        // Together in one transaction it is the same.
        let (a, b) = (ground.booking(Some(ground.zhang)).await, ground.booking(Some(ground.zhang)).await);
        let both = [
            of(phone.mutation("appointment.cancel", &cancel(a.appointment)), Uuid::from_u128(9)).to_string(),
            of(phone.mutation("appointment.cancel", &cancel(b.appointment)), epoch(db).await).to_string(),
        ];
        let outcomes: Vec<_> = phone.push_all(&both).await.unwrap().verdicts.iter().map(|v| v.outcome).collect();
        assert_eq!(outcomes, [Outcome::Conflict, Outcome::Applied]);
    }

    async fn a_server_set_back_begins_another_epoch_once_and_resets(db) {
        let ground = Ground::on(db).await;
        ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let before = db.count("SELECT seq FROM sync_head").await;
        ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let mut phones = Vec::new();
        for _ in 0..4 {
            let mut phone = ground.device(ground.zhang).await;
            phone.pull().await;
            phones.push(phone);
        }
        let old = epoch(db).await;
        cut(db, before).await;
        // All of them at once notice that the head is behind what they have read.
        let pulls: Vec<_> = phones.into_iter().map(|mut phone| tokio::spawn(async move {
            let answer = phone.pull().await;
            (phone, answer.epoch)
        })).collect();
        let mut epochs = Vec::new();
        for pull in pulls {
            let (mut phone, seen) = pull.await.unwrap();
            assert_eq!(phone.reset.len(), 2, "both scopes come anew, never an empty success");
            epochs.push(seen);
            phone.pull().await;
            assert_eq!(phone.reset.len(), 0, "and only once");
        }
        let new = epoch(db).await;
        assert_ne!(new, old);
        assert!(epochs.iter().all(|seen| *seen == new), "one rotation, however many noticed: {epochs:?}");
    }

    async fn a_history_that_went_another_way_is_recognised_by_its_tags(db) {
        let ground = Ground::on(db).await;
        ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let before = db.count("SELECT seq FROM sync_head").await;
        ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let mut phone = ground.device(ground.zhang).await;
        phone.pull().await;
        let old = epoch(db).await;
        cut(db, before).await;
        for _ in 0..5 { ground.booking(Some(ground.li)).await; }
        ground.sequence().await;
        phone.pull().await;
        assert_eq!(phone.reset.len(), 2, "the same numbers mean something else now");
        let now = epoch(db).await;
        assert_ne!(now, old);
        let mut other = ground.device(ground.li).await;
        other.pull().await;
        other.pull().await;
        assert_eq!(epoch(db).await, now, "who has read this history changes nothing");
    }

    async fn what_was_read_before_the_server_was_set_back_is_not_shown_for_another_write_of_the_same_version(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let (mut reader, mut writer, mut newcomer) =
            (ground.device(ground.zhang).await, ground.device(ground.zhang).await, ground.device(ground.zhang).await);
        let kept = format!("{}_kept", db.name());
        let tables = db.texts(&format!("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '{}' ORDER BY name", db.name())).await;
        db.execute(&format!("CREATE DATABASE {kept}")).await;
        for table in &tables {
            db.execute(&format!("CREATE TABLE {kept}.{table} LIKE {table}; INSERT INTO {kept}.{table} SELECT * FROM {table}")).await;
        }
        let held = |phone: &Phone| {
            let copy = &phone.copies[&(Kind::Order, booked.order.0)];
            (copy.version, copy.body["due"].clone())
        };
        reader.push("order.weigh", &weigh(booked.order)).await;
        ground.sequence().await;
        reader.pull().await;
        let (version, due) = held(&reader);
        assert_eq!(due, json!("11.00"));
        for table in &tables {
            db.execute(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {kept}.{table}")).await;
        }
        db.execute(&format!("DROP DATABASE {kept}")).await;
        let old = epoch(db).await;
        writer.push("order.weigh", &weigh_as(booked.order, Uuid::now_v7(), "20", "22.00")).await;
        newcomer.pull().await;
        assert_eq!(held(&newcomer), (version, json!("22.00")), "the same number, another write");
        assert_eq!(epoch(db).await, old, "nobody has noticed yet");
        reader.pull().await;
        assert_ne!(epoch(db).await, old);
        assert_eq!(held(&reader), (version, json!("22.00")));
    }

    async fn a_cursor_below_the_floor_is_reset_in_the_same_epoch(db) {
        let ground = Ground::on(db).await;
        ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let mut phone = ground.device(ground.zhang).await;
        phone.pull().await;
        ground.booking(Some(ground.zhang)).await;
        ground.sequence().await;
        let old = epoch(db).await;
        db.execute("UPDATE sync_head SET floor = seq").await;
        db.execute("DELETE FROM sync_log WHERE seq <= (SELECT floor FROM sync_head)").await;
        db.execute("DELETE FROM sync_batch WHERE last_seq < (SELECT floor FROM sync_head)").await;
        phone.pull().await;
        assert_eq!(phone.reset.len(), 2);
        phone.pull().await;
        assert_eq!((phone.reset.len(), epoch(db).await), (0, old), "old, not of another history");
    }

    async fn the_command_line_rotates_the_epoch_by_hand(db) {
        let ground = Ground::on(db).await;
        ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        phone.pull().await;
        let old = epoch(db).await;
        let run = tokio::process::Command::new(env!("CARGO_BIN_EXE_huishou-server"))
            .args(["epoch", "rotate"])
            .env("HUISHOU_DATABASE_URL", db.url())
            .env("HUISHOU_DEV", "1")
            .output()
            .await
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let new = epoch(db).await;
        assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), new.to_string());
        assert_ne!(new, old);
        phone.pull().await;
        assert_eq!(phone.reset.len(), 2, "every device reads its scopes anew");
    }
}
