//! A price book's rules, checked and compiled once, then used for any number of items.
//!
//! The check goes rule by rule and names the first fault by its path (`rules[2].factors[0].value`);
//! unknown keys are left alone.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::PricingError;
use super::factor::{Condition, Factor, Names, Operation};
use super::unit_price::UnitPrice;
use crate::number::Number;

/// Most factors of one rule.
const MOST_FACTORS: usize = 16;

/// How goods are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Unit {
    /// By weight, in kilograms.
    Kg,
    /// By the piece (件).
    Piece,
}

impl Unit {
    /// The unit's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kg => "kg",
            Self::Piece => "piece",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "kg" => Some(Self::Kg),
            "piece" => Some(Self::Piece),
            _ => None,
        }
    }
}

/// A checked price book, ready to price with.
#[derive(Debug, Clone, Default)]
pub struct Book {
    rules: Vec<Rule>,
    by_category: HashMap<Box<str>, usize>,
}

/// The price of one category of goods.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub unit: Unit,
    pub base_price: UnitPrice,
    pub factors: Vec<Factor>,
}

impl Book {
    /// Checks and compiles `{"rules": [...]}`; the error names the first fault's path.
    pub fn parse(book: &Value) -> Result<Self, PricingError> {
        let rules = present(book, "rules").and_then(Value::as_array);
        Self::from_rules(rules.ok_or_else(|| PricingError::in_book("rules".to_owned()))?)
    }

    /// As [`Book::parse`], from the list of rules itself.
    pub fn from_rules(rules: &[Value]) -> Result<Self, PricingError> {
        let mut book = Self {
            rules: Vec::with_capacity(rules.len()),
            by_category: HashMap::with_capacity(rules.len()),
        };
        for (index, rule) in rules.iter().enumerate() {
            book.add(index, rule)
                .map_err(|field| PricingError::in_book(format!("rules[{index}].{field}")))?;
        }
        Ok(book)
    }

    /// Whether goods of this category are taken.
    pub fn has_category(&self, category: &str) -> bool {
        self.by_category.contains_key(category)
    }

    /// How goods of this category are counted.
    pub fn unit(&self, category: &str) -> Option<Unit> {
        self.rule(category).map(|rule| rule.unit)
    }

    pub(super) fn rule(&self, category: &str) -> Option<&Rule> {
        self.rules.get(*self.by_category.get(category)?)
    }

    fn add(&mut self, index: usize, rule: &Value) -> Result<(), String> {
        let category = text(rule, "category").filter(|category| !category.is_empty());
        let category = category.ok_or("category")?;
        if self.by_category.insert(category.into(), index).is_some() {
            return Err("category".to_owned());
        }
        let unit = text(rule, "unit").and_then(Unit::parse).ok_or("unit")?;
        let base_price = number(rule, "base_price").filter(|price| *price >= Number::ZERO);
        self.rules.push(Rule {
            unit,
            base_price: UnitPrice::from_number(base_price.ok_or("base_price")?),
            factors: factors(rule)?,
        });
        Ok(())
    }
}

fn factors(rule: &Value) -> Result<Vec<Factor>, String> {
    let Some(list) = present(rule, "factors") else {
        return Ok(Vec::new());
    };
    let list = list.as_array().filter(|list| list.len() <= MOST_FACTORS);
    list.ok_or("factors")?
        .iter()
        .enumerate()
        .map(|(index, value)| {
            factor(value, rule).map_err(|field| format!("factors[{index}].{field}"))
        })
        .collect()
}

/// Checks in the order field, condition, operand, operation, value; the error is the key at fault.
fn factor(value: &Value, rule: &Value) -> Result<Factor, &'static str> {
    let field = text(value, "field").filter(|field| !field.is_empty());
    let field = field.ok_or("field")?;
    let condition = text(value, "condition").filter(|name| Condition::is_known(name));
    let condition = condition.ok_or("condition")?;
    let condition = Condition::parse(condition, present(value, "operand")).ok_or("operand")?;
    let operation = text(value, "operation").and_then(Operation::parse);
    Ok(Factor {
        field: field.into(),
        condition,
        operation: operation.ok_or("operation")?,
        value: number(value, "value").ok_or("value")?,
        names: names(value, field, rule),
    })
}

/// The factor's and its attribute's names, where the rule describes its attributes.
fn names(factor: &Value, field: &str, rule: &Value) -> Names {
    let attributes = present(rule, "attributes").and_then(Value::as_array);
    let attribute = attributes
        .into_iter()
        .flatten()
        .find(|attribute| text(attribute, "field") == Some(field));
    let label = |key| attribute.and_then(|attribute| text(attribute, key));
    Names {
        reason: text(factor, "reason").map(Into::into),
        reason_en: text(factor, "reason_en").map(Into::into),
        label: label("label").map(Into::into),
        label_en: label("label_en").map(Into::into),
    }
}

/// The value of a key, `null` being absent.
pub(super) fn present<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.as_object().and_then(|map| present_in(map, key))
}

/// As [`present`], in a map already at hand.
pub(super) fn present_in<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).filter(|value| !value.is_null())
}

pub(super) fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    present(object, key).and_then(Value::as_str)
}

pub(super) fn number(object: &Value, key: &str) -> Option<Number> {
    present(object, key).and_then(|value| Number::from_json(value).ok())
}
