//! A run: two depots, a handful of people with their devices, two servers on one database, and everything that can go
//! wrong with them; first a busy time, then quiet.

pub mod acts;
mod begin;
pub mod office;
pub mod story;
pub mod trouble;
mod trouble_counts;

use crate::{
    chance::Chance,
    device::Device,
    disk,
    executor::{Executor, Micros, Node, SECOND, Stepped},
    hints,
    ledger::{
        self, Commit, Faults, Sabotage, SimLedger,
        rows::{Key, Tables},
    },
    neglect::Neglect,
    network::{self, Meddling, Network, Weather},
    rules::{Broken, commits, copies, leaving, quiet},
    server::SimHost,
    trace::Trace,
};
use huishou_domain::{ids::StaffId, staff::Role};
use office::Office;
use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};
use story::Story;

/// The busy time lasts so long at most.
const BUSY: Micros = 3_600 * SECOND;
/// Once all is quiet, everything must be done within this.
const BOUND: Micros = 1_800 * SECOND;
/// How often to see whether all is done.
const LOOK: Micros = 15 * SECOND;
/// A run that takes more steps than this does not end by itself.
const MOST_STEPS: u64 = 2_000_000;

/// What a run is made of, besides its seed.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// Prints each event.
    pub aloud: bool,
    /// A deliberate fault of the server's store.
    pub sabotage: Sabotage,
    /// A deliberate fault of the messages.
    pub meddling: Meddling,
    /// A deliberate fault of the app.
    pub neglect: Neglect,
}

impl Plan {
    /// A run without deliberate faults.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self {
            seed,
            aloud: false,
            sabotage: Sabotage::None,
            meddling: Meddling::None,
            neglect: Neglect::None,
        }
    }
}

/// What happened in a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// Steps of the scheduler.
    pub steps: u64,
    /// Virtual time.
    pub micros: Micros,
    /// Commands that devices accepted.
    pub deeds: u64,
    /// What people did.
    pub acts: acts::Counts,
    /// The network.
    pub network: network::Counts,
    /// The database.
    pub ledger: ledger::Counts,
    /// The disks.
    pub disks: disk::Counts,
    /// Nodes.
    pub troubles: trouble::Counts,
    /// Hints.
    pub hints: hints::Counts,
}

/// A run that broke a rule.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// The step.
    pub step: u64,
    /// The rule.
    pub broken: Broken,
    /// The last events.
    pub trace: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        writeln!(
            f,
            "seed {} broke a rule at step {}:\n  {}: {}\nreplay: make sim SEED={}",
            self.seed, self.step, self.broken.rule, self.broken.what, self.seed
        )
    }
}

/// Somebody with a device.
struct Person {
    device: Device,
    role: Role,
    seen: copies::Seen,
}

struct World {
    executor: Executor,
    chance: Chance,
    trace: Trace,
    ledger: SimLedger,
    network: Network,
    servers: Vec<SimHost>,
    people: Vec<Person>,
    office: Office,
    collectors: Arc<Vec<StaffId>>,
    story: Story,
    acts: Arc<Mutex<acts::Counts>>,
    acts_left: Arc<Mutex<u32>>,
    troubles: trouble::Troubles,
    crowded: bool,
    /// None where devices only poll.
    hints: Option<hints::Line>,
    told: hints::Counts,
}

/// Runs a seed to its end.
///
/// # Errors
/// The rule that broke, where and after what.
pub fn run(plan: Plan) -> Result<Totals, Box<Failure>> {
    let mut world = World::new(plan).map_err(|error| {
        Box::new(Failure {
            seed: plan.seed,
            step: 0,
            broken: Broken {
                rule: "a run can begin",
                what: error.to_string(),
            },
            trace: Vec::new(),
        })
    })?;
    let done = world.play();
    let totals = world.totals();
    let failed = |broken| {
        Box::new(Failure {
            seed: plan.seed,
            step: totals.steps,
            broken,
            trace: world.trace.lines(),
        })
    };
    let ended = done.map_err(failed);
    world.end();
    ended.map(|()| totals)
}

impl World {
    fn play(&mut self) -> Result<(), Broken> {
        self.start();
        let until = BUSY;
        while self.executor.now() < until && self.is_busy() {
            if !self.step(until)? {
                break;
            }
        }
        self.calm_down();
        let bound = self.executor.now() + BOUND;
        let devices: Vec<Device> = self.people.iter().map(|p| p.device.clone()).collect();
        let mut looked = 0;
        while self.executor.now() < bound {
            if !self.step(bound)? {
                break;
            }
            // Looking is dear: now and then is enough.
            if self.executor.now() / LOOK > looked {
                looked = self.executor.now() / LOOK;
                if quiet::is_quiet(&self.ledger, &devices) {
                    break;
                }
            }
        }
        quiet::check(&self.ledger, &devices, &self.story)
    }

