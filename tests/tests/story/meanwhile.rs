//! What happens on the server while a device is away: every row of the conflict table. Facts are never lost; what is
//! odd about them becomes a review.

use blackbox::customer::{id, number, text};
use blackbox::goods::{CITY, at, fen, iron, reasons, weighed};
use blackbox::paths::free_port;
use blackbox::wrong_clock::WrongClock;
use blackbox::{Customer, Desk, Device, Dispatch, Engine, Town};
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// The people of these tests: one customer, an administrator, two collectors.
struct Street {
    town: Town,
    wang: Customer,
    dispatch: Dispatch,
    zhang: Device,
    li: Device,
    zhang_id: String,
    li_id: String,
    online: String,
}

impl Street {
    async fn open(engine: Engine) -> Self {
        let town = Town::start(engine).await;
        let (wang, dispatch) = (
            Customer::login(&town.world, "wang").await,
            Dispatch::open(&town).await,
        );
        let (zhang, li) = (town.device("zhang").await, town.device("li").await);
        let (zhang_id, li_id) = (town.staff("zhang").await, town.staff("li").await);
        let online = town.world.server.url().to_owned();
        Self {
            town,
            wang,
            dispatch,
            zhang,
            li,
            zhang_id,
            li_id,
            online,
        }
    }

    /// Books and gives to Zhang, whose device has it and then goes offline.
    async fn with_zhang(&mut self, when: &str) -> Value {
        let zhang = self.zhang_id.clone();
        self.zhang.set_server(&self.online);
        let visit = self
            .town
            .booked_for(&self.wang, &mut self.dispatch, when, &zhang)
            .await;
        let _ = self.zhang.sync().await;
        assert!(
            self.zhang.appointment(id(&visit)).await.is_some(),
            "assigned"
        );
        self.zhang
            .set_server(&format!("http://127.0.0.1:{}", free_port()));
        visit
    }

    async fn zhang_returns(&mut self) {
        self.zhang.set_server(&self.online);
        let _ = self.zhang.sync().await;
        assert_eq!(self.zhang.waiting().await, 0, "everything has a verdict");
        self.zhang.agrees().await;
    }

    async fn version(&self, visit: &Value) -> i64 {
        number(&self.wang.appointment(id(visit)).await, "version")
    }

