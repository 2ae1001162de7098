//! `POST /wxa/business/getuserphonenumber`: a phone code for the user's number.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Refusal, Wechat, codes::State, people::valid_mobile};

/// How a code that describes itself begins.
const SELF_DESCRIBING: &str = "phone:";
/// Mainland China.
const HOME: &str = "86";

/// What a phone code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    number: String,
    country_code: String,
    issued_at: DateTime<Utc>,
}

/// The answer's `phone_info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneInfo {
    phone_number: String,
    pure_phone_number: String,
    country_code: Value,
    watermark: Value,
}

impl Wechat {
    /// The user allows the played client to give the number: a code for it. `country_code` is 86 where not given.
    pub fn mint_phone_code(
        &mut self,
        number: &str,
        country_code: Option<String>,
        now: DateTime<Utc>,
    ) -> String {
        let country_code = country_code.unwrap_or_else(|| HOME.to_owned());
        self.phone_codes.mint(
            Promise {
                number: number.to_owned(),
                country_code,
                issued_at: now,
            },
            now,
        )
    }

    /// Redeems a phone code. One that was used before is as invalid as an unknown one: the call's
    /// document knows 40029 only. `countryCode` comes as string and as number by turns, as it does in life.
    pub fn redeem_phone_code(
        &mut self,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<PhoneInfo, Refusal> {
        self.adopt_phone_code(code, now);
        let (State::Fresh, Some(promise)) = self.phone_codes.look(code, now) else {
            return Err(Refusal::INVALID_CODE);
        };
        self.phone_codes.spend(code);
        self.phone_answers += 1;
        let as_number = self.phone_answers.is_multiple_of(2);
        Ok(info(promise, as_number, &self.account.appid))
    }

    /// `phone:MOBILE:ANYTHING`.
    fn adopt_phone_code(&mut self, code: &str, now: DateTime<Utc>) {
        let Some((number, _)) = code
            .strip_prefix(SELF_DESCRIBING)
            .and_then(|rest| rest.split_once(':'))
        else {
            return;
        };
        if valid_mobile(number) {
            let promise = Promise {
                number: number.to_owned(),
                country_code: HOME.to_owned(),
                issued_at: now,
            };
            self.phone_codes.adopt(code, promise, now);
        }
    }
}

fn info(promise: Promise, as_number: bool, appid: &str) -> PhoneInfo {
    let Promise {
        number,
        country_code,
        issued_at,
    } = promise;
    let phone_number = if country_code == HOME {
        number.clone()
    } else {
        format!("+{country_code}{number}")
    };
    let country_code = match country_code.parse::<u32>() {
        Ok(code) if as_number => json!(code),
        _ => json!(country_code),
    };
    PhoneInfo {
        phone_number,
        pure_phone_number: number,
        country_code,
        watermark: json!({"timestamp": issued_at.timestamp(), "appid": appid}),
    }
}
