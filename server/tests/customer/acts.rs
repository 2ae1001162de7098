//! Reschedule, cancel, accept, review: by state and version, places moving along.

use super::support::{Customer, Town, faults, ids};
use blackbox::{Database, goods, on_each_database};
use huishou_domain::{
    command::{Assign, Command, OfAppointment, Subject, Weigh},
    ids::QuoteId,
    money::Fen,
    quote::{BookRef, Item, QuoteLine},
    staff::Actor,
};
use serde_json::{Value, json};
use uuid::Uuid;

async fn taken(db: &Database) -> Vec<String> {
    db.texts("SELECT CONCAT(start, ' ', taken) FROM slots WHERE taken > 0 ORDER BY start")
        .await
}

/// A collector weighs iron; answers the final quote's id.
async fn weigh(town: &Town, collector: Actor, visit: &Value) -> Uuid {
    let (id, order) = ids(visit);
    let quote = Uuid::now_v7();
    let items: Vec<Item> = serde_json::from_value(
        json!([{"category": "metal/iron", "weighing": {"gross": "20.500", "tare": "0.500"}}]),
    )
    .unwrap();
    let line = QuoteLine {
        category: "metal/iron".into(),
        quantity: "20".into(),
        unit_price: "1.8".into(),
        applied: vec![],
        amount: Fen::from_fen(3600),
    };
    let weigh = Weigh {
        photos: Vec::new(),
        order_id: order,
        quote_id: QuoteId(quote),
        book: BookRef {
            city: goods::CITY.into(),
            version: 1,
            hash: String::new(),
        },
        items,
        lines: vec![line],
        total: Fen::from_fen(3600),
        adjustments: vec![],
        due: Fen::from_fen(3600),
        gap_reasons: vec![],
    };
    town.give(
        collector,
        Subject::Appointment(id),
        Command::Assign(Box::new(Assign {
            appointment_id: id,
            assignee: Some(collector.id),
        })),
    )
    .await;
    town.give(
        collector,
        Subject::Order(order),
        Command::Weigh(Box::new(weigh)),
    )
    .await;
    quote
}

async fn read(customer: &Customer, visit: &Value) -> Value {
    customer
        .api
        .get(&format!("/api/v1/appointments/{}", ids(visit).0))
        .await
        .expect(200)
        .clone()
}

