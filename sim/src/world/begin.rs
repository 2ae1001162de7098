//! How a run begins: the tables as seeded by an operator, the people with their devices, and the tasks that keep
//! everything going.

use super::{
    Person, Plan, World,
    acts::{self, Worker},
    office::{DESK, Office},
    story::Story,
    trouble::Troubles,
};
use crate::{
    chance::Chance,
    device::{Device, first_token},
    executor::{Executor, MILLI, Node, SECOND},
    hints,
    ledger::{
        Faults, SimLedger,
        rows::{Key, Row, Tables},
    },
    network::{Network, Weather},
    server::{SimHost, true_time},
    trace::Trace,
};
use huishou_client::{error::Error, store::mutations};
use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    price_book,
    staff::{Role, Staff, Station},
    sync::revocation::Mode,
};
use huishou_server::{
    refresh::{self, Chain, Subject, Token},
    store::{devices::Progress, staff::Person as StoredPerson, sync_head::Head},
};
use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};
use uuid::Uuid;

const NEAR: StationId = StationId(Uuid::from_u128(0xB1));
const FAR: StationId = StationId(Uuid::from_u128(0xB2));
/// Things people do in one run.
const ACTS: (i64, i64) = (6, 40);

fn person(n: u128, name: &str, role: Role, station: Option<StationId>) -> Staff {
    Staff {
        id: StaffId(Uuid::from_u128(n)),
        version: 1,
        username: name.to_owned(),
        name: name.to_owned(),
        role,
        station_id: station,
        active: true,
    }
}

/// Everybody who may have a device, in the order they get one.
fn staff() -> Vec<Staff> {
    vec![
        person(0xA1, "zhang", Role::Collector, Some(NEAR)),
        person(0xA2, "li", Role::Collector, Some(NEAR)),
        person(0xA9, "clerk", Role::Station, Some(NEAR)),
        person(0xA3, "wang", Role::Collector, Some(FAR)),
        person(0xAA, "planner", Role::Dispatcher, None),
    ]
}

fn station(id: StationId, name: &str, division: &str) -> Station {
    Station {
        id,
        version: 1,
        code: name.to_owned(),
        name: name.to_owned(),
        city: price_book::demo().city,
        address: "文三路".to_owned(),
        divisions: vec![division.to_owned()],
    }
}

/// Half of the runs have hints.
fn hints_of(chance: &Chance) -> Option<hints::Line> {
    let any = |most: u64| u32::try_from(chance.below(most)).unwrap_or(0);
    let line = hints::Line {
        lose: any(400),
        double: any(400),
    };
    chance.permille(500).then_some(line)
}

fn tables(chance: &Chance) -> Tables {
    let head = Head {
        seq: 0,
        floor: 0,
        epoch: uuid::Builder::from_random_bytes(chance.bytes()).into_uuid(),
    };
    let mut tables = Tables::new();
    tables.insert(Key::Head, Row::Head(head));
    for depot in [
        station(NEAR, "near", "330106"),
        station(FAR, "far", "330102"),
    ] {
        tables.insert(Key::Station(depot.id.0), Row::Station(Arc::new(depot)));
    }
    let book = price_book::demo();
    tables.insert(Key::Book(book.id.0), Row::Book(Arc::new(book)));
    let desk = person(DESK.0.as_u128(), "desk", Role::Dispatcher, None);
    for staff in staff().into_iter().chain([desk]) {
        let stored = StoredPerson {
            staff,
            grants: 1,
            password_hash: String::new(),
        };
        tables.insert(Key::Staff(stored.staff.id.0), Row::Staff(Arc::new(stored)));
    }
    tables
}

