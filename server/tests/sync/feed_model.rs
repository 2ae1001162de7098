//! The change feed against what was committed: two sequencers fight for the head and are stopped at any moment,
//! connections are ended under writers and sequencers, writers roll back, deadlock and commit in any order; and each
//! mark that was committed is in the log exactly once, each device holds exactly its scopes at each complete page.
//! A trigger notes every mark in the writer's own transaction: what is rolled back was never noted.

use super::support::{Booked, Ground};
use blackbox::{Database, on_each_database};
use huishou_domain::{command::Subject, ids::StaffId};
use huishou_server::{
    app::{App, State},
    config::Config,
    problem::Problem,
    store::{StoreError, visits},
    sync::sequencer,
    write_tx,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use sqlx::MySqlPool;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Barrier,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

const WRITERS: u64 = 12;
/// Connections that are ended, sequencers that are stopped and commits that are known of at least, and pulls that each
/// device completes at least meanwhile.
const KILLS: usize = 25;
const STOPS: usize = 5;
const COMMITS: usize = 100;
const PULLS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(180);

async fn texts(pool: &MySqlPool, sql: &str) -> Vec<String> {
    let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(pool);
    rows.await.unwrap()
}

/// Another server of the same database.
fn another(db: &Database) -> App {
    let environment = [
        ("HUISHOU_DATABASE_URL".to_owned(), db.url()),
        ("HUISHOU_DEV".to_owned(), "1".to_owned()),
    ];
    State::new(Config::of(None, environment.into_iter()).unwrap()).unwrap()
}

/// What all tasks share.
struct Field {
    ground: Ground,
    /// Two servers whose connections and sequencers are attacked; the ground's own are left alone.
    servers: [App; 2],
    targets: Vec<Booked>,
    /// Two that nobody else writes.
    apart: [Booked; 2],
    over: AtomicBool,
    committed: AtomicUsize,
    killed: AtomicUsize,
    stopped: AtomicUsize,
    /// Devices that have not pulled often enough yet.
    pulling: AtomicUsize,
}

impl Field {
    async fn on(db: &Database) -> Arc<Self> {
        let ground = Ground::on(db).await;
        let mut targets = Vec::new();
        for _ in 0..16 {
            targets.push(ground.booking(Some(ground.zhang)).await);
        }
        let apart = [ground.booking(None).await, ground.booking(None).await];
        ground.sequence().await;
        db.execute("CREATE TABLE written LIKE sync_outbox").await;
        db.execute(
            "CREATE TRIGGER note_it AFTER INSERT ON sync_outbox FOR EACH ROW \
             INSERT INTO written (id, scope, kind, entity_id) VALUES (NEW.id, NEW.scope, NEW.kind, NEW.entity_id)",
        )
        .await;
        let servers = [another(db), another(db)];
        for server in &servers {
            server.db.ensure_months_ahead(server.now()).await.unwrap();
        }
        Arc::new(Self {
            ground,
            servers,
            targets,
            apart,
            over: AtomicBool::new(false),
            committed: AtomicUsize::new(0),
            killed: AtomicUsize::new(0),
            stopped: AtomicUsize::new(0),
            pulling: AtomicUsize::new(3),
        })
    }

    fn suffered_enough(&self) -> bool {
        self.killed.load(Ordering::SeqCst) >= KILLS
            && self.stopped.load(Ordering::SeqCst) >= STOPS
            && self.committed.load(Ordering::SeqCst) >= COMMITS
            && self.pulling.load(Ordering::SeqCst) == 0
    }
}

/// What a writer does while it holds a lock.
#[derive(Clone, Copy)]
enum Between<'a> {
    Pause(Duration),
    /// Counts, and meets the other one, once.
    Meet(&'a AtomicUsize, &'a Barrier, &'a AtomicBool),
}

impl Between<'_> {
    async fn happens(self) {
        match self {
            Self::Pause(time) => sleep(time).await,
            Self::Meet(count, both, met) => {
                count.fetch_add(1, Ordering::SeqCst);
                if !met.swap(true, Ordering::SeqCst) {
                    both.wait().await;
                }
            }
        }
    }
}

