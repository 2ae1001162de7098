//! Refusals: one code, the line, the field, in the order the rules are checked.

use huishou_domain::pricing::{Book, price_line_json};
use serde_json::{Value, json};

fn book() -> Value {
    json!({"rules": [
        {"category": "kg", "unit": "kg", "base_price": "2", "factors": [
            {"field": "moisture", "condition": "gt", "operand": 10, "operation": "multiply", "value": "0.5"},
            {"field": "grade", "condition": "in", "operand": ["A", 1, true], "operation": "add", "value": 1}]},
        {"category": "piece", "unit": "piece", "base_price": 50, "factors": null, "note": {"kept": [1.5]}},
        {"category": "dear", "unit": "kg", "base_price": "9999999999.99"},
    ]})
}

fn answer(item: Value) -> Value {
    price_line_json(&json!({"book": book(), "items": [item]}))
}

fn refused(item: Value, code: &str, field: &str) {
    let expected = json!({"error": {"code": code, "line": 0, "field": field}});
    assert_eq!(answer(item.clone()), expected, "{item}");
}

fn amount(item: Value) -> Value {
    let answer = answer(item);
    answer["ok"]["total"].clone()
}

fn faulty(rules: Value, field: &str) {
    let error = Book::parse(&json!({ "rules": rules })).unwrap_err();
    let expected = json!({"code": "invalid_book", "line": null, "field": field});
    assert_eq!(serde_json::to_value(error).unwrap(), expected, "{rules}");
}

fn faulty_factor(factor: Value, key: &str) {
    let sound = json!({"field": "f", "condition": "exists", "operation": "add", "value": "1"});
    let rules =
        json!([{"category": "a", "unit": "kg", "base_price": 1, "factors": [sound, factor]}]);
    faulty(rules, &format!("rules[0].factors[1].{key}"));
}

#[test]
fn a_books_first_fault_is_named_by_its_path() {
    for book in [json!(null), json!([]), json!({}), json!({"rules": {}})] {
        assert_eq!(
            Book::parse(&book).unwrap_err().field.as_deref(),
            Some("rules")
        );
    }
    faulty(json!([5]), "rules[0].category");
    faulty(json!([{"category": "", "unit": "x"}]), "rules[0].category");
    faulty(json!([{"category": 5}]), "rules[0].category");
    let sound = json!({"category": "a", "unit": "kg", "base_price": "1"});
    faulty(json!([sound, sound]), "rules[1].category");
    faulty(
        json!([sound, {"category": "b", "unit": "KG", "base_price": "x"}]),
        "rules[1].unit",
    );
    for price in [
        json!("-1"),
        json!(null),
        json!("1e1"),
        json!(-0.01),
        json!([]),
    ] {
        faulty(
            json!([{"category": "a", "unit": "kg", "base_price": price, "factors": 5}]),
            "rules[0].base_price",
        );
    }
    faulty(
        json!([{"category": "a", "unit": "kg", "base_price": 0, "factors": {}}]),
        "rules[0].factors",
    );
    let many: Vec<_> = (0..17).map(|_| json!("not even a factor")).collect();
    faulty(
        json!([{"category": "a", "unit": "kg", "base_price": 0, "factors": many}]),
        "rules[0].factors",
    );
}

#[test]
fn a_factor_is_checked_field_condition_operand_operation_value() {
    faulty_factor(json!(null), "field");
    faulty_factor(json!({"field": ""}), "field");
    faulty_factor(json!({"field": "f", "condition": "like"}), "condition");
    faulty_factor(
        json!({"field": "f", "condition": "eq", "operation": "x"}),
        "operand",
    );
    faulty_factor(
        json!({"field": "f", "condition": "exists", "operation": "divide"}),
        "operation",
    );
    faulty_factor(
        json!({"field": "f", "condition": "exists", "operation": "add"}),
        "value",
    );
    faulty_factor(
        json!({"field": "f", "condition": "exists", "operand": {}, "operation": "add", "value": true}),
        "value",
    );
}

#[test]
fn each_condition_takes_its_own_kind_of_operand() {
    let with = |condition: &str, operand: &Value| json!({"field": "f", "condition": condition, "operand": operand, "operation": "set", "value": -1});
    for (conditions, good, bad) in [
        (
            vec!["eq", "ne"],
            vec![json!("a"), json!(1), json!(true), json!("")],
            vec![json!(null), json!([1]), json!({})],
        ),
        (
            vec!["in", "not_in"],
            vec![json!(["a"]), json!([1, true])],
            vec![json!([]), json!("a"), json!([null]), json!([[1]])],
        ),
        (
            vec!["lt", "lte", "gt", "gte"],
            vec![json!(1), json!("-1.5")],
            vec![json!("a"), json!(true), json!([1]), json!("1e1")],
        ),
        (
            vec!["between"],
            vec![json!([1, "1"]), json!([-1, 2])],
            vec![
                json!([2, 1]),
                json!([1]),
                json!([1, 2, 3]),
                json!(1),
                json!(["a", 2]),
            ],
        ),
    ] {
        for condition in conditions {
            for operand in &good {
                let rules = json!([{"category": "a", "unit": "kg", "base_price": 1, "factors": [with(condition, operand)]}]);
                assert!(Book::parse(&json!({"rules": rules})).is_ok(), "{rules}");
            }
            bad.iter()
                .for_each(|operand| faulty_factor(with(condition, operand), "operand"));
        }
    }
}

