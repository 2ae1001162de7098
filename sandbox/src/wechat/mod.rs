//! WeChat's side of a mini-program: who its users are, which codes and tokens it gave out, what users
//! consented to. Rules of the vendor's documents, as functions of a given time; the HTTP is in `web`.

mod codes;
mod fields;
mod login;
mod people;
mod phone;
mod refusal;
mod subscribe;
mod templates;
mod token;

use std::collections::HashMap;

pub use login::Session;
pub use people::{openid_of, valid_mobile};
pub use phone::PhoneInfo;
pub use refusal::Refusal;
pub use subscribe::{Delivered, Message};
pub use token::Granted;

use codes::Codes;
use people::People;
use subscribe::Consents;
use templates::Templates;
use token::Tokens;

/// The paths played.
pub const PATHS: &[&str] = &[
    "/sns/jscode2session",
    "/cgi-bin/stable_token",
    "/wxa/business/getuserphonenumber",
    "/cgi-bin/message/subscribe/send",
];

/// The mini-program's account with WeChat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// AppID.
    pub appid: String,
    /// AppSecret.
    pub secret: String,
}

impl Default for Account {
    /// The demonstration's account.
    fn default() -> Self {
        Self {
            appid: "wxdemo0000000001".to_owned(),
            secret: "demo-secret".to_owned(),
        }
    }
}

impl Account {
    fn check(&self, appid: &str, secret: &str) -> Result<(), Refusal> {
        if appid.is_empty() {
            Err(Refusal::APPID_MISSING)
        } else if secret.is_empty() {
            Err(Refusal::SECRET_MISSING)
        } else if appid != self.appid {
            Err(Refusal::INVALID_APPID)
        } else if secret != self.secret {
            Err(Refusal::INVALID_SECRET)
        } else {
            Ok(())
        }
    }
}

/// All that WeChat remembers of this mini-program.
#[derive(Debug)]
pub struct Wechat {
    account: Account,
    people: People,
    login_codes: Codes<login::Promise>,
    phone_codes: Codes<phone::Promise>,
    login_calls: HashMap<String, login::CallTimes>,
    phone_answers: u64,
    tokens: Tokens,
    templates: Templates,
    consents: Consents,
}

impl Wechat {
    /// WeChat as it is before anyone has called.
    pub fn new(account: Account) -> Self {
        Self {
            account,
            people: People::default(),
            login_codes: Codes::default(),
            phone_codes: Codes::default(),
            login_calls: HashMap::new(),
            phone_answers: 0,
            tokens: Tokens::default(),
            templates: Templates::demo(),
            consents: Consents::default(),
        }
    }
}
