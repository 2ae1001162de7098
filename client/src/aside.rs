//! Stores set aside: a store whose key is gone makes room for a new one, and comes back when the key does. Its files are
//! moved, each under its own name, into a folder named by the date; nothing is deleted. A marker is laid down before and
//! taken away after: a move that was cut off goes on at the next start.

use crate::{
    crash::crash_point,
    error::{Error, Result},
    folder,
    view::session::SetAside,
};
use chrono::{DateTime, NaiveDateTime, Utc};
use huishou_domain::time::wire;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// How the date stands in a folder's name.
const DATE: &str = "%Y%m%dT%H%M%SZ";

/// What the marker says: first the files here go into one folder, then those of the other come here.
#[derive(Serialize, Deserialize)]
struct Move {
    aside: Option<String>,
    back: Option<String>,
}

/// Whether there is a store, or what is left of one.
///
/// # Errors
/// Of the folder.
pub fn is_any(data: &Path) -> Result<bool> {
    let is_store = data.join(folder::STORE).exists();
    Ok(is_store || (data.exists() && !folder::beginning(data, folder::COPY)?.is_empty()))
}

/// The stores that were set aside, the oldest first.
///
/// # Errors
/// Of the folder.
pub fn all(data: &Path) -> Result<Vec<SetAside>> {
    if !data.exists() {
        return Ok(Vec::new());
    }
    let folders = folder::beginning(data, folder::ASIDE)?;
    Ok(folders.iter().filter_map(|path| told(path)).collect())
}

/// One of them.
///
/// # Errors
/// `not_found`, or of the folder.
pub fn named(data: &Path, name: &str) -> Result<SetAside> {
    let found = all(data)?.into_iter().find(|one| one.name == name);
    found.ok_or_else(|| Error::not_found("name"))
}

fn told(path: &Path) -> Option<SetAside> {
    let name = path.file_name()?.to_str()?;
    let date = name.strip_prefix(folder::ASIDE)?.get(..16)?;
    let at = NaiveDateTime::parse_from_str(date, DATE).ok()?.and_utc();
    path.is_dir().then(|| SetAside {
        name: name.to_owned(),
        place: path.display().to_string(),
        at: wire(at),
    })
}

/// Sets the store that is here aside. No store of the folder may be open.
///
/// # Errors
/// Of the folder; what has begun then goes on at the next start.
pub fn put(data: &Path, now: DateTime<Utc>) -> Result<SetAside> {
    let name = free_name(data, now);
    carry_out(data, Some(name.clone()), None)?;
    named(data, &name)
}

/// Brings a store back; the one that is here, if there is any, is set aside first and answered. No store of the folder
/// may be open.
///
/// # Errors
/// `not_found`, or of the folder; what has begun then goes on at the next start.
pub fn bring_back(data: &Path, name: &str, now: DateTime<Utc>) -> Result<Option<SetAside>> {
    let back = named(data, name)?.name;
    let aside = is_any(data)?.then(|| free_name(data, now));
    carry_out(data, aside.clone(), Some(back))?;
    aside.map(|name| named(data, &name)).transpose()
}

/// Does what is left of a move that was cut off.
///
/// # Errors
/// Of the folder; it goes on at the next start.
pub fn go_on(data: &Path) -> Result<()> {
    let path = data.join(folder::MOVING);
    if !path.exists() {
        return Ok(());
    }
    let moving: Move = serde_json::from_slice(&std::fs::read(&path)?)?;
    if let Some(name) = &moving.aside {
        put_away(data, &data.join(name))?;
    }
    if let Some(name) = &moving.back {
        // What comes back now is not to be put away again.
        mark(
            data,
            &Move {
                aside: None,
                back: moving.back.clone(),
            },
        )?;
        crash_point("aside.before_back");
        take_back(data, &data.join(name))?;
    }
    crash_point("aside.before_end");
    folder::remove(&path)?;
    folder::sync(data)
}

fn carry_out(data: &Path, aside: Option<String>, back: Option<String>) -> Result<()> {
    mark(data, &Move { aside, back })?;
    crash_point("aside.after_mark");
    go_on(data)
}

fn mark(data: &Path, moving: &Move) -> Result<()> {
    let text = serde_json::to_string(moving)?;
    folder::replace(&data.join(folder::MOVING), text.as_bytes())
}

/// Two within a second are told apart.
fn free_name(data: &Path, now: DateTime<Utc>) -> String {
    let name = format!("{}{}", folder::ASIDE, now.format(DATE));
    let mut free = name.clone();
    for again in 2_u32.. {
        if !data.join(&free).exists() {
            break;
        }
        free = format!("{name}-{again}");
    }
    free
}

/// What belongs to the store that is here, practice and the names of its keys included; each file may be gone.
fn belongings(data: &Path) -> Result<Vec<PathBuf>> {
    let mut files = folder::database(data, folder::STORE);
    files.extend(folder::database(data, folder::SALVAGED));
    files.extend(folder::database(data, folder::PRACTICE));
    for begin in [folder::COPY, folder::PICTURE, folder::BROKEN] {
        files.extend(folder::beginning(data, begin)?);
    }
    let names = [
        folder::KEY,
        folder::PRACTICE_KEY,
        folder::NAME,
        folder::RECOVERY,
    ];
    files.extend(names.map(|name| data.join(name)));
    Ok(files)
}

fn put_away(data: &Path, into: &Path) -> Result<()> {
    folder::make(into)?;
    for path in belongings(data)? {
        move_into(&path, into)?;
        crash_point("aside.after_file");
    }
    folder::sync(into)?;
    folder::sync(data)
}

fn take_back(data: &Path, from: &Path) -> Result<()> {
    if !from.exists() {
        return Ok(());
    }
    for path in folder::beginning(from, "")? {
        move_into(&path, data)?;
        crash_point("aside.after_file");
    }
    folder::sync(data)?;
    Ok(std::fs::remove_dir(from)?)
}

fn move_into(path: &Path, into: &Path) -> Result<()> {
    let name = path.file_name().unwrap_or_default();
    match std::fs::rename(path, into.join(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