#[test]
fn nothing_to_price_is_empty() {
    let expected = json!({"error": {"code": "empty", "line": null, "field": null}});
    for case in [
        json!({"book": book()}),
        json!({"book": book(), "items": []}),
        json!({"book": book(), "items": {}}),
    ] {
        assert_eq!(price_line_json(&case), expected);
    }
}

#[test]
fn an_item_without_a_known_category_is_refused_first() {
    for item in [
        json!(null),
        json!([]),
        json!({}),
        json!({"category": "KG"}),
        json!({"category": ["kg"]}),
    ] {
        refused(item, "unknown_category", "category");
    }
}

#[test]
fn quantity_and_weighing_exclude_each_other() {
    let weighing = json!({"gross": 1});
    refused(
        json!({"category": "piece", "quantity": 0, "weighing": weighing}),
        "quantity_conflict",
        "quantity",
    );
    refused(
        json!({"category": "piece", "weighing": weighing}),
        "unit_mismatch",
        "weighing",
    );
    refused(
        json!({"category": "piece", "quantity": null, "weighing": null}),
        "missing_quantity",
        "quantity",
    );
    assert_eq!(
        amount(json!({"category": "kg", "quantity": null, "weighing": weighing})),
        "2.00"
    );
}

#[test]
fn quantities_are_above_zero_within_a_million_and_no_finer_than_the_unit() {
    for quantity in [
        json!(0),
        json!("-1"),
        json!("1000000.001"),
        json!("0.0001"),
        json!(true),
        json!("1e1"),
        json!([1]),
    ] {
        refused(
            json!({"category": "kg", "quantity": quantity}),
            "invalid_quantity",
            "quantity",
        );
    }
    refused(
        json!({"category": "piece", "quantity": "1.5"}),
        "invalid_quantity",
        "quantity",
    );
    assert_eq!(
        amount(json!({"category": "kg", "quantity": "1000000"})),
        "2000000.00"
    );
    assert_eq!(
        amount(json!({"category": "kg", "quantity": 0.001})),
        "0.00",
        "0.002 rounds down"
    );
    assert_eq!(
        amount(json!({"category": "kg", "quantity": "1.5000"})),
        "3.00",
        "zeros do not make it finer"
    );
    assert_eq!(
        amount(json!({"category": "piece", "quantity": "2.0"})),
        "100.00"
    );
}

#[test]
fn a_weighing_names_the_field_at_fault() {
    for (weighing, field) in [
        (json!(5), "gross"),
        (json!({}), "gross"),
        (json!({"gross": "x", "tare": "x"}), "gross"),
        (json!({"gross": -1}), "gross"),
        (json!({"gross": 1, "tare": "x"}), "tare"),
        (json!({"gross": 1, "tare": -1}), "tare"),
        (json!({"gross": 1, "tare": "1.000001"}), "tare"),
        (json!({"gross": 1, "deductions": 5}), "deductions"),
        (json!({"gross": 1, "deductions": [5]}), "deductions"),
        (
            json!({"gross": 1, "deductions": [{"kind": "moisture"}]}),
            "deductions",
        ),
        (
            json!({"gross": 1, "deductions": [{"percent": 1, "weight": 1}]}),
            "deductions",
        ),
        (
            json!({"gross": 1, "deductions": [{"percent": "-0.1"}]}),
            "deductions",
        ),
        (
            json!({"gross": 1, "deductions": [{"weight": "1.000001"}]}),
            "deductions",
        ),
        (
            json!({"gross": 1, "deductions": [{"percent": 60}, {"percent": 41}]}),
            "deductions",
        ),
        (json!({"gross": "1000000.0005"}), "gross"),
    ] {
        refused(
            json!({"category": "kg", "weighing": weighing}),
            "invalid_weighing",
            field,
        );
    }
}

#[test]
fn absurd_deductions_are_refused_without_overflow() {
    let most = "999999999999.999999";
    let many: Vec<_> = (0..300).map(|_| json!({"percent": most})).collect();
    refused(
        json!({"category": "kg", "weighing": {"gross": most, "deductions": many}}),
        "invalid_weighing",
        "deductions",
    );
    let weights: Vec<_> = (0..300).map(|_| json!({"weight": most})).collect();
    refused(
        json!({"category": "kg", "weighing": {"gross": most, "deductions": weights}}),
        "invalid_weighing",
        "deductions",
    );
}

