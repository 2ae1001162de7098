//! The last things that happened, for whoever has to understand a failing seed.

use crate::executor::{Executor, Micros, Node};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So many events are kept.
const KEPT: usize = 80;

/// One event.
#[derive(Debug, Clone)]
struct Event {
    step: u64,
    at: Micros,
    node: Node,
    what: String,
}

/// The events; clones write to the same ones.
#[derive(Clone)]
pub struct Trace {
    executor: Executor,
    kept: Arc<Mutex<VecDeque<Event>>>,
    aloud: bool,
}

impl Trace {
    /// An empty one; `aloud` prints each event as it happens.
    #[must_use]
    pub fn new(executor: Executor, aloud: bool) -> Self {
        Self {
            executor,
            kept: Arc::default(),
            aloud,
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an event on a node.
    pub fn note(&self, node: Node, what: impl Into<String>) {
        let event = Event {
            step: self.executor.steps(),
            at: self.executor.now(),
            node,
            what: what.into(),
        };
        if self.aloud {
            println!("{}", line(&event));
        }
        let mut kept = self.kept();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(event);
    }

    /// Whether each event is printed: then what is long may be noted, too.
    #[must_use]
    pub const fn is_aloud(&self) -> bool {
        self.aloud
    }

    /// The events kept, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.kept().iter().map(line).collect()
    }
}

fn line(event: &Event) -> String {
    let Event {
        step,
        at,
        node,
        what,
    } = event;
    let (seconds, millis) = (at / 1_000_000, at / 1_000 % 1_000);
    format!("{step:>7} {seconds:>6}.{millis:03}s n{:<2} {what}", node.0)
}
