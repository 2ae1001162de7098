//! Who a signed call is from: signature, then key, then rate, then nonce and quota, in this order, so that who cannot
//! sign learns nothing of keys and uses nothing up.

use super::signature::{Signed, fits};
use crate::{
    app::State,
    limits::Standing,
    problem::Problem,
    slots::{instant, local},
    store::{StoreError, app_keys, app_keys::AppKey, nonces},
    write_tx,
};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

/// How far a call's timestamp may be from the server's clock.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(300);

/// A partner whose call was signed as it should be; made nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partner(Uuid);

impl Partner {
    /// Its key.
    #[must_use]
    pub const fn id(self) -> Uuid {
        self.0
    }
}

/// What the head of a call says of its sender.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// `App-Key`.
    pub app_key: &'a str,
    /// `Signature`.
    pub signature: &'a str,
    /// What was signed.
    pub signed: Signed<'a>,
}

/// A call that may go on.
#[derive(Debug, Clone, Copy)]
pub struct Admitted {
    /// Whose.
    pub partner: Partner,
    /// Calls a day.
    pub quota: u32,
    /// Calls left today.
    pub left: u32,
    /// What is left of the key's rate.
    pub standing: Option<Standing>,
}

/// Lets a call in.
///
/// # Errors
/// 401 `signature_incomplete`, `timestamp_off`, `signature_wrong`, `app_key_revoked`, `nonce_used`; 429 `rate_limited`,
/// `quota_exceeded`; the database refused.
pub async fn admit(app: &State, claim: Claim<'_>) -> Result<Admitted, Problem> {
    let now = app.now();
    check_shape(&claim)?;
    check_time(claim.signed.timestamp, now)?;
    let key = app_keys::find(&mut *app.db.read().await?, claim.app_key).await?;
    let key = signer(app, key, &claim, now).ok_or_else(|| refused("signature_wrong"))?;
    if key.revoked_at.is_some() {
        return Err(refused("app_key_revoked"));
    }
    let burst = key.rate.saturating_mul(2);
    let standing = app.limits.key(key.id, key.rate, burst).await?;
    let used = use_up(app, &key, claim.signed.nonce, now).await?;
    Ok(Admitted {
        partner: Partner(key.id),
        quota: key.daily_quota,
        left: key.daily_quota.saturating_sub(used),
        standing,
    })
}

fn refused(code: &str) -> Problem {
    Problem::unauthorized(code)
}

fn check_shape(claim: &Claim<'_>) -> Result<(), Problem> {
    let nonce = claim.signed.nonce;
    let fits = (8..=64).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_graphic());
    if fits && !claim.app_key.is_empty() && !claim.signature.is_empty() {
        Ok(())
    } else {
        Err(refused("signature_incomplete"))
    }
}

fn check_time(timestamp: &str, now: DateTime<Utc>) -> Result<(), Problem> {
    let at = timestamp
        .parse()
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    match at {
        Some(at) if (at - now).abs() <= LEEWAY => Ok(()),
        _ => Err(refused("timestamp_off").with("server_time", &huishou_domain::time::wire(now))),
    }
}

/// The key whose secret signed this. Work is the same whether the key is known or not.
fn signer(
    app: &State,
    key: Option<AppKey>,
    claim: &Claim<'_>,
    now: DateTime<Utc>,
) -> Option<AppKey> {
    let (id, generation) = key
        .as_ref()
        .map_or((Uuid::nil(), 1), |k| (k.id, k.generation));
    let by = |generation| {
        fits(
            &app.open.secret(id, generation),
            &claim.signed,
            claim.signature,
        )
    };
    let still = key
        .as_ref()
        .and_then(|k| k.previous_until)
        .is_some_and(|until| now < until);
    let good = by(generation) | (by(generation.saturating_sub(1)) & still);
    key.filter(|_| good)
}

/// Writes nonce and call down, both or neither; the calls of today so far.
async fn use_up(
    app: &State,
    key: &AppKey,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<u32, Problem> {
    let today = local(now).date();
    write_tx!(&app.db, |tx| {
        match nonces::spend(tx, key.id, nonce, now).await {
            Err(StoreError::Duplicate(_)) => return Err(refused("nonce_used")),
            other => other?,
        }
        let calls = nonces::count(tx, key.id, today).await?;
        if calls > key.daily_quota {
            return Err(Problem::too_many("quota_exceeded", until_midnight(now)));
        }
        Ok(calls)
    })
}

/// Seconds until the day is over in China.
fn until_midnight(now: DateTime<Utc>) -> u32 {
    let tomorrow = local(now).date().succ_opt();
    let midnight = tomorrow.map(|day| instant(day.and_time(NaiveTime::MIN)));
    let left = midnight.map_or(0, |at| (at - now).num_seconds());
    u32::try_from(left).unwrap_or(0).saturating_add(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_timestamp_is_good_for_five_minutes_either_way() {
        let now: DateTime<Utc> = "2026-11-24T02:00:00Z".parse().unwrap();
        let seconds = now.timestamp();
        for (offset, good) in [
            (0, true),
            (300, true),
            (-300, true),
            (301, false),
            (-301, false),
        ] {
            let said = check_time(&(seconds + offset).to_string(), now);
            assert_eq!(said.is_ok(), good, "{offset}");
        }
        for odd in ["", "now", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(check_time(odd, now).unwrap_err().code, "timestamp_off");
        }
    }

    #[test]
    fn a_quota_begins_anew_at_midnight_in_china() {
        let evening: DateTime<Utc> = "2026-11-24T15:59:58Z".parse().unwrap();
        assert_eq!(until_midnight(evening), 3);
    }
}