    fn is_busy(&self) -> bool {
        *self
            .acts_left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            > 0
    }

    /// One step, and what must hold after it.
    fn step(&mut self, until: Micros) -> Result<bool, Broken> {
        let stepped = self.executor.step(until);
        if self.executor.steps() > MOST_STEPS {
            return Err(Broken {
                rule: "everything pending is done in bounded time",
                what: "the run does not end".to_owned(),
            });
        }
        if let Some(offence) = self.network.take_offences().pop() {
            return Err(offence);
        }
        let commits = self.ledger.take_commits();
        if self.ledger.counts().forgotten > 0 {
            self.story.forget();
        }
        if !commits.is_empty() {
            let tables = self.ledger.tables();
            for commit in &commits {
                commits::check(commit, &tables, &self.story)?;
                self.crowd(commit);
            }
            self.hint(&commits, &tables);
        }
        if let Stepped::Polled(node) = stepped {
            for person in &mut self.people {
                if person.device.node != node {
                    continue;
                }
                copies::check(&person.device, &self.network, &self.story, &mut person.seen)?;
                let wiped = &person.device.wiped;
                if person.seen.wiped && !wiped.swap(person.seen.wiped, Ordering::Relaxed) {
                    self.troubles.note(|counts| counts.wiped += 1);
                    leaving::wiped(&person.device, &self.ledger, &self.story)?;
                }
                for worn in person.device.take_signed_out() {
                    self.troubles.note(|counts| counts.signed_out += 1);
                    leaving::signed_out(&person.device, worn, &self.ledger)?;
                }
                if person.device.is_on() && person.device.disk.is_off() {
                    self.troubles.power_cut(&person.device);
                }
            }
        }
        Ok(stepped != Stepped::Nothing)
    }

    /// Devices hear of what has got its number.
    fn hint(&mut self, commits: &[Commit], tables: &Tables) {
        let Some(line) = self.hints else { return };
        for commit in commits {
            let scopes = hints::scopes_of(commit);
            if scopes.is_empty() {
                continue;
            }
            for person in &self.people {
                let by = (&self.executor, &self.chance);
                hints::tell(&person.device, &scopes, tables, line, by, &mut self.told);
            }
        }
    }

    /// In a crowded run others act on the visits that devices are at work on.
    fn crowd(&self, commit: &Commit) {
        if !self.crowded || commit.by == Node::WORLD || !self.is_busy() {
            return;
        }
        for change in &commit.changes {
            if let Key::Appointment(id) = change.key
                && self.chance.permille(300)
            {
                let work = self.office.clone().meddle(id.into());
                self.executor.spawn(Node::WORLD, work);
            }
        }
    }

    /// No more work and no more faults; what is off is switched on.
    fn calm_down(&mut self) {
        self.trace.note(Node::WORLD, "all is quiet from here");
        *self
            .acts_left
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = 0;
        self.network.set_weather(Weather::default());
        self.ledger.set_faults(Faults::default());
        self.troubles.stop();
        self.troubles.tidy_up();
        for person in &self.people {
            person.device.checks.store(true, Ordering::Relaxed);
            self.network.set_away(person.device.id, false);
            self.network.set_outdated(person.device.id, false);
            person.device.disk.set_full(false);
        }
    }

    fn totals(&self) -> Totals {
        let mut disks = disk::Counts::default();
        for person in &self.people {
            disks.add(person.device.disk.counts());
        }
        Totals {
            steps: self.executor.steps(),
            micros: self.executor.now(),
            deeds: u64::try_from(self.story.len()).unwrap_or(0),
            acts: *self.acts.lock().unwrap_or_else(PoisonError::into_inner),
            network: self.network.counts(),
            ledger: self.ledger.counts(),
            disks,
            troubles: self.troubles.counts(),
            hints: self.told,
        }
    }

    /// Lets go of everything: tasks hold each other through the executor.
    fn end(&self) {
        let nodes = self
            .people
            .iter()
            .map(|p| p.device.node)
            .chain(self.servers.iter().map(|s| s.node))
            .chain([Node::WORLD]);
        for node in nodes.collect::<Vec<_>>() {
            self.executor.kill(node);
        }
        for host in &self.servers {
            self.network.unplug(host.node);
        }
        for person in &self.people {
            person.device.switch_off();
        }
    }
}
