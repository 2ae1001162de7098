//! Booking of an appointment: one set of rules for the app and the server. All bad fields are reported together.

mod phone;

pub use phone::by_phone;

use crate::{
    appointment::{Address, Contact},
    division,
    mobile::Mobile,
    pricing::Book,
    quote::{Item, bounds},
};
use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path, as `contact.phone` or `items[0].quantity`.
    pub field: String,
    /// Stable code.
    pub code: &'static str,
}

impl FieldError {
    /// A fault of a field.
    #[must_use]
    pub fn new(field: impl Into<String>, code: &'static str) -> Self {
        Self {
            field: field.into(),
            code,
        }
    }
}

/// Most goods in one booking.
pub const MAX_ITEMS: usize = 50;
/// Most photos in one booking.
pub const MAX_PHOTOS: usize = 9;

/// A booking that has passed every rule which needs no database.
#[derive(Debug, Clone, PartialEq)]
pub struct Booking {
    /// City division code.
    pub city: String,
    /// Goods.
    pub items: Vec<Item>,
    /// Where.
    pub address: Address,
    /// Whom to ask for.
    pub contact: Contact,
    /// When.
    pub appointment_time: DateTime<Utc>,
    /// The customer's note.
    pub note: String,
    /// Names of photos.
    pub photos: Vec<String>,
}

/// Collects faults while fields are read.
struct Reader {
    errors: Vec<FieldError>,
}

impl Reader {
    fn fault(&mut self, field: &str, code: &'static str) {
        self.errors.push(FieldError::new(field, code));
    }

    /// A text within `min..=max` characters after trimming; absent texts are `required` when `min > 0`.
    fn text(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        path: &str,
        min: usize,
        max: usize,
    ) -> String {
        match object.get(key) {
            None | Some(Value::Null) if min == 0 => String::new(),
            None | Some(Value::Null) => {
                self.fault(path, "required");
                String::new()
            }
            Some(Value::String(text)) => {
                let text = text.trim();
                let length = text.chars().count();
                if length == 0 && min > 0 {
                    self.fault(path, "required");
                } else if length < min {
                    self.fault(path, "too_short");
                } else if length > max {
                    self.fault(path, "too_long");
                }
                text.to_owned()
            }
            Some(_) => {
                self.fault(path, "type");
                String::new()
            }
        }
    }

    fn object<'a>(
        &mut self,
        object: &'a Map<String, Value>,
        key: &str,
    ) -> Option<&'a Map<String, Value>> {
        match object.get(key) {
            None | Some(Value::Null) => self.fault(key, "required"),
            Some(Value::Object(inner)) => return Some(inner),
            Some(_) => self.fault(key, "type"),
        }
        None
    }
}

/// The city a booking names, if it names one: needed to find the price book before the rest is checked.
#[must_use]
pub fn city_of(raw: &Value) -> Option<&str> {
    raw.get("city").and_then(Value::as_str)
}

/// Reads and checks a booking. `book` is the city's price book; without one the city is `not_served`.
///
/// # Errors
/// Every bad field, in the order of the form: `required, type, too_short, too_long, mobile, unknown_category,
/// unknown_division, not_served, too_soon, too_late`, and pricing.md's codes under `items[i]`.
pub fn parse(
    raw: &Value,
    now: DateTime<Utc>,
    book: Option<&Book>,
) -> Result<Booking, Vec<FieldError>> {
    let Value::Object(form) = raw else {
        return Err(vec![FieldError::new("body", "type")]);
    };
    let mut reader = Reader { errors: Vec::new() };
    let city = city(&mut reader, form, book);
    let items = items(&mut reader, form.get("items"), book);
    let address = address(&mut reader, form);
    let contact = contact(&mut reader, form);
    let appointment_time = time(&mut reader, form, now);
    let note = reader.text(form, "note", "note", 0, 500);
    let photos = photos(&mut reader, form.get("photos"));
    match (address, contact, appointment_time) {
        (Some(address), Some(contact), Some(appointment_time)) if reader.errors.is_empty() => {
            Ok(Booking {
                city,
                items,
                address,
                contact,
                appointment_time,
                note,
                photos,
            })
        }
        _ => Err(reader.errors),
    }
}

fn city(reader: &mut Reader, form: &Map<String, Value>, book: Option<&Book>) -> String {
    let city = reader.text(form, "city", "city", 1, 6);
    if !reader.errors.is_empty() {
        return city;
    }
    if division::lookup(&city).is_none() {
        reader.fault("city", "unknown_division");
    } else if book.is_none() {
        reader.fault("city", "not_served");
    }
    city
}

fn items(reader: &mut Reader, raw: Option<&Value>, book: Option<&Book>) -> Vec<Item> {
    let list = match raw {
        None | Some(Value::Null) => {
            reader.fault("items", "required");
            return Vec::new();
        }
        Some(Value::Array(list)) => list,
        Some(_) => {
            reader.fault("items", "type");
            return Vec::new();
        }
    };
    if list.is_empty() {
        reader.fault("items", "required");
    } else if list.len() > MAX_ITEMS {
        reader.fault("items", "too_long");
        return Vec::new();
    }
    list.iter()
        .enumerate()
        .filter_map(|(i, raw)| item(reader, i, raw, book))
        .collect()
}

