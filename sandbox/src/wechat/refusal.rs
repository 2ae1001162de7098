//! The error codes WeChat answers, with the texts of its documents.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A refusal: HTTP 200 with `errcode` and `errmsg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: i64,
    text: Cow<'static, str>,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        impl Refusal {
            $($(#[$doc])* pub const $name: Self = Self { code: $code, text: Cow::Borrowed($text) };)*
            const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

refusals! {
    /// The system is busy; to be tried again.
    BUSY = -1, "system error";
    /// The access token is not known, not the latest, or was revoked.
    INVALID_CREDENTIAL = 40001, "invalid credential, access_token is invalid or not latest";
    /// `grant_type` is not the one the call wants.
    INVALID_GRANT_TYPE = 40002, "invalid grant_type";
    /// No such openid with this mini-program.
    INVALID_OPENID = 40003, "invalid openid";
    /// Not this mini-program's AppID.
    INVALID_APPID = 40013, "invalid appid";
    /// The code is not known or older than five minutes.
    INVALID_CODE = 40029, "invalid code";
    /// No such message template.
    INVALID_TEMPLATE = 40037, "invalid template_id";
    /// A parameter has a value it cannot have.
    INVALID_ARGS = 40097, "invalid args";
    /// The AppSecret is wrong.
    INVALID_SECRET = 40125, "invalid appsecret";
    /// The code has been used already.
    CODE_USED = 40163, "code been used";
    /// The user is held for high-risk and may not log in.
    HIGH_RISK_USER = 40226, "code blocked";
    /// No access token was given.
    TOKEN_MISSING = 41001, "access_token missing";
    /// No AppID was given.
    APPID_MISSING = 41002, "appid missing";
    /// No AppSecret was given.
    SECRET_MISSING = 41004, "appsecret missing";
    /// No code was given.
    CODE_MISSING = 41008, "missing code";
    /// The message's page is no page of the mini-program.
    INVALID_PAGE = 41030, "invalid page";
    /// The access token's time is over.
    TOKEN_EXPIRED = 42001, "access_token expired";
    /// The call is a GET.
    GET_REQUIRED = 43001, "require GET method";
    /// The call is a POST.
    POST_REQUIRED = 43002, "require POST method";
    /// The user has not consented to (another) message of this template.
    NO_CONSENT = 43101, "user refuse to accept the msg";
    /// The body is empty.
    EMPTY_BODY = 44002, "empty post data";
    /// The day's quota of the call is used up.
    DAY_QUOTA = 45009, "reach max api daily quota limit";
    /// Too many calls for this user within a minute.
    MINUTE_QUOTA = 45011, "api minute-quota reach limit, must slower, retry next minute";
    /// The body is not the JSON wanted.
    DATA_FORMAT = 47001, "data format error";
    /// A template field is missing or breaks its limits; the text names the field.
    INVALID_FIELD = 47003, "argument invalid!";
}

impl Refusal {
    /// [`Self::INVALID_FIELD`], naming the template's field.
    pub fn field(key: &str) -> Self {
        Self {
            text: Cow::Owned(format!("argument invalid! data.{key}.value invalid")),
            ..Self::INVALID_FIELD
        }
    }

    /// The numeric code.
    pub fn code(&self) -> i64 {
        self.code
    }

    /// The refusal of that code.
    pub fn of_code(code: i64) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|refusal| refusal.code == code)
            .cloned()
    }

    /// All codes, for a person to read.
    pub fn codes() -> String {
        Self::ALL
            .iter()
            .map(|refusal| refusal.code.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The answer's body; a request id follows the text, as WeChat's do.
    pub fn body(&self) -> Value {
        let rid = rand::random::<[u32; 3]>();
        json!({"errcode": self.code, "errmsg": format!("{} rid: {:08x}-{:08x}-{:08x}", self.text, rid[0], rid[1], rid[2])})
    }
}
