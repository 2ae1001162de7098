//! People who leave, move to another station or get another role.

use super::{
    http::{Laptop, hire, serve},
    support::{Ground, weigh},
};
use blackbox::on_each_database;
use huishou_domain::{
    ids::StaffId,
    staff::{Role, Staff},
    sync::{message::Outcome, scope::Kind},
};
use huishou_server::store::{staff, stations};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The database shows who waits as it was a tenth of a second ago, and goes on doing so while it is asked more often.
const LOOK: Duration = Duration::from_millis(250);

on_each_database! {
    async fn who_has_left_is_shut_out_and_their_facts_are_still_taken(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        let boss_id = hire(&ground, "boss", Role::Admin).await;
        let wang = hire(&ground, "wang", Role::Collector).await;
        let laptop = Laptop::register(&ground, &api).await;
        let (boss, _) = laptop.sign_in("boss").await;
        let (wangs, session) = laptop.sign_in("wang").await;
        let booked = ground.booking(Some(StaffId(wang))).await;
        let mut shared = ground.device(ground.zhang).await;
        ground.sign_in(&shared, StaffId(wang)).await;
        let path = format!("/admin/v1/staff/{wang}");
        let left = boss.patch(&path, &json!({"active": false})).await.expect(200).clone();
        assert_eq!((&left["active"], &left["version"], &left["username"]), (&json!(false), &json!(2), &json!("wang")));
        assert_eq!(wangs.post("/sync/v1/check", &json!({})).await.expect_problem(401), "session_ended");
        let refresh = json!({"refresh_token": session["refresh_token"], "device": laptop.id,
            "signature": laptop.sign(&format!("huishou-refresh\n{}\n{}", laptop.id, session["refresh_token"].as_str().unwrap()))});
        assert_eq!(api.post("/staff/v1/sessions/refresh", &refresh).await.expect_problem(401), "refresh_invalid");
        assert_eq!(laptop.try_sign_in("wang").await.expect_problem(401), "bad_credentials");
        let mut as_wang = |name: &str, args: Value| {
            let mut mutation = shared.mutation(name, &args);
            mutation["actor"] = json!(wang);
            mutation
        };
        let (fact, intent) = (
            as_wang("order.weigh", weigh(booked.order)),
            as_wang("appointment.cancel", json!({"appointment_id": booked.appointment, "reason": "not_home"})),
        );
        assert_eq!(shared.push_one(&fact).await.outcome, Outcome::Applied, "it was weighed before the news came");
        let refused = shared.push_one(&intent).await;
        assert_eq!((refused.outcome, refused.code.as_deref()), (Outcome::Rejected, Some("forbidden")));
        assert_eq!(ground.visit(booked.order).await.order.quotes.len(), 1);
        boss.patch(&path, &json!({"active": true, "password": "八个字符的新密码"})).await.expect(200);
        assert_eq!(laptop.try_sign_in("wang").await.expect_problem(401), "bad_credentials", "the old password");
        for (body, field, code) in [
            (json!({"active": false}), "active", "own_account"),
            (json!({"role": "dispatcher"}), "role", "own_account"),
        ] {
            let answer = boss.patch(&format!("/admin/v1/staff/{boss_id}"), &body).await;
            assert_eq!((&answer.expect(422)["errors"][0]["field"], &answer.body["errors"][0]["code"]), (&json!(field), &json!(code)));
        }
    }

    async fn another_station_or_role_gives_other_scopes_to_everybody_concerned(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let (boss, _) = Laptop::register(&ground, &api).await.sign_in("boss").await;
        let (mut clerk, mut zhang) = (ground.device(ground.clerk).await, ground.device(ground.zhang).await);
        ground.sequence().await;
        clerk.pull().await;
        zhang.pull().await;
        assert!(clerk.holds(Kind::Staff, ground.zhang.0) && zhang.holds(Kind::Station, ground.west.0));
        let grants = "SELECT CAST(grants AS CHAR) FROM staff WHERE username = 'zhang'";
        let path = format!("/admin/v1/staff/{}", ground.zhang);
        boss.patch(&path, &json!({"name": "张师傅"})).await.expect(200);
        assert_eq!(db.texts(grants).await, ["1"], "a name is no grant");
        ground.sequence().await;
        clerk.pull().await;
        assert_eq!(clerk.copies[&(Kind::Staff, ground.zhang.0)].body["name"], "张师傅");
        boss.patch(&path, &json!({"station_id": ground.east})).await.expect(200);
        assert_eq!(db.texts(grants).await, ["2"]);
        ground.sequence().await;
        clerk.pull().await;
        zhang.pull().await;
        assert!(!clerk.holds(Kind::Staff, ground.zhang.0), "gone from the old station's devices");
        assert!(zhang.holds(Kind::Station, ground.east.0) && !zhang.holds(Kind::Station, ground.west.0));
        boss.patch(&path, &json!({"role": "station"})).await.expect(200);
        let east = ground.booking_at(ground.east, None).await;
        ground.sequence().await;
        zhang.pull().await;
        assert!(zhang.holds(Kind::Order, east.order.0), "now staff of that station");
    }

    async fn changes_of_people_are_checked_like_new_ones(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let wang = hire(&ground, "wang", Role::Collector).await;
        let laptop = Laptop::register(&ground, &api).await;
        let (boss, _) = laptop.sign_in("boss").await;
        let path = format!("/admin/v1/staff/{wang}");
        for (body, field, code) in [
            (json!({"active": "no"}), "active", "type"),
            (json!({"name": "两\n行"}), "name", "type"),
            (json!({"name": " "}), "name", "required"),
            (json!({"role": "king"}), "role", "type"),
            (json!({"station_id": null}), "station_id", "required"),
            (json!({"station_id": Uuid::now_v7()}), "station_id", "unknown_station"),
            (json!({"password": "short"}), "password", "too_short"),
            (json!(["active"]), "body", "type"),
        ] {
            let answer = boss.patch(&path, &body).await;
            let errors = answer.expect(422)["errors"].clone();
            assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(field), &json!(code)), "{body}");
        }
        assert_eq!(boss.patch(&format!("/admin/v1/staff/{}", Uuid::now_v7()), &json!({"active": false})).await.expect_problem(404), "not_found");
        let (wangs, _) = laptop.sign_in("wang").await;
        assert_eq!(wangs.patch(&path, &json!({"role": "admin"})).await.expect_problem(403), "forbidden");
        for (username, code) in [("周", "too_short"), ("周师傅", "type"), ("Wang", "type"), ("a b", "type"), ("x", "too_short"), ("wang", "taken")] {
            let body = json!({"username": username, "name": "x", "role": "admin", "password": "八个字符的密码呀"});
            let answer = boss.post("/admin/v1/staff", &body).await;
            assert_eq!((&answer.expect(422)["errors"][0]["field"], &answer.body["errors"][0]["code"]), (&json!("username"), &json!(code)), "{username}");
        }
    }

    async fn a_depot_that_changes_while_a_collector_comes_to_it_is_told_to_them_too(db) {
        let ground = Ground::on(db).await;
        let mut zhang = ground.device(ground.zhang).await;
        ground.sequence().await;
        zhang.pull().await;
        let app = &ground.app;
        let waits = "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'";
        for (home, depot_first) in [(ground.east, true), (ground.west, false)] {
            let mut depot = stations::load(&mut app.db.read().await.unwrap(), home).await.unwrap().unwrap();
            depot.version += 1;
            depot.name.push('新');
            let (mut renaming, mut moving) = (app.db.begin().await.unwrap(), app.db.begin().await.unwrap());
            let before = staff::lock(moving.conn(), ground.zhang).await.unwrap().unwrap().staff;
            let after = Staff { version: before.version + 1, station_id: Some(home), ..before.clone() };
            let (now, db_of) = (app.now(), app.db.clone());
            // The one has written and not committed when the other one begins, which without a lock would be over then.
            if depot_first {
                stations::update(&mut renaming, &depot, now).await.unwrap();
                let second = tokio::spawn(async move {
                    staff::update(&mut moving, &before, &after, now).await.unwrap();
                    db_of.commit(moving).await.unwrap();
                });
                while db.count(waits).await == 0 && !second.is_finished() { tokio::time::sleep(LOOK).await; }
                app.db.commit(renaming).await.unwrap();
                second.await.unwrap();
            } else {
                staff::update(&mut moving, &before, &after, now).await.unwrap();
                let second = tokio::spawn(async move {
                    stations::update(&mut renaming, &depot, now).await.unwrap();
                    db_of.commit(renaming).await.unwrap();
                });
                while db.count(waits).await == 0 && !second.is_finished() { tokio::time::sleep(LOOK).await; }
                app.db.commit(moving).await.unwrap();
                second.await.unwrap();
            }
            ground.sequence().await;
            // The copy is compared with its scopes.
            zhang.pull().await;
            assert!(zhang.holds(Kind::Station, home.0));
        }
    }
}
