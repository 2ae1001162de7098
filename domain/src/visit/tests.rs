//! Every cell of sync.md's two state tables, as a table; and what must hold whatever happens.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cells;
mod laws;

use super::*;
use crate::{
    appointment::{Address, AppointmentStatus, Contact, Slot},
    command::{
        Accept, AppointmentCreate, Assign, Cancel, Estimate, OfAppointment, Pay, Receive,
        RefundArgs, Reschedule, TicketCreate, Void, Weigh,
    },
    ids::{AppointmentId, OrderId, PaymentId, QuoteId, StationId},
    money::Fen,
    order::{AcceptedBy, OrderStatus, PaymentMethod},
    quote::{BookRef, Quote, QuoteKind, QuoteLine},
    staff::Role,
};
use chrono::TimeDelta;
use uuid::Uuid;

const ZHANG: StaffId = StaffId(Uuid::from_u128(1));
const LI: StaffId = StaffId(Uuid::from_u128(2));
const BOSS: StaffId = StaffId(Uuid::from_u128(3));
const CUSTOMER: UserId = UserId(Uuid::from_u128(10));
const STATION: StationId = StationId(Uuid::from_u128(20));
const APPOINTMENT: AppointmentId = AppointmentId(Uuid::from_u128(30));
const ORDER: OrderId = OrderId(Uuid::from_u128(40));

fn noon() -> DateTime<Utc> {
    "2026-11-23T04:00:00Z".parse().unwrap()
}

fn staff(id: StaffId, role: Role) -> Party {
    Party::Staff(Actor {
        id,
        role,
        station: Some(STATION),
    })
}

fn zhang() -> Act {
    Act::new(staff(ZHANG, Role::Collector), noon())
}

fn li() -> Act {
    Act::new(staff(LI, Role::Collector), noon())
}

fn dispatcher() -> Act {
    Act::new(staff(BOSS, Role::Dispatcher), noon())
}

fn customer() -> Act {
    Act::new(Party::Customer(CUSTOMER), noon())
}

fn slot() -> Slot {
    Slot {
        date: "2026-11-24".into(),
        start: "10:00".into(),
        end: "12:00".into(),
    }
}

fn quote(id: u128, due: i64) -> Quote {
    let amount = Fen::from_fen(due);
    let line = QuoteLine {
        category: "paper/cardboard".into(),
        quantity: "10".into(),
        unit_price: "1.1".into(),
        applied: vec![],
        amount,
    };
    Quote {
        id: QuoteId(Uuid::from_u128(id)),
        kind: QuoteKind::Final,
        book: BookRef {
            city: "330100".into(),
            version: 1,
            hash: String::new(),
        },
        items: vec![],
        lines: vec![line],
        total: amount,
        adjustments: vec![],
        due: amount,
        gap_reasons: vec![],
        trace: vec![],
        created_at: noon(),
    }
}

/// A visit of Zhang's in the given states. An order that is paid or completed has been weighed and paid ¥11.
fn visit(appointment: AppointmentStatus, order: OrderStatus) -> Visit {
    let booked = Appointment {
        id: APPOINTMENT,
        order_id: ORDER,
        version: 5,
        status: appointment,
        user_id: Some(CUSTOMER),
        station_id: STATION,
        assignee: Some(ZHANG),
        city: "330100".into(),
        items: vec![],
        address: Address {
            division: "330106".into(),
            detail: "文三路 90 号".into(),
            lng: None,
            lat: None,
        },
        contact: Contact {
            name: "王女士".into(),
            phone: "13800002046".into(),
        },
        appointment_time: noon(),
        slot: slot(),
        estimate: quote(50, 1000),
        channel: None,
        note: String::new(),
        photos: vec![],
        rescheduled_version: None,
        started_at: None,
        completed_at: None,
        cancellation: None,
        reviews: vec![],
        created_at: noon(),
        updated_at: noon(),
    };
    let mut goods = Order::new(ORDER, STATION, noon());
    goods.appointment_id = Some(APPOINTMENT);
    goods.user_id = Some(CUSTOMER);
    goods.collector = Some(ZHANG);
    let mut visit = Visit {
        appointment: Some(booked),
        order: goods,
    };
    if matches!(order, OrderStatus::Paid | OrderStatus::Completed) {
        visit.order.quotes = vec![crate::order::FinalQuote {
            photos: vec![],
            quote: quote(60, 1100),
            by: ZHANG,
            at: noon(),
        }];
        visit.order.current_quote = Some(QuoteId(Uuid::from_u128(60)));
        visit.order.due = Fen::from_fen(1100);
        visit.order.weighed_at = Some(noon());
        order_pay(&mut visit, 70, 1100);
    }
    visit.order.status = order;
    visit
}

