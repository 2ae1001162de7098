//! Contact with the server: the loop, and rounds asked for by hand.

use super::{Engine, courier::Courier, lock, session::person};
use crate::{
    error::{Error, Result},
    store::{Db, meta},
    sync::{
        apply::Applied,
        run::{self, Pushed},
        transport::{Transport, Wire},
    },
    view::{session::Settings, sync::SyncStatus},
};
use chrono::TimeDelta;
use huishou_domain::time::wire;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::{runtime::Builder, sync::oneshot};

/// The version that the server may find too old.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// When a server that found this version too old is asked again.
const ASK_AGAIN: TimeDelta = TimeDelta::days(1);
/// Addresses longer than this are nobody's.
const LONGEST_ADDRESS: usize = 500;

/// What one round is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Push only.
    Push,
    /// Pull only.
    Pull,
    /// Both.
    Both,
    /// Both, with the scopes compared.
    Check,
}

impl Engine {
    /// Keeps in contact until the process ends: push, pull, sleep; woken by what is done here, by
    /// [`Engine::sync_now`], by hints and by the network coming back. Call once, on a runtime.
    pub async fn run(&self) {
        tokio::join!(self.stay_in_contact(), self.listen(), self.keep_copies());
    }

    /// [`Engine::run`] on a thread of its own, until what this returns is dropped: a message to the server and its answer
    /// then pass through no other thread's hands.
    pub async fn run_apart(&self) {
        let (alive, dropped) = oneshot::channel::<()>();
        let engine = self.clone();
        let apart = move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                tokio::select! {
                    () = engine.run() => {}
                    _ = dropped => {}
                }
            });
            std::io::Result::Ok(())
        };
        let begun = std::thread::Builder::new()
            .name("contact".into())
            .spawn(move || {
                if let Err(error) = apart() {
                    tracing::error!(%error, "contact cannot be kept");
                }
            });
        match begun {
            Ok(_) => std::future::pending().await,
            Err(error) => {
                tracing::warn!(%error, "contact is kept among everything else");
                self.run().await;
            }
        }
        drop(alive);
    }

    async fn stay_in_contact(&self) {
        let mut failures = 0_u32;
        loop {
            self.look_at_lease();
            if self.may_contact() && !self.waits_for_upgrade() {
                match self.contact(Round::Both).await {
                    Ok(_) => failures = 0,
                    Err(error) => {
                        failures = failures.saturating_add(1);
                        tracing::info!(%error, failures, "sync will be tried again");
                    }
                }
            }
            let hinted = failures == 0 && self.inner.hinted.load(Ordering::SeqCst);
            let wait = tokio::time::sleep(if hinted {
                run::wait_hinted()
            } else {
                run::wait(failures)
            });
            tokio::select! {
                () = wait => {}
                () = self.inner.wake.notified() => {}
            }
        }
    }

    /// Push and pull now.
    ///
    /// # Errors
    /// Of the store; a failure of the contact is in the status.
    pub async fn sync_now(&self) -> Result<SyncStatus> {
        self.attempt(Round::Both).await
    }

    /// Push and pull now, and compare every scope with the server's sums.
    ///
    /// # Errors
    /// Of the store; a failure of the contact is in the status.
    pub async fn check_now(&self) -> Result<SyncStatus> {
        self.attempt(Round::Check).await
    }

    /// The offline switch for training: no contact with the server while on.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_offline(&self, offline: bool) -> Result<SyncStatus> {
        let settings = Settings {
            offline,
            ..self.settings_get()?
        };
        self.settings_put(&settings)?;
        self.sync_status()
    }

    /// One round of contact, its end noted for the status.
    ///
    /// # Errors
    /// `practice`, `offline`, `sign_in_required`, `device_revoked`, `upgrade_required`, `server_error`, `outbox_incomplete`, …
    pub async fn contact(&self, round: Round) -> Result<(Pushed, Applied)> {
        if self.is_practice() {
            return Err(Error::code("practice"));
        }
        self.main_read(person)?
            .ok_or_else(Error::sign_in_required)?;
        let courier = Courier::new(self)?;
        let done = self.contact_by(&courier, round).await;
        self.settle_log();
        let done = done?;
        self.bring_blobs(&courier, round).await;
        Ok(done)
    }

    /// One round of contact over any network.
    ///
    /// # Errors
    /// As for [`Engine::contact`].
    pub async fn contact_by(
        &self,
        network: &impl Transport,
        round: Round,
    ) -> Result<(Pushed, Applied)> {
        self.contact_then(network, || self.http(), round).await
    }

    /// One round of contact over any line, tokens and leaving included.
    ///
    /// # Errors
    /// As for [`Engine::contact`].
    pub async fn contact_over<W: Wire>(&self, wire: &W, round: Round) -> Result<(Pushed, Applied)> {
        let line = || Ok(wire.clone());
        self.contact_then(&self.courier(wire), line, round).await
    }

    /// Who carries messages over any line.
    pub fn courier<W: Wire>(&self, wire: &W) -> Courier<W> {
        Courier::over(self, wire.clone())
    }

    /// `line`: by which a device speaks that is shut out.
    async fn contact_then<W: Wire>(
        &self,
        network: &impl Transport,
        line: impl Fn() -> Result<W> + Send,
        round: Round,
    ) -> Result<(Pushed, Applied)> {
        let _one_at_a_time = self.inner.gate.lock().await;
        let running = Running::begin(&self.inner.running);
        self.changed(&[]);
        let done = self.round(network, round).await;
        drop(running);
        let noted = self.note_end(done.as_ref().err());
        *lock(&self.inner.trouble) = trouble(done.as_ref().err(), noted.as_ref().err());
        if noted.is_err() {
            self.changed(&[]);
        }
        noted?;
        self.look_at_lease();
        if let Err(failure) = &done
            && let Err(error) = Box::pin(self.heed(failure, line)).await
        {
            tracing::warn!(%error, "the device is shut out, and could not do yet what follows");
        }
        let mut kinds: Vec<&str> = done
            .as_ref()
            .map(|(_, applied)| applied.kinds.iter().copied().collect())
            .unwrap_or_default();
        if done.as_ref().is_ok_and(|(pushed, _)| pushed.verdicts > 0) {
            kinds.push("mutation");
        }
        self.changed(&kinds);
        done
    }

    /// Brings the store's log into its file, beside whatever comes next.
    fn settle_log(&self) {
        let due = lock(&self.inner.main.store).due_settling();
        if let Some(settling) = due {
            // Nobody waits for it.
            drop(tokio::task::spawn_blocking(move || {
                if let Err(error) = settling.run() {
                    tracing::debug!(%error, "the log is settled another time");
                }
            }));
        }
    }

    async fn attempt(&self, round: Round) -> Result<SyncStatus> {
        if self.may_contact()
            && let Err(error) = self.contact(round).await
        {
            tracing::info!(%error, "sync asked for by hand failed");
        }
        self.sync_status()
    }

    async fn round(&self, network: &impl Transport, round: Round) -> Result<(Pushed, Applied)> {
        self.main_read(person)?
            .ok_or_else(Error::sign_in_required)?;
        let shared = &self.inner.main;
        match round {
            Round::Push => Ok((run::push_all(shared, network).await?, Applied::default())),
            Round::Pull => Ok((
                Pushed::default(),
                run::pull_all(shared, network, false).await?,
            )),
            Round::Both => run::round(shared, network, false).await,
            Round::Check => run::round(shared, network, true).await,
        }
    }

    pub(super) fn may_contact(&self) -> bool {
        let signed_in = matches!(self.main_read(person), Ok(Some(_)));
        let switched_off = self.settings_get().is_ok_and(|s| s.offline);
        signed_in && !switched_off && !self.is_practice()
    }

    /// Notes how a round ended; nothing where that is how the last one ended too.
    fn note_end(&self, failure: Option<&Error>) -> Result<()> {
        let now = self.inner.main.clock.now();
        let code = failure.map(Error::stable_code);
        let noted = self.main_read(Noted::of)?;
        let mut new = Noted {
            error: code.clone(),
            ..Noted::default()
        };
        if code.as_deref() == Some("upgrade_required") {
            new.outdated = Some((now.timestamp_millis(), VERSION.to_owned()));
            new.download = failure.and_then(download);
        }
        if failure.is_some() {
            new.since = noted.since.clone();
        }
        if code.as_deref() == Some("offline") && new.since.is_none() {
            new.since = Some(wire(now));
        }
        if new == noted {
            return Ok(());
        }
        self.main_write(|db| new.note(db))
    }

    /// The server will not have this version: it is asked again after a day, by hand, or by another version.
    pub(crate) fn waits_for_upgrade(&self) -> bool {
        let now = self.inner.main.clock.now().timestamp_millis();
        let noted = self.main_read(Noted::of).ok();
        let outdated = noted.and_then(|noted| noted.outdated);
        outdated.is_some_and(|(at, version)| {
            version == VERSION && (now - at).abs() < ASK_AGAIN.num_milliseconds()
        })
    }
}

