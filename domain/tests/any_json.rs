//! Whatever JSON arrives, the answer is a price or a coded refusal, never a panic.

use huishou_domain::price_book::PriceBook;
use huishou_domain::pricing::{Book, ErrorCode, import_base_rules, price_line_json};
use proptest::prelude::*;
use serde_json::{Value, json};

const PRICING: &str = include_str!("../vectors/pricing.ndjson");

/// Texts that lie on the edge of some form.
fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("-".into()),
        Just(".".into()),
        Just("-0".into()),
        Just("1e5".into()),
        Just("٣".into()),
        Just("𠮷\u{0}".into()),
        Just("999999999999.999999".into()),
        Just("-999999999999.999999".into()),
        Just("0.000001".into()),
        Just("paper/cardboard".into()),
        Just("kg".into()),
        Just("piece".into()),
        "-?[0-9]{1,13}(\\.[0-9]{0,7})?",
        any::<String>(),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        odd_text().prop_map(Value::from),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,4})?"
            .prop_map(|text| serde_json::from_str(&text).unwrap_or(Value::Null)),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "book",
            "items",
            "rules",
            "category",
            "unit",
            "base_price",
            "factors",
            "field",
            "condition",
            "operand",
            "operation",
            "value",
            "quantity",
            "weighing",
            "gross",
            "tare",
            "deductions",
            "kind",
            "percent",
            "weight",
            "attributes",
            "name",
            "choices",
            "type",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

pub fn any_json() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces the `nth` value met on a walk of the tree.
pub fn replace(value: &mut Value, nth: &mut usize, with: &Value) {
    if *nth == 0 {
        *value = with.clone();
    }
    if *nth == usize::MAX {
        return;
    }
    *nth = nth.wrapping_sub(1);
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, nth, with)),
        Value::Object(map) => map.values_mut().for_each(|value| replace(value, nth, with)),
        _ => {}
    }
}

fn assert_is_an_answer(answer: &Value) {
    match (answer.get("ok"), answer.get("error")) {
        (Some(priced), None) => assert!(priced["total"].is_string()),
        (None, Some(error)) => {
            serde_json::from_value::<ErrorCode>(error["code"].clone()).unwrap();
            assert_eq!(error.as_object().unwrap().len(), 3, "code, line, field");
        }
        _ => panic!("neither ok nor error: {answer}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_json_as_a_case_is_answered(case in any_json()) {
        assert_is_an_answer(&price_line_json(&case));
    }

    #[test]
    fn any_json_as_a_book_or_a_file_of_old_rules_is_judged(value in any_json()) {
        let _ = Book::parse(&value);
        let _ = import_base_rules(&value);
        let _ = serde_json::from_value::<PriceBook>(value.clone());
        let case = json!({"book": {"rules": value.clone()}, "items": value});
        assert_is_an_answer(&price_line_json(&case));
    }

    #[test]
    fn any_json_as_an_item_of_a_sound_book_is_answered(
        item in any_json(),
        amount in any_json(),
        unit in prop::sample::select(vec!["kg", "piece"]),
    ) {
        let book = json!({"rules": [{"category": "a", "unit": unit, "base_price": "1.5", "factors": [
            {"field": "kind", "condition": "gt", "operand": 1, "operation": "multiply", "value": "-2"}]}]});
        let items = json!([
            {"category": "a", "quantity": amount.clone(), "attributes": item.clone()},
            {"category": "a", "weighing": amount},
            item,
        ]);
        for item in items.as_array().unwrap() {
            assert_is_an_answer(&price_line_json(&json!({"book": book.clone(), "items": [item.clone()]})));
        }
        assert_is_an_answer(&price_line_json(&json!({"book": book, "items": items})));
    }

    #[test]
    fn a_golden_case_with_any_one_value_exchanged_is_answered(
        index in 0_usize..160,
        nth in 0_usize..400,
        with in any_json(),
    ) {
        let mut case: Value = serde_json::from_str(PRICING.lines().nth(index).unwrap()).unwrap();
        replace(&mut case, &mut nth.clone(), &with);
        assert_is_an_answer(&price_line_json(&case));
    }
}
