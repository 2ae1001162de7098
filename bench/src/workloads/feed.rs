//! What the change feed costs its writers. 32 devices push one edit at a time (the confirmation of a visit, as in W4)
//! through the product's own code, in this process, to the durable database: with the feed, and with everything but
//! the marks and the sequencer, in turns. And how long a pushed edit waits for its number meanwhile.

use super::unmarked::Unmarked;
use crate::{
    client::cpu_ms,
    figures::{median, millis, percentile},
    ours::Ours,
    store::{feed, fill, look},
};
use anyhow::{Context, Result, anyhow, ensure};
use blackbox::Database;
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::message::{Mutation, Outcome, PushRequest, SCHEMA},
};
use huishou_server::{
    app::{App, State},
    config::Config,
    store::{devices, devices::Device},
    sync::{
        ports::{Host, Ledger},
        pull::Caller,
        push, sequencer,
    },
};
use serde_json::{json, value::to_raw_value};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Writers at once.
const WRITERS: u32 = 32;
/// Visits that each may need in a second; each is confirmed once.
const VISITS_A_SECOND: u32 = 80;
/// How often a probe looks.
const LOOK: Duration = Duration::from_millis(1);

/// What of the feed takes part in a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feed {
    /// Neither marks nor sequencer.
    Without,
    With,
    /// With one device more whose edits are watched until they have their number.
    Watched,
}

/// Rounds of three windows each, `window` long; answers lines of a table.
///
/// # Errors
/// Of the server or the database.
pub async fn cost(ours: &mut Ours, rounds: usize, window: Duration) -> Result<String> {
    // The server under measurement runs in this process.
    ours.stop_server().await;
    let mut field = Field::on(ours, window).await?;
    let (mut with, mut without, mut lags) = (Sum::default(), Sum::default(), Vec::new());
    // One round to warm up that counts for neither.
    for round in 0..=rounds {
        let (plain, _) = field.run(ours, Feed::Without).await?;
        let (marked, _) = field.run(ours, Feed::With).await?;
        let (watched, lag) = field.run(ours, Feed::Watched).await?;
        for (name, sum) in [("without", plain), ("with", marked), ("watched", watched)] {
            eprintln!(
                "feed {name}: {:.0} per second, {:.2} ms each",
                sum.rate(),
                sum.processor()
            );
        }
        if round > 0 {
            without.add(plain);
            with.add(marked);
            lags.extend(lag);
        }
    }
    ours.start_server().await;
    Ok(format!(
        "| change feed, {WRITERS} devices push one edit at a time: pushes per second with / without it | {:.0} / {:.0} = {:.2} |\n\
         | its processor time, server and database, a push with / without it | {:.2} / {:.2} ms: {:.2} of the pushes |\n\
         | sequencing lag under those writers, median / p99 of {} probes | {} / {} ms |\n",
        with.rate(),
        without.rate(),
        with.rate() / without.rate(),
        with.processor(),
        without.processor(),
        without.processor() / with.processor(),
        lags.len(),
        millis(median(&lags)),
        millis(percentile(&lags, 99)),
    ))
}

/// What was done in windows of a kind.
#[derive(Clone, Copy, Default)]
struct Sum {
    pushes: f64,
    seconds: f64,
    /// Processor milliseconds of this process and the database.
    used: f64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.pushes += other.pushes;
        self.seconds += other.seconds;
        self.used += other.used;
    }

    /// Pushes a second.
    fn rate(self) -> f64 {
        self.pushes / self.seconds
    }

    /// Processor milliseconds a push.
    fn processor(self) -> f64 {
        self.used / self.pushes
    }
}

/// The server's inside, its devices, and a station that grows with each window.
struct Field {
    app: App,
    epoch: Uuid,
    clerk: StaffId,
    devices: Vec<Caller>,
    pushed: Vec<i64>,
    station: fill::Station,
    window: Duration,
}

impl Field {
    async fn on(ours: &Ours, window: Duration) -> Result<Self> {
        let station = ours.station("feed", 1, 4).await?;
        let app = app(ours.database())?;
        app.db.ensure_months_ahead(app.now()).await?;
        let clerk = look::staff_id(ours.database(), station.clerk()).await?;
        let clerk = StaffId(clerk.parse()?);
        let mut devices = Vec::new();
        for _ in 0..=WRITERS {
            devices.push(device(&app, station.id.parse()?, clerk).await?);
        }
        Ok(Self {
            epoch: Ledger::epoch(&app.db).await?,
            app,
            clerk,
            pushed: vec![0; devices.len()],
            devices,
            station,
            window,
        })
    }

