//! What the services received and what they answered: the witness tests and demonstrations ask.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::service::Service;

/// Older entries fall out beyond this many.
pub const CAPACITY: usize = 10_000;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The service it was meant for; none when the path belongs to no service.
    pub service: Option<Service>,
    /// HTTP method, upper case.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Query parameters, decoded; the last of a repeated name.
    pub query: BTreeMap<String, String>,
    /// Body: parsed when it is JSON, else as text; null when empty.
    pub body: Value,
}

/// One exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts up over the life of the process, also across a cleared log.
    pub seq: u64,
    /// True time of receipt.
    #[serde(serialize_with = "crate::clock::as_millis")]
    pub at: DateTime<Utc>,
    /// See [`Received::service`].
    pub service: Option<Service>,
    /// See [`Received::method`].
    pub method: String,
    /// See [`Received::path`].
    pub path: String,
    /// See [`Received::query`].
    pub query: BTreeMap<String, String>,
    /// See [`Received::body`].
    pub body: Value,
    /// Faults that struck this exchange, by name.
    pub faults: Vec<&'static str>,
    /// HTTP status; none while unanswered (delayed, or the caller gave up).
    pub status: Option<u16>,
    /// The answer's body: parsed when JSON, else text. With `lost_answer` it was made but never sent.
    pub answer: Value,
}

/// The log, oldest first.
#[derive(Debug, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
    next: u64,
    dropped: u64,
}

impl Log {
    /// Notes a request on receipt; answer it by the number returned.
    pub fn open(
        &mut self,
        received: Received,
        faults: Vec<&'static str>,
        at: DateTime<Utc>,
    ) -> u64 {
        let Received {
            service,
            method,
            path,
            query,
            body,
        } = received;
        let seq = self.next;
        self.next += 1;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
            self.dropped += 1;
        }
        let answer = Value::Null;
        self.entries.push_back(Entry {
            seq,
            at,
            service,
            method,
            path,
            query,
            body,
            faults,
            status: None,
            answer,
        });
        seq
    }

    /// Notes the answer; nothing happens when the entry is gone meanwhile.
    pub fn close(&mut self, seq: u64, status: Option<u16>, answer: Value) {
        if let Ok(index) = self.entries.binary_search_by_key(&seq, |entry| entry.seq)
            && let Some(entry) = self.entries.get_mut(index)
        {
            entry.status = status;
            entry.answer = answer;
        }
    }

    /// Entries that `keep` wants, oldest first.
    pub fn entries(&self, keep: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        self.entries
            .iter()
            .filter(|entry| keep(entry))
            .cloned()
            .collect()
    }

    /// How many entries fell out for want of room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets all entries; numbering goes on.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.dropped = 0;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn received() -> Received {
        let (method, path) = ("GET".to_owned(), "/x".to_owned());
        Received {
            service: None,
            method,
            path,
            query: BTreeMap::new(),
            body: Value::Null,
        }
    }

    #[test]
    fn an_answer_finds_its_own_request_and_not_one_after_a_clear() {
        let mut log = Log::default();
        let at = DateTime::UNIX_EPOCH;
        let first = log.open(received(), vec![], at);
        log.clear();
        let second = log.open(received(), vec![], at);
        log.close(first, Some(500), json!("late"));
        log.close(second, Some(200), json!("own"));
        let all = log.entries(|_| true);
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].seq, all[0].status, &all[0].answer),
            (second, Some(200), &json!("own"))
        );
    }

    #[test]
    fn the_oldest_falls_out_when_full_and_is_counted() {
        let mut log = Log::default();
        for _ in 0..CAPACITY + 3 {
            log.open(received(), vec![], DateTime::UNIX_EPOCH);
        }
        assert_eq!((log.entries(|_| true).len(), log.dropped()), (CAPACITY, 3));
        assert_eq!(log.entries(|_| true)[0].seq, 3);
    }
}
