//! Rules of devices that are shut out (sync.md 24, 25): only the server's own word wipes one, what a leaver did is with
//! the server or in quarantine by then, and nobody else has to sign in anew.

use super::{Holds, must};
use crate::{
    device::Device,
    ledger::{
        SimLedger,
        pictures::is_kept,
        rows::{self, Key, Row, Tables},
    },
    world::story::{Deed, Story},
};
use huishou_domain::sync::revocation::Mode;
use uuid::Uuid;

const PROVEN: &str = "only the server's own word wipes a device";
const HANDED_IN: &str = "what a leaver did is with the server";
const SIGNED_IN: &str = "nobody is signed out by a lost answer";
const DONE: &str = "everything pending is done in bounded time";

/// A device has just been wiped.
///
/// # Errors
/// The rule that is broken.
pub fn wiped(device: &Device, ledger: &SimLedger, story: &Story) -> Holds {
    let stolen = ledger.ever_shut(device.id, Mode::Stolen);
    must(
        stolen || ledger.ever_shut(device.id, Mode::Leave),
        PROVEN,
        || format!("n{} was wiped and never shut out", device.node.0),
    )?;
    let tables = ledger.tables();
    for deed in story.of_device(device.id) {
        if stolen {
            story.amend(deed.uid, |deed| deed.lost = true);
        } else {
            is_with_server(&deed, ledger, &tables)?;
        }
    }
    Ok(())
}

/// What a leaver did is processed or in quarantine, unless a fail-over forgot it after it was handed in.
fn is_with_server(deed: &Deed, ledger: &SimLedger, tables: &Tables) -> Holds {
    let there = matches!(tables.get(&Key::Uid(deed.uid)), Some(Row::Leads(..)))
        || is_quarantined(tables, deed.device.0, deed.uid);
    must(
        there || deed.lost || is_forgotten(ledger, deed),
        HANDED_IN,
        || format!("{} {} went with the device", deed.name, deed.uid),
    )?;
    if !there || deed.lost {
        return Ok(());
    }
    for picture in &deed.pictures {
        let kept = is_kept(tables, picture) || ledger.forgot(&Key::Picture(picture.clone()));
        must(kept, HANDED_IN, || {
            format!("{picture} of {} went with the device", deed.name)
        })?;
    }
    Ok(())
}

/// Whether a leaving device handed this in.
#[must_use]
pub fn is_quarantined(tables: &Tables, device: Uuid, uid: Uuid) -> bool {
    let text = uid.to_string();
    rows::quarantined(tables, device).any(|raw| raw.contains(&text))
}

/// Whether a fail-over forgot that this was processed, or handed in.
#[must_use]
pub fn is_forgotten(ledger: &SimLedger, deed: &Deed) -> bool {
    ledger.forgot(&Key::Uid(deed.uid)) || ledger.forgot_handed_in(deed.device.0)
}

/// A person was told to sign in anew: `worn`, because an older copy of the disk was put back.
///
/// # Errors
/// The rule that is broken.
pub fn signed_out(device: &Device, worn: bool, ledger: &SimLedger) -> Holds {
    let shut = [Mode::Leave, Mode::Stolen]
        .into_iter()
        .any(|mode| ledger.ever_shut(device.id, mode));
    must(
        worn || shut || ledger.forgot_session(device.id),
        SIGNED_IN,
        || format!("n{} has to sign in anew", device.node.0),
    )
}

/// In the end: who is shut out knows it, and is empty.
///
/// # Errors
/// The rule that is broken.
pub fn gone(device: &Device, tables: &Tables, is_wiped: bool) -> Holds {
    let shut = rows::shut(tables, device.id.0).is_some();
    must(!shut || is_wiped, DONE, || {
        format!("n{} is shut out and was not wiped", device.node.0)
    })
}
