//! The trace in words, for the customer who asks "为什么?" and for the record.

use serde::{Deserialize, Serialize};

use super::book::Unit;
use super::factor::Operation;
use super::trace::{Comparison, FactorStep, LineTrace, Outcome, Step, Trace};
use super::unit_price::UnitPrice;
use crate::number::Number;
use crate::quote::TraceWords;

/// The language of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    const fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

impl Trace {
    /// All lines in words: the quote's `trace` in `api.md`.
    pub fn describe(&self, lang: Lang) -> Vec<TraceWords> {
        let words = |line: &LineTrace| TraceWords {
            line: line.line,
            steps: line.describe(lang),
        };
        self.lines.iter().map(words).collect()
    }
}

impl LineTrace {
    /// This line's steps in words.
    pub fn describe(&self, lang: Lang) -> Vec<String> {
        self.steps.iter().map(|step| step.describe(lang)).collect()
    }
}

impl Step {
    /// The step in one sentence.
    pub fn describe(&self, lang: Lang) -> String {
        match self {
            Self::Quantity { quantity, unit } => {
                let (what, unit) = (lang.pick("数量", "Quantity"), unit_word(*unit, lang));
                format!("{what} {quantity} {unit}")
            }
            Self::Weighed { gross, tare } => weighed(*gross, *tare, lang),
            Self::Deduction {
                kind, percent, off, ..
            } => deduction(kind.as_deref(), *percent, off, lang),
            Self::Net { exact, net } => net_words(exact, *net, lang),
            Self::BasePrice { price, unit } => {
                let (what, unit) = (lang.pick("底价", "Base price"), unit_word(*unit, lang));
                format!("{what} ¥{price}/{unit}")
            }
            Self::Factor(factor) => factor.describe(lang),
            Self::Floor { before } => floor(*before, lang),
            Self::Amount {
                unit_price,
                quantity,
                exact,
                amount,
            } => {
                let rounded = lang.pick("四舍五入到分", "rounded half up to the fen");
                let (open, close) = brackets(lang);
                format!("¥{unit_price} × {quantity} = ¥{exact}{open}{rounded}{close} → ¥{amount}")
            }
        }
    }
}

fn weighed(gross: Number, tare: Number, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("毛重 {gross} kg − 皮重 {tare} kg"),
        Lang::En => format!("Gross {gross} kg − tare {tare} kg"),
    }
}

fn deduction(kind: Option<&str>, percent: Option<Number>, off: &str, lang: Lang) -> String {
    let kind = match kind {
        Some("moisture") => lang.pick("扣水", "Moisture deduction"),
        Some("impurity") => lang.pick("扣杂", "Impurity deduction"),
        Some("packing") => lang.pick("扣包装", "Packing deduction"),
        Some(own) => own,
        None => lang.pick("扣减", "Deduction"),
    };
    match percent {
        Some(percent) => format!("{kind} {percent}% = −{off} kg"),
        None => format!("{kind} −{off} kg"),
    }
}

fn net_words(exact: &str, net: Number, lang: Lang) -> String {
    let what = lang.pick("净重", "Net weight");
    if exact == net.to_string() {
        return format!("{what} {net} kg");
    }
    let rounded = lang.pick("四舍五入到克", "rounded half up to the gram");
    let (open, close) = brackets(lang);
    format!("{what} {exact} kg{open}{rounded}{close} → {net} kg")
}

fn floor(before: UnitPrice, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("单价 ¥{before} 低于零，按 ¥0 计"),
        Lang::En => format!("A unit price of ¥{before} is below zero and counts as ¥0"),
    }
}

