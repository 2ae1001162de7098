//! Upkeep of the log, as sync.md 14 has it, only sooner: of each aggregate and scope the newest entry stays, and now and
//! then the floor rises, below which nothing is known any more.

use super::{
    SimLedger,
    rows::{Key, Row, Tables},
};
use crate::executor::Node;
use huishou_domain::sync::scope::Kind;
use huishou_server::store::sync_head::Head;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The numbers whose entries are overtaken by later ones.
fn overtaken(tables: &Tables) -> Vec<i64> {
    let mut seen: BTreeSet<(&str, Kind, Uuid)> = BTreeSet::new();
    let newest_first = tables.range(Key::Log(i64::MIN)..=Key::Log(i64::MAX)).rev();
    newest_first
        .filter_map(|(key, row)| match (key, row) {
            (Key::Log(seq), Row::Log(entry)) => {
                let is_newest = seen.insert((entry.scope.as_str(), entry.kind, entry.id));
                (!is_newest).then_some(*seq)
            }
            _ => None,
        })
        .collect()
}

impl SimLedger {
    /// Takes overtaken entries out of the log; with `floor`, also everything up to some number, for good.
    pub fn compact(&self, floor: bool) {
        let mut inner = self.inner();
        // It takes the head's lock: with the sequencer at work it waits for another time.
        if !inner.up || inner.locks.is_held(&Key::Head) {
            return;
        }
        let mut gone = overtaken(&inner.tables);
        let mut writes = Vec::new();
        if let (true, Some(Row::Head(head))) = (floor, inner.tables.get(&Key::Head).cloned()) {
            let to = self.chance.between(head.floor, head.seq);
            let below = inner.tables.range(Key::Log(i64::MIN)..=Key::Log(to));
            gone.extend(below.filter_map(|(key, _)| match key {
                Key::Log(seq) => Some(*seq),
                _ => None,
            }));
            writes.push((Key::Head, Some(Row::Head(Head { floor: to, ..head }))));
            inner.counts.floors += 1;
        }
        gone.sort_unstable();
        gone.dedup();
        inner.counts.compacted += u64::try_from(gone.len()).unwrap_or(0);
        writes.extend(gone.into_iter().map(|seq| (Key::Log(seq), None)));
        inner.commit(Node::WORLD, writes);
    }
}
