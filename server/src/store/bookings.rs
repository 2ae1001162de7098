//! New visits of many customers in one transaction: a statement a table, and one for all the slots they take places in.

use super::{
    StoreError, Tx, appointments, blob_names, bulk,
    bulk::CHUNK,
    db::lock_wait,
    dirty, messages, open_visits, order_children,
    orders::{self, Route},
    reviews,
    scopes::VisitScopes,
    shapes::{pieces, size_for},
    stored::Stored,
};
use crate::open::Partner;
use chrono::NaiveDate;
use huishou_domain::{
    appointment::Appointment, conflict::WriteMark, order::Order, sync::scope::Kind, visit::Visit,
};
use sqlx::{AssertSqlSafe, Executor, FromRow, MySql, QueryBuilder};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A visit to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewVisit<'v> {
    /// Appointment and order.
    pub visit: &'v Visit,
    /// The month its order goes to.
    pub route: Route,
    /// Who is noted as its writer.
    pub writer: Uuid,
    /// The partner it came through.
    pub partner: Option<Partner>,
}

/// Many wait for this transaction: it waits for a row lock no longer than the database can be told to, a second. What it
/// says goes for the connection, so [`patient`] must follow before the transaction is given up; a commit does it itself.
///
/// # Errors
/// The database refused.
pub async fn impatient(tx: &mut Tx) -> Result<(), StoreError> {
    tx.conn()
        .execute("SET SESSION innodb_lock_wait_timeout = 1")
        .await?;
    tx.last(lock_wait());
    Ok(())
}

/// Takes [`impatient`] back. A failure closes the connection with the transaction.
pub async fn patient(tx: &mut Tx) {
    if let Err(error) = tx.conn().execute(AssertSqlSafe(lock_wait())).await {
        tracing::debug!(%error, "a connection is given up");
    }
}