#[test]
fn a_net_weight_may_be_zero_and_is_rounded_half_up_to_the_gram() {
    assert_eq!(
        amount(json!({"category": "kg", "weighing": {"gross": 0}})),
        "0.00"
    );
    assert_eq!(
        amount(json!({"category": "kg", "weighing": {"gross": 2, "tare": 2}})),
        "0.00"
    );
    let net = |weighing: Value| {
        answer(json!({"category": "kg", "weighing": weighing}))["ok"]["lines"][0]["quantity"]
            .clone()
    };
    assert_eq!(net(json!({"gross": "1.0005"})), "1.001");
    assert_eq!(net(json!({"gross": "1.000499"})), "1");
    assert_eq!(
        net(
            json!({"gross": "52.40", "tare": "1.20", "deductions": [{"kind": "moisture", "percent": 3}]})
        ),
        "49.664"
    );
    assert_eq!(
        net(json!({"gross": 10, "tare": 1, "deductions": [{"percent": 10}, {"weight": "0.5"}]})),
        "7.6",
        "percent of gross − tare"
    );
}

#[test]
fn ordering_by_what_is_no_number_names_the_attribute() {
    for moisture in [
        json!("wet"),
        json!(true),
        json!([1]),
        json!({}),
        json!("1e1"),
    ] {
        let item = json!({"category": "kg", "quantity": 1, "attributes": {"moisture": moisture}});
        refused(item, "attribute_type", "moisture");
    }
    let absent = json!({"category": "kg", "quantity": 1, "attributes": {"moisture": null}});
    assert_eq!(amount(absent), "2.00", "null is absent");
    assert_eq!(
        amount(json!({"category": "kg", "quantity": 1, "attributes": [5]})),
        "2.00"
    );
}

#[test]
fn equality_compares_numbers_as_numbers_and_texts_as_texts() {
    let graded = |grade: Value| {
        amount(json!({"category": "kg", "quantity": 1, "attributes": {"grade": grade}}))
    };
    for grade in [json!("A"), json!(1), json!("1.0"), json!(true)] {
        assert_eq!(graded(grade.clone()), "3.00", "{grade}");
    }
    for grade in [
        json!("a"),
        json!("A "),
        json!(2),
        json!("true"),
        json!(false),
        json!(["A"]),
        json!({}),
    ] {
        assert_eq!(graded(grade.clone()), "2.00", "{grade}");
    }
}

#[test]
fn prices_amounts_and_totals_have_a_ceiling() {
    assert_eq!(
        amount(json!({"category": "dear", "quantity": 1})),
        "9999999999.99"
    );
    refused(
        json!({"category": "dear", "quantity": "1.001"}),
        "amount_too_large",
        "amount",
    );
    let two = json!([{"category": "dear", "quantity": 1}, {"category": "kg", "quantity": "0.005"}]);
    let expected = json!({"error": {"code": "amount_too_large", "line": null, "field": "total"}});
    assert_eq!(
        price_line_json(&json!({"book": book(), "items": two})),
        expected
    );
}

#[test]
fn a_price_beyond_the_ceiling_is_refused_at_the_step_that_makes_it() {
    let price = |base: &str, factors: &[(&str, &str)]| {
        let factors: Vec<_> = factors.iter().map(|(operation, value)| {
            json!({"field": "f", "condition": "exists", "operation": operation, "value": value})
        }).collect();
        let book = json!({"rules": [{"category": "a", "unit": "kg", "base_price": base, "factors": factors}]});
        let answer = price_line_json(
            &json!({"book": book, "items": [{"category": "a", "quantity": 1, "attributes": {"f": 1}}]}),
        );
        answer["ok"]["total"].as_str().map_or_else(
            || answer["error"]["code"].as_str().unwrap().to_owned(),
            str::to_owned,
        )
    };
    let most = "999999999999.999999";
    assert_eq!(
        price("1", &[("multiply", most), ("set", "1")]),
        "amount_too_large"
    );
    assert_eq!(
        price("9999999999.99", &[("multiply", most)]),
        "amount_too_large"
    );
    assert_eq!(
        price("1", &[("subtract", most), ("set", "1")]),
        "amount_too_large",
        "below, too"
    );
    assert_eq!(
        price(most, &[("at_most", "1")]),
        "amount_too_large",
        "the base is a step"
    );
    assert_eq!(price("1", &[("at_most", most)]), "1.00");
    assert_eq!(
        price("1", &[("subtract", "2")]),
        "0.00",
        "a price below zero becomes zero"
    );
    assert_eq!(
        price("1", &[("subtract", "2"), ("add", "3")]),
        "2.00",
        "but only at the end"
    );
    assert_eq!(price("1", &[("subtract", "2"), ("multiply", "-3")]), "3.00");
}

#[test]
fn the_first_bad_line_is_the_one_reported() {
    let items =
        json!([{"category": "kg", "quantity": 1}, {"category": "kg"}, {"category": "none"}]);
    let expected = json!({"error": {"code": "missing_quantity", "line": 1, "field": "quantity"}});
    assert_eq!(
        price_line_json(&json!({"book": book(), "items": items})),
        expected
    );
}
