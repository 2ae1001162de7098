//! The working of a price: complete, typed, and in words.

use huishou_domain::price_book;
use huishou_domain::pricing::{Lang, Outcome, Step, Trace};
use serde_json::{Value, json};

fn trace(item: Value) -> Trace {
    let book = price_book::demo().compile().unwrap();
    book.price_traced(&[item]).unwrap().1
}

fn wet_cardboard() -> Value {
    json!({"category": "paper/cardboard",
        "weighing": {"gross": "52.40", "tare": "1.20", "deductions": [{"kind": "moisture", "percent": "3"}]},
        "attributes": {"moisture": "12", "mixed": false}})
}

#[test]
fn the_words_tell_a_customer_how_the_price_came_about() {
    let words = &trace(wet_cardboard()).describe(Lang::Zh)[0];
    assert_eq!(words.line, 0);
    assert_eq!(
        words.steps,
        [
            "毛重 52.4 kg − 皮重 1.2 kg",
            "扣水 3% = −1.536 kg",
            "净重 49.664 kg",
            "底价 ¥1.1/kg",
            "含水率 12（受潮）：> 10，¥1.1 × 0.9 = ¥0.99",
            "含水率 12，不符合 > 20（严重受潮），不调整",
            "混有杂纸 否，不符合 = 是（混有杂纸），不调整",
            "¥0.99 × 49.664 = ¥49.16736（四舍五入到分） → ¥49.17",
        ]
    );
}

#[test]
fn the_words_exist_in_english() {
    let fridge = json!({"category": "electronic/fridge", "quantity": 1, "attributes": {"volume_l": 100, "cools": false}});
    assert_eq!(
        trace(fridge).describe(Lang::En)[0].steps,
        [
            "Quantity 1 piece",
            "Base price ¥120/piece",
            "Volume 100 (below 120 l): < 120, ¥120 × 0.5 = ¥60",
            "Volume 100, does not meet within 120–179 (120 to 179 l), no change",
            "Volume 100, does not meet > 220 (above 220 l), no change",
            "Volume 100, does not meet ≥ 400 (400 l and above), no change",
            "Cools no (does not cool): = no, ¥60 × 0.8 = ¥48",
            "Complete (compressor or door missing): not stated, no change",
            "Volume 100 (lowest price): stated, at least ¥20: ¥48 → ¥48",
            "¥48 × 1 = ¥48 (rounded half up to the fen) → ¥48.00",
        ]
    );
}

#[test]
fn every_factor_considered_says_what_became_of_it() {
    let trace = trace(wet_cardboard());
    let outcomes: Vec<_> = trace.lines[0]
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Factor(factor) => Some((factor.index, factor.outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (0, Outcome::Applied),
            (1, Outcome::NotMet),
            (2, Outcome::NotMet)
        ]
    );
}

#[test]
fn the_typed_trace_has_its_form_on_the_wire() {
    let wire = serde_json::to_value(trace(wet_cardboard())).unwrap();
    let steps = &wire["lines"][0]["steps"];
    assert_eq!(
        steps[1],
        json!({"step": "deduction", "kind": "moisture", "percent": "3", "weight": null, "off": "1.536"})
    );
    assert_eq!(
        steps[4],
        json!({"step": "factor", "index": 0, "field": "moisture", "label": "含水率", "label_en": "Moisture",
        "condition": "gt", "operands": ["10"], "operation": "multiply", "value": "0.9", "reason": "受潮", "reason_en": "damp",
        "attribute": "12", "outcome": "applied", "before": "1.1", "after": "0.99"})
    );
    let text = wire.to_string();
    assert_eq!(
        serde_json::from_str::<Trace>(&text).unwrap(),
        trace(wet_cardboard()),
        "and is read back"
    );
}

#[test]
fn a_price_below_zero_says_so() {
    let book = json!({"rules": [{"category": "a", "unit": "kg", "base_price": "1", "factors": [
        {"field": "f", "condition": "exists", "operation": "subtract", "value": "2"}]}]});
    let book = huishou_domain::pricing::Book::parse(&book).unwrap();
    let item = json!({"category": "a", "quantity": "1", "attributes": {"f": "x"}});
    let (priced, trace) = book.price_traced(&[item]).unwrap();
    assert_eq!(priced.total.to_string(), "0.00");
    let words = trace.lines[0].describe(Lang::Zh);
    assert!(
        words.contains(&"单价 ¥-1 低于零，按 ¥0 计".to_owned()),
        "{words:?}"
    );
}
