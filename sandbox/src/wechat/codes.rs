//! Codes that WeChat's client hands to the mini-program: each lives five minutes and works once.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

/// How long a code can be redeemed.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);

#[derive(Debug, Clone)]
struct Code<T> {
    promise: T,
    issued_at: DateTime<Utc>,
    used: bool,
}

/// What a look at a code found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not known, or too old.
    Invalid,
    /// Redeemed before.
    Used,
    /// Can be redeemed.
    Fresh,
}

/// The codes given out, each standing for a `T`.
#[derive(Debug)]
pub struct Codes<T> {
    codes: HashMap<String, Code<T>>,
}

impl<T> Default for Codes<T> {
    fn default() -> Self {
        Self {
            codes: HashMap::new(),
        }
    }
}

impl<T: Clone> Codes<T> {
    /// Makes a code up.
    pub fn mint(&mut self, promise: T, now: DateTime<Utc>) -> String {
        let code = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        self.adopt(&code, promise, now);
        code
    }

    /// Takes a code that describes itself for one given out now, unless it is known already.
    pub fn adopt(&mut self, code: &str, promise: T, now: DateTime<Utc>) {
        if !self.codes.contains_key(code) {
            self.codes.insert(
                code.to_owned(),
                Code {
                    promise,
                    issued_at: now,
                    used: false,
                },
            );
        }
    }

    /// Looks at a code: what it stands for and whether it still works.
    pub fn look(&self, code: &str, now: DateTime<Utc>) -> (State, Option<T>) {
        match self.codes.get(code) {
            None => (State::Invalid, None),
            Some(code) if code.used => (State::Used, Some(code.promise.clone())),
            Some(code) if now >= code.issued_at + LIFETIME => {
                (State::Invalid, Some(code.promise.clone()))
            }
            Some(code) => (State::Fresh, Some(code.promise.clone())),
        }
    }

    /// Marks a code used.
    pub fn spend(&mut self, code: &str) {
        if let Some(code) = self.codes.get_mut(code) {
            code.used = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_lives_five_minutes_to_the_second() {
        let mut codes = Codes::default();
        let start = DateTime::UNIX_EPOCH;
        let code = codes.mint("u", start);
        assert_eq!(
            codes
                .look(&code, start + LIFETIME - TimeDelta::seconds(1))
                .0,
            State::Fresh
        );
        assert_eq!(codes.look(&code, start + LIFETIME).0, State::Invalid);
    }

    #[test]
    fn a_used_code_stays_used_also_when_it_describes_itself() {
        let mut codes = Codes::default();
        let now = DateTime::UNIX_EPOCH;
        codes.adopt("sandbox:wang", "wang", now);
        codes.spend("sandbox:wang");
        codes.adopt("sandbox:wang", "wang", now);
        assert_eq!(codes.look("sandbox:wang", now).0, State::Used);
    }
}
