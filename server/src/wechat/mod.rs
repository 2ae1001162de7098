//! The WeChat mini-program's server side: login codes, phone codes, the access token they need.

mod errors;
mod token;

pub use errors::WechatError;

use crate::config;
use errors::Answer;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use token::AccessToken;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Tries of one call.
const ATTEMPTS: u32 = 3;
/// Before the second try; doubled before the third.
const PAUSE: Duration = Duration::from_millis(150);

/// Phone codes redeemed at a time: each may hold a database connection for as long as WeChat takes.
const TURNS: usize = 8;

/// WeChat, as one mini-program's account reaches it.
pub struct Wechat {
    http: Client,
    base: String,
    appid: String,
    secret: String,
    token: AccessToken,
    turns: Semaphore,
}

/// Who a login code stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Session {
    /// The user, as this mini-program knows them.
    pub openid: String,
    /// The user across the developer's apps.
    #[serde(default)]
    pub unionid: Option<String>,
}

/// A mobile number a customer has given.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// Without country code.
    pub number: String,
    /// `86`.
    pub country: String,
}

impl Wechat {
    /// A client for this account.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(config: &config::Wechat) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: Client::builder()
                .timeout(Duration::from_secs(config.timeout))
                .build()?,
            base: config.base_url.trim_end_matches('/').to_owned(),
            appid: config.appid.clone(),
            secret: config.secret.clone(),
            token: AccessToken::default(),
            turns: Semaphore::new(TURNS),
        })
    }

    /// Waits until few enough phone codes are being redeemed for one more.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// Redeems a login code (`jscode2session`). WeChat is asked again when it is busy or does not answer; a code it
    /// had taken before its answer was lost is then refused as used, and the mini-program gets a new one.
    ///
    /// # Errors
    /// By error code, see [`WechatError`].
    pub async fn session(&self, code: &str) -> Result<Session, WechatError> {
        let query = [
            ("appid", self.appid.as_str()),
            ("secret", self.secret.as_str()),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        let request = || {
            self.http
                .get(format!("{}/sns/jscode2session", self.base))
                .query(&query)
        };
        let answer = self.patiently(request).await?;
        let session: Session =
            serde_json::from_value(answer).map_err(|e| WechatError::Unexpected(e.to_string()))?;
        if session.openid.is_empty() || session.openid.len() > 64 || !session.openid.is_ascii() {
            return Err(WechatError::Unexpected("an openid of another form".into()));
        }
        Ok(session)
    }

    /// Redeems a phone code (`getuserphonenumber`). A refused access token is renewed once.
    ///
    /// # Errors
    /// By error code, see [`WechatError`].
    pub async fn phone(&self, code: &str) -> Result<Phone, WechatError> {
        let mut token = self.access_token(None).await?;
        let answer = match self.ask_phone(&token, code).await {
            Err(WechatError::TokenRefused) => {
                token = self.access_token(Some(&token)).await?;
                self.ask_phone(&token, code).await?
            }
            other => other?,
        };
        read_phone(&answer)
    }

    async fn ask_phone(&self, token: &str, code: &str) -> Result<Value, WechatError> {
        let query = [("access_token", token)];
        let body = json!({ "code": code });
        self.patiently(|| {
            self.http
                .post(format!("{}/wxa/business/getuserphonenumber", self.base))
                .query(&query)
                .json(&body)
        })
        .await
    }

    /// The access token, asked for once and kept; `refused` names one that WeChat did not take.
    async fn access_token(&self, refused: Option<&str>) -> Result<String, WechatError> {
        let fetch = |force: bool| async move {
            let body = json!({"grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "force_refresh": force});
            self.patiently(|| {
                self.http
                    .post(format!("{}/cgi-bin/stable_token", self.base))
                    .json(&body)
            })
            .await
        };
        self.token.get(refused, fetch).await
    }

    /// Asks up to three times while WeChat is busy or does not answer.
    async fn patiently(&self, request: impl Fn() -> RequestBuilder) -> Result<Value, WechatError> {
        let mut attempt = 1;
        loop {
            match ask(request()).await {
                Err(WechatError::Busy(_)) if attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE * attempt).await
                }
                outcome => return outcome,
            }
            attempt += 1;
        }
    }
}

async fn ask(request: RequestBuilder) -> Result<Value, WechatError> {
    // The address holds secret and code: it stays out of what is logged.
    let unreachable = |e: reqwest::Error| WechatError::Busy(e.without_url().to_string());
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let text = response.text().await.map_err(unreachable)?;
    if !status.is_success() {
        return Err(WechatError::Busy(format!("HTTP {status}")));
    }
    // The content type is text/plain; the body is JSON all the same.
    let body: Value = serde_json::from_str(&text)
        .map_err(|_| WechatError::Busy("an answer that is no JSON".into()))?;
    Answer::of(&body).map_or(Ok(body), |refusal| Err(refusal.into()))
}

fn read_phone(answer: &Value) -> Result<Phone, WechatError> {
    let info = &answer["phone_info"];
    let number = info["purePhoneNumber"]
        .as_str()
        .filter(|n| !n.is_empty() && n.len() <= 20 && n.bytes().all(|b| b.is_ascii_digit()));
    let country = match &info["countryCode"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => "86".to_owned(),
    };
    let plain = country.len() <= 8 && country.is_ascii();
    match number.filter(|_| plain) {
        Some(number) => Ok(Phone {
            number: number.to_owned(),
            country,
        }),
        None => Err(WechatError::Unexpected("phone_info of another form".into())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_country_code_comes_as_text_or_number() {
        for code in [json!("86"), json!(86)] {
            let answer =
                json!({"phone_info": {"purePhoneNumber": "13800002046", "countryCode": code}});
            let phone = read_phone(&answer).ok().unwrap();
            assert_eq!(
                (phone.number.as_str(), phone.country.as_str()),
                ("13800002046", "86")
            );
        }
    }
}
