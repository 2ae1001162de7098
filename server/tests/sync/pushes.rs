//! Push: in order, exactly once, one bad mutation never blocks the ones behind it.

use super::support::{Ground, pay, ticket, weigh};
use blackbox::on_each_database;
use chrono::{TimeDelta, Utc};
use huishou_domain::{
    ids::OrderId,
    review::ReviewCode,
    sync::message::{Outcome, PushRequest, SCHEMA},
};
use huishou_server::sync::push;
use serde_json::{json, value::RawValue};
use uuid::Uuid;

on_each_database! {
    async fn a_mutation_told_again_gets_the_same_verdict_and_no_second_effect(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        phone.push("order.weigh", &weigh(booked.order)).await;
        let mutation = phone.mutation("order.pay", &pay(booked.order, "11.00"));
        let first = phone.push_one(&mutation).await;
        assert_eq!(first.outcome, Outcome::Applied);
        assert_eq!(phone.push_one(&mutation).await, first, "the answer may have been lost");
        let mut renumbered = mutation.clone();
        renumbered["id"] = json!(phone.next_id);
        let again = phone.push_one(&renumbered).await;
        assert_eq!((again.id, again.version), (phone.next_id, first.version), "the same unique id under another number");
        assert_eq!(ground.visit(booked.order).await.order.payments.len(), 1, "paid once");
        assert_eq!(db.count("SELECT COUNT(*) FROM mutations").await, 3, "every number has its verdict");
    }

    async fn a_skipped_number_is_a_gap_and_nothing_behind_it_is_processed(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        let one = phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment}));
        let _lost = phone.mutation("order.weigh", &weigh(booked.order));
        let three = phone.mutation("order.pay", &pay(booked.order, "11.00"));
        let answer = phone.push_all(&[one.to_string(), three.to_string()]).await.unwrap();
        assert_eq!(answer.verdicts.len(), 1);
        assert_eq!(answer.gap.map(|g| g.expected), Some(2));
        assert_eq!(answer.last_mutation, 1);
        assert!(ground.visit(booked.order).await.order.payments.is_empty());
    }

    async fn one_bad_mutation_never_blocks_the_ones_behind_it(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        let huge = "𠮷".repeat(200_000);
        let bad = [
            json!({"id": 1, "uid": Uuid::now_v7(), "name": "order.pay@1"}).to_string(),
            json!({"id": 2, "uid": "no uid", "args": 7}).to_string(),
        ];
        phone.next_id = 3;
        let unknown_name = phone.mutation("order.devour", &json!({}));
        let newer = { let mut m = phone.mutation("order.pay", &pay(booked.order, "1.00")); m["name"] = json!("order.pay@2"); m };
        let bad_intent = phone.mutation("appointment.cancel", &json!({"appointment_id": 7}));
        let good = phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment}));
        let texts: Vec<String> =
            bad.into_iter().chain([unknown_name, newer, bad_intent, good].iter().map(ToString::to_string)).collect();
        let answer = phone.push_all(&texts).await.unwrap();
        let codes: Vec<_> = answer.verdicts.iter().map(|v| v.code.as_deref().unwrap_or("applied")).collect();
        assert_eq!(codes, ["undecodable", "undecodable", "undecodable", "undecodable", "undecodable", "applied"]);
        assert_eq!(answer.last_mutation, 6);
        let oversized = phone.mutation("appointment.cancel", &json!({"appointment_id": booked.appointment, "reason": "other", "text": huge}));
        assert_eq!(phone.push_one(&oversized).await.code.as_deref(), Some("too_large"));
        assert_eq!(phone.push_one(&oversized).await.code.as_deref(), Some("too_large"), "and the same again");
        assert_eq!(db.count("SELECT COUNT(*) FROM mutations WHERE raw IS NOT NULL").await, 6, "what could not be processed is kept");
        let numberless = phone.push_all(&[json!({"name": "order.pay@1"}).to_string()]).await.unwrap_err();
        assert_eq!((numberless.status, numberless.errors.first().map(|e| e.field.as_str())), (422, Some("mutations[0].id")));
        for id in [0, -1, i64::MIN] {
            let mut odd = phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment}));
            odd["id"] = json!(id);
            let problem = phone.push_all(&[oversized.to_string(), odd.to_string()]).await.unwrap_err();
            assert_eq!((problem.status, problem.errors.first().map(|e| (e.field.as_str(), e.code.as_str()))), (422, Some(("mutations[1].id", "out_of_range"))), "{id}");
        }
    }

    async fn only_people_who_had_a_session_on_the_device_can_have_acted(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        for stranger in [ground.li.0, Uuid::now_v7()] {
            let mut mutation = phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment}));
            mutation["actor"] = json!(stranger);
            let verdict = phone.push_one(&mutation).await;
            assert_eq!((verdict.outcome, verdict.code.as_deref()), (Outcome::Rejected, Some("actor_unknown")));
        }
        ground.sign_in(&phone, ground.li).await;
        let mut mutation = phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment}));
        mutation["actor"] = json!(ground.li);
        assert_eq!(phone.push_one(&mutation).await.outcome, Outcome::Applied, "a shared device");
    }

    async fn a_push_for_another_device_or_of_another_schema_is_refused_whole(db) {
        let ground = Ground::on(db).await;
        let (phone, other) = (ground.device(ground.zhang).await, ground.device(ground.li).await);
        let request = |schema, device, incarnation| PushRequest {
            schema, incarnation, confirmed: 0, device: Some(device),
            mutations: vec![RawValue::from_string(r#"{"id": 1}"#.to_owned()).unwrap()],
        };
        let wrong = push::push(&ground.app, phone.caller, &request(SCHEMA, other.caller.device, 1)).await.unwrap_err();
        assert_eq!((wrong.status, wrong.code.as_str()), (403, "wrong_device"));
        let old = push::push(&ground.app, phone.caller, &request(0, phone.caller.device, 1)).await.unwrap_err();
        assert_eq!((old.status, old.code.as_str()), (426, "upgrade_required"));
        let spoken = old.more.clone().unwrap_or_default();
        assert_eq!((&spoken["oldest"], &spoken["newest"]), (&json!(SCHEMA), &json!(SCHEMA)));
        assert_eq!(db.count("SELECT COUNT(*) FROM mutations").await, 0);
        push::push(&ground.app, phone.caller, &request(SCHEMA, phone.caller.device, 3)).await.unwrap();
        let stale = push::push(&ground.app, phone.caller, &request(SCHEMA, phone.caller.device, 2)).await.unwrap_err();
        assert_eq!(stale.code, "stale_incarnation", "a copy of an older store");
    }

    async fn a_fact_without_anything_to_attach_it_to_is_a_disputed_record(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        let nowhere = OrderId(Uuid::now_v7());
        for args in [pay(nowhere, "11.00"), pay(booked.order, "-1.00"), pay(booked.order, "99999999999.99"), json!({"order_id": booked.order, "amount": "x"})] {
            let verdict = phone.push("order.pay", &args).await;
            assert_eq!((verdict.outcome, verdict.review, verdict.version), (Outcome::Applied, Some(ReviewCode::Disputed), None), "{args}");
        }
        let mut unknown_station = ticket(OrderId(Uuid::now_v7()), ground.west);
        unknown_station["station_id"] = json!(Uuid::now_v7());
        assert_eq!(phone.push("ticket.create", &unknown_station).await.review, Some(ReviewCode::Disputed));
        // A payment's id that is another order's.
        let elsewhere = ground.booking(Some(ground.zhang)).await;
        let first = pay(booked.order, "11.00");
        assert_eq!(phone.push("order.pay", &first).await.review, Some(ReviewCode::PaidUnweighed));
        let mut taken = first.clone();
        taken["order_id"] = json!(elsewhere.order);
        assert_eq!(phone.push("order.pay", &taken).await.review, Some(ReviewCode::Disputed));
        let reasons = db.texts("SELECT reason FROM disputed_records ORDER BY id").await;
        assert_eq!(reasons, ["unknown_entity", "malformed", "malformed", "malformed", "unknown_entity", "id_taken"]);
        assert_eq!(ground.visit(elsewhere.order).await.order.payments.len(), 0);
        let intent = phone.push("order.void", &json!({"order_id": nowhere, "reason": "x"})).await;
        assert_eq!(intent.code.as_deref(), Some("not_found"), "an intent is simply refused");
    }

    async fn an_intent_falls_with_what_it_depends_on_and_a_fact_never(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.li)).await;
        let mut phone = ground.device(ground.zhang).await;
        let refused = phone.mutation("appointment.cancel", &json!({"appointment_id": booked.appointment, "reason": "not_home"}));
        assert_eq!(phone.push_one(&refused).await.code.as_deref(), Some("forbidden"), "it is another collector's");
        let mut intent = phone.mutation("appointment.confirm", &json!({"appointment_id": booked.appointment}));
        intent["after"] = json!([refused["uid"]]);
        assert_eq!(phone.push_one(&intent).await.code.as_deref(), Some("dependency_refused"));
        let mut fact = phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment}));
        fact["after"] = json!([refused["uid"]]);
        let verdict = phone.push_one(&fact).await;
        assert_eq!((verdict.outcome, verdict.review), (Outcome::Applied, Some(ReviewCode::ReassignedMeanwhile)));
    }

    async fn facts_are_recorded_whatever_the_clock_says(db) {
        let ground = Ground::on(db).await;
        let mut phone = ground.device(ground.clerk).await;
        let dead_battery = huishou_domain::ids::uuid_v7("1970-01-05T00:00:00Z".parse().unwrap(), [3; 10]);
        let mut mutation = phone.mutation("ticket.create", &ticket(OrderId(dead_battery), ground.west));
        mutation["client_time"] = json!("1970-01-05T00:00:00Z");
        let verdict = phone.push_one(&mutation).await;
        assert_eq!((verdict.outcome, verdict.review), (Outcome::Applied, Some(ReviewCode::ImplausibleTime)));
        assert_eq!(db.count("SELECT COUNT(*) FROM order_routes").await, 1, "in the month of arrival, found by its route");
        let order = ground.visit(OrderId(dead_battery)).await.order;
        assert!((Utc::now() - order.weighed_at.unwrap()).abs() < TimeDelta::minutes(5), "server time where the clock is not to be believed");
        phone.pull().await;
        assert!(phone.holds(huishou_domain::sync::scope::Kind::Order, dead_battery));
    }

    async fn push_and_cancel_at_the_same_time_end_in_one_of_two_orders(db) {
        let ground = Ground::on(db).await;
        for _ in 0..10 {
            let booked = ground.booking(Some(ground.zhang)).await;
            let (mut collector, mut admin) = (ground.device(ground.zhang).await, ground.device(ground.admin).await);
            let (cancel_args, weigh_args) = (json!({"appointment_id": booked.appointment, "reason": "customer_request"}), weigh(booked.order));
            let (weighed, cancelled) = tokio::join!(
                collector.push("order.weigh", &weigh_args),
                admin.push("appointment.cancel", &cancel_args),
            );
            assert_eq!(weighed.outcome, Outcome::Applied, "a fact is recorded in either order");
            assert_eq!(cancelled.outcome, Outcome::Applied, "a dispatcher may cancel in service too");
            let visit = ground.visit(booked.order).await;
            let status = visit.appointment.unwrap().status.code();
            let reviewed = weighed.reviews.contains(&ReviewCode::CancelledMeanwhile) || weighed.review == Some(ReviewCode::CancelledMeanwhile);
            assert_eq!(status, if reviewed { 4 } else { 3 }, "weighed last: in service with a review; cancelled last: cancelled");
            assert_eq!(visit.order.quotes.len(), 1);
        }
    }

    async fn the_same_push_sent_twice_at_once_takes_effect_once(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        let mutations: Vec<String> = [
            phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment})),
            phone.mutation("order.weigh", &weigh(booked.order)),
            phone.mutation("order.pay", &pay(booked.order, "11.00")),
            phone.mutation("appointment.complete", &json!({"appointment_id": booked.appointment})),
        ].iter().map(ToString::to_string).collect();
        let (one, two, three) = tokio::join!(phone.push_all(&mutations), phone.push_all(&mutations), phone.push_all(&mutations));
        let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
        assert_eq!(one.verdicts, two.verdicts);
        assert_eq!(one.verdicts, three.verdicts);
        let visit = ground.visit(booked.order).await;
        assert_eq!((visit.order.payments.len(), visit.order.quotes.len(), visit.order.status.code()), (1, 1, 1));
        assert_eq!(db.count("SELECT COUNT(*) FROM mutations").await, 4);
    }

    async fn an_older_copy_of_a_store_never_takes_anothers_verdict_for_its_own(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone = ground.device(ground.zhang).await;
        phone.push("order.weigh", &weigh(booked.order)).await;
        phone.next_id = 1;
        let again = phone.mutation("order.pay", &pay(booked.order, "11.00"));
        let problem = phone.push_all(&[again.to_string()]).await.unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (409, "stale_incarnation"), "the payment stays on the device");
        let anew = PushRequest {
            schema: SCHEMA, incarnation: 2, confirmed: 0, device: None,
            mutations: vec![RawValue::from_string(again.to_string()).unwrap()],
        };
        let answer = push::push(&ground.app, phone.caller, &anew).await.unwrap();
        assert_eq!((answer.last_mutation, answer.verdicts[0].outcome), (1, Outcome::Applied), "numbered from 1 in a new life");
        assert_eq!(ground.visit(booked.order).await.order.payments.len(), 1);
    }
}