/// Writes new visits with all that belongs to them but their places: marks and messages go with the commit.
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where an id exists already.
pub async fn insert(tx: &mut Tx, new: &[NewVisit<'_>]) -> Result<(), StoreError> {
    let booked: Vec<Stored<Appointment>> = new.iter().filter_map(appointment).collect();
    bulk::insert(
        tx,
        "appointments",
        appointments::row_columns(),
        &booked,
        appointments::bind_row,
    )
    .await?;
    let mut months: BTreeMap<i32, Vec<Stored<Order>>> = BTreeMap::new();
    for one in new {
        months
            .entry(one.route.month())
            .or_default()
            .push(order(one));
    }
    for (month, rows) in &months {
        let (table, columns) = (orders::table(*month), orders::row_columns());
        bulk::insert(tx, &table, columns, rows, orders::bind_row).await?;
    }
    for one in new {
        insert_parts(tx, one).await?;
        mark(tx, one)?;
    }
    messages::tell_of_new(tx, new.iter().map(|one| one.visit))
}

fn appointment(one: &NewVisit<'_>) -> Option<Stored<Appointment>> {
    let body = one.visit.appointment.as_ref()?;
    Some(Stored {
        body: body.clone(),
        mark: WriteMark::created(one.writer, body.version),
        scopes: VisitScopes::of(one.visit),
    })
}

fn order(one: &NewVisit<'_>) -> Stored<Order> {
    let body = &one.visit.order;
    Stored {
        body: body.clone(),
        mark: WriteMark::created(one.writer, body.version),
        scopes: VisitScopes::of(one.visit),
    }
}

/// What few bookings have: pictures, a detour, a partner. Most need no statement here.
async fn insert_parts(tx: &mut Tx, one: &NewVisit<'_>) -> Result<(), StoreError> {
    let o = &one.visit.order;
    if let Some(a) = &one.visit.appointment {
        let photos = a.photos.iter().map(String::as_str);
        blob_names::insert(tx, a.order_id, photos).await?;
        let subject = (Kind::Appointment, a.id.0);
        reviews::append(tx, subject.0, subject.1, a.station_id, &a.reviews, 0).await?;
    }
    orders::insert_detour(tx, one.route, o.id).await?;
    order_children::append(tx, None, o).await?;
    reviews::append(tx, Kind::Order, o.id.0, o.station_id, &o.reviews, 0).await?;
    if let Some(partner) = one.partner {
        open_visits::insert(tx, partner, one.visit).await?;
    }
    Ok(())
}

fn mark(tx: &mut Tx, one: &NewVisit<'_>) -> Result<(), StoreError> {
    let scopes = VisitScopes::of(one.visit).list();
    if let Some(a) = &one.visit.appointment {
        dirty::mark(tx, Kind::Appointment, a.id.0, &scopes)?;
    }
    dirty::mark(tx, Kind::Order, one.visit.order.id.0, &scopes)
}

/// A slot, in the order in which slots are locked.
type SlotKey = (Uuid, NaiveDate, String);

/// The places that new visits take, by slot.
#[derive(Debug)]
pub struct Places(BTreeMap<SlotKey, u32>);

impl Places {
    /// What these take, if there are places enough.
    ///
    /// # Errors
    /// A date that is none.
    pub fn of(new: &[NewVisit<'_>]) -> Result<Self, StoreError> {
        let mut places = BTreeMap::new();
        for one in new {
            if let Some(key) = slot_of(one)? {
                *places.entry(key).or_default() += 1;
            }
        }
        Ok(Self(places))
    }

    /// Takes all of them in one guarded statement; false where some slot has not places enough, and then the
    /// transaction must be undone.
    ///
    /// # Errors
    /// The database refused.
    pub async fn take(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let rows: Vec<(&SlotKey, &u32)> = self.0.iter().collect();
        for piece in pieces(&rows, CHUNK) {
            // A slot without a row, which would be new, has no places.
            let mut take = QueryBuilder::<MySql>::new(
                "INSERT INTO slots (station_id, date, start, end, capacity, taken) ",
            );
            take.push_values(piece, |mut row, ((station, date, start), wanted)| {
                row.push_bind(*station)
                    .push_bind(*date)
                    .push_bind(start.clone())
                    .push("'', 0")
                    .push_bind(**wanted);
            });
            take.push(
                " ON DUPLICATE KEY UPDATE taken = IF(taken + VALUES(taken) <= capacity, taken + VALUES(taken), taken)",
            );
            let done = take.build().execute(tx.conn()).await?;
            // A row that changes counts twice, one that does not change or is new once or not at all.
            if done.rows_affected() != 2 * piece.len() as u64 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Locks the slots, counts what is left, and shares it out in order; says who fits, and leaves the places of those.
    ///
    /// # Errors
    /// The database refused.
    pub async fn count(
        &mut self,
        tx: &mut Tx,
        new: &[NewVisit<'_>],
    ) -> Result<Vec<bool>, StoreError> {
        let mut left = self.left(tx).await?;
        self.0.clear();
        let mut fit = Vec::with_capacity(new.len());
        for one in new {
            let Some(key) = slot_of(one)? else {
                fit.push(true);
                continue;
            };
            let free = left.get_mut(&key).filter(|free| **free > 0);
            fit.push(free.is_some());
            if let Some(free) = free {
                *free -= 1;
                *self.0.entry(key).or_default() += 1;
            }
        }
        Ok(fit)
    }

    async fn left(&self, tx: &mut Tx) -> Result<HashMap<SlotKey, u32>, StoreError> {
        let keys: Vec<&SlotKey> = self.0.keys().collect();
        let mut left = HashMap::new();
        for piece in keys.chunks(LOCKED_AT_ONCE) {
            let mut lock = QueryBuilder::<MySql>::new(
                "SELECT station_id, date, start, capacity, taken FROM slots WHERE ",
            );
            let filled = piece
                .iter()
                .chain(std::iter::repeat(&piece[piece.len() - 1]));
            let mut any = lock.separated(" OR ");
            for (station, date, start) in filled.take(size_for(piece.len())) {
                any.push("(station_id = ")
                    .push_bind_unseparated(*station)
                    .push_unseparated(" AND date = ")
                    .push_bind_unseparated(*date)
                    .push_unseparated(" AND start = ")
                    .push_bind_unseparated(start.clone())
                    .push_unseparated(")");
            }
            lock.push(" ORDER BY station_id, date, start FOR UPDATE");
            let rows: Vec<PlacesLeft> = lock.build_query_as().fetch_all(tx.conn()).await?;
            left.extend(rows.into_iter().map(|row| {
                let free = row.capacity.saturating_sub(row.taken);
                ((row.station_id, row.date, row.start), free)
            }));
        }
        Ok(left)
    }
}

/// Slots of one locking statement, a power of two: the database looks each up by its key.
const LOCKED_AT_ONCE: usize = 32;

#[derive(FromRow)]
struct PlacesLeft {
    station_id: Uuid,
    date: NaiveDate,
    start: String,
    capacity: u32,
    taken: u32,
}

/// The slot of a visit; a ticket has none.
fn slot_of(one: &NewVisit<'_>) -> Result<Option<SlotKey>, StoreError> {
    let Some(a) = &one.visit.appointment else {
        return Ok(None);
    };
    let day = super::slots::day(&a.slot)?;
    Ok(Some((a.station_id.0, day, a.slot.start.clone())))
}
