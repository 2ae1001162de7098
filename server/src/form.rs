//! Reads small request bodies field by field; all bad fields are reported together. (Bookings have their own reader in
//! `huishou_domain::booking`.) Text is taken as it is, whatever it holds, but for blanks at its ends.

use crate::problem::{BadField, Problem};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// A body being read.
#[derive(Debug)]
pub struct Form<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<BadField>,
}

impl<'a> Form<'a> {
    /// Of an object; anything else is a wrong type.
    ///
    /// # Errors
    /// 422.
    pub fn new(raw: &'a Value) -> Result<Self, Problem> {
        match raw {
            Value::Object(object) => Ok(Self {
                object,
                errors: Vec::new(),
            }),
            _ => Err(Problem::field("body", "type")),
        }
    }

    /// Notes a fault.
    pub fn fault(&mut self, field: &str, code: &str) {
        self.errors.push(BadField {
            field: field.to_owned(),
            code: code.to_owned(),
        });
    }

    fn present(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    fn required(&mut self, key: &str) -> Option<&'a Value> {
        let value = self.present(key);
        if value.is_none() {
            self.fault(key, "required");
        }
        value
    }

    /// A text of so many characters.
    pub fn text(&mut self, key: &str, length: RangeInclusive<usize>) -> String {
        match self.required(key) {
            Some(value) => self.checked_text(key, value, &length).unwrap_or_default(),
            None => String::new(),
        }
    }

    /// A text of so many characters that may be left out.
    pub fn optional_text(&mut self, key: &str, length: RangeInclusive<usize>) -> Option<String> {
        let value = self.present(key)?;
        self.checked_text(key, value, &length)
    }

    fn checked_text(
        &mut self,
        key: &str,
        value: &Value,
        length: &RangeInclusive<usize>,
    ) -> Option<String> {
        let Value::String(text) = value else {
            self.fault(key, "type");
            return None;
        };
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 && *length.start() > 0 {
            self.fault(key, "required");
        } else if count < *length.start() {
            self.fault(key, "too_short");
        } else if count > *length.end() {
            self.fault(key, "too_long");
        }
        Some(text.to_owned())
    }

    /// A whole number within bounds.
    pub fn integer(&mut self, key: &str, bounds: RangeInclusive<i64>) -> i64 {
        let Some(value) = self.required(key) else {
            return *bounds.start();
        };
        let code = match value.as_i64() {
            Some(n) if bounds.contains(&n) => return n,
            Some(_) => "out_of_range",
            None if value.is_u64() => "out_of_range",
            None => "type",
        };
        self.fault(key, code);
        *bounds.start()
    }

    /// True or false.
    pub fn flag(&mut self, key: &str) -> bool {
        let value = self.required(key);
        match value.map(Value::as_bool) {
            Some(Some(flag)) => flag,
            Some(None) => {
                self.fault(key, "type");
                false
            }
            None => false,
        }
    }

    /// A list of any length.
    pub fn array(&mut self, key: &str) -> Option<&'a [Value]> {
        let list = self.required(key)?.as_array();
        self.fault_if(list.is_none(), key, "type");
        list.map(Vec::as_slice)
    }

    /// A list of one to `most` entries.
    pub fn list(&mut self, key: &str, most: usize) -> &'a [Value] {
        let list = self.array(key);
        self.fault_if(list.is_some_and(<[Value]>::is_empty), key, "required");
        self.fault_if(list.is_some_and(|list| list.len() > most), key, "too_long");
        list.filter(|list| list.len() <= most).unwrap_or_default()
    }

    /// A text letter for letter, blanks at its ends included.
    pub fn literal(&mut self, key: &str) -> Option<&'a str> {
        let text = self.required(key)?.as_str();
        self.fault_if(text.is_none(), key, "type");
        text
    }

    /// Notes a fault of a field that has none yet.
    pub fn fault_if(&mut self, fault: bool, field: &str, code: &str) {
        if fault && !self.errors.iter().any(|e| e.field == field) {
            self.fault(field, code);
        }
    }

    /// A name shown to people: a text without control characters.
    pub fn name(&mut self, key: &str, length: RangeInclusive<usize>) -> String {
        let name = self.text(key, length);
        self.fault_if(name.chars().any(char::is_control), key, "type");
        name
    }

    /// A UUID.
    pub fn id(&mut self, key: &str) -> Uuid {
        let text = self.text(key, 1..=64);
        match Uuid::parse_str(&text) {
            Ok(id) => id,
            Err(_) => {
                if !self.errors.iter().any(|e| e.field == key) {
                    self.fault(key, "type");
                }
                Uuid::nil()
            }
        }
    }

    /// An instant: RFC 3339 with offset.
    pub fn instant(&mut self, key: &str) -> Option<DateTime<Utc>> {
        let text = self.text(key, 1..=64);
        if self.errors.iter().any(|e| e.field == key) {
            return None;
        }
        match DateTime::parse_from_rfc3339(&text) {
            Ok(at) => Some(huishou_domain::time::to_millis(at.to_utc())),
            Err(_) => {
                self.fault(key, "type");
                None
            }
        }
    }

    /// The end: every bad field, or nothing.
    ///
    /// # Errors
    /// 422.
    pub fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::fields(self.errors))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn every_bad_field_is_reported_once() {
        let raw = json!({"name": 7, "stars": 9, "flag": "yes", "id": "x", "at": "tomorrow"});
        let mut form = Form::new(&raw).unwrap();
        form.text("name", 1..=5);
        form.integer("stars", 1..=5);
        form.flag("flag");
        form.id("id");
        form.instant("at");
        form.text("missing", 1..=5);
        let problem = form.finish().unwrap_err();
        let codes: Vec<_> = problem
            .errors
            .iter()
            .map(|e| (e.field.as_str(), e.code.as_str()))
            .collect();
        assert_eq!(
            codes,
            [
                ("name", "type"),
                ("stars", "out_of_range"),
                ("flag", "type"),
                ("id", "type"),
                ("at", "type"),
                ("missing", "required")
            ]
        );
    }
}
