//! A database that fails over in the midst of a pull of several pages: what an earlier page showed and the server has
//! forgotten since is put right before the last page, whether it had its number or not.
#![allow(clippy::unwrap_used)]

use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    price_book::{self, PriceBook},
    staff::{Role, Staff, Station},
    sync::{
        message::{MAX_BYTES, PullAnswer, PullRequest, SCHEMA},
        scope::Kind,
    },
};
use huishou_server::{
    store::{devices::Progress, staff::Person, sync_head::Head},
    sync::{
        ports::{Effecting, Ledger},
        pull::{self, Caller},
        sequencer,
    },
};
use huishou_sim::{
    chance::Chance,
    executor::{Executor, Node, SECOND, Stepped},
    ledger::{
        Sabotage, SimLedger, replica,
        rows::{Key, Row, Tables},
    },
    server::true_time,
};
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex},
};
use uuid::Uuid;

const ZHANG: StaffId = StaffId(Uuid::from_u128(0xA1));
const CLERK: StaffId = StaffId(Uuid::from_u128(0xA9));
const NEAR: StationId = StationId(Uuid::from_u128(0xB1));
const FAR: StationId = StationId(Uuid::from_u128(0xB2));
const DEVICE: DeviceId = DeviceId(Uuid::from_u128(0xDE01));

fn person(id: StaffId, name: &str, role: Role) -> Row {
    let staff = Staff {
        id,
        version: 1,
        username: name.to_owned(),
        name: name.to_owned(),
        role,
        station_id: Some(NEAR),
        active: true,
    };
    Row::Staff(Arc::new(Person {
        staff,
        grants: 1,
        password_hash: String::new(),
    }))
}

fn tables() -> Tables {
    let station = Station {
        id: NEAR,
        version: 1,
        code: "near".to_owned(),
        name: "near".to_owned(),
        city: "330100".to_owned(),
        address: "文三路".to_owned(),
        divisions: vec!["330106".to_owned()],
    };
    let head = Head {
        seq: 0,
        floor: 0,
        epoch: Uuid::from_u128(7),
    };
    let progress = Progress {
        incarnation: 1,
        last_mutation: 0,
        confirmed: 0,
    };
    Tables::from([
        (Key::Head, Row::Head(head)),
        (Key::Staff(ZHANG.0), person(ZHANG, "zhang", Role::Collector)),
        (Key::Staff(CLERK.0), person(CLERK, "clerk", Role::Station)),
        (Key::Station(NEAR.0), Row::Station(Arc::new(station))),
        (Key::Device(DEVICE.0), Row::Device(progress)),
    ])
}

/// A server, and what a device has staged.
struct Scene {
    staff: StaffId,
    limit: usize,
    executor: Executor,
    ledger: SimLedger,
    cursor: Option<String>,
    held: BTreeMap<(Kind, Uuid), i64>,
}

impl Scene {
    fn new() -> Self {
        let executor = Executor::new(Chance::of(1));
        let ledger = SimLedger::new(executor.clone(), Chance::of(2), tables(), Sabotage::None);
        Self {
            staff: ZHANG,
            limit: 1,
            executor,
            ledger,
            cursor: None,
            held: BTreeMap::new(),
        }
    }

    fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let done: Arc<Mutex<Option<T>>> = Arc::default();
        let place = Arc::clone(&done);
        self.executor.spawn(Node::WORLD, async move {
            *place.lock().unwrap() = Some(work.await);
        });
        while self.executor.step(3_600 * SECOND) != Stepped::Nothing {}
        done.lock().unwrap().take().unwrap()
    }

    /// Something about the collector changes: a commit without a number yet.
    fn change(&self, change: impl FnOnce(&mut Staff) + Send + 'static) {
        let ledger = self.ledger.clone();
        self.run(async move {
            let mut tx = ledger.begin().await.unwrap();
            tx.change_person(ZHANG, change).await.unwrap();
            ledger.commit(tx).await.unwrap();
        });
    }

    /// The collector gets another name.
    fn rename(&self, name: &'static str) {
        self.change(move |staff| staff.name = name.to_owned());
    }

    /// A price book comes out.
    fn publish(&self, book: PriceBook) {
        let (ledger, at) = (self.ledger.clone(), true_time(&self.executor));
        self.run(async move {
            let mut tx = ledger.begin().await.unwrap();
            tx.insert_book(&book, at).await.unwrap();
            ledger.commit(tx).await.unwrap();
        });
    }

    fn rename_station(&self, name: &str) {
        let (ledger, name) = (self.ledger.clone(), name.to_owned());
        self.run(async move {
            let mut tx = ledger.begin().await.unwrap();
            tx.rename_station(NEAR, &name).await.unwrap();
            ledger.commit(tx).await.unwrap();
        });
    }

    fn sequence(&self) {
        let ledger = self.ledger.clone();
        self.run(async move { sequencer::sequence(&ledger).await.map(|_| ()).unwrap() });
    }

    /// One page; whether it was the last.
    fn page(&mut self) -> bool {
        let request = PullRequest {
            cursor: self.cursor.clone(),
            schema: SCHEMA,
            limit: Some(self.limit),
            ..PullRequest::default()
        };
        let caller = Caller {
            device: DEVICE,
            staff: self.staff,
        };
        let (ledger, at) = (self.ledger.clone(), true_time(&self.executor));
        let answer = self.run(async move {
            let answer = pull::pull(&ledger, &[3; 32], caller, &request, at).await;
            answer.map_err(|problem| problem.code).unwrap()
        });
        self.stage(&answer);
        answer.complete
    }

    fn stage(&mut self, answer: &PullAnswer) {
        if !answer.reset.is_empty() {
            self.held.clear();
        }
        for put in &answer.puts {
            self.held.insert((put.kind, put.id), put.version);
        }
        for dropped in &answer.drops {
            self.held.remove(&(dropped.kind, dropped.id));
        }
        self.cursor = Some(answer.cursor.clone());
    }

    /// Pulls to the end: then the device holds what the server holds.
    #[track_caller]
    fn ends_equal(&mut self) {
        assert!((0..50).any(|_| self.page()), "a pull without end");
        let tables = self.ledger.tables();
        let scopes = replica::granted(&tables, self.staff);
        let there: BTreeMap<_, _> = replica::replica_of(&tables, &scopes)
            .into_iter()
            .map(|(key, held)| (key, held.version))
            .collect();
        assert_eq!(self.held, there);
    }

    /// Pulls pages until one shows the new name.
    #[track_caller]
    fn shows_the_new_name_and_is_not_done(&mut self) {
        let key = (Kind::Staff, ZHANG.0);
        let shown = (0..10).any(|_| {
            assert!(!self.page(), "there is more");
            self.held.get(&key) == Some(&2)
        });
        assert!(shown, "the name never came");
    }
}

#[test]
fn what_had_no_number_when_a_first_page_showed_it() {
    let mut scene = Scene::new();
    scene.rename("张三");
    scene.shows_the_new_name_and_is_not_done();
    assert_eq!(scene.ledger.fail_over(1), 1);
    scene.ends_equal();
}

#[test]
fn what_had_no_number_on_a_page_without_room_for_what_earlier_ones_showed_so() {
    let mut scene = Scene::new();
    scene.limit = 2;
    scene.rename("张三");
    scene.rename_station("another");
    assert!(!scene.page() && scene.held.len() == 2, "both, as they are");
    let book = price_book::demo();
    let key = (Kind::PriceBook, book.id.0);
    scene.publish(book);
    assert!(!scene.page(), "not both again beside the book");
    assert!(scene.held.contains_key(&key));
    assert_eq!(scene.ledger.fail_over(1), 1, "the book");
    scene.ends_equal();
    assert!(!scene.held.contains_key(&key));
}

#[test]
fn what_was_away_without_a_number_when_a_page_went_past_its_place() {
    let mut scene = Scene::new();
    scene.staff = CLERK;
    scene.change(|staff| staff.station_id = Some(FAR));
    assert!(!scene.page(), "there is more");
    assert_eq!(
        scene.held.keys().collect::<Vec<_>>(),
        [&(Kind::Staff, CLERK.0)],
        "the page went past the colleague's place"
    );
    assert_eq!(scene.ledger.fail_over(1), 1, "who never left");
    scene.ends_equal();
    assert!(scene.held.contains_key(&(Kind::Staff, ZHANG.0)));
}

#[test]
fn pages_come_to_an_end_while_what_has_no_number_is_more_than_a_page_takes() {
    const HALF: usize = MAX_BYTES / 2;
    let mut scene = Scene::new();
    scene.limit = 10;
    scene.change(|staff| staff.name = "x".repeat(HALF));
    scene.rename_station(&"y".repeat(HALF));
    scene.ends_equal();
    scene.ends_equal();
}

#[test]
fn what_had_a_number_beyond_the_one_the_first_sync_began_at() {
    let mut scene = Scene::new();
    assert!(!scene.page(), "there is more");
    scene.rename_station("another");
    scene.sequence();
    let key = (Kind::Station, NEAR.0);
    assert!(!scene.page() && scene.held.get(&key) == Some(&2));
    assert_eq!(scene.ledger.fail_over(2), 2, "the change, and its number");
    scene.ends_equal();
    assert_eq!(scene.held.get(&key), Some(&1));
}

#[test]
fn pages_of_one_aggregate_come_to_an_end_while_nothing_gets_its_number() {
    let mut scene = Scene::new();
    scene.ends_equal();
    scene.rename("张三");
    scene.ends_equal();
    scene.ends_equal();
}
