//! Booked by a customer, weighed and paid offline, settled in MySQL to the fen.

use blackbox::customer::{id, key, number, text};
use blackbox::goods::{answered, at, booking, estimated, fen, weighed};
use blackbox::paths::free_port;
use blackbox::{Customer, Device, Engine, Town};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn booked_weighed_offline_paid_and_settled_to_the_fen_on_mariadb() {
    story(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn booked_weighed_offline_paid_and_settled_to_the_fen_on_mysql56() {
    story(Engine::Mysql56).await;
}

async fn story(engine: Engine) {
    let town = Town::start(engine).await;
    let before = Books::read(&town).await;
    let wang = Customer::login(&town.world, "wang").await;
    wang.give_phone("13800002046").await.expect(200);
    let visit = books(&town, &wang).await;
    let other = wang.book(&at(1, 14)).await;

    let admin = town.device("admin").await;
    let mut zhang = town.device("zhang").await;
    assigned(&town, &admin, &zhang, &visit, &other).await;

    let online = town.world.server.url().to_owned();
    zhang.set_server(&format!("http://127.0.0.1:{}", free_port()));
    let due = offline_visit(&zhang, &visit).await;
    let (station, ticket) = at_the_counter(&town).await;
    let cancelled = wang
        .try_cancel(id(&other), latest(&wang, &other).await)
        .await;
    assert_eq!(number(cancelled.expect(200), "status"), 3);
    assert_eq!(
        number(
            &zhang.appointment(id(&other)).await.expect("held"),
            "status"
        ),
        0,
        "offline nobody has told them"
    );

    zhang.set_server(&online);
    let _ = zhang.sync().await;
    let _ = station.sync().await;
    assert_eq!(zhang.waiting().await, 0, "everything has a verdict");
    assert_eq!(
        number(
            &zhang.appointment(id(&other)).await.expect("still assigned"),
            "status"
        ),
        3,
        "cancelled shows on the device"
    );
    customer_sees(&town, &wang, &visit, &due).await;
    settled(&town, &before, &[&visit, &other], &ticket, &due).await;
    for device in [&zhang, &station, &admin] {
        let _ = device.sync().await;
        device.agrees().await;
    }
}

/// What is in the books before the story begins: the demo city's day.
struct Books {
    orders: Vec<String>,
    appointments: Vec<String>,
    paid: i64,
}

impl Books {
    async fn read(town: &Town) -> Self {
        let ledger = town.ledger();
        Self {
            orders: ledger.order_ids().await,
            appointments: ledger.appointment_ids().await,
            paid: ledger.paid().await,
        }
    }
}

async fn books(town: &Town, wang: &Customer) -> Value {
    let estimate = town
        .api()
        .post(
            "/api/v1/quotes",
            &json!({"city": "330100", "items": estimated()}),
        )
        .await;
    let estimate = estimate.expect(200).clone();
    let priced = town.price(&estimated()).await;
    assert_eq!(
        estimate["total"], priced["total"],
        "the API and the price command agree"
    );
    assert_eq!(estimate["lines"], priced["lines"]);

    let (key, body) = (key(), booking(&at(1, 10)));
    let answer = wang
        .api
        .post_once("/api/v1/appointments", &key, &body)
        .await;
    let visit = answer.expect(201).clone();
    let again = wang
        .api
        .post_once("/api/v1/appointments", &key, &body)
        .await;
    assert_eq!(
        again.expect(201),
        &visit,
        "the same key is the same booking"
    );
    let other = booking(&at(1, 12));
    let mismatch = wang
        .api
        .post_once("/api/v1/appointments", &key, &other)
        .await;
    assert_eq!(mismatch.expect_problem(422), "idempotency_mismatch");
    let without = wang.api.post("/api/v1/appointments", &body).await;
    assert_eq!(without.expect_problem(428), "idempotency_key_required");

    assert_eq!(number(&visit, "status"), 0);
    assert_eq!(visit["amount"], priced["total"]);
    assert_eq!(visit["estimate"]["lines"], priced["lines"]);
    assert_eq!(visit["appointment_time"], json!(answered(&at(1, 10))));
    assert_eq!(visit["contact"]["phone"], "13800002046");
    assert_eq!(visit["final"], Value::Null);
    visit
}

async fn assigned(town: &Town, admin: &Device, zhang: &Device, visit: &Value, other: &Value) {
    let _ = admin.sync().await;
    let staff = town.staff("zhang").await;
    for visit in [visit, other] {
        assert!(
            zhang.appointment(id(visit)).await.is_none(),
            "not theirs yet"
        );
        let assign = json!({"appointment_id": id(visit), "assignee": staff});
        let _ = admin.exec("appointment.assign", &assign).await;
    }
    let _ = admin.sync().await;
    let _ = zhang.sync().await;
    for visit in [visit, other] {
        let held = zhang
            .appointment(id(visit))
            .await
            .expect("assigned by sync");
        assert_eq!(held["assignee"], json!(staff));
        assert_eq!(held["address"], visit["address"]);
        assert_eq!(held["contact"], visit["contact"]);
        assert_eq!(held["estimate"]["total"], visit["estimate"]["total"]);
    }
}

async fn offline_visit(zhang: &Device, visit: &Value) -> Value {
    let failed = zhang.run(&["sync"]).await;
    assert!(
        !failed.status.success(),
        "nobody answers: {}",
        failed.stdout
    );
    let due = zhang.serve(visit).await;
    assert_eq!(
        zhang.waiting().await,
        5,
        "start, weigh, accept, pay, complete"
    );
    let failed = zhang.run(&["sync"]).await;
    assert!(!failed.status.success(), "still nobody answers");
    assert_eq!(zhang.waiting().await, 5, "a failed sync loses nothing");
    let mine = zhang.appointment(id(visit)).await.expect("held");
    assert_eq!(number(&mine, "status"), 2, "a device reads its own writes");
    let order = zhang.order(text(visit, "order_id")).await.expect("held");
    assert_eq!(number(&order, "status"), 1);
    due
}

async fn at_the_counter(town: &Town) -> (Device, Value) {
    let station = town.device("station1").await;
    let items = json!([{"category": "metal/copper", "weighing": {"gross": "3.250", "tare": "0.250"}, "attributes": {"grade": "bright"}}]);
    let made = station
        .exec(
            "ticket.create",
            &json!({"items": items, "seller": {"name": "钱先生", "phone": "13911112222"}}),
        )
        .await;
    let order = text(&made, "order_id").to_owned();
    let ticket = station.order(&order).await.expect("one's own ticket");
    let priced = town.price(&items).await;
    assert_eq!(ticket["due"], priced["total"]);
    let _ = station
        .exec(
            "order.pay",
            &json!({"order_id": order, "method": "cash", "amount": ticket["due"]}),
        )
        .await;
    let paid = station.order(&order).await.expect("one's own ticket");
    assert_eq!(
        number(&paid, "status"),
        2,
        "a paid ticket is completed at once"
    );
    (station, paid)
}

async fn latest(wang: &Customer, visit: &Value) -> i64 {
    number(&wang.appointment(id(visit)).await, "version")
}

async fn customer_sees(town: &Town, wang: &Customer, visit: &Value, due: &Value) {
    let priced = town.price(&weighed()).await;
    assert_eq!(
        due, &priced["total"],
        "the device and the price command agree to the fen"
    );
    let seen = wang.appointment(id(visit)).await;
    assert_eq!(number(&seen, "status"), 2);
    assert_eq!(&seen["amount"], due, "the final amount");
    assert_eq!(&seen["final"]["due"], due);
    assert_eq!(seen["final"]["lines"], priced["lines"]);
    let order = wang.order(text(visit, "order_id")).await;
    assert_eq!(number(&order, "status"), 1);
    assert_eq!(&order["due"], due);
    assert_eq!(order["payments"].as_array().unwrap().len(), 1);
    assert_eq!(&order["payments"][0]["amount"], due);
    assert_eq!(order["accepted_by"], "signature");

    let stranger = Customer::login(&town.world, "stranger").await;
    for path in [
        format!("/api/v1/appointments/{}", id(visit)),
        format!("/api/v1/orders/{}", text(visit, "order_id")),
    ] {
        assert_eq!(
            stranger.api.get(&path).await.expect_problem(404),
            "not_found",
            "other people's ids do not exist"
        );
    }
    assert_eq!(
        stranger.try_cancel(id(visit), 1).await.expect_problem(404),
        "not_found"
    );
}

async fn settled(town: &Town, before: &Books, visits: &[&Value; 2], ticket: &Value, due: &Value) {
    let (ledger, after) = (town.ledger(), Books::read(town).await);
    let [visit, other] = visits;
    let expected = |old: &[String], new: &[&str]| {
        let mut all: Vec<String> = old
            .iter()
            .cloned()
            .chain(new.iter().map(|id| (*id).to_owned()))
            .collect();
        all.sort();
        all
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let orders = [text(visit, "order_id"), text(other, "order_id"), id(ticket)];
    assert_eq!(
        sorted(after.appointments),
        expected(&before.appointments, &[id(visit), id(other)]),
        "exactly those appointments"
    );
    assert_eq!(
        sorted(after.orders),
        expected(&before.orders, &orders),
        "exactly those orders"
    );
    assert_eq!(
        after.paid - before.paid,
        fen(due) + fen(&ticket["due"]),
        "exactly that money"
    );

    assert_eq!(ledger.appointment_status(id(visit)).await, 2);
    assert_eq!(ledger.appointment_status(id(other)).await, 3);
    let (paid, cancelled, sold) = (
        ledger.order(orders[0]).await,
        ledger.order(orders[1]).await,
        ledger.order(orders[2]).await,
    );
    assert_eq!((paid.status, paid.due), (1, fen(due)));
    assert_eq!((cancelled.status, cancelled.due), (3, 0));
    assert_eq!(
        (sold.status, sold.due, sold.appointment_id),
        (2, fen(&ticket["due"]), None)
    );
    assert_eq!(
        ledger.lines(orders[0]).await,
        as_rows(&town.price(&weighed()).await)
    );
    assert_eq!(ledger.lines(orders[1]).await, [""; 0]);
    let payments = ledger.payments(orders[0]).await;
    assert_eq!(payments.len(), 1);
    assert!(
        payments[0].ends_with(&format!("|cash|{}", fen(due))),
        "{payments:?}"
    );
    assert_eq!(
        ledger.reviews(id(visit)).await,
        [""; 0],
        "nothing to review in a plain visit"
    );
    assert_eq!(ledger.reviews(orders[0]).await, [""; 0]);
    assert_eq!(ledger.audit().await, [""; 0]);
}

/// The price command's lines in the form of `Ledger::lines`.
fn as_rows(priced: &Value) -> Vec<String> {
    let lines = priced["lines"].as_array().expect("lines");
    let row = |line: &Value| {
        format!(
            "{}|{}|{}|{}",
            text(line, "category"),
            text(line, "quantity"),
            text(line, "unit_price"),
            fen(&line["amount"])
        )
    };
    lines.iter().map(row).collect()
}
