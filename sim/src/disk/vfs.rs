//! SQLite's door to the simulated disks: the operating system interface (`sqlite3_vfs`) over [`Disk`], registered as the
//! process's default so that the real store opens its files here without knowing. Paths are `<base>/<disk>/<file>`; in
//! the real file system a folder with an empty file of the store's name stands there, for whoever looks past SQLite.
//!
//! One thread runs: who does not get a lock never waits for it ([`sharing`]). The shared memory of a write-ahead log is
//! lost with the last connection, as after a crash.
#![allow(unsafe_code)]

mod folder;
mod io;
mod sharing;

use super::{Disk, File};
use rusqlite::ffi;
pub(crate) use sharing::Sharing;
use std::{
    collections::BTreeMap,
    ffi::{CStr, c_char, c_int},
    path::{Path, PathBuf},
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

const NAME: &CStr = c"simulated";
const MOST_PATH: c_int = 256;
const INTERVAL_MS: f64 = 0.0;

static NEXT: AtomicU64 = AtomicU64::new(1);
static DISKS: Mutex<BTreeMap<u32, Disk>> = Mutex::new(BTreeMap::new());

/// Where disks are plugged in.
fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| std::env::temp_dir().join(format!("huishou-sim-{}", std::process::id())))
}

/// A disk plugged in; it is unplugged when this is dropped.
#[derive(Debug)]
pub struct Plug(u32);

impl Plug {
    /// The folder where the disk's files are.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        base().join(self.0.to_string())
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        let mut disks = disks();
        disks.remove(&self.0);
        // The last one takes the folders along; if it cannot, they are empty files in a temporary folder.
        if disks.is_empty() {
            let _ = std::fs::remove_dir_all(base());
        }
    }
}

/// Plugs a disk in, and has SQLite open all files there on it.
///
/// # Errors
/// The temporary folder cannot be written.
pub fn plug_in(disk: &Disk) -> std::io::Result<Plug> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        register();
        huishou_client::folder::bring(Box::new(folder::Plugged));
    });
    let mut disks = disks();
    let free = (0..).find(|n| !disks.contains_key(n)).unwrap_or(u32::MAX);
    std::fs::create_dir_all(base().join(free.to_string()))?;
    disks.insert(free, disk.clone());
    Ok(Plug(free))
}

fn disks() -> std::sync::MutexGuard<'static, BTreeMap<u32, Disk>> {
    DISKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open file. SQLite allocates `szOsFile` bytes and sees the first field only.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    open: *mut Open,
}

struct Open {
    /// None for a temporary file, which lives and dies with its handle.
    place: Option<(Disk, String)>,
    temporary: File,
    /// Which connection this is.
    id: u64,
    sharing: Arc<Mutex<Sharing>>,
}

impl Open {
    fn sharing(&self) -> MutexGuard<'_, Sharing> {
        self.sharing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handle is closed: what is shared goes with the last one.
    fn leave(&self) {
        self.sharing().leave(self.id);
        if let Some((disk, name)) = &self.place {
            let mut platter = disk.platter();
            let ours = platter.sharing.get(name);
            let is_ours = ours.is_some_and(|ours| Arc::ptr_eq(ours, &self.sharing));
            // The platter's and this one.
            if is_ours && Arc::strong_count(&self.sharing) == 2 {
                platter.sharing.remove(name);
            }
        }
    }

    /// Works with the file; none when the disk has no power or the file is gone.
    fn with<T>(&mut self, work: impl FnOnce(&mut File) -> T) -> Option<T> {
        let Some((disk, name)) = &self.place else {
            return Some(work(&mut self.temporary));
        };
        let mut platter = disk.platter();
        if platter.off {
            return None;
        }
        platter.files.get_mut(name).map(work)
    }

    fn is_full(&self) -> bool {
        self.place.as_ref().is_some_and(|(disk, _)| {
            let mut platter = disk.platter();
            platter.burn();
            platter.counts.full += u64::from(platter.full);
            platter.full
        })
    }

    fn note_sync(&self) {
        if let Some((disk, _)) = &self.place {
            let mut platter = disk.platter();
            platter.burn();
            // File systems journal names in order: a sync takes earlier deletions along.
            if !platter.off {
                platter.deleted.clear();
            }
            platter.counts.syncs += 1;
        }
    }
}

