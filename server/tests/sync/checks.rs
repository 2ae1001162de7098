//! What the server looks at by itself, whatever a device has checked before: approvers, times, reasons, assignees,
//! versions, sellers, and how much is said of goods.

use super::support::{CITY, Ground, Phone, ticket, weigh};
use blackbox::{Database, on_each_database};
use chrono::TimeDelta;
use huishou_domain::{
    ids::{OrderId, PriceBookId, StaffId},
    price_book::{self, PriceBook},
    review::ReviewCode,
    sync::message::{Outcome, Verdict},
    time::wire,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A weighing of 11.00 with a bonus of 1.00.
fn with_bonus(order: OrderId, approved_by: Option<&str>) -> Value {
    let mut args = weigh(order);
    args["due"] = json!("12.00");
    args["adjustments"] = json!([{"kind": "bonus", "amount": "1.00", "approved_by": approved_by}]);
    args
}

fn refusal(verdict: &Verdict) -> (Option<&str>, Option<&str>) {
    (verdict.code.as_deref(), verdict.field.as_deref())
}

async fn leave(db: &Database, who: StaffId) {
    let id = who.to_string().replace('-', "");
    db.execute(&format!(
        "UPDATE staff SET active = 0 WHERE id = UNHEX('{id}')"
    ))
    .await;
}

async fn bonus_approved_by(ground: &Ground, phone: &mut Phone, name: &str) -> Option<ReviewCode> {
    let booked = ground.booking(Some(ground.zhang)).await;
    let verdict = phone
        .push("order.weigh", &with_bonus(booked.order, Some(name)))
        .await;
    assert_eq!(verdict.outcome, Outcome::Applied, "{name}: a fact");
    verdict.review
}

on_each_database! {
    async fn an_approver_is_somebody_else_who_is_with_us(db) {
        let ground = Ground::on(db).await;
        let mut zhang = ground.device(ground.zhang).await;
        assert_eq!(bonus_approved_by(&ground, &mut zhang, "admin").await, None);
        assert_eq!(bonus_approved_by(&ground, &mut zhang, " clerk ").await, None);
        for name in ["nobody", "zhang", "经理'; --", ""] {
            assert_eq!(bonus_approved_by(&ground, &mut zhang, name).await, Some(ReviewCode::PriceMismatch), "{name}");
        }
        leave(db, ground.li).await;
        assert_eq!(bonus_approved_by(&ground, &mut zhang, "li").await, Some(ReviewCode::PriceMismatch), "left");
        let mut clerk = ground.device(ground.clerk).await;
        let bargain = |by: Option<&str>| {
            let mut args = ticket(OrderId(Uuid::now_v7()), ground.west);
            args["quote"]["due"] = json!("10.00");
            args["quote"]["adjustments"] = json!([{"kind": "bargain", "amount": "-1.00", "approved_by": by}]);
            args
        };
        for (by, review) in [(Some("admin"), None), (Some("clerk"), Some(ReviewCode::PriceMismatch)), (None, Some(ReviewCode::PriceMismatch))] {
            assert_eq!(clerk.push("ticket.create", &bargain(by)).await.review, review, "{by:?}");
        }
        // Who plans everywhere needs nobody's word, and whom they name is not asked for.
        let mut admin = ground.device(ground.admin).await;
        let booked = ground.booking(None).await;
        let verdict = admin.push("order.weigh", &with_bonus(booked.order, Some("nobody"))).await;
        assert_eq!(verdict.review, None);
    }

    async fn nobody_could_know_a_book_before_it_was_published(db) {
        let ground = Ground::on(db).await;
        let (mut admin, mut zhang) = (ground.device(ground.admin).await, ground.device(ground.zhang).await);
        let next = |version, from| {
            let demo = price_book::demo();
            let book = PriceBook::publish(PriceBookId(Uuid::now_v7()), &demo.city, version, from, demo.rules).unwrap();
            json!({"book": book})
        };
        let before_the_first = (price_book::demo().effective_from.at() - TimeDelta::seconds(1)).into();
        let early = admin.push("price_book.publish", &next(2, before_the_first)).await;
        assert_eq!(refusal(&early), (Some("effective_from_too_early"), Some("book.effective_from")));
        let days_ago = (ground.app.now() - TimeDelta::days(3)).into();
        assert_eq!(admin.push("price_book.publish", &next(2, days_ago)).await.outcome, Outcome::Applied);
        let booked = ground.booking(Some(ground.zhang)).await;
        assert_eq!(zhang.push("order.weigh", &weigh(booked.order)).await.review, None, "published a moment ago, whenever it began");
        db.execute("UPDATE price_books SET created_at = created_at - INTERVAL 25 HOUR WHERE version = 2").await;
        let booked = ground.booking(Some(ground.zhang)).await;
        assert_eq!(zhang.push("order.weigh", &weigh(booked.order)).await.review, Some(ReviewCode::PriceStale));
        let same = PriceBook::publish(PriceBookId(Uuid::now_v7()), &price_book::demo().city, 3,
            price_book::EffectiveFrom::parse(&db.texts("SELECT effective_text FROM price_books WHERE version = 2").await[0]).unwrap(), price_book::demo().rules).unwrap();
        assert_eq!(admin.push("price_book.publish", &json!({"book": same})).await.outcome, Outcome::Applied, "a correction begins with what it corrects");
        let in_force = ground.app.books.in_force(&ground.app.db, CITY, ground.app.now()).await.unwrap().unwrap();
        assert_eq!(in_force.book.version, 3, "of two that began together the later version");
    }

    async fn a_visit_is_moved_to_a_time_still_to_come_within_a_month(db) {
        let ground = Ground::on(db).await;
        let mut zhang = ground.device(ground.zhang).await;
        let station = ground.west.to_string().replace('-', "");
        for weekday in 0..7 {
            db.execute(&format!("INSERT INTO slot_templates (station_id, weekday, start, end, capacity) VALUES (UNHEX('{station}'), {weekday}, '00:00', '24:00', 9)")).await;
        }
        let booked = ground.booking(Some(ground.zhang)).await;
        for (ahead, expected) in [
            (TimeDelta::minutes(-1), (Some("too_soon"), Some("appointment_time"))),
            (TimeDelta::days(32), (Some("too_late"), Some("appointment_time"))),
            (TimeDelta::days(3), (None, None)),
        ] {
            let to = json!({"appointment_id": booked.appointment, "appointment_time": wire(ground.app.now() + ahead)});
            assert_eq!(refusal(&zhang.push("appointment.reschedule", &to).await), expected, "{ahead}");
        }
        // Agreed on offline, told when it is nearly there. Only from tomorrow on do all hours have a slot.
        ground.app.clock.advance(TimeDelta::days(5));
        let soon = json!({"appointment_id": booked.appointment, "appointment_time": wire(ground.app.now() + TimeDelta::minutes(10))});
        assert_eq!(refusal(&zhang.push("appointment.reschedule", &soon).await), (None, None));
    }

    async fn calling_off_and_voiding_say_why(db) {
        let ground = Ground::on(db).await;
        let mut zhang = ground.device(ground.zhang).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let cancel = |reason: String, text: String| json!({"appointment_id": booked.appointment, "reason": reason, "text": text});
        for (args, expected) in [
            (cancel(" ".into(), String::new()), (Some("required"), Some("reason"))),
            (cancel("x".repeat(65), String::new()), (Some("too_long"), Some("reason"))),
            (cancel("other".into(), "好".repeat(501)), (Some("too_long"), Some("text"))),
        ] {
            assert_eq!(refusal(&zhang.push("appointment.cancel", &args).await), expected);
        }
        let void = zhang.push("order.void", &json!({"order_id": booked.order, "reason": ""})).await;
        assert_eq!(refusal(&void), (Some("required"), Some("reason")));
        assert_eq!(ground.visit(booked.order).await.order.status.code(), 0, "nothing was voided");
        assert_eq!(zhang.push("appointment.cancel", &cancel("other".into(), "好".repeat(500))).await.outcome, Outcome::Applied);
    }

    async fn work_goes_to_the_visits_own_station_unless_by_who_plans_everywhere(db) {
        let ground = Ground::on(db).await;
        let (mut clerk, mut admin) = (ground.device(ground.clerk).await, ground.device(ground.admin).await);
        let booked = ground.booking(Some(ground.zhang)).await;
        let to = |who: StaffId| json!({"appointment_id": booked.appointment, "assignee": who});
        assert_eq!(clerk.push("appointment.assign", &to(ground.li)).await.outcome, Outcome::Applied);
        let east = ground.east.to_string().replace('-', "");
        db.execute(&format!("UPDATE staff SET station_id = UNHEX('{east}') WHERE username = 'zhang'")).await;
        assert_eq!(refusal(&clerk.push("appointment.assign", &to(ground.zhang)).await), (Some("forbidden"), Some("assignee")));
        assert_eq!(admin.push("appointment.assign", &to(ground.zhang)).await.outcome, Outcome::Applied);
        leave(db, ground.li).await;
        assert_eq!(refusal(&admin.push("appointment.assign", &to(ground.li)).await), (Some("unknown_staff"), Some("assignee")));
    }

    async fn a_version_nobody_has_seen_yet_is_a_conflict(db) {
        let ground = Ground::on(db).await;
        let mut zhang = ground.device(ground.zhang).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let of = json!({"appointment_id": booked.appointment});
        let ahead = zhang.push_seeing(7, "appointment.confirm", &of).await;
        assert_eq!((ahead.outcome, ahead.code.as_deref()), (Outcome::Conflict, Some("version_conflict")));
        let void = zhang.push_seeing(7, "order.void", &json!({"order_id": booked.order, "reason": "x"})).await;
        assert_eq!(void.outcome, Outcome::Conflict, "an order's version is the order's");
        assert_eq!(zhang.push_seeing(1, "appointment.confirm", &of).await.outcome, Outcome::Applied);
    }

    async fn a_weighing_tells_what_was_seen_of_the_appointment(db) {
        let ground = Ground::on(db).await;
        let mut zhang = ground.device(ground.zhang).await;
        let moved = |id: String| format!("UPDATE appointments SET version = 4, rescheduled_version = 4, status = 0 WHERE id = UNHEX('{}')", id.replace('-', ""));
        let booked = ground.booking(Some(ground.zhang)).await;
        db.execute(&moved(booked.appointment.to_string())).await;
        let verdict = zhang.push_seeing(3, "order.weigh", &weigh(booked.order)).await;
        assert_eq!(verdict.review, Some(ReviewCode::RescheduledMeanwhile));
        let booked = ground.booking(Some(ground.zhang)).await;
        db.execute(&moved(booked.appointment.to_string())).await;
        assert_eq!(zhang.push_seeing(4, "order.weigh", &weigh(booked.order)).await.review, None, "who knew of it");
    }

    async fn an_absurd_seller_or_endless_words_about_goods_are_disputed(db) {
        let ground = Ground::on(db).await;
        let mut clerk = ground.device(ground.clerk).await;
        let good = || {
            let mut args = ticket(OrderId(Uuid::now_v7()), ground.west);
            args["seller"] = json!({"name": "好".repeat(50), "phone": "13800002046"});
            args["quote"]["items"][0]["note"] = json!("好".repeat(200));
            args
        };
        assert_eq!(clerk.push("ticket.create", &good()).await.review, None);
        let spoil = |at: &str, value: Value| {
            let mut args = good();
            *args.pointer_mut(at).unwrap() = value;
            args
        };
        let mut attributes = good();
        attributes["quote"]["items"][0]["attributes"] = json!({"brand": "𠮷".repeat(65)});
        for args in [
            spoil("/seller/name", json!("好".repeat(51))),
            spoil("/seller/phone", json!("0571-12345")),
            spoil("/quote/items/0/note", json!("好".repeat(201))),
            attributes,
        ] {
            let verdict = clerk.push("ticket.create", &args).await;
            assert_eq!((verdict.outcome, verdict.review, verdict.version), (Outcome::Applied, Some(ReviewCode::Disputed), None));
        }
        assert_eq!(db.texts("SELECT reason FROM disputed_records").await, ["malformed"; 4]);
        assert_eq!(db.count("SELECT COUNT(*) FROM quotes").await, 1, "and nothing of them became an order");
    }
}
