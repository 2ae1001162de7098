//! The engine while its store is being opened. The window does not wait for it: what the page asks meanwhile is
//! answered when the store is open, or with the reason why it cannot be opened. Then it may be tried again, its key may be
//! got back, or it may be made anew from what can be read.

use std::sync::{Mutex as Held, PoisonError};

use huishou_client::{
    engine::{self, Config, Engine, Plan, Verified},
    error::Error,
    secrets::KeySource,
    view::session::{AppError, SetAside, WaysBack},
};
use tauri::{AppHandle, async_runtime::JoinHandle};
use tokio::sync::{Mutex, watch};

use crate::events;

type Outcome = Result<Engine, AppError>;

/// An engine, soon.
pub struct Opening {
    base: Config,
    /// As it was opened, or last tried: with the passphrase that was typed.
    tried: Held<Config>,
    outcome: watch::Sender<Option<Outcome>>,
    one_at_a_time: Mutex<()>,
    /// What runs beside an open engine.
    beside: Held<Vec<JoinHandle<()>>>,
}

impl Opening {
    /// Of an engine that is opened so; nothing is opened yet.
    #[must_use]
    pub fn of(config: Config) -> Self {
        Self {
            tried: Held::new(config.clone()),
            base: config,
            outcome: watch::channel(None).0,
            one_at_a_time: Mutex::default(),
            beside: Held::default(),
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
            .unwrap_or_else(|| Err(failed()))
    }

    /// Opens the store unless it is open: with the key in the keyring, or the one that a passphrase guards. On success
    /// the loop of sync begins.
    ///
    /// # Errors
    /// As [`Opening::engine`].
    pub async fn open(&self, app: &AppHandle, passphrase: Option<String>) -> Outcome {
        let _gate = self.one_at_a_time.lock().await;
        if let Some(Ok(engine)) = self.outcome.borrow().clone() {
            return Ok(engine);
        }
        self.open_with(app, self.keyed(passphrase)).await
    }

    /// What there is to open the store with whose key is not at hand.
    ///
    /// # Errors
    /// When the program ends meanwhile.
    pub async fn ways_back(&self) -> Result<WaysBack, AppError> {
        let config = self.base.clone();
        aside(move || Ok(engine::ways_back(&config))).await
    }

    /// Gets the store's key back from the server, and opens the store: the key is put into the keyring, or under a new
    /// passphrase.
    ///
    /// # Errors
    /// Those of [`engine::recover`], then those of [`Opening::engine`].
    pub async fn recover(
        &self,
        app: &AppHandle,
        pairing_code: &str,
        passphrase: Option<String>,
    ) -> Outcome {
        let _gate = self.one_at_a_time.lock().await;
        let config = self.keyed(passphrase);
        engine::recover(&config, pairing_code).await?;
        self.open_with(app, config).await
    }

    /// What is wrong with the store, also where it is too bad to be opened.
    ///
    /// # Errors
    /// Of a store that cannot be opened for another reason.
    pub async fn verify(&self) -> Result<Verified, AppError> {
        match self.engine().await {
            Ok(engine) => aside(move || engine.verify_store()).await,
            Err(error) if error.code == "store_corrupt" => {
                Ok(Verified::unopened(&Error::code(&error.code)))
            }
            Err(error) => Err(error),
        }
    }

    /// What making the store anew would keep.
    ///
    /// # Errors
    /// Those of the key, or of the folder.
    pub async fn plan_salvage(&self) -> Result<Plan, AppError> {
        let config = self.tried();
        aside(move || engine::plan_salvage(&config)).await
    }

    /// Makes the store anew from what can be read; an open one is let go of first. What the page asks meanwhile waits.
    ///
    /// # Errors
    /// Those of the key or the folder: then the old store is opened again, if it can be.
    pub async fn salvage(&self, app: &AppHandle) -> Result<Plan, AppError> {
        let _gate = self.one_at_a_time.lock().await;
        let open = self.outcome.borrow().clone();
        if let Some(Ok(engine)) = open {
            engine.close().await?;
        }
        self.outcome.send_replace(None);
        let config = self.tried();
        let making = config.clone();
        let made = aside(move || engine::salvage(&making)).await;
        let opened = self.open_with(app, config).await;
        let plan = made?;
        opened?;
        Ok(plan)
    }

    /// Sets a store aside that does not open; the next try begins with a new one.
    ///
    /// # Errors
    /// `store_opens` while it is open, and those of [`engine::set_aside`].
    pub async fn set_aside(&self) -> Result<SetAside, AppError> {
        let _gate = self.one_at_a_time.lock().await;
        if let Some(Ok(_)) = self.outcome.borrow().clone() {
            return Err(coded("store_opens"));
        }
        let config = self.base.clone();
        aside(move || engine::set_aside(&config)).await
    }

    /// Brings a store back that was set aside, and opens it; the one that is open is let go of first. What the page asks
    /// meanwhile waits.
    ///
    /// # Errors
    /// `unsent_here`, and those of [`engine::bring_back`]: then the old store is opened again, if it can be. Then those of
    /// [`Opening::engine`].
    pub async fn bring_back(&self, app: &AppHandle, name: String) -> Outcome {
        let _gate = self.one_at_a_time.lock().await;
        let open = self.outcome.borrow().clone();
        let mut is_blank = false;
        if let Some(Ok(engine)) = open {
            engine.may_make_way()?;
            is_blank = engine.is_blank()?;
            engine.close().await?;
        }
        self.outcome.send_replace(None);
        let config = self.base.clone();
        let brought = aside(move || engine::bring_back(&config, &name, is_blank)).await;
        let config = match brought {
            Ok(()) => self.base.clone(),
            Err(_) => self.tried(),
        };
        let opened = self.open_with(app, config).await;
        brought?;
        opened
    }

    async fn open_with(&self, app: &AppHandle, config: Config) -> Outcome {
        *held(&self.tried) = config.clone();
        // The keyring may wait for a person, and deriving a key takes its time.
        let outcome = aside(move || Engine::open(config)).await;
        match &outcome {
            Ok(engine) => self.start(app, engine),
            Err(error) => tracing::error!(code = error.code, "the store cannot be opened"),
        }
        self.outcome.send_replace(Some(outcome.clone()));
        outcome
    }

    /// News to the page, and the loop of sync, until the app ends or another engine takes over.
    fn start(&self, app: &AppHandle, engine: &Engine) {
        let news = events::forward(app.clone(), engine);
        let engine = engine.clone();
        let sync = tauri::async_runtime::spawn(async move { engine.run_apart().await });
        let before = std::mem::replace(&mut *held(&self.beside), vec![news, sync]);
        for old in before {
            old.abort();
        }
    }

    fn tried(&self) -> Config {
        held(&self.tried).clone()
    }

    /// With a typed passphrase; without one as the app was started.
    fn keyed(&self, passphrase: Option<String>) -> Config {
        let mut config = self.base.clone();
        if let Some(passphrase) = passphrase.filter(|typed| !typed.is_empty()) {
            config.key = KeySource::Passphrase(passphrase);
        }
        config
    }
}

/// What takes its time is done where nobody else waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> huishou_client::error::Result<T> + Send + 'static,
) -> Result<T, AppError> {
    let done = tauri::async_runtime::spawn_blocking(work).await;
    done.map_or_else(|_| Err(failed()), |done| done.map_err(AppError::from))
}

/// Whoever held it and died left it whole: it is replaced at once or not at all.
fn held<T>(mutex: &Held<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed() -> AppError {
    coded("store_failed")
}

fn coded(code: &str) -> AppError {
    AppError {
        code: code.into(),
        field: None,
        errors: vec![],
    }
}
