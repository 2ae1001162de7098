//! Pricing on a device: what it cannot read is refused by field, what it can is answered line by line.

use blackbox::customer::id;
use blackbox::goods::{at, iron, reasons, weighed};
use serde_json::{Value, json};

use crate::device_args::{absurd, blamed, unharmed, with_key};
use crate::scene::Scene;
use crate::values::{places, with, without};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_be_priced_is_refused_by_field_or_answered_line_by_line() {
    let Scene {
        town: _town,
        customer,
        visit,
        zhang,
        ..
    } = Scene::begin().await;
    let others = customer.book(&at(3, 10)).await;
    let good = json!({
        "items": weighed(), "gap_reasons": reasons(), "appointment_id": visit["id"],
        "adjustments": [{"kind": "round_down", "amount": "-0.10", "reason": "抹零"}],
    });
    let priced = zhang.call(&["quote", &good.to_string()]).await;
    assert_eq!(
        priced["lines"].as_array().map(Vec::len),
        Some(3),
        "{priced}"
    );
    let (mut refused, mut answered) = (0, 0);
    for place in places(&good) {
        let top = place
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default();
        // Deep in the goods every line answers for itself; a handful of values shows that.
        let values = absurd(id(&others));
        let few = if top == "items" && place.matches('/').count() > 3 {
            4
        } else {
            values.len()
        };
        let spoilt = values
            .into_iter()
            .rev()
            .take(few)
            .map(|value| with(&good, &place, value));
        for bad in spoilt.chain([without(&good, &place)]) {
            let what = format!(
                "quote {place}: {}",
                bad.pointer(&place)
                    .unwrap_or(&Value::Null)
                    .to_string()
                    .chars()
                    .take(80)
                    .collect::<String>()
            );
            let done = zhang.run(&["quote", &bad.to_string()]).await;
            if done.status.success() {
                let answer = done.json();
                let items = bad["items"].as_array().map_or(0, Vec::len);
                assert_eq!(
                    answer["lines"].as_array().map(Vec::len),
                    Some(items),
                    "{what}: {answer}"
                );
                answered += 1;
            } else {
                let (code, field) = blamed(&done, &what);
                assert!(
                    field.is_some_and(|field| field.starts_with(top)),
                    "{what}: {code}"
                );
                refused += 1;
            }
        }
    }
    for (extra, value) in [
        ("discount", json!("1")),
        ("discount", json!(null)),
        ("items ", json!([])),
        ("𠮷😀", json!({})),
    ] {
        let told = blamed(
            &zhang
                .run(&["quote", &with_key(&good, extra, value).to_string()])
                .await,
            extra,
        );
        assert_eq!(
            told,
            ("unknown_argument".to_owned(), Some(extra.to_owned()))
        );
    }
    let many = json!({"items": vec![iron("1")[0].clone(); 501]});
    let told = blamed(&zhang.run(&["quote", &many.to_string()]).await, "501 lines");
    assert_eq!(
        told,
        ("too_many_items".to_owned(), Some("items".to_owned()))
    );
    unharmed(&zhang, 0, "quote").await;
    println!("quote: {refused} spoilt requests refused by field, {answered} answered line by line");
    assert!(refused > 50 && answered > 50);
}
