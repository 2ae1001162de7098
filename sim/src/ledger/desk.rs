//! Writes of people and depots, as the server's own store makes them: versions raised, grants raised with role or depot,
//! marked in every scope before and after.

use super::{
    SimTx,
    rows::{self, Key, Row},
};
use huishou_domain::{
    ids::{StaffId, StationId},
    staff::{Role, Staff, Station},
    sync::scope::{Kind, Scope},
};
use huishou_server::store::{StoreError, staff::Person, staff::scopes_of};
use std::sync::Arc;

impl SimTx {
    /// Changes a member of staff; false if nothing changed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn change_person(
        &mut self,
        id: StaffId,
        change: impl FnOnce(&mut Staff) + Send,
    ) -> Result<bool, StoreError> {
        self.call().await?;
        let key = Key::Staff(id.0);
        self.lock(&key).await?;
        let Some(Row::Staff(before)) = self.get(&key) else {
            return Ok(false);
        };
        let mut after = before.staff.clone();
        change(&mut after);
        if after == before.staff {
            return Ok(false);
        }
        after.version += 1;
        let granted = |s: &Staff| (s.role, s.station_id, s.active);
        let raise = granted(&before.staff) != granted(&after);
        let mut scopes = scopes_of(&before.staff);
        for scope in scopes_of(&after) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        self.mark_dirty(Kind::Staff, id.0, &scopes);
        let mut homes: Vec<StationId> = [&before.staff, &after]
            .iter()
            .filter(|s| s.role == Role::Collector)
            .filter_map(|s| s.station_id)
            .collect();
        homes.dedup();
        for station in homes {
            self.mark_dirty(Kind::Station, station.0, &[Scope::Collector(id)]);
        }
        let person = Person {
            staff: after,
            grants: before.grants + i32::from(raise),
            ..Person::clone(&before)
        };
        self.put(key, Row::Staff(Arc::new(person)));
        Ok(true)
    }

    /// Gives a depot another name.
    ///
    /// # Errors
    /// Of the database.
    pub async fn rename_station(&mut self, id: StationId, name: &str) -> Result<(), StoreError> {
        self.call().await?;
        let key = Key::Station(id.0);
        self.lock(&key).await?;
        let Some(Row::Station(before)) = self.get(&key) else {
            return Ok(());
        };
        self.call().await?;
        let tables = self.ledger.tables();
        let own = rows::people(&tables)
            .filter(|p| p.staff.role == Role::Collector && p.staff.station_id == Some(id))
            .map(|p| Scope::Collector(p.staff.id));
        let scopes: Vec<Scope> = [Scope::Station(id)].into_iter().chain(own).collect();
        let station = Station {
            version: before.version + 1,
            name: name.to_owned(),
            ..Station::clone(&before)
        };
        self.mark_dirty(Kind::Station, id.0, &scopes);
        self.put(key, Row::Station(Arc::new(station)));
        Ok(())
    }
}