fn register() {
    let methods: &'static mut ffi::sqlite3_vfs = Box::leak(Box::new(ffi::sqlite3_vfs {
        iVersion: 1,
        szOsFile: c_int::try_from(size_of::<Handle>()).unwrap_or(c_int::MAX),
        mxPathname: MOST_PATH,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: the structure is complete for version 1 and lives for ever.
    let done = unsafe { ffi::sqlite3_vfs_register(methods, 1) };
    assert_eq!(done, ffi::SQLITE_OK, "SQLite takes another file system");
}

/// `<base>/<disk>/<file>` as disk and file name.
fn place_of(path: &str) -> Option<(Disk, String)> {
    let path = Path::new(path).strip_prefix(base()).ok()?;
    let (disk, file) = path.to_str()?.split_once('/')?;
    Some((disks().get(&disk.parse().ok()?)?.clone(), file.to_owned()))
}

/// The text of a C string; none for a null pointer.
///
/// # Safety
/// `text` is null or a C string that lives as long as it is used.
unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller promises the rest.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let handle = file.cast::<Handle>();
    // SAFETY: SQLite allocated szOsFile bytes; without methods it will not call close.
    unsafe { (*handle).base.pMethods = ptr::null() };
    // SAFETY: SQLite passes null or a C string.
    let place = match unsafe { text(name) } {
        None => None,
        Some(path) => match place_of(path) {
            None => return ffi::SQLITE_CANTOPEN,
            place => place,
        },
    };
    let mut sharing = Arc::default();
    if let Some((disk, name)) = &place {
        let mut platter = disk.platter();
        if platter.off {
            return ffi::SQLITE_CANTOPEN;
        }
        if !platter.files.contains_key(name) {
            if flags & ffi::SQLITE_OPEN_CREATE == 0 {
                return ffi::SQLITE_CANTOPEN;
            }
            platter.files.insert(name.clone(), File::default());
        }
        sharing = Arc::clone(platter.sharing.entry(name.clone()).or_default());
    }
    let open = Box::new(Open {
        place,
        temporary: File::default(),
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        sharing,
    });
    // SAFETY: the handle is SQLite's allocation of at least this size; out_flags may be null.
    unsafe {
        (*handle).open = Box::into_raw(open);
        (*handle).base.pMethods = &raw const io::METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite passes a C string.
    let Some((disk, name)) = unsafe { text(name) }.and_then(place_of) else {
        return ffi::SQLITE_IOERR_DELETE;
    };
    let mut platter = disk.platter();
    if platter.off {
        return ffi::SQLITE_IOERR_DELETE;
    }
    match platter.files.remove(&name) {
        None => ffi::SQLITE_IOERR_DELETE_NOENT,
        Some(file) => {
            if sync_folder == 0 && file.named {
                platter.deleted.insert(name, file);
            }
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _: c_int,
    there: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a C string.
    let found = unsafe { text(name) }
        .and_then(place_of)
        .is_some_and(|(disk, name)| disk.platter().files.contains_key(&name));
    // SAFETY: SQLite passes a place for the answer.
    unsafe { *there = c_int::from(found) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a C string.
    let Some(path) = (unsafe { text(name) }) else {
        return ffi::SQLITE_CANTOPEN;
    };
    if path.len() + 1 > usize::try_from(room).unwrap_or(0) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has room for the path and its end, as just checked.
    unsafe {
        ptr::copy_nonoverlapping(name, out, path.len());
        *out.add(path.len()) = 0;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite passes a buffer of `count` bytes.
    let bytes = unsafe {
        std::slice::from_raw_parts_mut(out.cast::<u8>(), usize::try_from(count).unwrap_or(0))
    };
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::try_from(n * 37 % 251).unwrap_or(0);
    }
    count
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    micros
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, now: *mut f64) -> c_int {
    // SAFETY: SQLite passes a place for the time. Nothing in the store asks for it.
    unsafe { *now = INTERVAL_MS };
    ffi::SQLITE_OK
}

#[cfg(test)]
mod tests;
