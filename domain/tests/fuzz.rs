//! Golden texts of commands and messages, changed at random: what is read is what was meant, and nothing panics.
//! `PROPTEST_CASES` says how often.

use crate::any_json::{any_json, replace};
use crate::wire;
use huishou_domain::command::Command;
use huishou_domain::sync::message::Mutation;
use huishou_domain::sync::scope::Scope;
use proptest::prelude::*;
use serde_json::{Value, json};

/// As often as the environment says, else so often.
#[allow(
    clippy::disallowed_methods,
    reason = "tests may be told how long to run"
)]
pub fn cases(few: u32) -> ProptestConfig {
    let said = std::env::var("PROPTEST_CASES").ok();
    let cases = said.and_then(|said| said.parse().ok()).unwrap_or(few);
    ProptestConfig::with_cases(cases)
}

const ID: &str = "01936a00-0000-7000-8000-000000000001";

/// Sound arguments of every command.
fn sound(name: &str) -> Value {
    let quote = json!({"id": ID, "kind": "estimate", "book": {"city": "330100", "version": 7, "hash": "6ee5"},
        "items": [{"category": "metal/iron", "quantity": "10", "attributes": {"moisture": "8"}, "note": "旧"}],
        "lines": [{"category": "metal/iron", "quantity": "10", "unit_price": "1.8", "applied": [], "amount": "18.00"}],
        "total": "18.00", "adjustments": [], "due": "18.00", "created_at": "2026-11-23T02:00:00.125Z"});
    let item = json!({"category": "metal/iron", "weighing": {"gross": "52.400", "tare": "1.200", "deductions": [{"kind": "moisture", "percent": "3"}]}});
    let line = json!({"category": "metal/iron", "quantity": "49.664", "unit_price": "1.1", "amount": "54.63"});
    let weigh = json!({"order_id": ID, "quote_id": ID, "book": {"city": "330100", "version": 7}, "items": [item],
        "lines": [line], "total": "54.63", "adjustments": [{"kind": "round_down", "amount": "-0.63"}], "due": "54.00",
        "gap_reasons": [{"line": 0, "code": "weight"}], "photos": ["0".repeat(64)]});
    match name {
        "appointment.create@1" => {
            json!({"appointment_id": ID, "order_id": ID, "contact": {"name": "王女士", "phone": "13800002046"},
            "address": {"division": "330106", "detail": "文三路 90 号", "lng": "120.12", "lat": "30.27"},
            "appointment_time": "2026-11-24T02:00:00.000Z", "items": [{"category": "metal/iron", "quantity": "10"}], "note": "有电梯", "estimate": quote})
        }
        "appointment.estimate@1" => json!({"appointment_id": ID, "quote": quote}),
        "appointment.confirm@1" | "appointment.start@1" | "appointment.complete@1" => {
            json!({"appointment_id": ID})
        }
        "appointment.assign@1" => json!({"appointment_id": ID, "assignee": ID}),
        "appointment.reschedule@1" => {
            json!({"appointment_id": ID, "appointment_time": "2026-11-24T02:00:00.000Z"})
        }
        "appointment.cancel@1" => {
            json!({"appointment_id": ID, "reason": "refused_price", "text": "太低"})
        }
        "order.weigh@1" => weigh,
        "order.accept@1" => {
            json!({"order_id": ID, "quote_id": ID, "by": "signature", "blob": "0".repeat(64)})
        }
        "order.pay@1" => {
            json!({"order_id": ID, "payment_id": ID, "method": "cash", "amount": "54.00"})
        }
        "order.refund@1" => {
            json!({"order_id": ID, "refund_id": ID, "payment_id": ID, "amount": "54.00"})
        }
        "order.void@1" => json!({"order_id": ID, "reason": "写错了"}),
        "order.receive@1" => json!({"order_id": ID, "items": [item]}),
        "ticket.create@1" => {
            let mut quote = quote;
            quote["kind"] = json!("final");
            json!({"order_id": ID, "station_id": ID, "seller": {"name": "李", "phone": "13800002046"}, "quote": quote})
        }
        "price_book.publish@1" => json!({ "book": huishou_domain::price_book::demo() }),
        _ => panic!("{name}: a new command needs its arguments here"),
    }
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(Command::NAMES.to_vec())
}

