//! What a push asks for: the device's progress, its verdicts, and what commands look up.

use super::{
    Sabotage, SimTx, progress_of,
    rows::{self, Dispute, Key, Processed as ProcessedRow, Row},
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::Slot,
    ids::{DeviceId, StaffId, StationId, UserId},
    price_book::PriceBook,
    staff::Station,
    sync::{
        message::{Outcome, Verdict},
        scope::{Kind, Scope},
    },
};
use huishou_server::{
    store::{
        StoreError, devices::Progress, disputed::NewDispute, mutations::Processed,
        price_books::Newest, staff::Person,
    },
    sync::ports::{Effecting, Pushing},
};
use std::sync::Arc;
use uuid::Uuid;

/// China's time, of slots.
const OFFSET: TimeDelta = TimeDelta::hours(8);

impl Effecting for SimTx {
    async fn savepoint(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.call().await?;
        self.save_point(name);
        Ok(())
    }

    async fn rollback_to(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.call().await?;
        self.back_to(name)
    }

    fn new_id(&mut self) -> Uuid {
        let bytes = self.ledger.chance.bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    async fn person(&mut self, id: StaffId) -> Result<Option<Person>, StoreError> {
        self.call().await?;
        Ok(match self.get(&Key::Staff(id.0)) {
            Some(Row::Staff(person)) => Some(Person::clone(&person)),
            _ => None,
        })
    }

    async fn person_named(&mut self, username: &str) -> Result<Option<Person>, StoreError> {
        self.call().await?;
        let tables = self.ledger.tables();
        let found = rows::people(&tables).find(|p| p.staff.username == username);
        Ok(found.map(|p| Person::clone(p)))
    }

    async fn station(&mut self, id: StationId) -> Result<Option<Station>, StoreError> {
        self.call().await?;
        Ok(match self.get(&Key::Station(id.0)) {
            Some(Row::Station(station)) => Some(Station::clone(&station)),
            _ => None,
        })
    }

    async fn slot_at(
        &mut self,
        station: StationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Slot>, StoreError> {
        self.call().await?;
        let slot = slot_of(at);
        let key = Key::Slot(station.0, slot.date.clone(), slot.start.clone());
        Ok(matches!(self.get(&key), Some(Row::Places(p)) if p.capacity > 0).then_some(slot))
    }

    async fn customer_by_phone(&mut self, _: &str) -> Result<Option<UserId>, StoreError> {
        self.call().await?;
        Ok(None)
    }

    async fn any_refused(&mut self, uids: &[Uuid]) -> Result<bool, StoreError> {
        self.call().await?;
        Ok(uids.iter().any(|uid| {
            let Some(Row::Leads(device, life, id)) = self.get(&Key::Uid(*uid)) else {
                return false;
            };
            matches!(self.get(&Key::Mutation(device, life, id)),
                Some(Row::Mutation(row)) if row.verdict.outcome != Outcome::Applied)
        }))
    }

    async fn dispute(&mut self, new: &NewDispute<'_>) -> Result<(), StoreError> {
        self.call().await?;
        let row = Dispute {
            raw: new.raw.to_owned(),
        };
        self.insert(Key::Dispute(new.id), Row::Dispute(Arc::new(row)))
            .await
    }

    async fn superseded_at(
        &mut self,
        city: &str,
        version: i64,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.call().await?;
        let tables = self.ledger.tables();
        let next = rows::books(&tables)
            .filter(|b| b.city == city && i64::from(b.version) > version)
            .map(|b| b.effective_from.at())
            .filter(|from| *from <= now)
            .min();
        Ok(next)
    }

    async fn newest_book(&mut self, city: &str) -> Result<Newest, StoreError> {
        self.call().await?;
        let tables = self.ledger.tables();
        let newest = rows::books(&tables)
            .filter(|b| b.city == city)
            .max_by_key(|b| b.version);
        Ok(newest.map_or_else(Newest::default, |b| Newest {
            version: b.version,
            effective_from: Some(b.effective_from.at()),
        }))
    }

    async fn insert_book(&mut self, book: &PriceBook, _: DateTime<Utc>) -> Result<(), StoreError> {
        self.call().await?;
        self.insert(Key::Book(book.id.0), Row::Book(Arc::new(book.clone())))
            .await?;
        self.mark_dirty(
            Kind::PriceBook,
            book.id.0,
            &[Scope::Catalog(book.city.clone())],
        );
        Ok(())
    }
}

impl Pushing for SimTx {
    async fn lock_progress(&mut self, device: DeviceId) -> Result<Progress, StoreError> {
        self.call().await?;
        let key = Key::Device(device.0);
        self.lock(&key).await?;
        progress_of(self.get(&key), device.0)
    }

    async fn advance(&mut self, device: DeviceId, progress: Progress) -> Result<(), StoreError> {
        self.call().await?;
        if self.ledger.sabotage != Sabotage::EffectWithoutProgress {
            self.put(Key::Device(device.0), Row::Device(progress));
        }
        Ok(())
    }

    async fn verdict(
        &mut self,
        device: DeviceId,
        incarnation: i64,
        id: i64,
    ) -> Result<Option<(Option<Uuid>, Verdict)>, StoreError> {
        self.call().await?;
        Ok(match self.get(&Key::Mutation(device.0, incarnation, id)) {
            Some(Row::Mutation(row)) => Some((row.uid, row.verdict.clone())),
            _ => None,
        })
    }

    async fn verdict_of_uid(
        &mut self,
        uid: Uuid,
    ) -> Result<Option<(DeviceId, Verdict)>, StoreError> {
        self.call().await?;
        let Some(Row::Leads(device, life, id)) = self.get(&Key::Uid(uid)) else {
            return Ok(None);
        };
        Ok(match self.get(&Key::Mutation(device, life, id)) {
            Some(Row::Mutation(row)) => Some((DeviceId(device), row.verdict.clone())),
            _ => None,
        })
    }

    async fn remember(&mut self, row: &Processed<'_>) -> Result<(), StoreError> {
        self.call().await?;
        let place = (row.device.0, row.incarnation, row.verdict.id);
        let processed = ProcessedRow {
            uid: row.uid,
            name: row.name.to_owned(),
            actor: row.actor,
            verdict: row.verdict.clone(),
            at: row.at,
        };
        let key = Key::Mutation(place.0, place.1, place.2);
        if self.ledger.sabotage == Sabotage::EffectWithoutProgress {
            return Ok(());
        }
        self.insert(key, Row::Mutation(Arc::new(processed))).await?;
        if let Some(uid) = row.uid {
            self.insert(Key::Uid(uid), Row::Leads(place.0, place.1, place.2))
                .await?;
        }
        Ok(())
    }

    async fn had_session(&mut self, device: DeviceId, staff: StaffId) -> Result<bool, StoreError> {
        self.call().await?;
        Ok(self.get(&Key::Session(device.0, staff.0)).is_some())
    }
}

/// The slot a time lies in: two hours from an even one, China's time.
#[must_use]
pub fn slot_of(at: DateTime<Utc>) -> Slot {
    use chrono::Timelike;
    let local = at + OFFSET;
    let start = local.hour() / 2 * 2;
    Slot {
        date: local.format("%Y-%m-%d").to_string(),
        start: format!("{start:02}:00"),
        end: format!("{:02}:00", start + 2),
    }
}
