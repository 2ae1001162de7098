//! Repairs of a store, each named, each saying what it does and what would be lost before it is done. Commands, verdicts
//! and drafts are what a device alone has: no repair touches those that can be read. The rest is the server's and comes
//! back with the next contact.

use super::{Config, Engine, Event, diagnostics::Verified, lock};
use crate::{
    copies::{self, Gathered, Kept},
    error::{Error, Result},
    folder,
    secrets::DEVICE_KEY,
    store::{
        Commit, Db, Store, StoreKey, appointment_list, base, mend, meta, mutations, order_list,
        overlay, people, salvage as readable, secrets, settings,
    },
    sync::pull,
    view::sync::DataChanged,
    visits,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use huishou_domain::sync::message::Outcome;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
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

/// What a salvage would keep, or has kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Plan {
    /// Commands that wait for a verdict.
    pub pending: usize,
    /// Refused commands that nobody has dealt with.
    pub open: usize,
    /// Of all these, the ones that only a copy still held.
    pub from_copies: usize,
    /// Drafts.
    pub drafts: usize,
    /// Lines of copies that cannot be read: as many commands or drafts may be lost, if the file does not hold them.
    pub damaged: usize,
    /// Command numbers up to the highest known that neither the file nor a copy holds. They may have been answered.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub unknown: i64,
}

impl Engine {
    /// Does a repair on the open store.
    ///
    /// # Errors
    /// `salvage_closed` for [`Repair::Salvage`], which [`salvage`] does while no engine is open; of the store.
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

fn rebuilt(db: &Db) -> Result<()> {
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

/// What a salvage of this folder would keep. Changes nothing.
///
/// # Errors
/// Those of the key, as [`Engine::open`] reports them, or of the folder.
pub fn plan_salvage(config: &Config) -> Result<Plan> {
    let key = config.key.store_key(&config.data, true)?;
    Ok(Found::of(&config.data, &key)?.plan())
}

/// Replaces a store that has gone bad. No engine may be open on the folder.
///
/// # Errors
/// As for [`plan_salvage`]; until the new store is complete and synced the old one stays in its place.
pub fn salvage(config: &Config) -> Result<Plan> {
    let key = config.key.store_key(&config.data, true)?;
    let found = Found::of(&config.data, &key)?;
    let plan = found.plan();
    let making = format!("{}-new", folder::SALVAGED);
    for path in folder::database(&config.data, &making) {
        folder::remove(&path)?;
    }
    let mut store = Store::open(&config.data.join(&making), &key)?;
    store.write(Commit::Other, |db| found.fill(db))?;
    store.settle()?;
    std::fs::File::open(config.data.join(&making))?.sync_all()?;
    std::fs::rename(
        config.data.join(&making),
        config.data.join(folder::SALVAGED),
    )?;
    folder::sync(&config.data)?;
    swap(&config.data)?;
    tracing::warn!(?plan, "the store was made anew");
    Ok(plan)
}

/// Puts a salvaged store, if there is one, into the place of the bad one, which is kept aside. Cut off, it goes on at the
/// next start: what lies beside the old file goes first, so that it is never taken for the new one's.
pub fn swap(data: &Path) -> Result<()> {
    let salvaged = data.join(folder::SALVAGED);
    if !salvaged.exists() {
        return Ok(());
    }
    if data.join(folder::STORE).exists() {
        for older in folder::beginning(data, folder::BROKEN)? {
            folder::remove(&older)?;
        }
    }
    for path in folder::database(data, folder::STORE) {
        if path.exists() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            std::fs::rename(&path, data.join(format!("{}{name}", folder::BROKEN)))?;
        }
    }
    std::fs::rename(&salvaged, data.join(folder::STORE))?;
    folder::sync(data)
}

/// What can be found of a store: in its file and in the copies.
struct Found {
    commands: BTreeMap<Uuid, Kept>,
    from_copies: usize,
    copies: Gathered,
    drafts: Vec<(String, serde_json::Value, i64)>,
    last_id: i64,
    highest_known: BTreeSet<i64>,
}

impl Found {
    fn of(data: &Path, key: &StoreKey) -> Result<Self> {
        let path = data.join(folder::STORE);
        let read = match path.exists() {
            true => readable::read(&path, key),
            false => readable::Readable::default(),
        };
        let copies = copies::gather(data, key)?;
        let incarnation = copies.head.as_ref().map_or(1, |head| head.incarnation);
        let mut last_id = copies.last().1.max(read.last_id.unwrap_or(0));
        let (mut commands, mut seen) = (BTreeMap::new(), BTreeSet::new());
        let mut numbers = BTreeSet::new();
        for (stored, verdict) in read.commands {
            last_id = last_id.max(stored.id);
            seen.insert(stored.uid);
            numbers.insert(stored.id);
            let waits = stored.outcome.is_none() || (verdict.is_none() && !stored.retired);
            if waits || stored.open {
                let verdict = verdict.filter(|_| !waits);
                commands.insert(stored.uid, Kept::of(stored, incarnation, verdict));
            }
        }
        let missing = |kept: &&Kept| !seen.contains(&kept.uid);
        let more: Vec<Kept> = copies.commands.values().filter(missing).cloned().collect();
        let from_copies = more.len();
        for kept in more {
            numbers.insert(kept.id);
            commands.insert(kept.uid, kept);
        }
        Ok(Self {
            commands,
            from_copies,
            copies,
            drafts: read.drafts,
            last_id,
            highest_known: numbers,
        })
    }

