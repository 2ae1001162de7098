//! The scheduler: one thread, virtual time, and at every step a free choice of which task goes on. A node's tasks can be
//! dropped between any two steps, which is how it crashes: at whichever await they had come to.

use crate::chance::Chance;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// Which machine a task runs on; the world's own tasks run on [`Node::WORLD`], which never crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub u32);

impl Node {
    /// What is no machine: the network, customers, the weather.
    pub const WORLD: Self = Self(0);
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Task {
    node: Node,
    work: Work,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// A task of this node went on.
    Polled(Node),
    /// Time passed.
    Time,
    /// Nothing is left to happen, or nothing before the time given.
    Nothing,
}

/// Microseconds since the run began.
pub type Micros = u64;
/// A second.
pub const SECOND: Micros = 1_000_000;
/// A millisecond.
pub const MILLI: Micros = 1_000;

#[derive(Default)]
struct Inner {
    now: Micros,
    next_task: u64,
    /// A task being polled is taken out.
    tasks: BTreeMap<u64, Option<Task>>,
    nodes: BTreeMap<u64, Node>,
    timers: BTreeSet<(Micros, u64)>,
    sleeping: BTreeMap<u64, Waker>,
    next_timer: u64,
    polled: Option<(u64, Node)>,
    steps: u64,
}

/// The scheduler's handle, for whoever waits or starts something.
#[derive(Clone)]
pub struct Executor {
    inner: Arc<Mutex<Inner>>,
    ready: Arc<Mutex<BTreeSet<u64>>>,
    chance: Chance,
}

struct Woken {
    task: u64,
    ready: Arc<Mutex<BTreeSet<u64>>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        lock(&self.ready).insert(self.task);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Executor {
    /// An empty one.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        Self {
            inner: Arc::default(),
            ready: Arc::default(),
            chance,
        }
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Micros {
        lock(&self.inner).now
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        lock(&self.inner).steps
    }

    /// The node whose task is being polled.
    #[must_use]
    pub fn here(&self) -> Node {
        lock(&self.inner)
            .polled
            .map_or(Node::WORLD, |(_, node)| node)
    }

    /// Starts a task on a node.
    pub fn spawn(&self, node: Node, work: impl Future<Output = ()> + Send + 'static) {
        let mut inner = lock(&self.inner);
        let id = inner.next_task;
        inner.next_task += 1;
        let task = Task {
            node,
            work: Box::pin(work),
        };
        inner.tasks.insert(id, Some(task));
        inner.nodes.insert(id, node);
        lock(&self.ready).insert(id);
    }

    /// Drops every task of a node, wherever it had come to. One that is being polled is dropped when that poll ends.
    pub fn kill(&self, node: Node) {
        let mut dead = Vec::new();
        {
            let mut inner = lock(&self.inner);
            let ids: Vec<u64> = inner
                .nodes
                .iter()
                .filter(|(_, n)| **n == node)
                .map(|(id, _)| *id)
                .collect();
            for id in ids {
                inner.nodes.remove(&id);
                dead.push(inner.tasks.remove(&id));
                lock(&self.ready).remove(&id);
            }
        }
        // Outside the lock: what is dropped may wake others.
        drop(dead);
    }

    /// Waits for virtual time to pass.
    pub fn sleep(&self, micros: Micros) -> Sleep {
        let mut inner = lock(&self.inner);
        inner.next_timer += 1;
        let (at, id) = (inner.now + micros, inner.next_timer);
        drop(inner);
        Sleep {
            executor: self.clone(),
            at,
            id,
            armed: false,
        }
    }

