//! Bookings taken at the depot's telephone, in the real window and without a network; then another estimate. Figures
//! on the screen and in MySQL.

use blackbox::window::{App, Key, Start};
use blackbox::{Engine, Town};
use serde_json::json;
use tempfile::TempDir;

use super::registered;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn booked_on_the_telephone_offline_estimated_again_and_settled_in_mysql() {
    let town = Town::start(Engine::MariaDb).await;
    let folder = TempDir::new().unwrap();
    let app = open(&town, folder.path()).await;
    offline(&app).await;
    app.go("today").await;
    let id = book(&app).await;
    app.see_text("appointment", "周先生").await;
    app.see_text("appointment", "¥40.00").await;
    app.picture("booking-2-booked-offline").await;
    assert!(
        !town.ledger().appointment_ids().await.contains(&id),
        "nothing has left the device"
    );

    app.go("sync").await;
    app.see("waiting").await;
    app.click("offline-switch").await;
    app.chip("synced").await;
    assert_eq!(
        stored(&town, &id, "40.00").await,
        ["周先生|13912345678|330106|1"]
    );

    app.open(&format!("/appointments/{id}")).await;
    app.click("action-estimate").await;
    app.focused("line-0-quantity").await;
    app.keys("30").await;
    app.press(Key::Enter).await;
    app.see_text("estimate-was", "¥40.00").await;
    app.see_text("estimate-is", "¥51.00").await;
    app.see_text("estimate-gap", "+¥11.00").await;
    app.picture("booking-3-estimated-again").await;
    app.click("estimate-go").await;
    app.see_text("appointment", "¥51.00").await;
    app.chip("synced").await;
    assert_eq!(
        stored(&town, &id, "51.00").await,
        ["周先生|13912345678|330106|1"]
    );
    assert_eq!(town.ledger().audit().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_booking_is_said_at_its_field() {
    let town = Town::start(Engine::MariaDb).await;
    let folder = TempDir::new().unwrap();
    let app = open(&town, folder.path()).await;
    app.press(Key::F2).await;
    app.focused("booking-phone").await;
    app.keys("123").await;
    app.click("booking-go").await;
    app.see_text("form-errors", "6").await;
    app.focused("booking-phone").await;
    app.see("booking-time-fault").await;
    app.see("booking-items-fault").await;
    app.picture("booking-4-faults").await;
    app.resize(820, 1180).await;
    app.picture("booking-5-faults-tablet").await;
    assert_eq!(
        app.invoke("book_visit", json!({"request": {
            "contact": {"name": "", "phone": "123"}, "address": {"division": "110101", "detail": "短"},
            "appointment_time": "2020-01-01T00:00:00.000Z", "items": [],
        }}))
        .await
        .unwrap_err()["code"],
        "validation_failed",
        "the engine looks by itself"
    );
}

/// Opens an app at the counter of the first station and waits for its first sync.
async fn open(town: &Town, folder: &std::path::Path) -> App {
    let app = registered(Start::in_folder(folder), town, "城西柜台", "station1").await;
    app.see("new-appointment").await;
    app
}

async fn offline(app: &App) {
    app.go("sync").await;
    app.click("offline-switch").await;
    app.chip("offline").await;
}

/// Takes a booking by keyboard: number, name, district by its initials, address, tomorrow, second slot, two kinds of
/// goods. Answers its id.
async fn book(app: &App) -> String {
    app.see("new-appointment").await;
    app.press(Key::F2).await;
    app.focused("booking-phone").await;
    app.see("booking-offline").await;
    app.type_and_enter("13912345678").await;
    app.focused("booking-name").await;
    app.fill("booking-name", "周先生").await;
    app.press(Key::Enter).await;
    app.focused("booking-division").await;
    app.keys("xh").await;
    app.see("division-330106").await;
    app.press(Key::Enter).await;
    app.focused("booking-detail").await;
    app.fill("booking-detail", "文三路 90 号 3 幢").await;
    app.press(Key::Enter).await;
    app.press(Key::Right).await;
    app.press(Key::Enter).await;
    app.press(Key::Right).await;
    app.press(Key::Enter).await;
    app.focused("goods-input").await;
    for (line, (code, quantity)) in [("11", "40斤"), ("33", "10")].into_iter().enumerate() {
        app.pick_goods(code).await;
        app.focused(&format!("line-{line}-quantity")).await;
        app.keys(quantity).await;
        app.press(Key::Enter).await;
        app.focused("goods-input").await;
    }
    app.see_text("booking-total", "¥40.00").await;
    app.press(Key::Enter).await;
    app.focused("booking-note").await;
    app.press(Key::Enter).await;
    app.until(
        "the cursor is on the button",
        "return document.activeElement?.dataset.testid === 'booking-go'",
    )
    .await;
    app.picture("booking-1-filled").await;
    app.press(Key::Enter).await;
    app.see("appointment").await;
    let path = app.js("return location.hash").await;
    let path = path.as_str().unwrap_or_default();
    let id = path
        .rsplit('/')
        .next()
        .and_then(|rest| rest.split('?').next());
    id.unwrap_or_default().to_owned()
}

/// Whom and where the appointment is for as MySQL has it, and whether its estimate is this.
async fn stored(town: &Town, id: &str, due: &str) -> Vec<String> {
    let hex = id.replace('-', "");
    let sql = format!(
        "SELECT CONCAT_WS('|', contact_name, contact_phone, division, estimate LIKE '%\"due\":\"{due}\"%') FROM appointments WHERE id = UNHEX('{hex}')"
    );
    town.world.database.texts(&sql).await
}