fn order_pay(visit: &mut Visit, id: u128, fen: i64) -> Applied {
    visit.apply(&pay(id, fen), &zhang()).unwrap()
}

fn of() -> Box<OfAppointment> {
    Box::new(OfAppointment {
        appointment_id: APPOINTMENT,
    })
}

fn weigh(id: u128, due: i64) -> Command {
    let q = quote(id, due);
    Command::Weigh(Box::new(Weigh {
        photos: vec![],
        order_id: ORDER,
        quote_id: q.id,
        book: q.book,
        items: q.items,
        lines: q.lines,
        total: q.total,
        adjustments: vec![],
        due: q.due,
        gap_reasons: vec![],
    }))
}

fn accept(id: u128) -> Command {
    Command::Accept(Box::new(Accept {
        order_id: ORDER,
        quote_id: QuoteId(Uuid::from_u128(id)),
        by: AcceptedBy::Tap,
        blob: None,
    }))
}

fn pay(id: u128, fen: i64) -> Command {
    let payment_id = PaymentId(Uuid::from_u128(id));
    Command::Pay(Box::new(Pay {
        order_id: ORDER,
        payment_id,
        method: PaymentMethod::Cash,
        amount: Fen::from_fen(fen),
    }))
}

fn refund(id: u128, of: u128, fen: i64) -> Command {
    let (refund_id, payment_id) = (
        PaymentId(Uuid::from_u128(id)),
        PaymentId(Uuid::from_u128(of)),
    );
    Command::Refund(Box::new(RefundArgs {
        order_id: ORDER,
        refund_id,
        payment_id,
        amount: Fen::from_fen(fen),
    }))
}

fn cancel() -> Command {
    Command::Cancel(Box::new(Cancel {
        appointment_id: APPOINTMENT,
        reason: "not_home".into(),
        text: None,
    }))
}

fn assign(to: StaffId) -> Command {
    Command::Assign(Box::new(Assign {
        appointment_id: APPOINTMENT,
        assignee: Some(to),
    }))
}

fn reschedule() -> Command {
    let appointment_time = noon() + TimeDelta::days(1);
    Command::Reschedule(Box::new(Reschedule {
        appointment_id: APPOINTMENT,
        appointment_time,
    }))
}

fn estimate(id: u128, due: i64) -> Command {
    Command::Estimate(Box::new(Estimate {
        appointment_id: APPOINTMENT,
        quote: quote(id, due),
    }))
}

fn create() -> AppointmentCreate {
    AppointmentCreate {
        appointment_id: APPOINTMENT,
        order_id: ORDER,
        contact: Contact {
            name: "王女士".into(),
            phone: "13800002046".into(),
        },
        address: Address {
            division: "330106".into(),
            detail: "文三路 90 号".into(),
            lng: None,
            lat: None,
        },
        appointment_time: noon() + TimeDelta::days(1),
        items: vec![],
        note: Some("有电梯".into()),
        estimate: None,
    }
}

fn void() -> Command {
    Command::Void(Box::new(Void {
        order_id: ORDER,
        reason: "写错了".into(),
    }))
}

fn receive() -> Command {
    Command::Receive(Box::new(Receive {
        order_id: ORDER,
        items: vec![],
    }))
}

fn ticket(id: u128, due: i64) -> TicketCreate {
    TicketCreate {
        order_id: ORDER,
        station_id: STATION,
        seller: None,
        quote: quote(id, due),
    }
}
