//! How a device keeps in contact: rounds, pauses and signing in, as the app does.

use super::Device;
use crate::{
    chance::Chance,
    executor::{Executor, MILLI, Micros, SECOND, first},
    neglect::Neglect,
    network::{Line, Network},
};
use huishou_client::{
    blobs,
    engine::{Engine, Round},
    store::{meta, mutations},
    sync::run,
    view::session::Credentials,
};
use std::sync::atomic::Ordering;

impl Device {
    /// Keeps in contact until it is killed.
    pub async fn keep_in_contact(self, network: Network, executor: Executor, chance: Chance) {
        let line = Line {
            network,
            device: self.id,
            node: self.node,
        };
        let mut failures = 0_u32;
        loop {
            let Some(engine) = self.engine() else {
                return;
            };
            let round = if chance.permille(150) || self.checks.load(Ordering::Relaxed) {
                Round::Check
            } else {
                Round::Both
            };
            match engine.contact_over(&line, round).await {
                Ok((pushed, applied)) => {
                    failures = 0;
                    let what = format!(
                        "round: {} sent, {} verdicts, {} puts, {} drops, last {}",
                        pushed.sent,
                        pushed.verdicts,
                        applied.puts,
                        applied.drops,
                        applied.last_mutation
                    );
                    self.trace.note(self.node, what);
                    self.unaware.store(false, Ordering::Relaxed);
                    if round == Round::Check {
                        self.checks.store(false, Ordering::Relaxed);
                    }
                    self.bring_pictures(&engine, &line, round).await;
                    self.forget();
                }
                Err(error) => {
                    failures += 1;
                    self.trace.note(self.node, format!("round failed: {error}"));
                    let code = error.stable_code();
                    if code == "sign_in_required" && !self.wiped.load(Ordering::Relaxed) {
                        executor.sleep(chance.below(120 * SECOND)).await;
                        self.sign_in_anew(&engine, &line).await;
                    }
                    self.believe(&code);
                    self.anew
                        .fetch_or(code == "device_revoked", Ordering::Relaxed);
                }
            }
            drop(engine);
            let pause = self.pause(&chance, failures);
            let _woken = first(self.wake.notified(), executor.sleep(pause)).await;
        }
    }

    /// As the app does after a round.
    async fn bring_pictures(&self, engine: &Engine, line: &Line, round: Round) {
        let courier = engine.courier(line);
        let main = engine.main();
        if let Err(error) = blobs::look_after(&main, &courier, round == Round::Check).await {
            self.trace
                .note(self.node, format!("not asked about pictures: {error}"));
        }
        match blobs::bring_all(&main, &courier).await {
            Ok(0) => {}
            Ok(up) => self.trace.note(self.node, format!("{up} pictures are up")),
            Err(error) => self
                .trace
                .note(self.node, format!("pictures wait: {error}")),
        }
    }

    /// The person is told to sign in, and does.
    async fn sign_in_anew(&self, engine: &Engine, line: &Line) {
        {
            let mut life = self.life();
            let worn = life.is_worn;
            life.signed_out.push(worn);
        }
        let credentials = Credentials {
            username: self.username.to_string(),
            password: String::new(),
        };
        match engine.sign_in_over(line, credentials).await {
            Ok(_) => {
                self.life().is_worn = false;
                self.trace.note(self.node, "signed in anew");
            }
            Err(error) => self
                .trace
                .note(self.node, format!("cannot sign in: {error}")),
        }
    }

    /// An app that wipes itself whoever says so.
    fn believe(&self, code: &str) {
        if self.neglect == Neglect::BelievesAnybody && code == "device_revoked" {
            // Who cannot write it down is told again.
            let _ = self.write(|db| {
                mutations::retire_through(db, i64::MAX)?;
                mutations::prune(db, i64::MAX)?;
                meta::remove(db, meta::Key::Device)
            });
        }
    }

    /// As the app waits, by its own rule.
    fn pause(&self, chance: &Chance, failures: u32) -> Micros {
        let any = |most: u64| chance.below(most.saturating_add(1));
        let hinted = failures == 0 && self.hinted.load(Ordering::Relaxed);
        if hinted && self.neglect == Neglect::TrustHints {
            return Micros::MAX / 4;
        }
        let wait = if hinted {
            run::wait_hinted_by(any)
        } else {
            run::wait_by(failures, any)
        };
        u64::try_from(wait.as_micros()).unwrap_or(Micros::MAX / 4) + chance.below(MILLI)
    }

    fn forget(&self) {
        if self.neglect == Neglect::KeepsNothing {
            // Who cannot write it down keeps it a little longer.
            let _ = self.write(|db| mutations::prune(db, i64::MAX));
        }
    }
}
