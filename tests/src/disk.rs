//! Small real disks: a tmpfs of a few MiB that can be filled, emptied and made read-only while programs run on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A mounted disk.
#[derive(Debug)]
pub struct Disk {
    at: TempDir,
}

/// Whether this machine lets a test mount; where it does not, tests of disks say so and do with less.
#[must_use]
pub fn may_mount() -> bool {
    let at = TempDir::with_prefix("huishou-mount-").expect("a temporary folder");
    let mounted = mount(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"], at.path());
    if mounted {
        unmount(at.path());
    }
    mounted
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let done = Command::new("mount").args(arguments).arg(at).output();
    done.is_ok_and(|done| done.status.success())
}

fn unmount(at: &Path) {
    // Lazily: a program that was killed may still be going.
    let _ = Command::new("umount").arg("-l").arg(at).output();
}

impl Disk {
    /// A disk of so many KiB.
    #[must_use]
    pub fn of_kib(kib: u32) -> Self {
        let at = TempDir::with_prefix("huishou-disk-").expect("a temporary folder");
        let size = format!("size={kib}k,mode=700");
        assert!(
            mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], at.path()),
            "a tmpfs"
        );
        Self { at }
    }

    /// Its root.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.at.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("somebody's film")
    }

    /// Somebody else uses up all but so many KiB.
    pub fn fill_but(&self, kib: u64) {
        use std::io::Write;
        let mut file = std::fs::File::create(self.filler()).expect("a file");
        let mut written: u64 = 0;
        while file.write_all(&[7; 4096]).is_ok() {
            written += 4096;
        }
        let size = written.saturating_sub(kib * 1024);
        file.set_len(size).expect("shorter");
    }

    /// And makes room again.
    pub fn make_room(&self) {
        std::fs::remove_file(self.filler()).expect("the film");
    }

    /// Nobody can write any more, or again.
    pub fn set_read_only(&self, read_only: bool) {
        let way = if read_only {
            "remount,ro"
        } else {
            "remount,rw"
        };
        assert!(mount(&["-o", way], self.path()), "{way}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(self.path());
    }
}
