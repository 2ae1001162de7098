//! Pricing items with a checked book, step by step as `pricing.md` lays down.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::book::{Book, Rule, present, text};
use super::error::{ErrorCode, PricingError};
use super::factor::{Attribute, Factor};
use super::line;
use super::trace::{FactorStep, LineTrace, Outcome, Sink, Step, Trace};
use super::unit_price::{LIMIT_FEN, UnitPrice};
use crate::money::Fen;
use crate::number::Number;

/// Priced items: the lines in the items' order and their sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Priced {
    /// One line an item.
    pub lines: Vec<PricedLine>,
    /// Σ amounts.
    pub total: Fen,
}

/// One item's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PricedLine {
    /// `group/kind`, as in the book.
    pub category: String,
    /// Kilograms (net) or pieces.
    pub quantity: Number,
    /// Yuan per unit after all factors.
    pub unit_price: UnitPrice,
    /// Indices of the factors applied, in the rule's order.
    pub applied: Vec<usize>,
    /// Unit price × quantity, rounded half up to the fen.
    pub amount: Fen,
}

impl Book {
    /// Prices items; the error is the first fault of the first bad line.
    pub fn price(&self, items: &[Value]) -> Result<Priced, PricingError> {
        self.price_all(items, |_, item| self.price_item(item, &mut ()))
    }

    /// As [`Book::price`], with the working of every line.
    pub fn price_traced(&self, items: &[Value]) -> Result<(Priced, Trace), PricingError> {
        let mut traces = Vec::with_capacity(items.len());
        let priced = self.price_all(items, |line, item| {
            let mut steps = Vec::new();
            let priced = self.price_item(item, &mut steps)?;
            traces.push(LineTrace {
                line,
                category: priced.category.clone(),
                steps,
            });
            Ok(priced)
        })?;
        Ok((priced, Trace { lines: traces }))
    }

    fn price_all(
        &self,
        items: &[Value],
        mut price: impl FnMut(usize, &Value) -> Result<PricedLine, Fault>,
    ) -> Result<Priced, PricingError> {
        if items.is_empty() {
            return Err(PricingError::empty());
        }
        let mut lines = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let line = price(index, item)
                .map_err(|fault| PricingError::in_line(index, fault.code, &fault.field))?;
            lines.push(line);
        }
        let total = Fen::checked_sum(lines.iter().map(|line| line.amount))
            .filter(|total| total.fen() <= LIMIT_FEN)
            .ok_or_else(PricingError::total_too_large)?;
        Ok(Priced { lines, total })
    }

    fn price_item(&self, item: &Value, sink: &mut impl Sink) -> Result<PricedLine, Fault> {
        let category = text(item, "category");
        let (category, rule) = category
            .and_then(|category| Some((category, self.rule(category)?)))
            .ok_or_else(|| Fault::new(ErrorCode::UnknownCategory, "category"))?;
        let quantity = line::quantity(item, rule.unit, sink)
            .map_err(|(code, field)| Fault::new(code, field))?;
        let (unit_price, applied) = rule.unit_price(item, sink)?;
        let amount = unit_price.amount(quantity).map_err(|_| too_large())?;
        sink.note(|| Step::Amount {
            unit_price,
            quantity,
            exact: unit_price.exact_amount(quantity),
            amount,
        });
        Ok(PricedLine {
            category: category.to_owned(),
            quantity,
            unit_price,
            applied,
            amount,
        })
    }
}

impl Rule {
    /// The base price after all factors, and which were applied.
    fn unit_price(
        &self,
        item: &Value,
        sink: &mut impl Sink,
    ) -> Result<(UnitPrice, Vec<usize>), Fault> {
        let attributes = present(item, "attributes").and_then(Value::as_object);
        let mut applied = Vec::new();
        let mut price = self.base_price.checked().map_err(|_| too_large())?;
        sink.note(|| Step::BasePrice {
            price,
            unit: self.unit,
        });
        for (index, factor) in self.factors.iter().enumerate() {
            let before = price;
            let outcome = factor.consider(attributes, &mut price)?;
            if outcome == Outcome::Applied {
                applied.push(index);
            }
            sink.note(|| {
                let attribute = factor.attribute(attributes);
                let prices = (before, price);
                Step::Factor(Box::new(FactorStep::new(
                    index, factor, attribute, outcome, prices,
                )))
            });
        }
        if price < UnitPrice::ZERO {
            sink.note(|| Step::Floor { before: price });
        }
        Ok((price.floored(), applied))
    }
}

impl Factor {
    fn attribute<'a>(&self, attributes: Option<&'a Map<String, Value>>) -> Option<&'a Value> {
        attributes?
            .get(&*self.field)
            .filter(|value| !value.is_null())
    }

    /// Applies the factor where its attribute is present and its condition holds.
    fn consider(
        &self,
        attributes: Option<&Map<String, Value>>,
        price: &mut UnitPrice,
    ) -> Result<Outcome, Fault> {
        let Some(attribute) = self.attribute(attributes) else {
            return Ok(Outcome::Absent);
        };
        let holds = self
            .condition
            .holds(Attribute::of(attribute))
            .map_err(|_| Fault::new(ErrorCode::AttributeType, &self.field))?;
        if !holds {
            return Ok(Outcome::NotMet);
        }
        *price = self.apply(*price).map_err(|_| too_large())?;
        Ok(Outcome::Applied)
    }
}

/// What is wrong with an item, before its line is known.
struct Fault {
    code: ErrorCode,
    field: String,
}

impl Fault {
    fn new(code: ErrorCode, field: &str) -> Self {
        Self {
            code,
            field: field.to_owned(),
        }
    }
}

fn too_large() -> Fault {
    Fault::new(ErrorCode::AmountTooLarge, "amount")
}