impl FactorStep {
    /// The factor in one sentence: reason, condition, what became of the price.
    pub fn describe(&self, lang: Lang) -> String {
        let label = self.label_in(lang);
        let test = self.test(lang);
        let (open, close) = brackets(lang);
        let reason = self.reason_in(lang);
        let because = reason.map_or_else(String::new, |reason| format!("{open}{reason}{close}"));
        match self.outcome {
            Outcome::Applied => {
                let said = self.said(lang);
                let colon = lang.pick("：", ": ");
                let comma = lang.pick("，", ", ");
                format!(
                    "{label} {said}{because}{colon}{test}{comma}{}",
                    self.effect(lang)
                )
            }
            Outcome::Absent => {
                let what = lang.pick("未填写，不调整", "not stated, no change");
                format!("{label}{because}{}{what}", lang.pick("：", ": "))
            }
            Outcome::NotMet => {
                let (said, comma) = (self.said(lang), lang.pick("，", ", "));
                let what = lang.pick("不符合", "does not meet");
                let rest = lang.pick("不调整", "no change");
                format!("{label} {said}{comma}{what} {test}{because}{comma}{rest}")
            }
        }
    }

    fn label_in(&self, lang: Lang) -> &str {
        let label = match lang {
            Lang::Zh => self.label.as_deref(),
            Lang::En => self.label_en.as_deref(),
        };
        label.unwrap_or(&self.field)
    }

    fn reason_in(&self, lang: Lang) -> Option<&str> {
        match lang {
            Lang::Zh => self.reason.as_deref(),
            Lang::En => self.reason_en.as_deref().or(self.reason.as_deref()),
        }
    }

    fn said(&self, lang: Lang) -> &str {
        bool_word(self.attribute.as_deref().unwrap_or(""), lang)
    }

    fn test(&self, lang: Lang) -> String {
        let operands: Vec<_> = self
            .operands
            .iter()
            .map(|text| bool_word(text, lang))
            .collect();
        let joined = |separator: &str| operands.join(separator);
        match self.condition {
            Comparison::Eq => format!("= {}", joined("")),
            Comparison::Ne => format!("≠ {}", joined("")),
            Comparison::In => format!("{} {}", lang.pick("属于", "one of"), joined(" / ")),
            Comparison::NotIn => format!("{} {}", lang.pick("不属于", "none of"), joined(" / ")),
            Comparison::Lt => format!("< {}", joined("")),
            Comparison::Lte => format!("≤ {}", joined("")),
            Comparison::Gt => format!("> {}", joined("")),
            Comparison::Gte => format!("≥ {}", joined("")),
            Comparison::Between => format!("{} {}", lang.pick("介于", "within"), joined("–")),
            Comparison::Exists => lang.pick("已填写", "stated").to_owned(),
        }
    }

    fn effect(&self, lang: Lang) -> String {
        let (before, after, value) = (self.before, self.after, self.value);
        let to = |word: &str| {
            format!(
                "{word} ¥{value}{}¥{before} → ¥{after}",
                lang.pick("：", ": ")
            )
        };
        match self.operation {
            Operation::Multiply => format!("¥{before} × {value} = ¥{after}"),
            Operation::Add => format!("¥{before} + ¥{value} = ¥{after}"),
            Operation::Subtract => format!("¥{before} − ¥{value} = ¥{after}"),
            Operation::Set => to(lang.pick("定为", "set to")),
            Operation::AtLeast => to(lang.pick("不低于", "at least")),
            Operation::AtMost => to(lang.pick("不高于", "at most")),
        }
    }
}

const fn unit_word(unit: Unit, lang: Lang) -> &'static str {
    match (unit, lang) {
        (Unit::Kg, _) => "kg",
        (Unit::Piece, Lang::Zh) => "件",
        (Unit::Piece, Lang::En) => "piece",
    }
}

const fn brackets(lang: Lang) -> (&'static str, &'static str) {
    match lang {
        Lang::Zh => ("（", "）"),
        Lang::En => (" (", ")"),
    }
}

fn bool_word(text: &str, lang: Lang) -> &str {
    match text {
        "true" => lang.pick("是", "yes"),
        "false" => lang.pick("否", "no"),
        other => other,
    }
}
