//! How much may be said of one kind of goods. Prices are asked for by anybody, and what is said is stored and synced, so
//! it has a bound.

use super::Item;
use serde_json::Value;

/// Most attributes of one item.
pub const MAX_ATTRIBUTES: usize = 32;
/// Longest attribute key, in characters.
pub const MAX_KEY: usize = 64;
/// Longest attribute value, in characters.
pub const MAX_VALUE: usize = 64;
/// Longest note, in characters.
pub const MAX_NOTE: usize = 200;

/// What is too long about an item, as a path below it: `note`, `attributes`, or `attributes.KEY` with the key cut.
pub fn too_long<'a>(
    attributes: impl ExactSizeIterator<Item = (&'a String, &'a Value)>,
    note: Option<&str>,
) -> Option<String> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Some("attributes".to_owned());
    }
    for (key, value) in attributes {
        if key.chars().count() > MAX_KEY || length(value) > MAX_VALUE {
            let cut: String = key.chars().take(MAX_KEY).collect();
            return Some(format!("attributes.{cut}"));
        }
    }
    note.is_some_and(|note| note.trim().chars().count() > MAX_NOTE)
        .then(|| "note".to_owned())
}

/// Whether an item says more than the bounds allow.
#[must_use]
pub fn is_too_long(item: &Item) -> bool {
    too_long(item.attributes.iter(), item.note.as_deref()).is_some()
}

/// The same for an item as it was sent: the path of what is too long.
#[must_use]
pub fn too_long_raw(item: &Value) -> Option<String> {
    let note = item.get("note").and_then(Value::as_str);
    match item.get("attributes") {
        Some(Value::Object(attributes)) => too_long(attributes.iter(), note),
        _ => too_long(std::iter::empty(), note),
    }
}

/// Characters of a text; of anything else, of its JSON.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Null | Value::Bool(_) => 0,
        other => other.to_string().chars().count(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn with(attributes: Value, note: &str) -> Value {
        json!({"category": "appliance/fridge", "quantity": "1", "attributes": attributes, "note": note})
    }

    #[test]
    fn as_sent_and_as_read_an_item_has_the_same_bounds() {
        let many: serde_json::Map<_, _> = (0..33).map(|n| (format!("k{n}"), json!(1))).collect();
        let few: serde_json::Map<_, _> = (0..32).map(|n| (format!("k{n}"), json!(1))).collect();
        let long_key = "键".repeat(65);
        for (item, expected) in [
            (with(json!({"volume": "200"}), "轻放"), None),
            (with(Value::Object(few), &"好".repeat(200)), None),
            (with(Value::Object(many), ""), Some("attributes".to_owned())),
            (
                with(json!({long_key: 1}), ""),
                Some(format!("attributes.{}", "键".repeat(64))),
            ),
            (
                with(json!({"brand": "𠮷".repeat(65)}), ""),
                Some("attributes.brand".to_owned()),
            ),
            (
                with(json!({"brand": vec![0; 64]}), ""),
                Some("attributes.brand".to_owned()),
            ),
            (with(json!({}), &"好".repeat(201)), Some("note".to_owned())),
        ] {
            assert_eq!(too_long_raw(&item), expected, "{item}");
            let read: Item = serde_json::from_value(item).unwrap();
            assert_eq!(is_too_long(&read), expected.is_some());
        }
    }
}