impl World {
    /// Everything in its place, nothing started.
    pub(super) fn new(plan: Plan) -> Result<Self, Error> {
        let chance = Chance::of(plan.seed);
        let executor = Executor::new(chance.branch());
        let trace = Trace::new(executor.clone(), plan.aloud);
        let mut tables = tables(&chance);
        let count = 2 + chance.index(4);
        let hands: Vec<Staff> = staff().into_iter().take(count).collect();
        for (n, staff) in (1_u128..).zip(&hands) {
            let device = Uuid::from_u128(0xDE00 + n);
            let progress = Progress {
                incarnation: 1,
                last_mutation: 0,
                confirmed: 0,
            };
            tables.insert(Key::Device(device), Row::Device(progress));
            tables.insert(Key::Session(device, staff.id.0), Row::There);
            let chain = Uuid::from_u128(0xC000 + n);
            let subject = Subject::Staff(staff.id, DeviceId(device));
            let session = Chain {
                subject,
                revoked_at: None,
                revoked_for: None,
            };
            tables.insert(Key::Chain(chain), Row::Chain(Arc::new(session)));
            let token = Token {
                chain,
                successor: None,
                expires_at: true_time(&executor) + refresh::LIFETIME,
            };
            let hash = refresh::hash(&first_token(DeviceId(device)));
            tables.insert(Key::Token(hash), Row::Token(Arc::new(token)));
        }
        let ledger = SimLedger::new(executor.clone(), chance.branch(), tables, plan.sabotage);
        let network = Network::new(
            executor.clone(),
            chance.branch(),
            trace.clone(),
            plan.meddling,
        );
        let servers = [Node(1), Node(2)]
            .map(|node| SimHost::new(node, ledger.clone(), executor.clone()))
            .to_vec();
        let mut people = Vec::new();
        for (n, staff) in (1_u32..).zip(&hands) {
            let id = DeviceId(Uuid::from_u128(0xDE00 + u128::from(n)));
            let mut device =
                Device::new(Node(10 + n), id, staff, &executor, &chance.branch(), &trace)?;
            device.neglect = plan.neglect;
            people.push(Person {
                device,
                role: staff.role,
                seen: crate::rules::copies::Seen::default(),
            });
        }
        let collectors: Arc<Vec<StaffId>> = Arc::new(
            hands
                .iter()
                .filter(|s| s.role == Role::Collector)
                .map(|s| s.id)
                .collect(),
        );
        let office = Office {
            ledger: ledger.clone(),
            executor: executor.clone(),
            chance: chance.branch(),
            trace: trace.clone(),
            book: Arc::new(price_book::demo()),
            stations: Arc::new(vec![NEAR, FAR]),
            collectors: Arc::clone(&collectors),
        };
        let acts = u32::try_from(chance.between(ACTS.0, ACTS.1)).unwrap_or(0);
        let troubles = Troubles::new(&executor, &chance, &trace, &ledger, &network, &servers);
        Ok(Self {
            executor,
            trace,
            ledger,
            network,
            servers,
            people,
            office,
            collectors,
            story: Story::default(),
            acts: Arc::default(),
            acts_left: Arc::new(Mutex::new(acts)),
            troubles,
            crowded: chance.permille(300),
            hints: hints_of(&chance.branch()),
            told: hints::Counts::default(),
            chance,
        })
    }

    /// Starts whatever runs by itself.
    pub(super) fn start(&mut self) {
        for person in &self.people {
            let hinted = &person.device.hinted;
            hinted.store(self.hints.is_some(), Ordering::Relaxed);
        }
        let chance = self.chance.branch();
        let share = |most: u64| u32::try_from(chance.below(most + 1)).unwrap_or(0);
        self.network.set_weather(Weather {
            lose_request: share(80),
            lose_answer: share(80),
            duplicate: share(80),
            slow: share(60),
            imposter: share(12),
        });
        self.ledger.set_faults(Faults {
            busy: share(15),
            lost: share(6),
            lost_after_commit: share(60),
            slow: [2 * MILLI, 50 * MILLI, 500 * MILLI, 3 * SECOND][chance.index(4)],
        });
        for host in self.servers.clone() {
            self.troubles.start_server(&host);
        }
        for person in &self.people {
            let device = person.device.clone();
            self.troubles
                .keep(&device, self.starter(&device, person.role));
        }
        self.start_office();
        self.shut_somebody_out();
        self.troubles.begin();
    }

