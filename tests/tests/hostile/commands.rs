//! Commands by push, spoilt in every place: each gets its verdict and the device goes on; a fact is never lost; and
//! nobody pushes for another device or another person.

use std::collections::BTreeMap;

use blackbox::customer::{id, number, text};
use blackbox::goods::{CITY, at, iron};
use blackbox::{Customer, Desk, Engine, Town};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::values::{books, calm, refused, spoilt};

/// A good form of every command's arguments, about things that exist.
async fn good(town: &Town, desk: &Desk) -> Vec<(&'static str, Value)> {
    let customer = Customer::login(&town.world, "wang").await;
    let visit = customer.book(&at(2, 10)).await;
    let (appointment, order) = (
        json!({"appointment_id": visit["id"]}),
        visit["order_id"].clone(),
    );
    let book = town.price_book().await;
    let priced = town.price(&iron("10")).await;
    let names = json!({"city": CITY, "version": book["version"], "hash": book["hash"]});
    let quote = json!({
        "id": Uuid::now_v7(), "kind": "final", "book": names, "items": iron("10"), "lines": priced["lines"],
        "total": priced["total"], "adjustments": [{"kind": "round_down", "amount": "-0.10", "reason": "抹零"}], "due": "17.90", "created_at": "2026-11-23T02:00:00.000Z",
    });
    let weigh = json!({
        "order_id": order, "quote_id": Uuid::now_v7(), "book": names, "items": iron("10"), "lines": priced["lines"], "total": priced["total"],
        "adjustments": [], "due": priced["total"], "gap_reasons": [{"line": 0, "code": "other", "text": "重称"}],
    });
    let mut estimate = quote.clone();
    estimate["kind"] = json!("estimate");
    let create = json!({
        "appointment_id": Uuid::now_v7(), "order_id": Uuid::now_v7(), "contact": {"name": "赵女士", "phone": "13911113333"},
        "address": {"division": "330106", "detail": "天目山路 226 号 2 单元", "lng": "120.12", "lat": "30.27"},
        "appointment_time": at(2, 14), "items": iron("10"), "note": "有电梯", "estimate": estimate,
    });
    estimate["id"] = json!(Uuid::now_v7());
    vec![
        ("appointment.create@1", create),
        (
            "appointment.estimate@1",
            json!({"appointment_id": visit["id"], "quote": estimate}),
        ),
        ("appointment.confirm@1", appointment.clone()),
        (
            "appointment.assign@1",
            json!({"appointment_id": visit["id"], "assignee": town.staff("zhang").await}),
        ),
        (
            "appointment.reschedule@1",
            json!({"appointment_id": visit["id"], "appointment_time": at(3, 14)}),
        ),
        ("appointment.start@1", appointment.clone()),
        ("order.weigh@1", weigh),
        (
            "order.accept@1",
            json!({"order_id": order, "quote_id": Uuid::now_v7(), "by": "tap", "blob": "0".repeat(64)}),
        ),
        (
            "order.pay@1",
            json!({"order_id": order, "payment_id": Uuid::now_v7(), "method": "cash", "amount": "18.00"}),
        ),
        (
            "order.refund@1",
            json!({"order_id": order, "refund_id": Uuid::now_v7(), "payment_id": Uuid::now_v7(), "amount": "1.00"}),
        ),
        (
            "order.receive@1",
            json!({"order_id": order, "items": iron("10")}),
        ),
        (
            "order.void@1",
            json!({"order_id": order, "reason": "写错了"}),
        ),
        ("appointment.complete@1", appointment),
        (
            "appointment.cancel@1",
            json!({"appointment_id": visit["id"], "reason": "other", "text": "算了"}),
        ),
        (
            "ticket.create@1",
            json!({"order_id": Uuid::now_v7(), "station_id": desk.session["staff"]["station_id"], "seller": {"name": "钱先生", "phone": "13911112222"}, "quote": quote}),
        ),
        ("nobody.knows@1", json!({"x": 1})),
        ("order.pay@99", json!({"order_id": order})),
        ("", json!({})),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_spoilt_command_gets_a_verdict_and_the_device_goes_on() {
    for engine in Engine::ALL {
        let mut town = Town::start(engine).await;
        let desk = town.desk("station1").await;
        let (mut next, mut count, mut internal) = (1, BTreeMap::new(), Vec::new());
        for (name, args) in good(&town, &desk).await {
            let cases = spoilt(&args);
            for part in cases.chunks(60) {
                let numbered = (next..).zip(part);
                let mutations: Vec<Value> = numbered
                    .map(|(n, (_, args))| desk.mutation(n, name, args))
                    .collect();
                next += i64::try_from(part.len()).unwrap();
                let verdicts = desk.push(&mutations).await;
                assert_eq!(verdicts.len(), part.len(), "each has a verdict");
                for (verdict, (what, _)) in verdicts.iter().zip(part) {
                    let outcome = text(verdict, "outcome").to_owned();
                    if verdict["code"] == "internal" {
                        internal.push(format!("{name}: {what}"));
                    }
                    *count.entry((name.to_owned(), outcome)).or_insert(0) += 1;
                }
            }
        }
        let log = town.world.server.process().log();
        let faults: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("could not be processed"))
            .collect();
        assert!(
            internal.is_empty(),
            "these broke the server: {internal:#?}: {faults:#?}"
        );
        let last = desk
            .push(&[desk.mutation(
                next,
                "appointment.confirm@1",
                &json!({"appointment_id": Uuid::now_v7()}),
            )])
            .await;
        assert_eq!(
            number(&last[0], "id"),
            next,
            "every one before has advanced the device"
        );
        assert_eq!(town.ledger().audit().await, [""; 0], "on {engine}");
        calm(&town.world.server.process().log());
        println!("{engine}: {next} spoilt commands, each with a verdict: {count:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutations_of_any_form_with_a_number_get_a_verdict() {
    let mut town = Town::start(Engine::MariaDb).await;
    let desk = town.desk("zhang").await;
    let confirm = json!({"appointment_id": Uuid::now_v7()});
    let mut next = 1;
    let template = desk.mutation(0, "appointment.confirm@1", &confirm);
    for (what, mut mutation) in spoilt(&template)
        .into_iter()
        .filter(|(what, _)| !what.starts_with("/id "))
    {
        mutation["id"] = json!(next);
        let verdicts = desk.push(&[mutation]).await;
        assert_eq!(number(&verdicts[0], "id"), next, "{what}");
        assert_ne!(verdicts[0]["code"], "internal", "{what}: {}", verdicts[0]);
        next += 1;
    }
    for bad in [
        json!({}),
        json!("x"),
        json!(null),
        json!([]),
        json!({"id": "1"}),
        json!({"id": 1.5}),
        json!({"id": null}),
    ] {
        refused(
            &desk.try_push(std::slice::from_ref(&bad)).await,
            &bad.to_string(),
        );
    }
    let gap = desk
        .try_push(&[desk.mutation(next + 5, "appointment.confirm@1", &confirm)])
        .await;
    assert_eq!(
        gap.expect(200)["gap"]["expected"],
        json!(next),
        "a skipped number is asked for"
    );
    let first = desk.mutation(next, "appointment.confirm@1", &confirm);
    let once = desk.push(std::slice::from_ref(&first)).await;
    let twice = desk.push(std::slice::from_ref(&first)).await;
    assert_eq!(once, twice, "the same again gets its stored verdict");
    let other = desk.mutation(next, "appointment.confirm@1", &confirm);
    let stale = desk.try_push(&[other]).await;
    assert_eq!(
        stale.expect_problem(409),
        "stale_incarnation",
        "another under the same number is from another life of the store"
    );
    next += 1;
    for negative in [0, -1, i64::MIN] {
        let answer = desk
            .try_push(&[desk.mutation(negative, "appointment.confirm@1", &confirm)])
            .await;
        refused(&answer, &negative.to_string());
    }
    let huge = json!({"appointment_id": "x".repeat(600_000)});
    let verdict = desk
        .push(&[desk.mutation(next, "appointment.confirm@1", &huge)])
        .await
        .remove(0);
    assert_eq!(verdict["code"], "too_large", "{verdict}");
    let after = desk
        .push(&[desk.mutation(next + 1, "appointment.confirm@1", &confirm)])
        .await
        .remove(0);
    assert_eq!(
        after["outcome"], "rejected",
        "the one behind is not held up: {after}"
    );
    calm(&town.world.server.process().log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_pushes_for_another_device_or_person_and_rights_are_kept() {
    let mut town = Town::start(Engine::MariaDb).await;
    let (zhang, station) = (town.desk("zhang").await, town.desk("station1").await);
    let customer = Customer::login(&town.world, "wang").await;
    let visit = customer.book(&at(2, 10)).await;
    let before = books(&town).await;
    let start = json!({"appointment_id": visit["id"]});
    let other = json!({"schema": 1, "incarnation": 1, "confirmed": 0, "device": station.device_id(), "mutations": [zhang.mutation(1, "appointment.start@1", &start)]});
    let answer = zhang.api().post("/sync/v1/push", &other).await;
    refused(&answer, "another device");
    assert_eq!(answer.status, 403);
    let schema = json!({"schema": 99, "incarnation": 1, "confirmed": 0, "mutations": []});
    assert_eq!(
        zhang.api().post("/sync/v1/push", &schema).await.body["code"],
        "upgrade_required"
    );
    assert_eq!(books(&town).await, before);

    let mut forged = zhang.mutation(1, "appointment.start@1", &start);
    forged["actor"] = json!(station.staff_id());
    let verdict = zhang.push(&[forged]).await.remove(0);
    assert_eq!(
        (verdict["outcome"].as_str(), verdict["code"].as_str()),
        (Some("rejected"), Some("actor_unknown")),
        "{verdict}"
    );
    for (n, name, args) in [
        (
            2,
            "appointment.assign@1",
            json!({"appointment_id": visit["id"], "assignee": zhang.staff_id()}),
        ),
        (
            3,
            "appointment.cancel@1",
            json!({"appointment_id": visit["id"], "reason": "other"}),
        ),
        (
            4,
            "appointment.confirm@1",
            json!({"appointment_id": visit["id"]}),
        ),
        (
            5,
            "order.void@1",
            json!({"order_id": visit["order_id"], "reason": "x"}),
        ),
    ] {
        let verdict = zhang
            .push(&[zhang.mutation(n, name, &args)])
            .await
            .remove(0);
        assert_eq!(
            verdict["outcome"], "rejected",
            "not their visit, {name}: {verdict}"
        );
    }
    assert_eq!(
        town.ledger().appointment_status(id(&visit)).await,
        0,
        "untouched"
    );

    let cursor = zhang
        .api()
        .post("/sync/v1/pull", &json!({"schema": 1, "confirmed": 0}))
        .await
        .expect(200)["cursor"]
        .clone();
    for bad in [
        json!("x"),
        json!("AAAA.BBBB"),
        json!(cursor.as_str().unwrap().chars().rev().collect::<String>()),
        json!(""),
    ] {
        let answer = zhang
            .api()
            .post(
                "/sync/v1/pull",
                &json!({"schema": 1, "confirmed": 0, "cursor": bad}),
            )
            .await;
        refused(&answer, "a forged cursor");
    }
    let stolen = station
        .api()
        .post(
            "/sync/v1/pull",
            &json!({"schema": 1, "confirmed": 0, "cursor": cursor}),
        )
        .await;
    refused(&stolen, "another device's cursor");
    calm(&town.world.server.process().log());
}
