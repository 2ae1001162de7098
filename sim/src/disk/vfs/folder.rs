//! Files beside the store, for the app: on the simulated disks, too.

use super::place_of;
use crate::disk::Disk;
use huishou_client::folder::Disks;
use std::{io::Result, path::Path};

/// The disks that are plugged in.
pub(super) struct Plugged;

fn on(path: &Path) -> Option<(Disk, String)> {
    place_of(path.to_str()?)
}

impl Disks for Plugged {
    fn read(&self, path: &Path) -> Option<Result<Option<Vec<u8>>>> {
        let (disk, name) = on(path)?;
        Some(disk.read(&name))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Option<Result<()>> {
        let (disk, name) = on(path)?;
        Some(disk.replace(&name, bytes))
    }

    fn remove(&self, path: &Path) -> Option<Result<()>> {
        let (disk, name) = on(path)?;
        Some(disk.remove(&name))
    }

    fn sync(&self, folder: &Path) -> Option<Result<()>> {
        let (disk, _) = on(&folder.join("any"))?;
        Some(disk.sync_folder())
    }
}
