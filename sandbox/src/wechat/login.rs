//! `GET /sns/jscode2session`: a login code for an openid and a session key.

use std::collections::VecDeque;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Refusal, Wechat, codes::State, people::openid_of};

/// Calls per user and minute.
const CALLS_PER_MINUTE: usize = 100;
/// How a code that describes itself begins.
const SELF_DESCRIBING: &str = "sandbox:";

/// What a login code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    openid: String,
    unionid: Option<String>,
}

/// The answer to a redeemed login code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The user, as this mini-program knows them.
    pub openid: String,
    /// 16 bytes in base64, new at each login.
    pub session_key: String,
    /// The user across the developer's apps, where these are bound together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
}

/// When a user's latest calls were.
#[derive(Debug, Default)]
pub struct CallTimes(VecDeque<DateTime<Utc>>);

impl CallTimes {
    fn admit(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.0
            .retain(|at| *at <= now && now - *at < TimeDelta::minutes(1));
        if self.0.len() >= CALLS_PER_MINUTE {
            return Err(Refusal::MINUTE_QUOTA);
        }
        self.0.push_back(now);
        Ok(())
    }
}

impl Wechat {
    /// `wx.login()` in the played client: a code for this user.
    pub fn mint_login_code(
        &mut self,
        openid: &str,
        unionid: Option<String>,
        now: DateTime<Utc>,
    ) -> String {
        self.people.meet(openid);
        self.login_codes.mint(
            Promise {
                openid: openid.to_owned(),
                unionid,
            },
            now,
        )
    }

    /// Redeems a login code. Checks come in this order: parameters, account, code known, user's rate,
    /// code unused, user's risk; a code refused for the rate is not spent.
    pub fn redeem_login_code(
        &mut self,
        appid: &str,
        secret: &str,
        code: &str,
        grant_type: &str,
        now: DateTime<Utc>,
    ) -> Result<Session, Refusal> {
        self.account.check(appid, secret)?;
        if code.is_empty() {
            return Err(Refusal::CODE_MISSING);
        }
        if grant_type != "authorization_code" {
            return Err(Refusal::INVALID_GRANT_TYPE);
        }
        self.adopt_login_code(code, now);
        let (state, promise) = self.login_codes.look(code, now);
        let Some(Promise { openid, unionid }) = promise else {
            return Err(Refusal::INVALID_CODE);
        };
        self.login_calls
            .entry(openid.clone())
            .or_default()
            .admit(now)?;
        match state {
            State::Invalid => return Err(Refusal::INVALID_CODE),
            State::Used => return Err(Refusal::CODE_USED),
            State::Fresh => self.login_codes.spend(code),
        }
        if self.people.is_high_risk(&openid) {
            return Err(Refusal::HIGH_RISK_USER);
        }
        self.people.meet(&openid);
        let session_key = STANDARD.encode(rand::random::<[u8; 16]>());
        Ok(Session {
            openid,
            session_key,
            unionid,
        })
    }

    /// `sandbox:NAME`, or `sandbox:NAME#ANYTHING` for a further code of the same user.
    fn adopt_login_code(&mut self, code: &str, now: DateTime<Utc>) {
        let Some(rest) = code.strip_prefix(SELF_DESCRIBING) else {
            return;
        };
        let name = rest.split_once('#').map_or(rest, |(name, _)| name);
        if !name.is_empty() {
            let promise = Promise {
                openid: openid_of(&self.account, name),
                unionid: None,
            };
            self.login_codes.adopt(code, promise, now);
        }
    }
}
