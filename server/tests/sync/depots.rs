//! Administrators open depots and set the places of their days.

use super::{
    http::{Laptop, hire, serve},
    support::{CITY, Ground},
};
use blackbox::{
    http::{Answer, Api},
    on_each_database,
};
use chrono::{Days, NaiveDate, TimeDelta};
use huishou_domain::{staff::Role, sync::scope::Kind};
use serde_json::{Value, json};
use uuid::Uuid;

async fn put(api: &Api, path: &str, body: &Value) -> Answer {
    api.send(api.request(reqwest::Method::PUT, path).json(body))
        .await
}

fn fault(answer: &Answer) -> (String, String) {
    let error = &answer.expect(422)["errors"][0];
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    (text("field"), text("code"))
}

on_each_database! {
    async fn a_new_depot_serves_its_districts_and_offers_what_is_set(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        hire(&ground, "wang", Role::Collector).await;
        let laptop = Laptop::register(&ground, &api).await;
        let (boss, _) = laptop.sign_in("boss").await;
        let depot = json!({"code": "binjiang", "name": "滨江站", "city": CITY, "address": "江南大道 100 号", "divisions": ["330108", "330108"], "slots": []});
        let made = boss.post("/admin/v1/stations", &depot).await.expect(201).clone();
        assert_eq!((&made["name"], &made["divisions"], &made["version"]), (&json!("滨江站"), &json!(["330108"]), &json!(1)));
        let mut admin = ground.device(ground.admin).await;
        ground.sequence().await;
        admin.pull().await;
        let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
        assert!(admin.holds(Kind::Station, id), "those who plan everywhere hold it");
        for (key, value, field, code) in [
            ("code", json!("binjiang"), "code", "taken"),
            ("code", json!("Bin Jiang"), "code", "type"),
            ("name", json!("两\n行"), "name", "type"),
            ("city", json!("999999"), "city", "unknown_division"),
            ("divisions", json!(["99"]), "divisions[0]", "unknown_division"),
            ("divisions", json!([7]), "divisions[0]", "type"),
            ("divisions", json!([]), "divisions", "required"),
            ("divisions", json!(["330108"]), "divisions", "taken"),
            ("slots", json!("usual"), "slots", "type"),
            ("slots", json!([{"start": "10:00", "end": "09:00", "capacity": 1}]), "slots[0].end", "type"),
            ("slots", json!([{"start": "10:00", "end": "12:00", "capacity": 1}, {"start": "11:00", "end": "13:00", "capacity": 1}]), "slots", "overlaps"),
        ] {
            let mut bad = depot.clone();
            bad["code"] = json!("another");
            bad["divisions"] = json!(["330109"]);
            bad[key] = value;
            assert_eq!(fault(&boss.post("/admin/v1/stations", &bad).await), (field.to_owned(), code.to_owned()), "{bad}");
        }
        // Its day.
        let date = (ground.app.now() + TimeDelta::hours(8) + TimeDelta::days(2)).date_naive();
        let day = format!("/admin/v1/slots?station={id}&date={date}");
        assert_eq!(boss.get(&day).await.expect(200)["items"], json!([]), "opened without slots");
        let slots = json!({"items": [{"start": "10:00", "end": "12:00", "capacity": 2}, {"start": "22:00", "end": "24:00", "capacity": 1}]});
        let set = put(&boss, &day, &slots).await.expect(200)["items"].clone();
        assert_eq!(set[0], json!({"start": "10:00", "end": "12:00", "capacity": 2, "taken": 0, "free": 2}));
        let token = ground.app.tokens.customer(Uuid::now_v7(), Uuid::now_v7(), ground.app.now()).unwrap();
        let offered = api.with_token(&token).get(&format!("/api/v1/slots?division=330108&date={date}")).await.expect(200)["items"].clone();
        assert_eq!(offered.as_array().unwrap().len(), 2, "customers see it: {offered}");
        db.execute(&format!("UPDATE slots SET taken = 2 WHERE station_id = UNHEX('{}') AND start = '10:00'", id.simple())).await;
        let closed = put(&boss, &day, &json!({"items": [{"start": "10:00", "end": "12:00", "capacity": 0}]})).await.expect(200)["items"].clone();
        assert_eq!((&closed[0]["taken"], &closed[0]["free"], &closed[1]["capacity"]), (&json!(2), &json!(0), &json!(1)), "taken stay taken, the others stay");
        let slot = |start: &str, end: &str, capacity: Value| json!({"items": [{"start": start, "end": end, "capacity": capacity}]});
        for (body, field, code) in [
            (slot("21:00", "23:00", json!(1)), "items", "overlaps"),
            (slot("12:00", "10:00", json!(1)), "items[0].end", "type"),
            (slot("9:00", "10:00", json!(1)), "items[0].start", "type"),
            (slot("24:00", "24:00", json!(1)), "items[0].start", "type"),
            (slot("08:00", "10:00", json!(-1)), "items[0].capacity", "type"),
            (slot("08:00", "10:00", json!(10_001)), "items[0].capacity", "out_of_range"),
            (json!({"items": [slots["items"][0], slots["items"][0]]}), "items[1].start", "overlaps"),
            (json!({"items": []}), "items", "required"),
            (json!([]), "body", "type"),
        ] {
            assert_eq!(fault(&put(&boss, &day, &body).await), (field.to_owned(), code.to_owned()), "{body}");
        }
        let past: NaiveDate = date.checked_sub_days(Days::new(4)).unwrap();
        for (query, field, code) in [
            (format!("station={id}&date={past}"), "date", "too_soon"),
            (format!("station={id}&date=2999-01-01"), "date", "too_late"),
            (format!("station={id}"), "date", "required"),
            (format!("station={id}&date=tomorrow"), "date", "type"),
            (format!("station=x&date={date}"), "station", "type"),
            (format!("station={}&date={date}", Uuid::now_v7()), "station", "unknown_station"),
        ] {
            assert_eq!(fault(&put(&boss, &format!("/admin/v1/slots?{query}"), &slots).await), (field.to_owned(), code.to_owned()), "{query}");
        }
        // The usual week, and one of its own.
        for (code, district, slots, begins) in [
            ("xiaoshan", "330109", Value::Null, vec!["08:00", "10:00", "12:00", "14:00", "16:00", "18:00"]),
            ("yuhang", "330110", json!([{"start": "13:00", "end": "17:00", "capacity": 3}]), vec!["13:00"]),
        ] {
            let depot = json!({"code": code, "name": code, "city": CITY, "divisions": [district], "slots": slots});
            boss.post("/admin/v1/stations", &depot).await.expect(201);
            for ahead in 2..9 {
                let date = (ground.app.now() + TimeDelta::hours(8) + TimeDelta::days(ahead)).date_naive();
                let offered = api.with_token(&token).get(&format!("/api/v1/slots?division={district}&date={date}")).await.expect(200)["items"].clone();
                let starts: Vec<&str> = offered.as_array().unwrap().iter().map(|slot| slot["start"].as_str().unwrap()).collect();
                assert_eq!(starts, begins, "{code} can be booked on {date}");
                assert!(offered[0]["free"].as_u64().unwrap() > 0);
            }
        }
        let (wang, _) = laptop.sign_in("wang").await;
        assert_eq!(put(&wang, &day, &slots).await.expect_problem(403), "forbidden");
        assert_eq!(wang.post("/admin/v1/stations", &depot).await.expect_problem(403), "forbidden");
    }
}