/// A golden text with a piece of it gone, doubled, nested, or grown beyond measure.
fn spoilt(text: String) -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "99999999999999999999",
        "-9223372036854775809",
        "1e999",
        "-0",
        "0.1",
        "null",
        "true",
        "\"\"",
        "[]",
        "{}",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "170141183460469231731687303715884105728",
    ]);
    let length = text.len();
    (0..length, 0..length, odd, 0..6_u8, any::<u8>()).prop_map(move |(a, b, odd, how, byte)| {
        let (from, to) = (a.min(b), a.max(b));
        let mut bytes = text.clone().into_bytes();
        match how {
            0 => drop(bytes.drain(from..to)),
            1 => bytes[from] = byte,
            2 => {
                let piece = bytes[from..to].to_vec();
                drop(bytes.splice(from..from, piece));
            }
            // A key a second time, with another value.
            3 => {
                let whole: Value = serde_json::from_str(&text).unwrap();
                let keys: Vec<&String> = whole.as_object().unwrap().keys().collect();
                let again = format!(",\"{}\":{odd}}}", keys[from % keys.len()]);
                bytes.pop();
                bytes.extend(again.into_bytes());
            }
            4 => {
                let deep = ["[".repeat(from * 3), "]".repeat(from * 3)].join("1");
                bytes.pop();
                bytes.extend(format!(",\"deep\":{deep}}}").into_bytes());
            }
            _ => {
                let values: Vec<usize> = text.match_indices(':').map(|(at, _)| at + 1).collect();
                let at = values[from % values.len()];
                drop(bytes.splice(at..at, odd.bytes().chain(*b",\"x\":")));
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn spoilt_message() -> impl Strategy<Value = (String, String)> {
    let all: Vec<(String, String)> = wire::golden()
        .into_iter()
        .map(|golden| (golden.message, golden.text))
        .collect();
    prop::sample::select(all)
        .prop_flat_map(|(message, text)| spoilt(text).prop_map(move |text| (message.clone(), text)))
}

/// What a command's arguments say comes back, and is read as the same.
fn assert_means_the_same(command: &Command) {
    let written = command.args().unwrap();
    let read = Command::decode(command.name(), &written).unwrap();
    assert_eq!(&read, command, "{}", command.name());
}

/// What was read must have been said: ids, amounts and names of the message are those of the text.
fn assert_was_said(said: &Value, read: &Value, place: &str) {
    match (said, read) {
        (Value::Object(said), Value::Object(read)) => {
            for (field, read) in read {
                if let Some(said) = said.get(field) {
                    assert_was_said(said, read, field);
                }
            }
        }
        (Value::Number(said), Value::Number(read)) => assert_eq!(said, read, "{place}"),
        (said, Value::Number(read)) => panic!("{place}: {said} was read as {read}"),
        _ => {}
    }
}

#[test]
fn sound_arguments_of_every_command_are_read() {
    for name in Command::NAMES {
        let command = Command::decode(name, &sound(name)).unwrap_or_else(|error| panic!("{error}"));
        assert_means_the_same(&command);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn arguments_with_any_one_value_exchanged_are_refused_or_mean_what_they_say(name in name(), nth in 0_usize..60, with in any_json()) {
        let mut args = sound(name);
        replace(&mut args, &mut nth.clone(), &with);
        if let Ok(command) = Command::decode(name, &args) {
            assert_means_the_same(&command);
        }
    }

    #[test]
    fn any_arguments_under_any_name_are_refused_or_mean_what_they_say(name in prop_oneof![name().prop_map(str::to_owned), any::<String>()], args in any_json()) {
        if let Ok(command) = Command::decode(&name, &args) {
            assert_means_the_same(&command);
        }
    }

    #[test]
    fn a_spoilt_text_of_a_message_is_refused_or_read_as_it_says((message, text) in spoilt_message()) {
        if let Ok(written) = wire::again(&message, &text) {
            let twice = wire::again(&message, &written).unwrap();
            prop_assert_eq!(&twice, &written, "{} from {}", message, text);
            // Fields nobody knows may be deeper than a value is read: they are passed over.
            if let (Ok(said), Ok(read)) = (serde_json::from_str(&text), serde_json::from_str(&written)) {
                assert_was_said(&said, &read, &message);
            }
        }
    }

    #[test]
    fn a_spoilt_text_of_a_command_is_refused_or_read_as_it_says((name, text) in name().prop_flat_map(|name| spoilt(sound(name).to_string()).prop_map(move |text| (name, text)))) {
        let Ok(args) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
        if let Ok(command) = Command::decode(name, &args) {
            assert_means_the_same(&command);
        }
        let mutation = format!(r#"{{"id":1,"uid":"{ID}","name":"{name}","actor":"{ID}","args":{text},"client_time":"2026-11-23T02:00:00.125Z"}}"#);
        if let Ok(mutation) = serde_json::from_str::<Mutation>(&mutation) {
            let written = serde_json::to_string(&mutation).unwrap();
            let read: Mutation = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read.args, mutation.args);
        }
    }

    #[test]
    fn a_scope_that_is_read_has_that_name(text in prop_oneof!["(collector|station|catalog|admin)?:?[0-9a-fA-F-]{0,40}", any::<String>()]) {
        if let Ok(scope) = text.parse::<Scope>() {
            let name = scope.to_string();
            prop_assert_eq!(name.parse::<Scope>().unwrap(), scope);
        }
    }
}
