//! A store that nothing opens any more makes room for a new one, and comes back when its key does.

use super::{Config, Engine, keeping};
use crate::{
    aside,
    copies::Copies,
    error::{Error, Result},
    folder,
    secrets::Recovery,
    store::{blobs, drafts, meta, mutations},
    view::session::SetAside,
    wipe,
};
use std::path::Path;

/// Sets the store of this folder aside, so that the next start begins with a new one. What had not been sent stays in it,
/// locked until its key is back; nothing is deleted.
///
/// # Errors
/// `not_found` where there is no store; `store_opens` when its key is at hand; what [`Engine::open`] says of a store whose
/// key fits and that does not open for another reason.
pub fn set_aside(config: &Config) -> Result<SetAside> {
    let data = &config.data;
    aside::go_on(data)?;
    if wipe::begun(data).is_some() || !aside::is_any(data)? {
        return Err(Error::not_found("store"));
    }
    if let Ok(key) = config.key.store_key(data, true) {
        let now = config.clock.wall().timestamp_millis();
        match keeping::open(data, &key, &Copies::of(data, &key), now) {
            Err(error) if error.stable_code() == "store_key_wrong" => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(Error::code("store_opens")),
        }
    }
    let put = aside::put(data, config.clock.wall())?;
    tracing::warn!(name = put.name, "a store whose key is gone was set aside");
    Ok(put)
}

/// Brings a store back that was set aside; the one that is here is set aside in its stead, or goes when nothing was ever
/// done with it (`is_blank`) and nothing else lies beside it. No engine may be open on the folder.
///
/// # Errors
/// `not_found`; `store_key_missing`, `no_keyring` or `keyring_locked` while its key is not back and nothing else opens
/// it: then all is as before.
pub fn bring_back(config: &Config, name: &str, is_blank: bool) -> Result<()> {
    let data = &config.data;
    aside::go_on(data)?;
    let back = aside::named(data, name)?;
    check_key(config, Path::new(&back.place))?;
    let before = aside::bring_back(data, name, config.clock.wall())?;
    tracing::warn!(name, "a store that had been set aside was brought back");
    if let Some(blank) = before.filter(|_| is_blank) {
        let place = Path::new(&blank.place);
        if holds_more(place)? {
            return Ok(());
        }
        // Its key opens nothing any more; one that is left behind harms nobody.
        let _ = config.key.destroy(place);
        std::fs::remove_dir_all(place)?;
    }
    Ok(())
}

/// Whether more than a blank store lies there: a corrupt one that was replaced, or practice.
fn holds_more(place: &Path) -> Result<bool> {
    let is_broken = !folder::beginning(place, folder::BROKEN)?.is_empty();
    Ok(is_broken || place.join(folder::PRACTICE).exists())
}

/// A passphrase is asked for afterwards, and where there is a recovery file the key can be got back afterwards.
fn check_key(config: &Config, place: &Path) -> Result<()> {
    match config.key.store_key(place, true) {
        Err(error) if error.stable_code() == "passphrase_needed" => Ok(()),
        Err(_) if Recovery::of(place).is_ok() => Ok(()),
        found => found.map(|_| ()),
    }
}

impl Engine {
    /// Whether this store may make way for another now: nothing waits in it to be sent.
    ///
    /// # Errors
    /// `unsent_here`, or of the store.
    pub fn may_make_way(&self) -> Result<()> {
        let waits =
            self.main_read(|db| Ok(mutations::counts(db)?.0 > 0 || blobs::count_waiting(db)? > 0))?;
        if waits {
            return Err(Error::code("unsent_here"));
        }
        Ok(())
    }

    /// Whether nothing was ever done with this store: no device was registered, no command given, no draft begun.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_blank(&self) -> Result<bool> {
        let is_registered = self.device()?.is_some();
        self.main_read(|db| {
            let last: Option<i64> = meta::get(db, meta::Key::LastId)?;
            Ok(!is_registered && last.unwrap_or(0) == 0 && drafts::all(db)?.is_empty())
        })
    }
}
