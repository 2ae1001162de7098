//! A database that fails over in the midst of a pull of several pages: what an earlier page showed and the server has
//! forgotten since is put right before the last page, whether it had its number or not.
#![allow(clippy::unwrap_used)]

use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    staff::{Role, Staff, Station},
    sync::{
        message::{PullAnswer, PullRequest, SCHEMA},
        scope::Kind,
    },
};
use huishou_server::{
    store::{devices::Progress, staff::Person, sync_head::Head},
    sync::{
        ports::Ledger,
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
const NEAR: StationId = StationId(Uuid::from_u128(0xB1));
const DEVICE: DeviceId = DeviceId(Uuid::from_u128(0xDE01));

fn tables() -> Tables {
    let staff = Staff {
        id: ZHANG,
        version: 1,
        username: "zhang".to_owned(),
        name: "zhang".to_owned(),
        role: Role::Collector,
        station_id: Some(NEAR),
        active: true,
    };
    let station = Station {
        id: NEAR,
        version: 1,
        code: "near".to_owned(),
        name: "near".to_owned(),
        city: "330100".to_owned(),
        address: "文三路".to_owned(),
        divisions: vec!["330106".to_owned()],
    };
    let person = Person {
        staff,
        grants: 1,
        password_hash: String::new(),
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
        (Key::Staff(ZHANG.0), Row::Staff(Arc::new(person))),
        (Key::Station(NEAR.0), Row::Station(Arc::new(station))),
        (Key::Device(DEVICE.0), Row::Device(progress)),
    ])
}

/// A server, and what a device has staged.
struct Scene {
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

    /// The collector gets another name: a commit without a number yet.
    fn rename(&self, name: &'static str) {
        let ledger = self.ledger.clone();
        self.run(async move {
            let mut tx = ledger.begin().await.unwrap();
            tx.change_person(ZHANG, |staff| staff.name = name.to_owned())
                .await
                .unwrap();
            ledger.commit(tx).await.unwrap();
        });
    }

    fn rename_station(&self) {
        let ledger = self.ledger.clone();
        self.run(async move {
            let mut tx = ledger.begin().await.unwrap();
            tx.rename_station(NEAR, "another").await.unwrap();
            ledger.commit(tx).await.unwrap();
        });
    }

    fn sequence(&self) {
        let ledger = self.ledger.clone();
        self.run(async move { sequencer::sequence(&ledger).await.map(|_| ()).unwrap() });
    }

    /// One page of one aggregate; whether it was the last.
    fn page(&mut self) -> bool {
        let request = PullRequest {
            cursor: self.cursor.clone(),
            schema: SCHEMA,
            limit: Some(1),
            ..PullRequest::default()
        };
        let caller = Caller {
            device: DEVICE,
            staff: ZHANG,
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
        let scopes = replica::granted(&tables, ZHANG);
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
fn what_had_a_number_beyond_the_one_the_first_sync_began_at() {
    let mut scene = Scene::new();
    assert!(!scene.page(), "there is more");
    scene.rename_station();
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
