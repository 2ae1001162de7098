//! List rows made from whole visits.

use crate::{
    store::{appointment_list, order_list},
    view::visit::RowSync,
};
use huishou_domain::{
    appointment::{Address, Appointment, AppointmentStatus, Slot},
    division,
    ids::{AppointmentId, OrderId, StaffId},
    mobile::Mobile,
    money::Fen,
    number::Number,
    order::Order,
    review::{Review, ReviewCode},
};
use uuid::Uuid;

/// What the lists show of an appointment, whatever becomes of its order.
pub struct Half {
    id: AppointmentId,
    order_id: OrderId,
    status: AppointmentStatus,
    time: i64,
    slot: Slot,
    name: String,
    phone: String,
    address: String,
    categories: Vec<String>,
    estimate: Fen,
    assignee: Option<StaffId>,
    reviews: Vec<Review>,
    note: String,
}

impl Half {
    /// Of an appointment.
    pub fn of(appointment: Appointment) -> Self {
        Self {
            id: appointment.id,
            order_id: appointment.order_id,
            status: appointment.status,
            time: appointment.appointment_time.timestamp_millis(),
            slot: appointment.slot,
            name: appointment.contact.name,
            phone: appointment.contact.phone,
            address: address(&appointment.address),
            categories: appointment.items.into_iter().map(|i| i.category).collect(),
            estimate: appointment.estimate.due,
            assignee: appointment.assignee,
            reviews: appointment.reviews,
            note: appointment.note,
        }
    }

    /// The order's id.
    pub const fn visit(&self) -> Uuid {
        self.order_id.uuid()
    }
}

/// The appointment's row.
pub fn appointment_row(half: Half, order: &Order, sync: RowSync) -> appointment_list::Listed {
    let search = search_text(&[
        &half.name,
        &half.phone,
        &half.address,
        &half.categories.join(" "),
        &order.order_no,
        &half.note,
    ]);
    appointment_list::Listed {
        id: half.id,
        visit: half.order_id,
        status: half.status,
        order_status: order.status,
        time: half.time,
        phone_masked: masked(&half.phone),
        name: half.name,
        address: half.address,
        estimate: half.estimate,
        due: order.weighed_at.map(|_| order.due),
        assignee: half.assignee,
        reviews: reviews(&half.reviews, &order.reviews),
        slot: half.slot,
        categories: half.categories,
        sync,
        search,
    }
}

/// The order's row. `by_piece`: categories that are counted, not weighed.
pub fn order_row(
    half: Option<&Half>,
    order: &Order,
    sync: RowSync,
    by_piece: &[String],
) -> order_list::Listed {
    let (name, phone) = match (half, &order.seller) {
        (Some(half), _) => (Some(&half.name), Some(&half.phone)),
        (None, Some(seller)) => (Some(&seller.name), Some(&seller.phone)),
        (None, None) => (None, None),
    };
    let categories = categories(half, order);
    let search = search_text(&[
        &order.order_no,
        name.map_or("", String::as_str),
        phone.map_or("", String::as_str),
        &categories.join(" "),
    ]);
    order_list::Listed {
        id: order.id,
        appointment_id: order.appointment_id,
        order_no: order.order_no.clone(),
        status: order.status,
        created_at: order.created_at.timestamp_millis(),
        name: name.cloned(),
        phone_masked: phone.map(|phone| masked(phone)),
        categories,
        weight: weight(order, by_piece),
        due: order.due,
        paid: Fen::from_fen(i64::try_from(order.paid_fen()).unwrap_or(i64::MAX)),
        reviews: reviews(half.map_or(&[], |half| &half.reviews), &order.reviews),
        sync,
        search,
    }
}

/// What a search finds something by: lower case, a blank between the parts.
#[must_use]
pub fn search_text(parts: &[&str]) -> String {
    parts.join(" ").to_lowercase()
}

/// District and street.
fn address(address: &Address) -> String {
    let district = division::names(&address.division)
        .and_then(|n| n.district)
        .unwrap_or_default();
    format!("{district}{}", address.detail)
}

/// `138****2046`; a number of another form shows its ends only.
fn masked(phone: &str) -> String {
    if let Ok(mobile) = Mobile::parse(phone) {
        return mobile.masked();
    }
    let tail: Vec<char> = phone.chars().rev().take(2).collect();
    format!("****{}", tail.iter().rev().collect::<String>())
}

fn categories(half: Option<&Half>, order: &Order) -> Vec<String> {
    match (order.current(), half) {
        (Some(current), _) => {
            let lines = current.quote.lines.iter();
            lines.map(|line| line.category.clone()).collect()
        }
        (None, Some(half)) => half.categories.clone(),
        (None, None) => Vec::new(),
    }
}

fn reviews(appointment: &[Review], order: &[Review]) -> Vec<ReviewCode> {
    let mut codes: Vec<ReviewCode> = Vec::new();
    for review in appointment.iter().chain(order) {
        if !codes.contains(&review.code) {
            codes.push(review.code);
        }
    }
    codes
}

/// Net kilograms of the lines by weight; goods by the piece have none.
fn weight(order: &Order, by_piece: &[String]) -> String {
    let Some(current) = order.current() else {
        return "0".into();
    };
    let by_weight = current
        .quote
        .lines
        .iter()
        .filter(|line| !by_piece.contains(&line.category));
    let micros = by_weight
        .filter_map(|line| line.quantity.parse::<Number>().ok())
        .fold(0_i64, |sum, quantity| sum.saturating_add(quantity.micros()));
    Number::from_micros(micros).map_or_else(|| "0".into(), |n| n.to_string())
}
