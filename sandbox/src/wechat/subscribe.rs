//! `POST /cgi-bin/message/subscribe/send`: one message for one consent.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Refusal, Wechat, fields::Kind};

/// The wire form of a message.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    #[serde(default)]
    touser: String,
    #[serde(default)]
    template_id: String,
    #[serde(default)]
    page: Option<String>,
    #[serde(default)]
    miniprogram_state: Option<String>,
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    data: BTreeMap<String, Value>,
}

/// A message as it reached the user's phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Counts up from 1.
    pub msgid: u64,
    /// The user.
    pub openid: String,
    /// The template.
    pub template_id: String,
    /// The page it opens.
    pub page: Option<String>,
    /// Field by field.
    pub data: BTreeMap<String, String>,
    /// When, as WeChat's clock has it.
    #[serde(serialize_with = "crate::clock::as_millis")]
    pub at: DateTime<Utc>,
}

/// What users consented to and what reached them.
#[derive(Debug, Default)]
pub struct Consents {
    credits: HashMap<(String, String), u32>,
    delivered: Vec<Delivered>,
}

impl Wechat {
    /// The user consents, in the played client, to one more message of the template.
    /// Returns how many may be sent now.
    pub fn consent(&mut self, openid: &str, template_id: &str) -> Result<u32, Refusal> {
        if self.templates.fields(template_id).is_none() {
            return Err(Refusal::INVALID_TEMPLATE);
        }
        self.people.meet(openid);
        let credits = self
            .consents
            .credits
            .entry((openid.to_owned(), template_id.to_owned()))
            .or_default();
        *credits += 1;
        Ok(*credits)
    }

    /// The messages that reached the user (of any, where none is named), oldest first.
    pub fn delivered(&self, openid: Option<&str>) -> Vec<Delivered> {
        self.consents
            .delivered
            .iter()
            .filter(|message| openid.is_none_or(|openid| message.openid == openid))
            .cloned()
            .collect()
    }

    /// Sends a message and spends a consent; returns its `msgid`.
    pub fn send(&mut self, message: Message, now: DateTime<Utc>) -> Result<u64, Refusal> {
        if !self.people.addressable(&message.touser) {
            return Err(Refusal::INVALID_OPENID);
        }
        let fields = self
            .templates
            .fields(&message.template_id)
            .ok_or(Refusal::INVALID_TEMPLATE)?;
        check_page(message.page.as_deref())?;
        check_choice(
            message.miniprogram_state.as_deref(),
            &["developer", "trial", "formal"],
        )?;
        check_choice(
            message.lang.as_deref(),
            &["zh_CN", "en_US", "zh_HK", "zh_TW"],
        )?;
        let data = check_data(fields, &message.data)?;
        let key = (message.touser, message.template_id);
        let credits = self
            .consents
            .credits
            .get_mut(&key)
            .filter(|credits| **credits > 0)
            .ok_or(Refusal::NO_CONSENT)?;
        *credits -= 1;
        let msgid = self.consents.delivered.len() as u64 + 1;
        let (openid, template_id) = key;
        self.consents.delivered.push(Delivered {
            msgid,
            openid,
            template_id,
            page: message.page,
            data,
            at: now,
        });
        Ok(msgid)
    }
}

/// A page is a path of the mini-program, `pages/…`, with or without a query.
fn check_page(page: Option<&str>) -> Result<(), Refusal> {
    let Some(page) = page.filter(|page| !page.is_empty()) else {
        return Ok(());
    };
    let path = page.split_once('?').map_or(page, |(path, _)| path);
    let proper = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let mut parts = path.split('/');
    let in_pages = parts.next() == Some("pages") && path.len() > "pages".len();
    if in_pages && parts.all(proper) && !page.contains(char::is_whitespace) {
        Ok(())
    } else {
        Err(Refusal::INVALID_PAGE)
    }
}

fn check_choice(value: Option<&str>, choices: &[&str]) -> Result<(), Refusal> {
    if value.is_none_or(|value| choices.contains(&value)) {
        Ok(())
    } else {
        Err(Refusal::INVALID_ARGS)
    }
}

/// Every field of the template, none beside them, each within its limits; the first at fault is named.
fn check_data(
    fields: &[String],
    data: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, String>, Refusal> {
    if let Some(stranger) = data.keys().find(|key| !fields.contains(key)) {
        return Err(Refusal::field(stranger));
    }
    let value = |field: &String| {
        let text = data
            .get(field)
            .and_then(|given| given.get("value"))
            .and_then(Value::as_str);
        let fitting = text.filter(|text| Kind::of(field).is_some_and(|kind| kind.allows(text)));
        fitting
            .map(|text| (field.clone(), text.to_owned()))
            .ok_or_else(|| Refusal::field(field))
    };
    fields.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_path_below_pages() {
        for good in [
            None,
            Some(""),
            Some("pages/order/detail"),
            Some("pages/index?id=1&a=b"),
        ] {
            assert_eq!(check_page(good), Ok(()), "{good:?}");
        }
        for bad in [
            "/pages/index",
            "index",
            "pages",
            "pages/",
            "pages//x",
            "pages/订单",
            "https://x/pages/a",
            "pages/a b",
        ] {
            assert_eq!(check_page(Some(bad)), Err(Refusal::INVALID_PAGE), "{bad}");
        }
    }
}
