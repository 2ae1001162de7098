//! What must hold of every price, whatever the book and the goods.

use huishou_domain::money::Fen;
use huishou_domain::number::Number;
use huishou_domain::pricing::{Book, Priced};
use proptest::prelude::*;
use serde_json::{Value, json};

fn decimal(most: i64, decimals: u32) -> impl Strategy<Value = String> {
    let unit = 10_i64.pow(decimals);
    (0..=most * unit).prop_map(move |scaled| {
        let (whole, fraction) = (scaled / unit, scaled % unit);
        format!("{whole}.{fraction:0width$}", width = decimals as usize)
    })
}

fn operation() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "multiply", "add", "subtract", "set", "at_least", "at_most",
    ])
}

fn factor() -> impl Strategy<Value = Value> {
    let test = prop_oneof![
        (
            prop::sample::select(vec!["lt", "lte", "gt", "gte", "eq", "ne"]),
            decimal(20, 1)
        )
            .prop_map(|(condition, operand)| (condition, json!(operand))),
        Just(("exists", Value::Null)),
        (decimal(10, 1), decimal(10, 1)).prop_map(|(low, width)| {
            let high = low.parse::<f64>().unwrap() + width.parse::<f64>().unwrap();
            ("between", json!([low, format!("{high:.1}")]))
        }),
    ];
    let field = prop::sample::select(vec!["moisture", "volume_l", "age_years"]);
    (field, test, operation(), decimal(3, 6)).prop_map(|(field, (condition, operand), operation, value)| {
        json!({"field": field, "condition": condition, "operand": operand, "operation": operation, "value": value})
    })
}

fn book() -> impl Strategy<Value = Value> {
    let rule = (decimal(200, 2), prop::collection::vec(factor(), 0..=16));
    prop::collection::vec(rule, 1..5).prop_map(|rules| {
        let rules: Vec<_> = rules.into_iter().enumerate().map(|(index, (price, factors))| {
            json!({"category": format!("paper/{index}"), "unit": "kg", "base_price": price, "factors": factors})
        }).collect();
        json!({ "rules": rules })
    })
}

fn attributes() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(
        prop::sample::select(vec!["moisture", "volume_l", "age_years"]),
        decimal(20, 1),
        0..3,
    )
    .prop_map(|map| json!(map))
}

fn item() -> impl Strategy<Value = Value> {
    let amount = prop_oneof![
        decimal(1_000, 3).prop_map(|q| json!({"quantity": q.replace("0.000", "0.001")})),
        (
            decimal(500, 3),
            decimal(500, 3),
            prop::collection::vec(decimal(20, 2), 0..4)
        )
            .prop_map(|(net, tare, percents)| {
                let gross =
                    Number::parse(&net).unwrap().micros() + Number::parse(&tare).unwrap().micros();
                let deductions: Vec<_> = percents
                    .iter()
                    .map(|p| json!({"kind": "moisture", "percent": p}))
                    .collect();
                let gross = Number::from_micros(gross).unwrap();
                json!({"weighing": {"gross": gross, "tare": tare, "deductions": deductions}})
            }),
    ];
    (0_usize..5, amount, attributes()).prop_map(|(kind, mut item, attributes)| {
        item["category"] = json!(format!("paper/{kind}"));
        item["attributes"] = attributes;
        item
    })
}

/// Items whose category the book has.
fn priced(book: &Value, items: &[Value]) -> Option<Priced> {
    Book::parse(book).unwrap().price(items).ok()
}

fn scaled(text: &str, decimals: usize) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<decimals$}").parse().unwrap()
}

