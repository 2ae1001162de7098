//! WeChat's users, known to the mini-program by openid only.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{Account, Wechat};

/// The users a mini-program has met.
#[derive(Debug, Default)]
pub struct People {
    met: HashSet<String>,
    high_risk: HashSet<String>,
}

impl People {
    /// Remembers a user.
    pub fn meet(&mut self, openid: &str) {
        if !self.met.contains(openid) {
            self.met.insert(openid.to_owned());
        }
    }

    /// Whether a message can be addressed so: met before, or of an openid's shape (the sandbox forgets
    /// at a restart whom the server's database remembers).
    pub fn addressable(&self, openid: &str) -> bool {
        self.met.contains(openid) || has_shape(openid)
    }

    /// Whether the user may not log in.
    pub fn is_high_risk(&self, openid: &str) -> bool {
        self.high_risk.contains(openid)
    }
}

fn has_shape(openid: &str) -> bool {
    openid.len() == 28
        && openid.starts_with('o')
        && openid
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The openid of a user called by any name: 28 characters, the same in every run, different per AppID.
pub fn openid_of(account: &Account, name: &str) -> String {
    let digest = Sha256::new()
        .chain_update(&account.appid)
        .chain_update([0])
        .chain_update(name)
        .finalize();
    let mut openid = format!("o{}", URL_SAFE_NO_PAD.encode(digest));
    openid.truncate(28);
    openid
}

/// A mainland mobile number: `^1[3-9]\d{9}$`.
pub fn valid_mobile(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() == 11
        && bytes[0] == b'1'
        && (b'3'..=b'9').contains(&bytes[1])
        && bytes.iter().all(u8::is_ascii_digit)
}

impl Wechat {
    /// The openid of a user called by any name.
    pub fn openid_of(&self, name: &str) -> String {
        openid_of(&self.account, name)
    }

    /// Holds a user for high-risk: logging in answers 40226.
    pub fn hold_for_high_risk(&mut self, openid: &str) {
        self.people.high_risk.insert(openid.to_owned());
    }

    /// Nobody is held for high-risk any more.
    pub fn trust_everyone(&mut self) {
        self.people.high_risk.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_are_different_users_of_proper_shape() {
        let account = Account::default();
        let (one, other) = (openid_of(&account, "oAbC"), openid_of(&account, "oabc"));
        assert_ne!(one, other);
        assert!(has_shape(&one) && has_shape(&other));
        assert_eq!(one, openid_of(&account, "oAbC"), "the same in every run");
    }
}
