//! WeChat's error codes and what they mean for a caller. A failure is HTTP 200 with `errcode`.

use crate::problem::Problem;
use serde_json::Value;

/// A refusal in an answer.
#[derive(Debug)]
pub(super) struct Answer {
    code: i64,
    text: String,
}

impl Answer {
    /// The refusal in a body, if it is one.
    pub(super) fn of(body: &Value) -> Option<Self> {
        let code = body
            .get("errcode")
            .and_then(Value::as_i64)
            .filter(|code| *code != 0)?;
        Some(Self {
            code,
            text: body
                .get("errmsg")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

/// Why WeChat did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WechatError {
    /// 40029: the code is not known or too old.
    #[error("the code is not valid")]
    InvalidCode,
    /// 40163: the code has been used.
    #[error("the code has been used")]
    CodeUsed,
    /// 45011, 45009: too often.
    #[error("too many calls")]
    TooOften,
    /// 40226: the user is held for high-risk.
    #[error("the user is held for high-risk")]
    HighRisk,
    /// 40001, 42001, 41001: the access token is not taken.
    #[error("the access token is not taken")]
    TokenRefused,
    /// 40013, 40125 and the like: our own account's settings are wrong. Somebody has to look.
    #[error("the account's settings are wrong: {0}")]
    Settings(String),
    /// −1, or no answer: another try may do.
    #[error("busy: {0}")]
    Busy(String),
    /// Anything else.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

impl From<Answer> for WechatError {
    fn from(answer: Answer) -> Self {
        match answer.code {
            40029 | 41008 => Self::InvalidCode,
            40163 => Self::CodeUsed,
            45011 | 45009 => Self::TooOften,
            40226 => Self::HighRisk,
            40001 | 42001 | 41001 | 40014 => Self::TokenRefused,
            40013 | 40125 | 41002 | 41004 | 40164 | 40243 => {
                Self::Settings(format!("{} {}", answer.code, answer.text))
            }
            -1 => Self::Busy(answer.text),
            code => Self::Unexpected(format!("{code} {}", answer.text)),
        }
    }
}

impl From<WechatError> for Problem {
    fn from(error: WechatError) -> Self {
        match error {
            WechatError::InvalidCode => Self::unauthorized("invalid_code"),
            WechatError::CodeUsed => Self::unauthorized("code_used"),
            WechatError::TooOften => Self::too_many("rate_limited", 60),
            WechatError::HighRisk => Self::new(403, "high_risk_user"),
            WechatError::Busy(text) => Self {
                note: Some(format!("WeChat: {text}").into_boxed_str()),
                ..Self::unavailable("wechat_busy", 2)
            },
            WechatError::TokenRefused => Self {
                note: Some("WeChat refuses its own new access token".into()),
                ..Self::unavailable("wechat_busy", 30)
            },
            WechatError::Settings(text) => {
                metrics::counter!("wechat_settings_errors_total").increment(1);
                Self::internal(format!(
                    "ALARM WeChat's account settings are wrong, nobody can log in: {text}"
                ))
            }
            WechatError::Unexpected(text) => Self::internal(format!("WeChat: {text}")),
        }
    }
}
