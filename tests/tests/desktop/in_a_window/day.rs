//! A collector's day with a real server: registered, offline, weighed, paid, back online; figures on the screen, in
//! MySQL and at the customer.

use blackbox::customer::{id, number, text};
use blackbox::goods::at;
use blackbox::window::{App, Key, Start, Weighed};
use blackbox::{Customer, Dispatch, Engine, Town};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{CARDBOARD, IRON, registered};

/// The fridge of the booking, found incomplete: ¥60 instead of ¥120.
const FRIDGE: Weighed = Weighed {
    gross: "1",
    tare: "",
    moisture: "",
    reason: "missing_part",
    answers: &[("complete", "false")],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn booked_weighed_offline_signed_paid_and_settled_in_mysql() {
    let town = Town::start(Engine::MariaDb).await;
    let (wang, mut dispatch, zhang) = people(&town).await;
    let visit = book(&wang, &at(1, 10), "顾女士").await;
    let other = book(&wang, &at(2, 10), "沈先生").await;
    for booked in [&visit, &other] {
        dispatch.assign(id(booked), Some(&zhang)).await;
    }
    assert_eq!(visit["estimate"]["due"], "200.00", "44 + 36 + 120");

    let folder = TempDir::new().unwrap();
    let app = open(&town, folder.path()).await;
    let keyring = app.invoke("session_state", json!({})).await.unwrap()["keyring"].clone();
    assert_eq!(keyring, json!(true), "the store's key lies in the keyring");
    app.click("all-days").await;
    let row = app
        .see_text_css("[data-testid=appointment-row]", "顾女士")
        .await;
    assert!(
        row.contains("138****2046") && row.contains("¥200.00"),
        "{row}"
    );
    let _ = found(&app, "沈先生").await;
    app.picture("day-1-today").await;

    offline(&app, true).await;
    app.go("today").await;
    choose(&app, "顾女士").await;
    app.see_text("appointment", "文三路").await;
    app.picture("day-2-appointment").await;
    serve(&app).await;
    let ticket = ticket(&app).await;
    let _ = wang
        .try_cancel(
            id(&other),
            number(&wang.appointment(id(&other)).await, "version"),
        )
        .await
        .expect(200);

    app.go("sync").await;
    app.see("waiting").await;
    assert!(
        app.text("lost").await.contains('7'),
        "start, weigh, accept, pay, complete, ticket, its payment: {}",
        app.text("lost").await
    );
    app.picture("day-7-sync-waiting").await;
    assert_eq!(
        town.ledger().order(text(&visit, "order_id")).await.status,
        0,
        "nothing has left the device"
    );

    offline(&app, false).await;
    app.chip("synced").await;
    app.picture("day-8-synced").await;
    settled(&town, &visit, &other, &ticket).await;
    let order = wang.order(text(&visit, "order_id")).await;
    assert_eq!(order["due"], "152.43", "the customer sees the final amount");

    app.go("today").await;
    choose(&app, "沈先生").await;
    app.see("cancellation").await;
    app.picture("day-9-cancelled-by-the-customer").await;
    app.resize(820, 1180).await;
    app.picture("day-10-tablet").await;
    let status = app.invoke("check_now", json!({})).await.unwrap();
    assert_eq!(
        (
            &status["repaired_scopes"],
            &status["pending"],
            &status["refused"]
        ),
        (&json!(0), &json!(0), &json!(0)),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_change_is_shown_with_its_reason_and_a_way_on() {
    let town = Town::start(Engine::MariaDb).await;
    let (wang, mut dispatch, zhang) = people(&town).await;
    let visit = book(&wang, &at(1, 10), "顾女士").await;
    dispatch.assign(id(&visit), Some(&zhang)).await;
    let folder = TempDir::new().unwrap();
    let app = open(&town, folder.path()).await;
    app.click("all-days").await;
    let _ = found(&app, "顾女士").await;

    offline(&app, true).await;
    let version = number(&wang.appointment(id(&visit)).await, "version");
    let _ = wang
        .try_reschedule(id(&visit), &at(2, 14), version)
        .await
        .expect(200);
    app.go("today").await;
    choose(&app, "顾女士").await;
    app.click("action-cancel").await;
    app.click("reason-not_home").await;
    app.click("cancel-go").await;
    app.see("cancellation").await;

    offline(&app, false).await;
    app.chip("attention").await;
    app.see("refused").await;
    let card = app.text("mutation-refused").await;
    assert!(card.contains("顾女士"), "{card}");
    app.picture("refused-1-in-the-sync-centre").await;
    let appointment = town.ledger().appointment_status(id(&visit)).await;
    assert_eq!(appointment, 0, "the customer's new time stands");

    app.click("discard").await;
    app.click("discard-go").await;
    app.see_gone("mutation-refused").await;
    app.chip("synced").await;
    app.go("today").await;
    choose(&app, "顾女士").await;
    app.see("action-start").await;
    assert!(
        !app.has("cancellation").await,
        "the appointment is as the server has it"
    );
    app.picture("refused-2-discarded").await;
}

async fn people(town: &Town) -> (Customer, Dispatch, String) {
    (
        Customer::login(&town.world, "wang").await,
        Dispatch::open(town).await,
        town.staff("zhang").await,
    )
}

async fn book(customer: &Customer, when: &str, name: &str) -> Value {
    let mut body = blackbox::goods::booking(when);
    body["contact"]["name"] = json!(name);
    body["items"] = json!([
        {"category": "paper/cardboard", "quantity": "40"},
        {"category": "metal/iron", "quantity": "20"},
        {"category": "electronic/fridge", "quantity": "1", "attributes": {"volume_l": "220"}},
    ]);
    customer.try_book(&body).await.expect(201).clone()
}

/// Opens the collector's app and waits for its first sync.
async fn open(town: &Town, folder: &std::path::Path) -> App {
    let app = registered(Start::in_folder(folder), town, "城西 3 号", "zhang").await;
    app.see_text("who", "·").await;
    app
}

/// Looks for a person on Today; answers their row.
async fn found(app: &App, name: &str) -> String {
    app.fill("search", name).await;
    app.until(
        "one is found",
        "return document.querySelectorAll('[data-testid=appointment-row]').length === 1",
    )
    .await;
    app.see_text_css("[data-testid=appointment-row]", name)
        .await
}

/// Looks for a person on Today and opens their appointment.
async fn choose(app: &App, name: &str) {
    let _ = found(app, name).await;
    app.click_with_text("[data-testid=appointment-row]", name)
        .await;
}

async fn offline(app: &App, on: bool) {
    app.go("sync").await;
    app.click("offline-switch").await;
    if on {
        app.chip("offline").await;
    }
}

async fn serve(app: &App) {
    app.click("action-start").await;
    app.click("action-weigh").await;
    assert_eq!(app.text("total-estimate").await, "¥200.00");
    app.weigh_line(0, &CARDBOARD, "¥54.63").await;
    app.weigh_line(1, &IRON, "¥37.80").await;
    app.weigh_line(2, &FRIDGE, "¥60.00").await;
    app.give_reason(0, &CARDBOARD).await;
    app.give_reason(2, &FRIDGE).await;
    app.see_text("total-due", "¥152.43").await;
    app.see_text("total-gap", "47.57").await;
    app.see("explicit").await;
    app.picture("day-3-weigh").await;
    app.show_quote().await;
    assert_eq!(app.text("accept-total").await, "¥152.43");
    app.click("accept-yes").await;
    app.see("sign-first").await;
    app.scribble("signature").await;
    app.see("signature-clear").await;
    app.picture("day-4-quote-signed").await;
    app.accept().await;
    assert_eq!(app.text("pay-due").await, "¥152.43");
    app.picture("day-5-pay").await;
    app.pay_cash().await;
    app.complete().await;
    app.click("to-today").await;
}

/// A walk-in ticket at the counter: 3.5 kg of clear bottles, ¥7.70. Answers its id.
async fn ticket(app: &App) -> String {
    app.go("counter").await;
    app.focused("goods-input").await;
    app.pick_goods("21").await;
    app.focused("line-0-gross").await;
    app.type_and_enter("3.5").await;
    app.see_text("counter-total", "¥7.70").await;
    app.press(Key::F9).await;
    app.focused("pay-amount").await;
    app.press(Key::Enter).await;
    app.see("ticket-done").await;
    app.picture("day-6-counter").await;
    let tickets = app
        .invoke("orders", json!({"filter": {"tickets": true}}))
        .await
        .unwrap();
    text(&tickets[0], "id").to_owned()
}

async fn settled(town: &Town, visit: &Value, other: &Value, ticket: &str) {
    let ledger = town.ledger();
    let order = text(visit, "order_id");
    assert_eq!(ledger.appointment_status(id(visit)).await, 2, "completed");
    assert_eq!(
        ledger.appointment_status(id(other)).await,
        3,
        "cancelled by the customer"
    );
    let row = ledger.order(order).await;
    assert_eq!((row.status, row.due), (1, 15243), "paid to the fen");
    assert_eq!(
        ledger.lines(order).await,
        [
            "paper/cardboard|49.664|1.1|5463",
            "metal/iron|21|1.8|3780",
            "electronic/fridge|1|60|6000"
        ]
    );
    let payments = ledger.payments(order).await;
    assert_eq!(payments.len(), 1, "paid once: {payments:?}");
    assert!(payments[0].ends_with("|cash|15243"), "{payments:?}");
    let row = ledger.order(ticket).await;
    assert_eq!(
        (row.status, row.due, row.appointment_id),
        (2, 770, None),
        "the ticket"
    );
    assert_eq!(ledger.lines(ticket).await, ["plastic/pet|3.5|2.2|770"]);
    assert_eq!(
        ledger.reviews(order).await,
        Vec::<String>::new(),
        "nothing to review"
    );
    assert_eq!(ledger.audit().await, Vec::<String>::new());
}
