//! Canonical JSON by RFC 8785: one text for one content, so that it can be hashed.
//!
//! Keys are ordered by their UTF-16 units, nothing stands between tokens, strings carry only the
//! escapes they must, numbers are written as ECMAScript writes a double. Published books hold their
//! numbers as strings, so the last rule only matters to display keys a publisher adds.

use serde_json::{Map, Number, Value};

/// The canonical text of a value.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_string(text, out),
        Value::Array(list) => write_list(list, out),
        Value::Object(map) => write_object(map, out),
    }
}

fn write_list(list: &[Value], out: &mut String) {
    out.push('[');
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(value, out);
    }
    out.push(']');
}

fn write_object(map: &Map<String, Value>, out: &mut String) {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_value(value, out);
    }
    out.push('}');
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            plain => out.push(plain),
        }
    }
    out.push('"');
}

/// ECMAScript's Number::toString; a number no double can hold keeps its own text.
fn write_number(number: &Number, out: &mut String) {
    let Some(double) = number.as_f64().filter(|double| double.is_finite()) else {
        out.push_str(number.as_str());
        return;
    };
    if double == 0.0 {
        out.push('0');
        return;
    }
    if double.is_sign_negative() {
        out.push('-');
    }
    // Rust's exponent form carries the shortest digits that read back as the same double.
    let shortest = format!("{:e}", double.abs());
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = digits.replace('.', "");
    write_digits(&digits, exponent.parse().unwrap_or(0), out);
}

/// Places the point as ECMAScript does: plain from 1e-6 up to below 1e21, else with an exponent.
fn write_digits(digits: &str, exponent: i32, out: &mut String) {
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    match exponent {
        0..=20 if exponent + 1 >= length => {
            out.push_str(digits);
            out.push_str(&zeros(exponent + 1 - length));
        }
        0..=20 => {
            let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(0));
            out.push_str(&format!("{whole}.{fraction}"));
        }
        -6..=-1 => out.push_str(&format!("0.{}{digits}", zeros(-exponent - 1))),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { "" } else { "+" };
            out.push_str(&format!("{first}{point}{rest}e{sign}{exponent}"));
        }
    }
}
