//! Phone bookings and new estimates through push: who may, what is refused and why, what the customer hears.

use super::support::{CITY, Ground, Phone, weigh};
use blackbox::{Database, on_each_database};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    ids::{OrderId, PriceBookId, UserId},
    price_book::{self, PriceBook},
    review::ReviewCode,
    sync::{
        message::{Outcome, Verdict},
        scope::Kind,
    },
    time::wire,
    visit::Visit,
};
use huishou_server::{problem::Problem, store::users, write_tx};
use serde_json::{Value, json};
use uuid::Uuid;

/// Both depots take this many visits a day.
async fn open_all_day(db: &Database, places: u32) {
    for weekday in 0..7 {
        db.execute(&format!("INSERT INTO slot_templates (station_id, weekday, start, end, capacity) SELECT id, {weekday}, '00:00', '24:00', {places} FROM stations")).await;
    }
}

/// An estimate of so many kilograms of cardboard by the demo book.
fn estimate(kilograms: &str, due: &str) -> Value {
    json!({"id": Uuid::now_v7(), "kind": "estimate", "book": {"city": CITY, "version": 1, "hash": price_book::demo().hash},
        "items": [{"category": "paper/cardboard", "quantity": kilograms}],
        "lines": [{"category": "paper/cardboard", "quantity": kilograms, "unit_price": "1.1", "applied": [], "amount": due}],
        "total": due, "adjustments": [], "due": due, "created_at": "2026-11-23T02:00:00.000Z"})
}

/// A booking in the west depot's district.
fn booking(at: DateTime<Utc>) -> Value {
    json!({"appointment_id": Uuid::now_v7(), "order_id": Uuid::now_v7(), "contact": {"name": "王女士", "phone": "13800002046"},
        "address": {"division": "330106", "detail": "文三路 90 号 𠮷", "lng": "120.12", "lat": "30.27"}, "appointment_time": wire(at),
        "items": [{"category": "paper/cardboard", "quantity": "10"}], "note": "有电梯", "estimate": estimate("10", "11.00")})
}

fn with(at: DateTime<Utc>, path: &str, value: Value) -> Value {
    let mut args = booking(at);
    *args.pointer_mut(path).unwrap() = value;
    args
}

fn refusal(verdict: &Verdict) -> (Option<&str>, Option<&str>) {
    (verdict.code.as_deref(), verdict.field.as_deref())
}

async fn customer(ground: &Ground, openid: &str, phone: &str) -> UserId {
    let now = ground.app.now();
    let done: Result<UserId, Problem> = async {
        write_tx!(&ground.app.db, |tx| {
            let id = users::meet(tx, openid, None, now).await?;
            users::set_phone(tx, id, "86", phone, now).await?;
            Ok(id)
        })
    }
    .await;
    done.unwrap()
}

async fn visit(ground: &Ground, args: &Value) -> Visit {
    let order: OrderId = serde_json::from_value(args["order_id"].clone()).unwrap();
    ground.visit(order).await
}

/// A second version of the demo book, in force for so long by now.
async fn supersede(ground: &Ground, db: &Database, since: TimeDelta) {
    let mut rules = price_book::demo().rules;
    rules.pop();
    let from = price_book::EffectiveFrom::parse(&wire(ground.app.now())).unwrap();
    let next = PriceBook::publish(PriceBookId(Uuid::now_v7()), CITY, 2, from, rules).unwrap();
    let mut admin = ground.device(ground.admin).await;
    applied(&mut admin, "price_book.publish", &json!({"book": next})).await;
    age(db, since).await;
}

/// The second version has been in force for so much longer.
async fn age(db: &Database, by: TimeDelta) {
    let hours = by.num_hours();
    db.execute(&format!("UPDATE price_books SET effective_from = effective_from - INTERVAL {hours} HOUR, created_at = created_at - INTERVAL {hours} HOUR WHERE version = 2")).await;
}

async fn applied(phone: &mut Phone, name: &str, args: &Value) -> Verdict {
    let verdict = phone.push(name, args).await;
    assert_eq!(verdict.outcome, Outcome::Applied, "{name}: {verdict:?}");
    verdict
}