/// Checks one item: its form, and that it can be priced.
fn item(reader: &mut Reader, index: usize, raw: &Value, book: Option<&Book>) -> Option<Item> {
    let path = format!("items[{index}]");
    let Value::Object(object) = raw else {
        reader.fault(&path, "type");
        return None;
    };
    if let Some(long) = bounds::too_long_raw(raw) {
        reader.fault(&format!("{path}.{long}"), "too_long");
        return None;
    }
    if let Some(book) = book
        && let Err(error) = book.price(std::slice::from_ref(raw))
    {
        let field = error
            .field
            .as_deref()
            .map_or_else(|| path.clone(), |f| format!("{path}.{f}"));
        reader.fault(&field, error.code.as_str());
        return None;
    }
    let before = reader.errors.len();
    reader.text(object, "note", &format!("{path}.note"), 0, bounds::MAX_NOTE);
    if reader.errors.len() > before {
        return None;
    }
    match Item::deserialize(raw) {
        Ok(item) => Some(item),
        Err(_) => {
            reader.fault(&path, "type");
            None
        }
    }
}

fn address(reader: &mut Reader, form: &Map<String, Value>) -> Option<Address> {
    let object = reader.object(form, "address")?;
    let before = reader.errors.len();
    let code = reader.text(object, "division", "address.division", 1, 6);
    if reader.errors.len() == before && !division::is_district(&code) {
        reader.fault("address.division", "unknown_division");
    }
    let detail = reader.text(object, "detail", "address.detail", 5, 200);
    let lng = degrees(reader, object, "lng", 180);
    let lat = degrees(reader, object, "lat", 90);
    Some(Address {
        division: code,
        detail,
        lng,
        lat,
    })
}

/// A coordinate: a decimal number as text or number, within ±limit degrees.
fn degrees(
    reader: &mut Reader,
    object: &Map<String, Value>,
    key: &str,
    limit: i128,
) -> Option<String> {
    let raw = object.get(key).filter(|v| !v.is_null())?;
    let path = format!("address.{key}");
    let text = match raw {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => {
            reader.fault(&path, "type");
            return None;
        }
    };
    let (whole, fraction) = text
        .trim_start_matches('-')
        .split_once('.')
        .unwrap_or((text.trim_start_matches('-'), "0"));
    let digits = |s: &str| !s.is_empty() && s.len() <= 15 && s.bytes().all(|b| b.is_ascii_digit());
    let inside = whole
        .parse::<i128>()
        .is_ok_and(|w| w < limit || (w == limit && fraction.bytes().all(|b| b == b'0')));
    if digits(whole) && digits(fraction) && inside {
        Some(text)
    } else {
        reader.fault(&path, "type");
        None
    }
}

fn contact(reader: &mut Reader, form: &Map<String, Value>) -> Option<Contact> {
    let object = reader.object(form, "contact")?;
    let name = reader.text(object, "name", "contact.name", 1, 50);
    let before = reader.errors.len();
    let phone = reader.text(object, "phone", "contact.phone", 1, 32);
    if (reader.errors.len() == before || phone.chars().count() > 32)
        && phone.parse::<Mobile>().is_err()
    {
        reader.errors.truncate(before);
        reader.fault("contact.phone", "mobile");
    }
    Some(Contact { name, phone })
}

fn time(
    reader: &mut Reader,
    form: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let text = match form.get("appointment_time") {
        None | Some(Value::Null) => {
            reader.fault("appointment_time", "required");
            return None;
        }
        Some(Value::String(text)) => text,
        Some(_) => {
            reader.fault("appointment_time", "type");
            return None;
        }
    };
    let Ok(at) = DateTime::parse_from_rfc3339(text) else {
        reader.fault("appointment_time", "type");
        return None;
    };
    let at = crate::time::to_millis(at.to_utc());
    match check_time(at, now) {
        Ok(()) => Some(at),
        Err(code) => {
            reader.fault("appointment_time", code);
            None
        }
    }
}

/// At least one hour ahead, at most one month.
///
/// # Errors
/// `too_soon` or `too_late`.
pub fn check_time(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), &'static str> {
    within(at, now + TimeDelta::hours(1), now)
}

/// Moved by staff, who may have been offline when they agreed on it: still to come, at most one month ahead.
///
/// # Errors
/// `too_soon` or `too_late`.
pub fn check_move(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), &'static str> {
    within(at, now + TimeDelta::milliseconds(1), now)
}

fn within(
    at: DateTime<Utc>,
    earliest: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), &'static str> {
    let latest = now
        .checked_add_months(Months::new(1))
        .or_else(|| now.checked_add_days(Days::new(30)));
    if at < earliest {
        Err("too_soon")
    } else if latest.is_none_or(|latest| at > latest) {
        Err("too_late")
    } else {
        Ok(())
    }
}

fn photos(reader: &mut Reader, raw: Option<&Value>) -> Vec<String> {
    let list = match raw {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(list)) if list.len() <= MAX_PHOTOS => list,
        Some(Value::Array(_)) => {
            reader.fault("photos", "too_long");
            return Vec::new();
        }
        Some(_) => {
            reader.fault("photos", "type");
            return Vec::new();
        }
    };
    let mut names = Vec::new();
    for (i, photo) in list.iter().enumerate() {
        match photo {
            Value::String(name) if name.chars().count() <= 200 => names.push(name.clone()),
            Value::String(_) => reader.fault(&format!("photos[{i}]"), "too_long"),
            _ => reader.fault(&format!("photos[{i}]"), "type"),
        }
    }
    names
}

#[cfg(test)]
mod tests;