    /// What runs on a device from each start of its app.
    fn starter(&self, device: &Device, role: Role) -> Arc<dyn Fn() + Send + Sync> {
        let (executor, network, device) =
            (self.executor.clone(), self.network.clone(), device.clone());
        let (chance, story, trace) = (self.chance.branch(), self.story.clone(), self.trace.clone());
        let (collectors, counts, left) = (
            Arc::clone(&self.collectors),
            Arc::clone(&self.acts),
            Arc::clone(&self.acts_left),
        );
        Arc::new(move || {
            adopt(&device, &story);
            let contact =
                device
                    .clone()
                    .keep_in_contact(network.clone(), executor.clone(), chance.branch());
            executor.spawn(device.node, contact);
            let work = work(Hands {
                device: device.clone(),
                role,
                collectors: Arc::clone(&collectors),
                executor: executor.clone(),
                chance: chance.branch(),
                story: story.clone(),
                trace: trace.clone(),
                counts: Arc::clone(&counts),
                left: Arc::clone(&left),
            });
            executor.spawn(device.node, work);
        })
    }

    /// In some runs an administrator shuts a device out, and perhaps finds later that it was stolen.
    fn shut_somebody_out(&self) {
        let chance = self.chance.branch();
        if !chance.permille(250) {
            return;
        }
        let devices: Vec<DeviceId> = self.people.iter().map(|p| p.device.id).collect();
        let (office, executor) = (self.office.clone(), self.executor.clone());
        let Some(device) = chance.pick(&devices).copied() else {
            return;
        };
        self.executor.spawn(Node::WORLD, async move {
            executor.sleep(chance.below(400 * SECOND)).await;
            let leaves = chance.permille(700);
            if leaves {
                office.shut_out(device, Mode::Leave).await;
                executor.sleep(chance.below(300 * SECOND)).await;
            }
            if !leaves || chance.permille(200) {
                office.shut_out(device, Mode::Stolen).await;
            }
        });
    }

    fn start_office(&self) {
        let (office, executor, chance) = (
            self.office.clone(),
            self.executor.clone(),
            self.chance.branch(),
        );
        let left = Arc::clone(&self.acts_left);
        self.executor.spawn(Node::WORLD, async move {
            for _ in 0..3 {
                office.book().await;
            }
            while *left.lock().unwrap_or_else(PoisonError::into_inner) > 0 {
                executor.sleep(chance.below(60 * SECOND)).await;
                office.act().await;
            }
        });
    }
}

struct Hands {
    device: Device,
    role: Role,
    collectors: Arc<Vec<StaffId>>,
    executor: Executor,
    chance: Chance,
    story: Story,
    trace: Trace,
    counts: Arc<Mutex<acts::Counts>>,
    left: Arc<Mutex<u32>>,
}

/// A person's day.
async fn work(hands: Hands) {
    loop {
        hands.executor.sleep(hands.chance.below(90 * SECOND)).await;
        {
            let mut left = hands.left.lock().unwrap_or_else(PoisonError::into_inner);
            if *left == 0 {
                return;
            }
            *left -= 1;
        }
        // Now and then the power goes in the middle of writing.
        if hands.chance.permille(40) {
            hands.device.disk.cut_power_after(hands.chance.below(16));
        }
        // Several things at once: offline work comes in bursts.
        for _ in 0..=hands.chance.below(3) {
            let mut counts = hands.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let worker = Worker {
                device: &hands.device,
                role: hands.role,
                collectors: &hands.collectors,
                chance: &hands.chance,
                story: &hands.story,
                trace: &hands.trace,
            };
            worker.act(&mut counts);
        }
        hands.device.wake.notify_one();
    }
}

/// What a store holds after a start that nobody was told of: its transaction was done, its answer never came.
fn adopt(device: &Device, story: &Story) {
    let held = device.read(mutations::unanswered);
    for stored in held.into_iter().flatten().flatten() {
        story.note(device.id, &stored);
    }
    if !device.take_is_older() {
        return;
    }
    // What was done after the copy was made is no more on this device.
    for deed in story.of_device(device.id) {
        let here = device.read(|db| mutations::by_uid(db, deed.uid));
        if matches!(here, Some(Ok(None))) {
            story.amend(deed.uid, |deed| deed.lost = true);
        }
    }
}