fn one(quantity: &str, attributes: &Value) -> [Value; 1] {
    [json!({"category": "paper/0", "quantity": quantity, "attributes": attributes})]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_line_and_no_total_is_ever_negative(book in book(), items in prop::collection::vec(item(), 1..8)) {
        if let Some(priced) = priced(&book, &items) {
            prop_assert!(priced.lines.iter().all(|line| line.amount >= Fen::ZERO));
            prop_assert!(priced.total >= Fen::ZERO);
            prop_assert_eq!(Fen::checked_sum(priced.lines.iter().map(|line| line.amount)), Some(priced.total));
        }
    }

    #[test]
    fn the_order_of_lines_does_not_touch_the_total(
        book in book(),
        (items, shuffled) in prop::collection::vec(item(), 1..8)
            .prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle())),
    ) {
        let (a, b) = (priced(&book, &items), priced(&book, &shuffled));
        prop_assert_eq!(a.map(|priced| priced.total), b.map(|priced| priced.total));
    }

    #[test]
    fn an_amount_is_the_product_rounded_to_the_nearest_fen(book in book(), item in item()) {
        if let Some(priced) = priced(&book, &[item]) {
            let line = &priced.lines[0];
            let price = scaled(&line.unit_price.to_string(), 10);
            let product = price * scaled(&line.quantity.to_string(), 3);
            let off = i128::from(line.amount.fen()) * 100_000_000_000 - product;
            // Half a fen is 5 × 10¹⁰ of these units; the half itself goes up.
            prop_assert!(-50_000_000_000 < off && off <= 50_000_000_000, "off by {off}");
        }
    }

    #[test]
    fn more_of_the_same_never_pays_less(
        book in book(), attributes in attributes(), a in 1_i64..1_000_000, more in 0_i64..1_000_000,
    ) {
        let kg = |grams: i64| format!("{}.{:03}", grams / 1_000, grams % 1_000);
        let (less, more) = (one(&kg(a), &attributes), one(&kg(a + more), &attributes));
        if let (Some(less), Some(more)) = (priced(&book, &less), priced(&book, &more)) {
            prop_assert!(less.total <= more.total);
        }
    }

    #[test]
    fn more_on_the_scale_never_pays_less(
        book in book(), tare in 0_i64..5_000, a in 0_i64..100_000, more in 0_i64..100_000,
        percents in prop::collection::vec(decimal(30, 2), 0..3),
    ) {
        let weighed = |gross: i64| {
            let deductions: Vec<_> = percents.iter().map(|p| json!({"percent": p})).collect();
            let micros = |grams: i64| Number::from_micros(grams * 1_000).unwrap();
            [json!({"category": "paper/0", "weighing":
                {"gross": micros(gross), "tare": micros(tare), "deductions": deductions}})]
        };
        let (less, more) = (priced(&book, &weighed(tare + a)), priced(&book, &weighed(tare + a + more)));
        if let (Some(less), Some(more)) = (less, more) {
            prop_assert!(less.total <= more.total);
            prop_assert!(less.lines[0].quantity <= more.lines[0].quantity);
        }
    }

    #[test]
    fn a_higher_base_price_never_pays_less(
        mut book in book(), attributes in attributes(), raise in decimal(50, 2),
    ) {
        // Every operation keeps the order of prices: multiplying here is by values from 0 up.
        let items = one("12.5", &attributes);
        let before = priced(&book, &items);
        let raised = scaled(book["rules"][0]["base_price"].as_str().unwrap(), 2) + scaled(&raise, 2);
        book["rules"][0]["base_price"] = json!(Fen::from_fen(i64::try_from(raised).unwrap()));
        if let (Some(before), Some(after)) = (before, priced(&book, &items)) {
            prop_assert!(before.total <= after.total);
        }
    }

    #[test]
    fn priced_goods_survive_the_wire(book in book(), items in prop::collection::vec(item(), 1..4)) {
        if let Ok((priced, trace)) = Book::parse(&book).unwrap().price_traced(&items) {
            let text = serde_json::to_string(&priced).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Priced>(&text).unwrap(), &priced);
            let text = serde_json::to_string(&trace).unwrap();
            prop_assert_eq!(serde_json::from_str::<huishou_domain::pricing::Trace>(&text).unwrap(), trace);
        }
    }
}
