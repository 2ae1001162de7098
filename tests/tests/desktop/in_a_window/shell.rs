//! What the shell itself promises: one app per data folder, the languages, the content policy, nothing beside the
//! app's own commands.

use blackbox::window::Start;
use serde_json::json;
use tempfile::TempDir;

#[tokio::test]
async fn a_second_start_shows_the_running_window_and_ends() {
    let folder = TempDir::new().unwrap();
    let app = Start::in_folder(folder.path()).open().await;
    app.see("practice").await;
    let mut second = app.start_again();
    let status = second.wait().await;
    assert!(status.success(), "{status}: {}", second.log());
    app.logged("the running window is shown").await;
    assert_eq!(app.pids().len(), 1, "one app runs");
    app.practise().await;

    // Another folder is another app, for instance one under test beside the one in use.
    let elsewhere = TempDir::new().unwrap();
    let other = Start::in_folder(elsewhere.path()).open().await;
    assert_eq!((app.pids().len(), other.pids().len()), (1, 1));
}

#[tokio::test]
async fn the_language_changes_at_once_and_is_remembered() {
    let folder = TempDir::new().unwrap();
    let app = Start::in_folder(folder.path()).open().await;
    app.resize(1280, 800).await;
    app.practise().await;
    app.see_text("rail-today", "今日").await;
    app.go("settings").await;
    app.click("language-en").await;
    app.see_text("rail-today", "Today").await;
    app.picture("language-english").await;
    app.go("prices").await;
    app.see_text_css("main", "Cardboard").await;

    let app = app.kill_and_reopen().await;
    app.see_text("practice", "Practise").await;
    app.practise().await;
    app.go("settings").await;
    app.click("language-zh").await;
    app.see_text("rail-today", "今日").await;
}

#[tokio::test]
async fn the_page_can_do_nothing_but_the_apps_own_commands_under_a_strict_content_policy() {
    let folder = TempDir::new().unwrap();
    let app = Start::in_folder(folder.path()).open().await;
    app.see("practice").await;
    for (command, arguments) in [
        (
            "plugin:window|set_title",
            json!({"label": "main", "value": "x"}),
        ),
        ("plugin:window-state|filename", json!({})),
        (
            "plugin:event|emit",
            json!({"event": "data-changed", "payload": {"kinds": []}}),
        ),
        ("plugin:path|resolve_directory", json!({"directory": 1})),
        ("no_such_command", json!({})),
    ] {
        assert!(
            app.invoke(command, arguments).await.is_err(),
            "{command} is refused"
        );
    }
    assert_eq!(
        app.invoke("appointment", json!({"id": "' OR 1=1 --"}))
            .await
            .unwrap_err()["code"],
        "not_found"
    );
    let broken = app
        .js("window.ran = false; const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.head.append(s); return window.ran")
        .await;
    assert_eq!(broken, json!(false), "inline script does not run");
    let styled = app
        .js("const p = document.createElement('p'); p.innerHTML = '<b style=\"color: rgb(1, 2, 3)\">x</b>'; document.body.append(p); return getComputedStyle(p.firstChild).color")
        .await;
    assert_ne!(styled, json!("rgb(1, 2, 3)"), "inline style does not apply");
    app.until(
        "another origin cannot be read",
        "if (!window.asked) { window.asked = true; fetch('http://127.0.0.1:1/').then(() => window.got = 'an answer', e => window.got = String(e)); window.got = null; document.addEventListener('securitypolicyviolation', e => window.violated = e.violatedDirective); fetch('http://127.0.0.1:2/').catch(() => 0) } return window.violated",
    )
    .await;
}

#[tokio::test]
async fn a_phones_number_is_handed_to_the_system_and_never_opened_in_the_window() {
    let folder = TempDir::new().unwrap();
    let app = Start::in_folder(folder.path()).open().await;
    app.practise().await;
    app.click_css("[data-testid=appointment-row] [data-testid=call]")
        .await;
    app.see_text("full-phone", "138 0000 01").await;
    app.click("dial").await;
    app.see("full-phone").await;
    assert!(
        app.js("return location.href")
            .await
            .as_str()
            .unwrap()
            .starts_with("tauri://localhost")
    );
}

#[tokio::test]
async fn without_a_keyring_a_passphrase_guards_the_store() {
    let folder = TempDir::new().unwrap();
    let without =
        Start::in_folder(folder.path()).with("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let app = without.open().await;
    app.resize(1280, 800).await;
    app.see("passphrase-again").await;
    app.fill("passphrase", "short").await;
    app.click("open-store").await;
    app.see_text("startup-failed", "8").await;
    app.fill("passphrase", "一把好钥匙 2026").await;
    app.fill("passphrase-again", "一把好钥匙 2026").await;
    app.picture("passphrase-1-first-start").await;
    app.click("open-store").await;
    app.practise().await;

    let app = app.kill_and_reopen().await;
    app.see("passphrase").await;
    app.fill("passphrase", "another one").await;
    app.click("open-store").await;
    app.see_text("startup-failed", "口令不对").await;
    app.fill("passphrase", "一把好钥匙 2026").await;
    app.picture("passphrase-2-asked-again").await;
    app.click("open-store").await;
    app.practise().await;
}
