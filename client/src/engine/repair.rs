//! Repairs of a store, each named, each saying what it does and what would be lost before it is done. Commands, verdicts
//! and drafts are what a device alone has: no repair touches those that can be read. The rest is the server's and comes
//! back with the next contact.

use super::{Engine, Event, diagnostics::Verified, lock};
use crate::{
    error::{Error, Result},
    store::{
        Commit, Db, Store, appointment_list, base, mend, meta, mutations, order_list, overlay,
    },
    sync::pull,
    view::sync::DataChanged,
    visits,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A repair that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Repair {
    /// The marks of commands are set right; what is doubtful is asked of the server again.
    Marks,
    /// What the server said is fetched anew.
    Refetch,
    /// What screens read is made anew.
    Rebuild,
    /// The file is replaced by a new one, from what can be read of it and from the copies of the outbox.
    Salvage,
}

impl Repair {
    /// All, in the order in which they are done.
    pub const ALL: [Self; 4] = [Self::Salvage, Self::Marks, Self::Refetch, Self::Rebuild];

    /// The name it is chosen by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marks => "marks",
            Self::Refetch => "refetch",
            Self::Rebuild => "rebuild",
            Self::Salvage => "salvage",
        }
    }

    /// Reads [`Repair::as_str`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|repair| repair.as_str() == name)
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Marks => (
                "Sets the marks of commands right; a command whose verdict is doubtful waits again and gets the server's stored verdict.",
                "Nothing.",
            ),
            Self::Refetch => (
                "Fetches everything of the server anew with the next contact and swaps it in when it is complete. Outbox, verdicts and drafts stay.",
                "Nothing.",
            ),
            Self::Rebuild => (
                "Makes lists and pending changes on screens anew from the server's state and the outbox.",
                "Nothing.",
            ),
            Self::Salvage => (
                "Replaces the store by a new one with every command, draft and picture that can be read from it or from the copies of the outbox. The server's state comes with the next contact; what is pending is sent under new numbers, each once. The old file is kept aside, encrypted, until the next repair.",
                "What neither the file nor a copy holds; see `salvage`.",
            ),
        }
    }
}

/// A repair on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Offer {
    /// Which.
    pub repair: Repair,
    /// What it does.
    pub does: &'static str,
    /// What would be lost.
    pub loses: &'static str,
}

impl From<Repair> for Offer {
    fn from(repair: Repair) -> Self {
        let (does, loses) = repair.words();
        Self {
            repair,
            does,
            loses,
        }
    }
}

impl Engine {
    /// Does a repair on the open store.
    ///
    /// # Errors
    /// `salvage_closed` for [`Repair::Salvage`], which [`super::salvage`] does while no engine is open; of the store.
    pub fn repair(&self, repair: Repair) -> Result<Verified> {
        if repair == Repair::Salvage {
            return Err(Error::code("salvage_closed"));
        }
        let shared = self.shared();
        lock(&shared.store).write(Commit::Other, |db| mended(db, repair))?;
        tracing::warn!(repair = repair.as_str(), "the store was repaired");
        self.inner.wake.notify_one();
        let kinds = ["appointment", "order", "mutation"].map(str::to_owned);
        self.notify(Event::DataChanged(DataChanged {
            kinds: kinds.into(),
        }));
        self.verify_store()
    }
}

fn mended(db: &Db, repair: Repair) -> Result<()> {
    match repair {
        Repair::Marks => {
            mend::marks(db)?;
            rebuilt(db)
        }
        Repair::Refetch => {
            pull::start_over(db)?;
            rebuilt(db)
        }
        Repair::Rebuild => rebuilt(db),
        Repair::Salvage => Err(Error::code("salvage_closed")),
    }
}

/// After an upgrade that emptied what screens read: it is made anew from what is there.
///
/// # Errors
/// Of the store.
pub fn after_upgrade(store: &mut Store) -> Result<()> {
    if !meta::get(store.db(), meta::Key::Rebuild)?.unwrap_or(false) {
        return Ok(());
    }
    store.write(Commit::Other, |db| {
        rebuilt(db)?;
        meta::remove(db, meta::Key::Rebuild)
    })
}

pub(super) fn rebuilt(db: &Db) -> Result<()> {
    overlay::clear(db)?;
    appointment_list::clear(db)?;
    order_list::clear(db)?;
    let mut keys: BTreeSet<Uuid> = base::visits(db)?.into_iter().collect();
    keys.extend(mutations::live_visits(db)?);
    for key in keys {
        visits::rebuild(db, key)?;
    }
    Ok(())
}
