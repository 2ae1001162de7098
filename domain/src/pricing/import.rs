//! Import of the base system's rule JSON.
//!
//! There a factor was `{field, condition: gt|lt|eq, value, operation: multiply|add|subtract}` and
//! its one `value` served as both the threshold and the operand. On import `operand = value`, and
//! the factors where one number can hardly mean both are listed, to be read by a person before
//! the book is published.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::book::{Book, present, text};
use super::error::PricingError;
use crate::number::Number;

/// What came in, as rules of a price book, and what a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Rules in the book's form, numbers as strings; they pass the book's check.
    pub rules: Vec<Value>,
    /// Factors to read before publishing.
    pub doubts: Vec<Doubt>,
}

/// A factor whose meaning the old form leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Doubt {
    /// The rule's index.
    pub rule: usize,
    /// The factor's index; `None` for the rule's own base price.
    pub factor: Option<usize>,
    /// The rule's category.
    pub category: String,
    /// What is doubtful.
    pub reason: DoubtReason,
}

/// Why an imported factor is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum DoubtReason {
    /// `moisture > 10 → × 10`: the threshold is hardly the multiplier.
    MultiplyWithThreshold,
    /// `horsepower = 2 → × 2`: may be meant, may not.
    MultiplyWithEquality,
    /// The old floating-point number had more than six decimals and was rounded half up.
    Rounded,
}

/// The file cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Neither a rule, nor a list of rules, nor `{"rules": […]}`.
    #[error("expected a rule, a list of rules or an object with `rules`")]
    NoRules,
    /// After conversion the rules break the book's form.
    #[error("imported rules are not a valid book: {0}")]
    Invalid(#[from] PricingError),
}

/// Converts the base system's rules: one rule, a list, or `{"rules": […]}`; a rule's `factors` is a
/// list or, as its database column held it, a text of JSON.
pub fn import_base_rules(file: &Value) -> Result<Imported, ImportError> {
    let rules = match file {
        Value::Array(rules) => rules.as_slice(),
        Value::Object(map) => match map.get("rules").and_then(Value::as_array) {
            Some(rules) => rules.as_slice(),
            None if map.contains_key("category") => std::slice::from_ref(file),
            None => return Err(ImportError::NoRules),
        },
        _ => return Err(ImportError::NoRules),
    };
    let mut doubts = Vec::new();
    let rules: Vec<_> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| convert_rule(index, rule, &mut doubts))
        .collect();
    Book::from_rules(&rules)?;
    Ok(Imported { rules, doubts })
}

fn convert_rule(index: usize, rule: &Value, doubts: &mut Vec<Doubt>) -> Value {
    let category = text(rule, "category").unwrap_or_default();
    let mut doubt = |factor, reason| {
        doubts.push(Doubt {
            rule: index,
            factor,
            category: category.to_owned(),
            reason,
        });
    };
    let mut converted = rule.as_object().cloned().unwrap_or_default();
    if let Some(unit) = text(rule, "unit") {
        converted.insert("unit".to_owned(), json!(unit_of(unit)));
    }
    if exact_text(&mut converted, "base_price") {
        doubt(None, DoubtReason::Rounded);
    }
    let factors = old_factors(rule);
    if let Value::Array(list) = &factors {
        let converted_factors = list
            .iter()
            .enumerate()
            .map(|(index, factor)| convert_factor(factor, |reason| doubt(Some(index), reason)));
        converted.insert("factors".to_owned(), converted_factors.collect());
    } else {
        converted.insert("factors".to_owned(), factors);
    }
    Value::Object(converted)
}

fn convert_factor(factor: &Value, mut doubt: impl FnMut(DoubtReason)) -> Value {
    let Some(mut converted) = factor.as_object().cloned() else {
        return factor.clone();
    };
    if exact_text(&mut converted, "value") {
        doubt(DoubtReason::Rounded);
    }
    if present(factor, "operand").is_none() {
        let value = converted.get("value").cloned().unwrap_or(Value::Null);
        converted.insert("operand".to_owned(), value);
        if let Some(reason) = two_meanings(factor) {
            doubt(reason);
        }
    }
    Value::Object(converted)
}

/// Where one number as threshold and multiplier is doubtful.
fn two_meanings(factor: &Value) -> Option<DoubtReason> {
    if text(factor, "operation") != Some("multiply") {
        return None;
    }
    match text(factor, "condition")? {
        "gt" | "lt" | "gte" | "lte" => Some(DoubtReason::MultiplyWithThreshold),
        "eq" | "ne" => Some(DoubtReason::MultiplyWithEquality),
        _ => None,
    }
}

fn old_factors(rule: &Value) -> Value {
    match present(rule, "factors") {
        Some(Value::String(column)) if column.trim().is_empty() => json!([]),
        Some(Value::String(column)) => {
            serde_json::from_str(column).unwrap_or_else(|_| json!(column))
        }
        Some(factors) => factors.clone(),
        None => json!([]),
    }
}

fn unit_of(old: &str) -> &str {
    match old {
        "公斤" | "千克" | "KG" | "Kg" => "kg",
        "个" | "台" | "件" | "只" | "pcs" => "piece",
        other => other,
    }
}

/// Makes the number under `key` a string of the book's form; true when digits were rounded away.
fn exact_text(map: &mut Map<String, Value>, key: &str) -> bool {
    let text = match map.get(key) {
        Some(Value::Number(number)) => number.as_str().to_owned(),
        Some(Value::String(text)) => text.clone(),
        _ => return false,
    };
    if let Ok(number) = Number::parse(&text) {
        map.insert(key.to_owned(), json!(number.to_string()));
        return false;
    }
    let Some(rounded) = rounded(&text) else {
        return false;
    };
    map.insert(key.to_owned(), json!(rounded.to_string()));
    true
}

/// Six decimals of a longer plain decimal, half up; the old system kept floats.
fn rounded(text: &str) -> Option<Number> {
    let (whole, fraction) = text.split_once('.')?;
    if fraction.len() <= 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = Number::parse(&format!("{whole}.{}", &fraction[..6])).ok()?;
    let up = i64::from(fraction.as_bytes()[6] >= b'5');
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    Number::from_micros(kept.micros() + sign * up)
}
