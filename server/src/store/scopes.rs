//! The stored scope columns of a visit, read under its lock and never derived from other rows (sync.md 1).

use super::StoreError;
use huishou_domain::{
    ids::{StaffId, StationId},
    sync::scope::Scope,
    visit::Visit,
};
use sqlx::{Row, mysql::MySqlRow};
use uuid::Uuid;

/// Who holds an appointment or order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitScopes {
    /// The depot.
    pub station: StationId,
    /// The collector it is assigned to, or who wrote the ticket.
    pub collector: Option<StaffId>,
    /// Another member of staff whose facts (weighing, payment) it holds.
    pub fact: Option<StaffId>,
}

impl VisitScopes {
    /// The scopes a visit belongs in as it is.
    #[must_use]
    pub fn of(visit: &Visit) -> Self {
        let order = &visit.order;
        let collector = visit
            .appointment
            .as_ref()
            .map_or(order.collector, |a| a.assignee);
        let paid = order.payments.last().map(|p| p.by);
        let weighed = order.quotes.last().map(|q| q.by);
        let nobody = StaffId(Uuid::nil());
        let fact = [paid, weighed]
            .into_iter()
            .flatten()
            .find(|by| *by != nobody && Some(*by) != collector);
        let station = visit
            .appointment
            .as_ref()
            .map_or(order.station_id, |a| a.station_id);
        Self {
            station,
            collector,
            fact,
        }
    }

    /// As sync names them.
    #[must_use]
    pub fn list(&self) -> Vec<Scope> {
        let mut scopes = vec![Scope::Station(self.station)];
        scopes.extend(self.collector.map(Scope::Collector));
        scopes.extend(
            self.fact
                .filter(|f| Some(*f) != self.collector)
                .map(Scope::Collector),
        );
        scopes
    }

    pub(super) fn read(row: &MySqlRow) -> Result<Self, StoreError> {
        Ok(Self {
            station: row.try_get::<Uuid, _>("scope_station")?.into(),
            collector: row
                .try_get::<Option<Uuid>, _>("scope_collector")?
                .map(Into::into),
            fact: row
                .try_get::<Option<Uuid>, _>("scope_fact")?
                .map(Into::into),
        })
    }
}

/// The scopes of both, each once.
#[must_use]
pub fn union(before: &[Scope], after: &[Scope]) -> Vec<Scope> {
    let mut all = before.to_vec();
    all.extend(
        after
            .iter()
            .filter(|scope| !before.contains(scope))
            .cloned(),
    );
    all
}
