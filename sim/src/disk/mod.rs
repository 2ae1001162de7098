//! A disk that forgets what was not synced. Every write is kept apart until its file is synced; when the power goes, of
//! the writes since then a seeded subset is found on the platter, each whole or torn at a sector. Copies of a whole disk
//! stand for backups that somebody puts back.

pub mod vfs;

use crate::chance::Chance;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bytes that are written together or not at all.
pub const SECTOR: usize = 512;

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Resize(usize),
}

#[derive(Debug, Clone, Default)]
struct File {
    durable: Vec<u8>,
    /// As whoever has it open sees it.
    seen: Vec<u8>,
    unsynced: Vec<Change>,
    /// Its name is on the disk for good.
    named: bool,
}

impl File {
    fn make(bytes: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Write { at, bytes: new } => {
                if bytes.len() < at + new.len() {
                    bytes.resize(at + new.len(), 0);
                }
                bytes[*at..at + new.len()].copy_from_slice(new);
            }
            Change::Resize(len) => bytes.resize(*len, 0),
        }
    }

    fn change(&mut self, change: Change) {
        Self::make(&mut self.seen, &change);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            Self::make(&mut self.durable, &change);
        }
        self.named = true;
    }

    /// What is found after the power was gone.
    fn after_power_cut(&self, chance: &Chance, counts: &mut Counts) -> Vec<u8> {
        let mut found = self.durable.clone();
        for change in &self.unsynced {
            match (chance.below(4), change) {
                (0, _) => counts.lost += 1,
                (1, Change::Write { at, bytes }) if bytes.len() > SECTOR => {
                    counts.torn += 1;
                    for (i, part) in bytes.chunks(SECTOR).enumerate() {
                        if chance.permille(500) {
                            let part = Change::Write {
                                at: at + i * SECTOR,
                                bytes: part.to_vec(),
                            };
                            Self::make(&mut found, &part);
                        }
                    }
                }
                _ => Self::make(&mut found, change),
            }
        }
        found
    }
}

/// What befell a disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Power cuts.
    pub cuts: u64,
    /// Writes that were gone afterwards.
    pub lost: u64,
    /// Writes of which parts were gone.
    pub torn: u64,
    /// Power cuts in the middle of a transaction's writes.
    pub mid_write: u64,
    /// Syncs.
    pub syncs: u64,
    /// Writes refused because the disk was full.
    pub full: u64,
}

impl Counts {
    /// Adds another disk's.
    pub fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.lost += other.lost;
        self.torn += other.torn;
        self.mid_write += other.mid_write;
        self.syncs += other.syncs;
        self.full += other.full;
    }
}

#[derive(Debug, Default)]
struct Platter {
    files: BTreeMap<String, File>,
    /// Deleted, but the folder was not synced since.
    deleted: BTreeMap<String, File>,
    /// Without power: nothing that is still open reaches it.
    off: bool,
    /// No byte more fits in.
    full: bool,
    /// What the connections to each open file share.
    sharing: BTreeMap<String, Arc<Mutex<vfs::Sharing>>>,
    /// Writes until the power goes.
    fuse: Option<u64>,
    counts: Counts,
}

impl Platter {
    fn powered(&self) -> std::io::Result<()> {
        if self.off {
            return Err(std::io::Error::other("no power"));
        }
        Ok(())
    }

    /// A write is about to be made; the power may go instead.
    fn burn(&mut self) {
        match &mut self.fuse {
            Some(0) => {
                self.off = true;
                self.counts.mid_write += 1;
                self.fuse = None;
            }
            Some(left) => *left -= 1,
            None => {}
        }
    }
}

/// A disk; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Platter>>);

/// A copy of everything that is on a disk.
#[derive(Debug, Clone)]
pub struct Backup(BTreeMap<String, File>);

impl Disk {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power goes. Whoever has files open may write on: nothing of it counts.
    pub fn cut_power(&self) {
        self.platter().off = true;
    }

    /// The system writes back what it holds: a killed app loses nothing that way.
    pub fn flush(&self) {
        let mut platter = self.platter();
        platter.deleted.clear();
        platter.files.values_mut().for_each(File::sync);
    }

    /// The power goes in the middle of some write soon: so many more are made.
    pub fn cut_power_after(&self, writes: u64) {
        self.platter().fuse = Some(writes);
    }