    async fn finish(self) {
        for device in [&self.zhang, &self.li] {
            let _ = device.sync().await;
            device.agrees().await;
        }
        assert_eq!(self.town.ledger().audit().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_to_another_collector_is_a_drop_here_and_a_put_there() {
    for engine in Engine::ALL {
        let mut street = Street::open(engine).await;
        let visit = street.with_zhang(&at(1, 10)).await;
        let li = street.li_id.clone();
        street.dispatch.assign(id(&visit), Some(&li)).await;
        street.zhang_returns().await;
        let _ = street.li.sync().await;
        assert!(
            street.zhang.appointment(id(&visit)).await.is_none(),
            "gone from Zhang's device"
        );
        assert!(
            street.zhang.order(text(&visit, "order_id")).await.is_none(),
            "with its order"
        );
        let held = street
            .li
            .appointment(id(&visit))
            .await
            .expect("on Li's device");
        assert_eq!(held["assignee"], json!(li));
        street.dispatch.assign(id(&visit), None).await;
        let _ = street.li.sync().await;
        assert!(
            street.li.appointment(id(&visit)).await.is_none(),
            "taken from everybody"
        );
        street.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_a_collector_it_was_taken_from_are_applied_and_reviewed() {
    let mut street = Street::open(Engine::MariaDb).await;
    let visit = street.with_zhang(&at(1, 10)).await;
    let li = street.li_id.clone();
    street.dispatch.assign(id(&visit), Some(&li)).await;
    let due = street.zhang.serve(&visit).await;
    street.zhang_returns().await;
    let _ = street.li.sync().await;
    let order = text(&visit, "order_id");
    let ledger = street.town.ledger();
    assert_eq!(ledger.order(order).await.status, 1, "paid is paid");
    assert_eq!(ledger.appointment_status(id(&visit)).await, 2);
    assert_eq!(ledger.reviews(id(&visit)).await, ["reassigned_meanwhile"]);
    let theirs = street
        .li
        .order(order)
        .await
        .expect("the new collector is told");
    assert_eq!(theirs["due"], due);
    assert_eq!(
        number(
            &street.li.appointment(id(&visit)).await.expect("told"),
            "status"
        ),
        2
    );
    assert!(
        street.zhang.order(order).await.is_some(),
        "who has facts in it keeps it"
    );
    street.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moved_by_the_customer_meanwhile_is_applied_reviewed_and_told() {
    let mut street = Street::open(Engine::MariaDb).await;
    let visit = street.with_zhang(&at(1, 10)).await;
    let moved = street
        .wang
        .try_reschedule(id(&visit), &at(3, 14), street.version(&visit).await)
        .await;
    assert_eq!(moved.expect(200)["slot"]["start"], "14:00");
    let _ = street.zhang.serve(&visit).await;
    street.zhang_returns().await;
    let ledger = street.town.ledger();
    assert_eq!(ledger.appointment_status(id(&visit)).await, 2);
    assert_eq!(ledger.reviews(id(&visit)).await, ["rescheduled_meanwhile"]);
    let messages = street.wang.api.get("/api/v1/messages").await;
    let told = messages.expect(200)["items"]
        .as_array()
        .expect("messages")
        .iter()
        .any(|m| m["appointment_id"] == visit["id"]);
    assert!(told, "the customer is told: {}", messages.text);
    street.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_meanwhile_but_served_is_applied_and_reviewed() {
    let mut street = Street::open(Engine::MariaDb).await;
    let visit = street.with_zhang(&at(1, 10)).await;
    street
        .wang
        .try_cancel(id(&visit), street.version(&visit).await)
        .await
        .expect(200);
    let due = street.zhang.serve(&visit).await;
    street.zhang_returns().await;
    let (ledger, order) = (street.town.ledger(), text(&visit, "order_id"));
    assert_eq!(ledger.appointment_status(id(&visit)).await, 2);
    assert_eq!(
        (
            ledger.order(order).await.status,
            ledger.order(order).await.due
        ),
        (1, fen(&due)),
        "the money is in the books"
    );
    assert!(
        ledger
            .reviews(id(&visit))
            .await
            .contains(&"cancelled_meanwhile".to_owned())
    );
    street.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_collectors_weighed_the_accepted_quote_counts_and_else_the_later() {
    let mut street = Street::open(Engine::MariaDb).await;
    for accepted in [true, false] {
        let visit = street
            .with_zhang(&at(2, if accepted { 10 } else { 12 }))
            .await;
        let (order, li) = (text(&visit, "order_id").to_owned(), street.li_id.clone());
        let weigh = json!({"order_id": order, "items": weighed(), "gap_reasons": reasons()});
        let first = street.zhang.exec("order.weigh", &weigh).await;
        if accepted {
            let accept = json!({"order_id": order, "quote_id": first["quote_id"], "by": "signature", "blob": "a".repeat(64)});
            let _ = street.zhang.exec("order.accept", &accept).await;
        }
        street.dispatch.assign(id(&visit), Some(&li)).await;
        let _ = street.li.sync().await;
        let weigh = json!({"order_id": order, "items": iron("7"), "gap_reasons": [{"line": 0, "code": "weight"}]});
        let second = street.li.exec("order.weigh", &weigh).await;
        street.zhang_returns().await;
        let _ = street.li.sync().await;
        let ledger = street.town.ledger();
        assert_eq!(ledger.quotes(&order).await, 2, "both quotes are kept");
        assert!(
            ledger
                .reviews(&order)
                .await
                .contains(&"weighed_twice".to_owned())
        );
        let counts = if accepted { &first } else { &second };
        let seen = street.wang.appointment(id(&visit)).await;
        assert_eq!(
            seen["final"]["id"], counts["quote_id"],
            "accepted: {accepted}"
        );
    }
    street.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_customer_accepts_in_the_mini_program() {
    let mut street = Street::open(Engine::MariaDb).await;
    let visit = street.with_zhang(&at(1, 10)).await;
    let order = text(&visit, "order_id").to_owned();
    assert_eq!(
        street
            .wang
            .try_accept(id(&visit), &Uuid::now_v7().to_string())
            .await
            .expect_problem(409),
        "not_weighed"
    );
    let weigh = json!({"order_id": order, "items": weighed(), "gap_reasons": reasons()});
    let made = street.zhang.exec("order.weigh", &weigh).await;
    street.zhang_returns().await;
    let stranger = Customer::login(&street.town.world, "stranger").await;
    assert_eq!(
        stranger
            .try_accept(id(&visit), text(&made, "quote_id"))
            .await
            .expect_problem(404),
        "not_found"
    );
    street
        .wang
        .try_accept(id(&visit), text(&made, "quote_id"))
        .await
        .expect(200);
    let _ = street.zhang.sync().await;
    let held = street.zhang.order(&order).await.expect("held");
    assert_eq!(
        held["acceptances"][0]["by"], "mini_program",
        "the collector sees the yes"
    );
    assert_eq!(
        street.wang.order(&order).await["accepted_by"],
        "mini_program"
    );
    let _ = street
        .zhang
        .exec(
            "order.pay",
            &json!({"order_id": order, "method": "cash", "amount": held["due"]}),
        )
        .await;
    let _ = street
        .zhang
        .exec(
            "appointment.complete",
            &json!({"appointment_id": visit["id"]}),
        )
        .await;
    let _ = street.zhang.sync().await;
    assert_eq!(street.town.ledger().order(&order).await.status, 1);
    let review = street
        .wang
        .api
        .post_once(
            &format!("/api/v1/appointments/{}/review", id(&visit)),
            &blackbox::customer::key(),
            &json!({"stars": 5, "text": "准时，价格公道 👍"}),
        )
        .await;
    assert!(review.status < 300, "{}", review.text);
    street.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_about_nothing_known_or_malformed_is_kept_for_the_administrators() {
    for engine in Engine::ALL {
        let town = Town::start(engine).await;
        let (zhang, admin) = (town.desk("zhang").await, town.desk("admin").await);
        let nobodys = json!({"order_id": Uuid::now_v7(), "payment_id": Uuid::now_v7(), "method": "cash", "amount": "12.30"});
        let malformed =
            json!({"order_id": Uuid::now_v7(), "method": "gold", "amount": "-12.30", "note": "𠮷"});
        let before = town.ledger().paid().await;
        for (n, args) in [(1, &nobodys), (2, &malformed)] {
            let verdict = zhang
                .push(&[zhang.mutation(n, "order.pay@1", args)])
                .await
                .remove(0);
            assert_eq!(
                verdict["outcome"], "applied",
                "a fact is never refused: {verdict}"
            );
            assert_eq!(verdict["review"], "disputed", "{verdict}");
        }
        let listed = admin
            .api()
            .get("/admin/v1/disputed")
            .await
            .expect(200)
            .clone();
        let records = listed["items"].as_array().expect("a list");
        assert_eq!(records.len(), 2, "{listed}");
        let raw = "SELECT CONVERT(raw USING utf8mb4) FROM disputed_records ORDER BY mutation_id";
        let kept = town.world.database.texts(raw).await;
        for (kept, args) in kept.iter().zip([&nobodys, &malformed]) {
            let kept: Value = serde_json::from_str(kept).expect("as it was pushed");
            assert_eq!(&kept["args"], args, "to the letter");
        }
        assert_eq!(
            town.ledger().paid().await,
            before,
            "no money is booked on nothing"
        );
        let first = format!("/admin/v1/disputed/{}/resolve", id(&records[0]));
        let resolved = admin
            .api()
            .post(&first, &json!({"resolution": "已核对 <b>𠮷</b>"}))
            .await;
        assert!(resolved.status < 300, "{}", resolved.text);
        let open = admin
            .api()
            .get("/admin/v1/disputed")
            .await
            .expect(200)
            .clone();
        assert_eq!(open["items"].as_array().expect("a list").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_amount_the_server_cannot_explain_is_applied_as_stated_and_reviewed() {
    let town = Town::start(Engine::MariaDb).await;
    let desk = town.desk("station1").await;
    let book = town.price_book().await;
    let honest = ticket(&town, &desk, &book, "12.30", Uuid::now_v7()).await;
    let verdict = desk
        .push(&[desk.mutation(1, "ticket.create@1", &honest)])
        .await
        .remove(0);
    assert_eq!(verdict["outcome"], "applied");
    let order = text(&honest, "order_id");
    assert_eq!(town.ledger().order(order).await.due, 1230, "as stated");
    assert_eq!(town.ledger().reviews(order).await, ["price_mismatch"]);
    assert_eq!(verdict["review"], "price_mismatch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_with_an_implausible_time_is_stored_in_the_month_of_arrival_and_found_again() {
    for engine in Engine::ALL {
        let town = Town::start(engine).await;
        let desk = town.desk("station1").await;
        let book = town.price_book().await;
        let this_month = format!("orders_{}", Utc::now().format("%Y%m"));
        let mut mutations = 0;
        for years in [-25_i64, 40] {
            let when = Utc::now() + TimeDelta::days(365 * years);
            let order = v7(when.timestamp_millis());
            let args = ticket(&town, &desk, &book, "18.00", order).await;
            let pay = json!({"order_id": order, "payment_id": Uuid::now_v7(), "method": "cash", "amount": "18.00"});
            for (name, args) in [("ticket.create@1", &args), ("order.pay@1", &pay)] {
                mutations += 1;
                let verdict = desk
                    .push(&[desk.mutation(mutations, name, args)])
                    .await
                    .remove(0);
                assert_eq!(verdict["outcome"], "applied", "{verdict}");
            }
            let row = town.ledger().order(&order.to_string()).await;
            assert!(
                row.table >= this_month,
                "{} at the end of a month at most one later than {this_month}",
                row.table
            );
            assert_eq!(row.status, 2, "paid through the route");
            let routes = format!(
                "SELECT COUNT(*) FROM order_routes WHERE id = UNHEX('{}')",
                order.simple()
            );
            assert_eq!(town.world.database.count(&routes).await, 1);
            let device = town.device("station1").await;
            assert!(
                device.order(&order.to_string()).await.is_some(),
                "devices find it"
            );
        }
        assert_eq!(town.ledger().audit().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superseded_price_book_is_good_within_its_grace_and_beyond_it_reviewed_or_refused() {
    for engine in Engine::ALL {
        let mut street = Street::open(engine).await;
        let old = street.town.price_book().await;
        let beyond = with_li(&mut street, &at(1, 12)).await;
        let estimated = with_li(&mut street, &at(1, 14)).await;
        let within = street.with_zhang(&at(1, 10)).await;
        let again = estimate_again(&street.zhang, &within).await;
        let _ = street.zhang.serve(&within).await;
        publish(&street.town, &mut street.dispatch, &old, Utc::now()).await;
        street.zhang_returns().await;
        let ledger = street.town.ledger();
        assert_eq!(
            ledger.reviews(text(&within, "order_id")).await,
            [""; 0],
            "within the grace period a weighing is applied"
        );
        let seen = street.wang.appointment(id(&within)).await;
        assert_eq!(
            seen["estimate"]["id"], again["quote_id"],
            "and so is an estimate"
        );
        assert_eq!(seen["estimate"]["book"]["version"], old["version"]);
        told_of_estimate(&street.wang, &within).await;
        let books = street.zhang.list("price_book").await;
        assert_eq!(books.as_array().expect("books").len(), 2, "{books}");

        let supersede = "UPDATE price_books SET effective_from = effective_from - INTERVAL 3 DAY, created_at = created_at - INTERVAL 3 DAY WHERE version > 1";
        street.town.world.database.execute(supersede).await;
        let weigh =
            json!({"order_id": beyond["order_id"], "items": iron("3"), "gap_reasons": reasons()});
        let _ = street.li.exec("order.weigh", &weigh).await;
        let late = estimate_again(&street.li, &estimated).await;
        street.li.set_server(&street.online);
        let _ = street.li.sync().await;
        street.li.agrees().await;
        let ledger = street.town.ledger();
        let reviews = ledger.reviews(text(&beyond, "order_id")).await;
        assert!(
            reviews.contains(&"price_stale".to_owned()),
            "a fact is applied and reviewed: {reviews:?}"
        );
        assert_eq!(ledger.quotes(text(&beyond, "order_id")).await, 1);
        let journal = street.li.call(&["journal"]).await;
        let verdicts = journal.as_array().expect("verdicts");
        let verdict = verdicts.iter().find(|v| v["uid"] == late["uid"]);
        let verdict = verdict.expect("a verdict on the estimate");
        assert_eq!(
            (&verdict["outcome"], &verdict["code"]),
            (&json!("rejected"), &json!("price_stale")),
            "an estimate that nobody has accepted is refused"
        );
        for seen in [
            street.wang.appointment(id(&estimated)).await,
            street.li.appointment(id(&estimated)).await.expect("held"),
        ] {
            assert_eq!(
                seen["estimate"]["id"], estimated["estimate"]["id"],
                "the one before stands"
            );
        }
        street.finish().await;
    }
}

/// Books and gives to Li, whose device has it and then goes offline.
async fn with_li(street: &mut Street, when: &str) -> Value {
    let li = street.li_id.clone();
    street.li.set_server(&street.online);
    let visit = street
        .town
        .booked_for(&street.wang, &mut street.dispatch, when, &li)
        .await;
    let _ = street.li.sync().await;
    let nobody = format!("http://127.0.0.1:{}", free_port());
    street.li.set_server(&nobody);
    visit
}

/// The same goods and some iron more, as the device prices them.
async fn estimate_again(device: &Device, visit: &Value) -> Value {
    let mut items = visit["items"].clone();
    items[1]["quantity"] = json!("44");
    let args = json!({"appointment_id": visit["id"], "items": items});
    device.exec("appointment.estimate", &args).await
}

async fn told_of_estimate(customer: &Customer, visit: &Value) {
    let messages = customer.api.get("/api/v1/messages").await;
    let told = messages.expect(200)["items"]
        .as_array()
        .expect("messages")
        .iter()
        .any(|m| m["appointment_id"] == visit["id"] && m["code"] == "new_estimate");
    assert!(told, "the customer is told: {}", messages.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_whose_clock_is_wrong_by_days_works_and_its_facts_get_the_true_time() {
    let clock = WrongClock::build();
    let mut street = Street::open(Engine::MariaDb).await;
    for (hour, days) in [(10, 9), (12, -400), (14, 0)] {
        clock.set(&mut street.zhang, days * 86_400 + 1234);
        let visit = street.with_zhang(&at(1, hour)).await;
        let due = street.zhang.serve(&visit).await;
        street.zhang_returns().await;
        let order = text(&visit, "order_id");
        let row = street.town.ledger().order(order).await;
        assert_eq!(
            (row.status, row.due),
            (1, fen(&due)),
            "a clock {days} days off"
        );
        assert_eq!(street.town.ledger().reviews(order).await, [""; 0]);
        let paid = &street.wang.order(order).await["payments"][0];
        let at: chrono::DateTime<Utc> = text(paid, "at").parse().expect("an instant");
        let off = (Utc::now() - at).num_seconds();
        assert!(
            (-5..600).contains(&off),
            "a clock {days} days off: paid {off} s ago"
        );
        let made = street
            .zhang
            .exec("ticket.create", &json!({"items": iron("3")}))
            .await;
        let _ = street.zhang.sync().await;
        let ticket = street.town.ledger().order(text(&made, "order_id")).await;
        let month = format!("orders_{}", Utc::now().format("%Y%m"));
        assert!(
            ticket.table >= month,
            "{} is this month's table",
            ticket.table
        );
    }
    street.finish().await;
}

/// Ten kilograms of iron, stated at this amount.
async fn ticket(town: &Town, desk: &Desk, book: &Value, amount: &str, order: Uuid) -> Value {
    let items = iron("10");
    let priced = town.price(&items).await;
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let quote = json!({
        "id": Uuid::now_v7(), "kind": "final",
        "book": {"city": CITY, "version": book["version"], "hash": book["hash"]},
        "items": items, "lines": priced["lines"], "total": amount, "adjustments": [], "due": amount, "created_at": now,
    });
    json!({"order_id": order, "station_id": desk.session["staff"]["station_id"], "quote": quote})
}

/// The next version of a book, iron a little dearer.
async fn publish(_town: &Town, dispatch: &mut Dispatch, old: &Value, from: chrono::DateTime<Utc>) {
    let mut rules = old["rules"].clone();
    for rule in rules.as_array_mut().expect("rules") {
        if rule["category"] == "metal/iron" {
            rule["base_price"] = json!("1.90");
        }
    }
    let body = json!({
        "city": CITY, "version": number(old, "version") + 1,
        "effective_from": from.to_rfc3339_opts(SecondsFormat::Millis, true), "rules": rules,
    });
    let answer = dispatch
        .desk
        .api()
        .post("/admin/v1/price-books", &body)
        .await;
    assert!(answer.status < 300, "{}", answer.text);
}

/// A UUIDv7 of an instant.
fn v7(millis: i64) -> Uuid {
    let mut bytes = *Uuid::now_v7().as_bytes();
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    Uuid::from_bytes(bytes)
}
