//! Booked over the telephone at a depot without a network, served by a collector, seen by the customer.

use blackbox::customer::{id, number, text};
use blackbox::goods::{CITY, DISTRICT, answered, at, estimated, fen};
use blackbox::paths::free_port;
use blackbox::{Customer, Engine, Town};
use serde_json::{Value, json};

fn call(when: &str, phone: &str) -> Value {
    json!({
        "contact": {"name": "王女士", "phone": phone},
        "address": {"division": DISTRICT, "detail": "文三路 90 号 3 幢 2 单元 501", "lng": "120.12", "lat": "30.27"},
        "appointment_time": when, "items": estimated(), "note": "有电梯",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telephone_booking_taken_offline_is_assigned_served_and_seen_by_its_customer() {
    for engine in Engine::ALL {
        let town = Town::start(engine).await;
        let wang = Customer::login(&town.world, "wang").await;
        wang.give_phone("13912342046").await.expect(200);
        let (mut station, zhang) = (town.device("station1").await, town.device("zhang").await);
        let online = town.world.server.url().to_owned();
        station.set_server(&format!("http://127.0.0.1:{}", free_port()));
        let made = station
            .exec("appointment.create", &call(&at(2, 10), "13912342046"))
            .await;
        let (appointment, order) = (
            text(&made, "appointment_id").to_owned(),
            text(&made, "order_id").to_owned(),
        );
        let shown = station.appointment(&appointment).await.expect("at once");
        assert_eq!(
            (number(&shown, "status"), &shown["user_id"]),
            (0, &json!(null))
        );
        let assign = json!({"appointment_id": appointment, "assignee": town.staff("zhang").await});
        let _ = station.exec("appointment.assign", &assign).await;
        let _ = station
            .exec(
                "appointment.reschedule",
                &json!({"appointment_id": appointment, "appointment_time": at(2, 14)}),
            )
            .await;
        assert_eq!(station.waiting().await, 3);
        station.set_server(&online);
        let _ = station.sync().await;
        assert_eq!(station.waiting().await, 0, "everything has a verdict");
        station.agrees().await;
        let seen = wang.appointment(&appointment).await;
        assert_eq!(seen["appointment_time"], answered(&at(2, 14)));
        assert_eq!(seen["slot"]["start"], "14:00");
        assert_eq!(
            (&seen["amount"], &seen["estimate"]["book"]["city"]),
            (&shown["estimate"]["due"], &json!(CITY))
        );
        let messages = wang.api.get("/api/v1/messages").await.expect(200).clone();
        let told: Vec<&Value> = messages["items"]
            .as_array()
            .expect("messages")
            .iter()
            .collect();
        assert!(
            told.iter().any(|m| m["code"] == "appointment_booked"),
            "{messages}"
        );

        let _ = zhang.sync().await;
        let due = zhang
            .serve(&json!({"id": appointment, "order_id": order}))
            .await;
        let _ = zhang.sync().await;
        let row = town.ledger().order(&order).await;
        assert_eq!((row.status, row.due), (1, fen(&due)));
        assert_eq!(wang.appointment(&appointment).await["amount"], due);
        let mine = wang
            .api
            .get("/api/v1/appointments")
            .await
            .expect(200)
            .clone();
        assert_eq!(
            id(&mine["items"][0]),
            appointment,
            "in the customer's own list"
        );
        assert_eq!(town.ledger().audit().await, [""; 0], "on {engine}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_customer_yet_is_served_all_the_same_and_collectors_take_no_calls() {
    let town = Town::start(Engine::MariaDb).await;
    let (station, zhang) = (town.device("station1").await, town.device("zhang").await);
    let refused = zhang
        .run(&[
            "exec",
            "appointment.create",
            &call(&at(2, 10), "13912342047").to_string(),
        ])
        .await;
    assert!(
        !refused.status.success() && refused.stdout.contains("forbidden"),
        "{}",
        refused.stdout
    );
    let made = station
        .exec("appointment.create", &call(&at(2, 10), "13912342047"))
        .await;
    let assign =
        json!({"appointment_id": made["appointment_id"], "assignee": town.staff("zhang").await});
    let _ = station.exec("appointment.assign", &assign).await;
    let _ = station.sync().await;
    let _ = zhang.sync().await;
    let visit = json!({"id": made["appointment_id"], "order_id": made["order_id"]});
    let due = zhang.serve(&visit).await;
    let _ = zhang.sync().await;
    let row = town.ledger().order(text(&made, "order_id")).await;
    assert_eq!((row.status, row.due), (1, fen(&due)));
    zhang.agrees().await;
    station.agrees().await;
    assert_eq!(town.ledger().audit().await, [""; 0]);
}
