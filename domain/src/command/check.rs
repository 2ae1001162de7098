//! What an intent must say to be understood, checked alike on the device and on the server; a fact is never asked.

use super::Command;
use crate::{
    booking::{FieldError, MAX_ITEMS, check_move},
    quote::{Item, Quote, QuoteKind, bounds},
};
use chrono::{DateTime, Utc};

/// Longest coded reason, in characters.
pub const MAX_REASON_CODE: usize = 64;
/// Longest free text, in characters.
pub const MAX_TEXT: usize = 500;

/// Checks an intent's form: a cancellation has a coded reason, a voided order one in words, an estimate has goods.
///
/// # Errors
/// `required`, `too_long` or `invalid`.
pub fn form(command: &Command) -> Result<(), FieldError> {
    match command {
        Command::Cancel(args) => {
            text(&args.reason, "reason", 1, MAX_REASON_CODE)?;
            let words = args.text.as_deref().unwrap_or_default();
            text(words, "text", 0, MAX_TEXT)
        }
        Command::Void(args) => text(&args.reason, "reason", 1, MAX_TEXT),
        Command::Estimate(args) => estimate(&args.quote, "quote"),
        Command::Create(args) => match &args.estimate {
            Some(told) if told.items != args.items => {
                Err(FieldError::new("estimate.items", "invalid"))
            }
            Some(told) => estimate(told, "estimate"),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// An estimate has goods, in bounded words. `path`: where it stands in the arguments.
fn estimate(quote: &Quote, path: &str) -> Result<(), FieldError> {
    let fault = |field: &str, code| Err(FieldError::new(format!("{path}.{field}"), code));
    if quote.kind != QuoteKind::Estimate {
        return fault("kind", "invalid");
    }
    match quote.items.len() {
        0 => return fault("items", "required"),
        count if count > MAX_ITEMS => return fault("items", "too_long"),
        _ => {}
    }
    for (index, item) in quote.items.iter().enumerate() {
        if let Some(long) = bounds::too_long(item.attributes.iter(), item.note.as_deref()) {
            return fault(&format!("items[{index}].{long}"), "too_long");
        }
    }
    Ok(())
}

/// Checks the time a member of staff moves a visit to, when the server hears of it.
///
/// # Errors
/// `too_soon` or `too_late`.
pub fn moved_to(command: &Command, now: DateTime<Utc>) -> Result<(), FieldError> {
    let Command::Reschedule(args) = command else {
        return Ok(());
    };
    check_move(args.appointment_time, now).map_err(|code| FieldError::new("appointment_time", code))
}

/// The goods that a fact states.
#[must_use]
pub fn goods(command: &Command) -> &[Item] {
    match command {
        Command::Weigh(args) => &args.items,
        Command::Receive(args) => &args.items,
        Command::Ticket(args) => &args.quote.items,
        _ => &[],
    }
}

fn text(text: &str, field: &str, min: usize, max: usize) -> Result<(), FieldError> {
    let length = text.trim().chars().count();
    if length < min {
        Err(FieldError::new(field, "required"))
    } else if length > max {
        Err(FieldError::new(field, "too_long"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn fault(name: &str, args: Value) -> Option<(String, &'static str)> {
        let mut args = args;
        let id = "0193a5b0-7c00-7000-8000-000000000001";
        args["appointment_id"] = json!(id);
        args["order_id"] = json!(id);
        let command = Command::decode(name, &args).unwrap();
        let now = "2026-11-23T02:00:00Z".parse().unwrap();
        let checked = form(&command).and_then(|()| moved_to(&command, now));
        checked.err().map(|fault| (fault.field, fault.code))
    }

    fn at(field: &str, code: &'static str) -> Option<(String, &'static str)> {
        Some((field.to_owned(), code))
    }

    #[test]
    fn an_intent_says_why_and_when() {
        let cancel = |reason: &str, text: String| {
            fault(
                "appointment.cancel",
                json!({"reason": reason, "text": text}),
            )
        };
        assert_eq!(cancel("not_home", String::new()), None);
        assert_eq!(cancel("  ", String::new()), at("reason", "required"));
        assert_eq!(
            cancel(&"x".repeat(65), String::new()),
            at("reason", "too_long")
        );
        assert_eq!(cancel("other", "好".repeat(500)), None);
        assert_eq!(cancel("other", "好".repeat(501)), at("text", "too_long"));
        assert_eq!(
            fault("order.void", json!({"reason": ""})),
            at("reason", "required")
        );
    }

    #[test]
    fn an_estimate_has_goods_and_is_an_estimate() {
        let item = json!({"category": "metal/iron", "quantity": "10"});
        let id = "0193a5b0-7c00-7000-8000-000000000002";
        let quote = |kind: &str, items: Value| {
            json!({"id": id, "kind": kind, "book": {"city": "330100", "version": 1}, "items": items, "lines": [],
                "total": "18.00", "due": "18.00", "created_at": "2026-11-23T02:00:00.000Z"})
        };
        let given = |kind: &str, items: Value| {
            fault("appointment.estimate", json!({"quote": quote(kind, items)}))
        };
        assert_eq!(given("estimate", json!([item])), None);
        assert_eq!(
            given("final", json!([item])),
            at("quote.kind", "invalid"),
            "a final quote is weighed"
        );
        assert_eq!(given("estimate", json!([])), at("quote.items", "required"));
        assert_eq!(
            given("estimate", json!(vec![item.clone(); 51])),
            at("quote.items", "too_long")
        );
        let wordy = json!({"category": "metal/iron", "quantity": "1", "note": "好".repeat(201)});
        assert_eq!(
            given("estimate", json!([item, wordy])),
            at("quote.items[1].note", "too_long")
        );
        let booked = |items: Value| {
            fault(
                "appointment.create",
                json!({"items": items, "estimate": quote("estimate", json!([item])), "appointment_time": "2026-11-24T02:00:00Z",
                "contact": {"name": "王女士", "phone": "13800002046"}, "address": {"division": "330106", "detail": "文三路 90 号"}}),
            )
        };
        assert_eq!(booked(json!([item])), None);
        assert_eq!(
            booked(json!([])),
            at("estimate.items", "invalid"),
            "what was priced is what was booked"
        );
    }

    #[test]
    fn staff_move_a_visit_to_any_time_still_to_come_within_a_month() {
        let moved = |to: &str| fault("appointment.reschedule", json!({"appointment_time": to}));
        assert_eq!(
            moved("2026-11-23T02:00:00Z"),
            at("appointment_time", "too_soon")
        );
        assert_eq!(moved("2026-11-23T02:10:00Z"), None);
        assert_eq!(moved("2026-12-23T02:00:00Z"), None);
        assert_eq!(
            moved("2026-12-23T02:00:01Z"),
            at("appointment_time", "too_late")
        );
    }
}
