//! Without any server: practice from the first start.

use blackbox::window::{Key, Start};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{CARDBOARD, IRON};

#[tokio::test]
async fn a_visit_is_practised_to_the_fen_from_the_first_start_without_any_server() {
    let folder = TempDir::new().unwrap();
    let app = Start::in_folder(folder.path()).open().await;
    app.resize(1280, 800).await;
    app.see("pairing-code").await;
    app.picture("practice-1-first-start").await;
    app.practise().await;
    app.chip("practice").await;
    app.see_text("practice-mark", "练习").await;
    app.picture("practice-2-today").await;

    app.click_with_text("[data-testid=appointment-row]", "陈女士")
        .await;
    app.click("action-start").await;
    app.click("action-weigh").await;
    assert_eq!(
        app.text("total-estimate").await,
        "¥28.15",
        "12.5 kg of cardboard and 8 kg of iron"
    );
    app.weigh_line(0, &CARDBOARD, "¥54.63").await;
    app.weigh_line(1, &IRON, "¥37.80").await;
    app.give_reason(0, &CARDBOARD).await;
    app.give_reason(1, &CARDBOARD).await;
    app.see_text("total-due", "¥92.43").await;
    app.see_text("total-gap", "+¥64.28").await;
    app.click("line-0-why").await;
    let why = app.text("line-0-trace").await;
    assert!(
        why.contains("49.664"),
        "the working of the net weight is told: {why}"
    );
    app.picture("practice-3-weigh").await;
    app.show_quote().await;
    assert_eq!(app.text("accept-total").await, "¥92.43");
    app.picture("practice-4-quote").await;
    app.accept().await;
    app.pay_cash().await;
    app.complete().await;
    app.picture("practice-5-done").await;

    let status = app.invoke("sync_status", json!({})).await.unwrap();
    assert_eq!(
        status["chip"], "practice",
        "nothing done in practice waits for a server: {status}"
    );
    assert!(app.invoke("sync_now", json!({})).await.is_err() || status["pending"] == json!(0));
}

#[tokio::test]
async fn a_ticket_is_written_and_paid_by_keyboard_alone() {
    let folder = TempDir::new().unwrap();
    let app = Start::in_folder(folder.path()).open().await;
    app.resize(1280, 800).await;
    app.practise().await;
    app.go("counter").await;
    app.see("goods-input").await;
    app.focused("goods-input").await;

    // From here on no mouse: code or initials, Enter from field to field, F9, Enter.
    app.press(Key::F2).await;
    app.pick_goods("11").await;
    app.focused("line-0-gross").await;
    app.type_and_enter("52.4").await;
    app.type_and_enter("1.2").await;
    app.focused("goods-input").await;
    app.pick_goods("ft").await;
    app.focused("line-1-gross").await;
    app.type_and_enter("43斤").await;
    app.type_and_enter("0.5").await;
    app.focused("goods-input").await;
    app.pick_goods("52").await;
    app.focused("line-2-quantity").await;
    app.type_and_enter("1").await;
    app.see_text("counter-total", "¥214.12").await;
    app.picture("counter-1-lines").await;
    app.press(Key::F9).await;
    app.focused("pay-amount").await;
    app.picture("counter-2-pay").await;
    app.press(Key::Enter).await;
    let done = app.see_text("ticket-done", "¥214.12").await;
    assert!(done.contains("HS-"), "the ticket's number is told: {done}");
    app.focused("goods-input").await;
    app.picture("counter-3-done").await;

    let tickets = app
        .invoke("orders", json!({"filter": {"tickets": true}}))
        .await
        .unwrap();
    assert_eq!(tickets.as_array().unwrap().len(), 1, "{tickets}");
    assert_eq!(
        (&tickets[0]["due"], &tickets[0]["paid"]),
        (&json!("214.12"), &json!("214.12")),
        "51.2 kg × 1.10 + 21 kg × 1.80 + 120"
    );
    assert_eq!(
        tickets[0]["status"], 2,
        "a ticket that is paid is completed"
    );
}

#[tokio::test]
async fn what_was_being_weighed_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let app = Start::in_folder(folder.path()).open().await;
    app.practise().await;
    app.click_with_text("[data-testid=appointment-row]", "林先生")
        .await;
    app.click("action-start").await;
    app.click("action-weigh").await;
    app.fill("line-0-gross", "23.4").await;
    app.fill("line-0-tare", "1.4").await;
    app.see_text("line-0-amount", "¥17.60").await;
    stored(&app, "23.4", "1.4").await;

    let app = app.kill_and_reopen().await;
    app.practise().await;
    app.click_with_text("[data-testid=appointment-row]", "林先生")
        .await;
    app.click("action-weigh").await;
    app.see("draft-restored").await;
    assert_eq!(app.value("line-0-gross").await, "23.4");
    assert_eq!(app.value("line-0-tare").await, "1.4");
    app.see_text("line-0-amount", "¥17.60").await;
    app.picture("draft-after-a-kill").await;
}

/// Waits until the draft on the disk holds what was typed: from then on a kill may come.
async fn stored(app: &blackbox::window::App, gross: &str, tare: &str) {
    for _ in 0..400 {
        let drafts = app.invoke("drafts", json!({})).await.unwrap();
        for entry in drafts.as_array().unwrap() {
            let draft: Value = app
                .invoke("draft_get", json!({"key": entry["key"]}))
                .await
                .unwrap();
            if draft["rows"][0]["gross"] == json!(gross) && draft["rows"][0]["tare"] == json!(tare)
            {
                return;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the draft is not stored");
}
