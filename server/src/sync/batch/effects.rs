//! What commands of a batch look up, once for all of them, and how one of them is undone alone.

use super::{Batch, Effect, Undo};
use crate::{
    store::{StoreError, disputed::NewDispute, price_books::Newest, staff::Person},
    sync::ports::{Effecting, Pushing},
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::Slot,
    ids::{StaffId, StationId, UserId},
    price_book::PriceBook,
    staff::Station,
    sync::message::Outcome,
};
use std::{collections::HashMap, hash::Hash};
use uuid::Uuid;

impl<T: Pushing> Effecting for Batch<'_, T> {
    async fn savepoint(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.effect = Effect {
            savepoint: Some(name),
            written: false,
            marks: self.marks.len(),
            news: self.news.len(),
            undo: Vec::new(),
        };
        Ok(())
    }

    async fn rollback_to(&mut self, name: &'static str) -> Result<(), StoreError> {
        if self.effect.written {
            self.tx.rollback_to(name).await?;
        }
        self.marks.truncate(self.effect.marks);
        self.news.truncate(self.effect.news);
        while let Some(undo) = self.effect.undo.pop() {
            match undo {
                Undo::Appointment(id, was) => put_back(&mut self.appointments, id, was),
                Undo::Order(id, was) => put_back(&mut self.orders, id, was),
                Undo::NewAppointment(id) => drop(self.rows.appointments.insert(id, None)),
                Undo::NewOrder(id) => {
                    self.rows.orders.insert(id, None);
                    self.rows.belongs.remove(&id);
                }
            }
        }
        Ok(())
    }

    fn new_id(&mut self) -> Uuid {
        self.tx.new_id()
    }

    async fn epoch(&mut self) -> Result<Uuid, StoreError> {
        if let Some(known) = self.looked_up.epoch {
            return Ok(known);
        }
        Ok(*self.looked_up.epoch.insert(self.tx.epoch().await?))
    }

    async fn person(&mut self, id: StaffId) -> Result<Option<Person>, StoreError> {
        if let Some(known) = self.looked_up.people.get(&id) {
            return Ok(known.clone());
        }
        let found = self.tx.person(id).await?;
        self.looked_up.people.insert(id, found.clone());
        Ok(found)
    }

    async fn person_named(&mut self, username: &str) -> Result<Option<Person>, StoreError> {
        self.tx.person_named(username).await
    }

    async fn station(&mut self, id: StationId) -> Result<Option<Station>, StoreError> {
        if let Some(known) = self.looked_up.stations.get(&id) {
            return Ok(known.clone());
        }
        let found = self.tx.station(id).await?;
        self.looked_up.stations.insert(id, found.clone());
        Ok(found)
    }

    async fn slot_at(
        &mut self,
        station: StationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Slot>, StoreError> {
        self.tx.slot_at(station, at).await
    }

    async fn customer_by_phone(&mut self, phone: &str) -> Result<Option<UserId>, StoreError> {
        self.tx.customer_by_phone(phone).await
    }

    async fn any_refused(&mut self, uids: &[Uuid]) -> Result<bool, StoreError> {
        let mut elsewhere = Vec::new();
        for uid in uids {
            match self.answered.iter().find(|a| a.uid == Some(*uid)) {
                Some(answered) if answered.verdict.outcome != Outcome::Applied => return Ok(true),
                Some(_) => {}
                None => elsewhere.push(*uid),
            }
        }
        self.tx.any_refused(&elsewhere).await
    }

    async fn dispute(&mut self, new: &NewDispute<'_>) -> Result<(), StoreError> {
        self.tx.dispute(new).await
    }

    async fn superseded_at(
        &mut self,
        city: &str,
        version: i64,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let book = (city.to_owned(), version);
        if let Some(known) = self.looked_up.superseded.get(&book) {
            return Ok(*known);
        }
        let found = self.tx.superseded_at(city, version, now).await?;
        self.looked_up.superseded.insert(book, found);
        Ok(found)
    }

    async fn newest_book(&mut self, city: &str) -> Result<Newest, StoreError> {
        self.tx.newest_book(city).await
    }

    async fn insert_book(
        &mut self,
        book: &PriceBook,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.looked_up.superseded.clear();
        self.through().await?.insert_book(book, now).await
    }
}

fn put_back<I: Eq + Hash, R>(rows: &mut HashMap<I, R>, id: I, was: Option<Box<R>>) {
    match was {
        Some(was) => drop(rows.insert(id, *was)),
        None => drop(rows.remove(&id)),
    }
}
