//! How much there is of an item: a quantity as given, or the net of a weighing.

use serde_json::Value;

use super::book::{Unit, present};
use super::error::ErrorCode;
use super::trace::{Sink, Step};
use super::unit_price::Exact;
use crate::number::{Number, divide_half_up};

/// Most of anything on one line: 1,000,000 kg or pieces.
const MOST_MICROS: i64 = 1_000_000 * 1_000_000;
/// Hundred percent, in millionths of a percent.
const WHOLE: i128 = 100_000_000;
/// The exact net carries 14 decimals (6 of the weight, 6 of the percent, 2 of the hundred).
const NET_DECIMALS: u32 = 14;
/// From 14 decimals to the gram.
const NET_TO_GRAMS: i128 = 100_000_000_000;

/// What is wrong, and in which field.
pub(super) type Fault = (ErrorCode, &'static str);

/// The quantity of an item counted in `unit`; the weighing's working goes to `sink`.
pub(super) fn quantity(item: &Value, unit: Unit, sink: &mut impl Sink) -> Result<Number, Fault> {
    match (present(item, "quantity"), present(item, "weighing")) {
        (Some(_), Some(_)) => Err((ErrorCode::QuantityConflict, "quantity")),
        (None, Some(_)) if unit != Unit::Kg => Err((ErrorCode::UnitMismatch, "weighing")),
        (None, None) => Err((ErrorCode::MissingQuantity, "quantity")),
        (None, Some(weighing)) => net(weighing, sink),
        (Some(given), None) => {
            let quantity = counted(given, unit).ok_or((ErrorCode::InvalidQuantity, "quantity"))?;
            sink.note(|| Step::Quantity { quantity, unit });
            Ok(quantity)
        }
    }
}

fn counted(given: &Value, unit: Unit) -> Option<Number> {
    let quantity = Number::from_json(given).ok()?;
    let fine = match unit {
        Unit::Kg => quantity.has_at_most_3_decimals(),
        Unit::Piece => quantity.is_whole(),
    };
    let within = quantity > Number::ZERO && quantity.micros() <= MOST_MICROS;
    (fine && within).then_some(quantity)
}

/// Sums of the deductions: weights in 10⁻⁶ kg, percents in 10⁻⁶ %.
#[derive(Default)]
struct Deductions {
    weight: i128,
    percent: i128,
}

/// Net = (gross − tare) − Σ weight − (gross − tare) × Σ percent / 100, half up to the gram.
fn net(weighing: &Value, sink: &mut impl Sink) -> Result<Number, Fault> {
    let gross = not_negative(present(weighing, "gross")).ok_or(wrong("gross"))?;
    let tare = match present(weighing, "tare") {
        None => Number::ZERO,
        given => not_negative(given).ok_or(wrong("tare"))?,
    };
    if tare > gross {
        return Err(wrong("tare"));
    }
    let load = i128::from(gross.micros() - tare.micros());
    sink.note(|| Step::Weighed { gross, tare });
    let off = deductions(weighing, load, sink).ok_or(wrong("deductions"))?;
    let exact = exact_net(load, &off).ok_or(wrong("deductions"))?;
    let grams = divide_half_up(exact, NET_TO_GRAMS);
    let net = i64::try_from(grams * 1_000)
        .ok()
        .and_then(Number::from_micros);
    let net = net
        .filter(|net| net.micros() <= MOST_MICROS)
        .ok_or(wrong("gross"))?;
    sink.note(|| Step::Net {
        exact: Exact(exact, NET_DECIMALS).to_string(),
        net,
    });
    Ok(net)
}

fn exact_net(load: i128, off: &Deductions) -> Option<i128> {
    let kept = load.checked_mul(WHOLE)?;
    let weight = off.weight.checked_mul(WHOLE)?;
    let percent = load.checked_mul(off.percent)?;
    let exact = kept.checked_sub(weight)?.checked_sub(percent)?;
    (exact >= 0).then_some(exact)
}

fn deductions(weighing: &Value, load: i128, sink: &mut impl Sink) -> Option<Deductions> {
    let mut sums = Deductions::default();
    let Some(list) = present(weighing, "deductions") else {
        return Some(sums);
    };
    for deduction in list.as_array()? {
        let (percent, weight) = (present(deduction, "percent"), present(deduction, "weight"));
        let off = match (percent, weight) {
            (Some(_), None) => {
                let percent = i128::from(not_negative(percent)?.micros());
                sums.percent = sums.percent.checked_add(percent)?;
                load.checked_mul(percent)?
            }
            (None, Some(_)) => {
                let weight = i128::from(not_negative(weight)?.micros());
                sums.weight = sums.weight.checked_add(weight)?;
                weight * WHOLE
            }
            _ => return None,
        };
        sink.note(|| Step::deduction(deduction, Exact(off, NET_DECIMALS).to_string()));
    }
    Some(sums)
}

fn not_negative(value: Option<&Value>) -> Option<Number> {
    value
        .and_then(|value| Number::from_json(value).ok())
        .filter(|number| *number >= Number::ZERO)
}

const fn wrong(field: &'static str) -> Fault {
    (ErrorCode::InvalidWeighing, field)
}