/// Why the end of a round could not be noted: what stopped the round itself, where that was the store's affair too.
fn trouble(round: Option<&Error>, noting: Option<&Error>) -> Option<String> {
    let of_store = |error: &&Error| {
        let code = error.stable_code();
        code.starts_with("disk_") || code.starts_with("store_")
    };
    let noting = noting?;
    Some(round.filter(of_store).unwrap_or(noting).stable_code())
}

/// Where the server says that the newer version is: an address that is safe to open, or nothing.
fn download(failure: &Error) -> Option<String> {
    let Error::Problem { body, .. } = failure else {
        return None;
    };
    let url = reqwest::Url::parse(body.get("download")?.as_str()?).ok()?;
    let is_safe = url.scheme() == "https" && url.as_str().len() <= LONGEST_ADDRESS;
    is_safe.then(|| url.to_string())
}

/// What is known of the last round.
#[derive(Default, PartialEq, Eq)]
struct Noted {
    error: Option<String>,
    since: Option<String>,
    outdated: Option<(i64, String)>,
    download: Option<String>,
}

impl Noted {
    fn of(db: &Db) -> Result<Self> {
        Ok(Self {
            error: meta::get(db, meta::Key::LastError)?,
            since: meta::get(db, meta::Key::OfflineSince)?,
            outdated: meta::get(db, meta::Key::Outdated)?,
            download: meta::get(db, meta::Key::Download)?,
        })
    }

    fn note(&self, db: &Db) -> Result<()> {
        meta::put(db, meta::Key::LastError, self.error.as_ref())?;
        meta::put(db, meta::Key::OfflineSince, self.since.as_ref())?;
        meta::put(db, meta::Key::Outdated, self.outdated.as_ref())?;
        meta::put(db, meta::Key::Download, self.download.as_ref())
    }
}

/// The status says "running" until this is dropped, however the round ends.
struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    fn begin(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::SeqCst);
        Self(flag)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
