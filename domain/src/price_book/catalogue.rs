//! What a price book shows people: names, codes for the counter, attributes to ask for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::number::Number;
use crate::pricing::Unit;

/// One kind of goods as the book presents it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CatalogueItem {
    /// `group/kind`.
    pub category: String,
    /// Chinese name (黄板纸); the category where the book has none.
    pub name: String,
    /// English name; the category where the book has none.
    pub name_en: String,
    /// The short number typed at the counter; empty where the book has none.
    pub code: String,
    /// Pinyin initials (hbz); empty where the book has none.
    pub pinyin: String,
    /// By weight or by the piece.
    pub unit: Unit,
    /// Yuan per unit before any factor.
    pub base_price: Number,
    /// What to ask about the goods.
    pub attributes: Vec<AttributeSpec>,
}

/// An attribute to ask for, because a factor looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AttributeSpec {
    /// The key in an item's `attributes`.
    pub field: String,
    /// Chinese name (含水率).
    pub label: String,
    /// English name.
    pub label_en: String,
    /// What kind of answer it takes.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// Unit of a number (%, L, 匹), where it has one.
    pub unit: Option<String>,
    /// The answers of a choice, in order; empty for other types.
    #[serde(default)]
    pub choices: Vec<Choice>,
}

/// The kind of answer an attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum AttributeType {
    /// A decimal number.
    Number,
    /// Yes or no.
    Bool,
    /// One of `choices`.
    Choice,
}

/// One answer of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Choice {
    /// What is written into the item.
    pub value: String,
    /// Chinese name.
    pub label: String,
    /// English name.
    pub label_en: String,
}

/// The rules that have a category, a unit and a base price, in the book's order.
pub(super) fn catalogue(rules: &[Value]) -> Vec<CatalogueItem> {
    rules.iter().filter_map(item).collect()
}

fn item(rule: &Value) -> Option<CatalogueItem> {
    let category = text(rule, "category")?;
    let or_category = |key| text(rule, key).unwrap_or_else(|| category.clone());
    Some(CatalogueItem {
        name: or_category("name"),
        name_en: or_category("name_en"),
        code: text(rule, "code").unwrap_or_default(),
        pinyin: text(rule, "pinyin").unwrap_or_default(),
        unit: Unit::deserialize(rule.get("unit")?).ok()?,
        base_price: Number::from_json(rule.get("base_price")?).ok()?,
        attributes: list(rule, "attributes").filter_map(attribute).collect(),
        category,
    })
}

fn attribute(spec: &Value) -> Option<AttributeSpec> {
    let field = text(spec, "field")?;
    Some(AttributeSpec {
        label: text(spec, "label").unwrap_or_else(|| field.clone()),
        label_en: text(spec, "label_en").unwrap_or_else(|| field.clone()),
        kind: AttributeType::deserialize(spec.get("type")?).ok()?,
        unit: text(spec, "unit"),
        choices: list(spec, "choices").filter_map(choice).collect(),
        field,
    })
}

/// A choice is an object, or just its value where that needs no other name.
fn choice(choice: &Value) -> Option<Choice> {
    let value = match choice.as_str() {
        Some(value) => value.to_owned(),
        None => text(choice, "value")?,
    };
    Some(Choice {
        label: text(choice, "label").unwrap_or_else(|| value.clone()),
        label_en: text(choice, "label_en").unwrap_or_else(|| value.clone()),
        value,
    })
}

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    object
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
