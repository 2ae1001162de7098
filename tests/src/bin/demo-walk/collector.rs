//! The collector's part, in the app's real window.

use anyhow::{Context, Result, ensure};
use blackbox::window::{App, Key, Start, Weighed};
use serde_json::json;
use uuid::Uuid;

use crate::customer::Booked;
use crate::settings::Settings;
use crate::story::{Told, plain};

pub async fn open(told: &mut Told, settings: &Settings) -> Result<App> {
    let app = Start::in_folder(&settings.data)
        .pictures_in(&settings.pictures)
        .open()
        .await;
    app.resize(1280, 800).await;
    let state = app
        .invoke("session_state", json!({}))
        .await
        .unwrap_or_default();
    if state["mode"] == "signed_in" {
        told.say("张师傅 opens the app, signed in since an earlier walk");
    } else if state["device_id"].is_string() {
        app.sign_in("zhang", &settings.password).await;
        told.say("张师傅 opens the app and signs in");
    } else {
        app.picture("01-register").await;
        let pairing = settings.pairing.get(1).context("a second pairing code")?;
        app.register(
            &settings.server,
            pairing,
            "城西 3 号平板",
            "zhang",
            &settings.password,
        )
        .await;
        told.say("张师傅 registers the app with a pairing code and signs in");
    }
    // A walk that was broken off may have left the device offline.
    let _ = app.invoke("set_offline", json!({"offline": false})).await;
    app.sync_now().await;
    Ok(app)
}

pub async fn arrived(told: &mut Told, app: &App, gu: &Booked, shen: &Booked) {
    app.go("today").await;
    app.picture("02-today").await;
    app.all_days().await;
    app.found_row(&shen.phone).await;
    app.see_text_css(ROW, "¥33.00").await;
    app.found_row(&gu.phone).await;
    app.see_text_css(ROW, "¥200.00").await;
    app.picture("03-arrived").await;
    told.say("by sync both appointments are on the device: estimates ¥200.00 and ¥33.00");
}

const ROW: &str = "[data-testid=appointment-row]";

pub async fn offline(told: &mut Told, app: &App) {
    app.go("sync").await;
    app.click("offline-switch").await;
    app.chip("offline").await;
    told.say("the device goes offline");
}

pub async fn serve(told: &mut Told, app: &App, gu: &Booked) {
    app.go("today").await;
    app.found_row(&gu.phone).await;
    app.click_with_text(ROW, "顾女士").await;
    app.see_text("appointment", "文三路").await;
    app.picture("04-appointment").await;
    app.click("action-start").await;
    app.click("action-weigh").await;
    told.say("张师傅 is at the door and starts the visit");

    for (line, goods, amount) in [
        (0, CARDBOARD, "¥54.63"),
        (1, IRON, "¥37.80"),
        (2, FRIDGE, "¥120.00"),
    ] {
        app.weigh_line(line, &goods, amount).await;
    }
    app.give_reason(0, &CARDBOARD).await;
    app.see_text("total-estimate", "¥200.00").await;
    app.see_text("total-due", "¥212.43").await;
    app.see_text("total-gap", "+¥12.43").await;
    app.click("line-0-why").await;
    app.see_text("line-0-trace", "49.664").await;
    app.picture("05-weigh").await;
    println!("      cardboard 52.4 − 1.2 kg tare − 3 % moisture = 49.664 kg × ¥1.10 = ¥54.63");
    println!("      iron 21.5 − 0.5 kg tare = 21 kg × ¥1.80 = ¥37.80");
    println!("      fridge 220 L, complete, cools: ¥120.00");
    told.say("three kinds of goods are weighed: ¥212.43, that is ¥12.43 over the estimate because of the cardboard's weight");

    app.show_quote().await;
    app.see_text("accept-total", "¥212.43").await;
    app.picture("06-quote-for-the-customer").await;
    app.accept().await;
    told.say("the customer reads the quote and accepts ¥212.43");
    app.see_text("pay-due", "¥212.43").await;
    app.picture("07-pay").await;
    app.pay_cash().await;
    app.complete().await;
    app.picture("08-completed").await;
    app.click("to-today").await;
    told.say("¥212.43 is paid in cash and the visit is completed, all without a network");
}

pub async fn counter(told: &mut Told, app: &App) -> Result<Uuid> {
    app.go("counter").await;
    app.focused("goods-input").await;
    app.pick_goods("21").await;
    app.focused("line-0-gross").await;
    app.type_and_enter("3.5").await;
    app.type_and_enter("0.3").await;
    app.focused("goods-input").await;
    app.see_text("counter-total", "¥7.04").await;
    app.picture("09-counter").await;
    app.press(Key::F9).await;
    app.focused("pay-amount").await;
    app.press(Key::Enter).await;
    app.see_text("ticket-done", "¥7.04").await;
    app.picture("10-ticket").await;
    told.say("a walk-in ticket by keyboard alone: 3.2 kg of bottles × ¥2.20 = ¥7.04, paid in cash");
    let tickets = app
        .invoke("orders", json!({"filter": {"tickets": true}}))
        .await
        .unwrap_or_default();
    Ok(plain(&tickets[0]["id"]).parse()?)
}

pub async fn back_online(told: &mut Told, app: &App) {
    app.go("sync").await;
    app.see("waiting").await;
    app.picture("11-waiting").await;
    told.say("the sync centre shows what would be lost if the device died now");
    app.click("offline-switch").await;
    app.chip("synced").await;
    app.picture("12-synced").await;
    told.say("back online: everything is confirmed");
}

pub async fn on_the_device(told: &mut Told, app: &App, shen: &Booked) -> Result<()> {
    app.go("today").await;
    app.found_row(&shen.phone).await;
    app.click_with_text(ROW, "沈先生").await;
    app.see("cancellation").await;
    app.picture("13-cancelled-by-the-customer").await;
    let status = app.invoke("check_now", json!({})).await.unwrap_or_default();
    ensure!(
        status["pending"] == 0 && status["refused"] == 0 && status["repaired_scopes"] == 0,
        "the device and the server agree: {status}"
    );
    told.say("沈先生's appointment shows cancelled on the device; device and server hold the same");
    for (screen, name) in [
        ("orders", "14-orders"),
        ("prices", "15-prices"),
        ("settings", "16-settings"),
    ] {
        app.go(screen).await;
        app.picture(name).await;
    }
    Ok(())
}

/// The same screens on a tablet held upright.
pub async fn tablet(app: &App, gu: &Booked) {
    app.resize(820, 1180).await;
    for (screen, name) in [
        ("today", "tablet-1-today"),
        ("counter", "tablet-3-counter"),
        ("orders", "tablet-4-orders"),
        ("sync", "tablet-5-sync"),
    ] {
        app.go(screen).await;
        if screen == "today" {
            app.fill("search", "").await;
        }
        app.picture(name).await;
    }
    app.go("today").await;
    app.found_row(&gu.phone).await;
    app.click_with_text(ROW, "顾女士").await;
    app.see_text("appointment", "文三路").await;
    app.picture("tablet-2-appointment").await;
}

const CARDBOARD: Weighed = Weighed {
    gross: "52.4",
    tare: "1.2",
    moisture: "3",
    reason: "weight",
    answers: &[],
};
const IRON: Weighed = Weighed {
    gross: "21.5",
    tare: "0.5",
    moisture: "",
    reason: "",
    answers: &[],
};
const FRIDGE: Weighed = Weighed {
    gross: "1",
    tare: "",
    moisture: "",
    reason: "",
    answers: &[("complete", "true"), ("cools", "true")],
};
