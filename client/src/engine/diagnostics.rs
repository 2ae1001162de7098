//! For support: a bundle without personal data, and a check of the store against itself.

use super::{
    Engine, blobs, lock,
    repair::{Offer, Repair},
};
use crate::{
    error::{Error, Result},
    store::{Db, base, journal, meta, mutations, order_list, overlay, verify, verify::Cure},
    visits,
};
use huishou_domain::{sync::scope::Kind, time::wire};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};
use uuid::Uuid;

/// Faults of one kind: those that the same repair mends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Finding {
    /// What mends them.
    pub repair: Repair,
    /// How many.
    pub count: u32,
}

/// What was found wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Verified {
    /// Nothing is wrong.
    pub ok: bool,
    /// What is, each with its rule.
    pub faults: Vec<String>,
    /// The same by kind, for people.
    pub findings: Vec<Finding>,
    /// What can be done about it.
    pub offers: Vec<Offer>,
    /// SQLCipher's version.
    pub cipher_version: String,
    /// Aggregates held.
    pub rows: u32,
    /// Commands without a verdict.
    pub pending: u32,
    /// Highest command number given out.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub last_id: i64,
}

impl Verified {
    /// Of a store that is too bad to be opened.
    #[must_use]
    pub fn unopened(error: &Error) -> Self {
        Self {
            ok: false,
            faults: vec![format!(
                "the file cannot be opened: {}",
                error.stable_code()
            )],
            findings: vec![Finding {
                repair: Repair::Salvage,
                count: 1,
            }],
            offers: vec![Repair::Salvage.into()],
            cipher_version: String::new(),
            rows: 0,
            pending: 0,
            last_id: 0,
        }
    }
}

impl Engine {
    /// Checks the file, what its tables promise each other, and that what screens show follows from base and outbox.
    ///
    /// # Errors
    /// Of the store itself; what is wrong inside is in the answer.
    pub fn verify_store(&self) -> Result<Verified> {
        self.read(|db| {
            let mut found = Faults::default();
            found.of_file(verify::file_faults(db))?;
            found.of_tables(verify::broken_promises(db))?;
            found.of_screens(overlay_faults(db))?;
            found.of_screens(list_faults(db))?;
            Ok(Verified {
                ok: found.faults.is_empty(),
                faults: found.faults.clone(),
                offers: found.repairs.keys().copied().map(Offer::from).collect(),
                findings: found.findings(),
                cipher_version: verify::cipher_version(db)?,
                rows: base::count(db).or_else(unreadable)?,
                pending: mutations::counts(db).map(|n| n.0).or_else(unreadable)?,
                last_id: meta::get(db, meta::Key::LastId)
                    .or_else(unreadable)?
                    .unwrap_or_default(),
            })
        })
    }

    /// Writes a text for support and answers its path: versions, counts, states and codes; no names, numbers,
    /// addresses or amounts.
    ///
    /// # Errors
    /// Of the store or the file.
    pub fn diagnostics(&self) -> Result<String> {
        let text = self.bundle()?;
        let shared = self.shared();
        let stamp = shared.clock.now().format("%Y%m%d-%H%M%S");
        let path = self
            .inner
            .config
            .data
            .join(format!("diagnostics-{stamp}.txt"));
        std::fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    }

    fn bundle(&self) -> Result<String> {
        let status = serde_json::to_string_pretty(&self.sync_status()?)?;
        let verified = serde_json::to_string_pretty(&self.verify_store()?)?;
        let shared = self.shared();
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "huishou {} on {} {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        let _ = writeln!(
            text,
            "written {}, device clock {}",
            wire(shared.clock.now()),
            wire(shared.clock.wall())
        );
        let _ = writeln!(
            text,
            "device {}",
            self.device()?.map(|d| d.id.to_string()).unwrap_or_default()
        );
        let _ = writeln!(
            text,
            "keyring {}, practice {}",
            self.inner.config.key.is_keyring(),
            self.is_practice()
        );
        let _ = writeln!(text, "\nsync {status}\n\nstore {verified}\n\ncommands");
        let store = lock(&shared.store);
        for stored in mutations::for_people(store.db(), 200)? {
            let verdict = journal::of(store.db(), stored.uid)?;
            let code = verdict
                .and_then(|v| v.code.or(v.review.map(|r| r.as_str().to_owned())))
                .unwrap_or_default();
            let outcome = stored
                .outcome
                .map_or_else(|| "waits".to_owned(), |o| format!("{o:?}").to_lowercase());
            let _ = writeln!(
                text,
                "{:>6} {} {} {outcome} {code}",
                stored.id, stored.uid, stored.name
            );
        }
        text.push_str(&blobs::summary(store.db())?);
        Ok(text)
    }
}

