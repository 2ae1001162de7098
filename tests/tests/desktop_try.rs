//! try
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use blackbox::window::{Key, Start};
#[tokio::test]
async fn tries() {
    let folder = tempfile::TempDir::new().unwrap();
    let start = Start::in_folder(folder.path());
    let t = std::time::Instant::now();
    let app = start.open().await;
    println!("open {:?}", t.elapsed());
    app.resize(1280, 800).await;
    app.fill("f", "3斤 回收𠮷 abc").await;
    app.click("b").await;
    println!("{}", app.text("out").await);
    println!("{:?}", app.value("f").await);
    app.press(Key::F2).await;
    app.press(Key::Enter).await;
    app.press(Key::Tab).await;
    app.keys("a1.5").await;
    println!("{}", app.js("return document.title").await);
    println!(
        "{:?}",
        app.invoke("session_state", serde_json::json!({})).await
    );
    println!("{}", app.js("return getComputedStyle(document.getElementById('s')).color + ' ' + innerWidth+'x'+innerHeight").await);
    println!("{}", app.js("document.getElementById('s').style.cssText='color:green'; return getComputedStyle(document.getElementById('s')).color").await);
    app.picture("try").await;
    println!("pids {:?} {:?}", app.pids(), t.elapsed());
    let mut second = start.second();
    println!("second {:?}", second.wait().await);
    println!("{}", second.log());
    println!(
        "focus {}",
        app.js("return document.hasFocus() + document.visibilityState")
            .await
    );
    let app = app.kill_and_reopen().await;
    println!("again {:?}", t.elapsed());
    println!("{}", app.log());
    app.close().await;
    println!("closed {:?}", t.elapsed());
}
