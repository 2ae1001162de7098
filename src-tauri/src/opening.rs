//! The engine while its store is being opened. The window does not wait for it: what the page asks meanwhile is
//! answered when the store is open, or with the reason why it cannot be opened. Then it may be tried again.

use huishou_client::{
    engine::{Config, Engine},
    secrets::KeySource,
    view::session::AppError,
};
use tauri::AppHandle;
use tokio::sync::{Mutex, watch};

use crate::events;

type Outcome = Result<Engine, AppError>;

/// An engine, soon.
pub struct Opening {
    config: Config,
    outcome: watch::Sender<Option<Outcome>>,
    one_at_a_time: Mutex<()>,
}

impl Opening {
    /// Of an engine that is opened so; nothing is opened yet.
    #[must_use]
    pub fn of(config: Config) -> Self {
        Self {
            config,
            outcome: watch::channel(None).0,
            one_at_a_time: Mutex::default(),
        }
    }

    /// The engine, once its store is open.
    ///
    /// # Errors
    /// Why it cannot be opened (`no_keyring`, `disk_full`, `store_failed`, …), the same until it is tried again.
    pub async fn engine(&self) -> Outcome {
        let mut news = self.outcome.subscribe();
        let told = news.wait_for(Option::is_some).await;
        told.ok()
            .and_then(|outcome| outcome.clone())
            .unwrap_or_else(failed)
    }

    /// Opens the store unless it is open: with the key in the keyring, or the one that a passphrase guards. On the
    /// first success the loop of sync begins.
    ///
    /// # Errors
    /// As [`Opening::engine`].
    pub async fn open(&self, app: &AppHandle, passphrase: Option<String>) -> Outcome {
        let _gate = self.one_at_a_time.lock().await;
        if let Some(Ok(engine)) = self.outcome.borrow().clone() {
            return Ok(engine);
        }
        let mut config = self.config.clone();
        if let Some(passphrase) = passphrase.filter(|typed| !typed.is_empty()) {
            config.key = KeySource::Passphrase(passphrase);
        }
        // The keyring may wait for a person, and deriving a key takes its time.
        let opened = tauri::async_runtime::spawn_blocking(move || Engine::open(config)).await;
        let outcome = opened.map_or_else(|_| failed(), |opened| opened.map_err(AppError::from));
        match &outcome {
            Ok(engine) => start(app, engine),
            Err(error) => tracing::error!(code = error.code, "the store cannot be opened"),
        }
        self.outcome.send_replace(Some(outcome.clone()));
        outcome
    }
}

/// News to the page, and the loop of sync, for the life of the app.
fn start(app: &AppHandle, engine: &Engine) {
    events::forward(app.clone(), engine);
    let engine = engine.clone();
    tauri::async_runtime::spawn(async move { engine.run().await });
}

fn failed() -> Outcome {
    Err(AppError {
        code: "store_failed".into(),
        field: None,
        errors: vec![],
    })
}
