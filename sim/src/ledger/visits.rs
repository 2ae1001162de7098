//! Visits as a push reads and writes them: rows under lock, the unique keys of children, slots.

use super::{
    Sabotage, SimTx,
    rows::{self, Key, Places, Row},
};
use huishou_domain::{
    appointment::{Appointment, Slot},
    ids::{AppointmentId, OrderId, StationId},
    order::Order,
    sync::scope::{Kind, Scope},
    visit::Visit,
};
use huishou_server::{
    store::{StoreError, appointments::Stored, orders::Route},
    sync::ports::VisitRows,
};
use std::sync::Arc;
use uuid::Uuid;

impl SimTx {
    /// A row as it is once its lock is held.
    async fn locked(&mut self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.call().await?;
        let before = self.get(key);
        self.lock(key).await?;
        match self.ledger.sabotage {
            Sabotage::StaleAfterLock => Ok(before),
            _ => Ok(self.get(key)),
        }
    }

    /// The unique keys of an order's children; those of another order's are refused.
    async fn claim_children(&mut self, order: &Order) -> Result<(), StoreError> {
        let quotes = order.quotes.iter().map(|q| ("quote", q.quote.id.0));
        let payments = order.payments.iter().map(|p| ("payment", p.payment_id.0));
        let refunds = order.refunds.iter().map(|r| ("refund", r.refund_id.0));
        for (table, id) in quotes.chain(payments).chain(refunds).collect::<Vec<_>>() {
            let key = Key::Child(table, id);
            match self.get(&key) {
                Some(Row::Of(owner)) if owner == order.id.0 => {}
                Some(_) => return Err(StoreError::duplicate("duplicate entry")),
                None => self.insert(key, Row::Of(order.id.0)).await?,
            }
        }
        Ok(())
    }

    async fn places(
        &mut self,
        station: StationId,
        slot: &Slot,
    ) -> Result<(Key, Places), StoreError> {
        let key = Key::Slot(station.0, slot.date.clone(), slot.start.clone());
        self.lock(&key).await?;
        match self.get(&key) {
            Some(Row::Places(places)) => Ok((key, places)),
            _ => Ok((
                key,
                Places {
                    capacity: 0,
                    taken: 0,
                },
            )),
        }
    }
}

impl VisitRows for SimTx {
    async fn lock_appointment(
        &mut self,
        id: AppointmentId,
    ) -> Result<Option<Stored<Appointment>>, StoreError> {
        let row = self.locked(&Key::Appointment(id.0)).await?;
        Ok(rows::appointment(row.as_ref()).map(|a| Stored::clone(a)))
    }

    async fn lock_order(
        &mut self,
        id: OrderId,
    ) -> Result<Option<(i32, Stored<Order>)>, StoreError> {
        let row = self.locked(&Key::Order(id.0)).await?;
        Ok(rows::order(row.as_ref()).map(|(month, o)| (month, Stored::clone(o))))
    }

    async fn appointment_of(
        &mut self,
        order: OrderId,
    ) -> Result<Option<AppointmentId>, StoreError> {
        self.call().await?;
        let row = self.get(&Key::Order(order.0));
        Ok(rows::order(row.as_ref()).and_then(|(_, o)| o.body.appointment_id))
    }

    async fn update_appointment(
        &mut self,
        _: &Appointment,
        after: &Stored<Appointment>,
    ) -> Result<(), StoreError> {
        self.call().await?;
        let key = Key::Appointment(after.body.id.0);
        self.lock(&key).await?;
        if self.ledger.sabotage != Sabotage::VerdictWithoutEffect {
            self.put(key, Row::Appointment(Arc::new(after.clone())));
        }
        Ok(())
    }

    async fn update_order(
        &mut self,
        month: i32,
        _: &Order,
        after: &Stored<Order>,
    ) -> Result<(), StoreError> {
        self.call().await?;
        self.claim_children(&after.body).await?;
        let key = Key::Order(after.body.id.0);
        self.lock(&key).await?;
        if self.ledger.sabotage != Sabotage::VerdictWithoutEffect {
            self.put(key, Row::Order(month, Arc::new(after.clone())));
        }
        Ok(())
    }

    async fn insert_appointment(&mut self, new: &Stored<Appointment>) -> Result<(), StoreError> {
        self.call().await?;
        let key = Key::Appointment(new.body.id.0);
        self.insert(key, Row::Appointment(Arc::new(new.clone())))
            .await
    }

    async fn insert_order(&mut self, route: Route, new: &Stored<Order>) -> Result<(), StoreError> {
        self.call().await?;
        self.claim_children(&new.body).await?;
        let row = Row::Order(route.month(), Arc::new(new.clone()));
        self.insert(Key::Order(new.body.id.0), row).await
    }

    async fn mark(&mut self, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<(), StoreError> {
        self.call().await?;
        if self.ledger.sabotage == Sabotage::OldScopeUnmarked {
            // Only the scopes it is in now.
            let now = super::replica::held_by(self.get(&super::replica::key(kind, id)));
            let now: Vec<Scope> = scopes.iter().filter(|s| now.contains(s)).cloned().collect();
            self.mark_dirty(kind, id, &now);
        } else {
            self.mark_dirty(kind, id, scopes);
        }
        Ok(())
    }

    async fn take_place(&mut self, station: StationId, slot: &Slot) -> Result<bool, StoreError> {
        self.call().await?;
        let (key, places) = self.places(station, slot).await?;
        if places.taken >= places.capacity {
            return Ok(false);
        }
        let taken = places.taken + 1;
        self.put(key, Row::Places(Places { taken, ..places }));
        Ok(true)
    }

    async fn occupy_place(&mut self, station: StationId, slot: &Slot) -> Result<(), StoreError> {
        self.call().await?;
        let (key, places) = self.places(station, slot).await?;
        let taken = places.taken + 1;
        self.put(key, Row::Places(Places { taken, ..places }));
        Ok(())
    }

    async fn release_place(&mut self, station: StationId, slot: &Slot) -> Result<(), StoreError> {
        self.call().await?;
        let (key, places) = self.places(station, slot).await?;
        let taken = places.taken.saturating_sub(1);
        self.put(key, Row::Places(Places { taken, ..places }));
        Ok(())
    }

    async fn tell_customer(&mut self, _: Option<&Visit>, _: &Visit) -> Result<(), StoreError> {
        self.call().await
    }
}
