//! What SQLite does with an open file: read, write, truncate, sync, lock, and the shared memory of the write-ahead log.
#![allow(unsafe_code)]

use super::{Handle, Open};
use crate::disk::{Change, File, SECTOR};
use rusqlite::ffi;
use std::{
    ffi::{c_int, c_void},
    ptr,
};

pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The open file behind a handle.
///
/// # Safety
/// `file` is a handle that `open` filled and [`close`] has not seen.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Open {
    // SAFETY: SQLite hands out the handles that `open` filled, one call at a time.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `open` made it with Box::into_raw, and SQLite closes a handle once.
    let open = unsafe { Box::from_raw((*file.cast::<Handle>()).open) };
    open.leave();
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes a handle of ours and a buffer of `amount` bytes.
    let (open, to) = unsafe {
        let amount = usize::try_from(amount).unwrap_or(0);
        (
            opened(file),
            std::slice::from_raw_parts_mut(to.cast::<u8>(), amount),
        )
    };
    let from = usize::try_from(offset).unwrap_or(0);
    let copied = open.with(|file| {
        let there = file.seen.get(from..).unwrap_or(&[]);
        let count = there.len().min(to.len());
        to[..count].copy_from_slice(&there[..count]);
        to[count..].fill(0);
        count
    });
    match copied {
        None => ffi::SQLITE_IOERR_READ,
        Some(count) if count < to.len() => ffi::SQLITE_IOERR_SHORT_READ,
        Some(_) => ffi::SQLITE_OK,
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes a handle of ours and a buffer of `amount` bytes.
    let (open, bytes) = unsafe {
        let amount = usize::try_from(amount).unwrap_or(0);
        (
            opened(file),
            std::slice::from_raw_parts(from.cast::<u8>(), amount),
        )
    };
    if open.is_full() {
        return ffi::SQLITE_FULL;
    }
    let at = usize::try_from(offset).unwrap_or(0);
    let written = open.with(|file| {
        file.change(Change::Write {
            at,
            bytes: bytes.to_vec(),
        });
    });
    written.map_or(ffi::SQLITE_IOERR_WRITE, |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    let size = usize::try_from(size).unwrap_or(0);
    let done = open.with(|file| file.change(Change::Resize(size)));
    done.map_or(ffi::SQLITE_IOERR_TRUNCATE, |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    open.note_sync();
    open.with(File::sync)
        .map_or(ffi::SQLITE_IOERR_FSYNC, |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    match open.with(|file| file.seen.len()) {
        None => ffi::SQLITE_IOERR_FSTAT,
        Some(len) => {
            // SAFETY: SQLite passes a place for the size.
            unsafe { *size = ffi::sqlite3_int64::try_from(len).unwrap_or(0) };
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    told(open.sharing().lock(open.id, level))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    open.sharing().unlock(open.id, level);
    ffi::SQLITE_OK
}

const fn told(got: bool) -> c_int {
    if got {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_BUSY
    }
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    let reserved = open.sharing().is_reserved(open.id);
    // SAFETY: SQLite passes a place for the answer.
    unsafe { *held = c_int::from(reserved) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    c_int::try_from(SECTOR).unwrap_or(512)
}

unsafe extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    0
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    place: *mut *mut c_void,
) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    let (page, words) = (
        usize::try_from(page).unwrap_or(0),
        usize::try_from(size).unwrap_or(0).div_ceil(8),
    );
    let region = open.sharing().region(page, words, extend != 0);
    let start = region.map_or(ptr::null_mut(), <*mut u64>::cast);
    // SAFETY: SQLite passes a place for the pointer; the boxed region keeps its address until it is unmapped.
    unsafe { *place = start };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    let slots = ((1_u32 << count) - 1) << first;
    let mut sharing = open.sharing();
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        sharing.give(open.id, slots);
        return ffi::SQLITE_OK;
    }
    let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    told(sharing.take(open.id, slots, exclusive))
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: a handle of ours.
    let open = unsafe { opened(file) };
    // The memory goes with the last handle.
    open.sharing().give(open.id, u32::MAX);
    ffi::SQLITE_OK
}
