//! Each row of sync.md's tables of states, through push.

use super::support::{Booked, Ground, Phone, pay, ticket, weigh, weigh_as};
use blackbox::on_each_database;
use chrono::TimeDelta;
use huishou_domain::{
    ids::{OrderId, PriceBookId},
    price_book::{self, PriceBook},
    review::ReviewCode,
    sync::message::{Outcome, Verdict},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Command, state before, state after or refusal, review.
type Row = (
    &'static str,
    u8,
    Result<u8, &'static str>,
    Option<ReviewCode>,
);

/// The people of a case on their devices.
struct Case<'a> {
    ground: &'a Ground,
    admin: Phone,
    zhang: Phone,
    li: Phone,
}

impl<'a> Case<'a> {
    async fn new(ground: &'a Ground) -> Self {
        let (admin, zhang, li) = (
            ground.device(ground.admin).await,
            ground.device(ground.zhang).await,
            ground.device(ground.li).await,
        );
        Self {
            ground,
            admin,
            zhang,
            li,
        }
    }

    /// An appointment of Zhang's in this state.
    async fn in_state(&mut self, state: u8) -> Booked {
        let booked = self.ground.booking(Some(self.ground.zhang)).await;
        let of = json!({"appointment_id": booked.appointment});
        match state {
            1 => {}
            2 => drop(self.zhang.push("appointment.complete", &of).await),
            3 => drop(self.admin.push("appointment.cancel", &cancel(booked)).await),
            4 => drop(self.zhang.push("appointment.start", &of).await),
            _ => panic!("state {state} is made by rescheduling"),
        }
        assert_eq!(self.state(booked).await.0, state);
        booked
    }

    async fn state(&self, booked: Booked) -> (u8, u8) {
        let visit = self.ground.visit(booked.order).await;
        (
            visit.appointment.unwrap().status.code(),
            visit.order.status.code(),
        )
    }
}

fn cancel(booked: Booked) -> Value {
    json!({"appointment_id": booked.appointment, "reason": "nothing_to_collect"})
}

fn reviews(verdict: &Verdict) -> Vec<ReviewCode> {
    if verdict.reviews.is_empty() {
        verdict.review.into_iter().collect()
    } else {
        verdict.reviews.clone()
    }
}