on_each_database! {
    async fn a_phone_booking_is_written_whole_or_not_at_all(db) {
        let ground = Ground::on(db).await;
        open_all_day(db, 2).await;
        let mut clerk = ground.device(ground.clerk).await;
        let at = ground.app.now() + TimeDelta::days(2);
        let args = booking(at);
        let verdict = applied(&mut clerk, "appointment.create", &args).await;
        assert_eq!((verdict.version, verdict.review), (Some(1), None));
        let made = visit(&ground, &args).await;
        let appointment = made.appointment.unwrap();
        assert_eq!((appointment.status.code(), appointment.user_id, appointment.station_id), (0, None, ground.west));
        assert_eq!((appointment.estimate.due.fen(), appointment.slot.start.as_str(), appointment.city.as_str()), (1100, "00:00", CITY));
        assert_eq!((appointment.contact.phone.as_str(), appointment.address.lng.as_deref()), ("13800002046", Some("120.12")));
        assert_eq!(made.order.appointment_id, Some(appointment.id));
        clerk.pull().await;
        assert!(clerk.holds(Kind::Appointment, appointment.id.0) && clerk.holds(Kind::Order, made.order.id.0));
        let taken = "SELECT CAST(COALESCE(SUM(taken), 0) AS SIGNED) FROM slots";
        assert_eq!(db.count(taken).await, 1);

        let mutation = clerk.mutation("appointment.create", &booking(at));
        let once = clerk.push_one(&mutation).await;
        assert_eq!(clerk.push_one(&mutation).await, once, "the same again gets its verdict");
        assert_eq!(db.count(taken).await, 2, "and takes no second place");
        let mut again = args.clone();
        again["order_id"] = json!(Uuid::now_v7());
        assert_eq!(refusal(&clerk.push("appointment.create", &again).await), (Some("id_taken"), Some("appointment_id")));
        let mut again = args.clone();
        again["appointment_id"] = json!(Uuid::now_v7());
        assert_eq!(refusal(&clerk.push("appointment.create", &again).await), (Some("id_taken"), Some("order_id")));

        let full = booking(at);
        assert_eq!(refusal(&clerk.push("appointment.create", &full).await), (Some("slot_full"), Some("appointment_time")));
        assert_eq!(db.count("SELECT COUNT(*) FROM appointments").await, 2, "nothing of it is left");
        assert_eq!(db.count(taken).await, 2);
        let next_day = with(at + TimeDelta::days(1), "/estimate", json!(null));
        applied(&mut clerk, "appointment.create", &next_day).await;
        let priced = visit(&ground, &next_day).await.appointment.unwrap().estimate;
        assert_eq!((priced.due.fen(), priced.book.version), (1100, 1), "without an estimate the server prices the goods");
    }

    async fn a_phone_booking_keeps_to_the_rules_of_any_other(db) {
        let ground = Ground::on(db).await;
        open_all_day(db, 100).await;
        db.execute("UPDATE slot_templates SET end = '12:00', start = '10:00' WHERE station_id IN (SELECT id FROM stations WHERE code = 'east')").await;
        let (mut clerk, mut admin, mut zhang) = (ground.device(ground.clerk).await, ground.device(ground.admin).await, ground.device(ground.zhang).await);
        let at = ground.app.now() + TimeDelta::days(2);
        let of_day = |time: &str| -> DateTime<Utc> { format!("{}T{time}Z", at.date_naive()).parse().unwrap() };
        let elsewhere = |at| with(at, "/address/division", json!("330105"));
        for (args, code, field) in [
            (with(at, "/contact/phone", json!("12345")), "mobile", "contact.phone"),
            (with(at, "/contact/name", json!(" ")), "required", "contact.name"),
            (with(at, "/address/detail", json!("短")), "too_short", "address.detail"),
            (with(at, "/address/division", json!("999999")), "unknown_division", "address.division"),
            (with(at, "/address/division", json!("110101")), "not_served", "address.division"),
            (with(at, "/address/lng", json!("181")), "type", "address.lng"),
            (with(at, "/note", json!("长".repeat(501))), "too_long", "note"),
            (booking(ground.app.now() + TimeDelta::minutes(59)), "too_soon", "appointment_time"),
            (booking(at + TimeDelta::days(31)), "too_late", "appointment_time"),
            (with(at, "/items", json!([])), "invalid", "estimate.items"),
            (with(at, "/estimate/kind", json!("final")), "invalid", "estimate.kind"),
            (with(at, "/estimate/due", json!("12.00")), "price_mismatch", "estimate"),
            (with(at, "/estimate/lines/0/amount", json!("9.00")), "price_mismatch", "estimate"),
            (with(at, "/estimate/book/version", json!(99)), "unknown_book", "estimate"),
            (with(at, "/estimate/book/hash", json!("00")), "unknown_book", "estimate"),
            (with(at, "/appointment_time", json!(7)), "undecodable", "appointment_time"),
            (with(at, "/items/0", json!({"quantity": "1"})), "undecodable", "items[0].category"),
        ] {
            assert_eq!(refusal(&admin.push("appointment.create", &args).await), (Some(code), Some(field)), "{args}");
        }
        let night = elsewhere(of_day("20:00:00"));
        assert_eq!(refusal(&admin.push("appointment.create", &night).await), (Some("outside_slots"), Some("appointment_time")));
        let mut unpriced = with(at, "/estimate", json!(null));
        unpriced["items"][0]["category"] = json!("paper/gold");
        assert_eq!(refusal(&admin.push("appointment.create", &unpriced).await), (Some("unknown_category"), Some("items[0].category")));
        assert_eq!(refusal(&zhang.push("appointment.create", &booking(at)).await), (Some("forbidden"), None), "no collector");
        let theirs = elsewhere(of_day("03:00:00"));
        assert_eq!(db.count("SELECT COUNT(*) FROM appointments").await, 0);
        applied(&mut clerk, "appointment.create", &theirs).await;
        let made = visit(&ground, &theirs).await;
        assert_eq!(made.order.station_id, ground.east, "the depot that serves the district, whoever answered the telephone");
        clerk.pull().await;
        assert!(!clerk.holds(Kind::Order, made.order.id.0), "it is that depot's");
        applied(&mut admin, "appointment.create", &booking(at)).await;
    }

    async fn the_customer_is_known_by_the_mobile_number_and_told(db) {
        let ground = Ground::on(db).await;
        open_all_day(db, 100).await;
        let wang = customer(&ground, "wang", "13800002046").await;
        customer(&ground, "li", "13800002047").await;
        let gone = customer(&ground, "gone", "13800002048").await;
        db.execute("UPDATE users SET deletion_requested_at = created_at WHERE phone = '13800002048'").await;
        let mut clerk = ground.device(ground.clerk).await;
        let at = ground.app.now() + TimeDelta::days(2);
        let args = booking(at);
        applied(&mut clerk, "appointment.create", &args).await;
        let made = visit(&ground, &args).await;
        assert_eq!((made.order.user_id, made.appointment.unwrap().user_id), (Some(wang), Some(wang)));
        let forgotten = with(at, "/contact/phone", json!("13800002048"));
        applied(&mut clerk, "appointment.create", &forgotten).await;
        assert_eq!(visit(&ground, &forgotten).await.order.user_id, None, "{gone} asked to be forgotten");
        let unknown = with(at, "/contact/phone", json!("13900000000"));
        applied(&mut clerk, "appointment.create", &unknown).await;
        for booked in [&args, &unknown] {
            let again = json!({"appointment_id": booked["appointment_id"], "quote": estimate("20", "22.00")});
            applied(&mut clerk, "appointment.estimate", &again).await;
        }
        let told = db.texts("SELECT CONCAT(code, ' ', COALESCE(params, '')) FROM messages ORDER BY id").await;
        assert_eq!(told.len(), 2, "one booking and one estimate, to the one who is known: {told:?}");
        assert!(told[0].starts_with("appointment_booked") && told[1].starts_with("new_estimate") && told[1].contains("22.00"), "{told:?}");
    }

    async fn what_hangs_on_a_refused_booking_is_refused_and_facts_are_disputed(db) {
        let ground = Ground::on(db).await;
        open_all_day(db, 1).await;
        let mut clerk = ground.device(ground.clerk).await;
        let at = ground.app.now() + TimeDelta::days(2);
        applied(&mut clerk, "appointment.create", &booking(at)).await;
        let args = booking(at);
        let of = json!({"appointment_id": args["appointment_id"]});
        let create = clerk.mutation("appointment.create", &args);
        assert_eq!(clerk.push_one(&create).await.code.as_deref(), Some("slot_full"));
        let mut assign = clerk.mutation("appointment.assign", &json!({"appointment_id": args["appointment_id"], "assignee": ground.zhang}));
        assign["after"] = json!([create["uid"]]);
        assert_eq!(clerk.push_one(&assign).await.code.as_deref(), Some("dependency_refused"));
        let mut start = clerk.mutation("appointment.start", &of);
        start["after"] = json!([create["uid"]]);
        let started = clerk.push_one(&start).await;
        assert_eq!((started.outcome, started.review), (Outcome::Applied, Some(ReviewCode::Disputed)), "a fact never is");
        assert_eq!(db.count("SELECT COUNT(*) FROM disputed_records").await, 1);
        let free = booking(at + TimeDelta::days(1));
        let create = clerk.mutation("appointment.create", &free);
        let confirm = clerk.mutation("appointment.confirm", &json!({"appointment_id": free["appointment_id"]}));
        let answer = clerk.push_all(&[create.to_string(), confirm.to_string()]).await.unwrap();
        assert!(answer.verdicts.iter().all(|v| v.outcome == Outcome::Applied), "in one push: {:?}", answer.verdicts);
        assert_eq!(visit(&ground, &free).await.appointment.unwrap().status.code(), 1);
    }

    async fn a_bookings_order_id_of_an_implausible_time_goes_to_the_month_of_arrival(db) {
        let ground = Ground::on(db).await;
        open_all_day(db, 10).await;
        let mut clerk = ground.device(ground.clerk).await;
        let mut args = booking(ground.app.now() + TimeDelta::days(2));
        args["order_id"] = json!(Uuid::nil());
        let verdict = applied(&mut clerk, "appointment.create", &args).await;
        assert_eq!(verdict.review, Some(ReviewCode::ImplausibleTime));
        let made = visit(&ground, &args).await;
        assert_eq!(made.order.reviews[0].code, ReviewCode::ImplausibleTime);
    }

    async fn an_estimate_is_given_by_those_who_serve_until_the_goods_are_weighed(db) {
        let ground = Ground::on(db).await;
        let (mut zhang, mut li, mut clerk) = (ground.device(ground.zhang).await, ground.device(ground.li).await, ground.device(ground.clerk).await);
        let mut admin = ground.device(ground.admin).await;
        for (state, before) in [(1, None), (4, Some("appointment.start"))] {
            for who in [&mut zhang, &mut clerk, &mut admin] {
                let booked = ground.booking(Some(ground.zhang)).await;
                let of = json!({"appointment_id": booked.appointment});
                if let Some(name) = before {
                    applied(who, name, &of).await;
                }
                let args = json!({"appointment_id": booked.appointment, "quote": estimate("20", "22.00")});
                if who.caller.staff == ground.zhang && before.is_some() {
                    // At the door it is a difference with a reason, and no other estimate.
                    assert_eq!(refusal(&who.push("appointment.estimate", &args).await), (Some("in_service"), None));
                    continue;
                }
                applied(who, "appointment.estimate", &args).await;
                let appointment = ground.visit(booked.order).await.appointment.unwrap();
                assert_eq!((appointment.status.code(), appointment.estimate.due.fen()), (state, 2200));
                assert_eq!(json!(appointment.items), args["quote"]["items"], "the goods that were spoken of");
                assert_eq!(applied(who, "appointment.estimate", &args).await.version, Some(appointment.version), "told again it changes nothing");
            }
        }
        let booked = ground.booking(Some(ground.zhang)).await;
        let args = json!({"appointment_id": booked.appointment, "quote": estimate("20", "22.00")});
        assert_eq!(refusal(&li.push("appointment.estimate", &args).await), (Some("forbidden"), None));
        let theirs = ground.booking_at(ground.east, None).await;
        let foreign = json!({"appointment_id": theirs.appointment, "quote": estimate("20", "22.00")});
        assert_eq!(refusal(&clerk.push("appointment.estimate", &foreign).await), (Some("forbidden"), None));
        let nobodys = json!({"appointment_id": Uuid::now_v7(), "quote": estimate("20", "22.00")});
        assert_eq!(refusal(&clerk.push("appointment.estimate", &nobodys).await), (Some("not_found"), None));
        applied(&mut zhang, "order.weigh", &weigh(booked.order)).await;
        assert_eq!(refusal(&clerk.push("appointment.estimate", &args).await), (Some("already_weighed"), None));
        applied(&mut zhang, "appointment.complete", &json!({"appointment_id": booked.appointment})).await;
        assert_eq!(refusal(&zhang.push("appointment.estimate", &args).await), (Some("already_completed"), None));
        let cancelled = ground.booking(Some(ground.zhang)).await;
        applied(&mut zhang, "appointment.cancel", &json!({"appointment_id": cancelled.appointment, "reason": "other"})).await;
        let args = json!({"appointment_id": cancelled.appointment, "quote": estimate("20", "22.00")});
        assert_eq!(refusal(&zhang.push("appointment.estimate", &args).await), (Some("already_cancelled"), None));
    }

    async fn an_estimate_conflicts_with_what_its_giver_did_not_see(db) {
        let ground = Ground::on(db).await;
        let (mut zhang, mut admin) = (ground.device(ground.zhang).await, ground.device(ground.admin).await);
        let booked = ground.booking(Some(ground.zhang)).await;
        let args = |kilograms, due| json!({"appointment_id": booked.appointment, "quote": estimate(kilograms, due)});
        applied(&mut admin, "appointment.estimate", &args("30", "33.00")).await;
        let verdict = zhang.push_seeing(1, "appointment.estimate", &args("20", "22.00")).await;
        assert_eq!(verdict.outcome, Outcome::Conflict);
        assert_eq!(verdict.current.unwrap()["estimate"]["due"], "33.00", "shown to who sees the visit");
        assert_eq!(zhang.push_seeing(2, "appointment.estimate", &args("20", "22.00")).await.outcome, Outcome::Applied);
        assert_eq!(zhang.push_seeing(2, "appointment.estimate", &args("10", "11.00")).await.outcome, Outcome::Applied, "one's own writes never conflict");
    }

    async fn an_estimate_nobody_has_accepted_is_refused_for_its_price(db) {
        let ground = Ground::on(db).await;
        let mut zhang = ground.device(ground.zhang).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let given = |path: &str, value: Value| {
            let mut args = json!({"appointment_id": booked.appointment, "quote": estimate("20", "22.00")});
            *args["quote"].pointer_mut(path).unwrap() = value;
            args
        };
        let good = || given("/total", json!("22.00"));
        for (args, code, field) in [
            (given("/due", json!("30.00")), "price_mismatch", None),
            (given("/lines/0/unit_price", json!("1.2")), "price_mismatch", None),
            (given("/lines", json!([])), "price_mismatch", None),
            (given("/book/version", json!(7)), "unknown_book", None),
            (given("/book/hash", json!("beef")), "unknown_book", None),
            (given("/book/city", json!("110100")), "unknown_book", None),
            (given("/kind", json!("final")), "invalid", Some("quote.kind")),
            (given("/items", json!([])), "required", Some("quote.items")),
            (given("/items/0", json!({"category": "metal/iron", "note": "好".repeat(201)})), "too_long", Some("quote.items[0].note")),
            (given("/kind", json!("guess")), "undecodable", Some("quote.kind")),
        ] {
            assert_eq!(refusal(&zhang.push("appointment.estimate", &args).await), (Some(code), field), "{args}");
        }
        supersede(&ground, db, TimeDelta::hours(23)).await;
        applied(&mut zhang, "appointment.estimate", &good()).await;
        age(db, TimeDelta::hours(2)).await;
        assert_eq!(refusal(&zhang.push("appointment.estimate", &good()).await), (Some("price_stale"), None), "beyond its grace");
        let mut mutation = zhang.mutation("appointment.estimate", &good());
        mutation["client_time"] = json!(wire(ground.app.now() - TimeDelta::hours(10)));
        assert_eq!(zhang.push_one(&mutation).await.code.as_deref(), Some("price_stale"), "an intent counts when it arrives");
        open_all_day(db, 10).await;
        let mut clerk = ground.device(ground.clerk).await;
        let booking = booking(ground.app.now() + TimeDelta::days(2));
        assert_eq!(refusal(&clerk.push("appointment.create", &booking).await), (Some("price_stale"), Some("estimate")));
    }
}
