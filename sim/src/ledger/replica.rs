//! What scopes hold, straight from the tables: for pulls, and as the rules' own idea of what a device must hold. Written
//! against sync.md, not against the server's queries.

use super::rows::{self, Key, Row, Tables};
use huishou_domain::{
    ids::StaffId,
    staff::{Role, Station},
    sync::{
        body::Body,
        scope::{Kind, Scope},
    },
};
use huishou_server::store::{replica::Held, scopes::VisitScopes, staff};
use serde::Serialize;
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

thread_local! {
    /// Texts of rows already made, by the row's address; the row is kept with its text, so no other can have the address.
    static TEXTS: RefCell<HashMap<usize, (Row, Body)>> = RefCell::default();
}

/// Texts kept before they are forgotten all at once.
const MOST_TEXTS: usize = 4_000;

fn text<T>(row: &Row, stored: &Arc<T>, body: &impl Serialize) -> Option<Body> {
    let address = Arc::as_ptr(stored).cast::<()>() as usize;
    TEXTS.with_borrow_mut(|texts| {
        if let Some((_, known)) = texts.get(&address) {
            return Some(known.clone());
        }
        if texts.len() > MOST_TEXTS {
            texts.clear();
        }
        let made = Body::of(body).ok()?;
        texts.insert(address, (row.clone(), made.clone()));
        Some(made)
    })
}

/// The aggregate behind a key, with the scopes it is in.
#[must_use]
pub fn held(tables: &Tables, kind: Kind, id: Uuid) -> Option<Held> {
    let row = tables.get(&key(kind, id))?;
    let (version, scopes) = match (kind, row) {
        (Kind::Appointment, Row::Appointment(stored)) => {
            (stored.body.version, stored.scopes.list())
        }
        (Kind::Order, Row::Order(_, stored)) => (stored.body.version, stored.scopes.list()),
        (Kind::PriceBook, Row::Book(book)) => (
            i64::from(book.version),
            vec![Scope::Catalog(book.city.clone())],
        ),
        (Kind::Staff, Row::Staff(person)) => {
            (person.staff.version, staff::scopes_of(&person.staff))
        }
        (Kind::Station, Row::Station(station)) => {
            let own = rows::people(tables).filter(|p| {
                p.staff.role == Role::Collector && p.staff.station_id == Some(station.id)
            });
            let scopes = [Scope::Station(station.id)]
                .into_iter()
                .chain(own.map(|p| Scope::Collector(p.staff.id)))
                .collect();
            (station.version, scopes)
        }
        _ => return None,
    };
    Some(Held {
        version,
        scopes,
        body: body(row)?,
    })
}

fn body(row: &Row) -> Option<Body> {
    match row {
        Row::Appointment(stored) => text(row, stored, &stored.body),
        Row::Order(_, stored) => text(row, stored, &stored.body),
        Row::Book(book) => text(row, book, &**book),
        Row::Staff(person) => text(row, person, &person.staff),
        Row::Station(station) => text(row, station, &**station),
        _ => None,
    }
}

/// Where an aggregate lies.
#[must_use]
pub fn key(kind: Kind, id: Uuid) -> Key {
    match kind {
        Kind::Appointment => Key::Appointment(id),
        Kind::Order => Key::Order(id),
        Kind::PriceBook => Key::Book(id),
        Kind::Staff => Key::Staff(id),
        Kind::Station => Key::Station(id),
    }
}

/// Ids and versions of a kind in a scope, by id.
#[must_use]
pub fn of_scope(tables: &Tables, scope: &Scope, kind: Kind) -> Vec<(Uuid, i64)> {
    let is_in = |scopes: &VisitScopes| scopes.list().contains(scope);
    match kind {
        Kind::Appointment => rows::appointments(tables)
            .filter(|a| is_in(&a.scopes))
            .map(|a| (a.body.id.0, a.body.version))
            .collect(),
        Kind::Order => rows::orders(tables)
            .filter(|o| is_in(&o.scopes))
            .map(|o| (o.body.id.0, o.body.version))
            .collect(),
        Kind::PriceBook => rows::books(tables)
            .filter(|b| *scope == Scope::Catalog(b.city.clone()))
            .map(|b| (b.id.0, i64::from(b.version)))
            .collect(),
        Kind::Staff => rows::people(tables)
            .filter(|p| staff::scopes_of(&p.staff).contains(scope))
            .map(|p| (p.staff.id.0, p.staff.version))
            .collect(),
        Kind::Station => rows::stations(tables)
            .filter(|s| match scope {
                Scope::Station(id) => *id == s.id,
                Scope::Collector(id) => rows::people(tables).any(|p| {
                    p.staff.id == *id
                        && p.staff.role == Role::Collector
                        && p.staff.station_id == Some(s.id)
                }),
                _ => false,
            })
            .map(|s| (s.id.0, s.version))
            .collect(),
    }
}

/// What a device with these scopes must hold: version, scopes and body of each aggregate.
#[must_use]
pub fn replica_of(tables: &Tables, scopes: &[Scope]) -> BTreeMap<(Kind, Uuid), Held> {
    let mut all = BTreeMap::new();
    for scope in scopes {
        for kind in Kind::ALL {
            for (id, _) in of_scope(tables, scope, *kind) {
                if let Some(mut found) = held(tables, *kind, id) {
                    found.scopes.retain(|s| scopes.contains(s));
                    all.insert((*kind, id), found);
                }
            }
        }
    }
    all
}

/// The scopes a visit's row is in.
#[must_use]
pub fn held_by(row: Option<Row>) -> Vec<Scope> {
    match row {
        Some(Row::Appointment(stored)) => stored.scopes.list(),
        Some(Row::Order(_, stored)) => stored.scopes.list(),
        _ => Vec::new(),
    }
}

/// The scopes a person is granted (sync.md 13): a collector their own and the prices of their home city, a depot's
/// people their depot's, those who plan everywhere all of them.
#[must_use]
pub fn granted(tables: &Tables, staff: StaffId) -> Vec<Scope> {
    let Some(Row::Staff(person)) = tables.get(&Key::Staff(staff.0)) else {
        return Vec::new();
    };
    let catalog = |s: &Station| Scope::Catalog(s.city.clone());
    let mut scopes: Vec<Scope> = Vec::new();
    let home = rows::stations(tables).find(|s| Some(s.id) == person.staff.station_id);
    match person.staff.role {
        Role::Collector => {
            scopes.push(Scope::Collector(staff));
            scopes.extend(home.map(|s| catalog(s)));
        }
        Role::Station => {
            scopes.extend(home.map(|s| Scope::Station(s.id)));
            scopes.extend(home.map(|s| catalog(s)));
        }
        Role::Dispatcher | Role::Admin => {
            scopes.extend(rows::stations(tables).map(|s| Scope::Station(s.id)));
            scopes.extend(rows::stations(tables).map(|s| catalog(s)));
            scopes.push(Scope::Admin);
        }
    }
    scopes.sort();
    scopes.dedup();
    scopes
}
