//! For support: a bundle without personal data, and a check of the store against itself.

use super::{Engine, lock};
use crate::{
    error::Result,
    store::{Db, base, journal, meta, mutations, order_list, overlay, verify},
    visits,
};
use huishou_domain::{sync::scope::Kind, time::wire};
use serde::Serialize;
use std::{collections::BTreeSet, fmt::Write as _};
use uuid::Uuid;

/// What was found wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Nothing is wrong.
    pub ok: bool,
    /// What is, each with its rule.
    pub faults: Vec<String>,
    /// SQLCipher's version.
    pub cipher_version: String,
    /// Aggregates held.
    pub rows: u32,
    /// Commands without a verdict.
    pub pending: u32,
    /// Highest command number given out.
    pub last_id: i64,
}

impl Engine {
    /// Checks the file, what its tables promise each other, and that what screens show follows from base and outbox.
    ///
    /// # Errors
    /// Of the store itself; what is wrong inside is in the answer.
    pub fn verify_store(&self) -> Result<Verified> {
        self.read(|db| {
            let mut faults = verify::file_faults(db)?;
            faults.extend(verify::broken_promises(db)?);
            faults.extend(overlay_faults(db)?);
            faults.extend(list_faults(db)?);
            Ok(Verified {
                ok: faults.is_empty(),
                faults,
                cipher_version: verify::cipher_version(db)?,
                rows: base::count(db)?,
                pending: mutations::counts(db)?.0,
                last_id: meta::get(db, meta::Key::LastId)?.unwrap_or(0),
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
            let verdict = journal::of(store.db(), stored.id)?;
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
        Ok(text)
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
