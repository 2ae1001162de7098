//! What goes wrong with nodes: devices and servers crash and come back, the database goes down, clocks jump, disks fill
//! up, networks are out of reach, builds grow too old.

mod passing;

pub use super::trouble_counts::Counts;
use crate::{
    chance::Chance,
    device::Device,
    executor::{Executor, Node, SECOND},
    ledger::SimLedger,
    network::Network,
    server::{self, SimHost},
    trace::Trace,
};
use chrono::TimeDelta;
use huishou_client::error::Error;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Fail-overs that lose commits, in one run.
const MOST_FAILOVERS: u64 = 6;

type Starter = Arc<dyn Fn() + Send + Sync>;

struct Inner {
    counts: Counts,
    starters: BTreeMap<Node, (Device, Starter)>,
    down: BTreeMap<Node, bool>,
    /// Devices of which there is a copy; those to be copied at the next stop, those whose copy is to be put back.
    copied: BTreeMap<Node, bool>,
    copy: BTreeMap<Node, bool>,
    put_back: BTreeMap<Node, bool>,
    /// Devices that come back with a newer version of the app.
    upgrade: BTreeMap<Node, bool>,
}

/// The source of trouble; clones are the same.
#[derive(Clone)]
pub struct Troubles {
    inner: Arc<Mutex<Inner>>,
    on: Arc<AtomicBool>,
    executor: Executor,
    chance: Chance,
    trace: Trace,
    ledger: SimLedger,
    network: Network,
    servers: Arc<Vec<SimHost>>,
    /// The database fails over again and again.
    stormy: bool,
}