    fn plan(&self) -> Plan {
        let open = |kept: &&Kept| {
            let verdict = kept.verdict.as_ref();
            verdict.is_some_and(|verdict| verdict.outcome != Outcome::Applied)
        };
        let open = self.commands.values().filter(open).count();
        let keys = self.drafts.iter().map(|(key, ..)| key);
        let drafts: BTreeSet<&String> = keys.chain(self.copies.drafts.keys()).collect();
        let begun = self.copies.head.as_ref().map_or(0, |head| head.last_id);
        let unknown = (begun + 1..=self.last_id).filter(|id| !self.highest_known.contains(id));
        Plan {
            pending: self.commands.len() - open,
            open,
            from_copies: self.from_copies,
            drafts: drafts.len(),
            damaged: self.copies.damaged,
            unknown: i64::try_from(unknown.count()).unwrap_or(i64::MAX),
        }
    }

    /// Fills a new store.
    fn fill(&self, db: &Db) -> Result<()> {
        if let Some(head) = &self.copies.head {
            for (key, value) in &head.meta {
                meta::set_text(db, key, value)?;
            }
            for (known, at) in &head.people {
                people::put(db, known, *at)?;
            }
            settings::put(db, &head.settings)?;
            let key = head
                .device_key
                .as_ref()
                .and_then(|key| BASE64.decode(key).ok());
            if let Some(key) = key {
                secrets::set(db, DEVICE_KEY, &key)?;
            }
        }
        let mut commands: Vec<&Kept> = self.commands.values().collect();
        commands.sort_by_key(|kept| (kept.incarnation, kept.id));
        let lowest = commands.iter().map(|kept| kept.id).min().unwrap_or(0);
        let mut spare = lowest.min(0);
        for kept in commands {
            if mutations::by_id(db, kept.id)?.is_none() {
                copies::insert(db, kept)?;
                continue;
            }
            // Two lives of the store gave the same number: the later one waits for a new number under a spare one.
            spare -= 1;
            let renamed = Kept {
                id: spare,
                ..kept.clone()
            };
            copies::insert(db, &renamed)?;
        }
        for draft in self.copies.drafts.values() {
            copies::insert_draft(db, draft)?;
        }
        for (key, body, at) in &self.drafts {
            let (key, body, at) = (key.clone(), body.clone(), *at);
            copies::insert_draft(db, &copies::Draft { key, body, at })?;
        }
        meta::set(db, meta::Key::LastId, &self.last_id)?;
        // Whether the numbers are still good nobody can tell from here: what is pending gets new ones.
        meta::set(db, meta::Key::OlderCopy, &true)?;
        rebuilt(db)
    }
}
