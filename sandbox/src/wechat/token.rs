//! `POST /cgi-bin/stable_token`: the access token the other calls carry.
//!
//! Rules of the vendor's document: the same token until its last five minutes; then a new one, while
//! old and new both work for five minutes; a forced refresh ends the old one at once, at most 20 times
//! a day and not within 30 s of the last one (then nothing is refreshed).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::distr::{Alphanumeric, SampleString};
use serde::Serialize;

use super::{Refusal, Wechat};

/// A token's life.
const LIFETIME: TimeDelta = TimeDelta::seconds(7200);
/// The last part of it, in which a successor is given out and both work.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// Between two forced refreshes.
const FORCED_APART: TimeDelta = TimeDelta::seconds(30);
/// Forced refreshes a day (Beijing time).
const FORCED_PER_DAY: u32 = 20;
/// As long as the document lets a token be, so that a store too narrow for one is found out here.
const LENGTH: usize = 512;
/// Tokens remembered, so that an old one is told from an invented one.
const REMEMBERED: usize = 64;

#[derive(Debug, Clone)]
struct Token {
    value: String,
    expires_at: DateTime<Utc>,
    works_until: DateTime<Utc>,
    revoked: bool,
}

/// The answer: a token and for how many seconds it is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// The token.
    pub access_token: String,
    /// Seconds, 300 to 7200.
    pub expires_in: i64,
}

/// The tokens given out, the current one last.
#[derive(Debug, Default)]
pub struct Tokens {
    issued: Vec<Token>,
    serial: u64,
    forced_at: Option<DateTime<Utc>>,
    forced_on: Option<(NaiveDate, u32)>,
}

impl Tokens {
    /// Gives out the current token, or a new one when it is time or forced.
    pub fn grant(&mut self, force: bool, now: DateTime<Utc>) -> Result<Granted, Refusal> {
        if force && self.may_force(now)? {
            self.revoke_all();
        }
        let current = self
            .issued
            .last()
            .filter(|token| !token.revoked && token.expires_at - now > OVERLAP);
        let token = match current {
            Some(token) => token.clone(),
            None => self.issue(now),
        };
        Ok(Granted {
            access_token: token.value,
            expires_in: (token.expires_at - now).num_seconds(),
        })
    }

    fn may_force(&mut self, now: DateTime<Utc>) -> Result<bool, Refusal> {
        if self.forced_at.is_some_and(|last| now - last < FORCED_APART) {
            return Ok(false);
        }
        let today = (now + TimeDelta::hours(8)).date_naive();
        let so_far = self
            .forced_on
            .filter(|(day, _)| *day == today)
            .map_or(0, |(_, count)| count);
        if so_far >= FORCED_PER_DAY {
            return Err(Refusal::DAY_QUOTA);
        }
        self.forced_on = Some((today, so_far + 1));
        self.forced_at = Some(now);
        Ok(true)
    }

    fn issue(&mut self, now: DateTime<Utc>) -> Token {
        if let Some(old) = self.issued.last_mut().filter(|old| now < old.expires_at) {
            old.works_until = now + OVERLAP;
        }
        self.serial += 1;
        let mut value = format!("{}_", self.serial);
        Alphanumeric.append_string(
            &mut rand::rng(),
            &mut value,
            LENGTH.saturating_sub(self.serial.to_string().len() + 1),
        );
        let token = Token {
            value,
            expires_at: now + LIFETIME,
            works_until: now + LIFETIME,
            revoked: false,
        };
        if self.issued.len() == REMEMBERED {
            self.issued.remove(0);
        }
        self.issued.push(token.clone());
        token
    }

    /// Whether a call that carries this token is let in.
    pub fn check(&self, value: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        if value.is_empty() {
            return Err(Refusal::TOKEN_MISSING);
        }
        match self.issued.iter().find(|token| token.value == value) {
            None => Err(Refusal::INVALID_CREDENTIAL),
            Some(token) if token.revoked => Err(Refusal::INVALID_CREDENTIAL),
            Some(token) if now >= token.works_until => Err(Refusal::TOKEN_EXPIRED),
            Some(_) => Ok(()),
        }
    }

    /// Ends one token.
    pub fn revoke(&mut self, value: &str) {
        self.issued
            .iter_mut()
            .filter(|token| token.value == value)
            .for_each(|token| token.revoked = true);
    }

    fn revoke_all(&mut self) {
        self.issued
            .iter_mut()
            .for_each(|token| token.revoked = true);
    }
}