    /// One step: some ready task goes on; if none is ready, time runs to the next timer.
    pub fn step(&self, until: Micros) -> Stepped {
        let chosen = {
            let mut ready = lock(&self.ready);
            if ready.is_empty() {
                None
            } else {
                let nth = self.chance.index(ready.len());
                let id = ready.iter().nth(nth).copied();
                id.inspect(|id| {
                    ready.remove(id);
                })
            }
        };
        let Some(id) = chosen else {
            return self.advance(until);
        };
        let mut inner = lock(&self.inner);
        let Some(mut task) = inner.tasks.get_mut(&id).and_then(Option::take) else {
            return Stepped::Time;
        };
        let node = task.node;
        inner.polled = Some((id, task.node));
        inner.steps += 1;
        inner.now += self.chance.below(20);
        drop(inner);
        let waker = Waker::from(Arc::new(Woken {
            task: id,
            ready: Arc::clone(&self.ready),
        }));
        let polled = task.work.as_mut().poll(&mut Context::from_waker(&waker));
        let mut inner = lock(&self.inner);
        inner.polled = None;
        if polled.is_ready() {
            inner.tasks.remove(&id);
            inner.nodes.remove(&id);
        } else if let Some(place) = inner.tasks.get_mut(&id) {
            *place = Some(task);
            return Stepped::Polled(node);
        }
        drop(inner);
        drop(task);
        Stepped::Polled(node)
    }

    fn advance(&self, until: Micros) -> Stepped {
        let mut inner = lock(&self.inner);
        let Some((at, id)) = inner.timers.first().copied() else {
            return Stepped::Nothing;
        };
        if at > until {
            inner.now = inner.now.max(until);
            return Stepped::Nothing;
        }
        inner.timers.remove(&(at, id));
        inner.now = inner.now.max(at);
        let waker = inner.sleeping.remove(&id);
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        Stepped::Time
    }
}

/// Waits until its time has come.
pub struct Sleep {
    executor: Executor,
    at: Micros,
    id: u64,
    armed: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let executor = self.executor.clone();
        let mut inner = lock(&executor.inner);
        if inner.now >= self.at {
            return Poll::Ready(());
        }
        inner.timers.insert((self.at, self.id));
        inner.sleeping.insert(self.id, context.waker().clone());
        self.armed = true;
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if self.armed {
            let mut inner = lock(&self.executor.inner);
            inner.timers.remove(&(self.at, self.id));
            let waker = inner.sleeping.remove(&self.id);
            drop(inner);
            drop(waker);
        }
    }
}

/// The first of two to end; the other is dropped. Which is asked first changes nothing: there is one thread.
pub async fn first<A: Future, B: Future>(one: A, other: B) -> Result<A::Output, B::Output> {
    let (mut one, mut other) = (std::pin::pin!(one), std::pin::pin!(other));
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = one.as_mut().poll(context) {
            return Poll::Ready(Ok(value));
        }
        other.as_mut().poll(context).map(Err)
    })
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn order(seed: u64) -> Vec<u32> {
        let executor = Executor::new(Chance::of(seed));
        let done: Arc<Mutex<Vec<u32>>> = Arc::default();
        for n in 0..6 {
            let (executor, done) = (executor.clone(), Arc::clone(&done));
            executor.clone().spawn(Node(n), async move {
                executor.sleep(MILLI).await;
                done.lock().unwrap().push(n);
            });
        }
        while executor.step(SECOND) != Stepped::Nothing {}
        done.lock().unwrap().clone()
    }

    #[test]
    fn a_seed_decides_the_order_and_another_decides_otherwise() {
        assert_eq!(order(3), order(3));
        assert!((0..20).any(|seed| order(seed) != order(3)));
    }

    #[test]
    fn a_killed_node_stops_where_it_is() {
        let executor = Executor::new(Chance::of(1));
        let reached: Arc<Mutex<u32>> = Arc::default();
        let (inner, mark) = (executor.clone(), Arc::clone(&reached));
        executor.spawn(Node(1), async move {
            *mark.lock().unwrap() += 1;
            inner.sleep(SECOND).await;
            *mark.lock().unwrap() += 1;
        });
        while executor.step(MILLI) != Stepped::Nothing {}
        executor.kill(Node(1));
        while executor.step(10 * SECOND) != Stepped::Nothing {}
        assert_eq!(*reached.lock().unwrap(), 1);
    }

    #[test]
    fn time_runs_only_when_nobody_can_go_on() {
        let executor = Executor::new(Chance::of(1));
        let inner = executor.clone();
        executor.spawn(Node::WORLD, async move {
            inner.sleep(3_600 * SECOND).await;
        });
        while executor.step(7_200 * SECOND) != Stepped::Nothing {}
        assert!((3_600 * SECOND..3_601 * SECOND).contains(&executor.now()));
    }
}
