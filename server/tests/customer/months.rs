//! Orders find their month: by their id's time, over the month's end, and by detour where that time cannot be.

use super::support::{Town, app, ids};
use blackbox::on_each_database;
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    command::Subject,
    ids::{OrderId, uuid_v7},
    order::Order,
    visit::Visit,
};
use huishou_server::{
    problem::Problem,
    store::{orders, visits},
    write_tx,
};
use uuid::Uuid;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

on_each_database! {
    async fn the_months_end_is_utcs_and_lists_span_it(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        // Slots are China's: 2026-12-01 10:00 there.
        let when = at("2026-12-01T02:30:00Z");
        let before = town.book_at(wang.user, None, when, at("2026-11-30T23:59:59.999Z")).await.unwrap().body;
        let after = town.book_at(wang.user, None, when, at("2026-12-01T00:00:00.000Z")).await.unwrap().body;
        assert_eq!(db.count("SELECT COUNT(*) FROM orders_202611").await, 1);
        assert_eq!(db.count("SELECT COUNT(*) FROM orders_202612").await, 1);
        assert!(before["id"].as_str() < after["id"].as_str());
        let list = wang.api.get("/api/v1/orders").await.expect(200).clone();
        let listed: Vec<_> = list["items"].as_array().unwrap().iter().map(|o| o["id"].clone()).collect();
        assert_eq!(listed, [after["order_id"].clone(), before["order_id"].clone()], "newest first, over two tables");
        for visit in [&before, &after] {
            wang.api.get(&format!("/api/v1/orders/{}", ids(visit).1)).await.expect(200);
        }
    }

    async fn tables_are_made_ahead_and_by_several_instances_at_once(db) {
        let town = Town::on(db, 8).await;
        let other = app(db, &[]);
        let now = at("2026-12-15T00:00:00Z");
        let (a, b) = tokio::join!(town.app.db.ensure_months_ahead(now), other.db.ensure_months_ahead(now));
        a.unwrap();
        b.unwrap();
        let months = db.texts("SELECT CAST(month AS CHAR) FROM order_months ORDER BY month").await;
        assert_eq!(months, ["202612", "202701", "202702"]);
        assert_eq!(db.count("SELECT COUNT(*) FROM orders_202702").await, 0);
    }

    async fn an_id_of_an_impossible_time_lies_in_the_month_of_arrival_and_is_found(db) {
        let town = Town::on(db, 8).await;
        let now = town.app.now();
        for (what, id) in [
            ("a dead clock battery", uuid_v7(at("1970-01-02T00:00:00Z"), [1; 10])),
            ("a clock far ahead", uuid_v7(now + TimeDelta::days(4000), [2; 10])),
            ("no time at all", Uuid::new_v4()),
        ] {
            let id = OrderId(id);
            let route = town.app.db.route_new_order(id, now).await.unwrap();
            let visit = Visit { appointment: None, order: Order::new(id, town.station.id, now) };
            let done: Result<(), Problem> = write_tx!(&town.app.db, |tx| Ok(visits::insert(tx, route, &visit, Uuid::nil()).await?));
            done.unwrap();
            let locked: Result<_, Problem> = write_tx!(&town.app.db, |tx| Ok(visits::lock(tx, Subject::Order(id)).await?));
            assert_eq!(locked.unwrap().unwrap().visit, visit, "{what}");
            let mut connection = town.app.db.read().await.unwrap();
            assert_eq!(orders::load_many(&mut connection, town.app.db.months(), &[id.0]).await.unwrap().len(), 1, "{what}");
        }
        assert_eq!(db.count("SELECT COUNT(*) FROM order_routes").await, 3);
        let month = now.format("%Y%m").to_string();
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM orders_{month}")).await, 3);
    }

    async fn last_months_ticket_arrives_late_and_lies_in_its_own_month(db) {
        let town = Town::on(db, 8).await;
        let now = town.app.now();
        let made = now - TimeDelta::days(40);
        let id = OrderId(uuid_v7(made, [3; 10]));
        let route = town.app.db.route_new_order(id, now).await.unwrap();
        let visit = Visit { appointment: None, order: Order::new(id, town.station.id, made) };
        for first in [true, false] {
            let done: Result<(), Problem> = write_tx!(&town.app.db, |tx| Ok(visits::insert(tx, route, &visit, Uuid::nil()).await?));
            assert_eq!(done.is_ok(), first, "the same id is never stored twice");
        }
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM orders_{}", made.format("%Y%m"))).await, 1);
        assert_eq!(db.count("SELECT COUNT(*) FROM order_routes").await, 0);
    }
}