/// Gives each visit to somebody else, one after the other, under one commit.
async fn give(
    app: &App,
    ground: &Ground,
    visits: &[Booked],
    to: Option<StaffId>,
    between: Between<'_>,
    roll_back: bool,
) -> Result<(), Problem> {
    write_tx!(&app.db, |tx| {
        for one in visits {
            let locked = visits::lock(tx, Subject::Appointment(one.appointment)).await?;
            let locked = locked.unwrap();
            let mut after = locked.visit.clone();
            let appointment = after.appointment.as_mut().unwrap();
            appointment.assignee = to;
            appointment.version += 1;
            after.order.collector = to;
            after.order.version += 1;
            visits::save(tx, &locked, &after, ground.admin.0).await?;
            between.happens().await;
        }
        if roll_back {
            return Err(StoreError::OutOfRange("rolled back on purpose".into()).into());
        }
        Ok(())
    })
}

/// Writes until all have suffered enough. Which visits, in which order, how long between: by chance.
async fn write(field: Arc<Field>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let deadline = Instant::now() + PATIENCE;
    let mut rounds = 0;
    while rounds < 10 || !field.suffered_enough() {
        assert!(Instant::now() < deadline, "kills and pulls go on");
        rounds += 1;
        let app = field.servers.choose(&mut random).unwrap();
        let both: Vec<Booked> = field
            .targets
            .choose_multiple(&mut random, 2)
            .copied()
            .collect();
        let some = &both[..random.random_range(1..=2)];
        let to = [Some(field.ground.zhang), Some(field.ground.li), None];
        let to = *to.choose(&mut random).unwrap();
        let pause = Duration::from_millis(random.random_range(0..20));
        let roll_back = random.random_range(0..5) == 0;
        let between = Between::Pause(pause);
        // Where the connection was ended nobody here knows whether it was committed: the trigger's table does.
        if give(app, &field.ground, some, to, between, roll_back)
            .await
            .is_ok()
        {
            field.committed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Ends connections of both servers at random, and stops their sequencers in the midst of their work.
async fn attack(field: Arc<Field>, db: MySqlPool) {
    let mut random = StdRng::seed_from_u64(rand::random());
    let start = |n: usize| {
        let (db, stop) = (field.servers[n].db.clone(), CancellationToken::new());
        (tokio::spawn(sequencer::run(db, stop.clone())), stop)
    };
    let mut runners = [start(0), start(1)];
    let victims = format!(
        "SELECT CAST(c.connection_id AS CHAR) FROM server_connections c JOIN information_schema.PROCESSLIST p ON p.ID = c.connection_id \
         WHERE c.instance IN (UNHEX('{}'), UNHEX('{}'))",
        field.servers[0].db.instance().simple(),
        field.servers[1].db.instance().simple()
    );
    while !field.over.load(Ordering::SeqCst) {
        sleep(Duration::from_millis(random.random_range(10..60))).await;
        if random.random_range(0..3) == 0 {
            let n = random.random_range(0..2);
            runners[n].0.abort();
            runners[n] = start(n);
            field.stopped.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(id) = texts(&db, &victims).await.choose(&mut random) {
            let ended = sqlx::query(sqlx::AssertSqlSafe(format!("KILL {id}"))).execute(&db);
            field
                .killed
                .fetch_add(usize::from(ended.await.is_ok()), Ordering::SeqCst);
        }
    }
    for (runner, stop) in runners {
        stop.cancel();
        runner.await.unwrap();
    }
}

/// A device that pulls all the while; each complete page is compared with its scopes by [`super::support::Phone`].
async fn follow(field: Arc<Field>, staff: StaffId, limit: usize) -> usize {
    let mut phone = field.ground.device(staff).await;
    phone.limit = Some(limit);
    let mut pulls = 0;
    while !field.over.load(Ordering::SeqCst) {
        phone.pull().await;
        pulls += 1;
        if pulls == PULLS {
            field.pulling.fetch_sub(1, Ordering::SeqCst);
        }
    }
    field.ground.sequence().await;
    phone.pull().await;
    assert!(phone.reset.is_empty(), "no history was ever cut");
    pulls
}

/// At every moment: dense, ended by a batch, never going back, and no batch's tag ever another.
async fn watch(field: Arc<Field>, db: MySqlPool) {
    let (mut last, mut tags) = (0, BTreeMap::new());
    while !field.over.load(Ordering::SeqCst) {
        let now = texts(&db, "SELECT CAST(CONCAT_WS('|', h.seq, (SELECT COUNT(*) FROM sync_log), (SELECT MAX(seq) FROM sync_log), (SELECT MAX(last_seq) FROM sync_batch)) AS CHAR) FROM sync_head h").await;
        let numbers: Vec<i64> = now[0].split('|').map(|n| n.parse().unwrap()).collect();
        assert!(
            numbers.iter().all(|n| *n == numbers[0]),
            "head, rows, last row, last batch: {numbers:?}"
        );
        assert!(numbers[0] >= last, "from {last} to {}", numbers[0]);
        last = numbers[0];
        for row in texts(
            &db,
            "SELECT CAST(CONCAT(last_seq, '|', HEX(tag)) AS CHAR) FROM sync_batch",
        )
        .await
        {
            let (seq, tag) = row.split_once('|').unwrap();
            let known = tags.entry(seq.to_owned()).or_insert_with(|| tag.to_owned());
            assert_eq!(known, tag, "the batch that ends at {seq}");
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Two writers who hold what the other one wants: one is rolled back by the database and tries again.
async fn deadlock(field: &Arc<Field>) -> usize {
    let (tries, both) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let [one, other] = field.apart;
    let parties: Vec<JoinHandle<()>> = [[one, other], [other, one]]
        .into_iter()
        .map(|visits| {
            let (field, tries, both) = (field.clone(), tries.clone(), both.clone());
            tokio::spawn(async move {
                let met = AtomicBool::new(false);
                let between = Between::Meet(&tries, &both, &met);
                let ground = &field.ground;
                let done = give(
                    &ground.app,
                    ground,
                    &visits,
                    Some(ground.li),
                    between,
                    false,
                );
                done.await.unwrap();
            })
        })
        .collect();
    for party in parties {
        party.await.unwrap();
    }
    tries.load(Ordering::SeqCst)
}

on_each_database! {
    async fn what_was_committed_is_in_the_log_once_whoever_dies(db) {
        let field = Field::on(db).await;
        let before = db.count("SELECT seq FROM sync_head").await;
        let attack = tokio::spawn(attack(field.clone(), db.pool().clone()));
        let watch = tokio::spawn(watch(field.clone(), db.pool().clone()));
        let devices: Vec<_> = [(field.ground.zhang, 50), (field.ground.li, 7), (field.ground.clerk, 1_000)]
            .into_iter()
            .map(|(staff, limit)| tokio::spawn(follow(field.clone(), staff, limit)))
            .collect();
        let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(write(field.clone(), seed))).collect();
        for _ in 0..3 {
            // Two tries a visit without a deadlock are four in all.
            assert!(deadlock(&field).await > 4, "one of the two was rolled back");
        }
        for writer in writers { writer.await.unwrap(); }
        field.over.store(true, Ordering::SeqCst);
        attack.await.unwrap();
        watch.await.unwrap();
        let mut pulls = Vec::new();
        for device in devices { pulls.push(device.await.unwrap()); }
        println!("{} commits known of, {} connections ended, {} sequencers stopped, pulls {pulls:?}",
            field.committed.load(Ordering::SeqCst), field.killed.load(Ordering::SeqCst), field.stopped.load(Ordering::SeqCst));
        assert_eq!(db.count("SELECT COUNT(*) FROM sync_outbox").await, 0, "everything has its number");
        let differs = |from: &str, on: &str, to: &str| format!(
            "SELECT COUNT(*) FROM {from} LEFT JOIN {to} ON {on} AND l.scope = w.scope AND l.kind = w.kind AND l.entity_id = w.entity_id");
        let on = "l.outbox_id = w.id";
        let lost = differs("written w", &format!("{on} AND l.seq > {before}"), "sync_log l") + " WHERE l.seq IS NULL";
        assert_eq!(db.count(&lost).await, 0, "committed and never numbered");
        let invented = differs("sync_log l", on, "written w") + &format!(" WHERE w.id IS NULL AND l.seq > {before}");
        assert_eq!(db.count(&invented).await, 0, "numbered and never committed");
        let (rows, marks) = (db.count("SELECT COUNT(*) FROM sync_log").await - before, db.count("SELECT COUNT(*) FROM written").await);
        assert_eq!(rows, marks, "each once");
        assert!(marks > 200, "{marks} marks");
    }
}