on_each_database! {
    async fn a_list_shows_the_quotes_and_in_short_the_same_without_them(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let weighed = wang.book().await;
        let booked = wang.book().await;
        weigh(&town, town.collector(), &weighed).await;
        let mut list = wang.api.get("/api/v1/appointments").await.expect(200).clone();
        for (item, visit) in list["items"].as_array_mut().unwrap().iter_mut().zip([&booked, &weighed]) {
            let whole = read(&wang, visit).await;
            for key in ["id", "version", "amount"] { assert_eq!(item[key], whole[key], "{key}"); }
            for quote in ["estimate", "final"] {
                for key in ["id", "lines", "due"] { assert_eq!(item[quote][key], whole[quote][key], "{quote}.{key}"); }
            }
            assert_eq!(item["final"].is_null(), item["id"] == booked["id"]);
            let item = item.as_object_mut().unwrap();
            assert!(item.remove("estimate").is_some() && item.remove("final").is_some());
        }
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        let short = wang.api.get("/api/v1/appointments?fields=summary").await.expect(200).clone();
        assert_eq!(short, list);
    }

    async fn a_move_takes_the_new_place_and_gives_the_old_one_back(db) {
        let town = Town::on(db, 1).await;
        let (wang, li) = (town.customer("wang").await, town.customer("li").await);
        let visit = wang.book().await;
        assert_eq!(taken(db).await, ["10:00 1"]);
        let moved = wang.act(&visit, "reschedule", &json!({"appointment_time": goods::at(1, 15), "expect_version": 1})).await.expect(200).clone();
        assert_eq!((&moved["version"], &moved["slot"]["start"]), (&json!(2), &json!("14:00")));
        assert_eq!(taken(db).await, ["14:00 1"]);
        let other = li.book().await;
        let refused = li.act(&other, "reschedule", &json!({"appointment_time": goods::at(1, 14), "expect_version": 1})).await;
        assert_eq!(refused.expect_problem(409), "slot_full");
        assert_eq!(refused.body["current"]["slot"]["start"], "10:00", "what it still is");
        assert_eq!(taken(db).await, ["10:00 1", "14:00 1"]);
        let stale = wang.act(&visit, "reschedule", &json!({"appointment_time": goods::at(1, 17), "expect_version": 1})).await;
        assert_eq!(stale.expect_problem(409), "version_conflict");
        assert_eq!(stale.body["current"]["version"], 2);
        for (body, code) in [
            (json!({"appointment_time": goods::at(1, 3), "expect_version": 2}), "outside_slots"),
            (json!({"appointment_time": "2020-01-01T00:00:00Z", "expect_version": 2}), "too_soon"),
            (json!({"appointment_time": 7, "expect_version": 2}), "type"),
        ] {
            assert_eq!(faults(&wang.act(&visit, "reschedule", &body).await), [("appointment_time".to_owned(), code.to_owned())]);
        }
    }

    async fn a_cancelled_visit_gives_its_place_back_once_and_stays_cancelled(db) {
        let town = Town::on(db, 2).await;
        let wang = town.customer("wang").await;
        let visit = wang.book().await;
        let cancel = json!({"reason": "不需要了 😀", "expect_version": 1});
        let done = wang.act(&visit, "cancel", &cancel).await.expect(200).clone();
        assert_eq!((&done["status"], &done["version"]), (&json!(3), &json!(2)));
        assert_eq!(done["cancellation"]["text"], "不需要了 😀", "words that are no code are kept as words");
        assert!(taken(db).await.is_empty());
        let again = wang.act(&visit, "cancel", &cancel).await.expect(200).clone();
        assert_eq!(again["version"], 2, "again changes nothing");
        assert!(taken(db).await.is_empty());
        let moved = wang.act(&visit, "reschedule", &json!({"appointment_time": goods::at(1, 14), "expect_version": 2})).await;
        assert_eq!(moved.expect_problem(409), "already_cancelled");
        let order = wang.api.get(&format!("/api/v1/orders/{}", ids(&visit).1)).await.expect(200).clone();
        assert_eq!(order["status"], 3);
    }

    async fn a_final_quote_is_accepted_once_weighed_and_a_visit_that_began_cannot_be_cancelled(db) {
        let town = Town::on(db, 2).await;
        let (wang, collector) = (town.customer("wang").await, town.collector());
        let visit = wang.book().await;
        let accept = |quote: Uuid| json!({"quote_id": quote});
        assert_eq!(wang.act(&visit, "accept", &accept(Uuid::now_v7())).await.expect_problem(409), "not_weighed");
        let quote = weigh(&town, collector, &visit).await;
        let now = read(&wang, &visit).await;
        assert_eq!((&now["status"], &now["amount"], &now["final"]["due"]), (&json!(4), &json!("36.00"), &json!("36.00")));
        assert!(now["final"]["trace"][0]["steps"].is_array(), "the final quote is explained, too");
        assert_eq!(wang.act(&visit, "accept", &accept(Uuid::now_v7())).await.expect_problem(409), "unknown_quote");
        for _ in 0..2 {
            wang.act(&visit, "accept", &accept(quote)).await.expect(200);
        }
        let order = wang.api.get(&format!("/api/v1/orders/{}", ids(&visit).1)).await.expect(200).clone();
        assert_eq!((&order["accepted_by"], &order["due"], &order["lines"][0]["amount"]), (&json!("mini_program"), &json!("36.00"), &json!("36.00")));
        assert_eq!(db.count("SELECT COUNT(*) FROM order_lines").await, 1);
        let refused = wang.act(&visit, "cancel", &json!({"reason": "customer_request", "expect_version": 1})).await;
        assert_eq!(refused.expect_problem(409), "in_service", "the state says more than the version");
        let messages = wang.api.get("/api/v1/messages").await.expect(200).clone();
        let codes: Vec<_> = messages["items"].as_array().unwrap().iter().map(|m| m["code"].as_str().unwrap().to_owned()).collect();
        for code in ["final_quote", "visit_started", "collector_assigned", "appointment_booked"] {
            assert!(codes.iter().any(|c| c == code), "{code} in {codes:?}");
        }
    }

    async fn the_customer_is_told_when_the_visit_is_moved_or_given_to_another(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let visit = wang.book().await;
        let (id, _) = ids(&visit);
        let told = async || {
            let messages = wang.api.get("/api/v1/messages").await.expect(200).clone();
            let items = messages["items"].as_array().unwrap().iter();
            items.map(|m| m["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told().await, ["appointment_booked"]);
        let to = json!({"appointment_time": goods::at(2, 14), "expect_version": 1});
        wang.act(&visit, "reschedule", &to).await.expect(200);
        assert_eq!(told().await, ["appointment_rescheduled", "appointment_booked"]);
        let (first, second) = (town.collector(), town.collector());
        let assign = |assignee| Command::Assign(Box::new(Assign { appointment_id: id, assignee }));
        for (assignee, messages) in [(Some(first.id), 1), (Some(first.id), 1), (Some(second.id), 2), (None, 2)] {
            town.give(first, Subject::Appointment(id), assign(assignee)).await;
            let assigned = told().await.iter().filter(|code| *code == "collector_assigned").count();
            assert_eq!(assigned, messages, "{assignee:?}");
        }
        assert_eq!(told().await.len(), 4, "and of nothing else");
    }

    async fn stars_are_given_once_after_the_visit(db) {
        let town = Town::on(db, 2).await;
        let (wang, collector) = (town.customer("wang").await, town.collector());
        let visit = wang.book().await;
        let stars = json!({"stars": 5, "text": "很准时 👍"});
        assert_eq!(wang.act(&visit, "review", &stars).await.expect_problem(409), "not_completed");
        let (id, _) = ids(&visit);
        town.give(collector, Subject::Appointment(id), Command::Complete(Box::new(OfAppointment { appointment_id: id }))).await;
        wang.act(&visit, "review", &stars).await.expect(201);
        assert_eq!(wang.act(&visit, "review", &stars).await.expect_problem(409), "already_reviewed");
        assert_eq!(read(&wang, &visit).await["review"]["text"], "很准时 👍");
        assert_eq!(faults(&wang.act(&visit, "review", &json!({"stars": 6, "text": 1})).await).len(), 2);
    }

    async fn nobody_sees_or_touches_anothers_visit(db) {
        let town = Town::on(db, 2).await;
        let (wang, mallory) = (town.customer("wang").await, town.customer("mallory").await);
        let visit = wang.book().await;
        let (id, order) = ids(&visit);
        for path in [format!("/api/v1/appointments/{id}"), format!("/api/v1/orders/{order}"), format!("/api/v1/appointments/{order}"), "/api/v1/orders/x".into()] {
            assert_eq!(mallory.api.get(&path).await.expect_problem(404), "not_found", "{path}");
        }
        for (what, body) in [
            ("cancel", json!({"reason": "other", "expect_version": 1})),
            ("reschedule", json!({"appointment_time": goods::at(1, 14), "expect_version": 1})),
            ("accept", json!({"quote_id": Uuid::now_v7()})),
            ("review", json!({"stars": 1})),
        ] {
            assert_eq!(mallory.act(&visit, what, &body).await.expect_problem(404), "not_found", "{what}");
            assert_eq!(mallory.act(&visit, what, &json!({})).await.expect_problem(404), "not_found", "{what}: faults of the form would tell that it exists");
        }
        assert_eq!(read(&wang, &visit).await["version"], 1, "untouched");
        assert_eq!(mallory.api.get("/api/v1/appointments").await.expect(200)["items"], json!([]));
    }
}
