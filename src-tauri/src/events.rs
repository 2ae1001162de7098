//! The engine's news, passed on to the page.

use huishou_client::{
    engine::{Engine, Event},
    view::sync::DataChanged,
};
use tauri::{AppHandle, Emitter, Runtime, async_runtime::JoinHandle};
use tokio::sync::broadcast::error::RecvError;

/// Passes everything on until the app ends or this is aborted.
pub fn forward<R: Runtime>(app: AppHandle<R>, engine: &Engine) -> JoinHandle<()> {
    let mut news = engine.events();
    tauri::async_runtime::spawn(async move {
        loop {
            match news.recv().await {
                Ok(event) => emit(&app, event),
                // The page fell behind: what was missed is made up for by reading everything again.
                Err(RecvError::Lagged(_)) => emit(&app, Event::DataChanged(everything())),
                Err(RecvError::Closed) => return,
            }
        }
    })
}

fn everything() -> DataChanged {
    let kinds = [
        "appointment",
        "order",
        "price_book",
        "staff",
        "station",
        "mutation",
        "draft",
    ];
    DataChanged {
        kinds: kinds.map(str::to_owned).into(),
    }
}

fn emit<R: Runtime>(app: &AppHandle<R>, event: Event) {
    let sent = match event {
        Event::SyncStatus(status) => app.emit("sync-status", status),
        Event::DataChanged(changed) => app.emit("data-changed", changed),
        Event::SessionChanged(state) => app.emit("session-changed", state),
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "the page did not get an event");
    }
}