impl Troubles {
    /// None yet.
    #[must_use]
    pub fn new(
        executor: &Executor,
        chance: &Chance,
        trace: &Trace,
        ledger: &SimLedger,
        network: &Network,
        servers: &[SimHost],
    ) -> Self {
        let inner = Inner {
            counts: Counts::default(),
            starters: BTreeMap::new(),
            down: BTreeMap::new(),
            copied: BTreeMap::new(),
            copy: BTreeMap::new(),
            put_back: BTreeMap::new(),
            upgrade: BTreeMap::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            on: Arc::new(AtomicBool::new(true)),
            executor: executor.clone(),
            chance: chance.branch(),
            trace: trace.clone(),
            ledger: ledger.clone(),
            network: network.clone(),
            servers: Arc::new(servers.to_vec()),
            stormy: chance.permille(200),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// A device was wiped, or its person had to sign in anew.
    pub fn note(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.inner().counts);
    }

    /// No more of it.
    pub fn stop(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// A device whose app is to be kept running by `start`.
    pub fn keep(&self, device: &Device, start: Starter) {
        start();
        let node = device.node;
        self.inner().starters.insert(node, (device.clone(), start));
    }

    /// Starts a server's tasks and lets messages reach it.
    pub fn start_server(&self, host: &SimHost) {
        self.network.plug_in(host.clone());
        let sequencer = server::sequence(
            host.clone(),
            self.executor.clone(),
            self.chance.branch(),
            self.trace.clone(),
        );
        self.executor.spawn(host.node, sequencer);
    }

    /// The device's disk went dark in the middle of something.
    pub fn power_cut(&self, device: &Device) {
        self.down_and_up(device, true);
    }

    fn down_and_up(&self, device: &Device, power: bool) {
        let node = device.node;
        if self.inner().down.insert(node, true) == Some(true) {
            return;
        }
        {
            let mut inner = self.inner();
            inner.counts.power_cuts += u64::from(power);
            inner.counts.kills += u64::from(!power);
        }
        device.crash(&self.executor, power);
        let (troubles, device) = (self.clone(), device.clone());
        self.executor.spawn(Node::WORLD, async move {
            let pause = troubles.chance.below(120 * SECOND);
            troubles.executor.sleep(pause).await;
            device.disk.restore_power(&troubles.chance);
            troubles.at_the_disk(&device);
            loop {
                match troubles.start(&device) {
                    Ok(()) => break,
                    Err(error) => {
                        troubles
                            .trace
                            .note(device.node, format!("does not start: {error}"));
                        troubles.executor.sleep(10 * SECOND).await;
                        if device.disk.is_off() {
                            device.disk.restore_power(&troubles.chance);
                        }
                    }
                }
            }
            troubles.trace.note(device.node, "is on again");
            let start = {
                let mut inner = troubles.inner();
                inner.down.insert(device.node, false);
                inner.starters.get(&device.node).map(|(_, s)| Arc::clone(s))
            };
            if let Some(start) = start {
                start();
            }
        });
    }

    /// Starts the app, after an upgrade where one was to be made: one that fails is made again.
    fn start(&self, device: &Device) -> Result<(), Error> {
        if self.inner().upgrade.contains_key(&device.node) {
            let forgetful = self.ledger.counts().forgotten > 0;
            let aged = self.chance.permille(600) && device.age(&self.chance, forgetful)?;
            if aged {
                self.inner().counts.aged += 1;
            } else {
                device.upgrade()?;
            }
            self.inner().upgrade.remove(&device.node);
            self.inner().counts.upgrades += 1;
            self.trace.note(device.node, "a newer version is installed");
            // Its first start is cut off now and then.
            if self.chance.permille(200) {
                device.disk.cut_power_after(self.chance.below(60));
            }
        }
        device.boot()
    }

    /// Makes trouble until it is stopped.
    pub fn begin(&self) {
        let troubles = self.clone();
        // Some runs are calm, some are wild.
        let pause = 10 + self.chance.below(300);
        self.executor.spawn(Node::WORLD, async move {
            loop {
                let until_next = troubles.chance.below(pause * SECOND);
                troubles.executor.sleep(until_next).await;
                if !troubles.is_on() {
                    return;
                }
                troubles.make();
            }
        });
    }

    fn make(&self) {
        let devices: Vec<Device> = self
            .inner()
            .starters
            .values()
            .map(|(d, _)| d.clone())
            .collect();
        let Some(device) = self.chance.pick(&devices).cloned() else {
            return;
        };
        if self.stormy && self.chance.permille(200) {
            return self.fail_over();
        }
        match self.chance.below(22) {
            0..3 => self.down_and_up(&device, false),
            3..6 => self.down_and_up(&device, true),
            6..9 => self.server_crash(),
            9 => self.database_restart(),
            10 | 11 => self.clock_jump(&device),
            12 => self.out_of_reach(&device),
            13 => self.disk_full(&device),
            14 => self.too_old(&device),
            15 | 16 => self.backup(&device),
            17 => self.fail_over(),
            18 | 19 => self.upkeep(),
            20 => self.upgrade(&device),
            _ => self.cut_while_writing(&device),
        }
    }

    /// Another machine takes over from the database's; it has never heard of the newest commits.
    fn fail_over(&self) {
        let unaware = |device: &Device| device.unaware.load(Ordering::Relaxed);
        let any_unaware = self.inner().starters.values().any(|(d, _)| unaware(d));
        if self.ledger.counts().failovers >= MOST_FAILOVERS || any_unaware {
            return;
        }
        let forgotten = self.ledger.fail_over(self.chance.index(12));
        self.trace.note(
            Node::WORLD,
            format!("fail-over: {forgotten} commits are forgotten"),
        );
    }

    /// The log is compacted.
    fn upkeep(&self) {
        let floor = self.chance.permille(300);
        self.trace.note(
            Node::WORLD,
            if floor {
                "the log is compacted and its floor raised"
            } else {
                "the log is compacted"
            },
        );
        let Some(host) = self.chance.pick(&self.servers).cloned() else {
            return;
        };
        let age = TimeDelta::seconds(self.chance.between(0, 600));
        let (executor, trace) = (self.executor.clone(), self.trace.clone());
        self.executor.spawn(host.node, async move {
            let now = server::true_time(&executor);
            if let Err(error) = host.ledger.compact(now, age, floor).await {
                trace.note(host.node, format!("upkeep stopped: {error}"));
            }
        });
    }

    /// Upkeep that was cut off is done to its end.
    pub fn tidy_up(&self) {
        let (ledger, executor) = (self.ledger.clone(), self.executor.clone());
        self.executor.spawn(Node::WORLD, async move {
            let day = TimeDelta::days(1);
            while ledger
                .compact(server::true_time(&executor), day, false)
                .await
                .is_err()
            {
                executor.sleep(10 * SECOND).await;
            }
        });
    }

    /// The app is closed and the disk copied; another time the copy is put back in the place of everything.
    fn backup(&self, device: &Device) {
        let is_wiped = device.wiped.load(Ordering::Relaxed);
        if is_wiped || self.inner().down.get(&device.node) == Some(&true) {
            return;
        }
        let has_copy = self.inner().copied.contains_key(&device.node);
        if has_copy && self.chance.permille(500) {
            self.inner().counts.put_back += 1;
            self.inner().put_back.insert(device.node, true);
            self.trace
                .note(device.node, "an older copy of the disk is put back");
        } else {
            self.inner().counts.backups += 1;
            self.inner().copied.insert(device.node, true);
            self.inner().copy.insert(device.node, true);
        }
        self.down_and_up(device, false);
    }

    /// The app is closed and replaced by a newer version.
    fn upgrade(&self, device: &Device) {
        let is_wiped = device.wiped.load(Ordering::Relaxed);
        if is_wiped || self.inner().down.get(&device.node) == Some(&true) {
            return;
        }
        self.inner().upgrade.insert(device.node, true);
        self.down_and_up(device, false);
    }

    /// What is done with the disk while the device is off.
    fn at_the_disk(&self, device: &Device) {
        let (copy, back) = {
            let mut inner = self.inner();
            (
                inner.copy.remove(&device.node),
                inner.put_back.remove(&device.node),
            )
        };
        if back.is_some() {
            device.put_backup();
        } else if copy.is_some() {
            device.take_backup();
        }
    }

    fn cut_while_writing(&self, device: &Device) {
        device.disk.cut_power_after(self.chance.below(40));
    }
}
