//! How an appointment begins: a booking with its place, its slot and its estimate becomes a visit.

use super::Visit;
use crate::{
    appointment::{Appointment, AppointmentStatus, Slot},
    booking::Booking,
    ids::{AppointmentId, OrderId, StationId, UserId},
    order::Order,
    quote::{Quote, QuoteKind},
};
use chrono::{DateTime, Utc};

/// What is found out about a booking before it becomes a visit.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The appointment's identity.
    pub id: AppointmentId,
    /// Its order's.
    pub order_id: OrderId,
    /// The customer; none for a phone booking by somebody who is not known.
    pub user_id: Option<UserId>,
    /// The depot that serves the address.
    pub station_id: StationId,
    /// The slot its time lies in.
    pub slot: Slot,
    /// What the customer was told the goods are worth.
    pub estimate: Quote,
    /// When it is booked.
    pub at: DateTime<Utc>,
}

impl Opening {
    /// The appointment with its order, as they begin: pending, nobody's, nothing weighed.
    #[must_use]
    pub fn open(self, booking: Booking) -> Visit {
        let order = Order {
            appointment_id: Some(self.id),
            user_id: self.user_id,
            ..Order::new(self.order_id, self.station_id, self.at)
        };
        let estimate = Quote {
            kind: QuoteKind::Estimate,
            gap_reasons: Vec::new(),
            trace: Vec::new(),
            created_at: self.at,
            ..self.estimate
        };
        let appointment = Appointment {
            id: self.id,
            order_id: self.order_id,
            version: 1,
            status: AppointmentStatus::Pending,
            user_id: self.user_id,
            station_id: self.station_id,
            assignee: None,
            city: booking.city,
            items: booking.items,
            address: booking.address,
            contact: booking.contact,
            appointment_time: booking.appointment_time,
            slot: self.slot,
            estimate,
            channel: None,
            note: booking.note,
            photos: booking.photos,
            rescheduled_version: None,
            started_at: None,
            completed_at: None,
            cancellation: None,
            reviews: Vec::new(),
            created_at: self.at,
            updated_at: self.at,
        };
        Visit {
            appointment: Some(appointment),
            order,
        }
    }
}