on_each_database! {
    async fn appointment_table(db) {
        let ground = Ground::on(db).await;
        let mut case = Case::new(&ground).await;
        // (command, state before, state after or refusal, review)
        let rows: &[Row] = &[
            ("appointment.confirm", 1, Ok(1), None),
            ("appointment.confirm", 4, Err("in_service"), None),
            ("appointment.confirm", 2, Err("already_completed"), None),
            ("appointment.confirm", 3, Err("already_cancelled"), None),
            ("appointment.start", 1, Ok(4), None),
            ("appointment.start", 4, Ok(4), None),
            ("appointment.start", 2, Ok(2), Some(ReviewCode::AlreadyCompleted)),
            ("appointment.start", 3, Ok(4), Some(ReviewCode::CancelledMeanwhile)),
            ("appointment.complete", 1, Ok(2), None),
            ("appointment.complete", 4, Ok(2), None),
            ("appointment.complete", 2, Ok(2), None),
            ("appointment.complete", 3, Ok(2), Some(ReviewCode::CancelledMeanwhile)),
            ("appointment.cancel", 1, Ok(3), None),
            ("appointment.cancel", 4, Ok(3), None),
            ("appointment.cancel", 2, Err("already_completed"), None),
            ("appointment.cancel", 3, Ok(3), None),
            ("appointment.assign", 1, Ok(1), None),
            ("appointment.assign", 4, Ok(4), None),
            ("appointment.assign", 2, Err("already_completed"), None),
            ("appointment.assign", 3, Err("already_cancelled"), None),
        ];
        for (name, before, after, review) in rows {
            let booked = case.in_state(*before).await;
            let args = match *name {
                "appointment.cancel" => cancel(booked),
                "appointment.assign" => json!({"appointment_id": booked.appointment, "assignee": ground.li}),
                _ => json!({"appointment_id": booked.appointment}),
            };
            let by_admin = *name == "appointment.assign";
            let verdict = if by_admin { case.admin.push(name, &args).await } else { case.zhang.push(name, &args).await };
            match after {
                Ok(state) => {
                    assert_eq!(verdict.outcome, Outcome::Applied, "{name} in {before}: {verdict:?}");
                    assert_eq!(case.state(booked).await.0, *state, "{name} in {before}");
                }
                Err(code) => assert_eq!(verdict.code.as_deref(), Some(*code), "{name} in {before}"),
            }
            assert_eq!(reviews(&verdict).first(), review.as_ref(), "{name} in {before}");
        }
    }

    async fn order_table(db) {
        let ground = Ground::on(db).await;
        let mut case = Case::new(&ground).await;
        let b = ground.booking(Some(ground.zhang)).await;
        // Unpaid: pay before any weighing is noted; weighing sets what is due.
        assert_eq!(reviews(&case.zhang.push("order.pay", &pay(b.order, "5.00")).await), [ReviewCode::PaidUnweighed]);
        let verdict = case.zhang.push("order.weigh", &weigh(b.order)).await;
        assert!(reviews(&verdict).is_empty(), "{verdict:?}");
        assert_eq!(case.state(b).await, (4, 0), "5 of 11 paid: unpaid, and the visit has begun");
        assert!(reviews(&case.zhang.push("order.pay", &pay(b.order, "6.00")).await).is_empty());
        assert_eq!(case.state(b).await.1, 1, "Σ payments = due");
        // Paid: another payment is noted; weighed again: settled against the new due.
        let verdict = case.zhang.push("order.weigh", &weigh_as(b.order, Uuid::now_v7(), "20", "22.00")).await;
        assert_eq!(reviews(&verdict), [ReviewCode::ReweighedAfterPayment]);
        assert_eq!(case.state(b).await.1, 0, "11 of 22 paid");
        case.zhang.push("order.pay", &pay(b.order, "11.00")).await;
        assert_eq!(reviews(&case.zhang.push("order.pay", &pay(b.order, "1.00")).await), [ReviewCode::DoublePayment]);
        assert_eq!(case.zhang.push("order.void", &json!({"order_id": b.order, "reason": "x"})).await.code.as_deref(), Some("already_paid"));
        // Completed at the depot.
        assert!(reviews(&case.zhang.push("order.receive", &json!({"order_id": b.order})).await).is_empty());
        assert_eq!(case.state(b).await.1, 2);
        let verdict = case.zhang.push("order.weigh", &weigh_as(b.order, Uuid::now_v7(), "30", "33.00")).await;
        assert!(reviews(&verdict).contains(&ReviewCode::ReweighedAfterCompletion));
        assert_eq!(case.state(b).await.1, 2, "completed stays");
        assert_eq!(ground.visit(b.order).await.order.due.to_string(), "22.00", "with what it was completed with");
        assert_eq!(case.zhang.push("order.void", &json!({"order_id": b.order, "reason": "x"})).await.code.as_deref(), Some("already_completed"));

        // Overpaid, refunded.
        let b = ground.booking(Some(ground.zhang)).await;
        let quote = Uuid::now_v7();
        case.zhang.push("order.weigh", &weigh_as(b.order, quote, "10", "11.00")).await;
        let paid = pay(b.order, "12.00");
        assert_eq!(reviews(&case.zhang.push("order.pay", &paid).await), [ReviewCode::Overpaid]);
        let refund = json!({"order_id": b.order, "refund_id": Uuid::now_v7(), "payment_id": paid["payment_id"], "amount": "2.00"});
        assert!(reviews(&case.zhang.push("order.refund", &refund).await).is_empty());
        assert_eq!(case.state(b).await.1, 0, "10 of 11: back to unpaid");
        let unmatched = json!({"order_id": b.order, "refund_id": Uuid::now_v7(), "payment_id": Uuid::now_v7(), "amount": "2.00"});
        assert_eq!(reviews(&case.zhang.push("order.refund", &unmatched).await), [ReviewCode::RefundUnmatched]);
        // Accepted: the first stays, a second is noted.
        for by in ["tap", "signature"] {
            case.zhang.push("order.accept", &json!({"order_id": b.order, "quote_id": quote, "by": by})).await;
        }
        let order = ground.visit(b.order).await.order;
        assert_eq!((order.acceptances.len(), order.accepted().unwrap().by.as_str()), (2, "tap"));

        // Cancelled: facts revive or are reviewed.
        let b = case.in_state(3).await;
        assert_eq!(case.state(b).await.1, 3);
        let verdict = case.zhang.push("order.weigh", &weigh(b.order)).await;
        assert!(reviews(&verdict).contains(&ReviewCode::CancelledMeanwhile));
        assert_eq!(case.state(b).await, (4, 0));
        let b = case.in_state(3).await;
        assert_eq!(reviews(&case.zhang.push("order.pay", &pay(b.order, "11.00")).await), [ReviewCode::PaidCancelled]);
        assert_eq!(case.state(b).await.1, 1);
        let b = case.in_state(3).await;
        assert_eq!(reviews(&case.zhang.push("order.receive", &json!({"order_id": b.order})).await), [ReviewCode::CancelledReceived]);
        let b = case.in_state(1).await;
        assert_eq!(reviews(&case.zhang.push("order.receive", &json!({"order_id": b.order})).await), [ReviewCode::UnpaidReceived]);
        assert_eq!(case.state(b).await.1, 0);
        assert_eq!(case.zhang.push("order.void", &json!({"order_id": b.order, "reason": "x"})).await.outcome, Outcome::Applied);
        assert_eq!(case.state(b).await.1, 3);
        let listed = db.count("SELECT COUNT(*) FROM reviews").await;
        assert_eq!(listed, 10, "every review is on the administrators' list");
    }

    async fn a_ticket_is_completed_when_it_is_paid(db) {
        let ground = Ground::on(db).await;
        let mut clerk = ground.device(ground.clerk).await;
        let id = OrderId(Uuid::now_v7());
        let args = ticket(id, ground.west);
        let made = clerk.push("ticket.create", &args).await;
        assert_eq!((made.version, made.review), (Some(1), None));
        assert!(reviews(&clerk.push("ticket.create", &args).await).is_empty(), "the same ticket told again");
        assert_eq!(reviews(&clerk.push("ticket.create", &ticket(id, ground.west)).await), [ReviewCode::DuplicateTicket]);
        clerk.push("order.pay", &pay(id, "11.00")).await;
        assert_eq!(ground.visit(id).await.order.status.code(), 2);
    }

    async fn meanwhile_table(db) {
        let ground = Ground::on(db).await;
        let mut case = Case::new(&ground).await;
        // Reassigned to another collector.
        let b = case.in_state(1).await;
        case.admin.push("appointment.assign", &json!({"appointment_id": b.appointment, "assignee": ground.li})).await;
        assert_eq!(reviews(&case.zhang.push("order.weigh", &weigh(b.order)).await), [ReviewCode::ReassignedMeanwhile]);
        case.zhang.pull().await;
        assert!(case.zhang.holds(huishou_domain::sync::scope::Kind::Order, b.order.0), "it holds facts of Zhang's");
        // Two collectors weighed, neither paid: the later counts; an accepted one stays.
        assert!(reviews(&case.li.push("order.weigh", &weigh_as(b.order, Uuid::now_v7(), "20", "22.00")).await).contains(&ReviewCode::WeighedTwice));
        assert_eq!(ground.visit(b.order).await.order.due.to_string(), "22.00");
        let accepted = ground.visit(b.order).await.order.current_quote.unwrap();
        case.li.push("order.accept", &json!({"order_id": b.order, "quote_id": accepted, "by": "tap"})).await;
        case.zhang.push("order.weigh", &weigh_as(b.order, Uuid::now_v7(), "30", "33.00")).await;
        let order = ground.visit(b.order).await.order;
        assert_eq!((order.quotes.len(), order.due.to_string().as_str()), (3, "22.00"), "all kept, the accepted one counts");
        // Moved by the customer.
        let b = case.in_state(1).await;
        db.execute(&format!("UPDATE appointments SET version = 2, rescheduled_version = 2, status = 0 WHERE id = UNHEX('{}')", b.appointment.to_string().replace('-', ""))).await;
        let verdict = case.zhang.push_seeing(1, "appointment.start", &json!({"appointment_id": b.appointment})).await;
        assert_eq!(reviews(&verdict), [ReviewCode::RescheduledMeanwhile]);
        // The server's figures differ: applied as stated.
        let b = case.in_state(1).await;
        assert_eq!(reviews(&case.zhang.push("order.weigh", &weigh_as(b.order, Uuid::now_v7(), "10", "12.00")).await), [ReviewCode::PriceMismatch]);
        assert_eq!(ground.visit(b.order).await.order.due.to_string(), "12.00");
        // A book nobody published.
        let mut unknown = weigh(b.order);
        unknown["book"]["version"] = json!(77);
        assert!(reviews(&case.zhang.push("order.weigh", &unknown).await).contains(&ReviewCode::UnknownBook));
    }

    async fn price_books_are_published_and_superseded_ones_have_a_days_grace(db) {
        let ground = Ground::on(db).await;
        let mut case = Case::new(&ground).await;
        let next = |version, hours_ago: i64| {
            let demo = price_book::demo();
            let from = (ground.app.now() - TimeDelta::hours(hours_ago)).into();
            let book = PriceBook::publish(PriceBookId(Uuid::now_v7()), &demo.city, version, from, demo.rules).unwrap();
            json!({"book": book})
        };
        assert_eq!(case.zhang.push("price_book.publish", &next(2, 3)).await.code.as_deref(), Some("forbidden"));
        assert_eq!(case.admin.push("price_book.publish", &next(3, 3)).await.code.as_deref(), Some("version_taken"), "versions are dense");
        let mut forged = next(2, 3);
        forged["book"]["rules"][0]["base_price"] = json!("9.99");
        assert_eq!(case.admin.push("price_book.publish", &forged).await.code.as_deref(), Some("hash_mismatch"));
        ground.sequence().await;
        case.zhang.pull().await;
        assert_eq!(case.admin.push("price_book.publish", &next(2, 3)).await.version, Some(2));
        assert_eq!(case.zhang.pull().await.puts.len(), 1, "the catalogue reaches the collectors");
        let b = case.in_state(1).await;
        assert!(reviews(&case.zhang.push("order.weigh", &weigh(b.order)).await).is_empty(), "version 1 within its grace");
        db.execute("UPDATE price_books SET effective_from = effective_from - INTERVAL 30 HOUR, created_at = created_at - INTERVAL 30 HOUR WHERE version = 2").await;
        let b = case.in_state(1).await;
        assert_eq!(reviews(&case.zhang.push("order.weigh", &weigh(b.order)).await), [ReviewCode::PriceStale]);
    }

    async fn intents_conflict_with_what_others_wrote_and_never_with_ones_own(db) {
        let ground = Ground::on(db).await;
        let mut case = Case::new(&ground).await;
        let b = case.in_state(1).await;
        case.zhang.push_seeing(1, "appointment.start", &json!({"appointment_id": b.appointment})).await;
        let own = case.zhang.push_seeing(1, "appointment.cancel", &cancel(b)).await;
        assert_eq!(own.outcome, Outcome::Applied, "the device's own earlier mutations do not count");
        let b = case.in_state(1).await;
        case.admin.push("appointment.assign", &json!({"appointment_id": b.appointment, "assignee": ground.li})).await;
        case.admin.push("appointment.assign", &json!({"appointment_id": b.appointment, "assignee": ground.zhang})).await;
        let verdict = case.zhang.push_seeing(1, "appointment.cancel", &cancel(b)).await;
        assert_eq!((verdict.outcome, verdict.code.as_deref()), (Outcome::Conflict, Some("version_conflict")));
        assert_eq!(verdict.current.unwrap()["version"], 3, "for showing");
        assert_eq!(case.state(b).await.0, 1);
        assert_eq!(case.zhang.push_seeing(3, "appointment.cancel", &cancel(b)).await.outcome, Outcome::Applied, "seen, decided again");
        // What the actor may not see is not shown.
        let b = case.in_state(1).await;
        case.admin.push("appointment.assign", &json!({"appointment_id": b.appointment, "assignee": ground.li})).await;
        let verdict = case.zhang.push_seeing(1, "appointment.cancel", &cancel(b)).await;
        assert_eq!((verdict.code.as_deref(), verdict.current), (Some("forbidden"), None));
    }

    async fn work_is_given_only_to_collectors_and_moved_only_into_slots(db) {
        let ground = Ground::on(db).await;
        let mut case = Case::new(&ground).await;
        let b = case.in_state(1).await;
        for nobody in [ground.clerk.0, Uuid::now_v7()] {
            let verdict = case.admin.push("appointment.assign", &json!({"appointment_id": b.appointment, "assignee": nobody})).await;
            assert_eq!((verdict.code.as_deref(), verdict.field.as_deref()), (Some("unknown_staff"), Some("assignee")));
        }
        let to = json!({"appointment_id": b.appointment, "appointment_time": huishou_domain::time::wire(ground.app.now() + TimeDelta::days(2))});
        assert_eq!(case.zhang.push("appointment.reschedule", &to).await.code.as_deref(), Some("outside_slots"));
        let station = ground.west.to_string().replace('-', "");
        for weekday in 0..7 {
            db.execute(&format!("INSERT INTO slot_templates (station_id, weekday, start, end, capacity) VALUES (UNHEX('{station}'), {weekday}, '00:00', '24:00', 1)")).await;
        }
        assert_eq!(case.zhang.push("appointment.reschedule", &to).await.outcome, Outcome::Applied);
        assert_eq!(case.state(b).await.0, 1, "moved by staff: still confirmed");
        let other = case.in_state(1).await;
        let mut same_time = to.clone();
        same_time["appointment_id"] = json!(other.appointment);
        assert_eq!(case.zhang.push("appointment.reschedule", &same_time).await.code.as_deref(), Some("slot_full"));
        case.zhang.push("appointment.cancel", &cancel(b)).await;
        assert_eq!(case.zhang.push("appointment.reschedule", &same_time).await.outcome, Outcome::Applied, "the place was given back");
    }
}
