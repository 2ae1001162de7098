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

    async fn a_missing_month_that_many_want_at_once_at_two_instances_is_made_once(db) {
        let town = Town::on(db, 8).await;
        let other = app(db, &[]);
        let now = town.app.now();
        let made = now - TimeDelta::days(200);
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..48_u8 {
            let at = if n % 2 == 0 { &town.app } else { &other }.clone();
            let station = town.station.id;
            tasks.spawn(async move {
                let id = OrderId(uuid_v7(made, [n; 10]));
                let route = at.db.route_new_order(id, now).await?;
                let visit = Visit { appointment: None, order: Order::new(id, station, made) };
                write_tx!(&at.db, |tx| Ok::<(), Problem>(visits::insert(tx, route, &visit, Uuid::nil()).await?))
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap().unwrap();
        }
        let month = made.format("%Y%m");
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM orders_{month}")).await, 48, "each lies in the one table");
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM order_months WHERE month = {month}")).await, 1);
    }

    async fn pages_stay_the_same_over_a_months_and_a_years_end_while_more_comes_in(db) {
        let town = Town::on(db, 50).await;
        let wang = town.customer("wang").await;
        let mut booked = Vec::new();
        for made in [
            "2026-11-30T23:59:59.998Z", "2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00.000Z", "2026-12-31T23:59:59.999Z",
            "2027-01-01T00:00:00.000Z", "2027-01-01T00:00:00.001Z", "2027-01-31T23:59:59.999Z", "2027-02-01T00:00:00.000Z",
        ] {
            // Slots are China's: at ten o'clock there, two days on.
            let day = (at(made) + TimeDelta::days(2)).date_naive();
            let when = at(&format!("{day}T02:30:00Z"));
            booked.push(town.book_at(wang.user, None, when, at(made)).await.unwrap().body);
        }
        for (month, count) in [(202_611, 2), (202_612, 2), (202_701, 3), (202_702, 1)] {
            assert_eq!(db.count(&format!("SELECT COUNT(*) FROM orders_{month}")).await, count, "{month}");
        }
        booked.reverse();
        for (list, field) in [("appointments", "id"), ("orders", "order_id")] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = wang.api.get(&format!("/api/v1/{list}?limit=3{after}")).await.expect(200).clone();
                seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
                // Newer than all, while the list is being read.
                let made = at("2027-02-02T00:00:00Z") + TimeDelta::milliseconds(seen.len() as i64);
                town.book_at(wang.user, None, at("2027-02-04T02:30:00Z"), made).await.unwrap();
            }
            let all: Vec<_> = booked.iter().map(|visit| visit[field].clone()).collect();
            assert!(seen.ends_with(&all), "{list}: each once, newest first\n{seen:?}\n{all:?}");
            assert_eq!(seen.iter().filter(|id| all.contains(id)).count(), all.len(), "{list}: each once");
        }
    }
}
