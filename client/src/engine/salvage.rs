//! A store made anew from what can be read of a bad one and from the copies of its outbox. Done while no engine is open on
//! the folder; cut off, it goes on at the next start.

use super::{Config, repair::rebuilt, salvaged::Pictures};
use crate::{
    copies::{self, Gathered, Kept},
    error::Result,
    folder,
    secrets::DEVICE_KEY,
    store::{
        Commit, Db, Store, StoreKey, meta, mutations, people, salvage as readable, secrets,
        settings,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use huishou_domain::sync::message::Outcome;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use uuid::Uuid;

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
    /// Pictures that are not up yet.
    pub pictures: usize,
    /// Of these, the ones that only a copy still held.
    pub pictures_from_copies: usize,
    /// Pictures that neither the file nor a copy holds, though the file lists them as not up, or though a command that is
    /// kept names them and the list cannot be read to its end; the latter may have been up.
    pub pictures_lost: usize,
    /// Lines of copies that cannot be read: as many commands or drafts may be lost, if the file does not hold them.
    pub damaged: usize,
    /// Command numbers up to the highest known that neither the file nor a copy holds. They may have been answered.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub unknown: i64,
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
    for picture in &found.pictures.kept {
        // One at a time: together they may be larger than the memory.
        store.write(Commit::Other, |db| found.pictures.put(db, picture))?;
    }
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
    pictures: Pictures,
    last_id: i64,
    highest_known: BTreeSet<i64>,
}

impl Found {
    fn of(data: &Path, key: &StoreKey) -> Result<Self> {
        let path = data.join(folder::STORE);
        let read = match path.exists() {
            true => readable::read(&path, key),
            false => readable::Readable::nothing(),
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
        let named = commands.values().flat_map(Kept::pictures).collect();
        let pictures = Pictures::of(data, key, read.pictures, named, read.pictures_broken)?;
        Ok(Self {
            commands,
            pictures,
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
            pictures: self.pictures.kept.len(),
            pictures_from_copies: self.pictures.from_copies,
            pictures_lost: self.pictures.lost,
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