impl Wechat {
    /// Gives out the access token.
    pub fn grant_token(
        &mut self,
        appid: &str,
        secret: &str,
        grant_type: &str,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<Granted, Refusal> {
        if grant_type != "client_credential" {
            return Err(Refusal::INVALID_GRANT_TYPE);
        }
        self.account.check(appid, secret)?;
        self.tokens.grant(force, now)
    }

    /// Lets in a call that carries this token. `revoke_first` is asked only for a token that would do;
    /// where it says yes, the token is ended there and then.
    pub fn let_in(
        &mut self,
        token: &str,
        now: DateTime<Utc>,
        revoke_first: impl FnOnce() -> bool,
    ) -> Result<(), Refusal> {
        self.tokens.check(token, now)?;
        if revoke_first() {
            self.tokens.revoke(token);
            return Err(Refusal::INVALID_CREDENTIAL);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn after(seconds: i64) -> DateTime<Utc> {
        START + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_token_stays_the_same_until_its_last_five_minutes() {
        let mut tokens = Tokens::default();
        let first = tokens.grant(false, START).unwrap();
        assert_eq!((first.expires_in, first.access_token.len()), (7200, 512));
        let later = tokens.grant(false, after(6899)).unwrap();
        assert_eq!(
            (&later.access_token, later.expires_in),
            (&first.access_token, 301)
        );
        let next = tokens.grant(false, after(6900)).unwrap();
        assert_ne!(next.access_token, first.access_token);
        assert_eq!(next.expires_in, 7200);
    }

    #[test]
    fn old_and_new_both_work_for_five_minutes_after_the_change() {
        let mut tokens = Tokens::default();
        let old = tokens.grant(false, START).unwrap().access_token;
        let new = tokens.grant(false, after(7100)).unwrap().access_token;
        assert_eq!(tokens.check(&old, after(7399)), Ok(()));
        assert_eq!(tokens.check(&old, after(7400)), Err(Refusal::TOKEN_EXPIRED));
        assert_eq!(tokens.check(&new, after(7400)), Ok(()));
    }

    #[test]
    fn a_token_nobody_renewed_expires_after_its_two_hours() {
        let mut tokens = Tokens::default();
        let token = tokens.grant(false, START).unwrap().access_token;
        assert_eq!(tokens.check(&token, after(7199)), Ok(()));
        assert_eq!(
            tokens.check(&token, after(7200)),
            Err(Refusal::TOKEN_EXPIRED)
        );
        tokens.grant(false, after(8000)).unwrap();
        assert_eq!(
            tokens.check(&token, after(8000)),
            Err(Refusal::TOKEN_EXPIRED),
            "an expired token does not come back to life"
        );
    }

    #[test]
    fn a_forced_refresh_ends_the_old_token_at_once() {
        let mut tokens = Tokens::default();
        let old = tokens.grant(false, START).unwrap().access_token;
        let new = tokens.grant(true, after(60)).unwrap().access_token;
        assert_ne!(old, new);
        assert_eq!(
            tokens.check(&old, after(60)),
            Err(Refusal::INVALID_CREDENTIAL)
        );
        assert_eq!(tokens.check(&new, after(60)), Ok(()));
    }

    #[test]
    fn a_second_forced_refresh_within_thirty_seconds_refreshes_nothing() {
        let mut tokens = Tokens::default();
        let first = tokens.grant(true, START).unwrap().access_token;
        assert_eq!(tokens.grant(true, after(29)).unwrap().access_token, first);
        assert_ne!(tokens.grant(true, after(30)).unwrap().access_token, first);
    }

    #[test]
    fn the_twenty_first_forced_refresh_of_a_day_is_refused_until_midnight_in_beijing() {
        let mut tokens = Tokens::default();
        for n in 0..20 {
            tokens.grant(true, after(n * 30)).unwrap();
        }
        assert_eq!(tokens.grant(true, after(600)), Err(Refusal::DAY_QUOTA));
        assert!(
            tokens.grant(false, after(600)).is_ok(),
            "the ordinary way stays open"
        );
        let midnight = 16 * 3600;
        assert_eq!(
            tokens.grant(true, after(midnight - 1)),
            Err(Refusal::DAY_QUOTA)
        );
        assert!(tokens.grant(true, after(midnight)).is_ok());
    }

    #[test]
    fn an_invented_token_is_invalid_and_none_is_missing() {
        let tokens = Tokens::default();
        assert_eq!(
            tokens.check("1_forged", START),
            Err(Refusal::INVALID_CREDENTIAL)
        );
        assert_eq!(tokens.check("", START), Err(Refusal::TOKEN_MISSING));
    }
}
