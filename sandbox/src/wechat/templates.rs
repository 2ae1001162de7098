//! The message templates the mini-program has chosen: which fields each of them has.

use std::collections::BTreeMap;

use super::{Wechat, fields::Kind};

/// Templates by id, each with its fields in order.
#[derive(Debug, Default)]
pub struct Templates(BTreeMap<String, Vec<String>>);

/// The demonstration's templates.
const DEMO: &[(&str, &[&str])] = &[
    (
        "tmpl-appointment-confirmed",
        &["thing1", "time2", "thing3", "name4", "phone_number5"],
    ),
    ("tmpl-appointment-changed", &["thing1", "time2", "thing3"]),
    ("tmpl-appointment-cancelled", &["thing1", "time2", "thing3"]),
    (
        "tmpl-collector-on-the-way",
        &["name1", "phone_number2", "time3"],
    ),
    (
        "tmpl-quote-ready",
        &["character_string1", "amount2", "thing3"],
    ),
    (
        "tmpl-order-paid",
        &["character_string1", "amount2", "phrase3", "time4"],
    ),
];

impl Templates {
    /// The demonstration's templates.
    pub fn demo() -> Self {
        let owned = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        Self(
            DEMO.iter()
                .map(|(id, fields)| ((*id).to_owned(), owned(fields)))
                .collect(),
        )
    }

    /// The fields of a template.
    pub fn fields(&self, id: &str) -> Option<&[String]> {
        self.0.get(id).map(Vec::as_slice)
    }
}

impl Wechat {
    /// All templates.
    pub fn templates(&self) -> &BTreeMap<String, Vec<String>> {
        &self.templates.0
    }

    /// Adds or replaces a template; refuses a field of no known kind, naming it.
    pub fn set_template(&mut self, id: &str, fields: Vec<String>) -> Result<(), String> {
        if let Some(unknown) = fields.iter().find(|field| Kind::of(field).is_none()) {
            return Err(unknown.clone());
        }
        self.templates.0.insert(id.to_owned(), fields);
        Ok(())
    }
}
