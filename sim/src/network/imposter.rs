//! Somebody on the way who says that a device is shut out: without proof, with a signature of another key, with another
//! device's statement, or with a leaver's that was changed.

use crate::{chance::Chance, door};
use chrono::{DateTime, Utc};
use huishou_client::error::Error;
use huishou_domain::{
    ids::DeviceId,
    sync::revocation::{Mode, Statement},
};
use huishou_server::{problem::Problem, staff::identity::Identity, staff::revoke::shut_out};
use uuid::Uuid;

const FOREIGN: &str = "another secret than the server has, as long";

/// A false word.
pub(super) fn word(chance: &Chance, device: DeviceId) -> Error {
    let at: DateTime<Utc> = crate::server::BEGIN.parse().unwrap_or_default();
    let mode = if chance.permille(500) {
        Mode::Stolen
    } else {
        Mode::Leave
    };
    let other = DeviceId(Uuid::from_u128(device.0.as_u128() ^ 1));
    let said = match chance.below(5) {
        0 => return super::told(&Problem::new(403, "device_revoked")),
        1 => Statement {
            device,
            mode,
            at,
            signature: String::new(),
        },
        2 => Identity::new(FOREIGN).statement(device, mode, at),
        3 => door::identity().statement(other, mode, at),
        _ => {
            let left = door::identity().statement(other, Mode::Leave, at);
            Statement {
                device,
                mode: Mode::Stolen,
                ..left
            }
        }
    };
    super::told(&shut_out(&said))
}
