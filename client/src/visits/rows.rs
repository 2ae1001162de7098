//! List rows made from whole visits.

use crate::{
    store::{appointment_list, order_list},
    view::visit::{AppointmentRow, OrderRow, RowSync},
};
use huishou_domain::{
    appointment::Appointment, division, mobile::Mobile, money::Fen, number::Number, order::Order,
    review::ReviewCode, visit::Visit,
};

/// The appointment's row; none for a ticket.
pub fn appointment_row(visit: &Visit, sync: RowSync) -> Option<appointment_list::Listed> {
    let (appointment, order) = (visit.appointment.as_ref()?, &visit.order);
    let address = address(appointment);
    let categories: Vec<String> = appointment
        .items
        .iter()
        .map(|i| i.category.clone())
        .collect();
    let contact = &appointment.contact;
    let search = search_text(&[
        &contact.name,
        &contact.phone,
        &address,
        &categories.join(" "),
        &order.order_no,
        &appointment.note,
    ]);
    let row = AppointmentRow {
        id: appointment.id,
        order_id: appointment.order_id,
        status: appointment.status,
        order_status: order.status,
        time: huishou_domain::time::wire(appointment.appointment_time),
        slot: appointment.slot.clone(),
        name: contact.name.clone(),
        phone_masked: masked(&contact.phone),
        address,
        categories,
        estimate: appointment.estimate.due,
        due: order.weighed_at.map(|_| order.due),
        assignee: appointment.assignee,
        assignee_name: None,
        reviews: reviews(visit),
        sync,
    };
    Some(appointment_list::Listed {
        row,
        time: appointment.appointment_time.timestamp_millis(),
        search,
    })
}

/// The order's row. `by_piece`: categories that are counted, not weighed.
pub fn order_row(visit: &Visit, sync: RowSync, by_piece: &[String]) -> order_list::Listed {
    let order = &visit.order;
    let (name, phone) = person(visit);
    let categories = categories(visit);
    let search = search_text(&[
        &order.order_no,
        name.as_deref().unwrap_or_default(),
        phone.as_deref().unwrap_or_default(),
        &categories.join(" "),
    ]);
    let row = OrderRow {
        id: order.id,
        appointment_id: order.appointment_id,
        order_no: order.order_no.clone(),
        status: order.status,
        created_at: huishou_domain::time::wire(order.created_at),
        name,
        phone_masked: phone.as_deref().map(masked),
        categories,
        weight: weight(order, by_piece),
        due: order.due,
        paid: Fen::from_fen(i64::try_from(order.paid_fen()).unwrap_or(i64::MAX)),
        reviews: reviews(visit),
        sync,
    };
    order_list::Listed {
        row,
        created_at: order.created_at.timestamp_millis(),
        search,
    }
}

/// What a search finds something by: lower case, a blank between the parts.
#[must_use]
pub fn search_text(parts: &[&str]) -> String {
    parts.join(" ").to_lowercase()
}

/// District and street.
fn address(appointment: &Appointment) -> String {
    let district = division::names(&appointment.address.division)
        .and_then(|n| n.district)
        .unwrap_or_default();
    format!("{district}{}", appointment.address.detail)
}

/// `138****2046`; a number of another form shows its ends only.
fn masked(phone: &str) -> String {
    if let Ok(mobile) = Mobile::parse(phone) {
        return mobile.masked();
    }
    let tail: Vec<char> = phone.chars().rev().take(2).collect();
    format!("****{}", tail.iter().rev().collect::<String>())
}

fn person(visit: &Visit) -> (Option<String>, Option<String>) {
    if let Some(appointment) = &visit.appointment {
        return (
            Some(appointment.contact.name.clone()),
            Some(appointment.contact.phone.clone()),
        );
    }
    let seller = visit.order.seller.as_ref();
    (
        seller.map(|s| s.name.clone()),
        seller.map(|s| s.phone.clone()),
    )
}

fn categories(visit: &Visit) -> Vec<String> {
    match (visit.order.current(), &visit.appointment) {
        (Some(current), _) => current
            .quote
            .lines
            .iter()
            .map(|l| l.category.clone())
            .collect(),
        (None, Some(appointment)) => appointment
            .items
            .iter()
            .map(|i| i.category.clone())
            .collect(),
        (None, None) => Vec::new(),
    }
}

fn reviews(visit: &Visit) -> Vec<ReviewCode> {
    let appointment = visit.appointment.iter().flat_map(|a| &a.reviews);
    let mut codes: Vec<ReviewCode> = Vec::new();
    for review in appointment.chain(&visit.order.reviews) {
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
