//! Bookings: one transaction, the last place goes to one, all faults at once.

use super::support::{Town, faults, ids, key};
use blackbox::{goods, on_each_database};
use futures_like::all;
use serde_json::{Value, json};

/// Runs futures together and answers what they answered.
mod futures_like {
    pub async fn all<T: Send + 'static>(
        work: Vec<impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let tasks: Vec<_> = work.into_iter().map(tokio::spawn).collect();
        let mut done = Vec::new();
        for task in tasks {
            done.push(task.await.unwrap());
        }
        done
    }
}

on_each_database! {
    async fn a_booking_is_appointment_order_place_and_outbox_rows_together(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let visit = wang.book().await;
        let (id, order) = ids(&visit);
        assert_eq!(visit["status"], 0);
        assert_eq!(visit["amount"], visit["estimate"]["due"]);
        assert_eq!(visit["slot"], json!({"date": goods::tomorrow(), "start": "10:00", "end": "12:00"}));
        assert_eq!(visit["appointment_time"], goods::answered(&goods::at(1, 10)).as_str());
        assert!(visit["estimate"]["trace"][0]["steps"][0].is_string(), "the estimate is explained");
        let hex = |id: uuid::Uuid| format!("UNHEX('{}')", id.simple());
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM appointments WHERE id = {} AND order_id = {}", hex(id.0), hex(order.0))).await, 1);
        let month = huishou_domain::ids::month_of(order.0).unwrap();
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM orders_{month} WHERE id = {}", hex(order.0))).await, 1);
        assert_eq!(db.count("SELECT CAST(SUM(taken) AS SIGNED) FROM slots").await, 1);
        let marked = db.texts("SELECT CONCAT(kind, ' ', scope) FROM sync_outbox WHERE kind IN ('appointment', 'order') ORDER BY kind").await;
        let scope = format!("station:{}", town.station.id);
        assert_eq!(marked, [format!("appointment {scope}"), format!("order {scope}")]);
        assert_eq!(db.count("SELECT COUNT(*) FROM messages WHERE code = 'appointment_booked'").await, 1);
        let read = wang.api.get(&format!("/api/v1/appointments/{id}")).await.expect(200).clone();
        assert_eq!(read["estimate"], visit["estimate"], "what is stored replays to the same working");
    }

    async fn two_bookings_cannot_both_take_the_last_place(db) {
        let town = Town::on(db, 1).await;
        let mut work = Vec::new();
        for n in 0..12 {
            let customer = town.customer(&format!("c{n}")).await;
            work.push(async move { customer.try_book(&goods::booking(&goods::at(1, 10))).await });
        }
        let answers = all(work).await;
        assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1, "one place, one booking");
        for refused in answers.iter().filter(|a| a.status != 201) {
            assert_eq!(refused.expect_problem(409), "slot_full");
        }
        assert_eq!(db.count("SELECT CAST(SUM(taken) AS SIGNED) FROM slots").await, 1);
        assert_eq!(db.count("SELECT COUNT(*) FROM appointments").await, 1, "what was refused left nothing");
        assert_eq!(db.count("SELECT COUNT(*) FROM messages").await, 1);
        let customer = town.customer("late").await;
        let offers = customer.api.get(&format!("/api/v1/slots?division={}&date={}", goods::DISTRICT, goods::tomorrow())).await;
        let offer = offers.expect(200)["items"].as_array().unwrap().iter().find(|o| o["start"] == "10:00").unwrap().clone();
        assert_eq!((&offer["capacity"], &offer["free"]), (&json!(1), &json!(0)));
    }

    async fn every_bad_field_is_named_at_once(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let body = json!({
            "city": goods::CITY,
            "items": [{"category": "paper/cardboard", "quantity": "-1"}, {"category": "gold"}],
            "address": {"division": goods::DISTRICT, "detail": "x"},
            "contact": {"name": "", "phone": "12345"},
            "appointment_time": goods::at(1, 3),
            "note": "x".repeat(501),
        });
        let named = faults(&wang.try_book(&body).await);
        let expected = [
            ("items[0].quantity", "invalid_quantity"), ("items[1].category", "unknown_category"), ("address.detail", "too_short"),
            ("contact.name", "required"), ("contact.phone", "mobile"), ("note", "too_long"), ("appointment_time", "outside_slots"),
        ];
        let named: Vec<_> = named.iter().map(|(f, c)| (f.as_str(), c.as_str())).collect();
        assert_eq!(named, expected);
        let elsewhere = with(&goods::booking(&goods::at(1, 10)), "/address/division", json!("310104"));
        assert_eq!(faults(&wang.try_book(&elsewhere).await), [("address.division".to_owned(), "not_served".to_owned())]);
        for (at, code) in [("2020-01-01T10:00:00+08:00", "too_soon"), ("2099-01-01T10:00:00+08:00", "too_late"), ("tomorrow", "type"), ("2026-13-45T99:00:00Z", "type")] {
            let answer = wang.try_book(&with(&goods::booking(&goods::at(1, 10)), "/appointment_time", json!(at))).await;
            assert_eq!(faults(&answer), [("appointment_time".to_owned(), code.to_owned())]);
        }
        assert_eq!(db.count("SELECT COUNT(*) FROM appointments").await, 0);
        assert_eq!(db.count("SELECT COUNT(*) FROM idempotency_keys").await, 0, "refused forms are not kept");
    }

    async fn a_total_beyond_every_bound_is_a_bad_field_and_not_a_fault(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let items: Vec<Value> = (0..50).map(|_| json!({"category": "metal/copper", "quantity": "1000000"})).collect();
        let answer = wang.try_book(&with(&goods::booking(&goods::at(1, 10)), "/items", json!(items))).await;
        assert!(matches!(answer.status, 201 | 422), "{}", answer.text);
        let too_many: Vec<Value> = (0..51).map(|_| json!({"category": "metal/copper", "quantity": "1"})).collect();
        let answer = wang.try_book(&with(&goods::booking(&goods::at(1, 10)), "/items", json!(too_many))).await;
        assert_eq!(faults(&answer), [("items".to_owned(), "too_long".to_owned())]);
    }

    async fn text_is_stored_and_shown_to_the_letter(db) {
        let town = Town::on(db, 50).await;
        let wang = town.customer("wang").await;
        for text in ["𠮷野家 😀👨‍👩‍👧", "a\u{0}b 六个字", "Robert'); DROP TABLE appointments; --", "<script>alert('回收')</script>", "反斜杠 \\ \" 引号 %s", "\u{202e}txt.exe"] {
            let mut body = goods::booking(&goods::at(1, 10));
            for place in ["/note", "/address/detail", "/contact/name", "/items/0/note"] {
                body = with(&body, place, json!(text));
            }
            body["photos"] = json!([text]);
            let visit = wang.try_book(&body).await.expect(201).clone();
            let read = wang.api.get(&format!("/api/v1/appointments/{}", ids(&visit).0)).await.expect(200).clone();
            for place in ["/note", "/address/detail", "/contact/name", "/items/0/note", "/photos/0"] {
                assert_eq!(read.pointer(place).unwrap(), text, "{place}");
            }
        }
    }

    async fn a_booking_needs_a_key_and_a_token(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let body = goods::booking(&goods::at(1, 10));
        assert_eq!(wang.api.post("/api/v1/appointments", &body).await.expect_problem(428), "idempotency_key_required");
        for bad in ["short", "with blank in it", &"x".repeat(65)] {
            assert_eq!(wang.api.post_once("/api/v1/appointments", bad, &body).await.expect_problem(400), "idempotency_key_invalid");
        }
        assert_eq!(town.api.post_once("/api/v1/appointments", &key(), &body).await.expect_problem(401), "missing_token");
    }
}

pub fn with(body: &Value, place: &str, value: Value) -> Value {
    let mut body = body.clone();
    *body.pointer_mut(place).unwrap() = value;
    body
}
