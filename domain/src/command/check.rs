//! What an intent must say to be understood, checked alike on the device and on the server; a fact is never asked.

use super::Command;
use crate::{booking::check_move, quote::Item};
use chrono::{DateTime, Utc};

/// Longest coded reason, in characters.
pub const MAX_REASON_CODE: usize = 64;
/// Longest free text, in characters.
pub const MAX_TEXT: usize = 500;

/// An argument at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which.
    pub field: &'static str,
    /// Stable code.
    pub code: &'static str,
}

/// Checks an intent's texts: a cancellation has a coded reason, a voided order one in words.
///
/// # Errors
/// `required` or `too_long`.
pub fn texts(command: &Command) -> Result<(), Fault> {
    match command {
        Command::Cancel(args) => {
            text(&args.reason, "reason", 1, MAX_REASON_CODE)?;
            let words = args.text.as_deref().unwrap_or_default();
            text(words, "text", 0, MAX_TEXT)
        }
        Command::Void(args) => text(&args.reason, "reason", 1, MAX_TEXT),
        _ => Ok(()),
    }
}

/// Checks the time a member of staff moves a visit to, when the server hears of it.
///
/// # Errors
/// `too_soon` or `too_late`.
pub fn moved_to(command: &Command, now: DateTime<Utc>) -> Result<(), Fault> {
    let Command::Reschedule(args) = command else {
        return Ok(());
    };
    let field = "appointment_time";
    check_move(args.appointment_time, now).map_err(|code| Fault { field, code })
}

/// The goods a command states.
#[must_use]
pub fn goods(command: &Command) -> &[Item] {
    match command {
        Command::Weigh(args) => &args.items,
        Command::Receive(args) => &args.items,
        Command::Ticket(args) => &args.quote.items,
        _ => &[],
    }
}

fn text(text: &str, field: &'static str, min: usize, max: usize) -> Result<(), Fault> {
    let length = text.trim().chars().count();
    if length < min {
        let code = "required";
        Err(Fault { field, code })
    } else if length > max {
        let code = "too_long";
        Err(Fault { field, code })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn fault(name: &str, args: Value) -> Option<(&'static str, &'static str)> {
        let mut args = args;
        let id = "0193a5b0-7c00-7000-8000-000000000001";
        args["appointment_id"] = json!(id);
        args["order_id"] = json!(id);
        let command = Command::decode(name, &args).unwrap();
        let now = "2026-11-23T02:00:00Z".parse().unwrap();
        let checked = texts(&command).and_then(|()| moved_to(&command, now));
        checked.err().map(|fault| (fault.field, fault.code))
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
        assert_eq!(cancel("  ", String::new()), Some(("reason", "required")));
        assert_eq!(
            cancel(&"x".repeat(65), String::new()),
            Some(("reason", "too_long"))
        );
        assert_eq!(cancel("other", "好".repeat(500)), None);
        assert_eq!(
            cancel("other", "好".repeat(501)),
            Some(("text", "too_long"))
        );
        assert_eq!(
            fault("order.void", json!({"reason": ""})),
            Some(("reason", "required"))
        );
    }

    #[test]
    fn staff_move_a_visit_to_any_time_still_to_come_within_a_month() {
        let moved = |to: &str| fault("appointment.reschedule", json!({"appointment_time": to}));
        assert_eq!(
            moved("2026-11-23T02:00:00Z"),
            Some(("appointment_time", "too_soon"))
        );
        assert_eq!(moved("2026-11-23T02:10:00Z"), None);
        assert_eq!(moved("2026-12-23T02:00:00Z"), None);
        assert_eq!(
            moved("2026-12-23T02:00:01Z"),
            Some(("appointment_time", "too_late"))
        );
    }
}