    /// Whether the power is gone.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.platter().off
    }

    /// The power is back: the disk holds what was synced, and of the rest what chance left.
    pub fn restore_power(&self, chance: &Chance) {
        let mut platter = self.platter();
        let mut counts = platter.counts;
        counts.cuts += 1;
        for (name, file) in std::mem::take(&mut platter.deleted) {
            if chance.permille(500) {
                platter.files.entry(name).or_insert(file);
            }
        }
        let mut files = std::mem::take(&mut platter.files);
        files.retain(|_, file| file.named || chance.permille(500));
        for file in files.values_mut() {
            file.durable = file.after_power_cut(chance, &mut counts);
            file.seen = file.durable.clone();
            file.unsynced.clear();
            file.named = true;
        }
        platter.files = files;
        platter.counts = counts;
        platter.off = false;
        platter.full = false;
        platter.fuse = None;
    }

    /// What a backup program would copy now, with nobody at work on the disk.
    #[must_use]
    pub fn backup(&self) -> Backup {
        Backup(self.platter().files.clone())
    }

    /// Puts a backup in the place of everything.
    pub fn put_back(&self, backup: &Backup) {
        let mut platter = self.platter();
        platter.files = backup.0.clone();
        platter.deleted.clear();
        for file in platter.files.values_mut() {
            file.durable.clone_from(&file.seen);
            file.unsynced.clear();
            file.named = true;
        }
    }

    /// A file as whoever opens it sees it.
    fn read(&self, name: &str) -> std::io::Result<Option<Vec<u8>>> {
        let platter = self.platter();
        platter.powered()?;
        Ok(platter.files.get(name).map(|file| file.seen.clone()))
    }

    /// Puts a file in the place of another, for good.
    fn replace(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let mut platter = self.platter();
        platter.burn();
        platter.powered()?;
        if platter.full {
            platter.counts.full += 1;
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        platter.deleted.remove(name);
        let file = File {
            durable: bytes.to_vec(),
            seen: bytes.to_vec(),
            unsynced: Vec::new(),
            named: true,
        };
        platter.files.insert(name.to_owned(), file);
        Ok(())
    }

    /// Removes a file; that it is gone is sure once the folder was synced.
    fn remove(&self, name: &str) -> std::io::Result<()> {
        let mut platter = self.platter();
        platter.burn();
        platter.powered()?;
        if let Some(file) = platter.files.remove(name)
            && file.named
        {
            platter.deleted.insert(name.to_owned(), file);
        }
        Ok(())
    }

    /// Makes sure that what was removed is gone.
    fn sync_folder(&self) -> std::io::Result<()> {
        let mut platter = self.platter();
        platter.burn();
        platter.powered()?;
        platter.deleted.clear();
        Ok(())
    }

    /// Gives a store another name, in the place of whatever has it, with nobody at work on the disk.
    pub fn rename_store(&self, from: &str, to: &str) {
        let mut platter = self.platter();
        for end in ["", "-wal", "-shm", "-journal"] {
            platter.files.remove(&format!("{to}{end}"));
            if let Some(mut file) = platter.files.remove(&format!("{from}{end}")) {
                file.sync();
                platter.files.insert(format!("{to}{end}"), file);
            }
        }
        platter.deleted.clear();
    }

    /// Forgets a store that nobody needs.
    pub fn forget_store(&self, name: &str) {
        let mut platter = self.platter();
        for end in ["", "-wal", "-shm", "-journal"] {
            platter.files.remove(&format!("{name}{end}"));
            platter.deleted.remove(&format!("{name}{end}"));
        }
    }

    /// From now on nothing fits in any more, or again does.
    pub fn set_full(&self, full: bool) {
        self.platter().full = full;
    }

    /// What befell it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.platter().counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(changes: &[(usize, &[u8])], synced: usize) -> Disk {
        let disk = Disk::default();
        let mut file = File::default();
        for (n, (at, bytes)) in changes.iter().enumerate() {
            file.change(Change::Write {
                at: *at,
                bytes: bytes.to_vec(),
            });
            if n + 1 == synced {
                file.sync();
            }
        }
        disk.platter().files.insert("f".into(), file);
        disk
    }

    fn found(disk: &Disk) -> Vec<u8> {
        disk.platter()
            .files
            .get("f")
            .map(|f| f.seen.clone())
            .unwrap_or_default()
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let mut kept = [0, 0];
        for seed in 0..100 {
            let disk = written(&[(0, b"synced"), (6, b"perhaps")], 1);
            disk.cut_power();
            disk.restore_power(&Chance::of(seed));
            let found = found(&disk);
            assert!(found.starts_with(b"synced"), "seed {seed}: {found:?}");
            kept[usize::from(found.len() > 6)] += 1;
        }
        assert!(kept[0] > 5 && kept[1] > 5, "both happen: {kept:?}");
    }

    #[test]
    fn a_large_write_can_be_torn_at_a_sector() {
        let big = vec![7_u8; 4 * SECTOR];
        let torn = (0..200).any(|seed| {
            let disk = written(&[(0, &vec![1; 4 * SECTOR]), (0, &big)], 1);
            disk.cut_power();
            disk.restore_power(&Chance::of(seed));
            let found = found(&disk);
            found.contains(&1) && found.contains(&7)
        });
        assert!(torn);
    }
}
