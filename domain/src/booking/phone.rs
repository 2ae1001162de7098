//! A booking taken over the telephone: the rules of any other.

use super::{Booking, FieldError, parse};
use crate::{
    appointment::{Address, Contact},
    command::AppointmentCreate,
    pricing::Book,
};
use chrono::{DateTime, Utc};
use serde_json::json;

impl Booking {
    /// A phone booking as it was taken, unchecked; [`by_phone`] checks it.
    #[must_use]
    pub fn as_taken(args: &AppointmentCreate, city: &str) -> Self {
        let trimmed = |text: &str| text.trim().to_owned();
        Self {
            city: city.to_owned(),
            items: args.items.clone(),
            address: Address {
                division: trimmed(&args.address.division),
                detail: trimmed(&args.address.detail),
                ..args.address.clone()
            },
            contact: Contact {
                name: trimmed(&args.contact.name),
                phone: trimmed(&args.contact.phone),
            },
            appointment_time: args.appointment_time,
            note: trimmed(args.note.as_deref().unwrap_or_default()),
            photos: Vec::new(),
        }
    }
}

/// Checks a booking taken over the phone by the rules of any other. `city` is that of the depot that serves the
/// address, and `book` prices its goods; without them the address is `not_served`.
///
/// # Errors
/// Every bad field, as for [`parse`].
pub fn by_phone(
    args: &AppointmentCreate,
    city: Option<&str>,
    now: DateTime<Utc>,
    book: Option<&Book>,
) -> Result<Booking, Vec<FieldError>> {
    let form = json!({
        "city": city.unwrap_or_default(), "items": args.items, "address": args.address, "contact": args.contact,
        "appointment_time": crate::time::wire(args.appointment_time), "note": args.note,
    });
    parse(&form, now, book).map_err(|mut faults| {
        let before = faults.len();
        faults.retain(|fault| fault.field != "city");
        let place = |fault: &FieldError| fault.field == "address.division";
        if faults.len() < before && !faults.iter().any(place) {
            faults.push(FieldError::new("address.division", "not_served"));
        }
        faults
    })
}
