//! Reading copies, and putting back into a store what it lost.

use super::{
    generations,
    record::{self, Draft, Head, Kept, Record, Sealer},
};
use crate::{
    error::Result,
    store::{Db, StoreKey, drafts, journal, meta, mutations},
    visits,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use uuid::Uuid;

/// What the copies of a folder hold together.
#[derive(Default, Clone)]
pub struct Gathered {
    /// The newest head that can be read.
    pub head: Option<Head>,
    /// Commands by identity.
    pub commands: BTreeMap<Uuid, Kept>,
    /// Drafts by key.
    pub drafts: BTreeMap<String, Draft>,
    /// Lines that cannot be read.
    pub damaged: usize,
    /// Generations looked at.
    pub generations: usize,
}

/// Reads the newest generation; older ones too where a line of it is damaged: what they hold beyond it has been answered
/// since, or is what the damaged line said.
///
/// # Errors
/// Of the folder.
pub fn gather(folder: &Path, key: &StoreKey) -> Result<Gathered> {
    let cipher = record::cipher(key);
    let mut gathered = Gathered::default();
    for (_, path) in generations(folder)?.into_iter().rev() {
        let mut one = Gathered::default();
        let bytes = std::fs::read(&path)?;
        for line in bytes.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
            one.take(Record::open(&cipher, line));
        }
        gathered.older(one);
        if gathered.damaged == 0 && gathered.head.is_some() {
            break;
        }
    }
    Ok(gathered)
}

impl Gathered {
    fn take(&mut self, record: Option<Record>) {
        match record {
            Some(Record::Head(head)) => self.head = Some(*head),
            Some(Record::Command(kept)) => {
                self.commands.insert(kept.uid, *kept);
            }
            Some(Record::Draft(draft)) => {
                self.drafts.insert(draft.key.clone(), draft);
            }
            None => self.damaged += 1,
        }
    }

    /// Adds what an older generation holds beyond this.
    fn older(&mut self, older: Self) {
        self.generations += 1;
        self.damaged += older.damaged;
        self.head = self.head.take().or(older.head);
        for (uid, kept) in older.commands {
            self.commands.entry(uid).or_insert(kept);
        }
        for (key, draft) in older.drafts {
            self.drafts.entry(key).or_insert(draft);
        }
    }

    /// Highest number of a command, in the newest life of the store.
    #[must_use]
    pub fn last(&self) -> (u32, i64) {
        let numbers = self
            .commands
            .values()
            .map(|kept| (kept.incarnation, kept.id));
        let head = self
            .head
            .iter()
            .map(|head| (head.incarnation, head.last_id));
        numbers.chain(head).max().unwrap_or((1, 0))
    }
}

/// Puts the commands back that came after the store's last one: its write-ahead log lost its end. They have the numbers
/// and bytes that they had, so that the server takes each once. Answers how many.
///
/// # Errors
/// Of the store.
pub fn put_back(db: &Db, gathered: &Gathered) -> Result<usize> {
    let incarnation: u32 = meta::get(db, meta::Key::Incarnation)?.unwrap_or(1);
    let last: i64 = meta::get(db, meta::Key::LastId)?.unwrap_or(0);
    let lost = |kept: &&Kept| kept.incarnation == incarnation && kept.id > last;
    let mut lost: Vec<&Kept> = gathered.commands.values().filter(lost).collect();
    lost.sort_by_key(|kept| kept.id);
    let mut visits = BTreeSet::new();
    let mut highest = last;
    for kept in &lost {
        insert(db, kept)?;
        visits.extend(kept.visit);
        highest = highest.max(kept.id);
    }
    if !lost.is_empty() {
        meta::set(db, meta::Key::LastId, &highest)?;
    }
    for visit in visits {
        visits::rebuild(db, visit)?;
    }
    Ok(lost.len())
}

/// Stores a command as it was, unless it is there; whether it was put in.
///
/// # Errors
/// Of the store.
pub fn insert(db: &Db, kept: &Kept) -> Result<bool> {
    if mutations::by_uid(db, kept.uid)?.is_some() || mutations::by_id(db, kept.id)?.is_some() {
        return Ok(false);
    }
    mutations::insert(db, &kept.stored())?;
    if let Some(verdict) = &kept.verdict {
        journal::record(db, kept.uid, &kept.name, verdict, kept.made_at)?;
        mutations::answer(db, kept.id, verdict.outcome, kept.made_at)?;
    }
    Ok(true)
}

/// Stores a draft unless a newer one is there.
///
/// # Errors
/// Of the store.
pub fn insert_draft(db: &Db, draft: &Draft) -> Result<()> {
    let there = drafts::all(db)?;
    let newer = there
        .iter()
        .any(|(key, at)| *key == draft.key && *at >= draft.at);
    if newer {
        return Ok(());
    }
    drafts::put(db, &draft.key, &draft.body, draft.at)
}
