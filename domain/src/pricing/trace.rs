//! The working of a price, line by line: why this price?
//!
//! The engine reports steps to a [`Sink`]; pricing without a trace passes a sink that drops them
//! before they are built, so the two can never compute different things.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::book::{Unit, present, text};
use super::factor::{Condition, Factor, Operation, Scalar};
use super::unit_price::UnitPrice;
use crate::money::Fen;
use crate::number::{Number, wire_usize};

/// The working of all lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Trace {
    /// One entry an item, in the items' order.
    pub lines: Vec<LineTrace>,
}

/// The working of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LineTrace {
    /// The item's index, from 0.
    #[serde(deserialize_with = "wire_usize")]
    pub line: usize,
    /// The goods.
    pub category: String,
    /// The steps in the order they were taken.
    pub steps: Vec<Step>,
}

/// One step of the working; `step` tells them apart on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Step {
    /// The quantity as given.
    Quantity {
        /// Kilograms or pieces.
        quantity: Number,
        /// Which of the two.
        unit: Unit,
    },
    /// Gross (毛重) and tare (皮重) of a weighing, kilograms.
    Weighed {
        /// On the scale with everything.
        gross: Number,
        /// Vehicle, basket, packing; 0 where none was weighed.
        tare: Number,
    },
    /// One deduction (扣水, 扣杂): exactly one of percent and weight is there.
    Deduction {
        /// What for: `moisture`, `impurity`, `packing` or the writer's own word.
        kind: Option<String>,
        /// Percent of gross − tare.
        percent: Option<Number>,
        /// Kilograms.
        weight: Option<Number>,
        /// What comes off, kilograms, exact.
        off: String,
    },
    /// What is paid for (净重).
    Net {
        /// Kilograms before rounding.
        exact: String,
        /// Kilograms, half up to the gram.
        net: Number,
    },
    /// The book's price before any factor.
    BasePrice {
        /// Yuan per unit.
        price: UnitPrice,
        /// The unit.
        unit: Unit,
    },
    /// A factor considered.
    Factor(Box<FactorStep>),
    /// A price below zero became zero.
    Floor {
        /// The price before.
        before: UnitPrice,
    },
    /// Price × quantity, rounded half up (四舍五入) to the fen.
    Amount {
        /// Yuan per unit.
        unit_price: UnitPrice,
        /// Kilograms or pieces.
        quantity: Number,
        /// The product before rounding, yuan.
        exact: String,
        /// What the line comes to.
        amount: Fen,
    },
}

/// What became of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Outcome {
    /// Its condition held; the price went from `before` to `after`.
    Applied,
    /// Skipped: the item does not say this attribute.
    Absent,
    /// Skipped: the condition does not hold.
    NotMet,
}

/// The kinds of condition, without operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// One of a list.
    In,
    /// None of a list.
    NotIn,
    /// Below.
    Lt,
    /// At most.
    Lte,
    /// Above.
    Gt,
    /// At least.
    Gte,
    /// From low to high, both included.
    Between,
    /// Present at all.
    Exists,
}

/// A factor considered: what it asks, what the item says, what became of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FactorStep {
    /// Its index in the rule, from 0.
    #[serde(deserialize_with = "wire_usize")]
    pub index: usize,
    /// The attribute it asks for.
    pub field: String,
    /// The attribute's name for people, Chinese.
    pub label: Option<String>,
    /// The attribute's name for people, English.
    pub label_en: Option<String>,
    /// How it compares.
    pub condition: Comparison,
    /// With what: none, one, a list, or low and high; `true` and `false` are booleans' texts.
    pub operands: Vec<String>,
    /// What it does.
    pub operation: Operation,
    /// With which number.
    pub value: Number,
    /// Why, in the book's words.
    pub reason: Option<String>,
    /// Why, in English, where the book says it.
    pub reason_en: Option<String>,
    /// What the item says, as text; `None` where it says nothing.
    pub attribute: Option<String>,
    /// Applied, or skipped and why.
    pub outcome: Outcome,
    /// The price before.
    pub before: UnitPrice,
    /// The price after; the same when skipped.
    pub after: UnitPrice,
}

/// Where steps go.
pub(super) trait Sink {
    /// Takes a step; one that keeps nothing does not even build it.
    fn note(&mut self, step: impl FnOnce() -> Step);
}

impl Sink for () {
    fn note(&mut self, _step: impl FnOnce() -> Step) {}
}

impl Sink for Vec<Step> {
    fn note(&mut self, step: impl FnOnce() -> Step) {
        self.push(step());
    }
}

impl Step {
    pub(super) fn deduction(given: &Value, off: String) -> Self {
        let number = |key| present(given, key).and_then(|value| Number::from_json(value).ok());
        Self::Deduction {
            kind: text(given, "kind").map(str::to_owned),
            percent: number("percent"),
            weight: number("weight"),
            off,
        }
    }
}

impl FactorStep {
    pub(super) fn new(
        index: usize,
        factor: &Factor,
        attribute: Option<&Value>,
        outcome: Outcome,
        (before, after): (UnitPrice, UnitPrice),
    ) -> Self {
        let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        Self {
            index,
            field: factor.field.to_string(),
            label: owned(&factor.names.label),
            label_en: owned(&factor.names.label_en),
            condition: Comparison::of(&factor.condition),
            operands: operands(&factor.condition),
            operation: factor.operation,
            value: factor.value,
            reason: owned(&factor.names.reason),
            reason_en: owned(&factor.names.reason_en),
            attribute: attribute.map(spoken),
            outcome,
            before,
            after,
        }
    }
}

impl Comparison {
    const fn of(condition: &Condition) -> Self {
        match condition {
            Condition::Eq(_) => Self::Eq,
            Condition::Ne(_) => Self::Ne,
            Condition::In(_) => Self::In,
            Condition::NotIn(_) => Self::NotIn,
            Condition::Lt(_) => Self::Lt,
            Condition::Lte(_) => Self::Lte,
            Condition::Gt(_) => Self::Gt,
            Condition::Gte(_) => Self::Gte,
            Condition::Between(..) => Self::Between,
            Condition::Exists => Self::Exists,
        }
    }
}

fn operands(condition: &Condition) -> Vec<String> {
    match condition {
        Condition::Eq(one) | Condition::Ne(one) => vec![one.to_string()],
        Condition::In(list) | Condition::NotIn(list) => {
            list.iter().map(Scalar::to_string).collect()
        }
        Condition::Lt(limit)
        | Condition::Lte(limit)
        | Condition::Gt(limit)
        | Condition::Gte(limit) => vec![limit.to_string()],
        Condition::Between(low, high) => vec![low.to_string(), high.to_string()],
        Condition::Exists => Vec::new(),
    }
}

/// A text as itself, anything else as its JSON.
fn spoken(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
