//! What is over leaves the collector's device after 30 days, and only what is over.

use super::support::{Ground, pay, ticket, weigh};
use blackbox::on_each_database;
use chrono::TimeDelta;
use huishou_domain::{ids::OrderId, sync::scope::Kind};
use huishou_server::store::retire::{KEPT_DAYS, retire};
use serde_json::json;
use uuid::Uuid;

on_each_database! {
    async fn a_settled_visit_stays_with_its_station_only(db) {
        let ground = Ground::on(db).await;
        let (settled, open, cancelled) = (
            ground.booking(Some(ground.zhang)).await,
            ground.booking(Some(ground.zhang)).await,
            ground.booking(Some(ground.zhang)).await,
        );
        let mut zhang = ground.device(ground.zhang).await;
        let mut clerk = ground.device(ground.clerk).await;
        let unpaid = ground.booking(Some(ground.zhang)).await;
        for booked in [settled, unpaid] {
            zhang.push("order.weigh", &weigh(booked.order)).await;
            zhang.push("appointment.complete", &json!({"appointment_id": booked.appointment})).await;
        }
        zhang.push("order.pay", &pay(settled.order, "11.00")).await;
        zhang.push("appointment.cancel", &json!({"appointment_id": cancelled.appointment, "reason": "not_home"})).await;
        let sold = OrderId(Uuid::now_v7());
        zhang.push("ticket.create", &ticket(sold, ground.west)).await;
        zhang.push("order.pay", &pay(sold, "11.00")).await;
        zhang.pull().await;
        assert_eq!(zhang.copies.keys().filter(|(kind, _)| *kind == Kind::Order).count(), 5);

        let now = ground.app.now();
        assert_eq!(retire(&ground.app.db, now + TimeDelta::days(KEPT_DAYS - 1)).await.unwrap(), 0, "not yet");
        let later = now + TimeDelta::days(KEPT_DAYS) + TimeDelta::minutes(1);
        assert_eq!(retire(&ground.app.db, later).await.unwrap(), 3, "settled, cancelled, and the ticket");
        assert_eq!(retire(&ground.app.db, later).await.unwrap(), 0, "once");

        zhang.pull().await;
        let holds = |id: Uuid| zhang.copies.contains_key(&(Kind::Order, id));
        assert!(!holds(settled.order.0) && !holds(cancelled.order.0) && !holds(sold.0), "what is over is gone");
        assert!(holds(open.order.0) && holds(unpaid.order.0), "what is open or owed stays");
        clerk.pull().await;
        assert!(clerk.copies.contains_key(&(Kind::Order, settled.order.0)), "the station keeps it");
        assert!(clerk.copies.contains_key(&(Kind::Order, sold.0)));
    }
}