/// Faults with what helps; a page that cannot be read is a fault like others.
#[derive(Default)]
struct Faults {
    faults: Vec<String>,
    repairs: BTreeMap<Repair, u32>,
}

impl Faults {
    fn findings(self) -> Vec<Finding> {
        let each = self.repairs.into_iter();
        each.map(|(repair, count)| Finding { repair, count })
            .collect()
    }

    fn add(&mut self, fault: String, repair: Repair) {
        self.faults.push(fault);
        *self.repairs.entry(repair).or_default() += 1;
    }

    fn of_file(&mut self, found: Result<Vec<String>>) -> Result<()> {
        self.note(found, |fault| {
            let only_keys = fault.starts_with("foreign_key_check");
            let repair = if only_keys {
                Repair::Marks
            } else {
                Repair::Salvage
            };
            (fault, repair)
        })
    }

    fn of_tables(&mut self, found: Result<Vec<(String, Cure)>>) -> Result<()> {
        self.note(found, |(fault, cure)| {
            let repair = match cure {
                Cure::Marks => Repair::Marks,
                Cure::Refetch => Repair::Refetch,
                Cure::Rebuild => Repair::Rebuild,
            };
            (fault, repair)
        })
    }

    fn of_screens(&mut self, found: Result<Vec<String>>) -> Result<()> {
        self.note(found, |fault| (fault, Repair::Rebuild))
    }

    fn note<T>(
        &mut self,
        found: Result<Vec<T>>,
        judge: impl Fn(T) -> (String, Repair),
    ) -> Result<()> {
        match found {
            Ok(found) => {
                for (fault, repair) in found.into_iter().map(judge) {
                    self.add(fault, repair);
                }
                Ok(())
            }
            Err(error) if error.stable_code() == "store_corrupt" => {
                self.add(format!("a page cannot be read: {error}"), Repair::Salvage);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// What cannot be read counts as nothing; the fault is noted elsewhere.
fn unreadable<T: Default>(error: Error) -> Result<T> {
    if error.stable_code() == "store_corrupt" {
        Ok(T::default())
    } else {
        Err(error)
    }
}

/// Overlays that do not follow from base and outbox, or are missing.
fn overlay_faults(db: &Db) -> Result<Vec<String>> {
    let mut keys: BTreeSet<Uuid> = overlay::visits(db)?.into_iter().collect();
    keys.extend(mutations::live_visits(db)?);
    let mut faults = Vec::new();
    for key in keys {
        let right = visits::replayed(db, key)?;
        let shown = match overlay::of_visit(db, key)?.is_empty() {
            true => None,
            false => visits::load(db, key)?.map(|seen| seen.visit),
        };
        if right != shown {
            faults.push(format!(
                "overlay of visit {key} does not follow from base and outbox"
            ));
        }
    }
    Ok(faults)
}

/// List rows without a visit, and visits without a list row.
fn list_faults(db: &Db) -> Result<Vec<String>> {
    let listed: BTreeSet<Uuid> = order_list::ids(db)?.into_iter().collect();
    let mut known: BTreeSet<Uuid> = base::visits(db)?.into_iter().collect();
    known.extend(overlay::visits(db)?);
    let faults = listed
        .symmetric_difference(&known)
        .map(|key| format!("{} list row and visit {key} disagree", Kind::Order.as_str()));
    Ok(faults.collect())
}
