//! A device under test: an engine in a folder of its own, signed in, with clocks that stand.

use super::server::{STATION, Server, ZHANG};
use crate::{
    blobs::{self, Bearer, Carrier},
    clock::{Clock, Counter},
    engine::{Config, Engine, Round},
    error::Result,
    secrets::KeySource,
    store::Store,
    sync::{
        apply::Applied,
        http::{Granted, StaffOfSession},
        run,
    },
    view::quote::Executed,
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    ids::{AppointmentId, OrderId, StaffId},
    staff::Role,
    sync::scope::{Kind, Scope},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use tempfile::TempDir;
use uuid::Uuid;

/// Clocks that stand until a test lets time pass.
#[derive(Default)]
pub struct Still(std::sync::atomic::AtomicI64);

impl Clock for Still {
    fn wall(&self) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-11-23T02:00:00Z".parse().unwrap();
        start + TimeDelta::milliseconds(self.counter().passed_ms)
    }

    fn counter(&self) -> Counter {
        Counter {
            span: Uuid::nil(),
            passed_ms: self.0.load(std::sync::atomic::Ordering::SeqCst),
        }
    }
}

pub struct Device {
    pub folder: TempDir,
    pub engine: Engine,
    clock: Arc<Still>,
    runtime: tokio::runtime::Runtime,
}

fn open(folder: &TempDir, clock: &Arc<Still>) -> Engine {
    let key = KeySource::Given("1b".repeat(32));
    let config = Config {
        data: folder.path().to_owned(),
        server: None,
        key,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
    };
    Engine::open(config).unwrap()
}

/// What a collector's device holds.
pub fn scopes() -> Vec<Scope> {
    vec![Scope::Collector(ZHANG), Scope::Catalog("330100".into())]
}

/// What the depot's device holds.
pub fn desk_scopes() -> Vec<Scope> {
    vec![Scope::Station(STATION), Scope::Catalog("330100".into())]
}

/// A visit on the server and on Zhang's device; answers its appointment and order, too.
pub fn booked() -> (Server, Device, AppointmentId, OrderId) {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (appointment, order) = server.book(2);
    device.round(&server).unwrap();
    (server, device, appointment, order)
}

const CLERK: StaffId = StaffId(Uuid::from_u128(0xA9));

impl Device {
    /// Zhang's device, signed in.
    pub fn new() -> Self {
        Self::of(ZHANG, "张师傅", Role::Collector, &scopes())
    }

    /// The depot's own, with its clerk signed in.
    pub fn clerk() -> Self {
        Self::of(CLERK, "站长", Role::Station, &desk_scopes())
    }

    fn of(id: StaffId, name: &str, role: Role, scopes: &[Scope]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Still::default());
        let engine = open(&folder, &clock);
        let staff = StaffOfSession {
            id,
            username: role.as_str().into(),
            name: name.into(),
            role,
            station_id: Some(STATION),
            station_name: Some("城西站".into()),
        };
        let granted = Granted {
            access_token: "a".into(),
            refresh_token: "r".into(),
            expires_in: 900,
            staff,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            server_key: None,
            recovery_key: None,
            server_time: "2026-11-23T02:00:00Z".parse().unwrap(),
        };
        engine.keep_session(&granted).unwrap();
        Self {
            folder,
            engine,
            clock,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// As after a kill: another process opens the same folder.
    pub fn reopen(&mut self) {
        self.engine = open(&self.folder, &self.clock);
    }

    /// Lets go of the folder's files.
    pub fn close(&mut self) {
        let elsewhere = tempfile::tempdir().unwrap();
        self.engine = open(&elsewhere, &self.clock);
    }

    /// Lets time pass.
    pub fn pass(&self, time: TimeDelta) {
        let millis = time.num_milliseconds();
        self.clock
            .0
            .fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }

    /// A round as the loop makes it: its end is noted.
    pub fn contact(&self, server: &Server, round: Round) -> Result<Applied> {
        self.runtime
            .block_on(self.engine.contact_by(server, round))
            .map(|(_, applied)| applied)
    }

    /// Waits for what is async of the engine.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Brings pictures up, as after a round.
    pub fn bring(&self, carrier: &impl Bearer) -> Result<usize> {
        let main = self.engine.main();
        self.runtime.block_on(blobs::bring_all(&main, carrier))
    }

    /// Fetches a picture that is not here.
    pub fn fetch(&self, carrier: &impl Carrier, name: &str) -> Result<Vec<u8>> {
        let main = self.engine.main();
        self.runtime.block_on(blobs::fetch(&main, carrier, name))
    }

    /// A picture as screens ask for it.
    pub fn picture(&self, name: &str) -> Result<Vec<u8>> {
        self.runtime.block_on(self.engine.get_blob(name))
    }

    pub fn push(&self, server: &Server) -> Result<run::Pushed> {
        self.runtime
            .block_on(run::push_all(&self.engine.main(), server))
    }

    pub fn pull(&self, server: &Server) -> Result<Applied> {
        self.runtime
            .block_on(run::pull_all(&self.engine.main(), server, false))
    }

    pub fn round(&self, server: &Server) -> Result<Applied> {
        self.runtime
            .block_on(run::round(&self.engine.main(), server, true))
            .map(|(_, applied)| applied)
    }

    pub fn exec(&self, name: &str, args: Value) -> Result<Executed> {
        self.engine.execute(name, args)
    }

    /// Start, weigh 30 kg as booked, accept, pay, complete.
    pub fn serve(&self, appointment: AppointmentId, order: OrderId) {
        let visit = json!({"appointment_id": appointment});
        self.exec("appointment.start", visit).unwrap();
        self.serve_rest(appointment, order);
    }

    /// The same once it has been started.
    pub fn serve_rest(&self, appointment: AppointmentId, order: OrderId) {
        let visit = json!({"appointment_id": appointment});
        let weighing =
            json!({"category": "paper/cardboard", "weighing": {"gross": "30.4", "tare": "0.4"}});
        self.exec(
            "order.weigh",
            json!({"order_id": order, "items": [weighing]}),
        )
        .unwrap();
        self.exec("order.accept", json!({"order_id": order, "by": "tap"}))
            .unwrap();
        self.exec("order.pay", json!({"order_id": order, "method": "cash"}))
            .unwrap();
        self.exec("appointment.complete", visit).unwrap();
    }

    /// Everything held as screens show it.
    pub fn held(&self) -> BTreeMap<(Kind, Uuid), Value> {
        let mut held = BTreeMap::new();
        for kind in Kind::ALL {
            for body in self.engine.list(kind.as_str()).unwrap() {
                held.insert((*kind, body["id"].as_str().unwrap().parse().unwrap()), body);
            }
        }
        held
    }

    /// Works on the store behind the engine's back.
    pub fn store<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        work(&mut self.engine.main().store.lock().unwrap())
    }

    pub fn pending(&self) -> usize {
        self.engine.pending().unwrap().len()
    }

    /// The store keeps its promises.
    #[track_caller]
    pub fn is_sound(&self) {
        assert_eq!(
            self.engine.verify_store().unwrap().faults,
            Vec::<String>::new()
        );
    }

    /// Holds exactly what the server lets it see.
    #[track_caller]
    pub fn equals(&self, server: &Server) {
        let theirs: BTreeMap<_, _> = server
            .visible()
            .into_iter()
            .map(|(key, (_, body))| (key, body))
            .collect();
        assert_eq!(self.held(), theirs);
    }
}
