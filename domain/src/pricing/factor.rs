//! One factor of a rule: a condition on an attribute of the goods and what it does to the price.
//!
//! Operands are parsed once, when the book is checked, so that pricing compares and never parses
//! the book again.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::unit_price::{TooLarge, UnitPrice};
use crate::number::Number;

/// What an attribute can be compared with. A text in the form of a number is that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Number(Number),
    Text(Box<str>),
    Bool(bool),
}

/// An attribute of an item, as far as conditions look at it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute<'a> {
    Number(Number),
    Text(&'a str),
    Bool(bool),
    /// A list, an object or a number beyond the form: present, equal to nothing.
    Other,
}

/// The condition with its operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Eq(Scalar),
    Ne(Scalar),
    In(Vec<Scalar>),
    NotIn(Vec<Scalar>),
    Lt(Number),
    Lte(Number),
    Gt(Number),
    Gte(Number),
    Between(Number, Number),
    Exists,
}

/// What a factor does to the price p.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Operation {
    /// p × value.
    Multiply,
    /// p + value.
    Add,
    /// p − value.
    Subtract,
    /// value, whatever p was.
    Set,
    /// p, raised to value where it is below.
    AtLeast,
    /// p, capped to value where it is above.
    AtMost,
}

/// An ordering condition met an attribute that is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotOrdered;

/// A checked factor.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    pub field: Box<str>,
    pub condition: Condition,
    pub operation: Operation,
    pub value: Number,
    pub names: Names,
}

/// What a factor and its attribute are called, for the trace; nothing here touches the price.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Why the price changes, in the book's own words (受潮).
    pub reason: Option<Box<str>>,
    pub reason_en: Option<Box<str>>,
    /// The attribute's name (含水率).
    pub label: Option<Box<str>>,
    pub label_en: Option<Box<str>>,
}

impl Scalar {
    fn parse(value: &Value) -> Option<Self> {
        match Attribute::of(value) {
            Attribute::Number(number) => Some(Self::Number(number)),
            Attribute::Text(text) => Some(Self::Text(text.into())),
            Attribute::Bool(flag) => Some(Self::Bool(flag)),
            Attribute::Other => None,
        }
    }

    fn equals(&self, attribute: Attribute<'_>) -> bool {
        match (self, attribute) {
            (Self::Number(a), Attribute::Number(b)) => *a == b,
            (Self::Text(a), Attribute::Text(b)) => **a == *b,
            (Self::Bool(a), Attribute::Bool(b)) => *a == b,
            _ => false,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
        }
    }
}

impl<'a> Attribute<'a> {
    /// Classifies a JSON value; `null` is absent and must not come here.
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Bool(flag) => Self::Bool(*flag),
            Value::String(text) => {
                Number::parse(text).map_or(Self::Text(text.as_str()), Self::Number)
            }
            Value::Number(_) => Number::from_json(value).map_or(Self::Other, Self::Number),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Other,
        }
    }

    fn number(self) -> Result<Number, NotOrdered> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(NotOrdered),
        }
    }
}

impl Condition {
    /// Whether `name` is a condition at all (its fault is named before its operand's).
    pub(super) fn is_known(name: &str) -> bool {
        matches!(
            name,
            "eq" | "ne" | "in" | "not_in" | "lt" | "lte" | "gt" | "gte" | "between" | "exists"
        )
    }

    /// The condition called `name` with this operand; `None` when the operand does not fit.
    pub(super) fn parse(name: &str, operand: Option<&Value>) -> Option<Self> {
        if name == "exists" {
            return Some(Self::Exists);
        }
        let operand = operand?;
        match name {
            "eq" => Scalar::parse(operand).map(Self::Eq),
            "ne" => Scalar::parse(operand).map(Self::Ne),
            "in" => scalars(operand).map(Self::In),
            "not_in" => scalars(operand).map(Self::NotIn),
            "between" => bounds(operand).map(|(low, high)| Self::Between(low, high)),
            _ => Self::ordering(name, Number::from_json(operand).ok()?),
        }
    }

    fn ordering(name: &str, limit: Number) -> Option<Self> {
        Some(match name {
            "lt" => Self::Lt(limit),
            "lte" => Self::Lte(limit),
            "gt" => Self::Gt(limit),
            "gte" => Self::Gte(limit),
            _ => return None,
        })
    }

    /// Whether the condition holds for an attribute that is present.
    pub(super) fn holds(&self, attribute: Attribute<'_>) -> Result<bool, NotOrdered> {
        Ok(match self {
            Self::Exists => true,
            Self::Eq(operand) => operand.equals(attribute),
            Self::Ne(operand) => !operand.equals(attribute),
            Self::In(operands) => operands.iter().any(|operand| operand.equals(attribute)),
            Self::NotIn(operands) => !operands.iter().any(|operand| operand.equals(attribute)),
            Self::Lt(limit) => attribute.number()? < *limit,
            Self::Lte(limit) => attribute.number()? <= *limit,
            Self::Gt(limit) => attribute.number()? > *limit,
            Self::Gte(limit) => attribute.number()? >= *limit,
            Self::Between(low, high) => (*low..=*high).contains(&attribute.number()?),
        })
    }
}

impl Operation {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "multiply" => Self::Multiply,
            "add" => Self::Add,
            "subtract" => Self::Subtract,
            "set" => Self::Set,
            "at_least" => Self::AtLeast,
            "at_most" => Self::AtMost,
            _ => return None,
        })
    }
}

impl Factor {
    /// The price after this factor; refused beyond the limit.
    pub(super) fn apply(&self, price: UnitPrice) -> Result<UnitPrice, TooLarge> {
        let value = UnitPrice::from_number(self.value);
        match self.operation {
            Operation::Multiply => price.times(self.value),
            Operation::Add => price.plus(self.value),
            Operation::Subtract => price.minus(self.value),
            Operation::Set => value.checked(),
            Operation::AtLeast => price.max(value).checked(),
            Operation::AtMost => price.min(value).checked(),
        }
    }
}

fn scalars(operand: &Value) -> Option<Vec<Scalar>> {
    let list = operand.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(Scalar::parse).collect()
}

fn bounds(operand: &Value) -> Option<(Number, Number)> {
    let [low, high] = operand.as_array()?.as_slice() else {
        return None;
    };
    let (low, high) = (Number::from_json(low).ok()?, Number::from_json(high).ok()?);
    (low <= high).then_some((low, high))
}