    /// One window: what was done, and the lags of watched edits in milliseconds.
    async fn run(&mut self, ours: &Ours, feed: Feed) -> Result<(Sum, Vec<f64>)> {
        let database = look::process(ours.database()).await?;
        let used = || cpu_ms(std::process::id()) + cpu_ms(database);
        let seconds = u32::try_from(self.window.as_secs())? + 1;
        let each = usize::try_from(VISITS_A_SECOND * seconds)?;
        let ids = self
            .fresh(ours.database(), each * self.devices.len())
            .await?;
        let mut desks: Vec<Desk> = self.desks(&ids, each).collect();
        let mut watched = desks.pop().context("a desk")?;
        let stop = CancellationToken::new();
        let numbering = (feed != Feed::Without)
            .then(|| tokio::spawn(sequencer::run(self.app.db.clone(), stop.clone())));
        let (over, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let mut writers = JoinSet::new();
        for desk in desks {
            let (app, over, done) = (self.app.clone(), Arc::clone(&over), Arc::clone(&done));
            match feed {
                Feed::Without => writers.spawn(desk.work(Unmarked::of(&app), over, done)),
                Feed::With | Feed::Watched => writers.spawn(desk.work(app, over, done)),
            };
        }
        let (began, used_before) = (Instant::now(), used());
        let lags = if feed == Feed::Watched {
            watched
                .watch(&self.app, ours.database(), began + self.window)
                .await?
        } else {
            tokio::time::sleep(self.window).await;
            Vec::new()
        };
        #[allow(clippy::cast_precision_loss)]
        let sum = Sum {
            pushes: done.load(Ordering::SeqCst) as f64,
            seconds: began.elapsed().as_secs_f64(),
            used: used() - used_before,
        };
        over.store(true, Ordering::SeqCst);
        self.pushed[watched.n] = watched.pushed;
        while let Some(desk) = writers.join_next().await {
            let (n, pushed) = desk.context("a writer")??;
            self.pushed[n] = pushed;
        }
        while feed != Feed::Without && !feed::is_quiet(ours.database()).await {
            tokio::time::sleep(LOOK).await;
        }
        stop.cancel();
        if let Some(numbering) = numbering {
            numbering.await.context("the sequencer")?;
        }
        Ok((sum, lags))
    }

    /// New visits.
    async fn fresh(&mut self, db: &Database, count: usize) -> Result<Vec<Uuid>> {
        let had = self.station.visits;
        self.station.visits += u32::try_from(count)?;
        fill::more_visits(db, &self.station, had + 1, self.station.visits).await?;
        let ids = look::appointments(db, &self.station.id, usize::try_from(had)?, count).await;
        Ok(ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?)
    }

    fn desks(&self, ids: &[Uuid], each: usize) -> impl Iterator<Item = Desk> {
        ids.chunks(each).enumerate().map(|(n, ids)| Desk {
            n,
            caller: self.devices[n],
            epoch: self.epoch,
            clerk: self.clerk,
            pushed: self.pushed[n],
            visits: ids.to_vec(),
        })
    }
}

/// A device at work: its edits go up one by one.
struct Desk {
    n: usize,
    caller: Caller,
    epoch: Uuid,
    clerk: StaffId,
    pushed: i64,
    visits: Vec<Uuid>,
}

impl Desk {
    /// Pushes until it is over; answers which one this is and how far it came.
    async fn work(
        mut self,
        host: impl Host,
        over: Arc<AtomicBool>,
        done: Arc<AtomicU64>,
    ) -> Result<(usize, i64)> {
        for visit in std::mem::take(&mut self.visits) {
            if over.load(Ordering::SeqCst) {
                return Ok((self.n, self.pushed));
            }
            self.confirm(&host, visit).await?;
            done.fetch_add(1, Ordering::SeqCst);
        }
        Err(anyhow!("visits ran out before the window ended"))
    }

    /// Pushes one edit after the other, each watched from its answer until its appointment has a number.
    async fn watch(&mut self, app: &App, db: &Database, until: Instant) -> Result<Vec<f64>> {
        let mut probe = feed::Probe::connect(db).await?;
        let mut lags = Vec::new();
        for visit in std::mem::take(&mut self.visits) {
            if Instant::now() >= until {
                break;
            }
            self.confirm(app, visit).await?;
            let answered = Instant::now();
            while !probe.has_number(visit).await? {
                tokio::time::sleep(LOOK).await;
            }
            lags.push(answered.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(lags)
    }

    async fn confirm(&mut self, host: &impl Host, visit: Uuid) -> Result<()> {
        self.pushed += 1;
        let mutation = Mutation {
            id: self.pushed,
            uid: Uuid::now_v7(),
            name: "appointment.confirm@1".to_owned(),
            actor: self.clerk,
            args: json!({"appointment_id": visit}),
            expect_version: Some(1),
            epoch: Some(self.epoch),
            client_time: host.now(),
            after: Vec::new(),
        };
        let request = PushRequest {
            schema: SCHEMA,
            incarnation: 1,
            confirmed: self.pushed - 1,
            mutations: vec![to_raw_value(&mutation)?],
            device: None,
        };
        let answer = push::push(host, self.caller, &request).await;
        let answer = answer.map_err(|problem| anyhow!("{problem:?}"))?;
        let verdict = answer.verdicts.first().context("a verdict")?;
        ensure!(verdict.outcome == Outcome::Applied, "{verdict:?}");
        Ok(())
    }
}

fn app(db: &Database) -> Result<App> {
    let environment = [
        ("HUISHOU_DATABASE_URL".to_owned(), db.url()),
        (
            "HUISHOU_DATABASE_MAX_CONNECTIONS".to_owned(),
            "40".to_owned(),
        ),
        ("HUISHOU_DEV".to_owned(), "1".to_owned()),
    ];
    Ok(State::new(Config::of(None, environment.into_iter())?)?)
}

async fn device(app: &App, station: Uuid, person: StaffId) -> Result<Caller> {
    let now = app.now();
    let device = Device {
        id: Uuid::now_v7(),
        name: "feed".to_owned(),
        platform: "linux".to_owned(),
        public_key: [Uuid::now_v7().into_bytes(), Uuid::now_v7().into_bytes()].concat(),
        station_id: Some(station),
        registered_at: now,
        last_seen_at: now,
        revoked_at: None,
    };
    let id = DeviceId(device.id);
    let mut tx = app.db.begin().await?;
    devices::insert(tx.conn(), &device).await?;
    devices::note_session(tx.conn(), id, person, now).await?;
    app.db.commit(tx).await?;
    Ok(Caller {
        device: id,
        staff: person,
    })
}
