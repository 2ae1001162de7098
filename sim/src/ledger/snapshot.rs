//! One consistent moment, read by a pull.

use super::{
    Sabotage, SimLedger, progress_of, replica,
    rows::{self, Key, Row, Tables},
};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    staff::Station,
    sync::{
        check::Check,
        message::Verdict,
        scope::{Kind, Scope},
    },
};
use huishou_server::{
    store::{StoreError, devices::Progress, replica::Held, staff::Person, sync_head::Head},
    sync::{
        plan::{Key as EntityKey, LogEntry, Slice},
        ports::Pulling,
    },
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError},
};
use uuid::Uuid;

/// A snapshot.
pub struct SimSnapshot {
    ledger: SimLedger,
    reign: u64,
    tables: Arc<Tables>,
}

impl SimSnapshot {
    pub(super) fn new(ledger: SimLedger, reign: u64) -> Self {
        let tables = ledger.tables();
        Self {
            ledger,
            reign,
            tables,
        }
    }

    async fn call(&self) -> Result<(), StoreError> {
        self.ledger.call(self.reign).await
    }

    fn outbox(&self) -> impl Iterator<Item = (&str, EntityKey)> {
        self.tables
            .range(Key::Outbox(i64::MIN)..=Key::Outbox(i64::MAX))
            .filter_map(|(_, row)| match row {
                Row::Outbox(p) => Some((p.scope.as_str(), (Kind::parse(&p.kind)?, p.entity_id))),
                _ => None,
            })
    }
}

impl Pulling for SimSnapshot {
    async fn head(&mut self) -> Result<Head, StoreError> {
        self.call().await?;
        match self.tables.get(&Key::Head) {
            Some(Row::Head(head)) => {
                let mut head = *head;
                if self.ledger.sabotage == Sabotage::HeadTooFar {
                    head.seq += i64::try_from(self.outbox().count()).unwrap_or(0);
                }
                if self.ledger.sabotage == Sabotage::FloorUntold {
                    head.floor = 0;
                }
                Ok(head)
            }
            _ => Err(StoreError::Unreadable("no head".into())),
        }
    }

    async fn tag_of(&mut self, seq: i64) -> Result<Option<String>, StoreError> {
        self.call().await?;
        if self.ledger.sabotage == Sabotage::HeadTooFar {
            return Ok(None);
        }
        let batch = self
            .tables
            .range(Key::Batch(seq)..=Key::Batch(i64::MAX))
            .next();
        Ok(match batch {
            Some((_, Row::Batch(tag, _))) => {
                Some(tag.iter().map(|byte| format!("{byte:02x}")).collect())
            }
            _ => None,
        })
    }

    async fn slice(
        &mut self,
        scope: &Scope,
        after: i64,
        through: i64,
        most: usize,
    ) -> Result<Slice, StoreError> {
        self.call().await?;
        if after >= through {
            return Ok(Slice::default());
        }
        let name = scope.to_string();
        let entries: Vec<LogEntry> = self
            .tables
            .range(Key::Log(after + 1)..=Key::Log(through))
            .filter_map(|(key, row)| match (key, row) {
                (Key::Log(seq), Row::Log(logged)) if logged.scope == name => Some(LogEntry {
                    seq: *seq,
                    key: (logged.kind, logged.id),
                }),
                _ => None,
            })
            .take(most)
            .collect();
        Ok(Slice {
            more: entries.len() >= most,
            entries,
        })
    }

    async fn unsequenced(
        &mut self,
        scopes: &[Scope],
        most: usize,
    ) -> Result<Vec<EntityKey>, StoreError> {
        self.call().await?;
        if matches!(
            self.ledger.sabotage,
            Sabotage::NoTail | Sabotage::HeadTooFar
        ) {
            return Ok(Vec::new());
        }
        let names: BTreeSet<String> = scopes.iter().map(ToString::to_string).collect();
        let keys: BTreeSet<EntityKey> = self
            .outbox()
            .filter(|(scope, _)| names.contains(*scope))
            .map(|(_, key)| key)
            .collect();
        Ok(keys.into_iter().take(most).collect())
    }

    async fn ids(
        &mut self,
        scope: &Scope,
        kind: Kind,
        after: Option<Uuid>,
        most: usize,
    ) -> Result<Vec<Uuid>, StoreError> {
        self.call().await?;
        Ok(replica::of_scope(&self.tables, scope, kind)
            .into_iter()
            .map(|(id, _)| id)
            .filter(|id| after.is_none_or(|after| *id > after))
            .take(most)
            .collect())
    }

    async fn load(&mut self, keys: &[EntityKey]) -> Result<HashMap<EntityKey, Held>, StoreError> {
        self.call().await?;
        Ok(keys
            .iter()
            .filter_map(|(kind, id)| Some(((*kind, *id), replica::held(&self.tables, *kind, *id)?)))
            .collect())
    }

    async fn check(&mut self, scope: &Scope) -> Result<Check, StoreError> {
        self.call().await?;
        let mut check = Check::default();
        for kind in Kind::ALL {
            for (id, version) in replica::of_scope(&self.tables, scope, *kind) {
                check.add(*kind, id, version);
            }
        }
        Ok(check)
    }

    async fn progress(&mut self, device: DeviceId) -> Result<Progress, StoreError> {
        self.call().await?;
        progress_of(self.tables.get(&Key::Device(device.0)).cloned(), device.0)
    }

    async fn verdicts_after(
        &mut self,
        device: DeviceId,
        incarnation: i64,
        after: i64,
    ) -> Result<Vec<Verdict>, StoreError> {
        self.call().await?;
        Ok(rows::mutations(&self.tables, Some(device.0))
            .filter(|(_, life, row)| *life == incarnation && row.verdict.id > after)
            .map(|(_, _, row)| row.verdict.clone())
            .collect())
    }

    async fn person(&mut self, id: StaffId) -> Result<Option<Person>, StoreError> {
        self.call().await?;
        Ok(match self.tables.get(&Key::Staff(id.0)) {
            Some(Row::Staff(person)) => Some(Person::clone(person)),
            _ => None,
        })
    }

    async fn stations(&mut self) -> Result<Vec<Station>, StoreError> {
        self.call().await?;
        Ok(rows::stations(&self.tables)
            .map(|s| Station::clone(s))
            .collect())
    }

    async fn finish(self) -> Result<(), StoreError> {
        self.call().await?;
        *self
            .ledger
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(self.tables);
        Ok(())
    }
}
