//! The rows of visits in a batch: read once, changed in memory, written at the end. New rows are written at once, so that
//! an id that is taken is found out by the command that brought it.

use super::{Batch, InMonth, Undo};
use crate::{
    store::{StoreError, appointments::Stored, orders::Route},
    sync::ports::{Pushing, VisitRows},
};
use huishou_domain::{
    appointment::{Appointment, Slot},
    ids::{AppointmentId, OrderId, StationId},
    order::Order,
    sync::scope::{Kind, Scope},
    visit::Visit,
};
use uuid::Uuid;

impl<T: Pushing> VisitRows for Batch<'_, T> {
    async fn lock_appointment(
        &mut self,
        id: AppointmentId,
    ) -> Result<Option<Stored<Appointment>>, StoreError> {
        if let Some(changed) = self.appointments.get(&id) {
            return Ok(Some(changed.clone()));
        }
        if !self.rows.appointments.contains_key(&id) {
            let row = self.tx.lock_appointment(id).await?;
            self.rows.appointments.insert(id, row);
        }
        Ok(self.rows.appointments.get(&id).cloned().flatten())
    }

    async fn lock_order(&mut self, id: OrderId) -> Result<Option<InMonth>, StoreError> {
        if let Some(changed) = self.orders.get(&id) {
            return Ok(Some(changed.clone()));
        }
        if !self.rows.orders.contains_key(&id) {
            let row = self.tx.lock_order(id).await?;
            self.rows.orders.insert(id, row);
        }
        Ok(self.rows.orders.get(&id).cloned().flatten())
    }

    async fn appointment_of(
        &mut self,
        order: OrderId,
    ) -> Result<Option<AppointmentId>, StoreError> {
        if let Some(known) = self.rows.belongs.get(&order) {
            return Ok(*known);
        }
        let found = self.tx.appointment_of(order).await?;
        self.rows.belongs.insert(order, found);
        Ok(found)
    }

    async fn update_appointment(
        &mut self,
        _before: &Appointment,
        after: &Stored<Appointment>,
    ) -> Result<(), StoreError> {
        let was = self.appointments.insert(after.body.id, after.clone());
        let undo = Undo::Appointment(after.body.id, was.map(Box::new));
        self.effect.undo.push(undo);
        Ok(())
    }

    async fn update_order(
        &mut self,
        month: i32,
        _before: &Order,
        after: &Stored<Order>,
    ) -> Result<(), StoreError> {
        let was = self.orders.insert(after.body.id, (month, after.clone()));
        let undo = Undo::Order(after.body.id, was.map(Box::new));
        self.effect.undo.push(undo);
        Ok(())
    }

    async fn insert_appointment(&mut self, new: &Stored<Appointment>) -> Result<(), StoreError> {
        self.through().await?.insert_appointment(new).await?;
        let id = new.body.id;
        self.rows.appointments.insert(id, Some(new.clone()));
        self.rows.belongs.insert(new.body.order_id, Some(id));
        self.effect.undo.push(Undo::NewAppointment(id));
        Ok(())
    }

    async fn insert_order(&mut self, route: Route, new: &Stored<Order>) -> Result<(), StoreError> {
        self.through().await?.insert_order(route, new).await?;
        let id = new.body.id;
        self.rows
            .orders
            .insert(id, Some((route.month(), new.clone())));
        self.rows.belongs.insert(id, new.body.appointment_id);
        self.effect.undo.push(Undo::NewOrder(id));
        Ok(())
    }

    async fn mark(&mut self, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<(), StoreError> {
        let marks = scopes.iter().map(|scope| (kind, id, scope.clone()));
        self.marks.extend(marks);
        Ok(())
    }

    async fn take_place(&mut self, station: StationId, slot: &Slot) -> Result<bool, StoreError> {
        self.through().await?.take_place(station, slot).await
    }

    async fn occupy_place(&mut self, station: StationId, slot: &Slot) -> Result<(), StoreError> {
        self.through().await?.occupy_place(station, slot).await
    }

    async fn release_place(&mut self, station: StationId, slot: &Slot) -> Result<(), StoreError> {
        self.through().await?.release_place(station, slot).await
    }

    async fn tell_customer(
        &mut self,
        before: Option<&Visit>,
        after: &Visit,
    ) -> Result<(), StoreError> {
        if after
            .appointment
            .as_ref()
            .is_some_and(|a| a.user_id.is_some())
        {
            self.news.push((before.cloned(), after.clone()));
        }
        Ok(())
    }
}
