//! The visits of a push, locked together: appointments by id, then orders by id, so that two pushes never wait for each
//! other; then what belongs to them. Most have nothing yet: one statement says which have.

use super::{
    StoreError, Tx,
    appointments::{self, Stored},
    order_children, orders, reviews,
    shapes::push_ids,
};
use crate::sync::gathered::{Gathered, orders_named};
use huishou_domain::{
    appointment::Appointment, command::Subject, ids::OrderId, order::Order, sync::scope::Kind,
};
use sqlx::{MySql, MySqlConnection, QueryBuilder, Row};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Locks and reads what the commands are about.
pub(super) async fn gather(tx: &mut Tx, subjects: &[Subject]) -> Result<Gathered, StoreError> {
    let mut rows = Gathered::default();
    let named = ids(orders_named(subjects), |id| id.0);
    let belongs = appointments::ids_of_orders(tx.conn(), &named).await?;
    for order in named {
        let appointment = belongs.get(&order).copied();
        rows.belongs.insert(OrderId(order), appointment);
    }
    let wanted = rows.appointments_of(subjects);
    rows.appointments = wanted.iter().map(|id| (*id, None)).collect();
    for stored in appointments::lock_many(tx, &ids(wanted, |id| id.0)).await? {
        rows.appointments.insert(stored.body.id, Some(stored));
    }
    let wanted = rows.orders_of(subjects);
    rows.orders = wanted.iter().map(|id| (*id, None)).collect();
    for (month, stored) in orders::lock_many(tx, &ids(wanted, |id| id.0)).await? {
        rows.orders.insert(stored.body.id, Some((month, stored)));
    }
    let appointments = rows.appointments.values_mut().flatten().collect();
    let orders = rows.orders.values_mut().flatten();
    complete(
        tx.conn(),
        appointments,
        orders.map(|(_, stored)| stored).collect(),
    )
    .await?;
    Ok(rows)
}

fn ids<I>(set: BTreeSet<I>, bare: impl Fn(I) -> Uuid) -> Vec<Uuid> {
    set.into_iter().map(bare).collect()
}

/// Adds goods, money and reviews to rows that are locked.
async fn complete(
    conn: &mut MySqlConnection,
    appointments: Vec<&mut Stored<Appointment>>,
    orders: Vec<&mut Stored<Order>>,
) -> Result<(), StoreError> {
    let of_appointments: Vec<Uuid> = appointments.iter().map(|a| a.body.id.0).collect();
    let of_orders: Vec<Uuid> = orders.iter().map(|o| o.body.id.0).collect();
    let there = There::of(conn, &of_appointments, &of_orders).await?;
    let mut parts = order_children::of(conn, &there.parts).await?;
    let mut order_reviews = reviews::of(conn, Kind::Order, &there.order_reviews).await?;
    for Stored { body: order, .. } in orders {
        let own = parts.remove(&order.id.0).unwrap_or_default();
        (order.quotes, order.payments, order.refunds) = (own.quotes, own.payments, own.refunds);
        order.reviews = order_reviews.remove(&order.id.0).unwrap_or_default();
    }
    let mut reviews = reviews::of(conn, Kind::Appointment, &there.appointment_reviews).await?;
    for Stored { body, .. } in appointments {
        body.reviews = reviews.remove(&body.id.0).unwrap_or_default();
    }
    Ok(())
}

/// Which of some visits have anything at all; asked once they are locked.
#[derive(Default)]
struct There {
    /// Orders with goods or money.
    parts: Vec<Uuid>,
    order_reviews: Vec<Uuid>,
    appointment_reviews: Vec<Uuid>,
}

/// What a row of the answer says: the order has parts, the order has reviews, the appointment has reviews.
const PARTS: i64 = 1;
const ORDER_REVIEWS: i64 = 2;
const APPOINTMENT_REVIEWS: i64 = 3;

impl There {
    async fn of(
        conn: &mut MySqlConnection,
        appointments: &[Uuid],
        orders: &[Uuid],
    ) -> Result<Self, StoreError> {
        if orders.is_empty() {
            return Ok(Self {
                appointment_reviews: appointments.to_vec(),
                ..Self::default()
            });
        }
        let mut select = QueryBuilder::<MySql>::new("");
        for table in ["quotes", "payments", "refunds"] {
            select.push(format!(
                "SELECT {PARTS} AS what, order_id AS id FROM {table} WHERE order_id IN ("
            ));
            push_ids(&mut select, orders);
            select.push(" UNION ALL ");
        }
        for (what, kind, ids) in [
            (ORDER_REVIEWS, Kind::Order, orders),
            (APPOINTMENT_REVIEWS, Kind::Appointment, appointments),
        ] {
            select.push(format!(
                "SELECT {what}, subject_id FROM reviews WHERE subject_kind = '{}' AND subject_id IN (",
                kind.as_str()
            ));
            push_ids(&mut select, ids);
            if what == ORDER_REVIEWS {
                select.push(" UNION ALL ");
            }
        }
        let mut found = HashSet::new();
        for row in select.build().fetch_all(conn).await? {
            found.insert((
                row.try_get::<i64, _>("what")?,
                row.try_get::<Uuid, _>("id")?,
            ));
        }
        let with = |what: i64, ids: &[Uuid]| {
            let has = |id: &&Uuid| found.contains(&(what, **id));
            ids.iter().filter(has).copied().collect()
        };
        Ok(Self {
            parts: with(PARTS, orders),
            order_reviews: with(ORDER_REVIEWS, orders),
            appointment_reviews: with(APPOINTMENT_REVIEWS, appointments),
        })
    }
}
