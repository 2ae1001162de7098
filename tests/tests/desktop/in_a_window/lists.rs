//! Lists stay smooth however long they are.

use blackbox::window::{App, Start};
use serde_json::json;
use tempfile::TempDir;

const MANY: u64 = 10_000;
const AT_ONCE: u64 = 500;

#[tokio::test]
async fn ten_thousand_rows_scroll_with_a_screenful_of_elements() {
    // In memory where there is such a place: ten thousand commits, each waited for, wear a disk and try patience.
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        TempDir::new_in(memory).unwrap()
    } else {
        TempDir::new().unwrap()
    };
    let app = Start::in_folder(folder.path()).open().await;
    app.resize(1280, 800).await;
    app.practise().await;
    app.go("settings").await;
    let started = std::time::Instant::now();
    for _ in 0..MANY / AT_ONCE {
        write_tickets(&app).await;
    }
    println!("{MANY} tickets are written after {:?}", started.elapsed());

    app.go("orders").await;
    let held = app.invoke("orders", json!({"filter": {}})).await.unwrap();
    let held = held.as_array().unwrap().len() as u64;
    assert!(
        held >= MANY,
        "the tickets, and the orders of the day's appointments"
    );
    let rows = format!(
        "return document.querySelector('[data-testid=list] [aria-setsize=\"{held}\"]') !== null"
    );
    app.until("the list holds all tickets", &rows).await;
    app.see("order-row").await;
    app.picture("ten-thousand-1-top").await;
    small(&app).await;

    app.js(
        "const l = document.querySelector('[data-testid=list]'); l.scrollTop = l.scrollHeight / 2",
    )
    .await;
    app.until("the middle is shown", &shows(held / 2)).await;
    small(&app).await;
    app.js("const l = document.querySelector('[data-testid=list]'); l.scrollTop = l.scrollHeight")
        .await;
    app.until("the last row is shown", &shows(held)).await;
    small(&app).await;
    app.picture("ten-thousand-2-end").await;

    let frames = frames_while_scrolling(&app).await;
    println!("60 steps of 700 px through {MANY} rows: median frame {frames} ms");
    assert!(
        frames < 100,
        "scrolling is smooth: a frame takes {frames} ms"
    );

    let started = std::time::Instant::now();
    app.fill("search", "HS-").await;
    app.until("the search is answered", &rows).await;
    println!("a search that finds all: {:?}", started.elapsed());
}

async fn write_tickets(app: &App) {
    app.js(&format!(
        "window.written = 0; window.failed = null;
         const request = {{items: [{{category: 'metal/iron', quantity: '10'}}], adjustments: []}};
         (async () => {{ for (let n = 0; n < {AT_ONCE}; n++) {{ await window.__TAURI_INTERNALS__.invoke('ticket', {{request}}); window.written++ }} }})().catch(e => window.failed = JSON.stringify(e))"
    ))
    .await;
    let done = app
        .until(
            "tickets are written",
            &format!("return window.failed || window.written >= {AT_ONCE}"),
        )
        .await;
    assert_eq!(done, json!(true));
}

async fn small(app: &App) {
    let rows = app.count("[data-testid=order-row]").await;
    let all = app.count("*").await;
    assert!((1..80).contains(&rows), "{rows} rows exist of {MANY}");
    assert!(all < 3_000, "{all} elements on the page");
}

fn shows(position: u64) -> String {
    format!(
        "return [...document.querySelectorAll('[data-testid=list] [role=listitem]')].some(r => Math.abs(Number(r.ariaPosInSet ?? r.getAttribute('aria-posinset')) - {position}) < 12)"
    )
}

async fn frames_while_scrolling(app: &App) -> u64 {
    app.js(
        "const l = document.querySelector('[data-testid=list]'); l.scrollTop = 0; window.median = null;
         const times = []; let last = performance.now();
         (function step() { const now = performance.now(); times.push(now - last); last = now; l.scrollTop += 700;
           if (times.length < 60) requestAnimationFrame(step); else window.median = Math.max(1, Math.round(times.sort((a, b) => a - b)[30])) })()",
    )
    .await;
    app.until("60 frames are drawn", "return window.median")
        .await
        .as_u64()
        .unwrap()
}
