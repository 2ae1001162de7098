//! Price books: sealed by their hash, shown as a catalogue, imported from the base system.

use huishou_domain::ids::PriceBookId;
use huishou_domain::price_book::{self, AttributeType, EffectiveFrom, PriceBook, PriceBookError};
use huishou_domain::pricing::{DoubtReason, ImportError, Unit, import_base_rules};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn publish(rules: Value) -> Result<PriceBook, PriceBookError> {
    let from = EffectiveFrom::parse("2026-11-01T00:00:00+08:00").unwrap();
    let id = PriceBookId::from(Uuid::nil());
    PriceBook::publish(id, "330100", 1, from, rules.as_array().unwrap().clone())
}

fn rule() -> Value {
    json!({"category": "paper/cardboard", "unit": "kg", "base_price": "1.10", "factors": []})
}

#[test]
fn a_published_book_survives_the_wire_with_its_hash() {
    let demo = price_book::demo();
    let text = serde_json::to_string(&demo).unwrap();
    let back: PriceBook = serde_json::from_str(&text).unwrap();
    back.verify().unwrap();
    assert_eq!(back, demo);
    assert_eq!(
        back.effective_from.as_str(),
        "2026-01-01T00:00:00+08:00",
        "the offset is kept"
    );
}

#[test]
fn any_change_to_a_published_book_breaks_its_seal() {
    let sound = publish(json!([rule()])).unwrap();
    sound.verify().unwrap();
    let mut dearer = sound.clone();
    dearer.rules[0]["base_price"] = json!("1.1");
    let mut later = sound.clone();
    later.version = 2;
    let mut noted = sound.clone();
    noted.rules[0]["note"] = json!("");
    let mut moved = sound;
    moved.effective_from = EffectiveFrom::parse("2026-10-31T16:00:00Z").unwrap();
    for changed in [dearer, later, noted, moved] {
        assert_eq!(changed.verify(), Err(PriceBookError::HashMismatch));
    }
}

#[test]
fn the_hash_does_not_depend_on_the_order_of_keys() {
    let a: Value = serde_json::from_str(
        r#"[{"category":"a","unit":"kg","base_price":"1","z":{"b":1,"a":[true,null]}}]"#,
    )
    .unwrap();
    let b: Value = serde_json::from_str(
        r#"[{"z":{"a":[true,null],"b":1},"base_price":"1","unit":"kg","category":"a"}]"#,
    )
    .unwrap();
    assert_eq!(publish(a).unwrap().hash, publish(b).unwrap().hash);
}

#[test]
fn canonical_text_follows_rfc_8785() {
    let mut rule = rule();
    // The RFC's own example of numbers, texts and key order.
    rule["note"] = serde_json::from_str(
        r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0, 1e21, 100, 1e-7, 123456789012345680000],
            "string": "€$\u000f\u000aA'B\"\\\\\"/", "literals": [null, true, false],
            "€": 1, "\r": 2, "😀": 3, "\ufb33": 4, "1": 5}"#,
    ).unwrap();
    let canonical = publish(json!([rule])).unwrap().canonical();
    let numbers = "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,100,1e-7,123456789012345680000]";
    assert!(canonical.contains(numbers), "{canonical}");
    assert!(
        canonical.contains("\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""),
        "{canonical}"
    );
    assert!(
        canonical.contains("{\"\\r\":2,\"1\":5,\"literals\":[null,true,false]"),
        "{canonical}"
    );
    assert!(
        canonical.contains("\"€\":1,\"😀\":3,\"\u{fb33}\":4}"),
        "UTF-16 order: {canonical}"
    );
}

#[test]
fn what_cannot_be_priced_with_or_sealed_is_not_published() {
    assert!(matches!(
        publish(json!([{"category": ""}])),
        Err(PriceBookError::Rules(_))
    ));
    let mut number = rule();
    number["base_price"] = json!(1.1);
    assert_eq!(
        publish(json!([number])),
        Err(PriceBookError::NotText("rules[0].base_price".into()))
    );
    let mut operand = rule();
    operand["factors"] = json!([{"field": "f", "condition": "between", "operand": ["1", 2], "operation": "add", "value": "1"}]);
    assert_eq!(
        publish(json!([operand])),
        Err(PriceBookError::NotText(
            "rules[0].factors[0].operand".into()
        ))
    );
    let from = EffectiveFrom::parse("2026-11-01T00:00:00Z").unwrap();
    let nowhere = PriceBook::publish(Uuid::nil().into(), "999999", 1, from.clone(), vec![]);
    assert_eq!(nowhere, Err(PriceBookError::City));
    assert_eq!(
        PriceBook::publish(Uuid::nil().into(), "330100", 0, from, vec![]),
        Err(PriceBookError::Version)
    );
    for text in ["", "2026-11-01", "2026-11-01T00:00:00", "tomorrow"] {
        assert_eq!(
            EffectiveFrom::parse(text),
            Err(PriceBookError::EffectiveFrom),
            "{text}"
        );
    }
}

#[test]
fn a_book_is_effective_from_its_instant_on() {
    let book = publish(json!([])).unwrap();
    let at = |text: &str| EffectiveFrom::parse(text).unwrap().at();
    assert!(book.is_effective(at("2026-10-31T16:00:00Z")));
    assert!(!book.is_effective(at("2026-10-31T15:59:59.999Z")));
}

#[test]
fn the_demo_catalogue_serves_the_counter() {
    let catalogue = price_book::demo().catalogue();
    let fridge = catalogue
        .iter()
        .find(|item| item.category == "electronic/fridge")
        .unwrap();
    assert_eq!(
        (
            fridge.name.as_str(),
            fridge.code.as_str(),
            fridge.pinyin.as_str()
        ),
        ("冰箱", "52", "bx")
    );
    assert_eq!(
        (fridge.unit, fridge.base_price.to_string().as_str()),
        (Unit::Piece, "120")
    );
    assert_eq!(fridge.attributes[0].unit.as_deref(), Some("L"));
    let keys: [fn(&price_book::CatalogueItem) -> String; 3] = [
        |item: &price_book::CatalogueItem| item.code.clone(),
        |item: &price_book::CatalogueItem| item.pinyin.clone(),
        |item: &price_book::CatalogueItem| item.category.clone(),
    ];
    for key in keys {
        let mut keys: Vec<_> = catalogue.iter().map(key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(
            keys.len(),
            catalogue.len(),
            "codes, initials and categories are unique"
        );
    }
}

#[test]
fn the_demo_book_asks_for_exactly_what_its_factors_look_at() {
    let demo = price_book::demo();
    for (rule, item) in demo.rules.iter().zip(demo.catalogue()) {
        let mut looked_at: Vec<_> = rule["factors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|factor| factor["field"].as_str().unwrap().to_owned())
            .collect();
        let mut asked: Vec<_> = item
            .attributes
            .iter()
            .map(|attribute| attribute.field.clone())
            .collect();
        looked_at.sort();
        looked_at.dedup();
        asked.sort();
        assert_eq!(asked, looked_at, "{}", item.category);
        for attribute in &item.attributes {
            assert_eq!(
                attribute.kind == AttributeType::Choice,
                !attribute.choices.is_empty(),
                "{}",
                attribute.field
            );
        }
    }
}

#[test]
fn a_catalogue_takes_what_display_keys_there_are() {
    let mut plain = rule();
    plain["attributes"] = json!([{"field": "grade", "type": "choice", "choices": ["A", {"value": "B", "label": "乙"}, 5]}, {"field": "x"}, 7]);
    let catalogue = publish(json!([plain])).unwrap().catalogue();
    assert_eq!(catalogue[0].name, "paper/cardboard");
    assert_eq!(
        catalogue[0].attributes.len(),
        1,
        "what has no known type is not asked for"
    );
    let labels: Vec<_> = catalogue[0].attributes[0]
        .choices
        .iter()
        .map(|choice| choice.label.as_str())
        .collect();
    assert_eq!(labels, ["A", "乙"]);
}

#[test]
fn old_rules_get_their_value_as_operand_and_the_doubtful_are_listed() {
    let file = json!([
        {"category": "paper", "base_price": 1.1, "unit": "kg", "factors": [
            {"field": "moisture", "condition": "gt", "value": 0.85, "operation": "multiply"},
            {"field": "weight", "condition": "gt", "value": 100, "operation": "add"}]},
        {"category": "fridge", "base_price": 120.0, "unit": "台",
            "factors": "[{\"field\":\"doors\",\"condition\":\"eq\",\"value\":2,\"operation\":\"multiply\"}]"},
        {"category": "iron", "base_price": 0.30000000000000004, "unit": "公斤", "factors": ""},
    ]);
    let imported = import_base_rules(&file).unwrap();
    assert_eq!(imported.rules[0]["base_price"], "1.1");
    assert_eq!(imported.rules[0]["factors"][1]["operand"], "100");
    assert_eq!(imported.rules[1]["unit"], "piece");
    assert_eq!(
        imported.rules[1]["factors"][0],
        json!({"field": "doors", "condition": "eq", "operand": "2", "operation": "multiply", "value": "2"})
    );
    assert_eq!(imported.rules[2]["base_price"], "0.3");
    let doubts: Vec<_> = imported
        .doubts
        .iter()
        .map(|doubt| (doubt.rule, doubt.factor, doubt.reason))
        .collect();
    assert_eq!(
        doubts,
        [
            (0, Some(0), DoubtReason::MultiplyWithThreshold),
            (1, Some(0), DoubtReason::MultiplyWithEquality),
            (2, None, DoubtReason::Rounded),
        ]
    );
    publish(json!(imported.rules)).unwrap();
}

#[test]
fn one_old_rule_or_a_wrapped_list_is_taken_and_anything_else_refused() {
    let one = json!({"category": "paper", "base_price": 1, "unit": "kg"});
    assert_eq!(import_base_rules(&one).unwrap().rules.len(), 1);
    assert_eq!(
        import_base_rules(&json!({"rules": [one]}))
            .unwrap()
            .rules
            .len(),
        1
    );
    assert_eq!(
        import_base_rules(&json!({"a": 1})),
        Err(ImportError::NoRules)
    );
    assert_eq!(import_base_rules(&json!("x")), Err(ImportError::NoRules));
    let unknown_unit = json!({"category": "paper", "base_price": 1, "unit": "斤"});
    let Err(ImportError::Invalid(error)) = import_base_rules(&unknown_unit) else {
        panic!("a unit the new book does not have must not be guessed");
    };
    assert_eq!(error.field.as_deref(), Some("rules[0].unit"));
}

proptest! {
    #[test]
    fn any_display_keys_survive_the_wire_with_the_hash(note in super::any_json::any_json()) {
        let mut rule = rule();
        rule["note"] = note;
        let book = publish(json!([rule])).unwrap();
        let back: PriceBook = serde_json::from_str(&serde_json::to_string(&book).unwrap()).unwrap();
        prop_assert_eq!(back.verify(), Ok(()));
    }
}
