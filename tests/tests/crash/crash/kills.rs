//! SIGKILL at random moments under load: a hundred over server and devices, and a few of the database itself. The
//! moments come from a seed that is printed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use blackbox::customer::key;
use blackbox::goods::{at, booking};
use blackbox::{Api, Customer, Dedicated, Engine, Process, Town};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::till::Till;

const SEED: u64 = 20_261_123;
const TILLS: usize = 3;
const CUSTOMERS: usize = 3;
/// Nothing here may take longer.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eighty_kills_under_load_lose_nothing_and_repeat_nothing_on_mariadb() {
    kills(Engine::MariaDb, 40, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_nothing_and_repeat_nothing_on_mysql56() {
    kills(Engine::Mysql56, 10, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_killed_under_load_loses_nothing_that_was_acknowledged() {
    for (engine, times) in [(Engine::MariaDb, 4), (Engine::Mysql56, 2)] {
        let mut dedicated = Dedicated::start(engine);
        let town = Town::on(dedicated.database().await, |setup| setup).await;
        let load = Load::start(&town, usize::MAX).await;
        let mut random = StdRng::seed_from_u64(SEED);
        for _ in 0..times {
            load.after_some_work(&mut random).await;
            dedicated.kill();
            dedicated.restart();
            ready(&town.api()).await;
        }
        let account = load.finish().await;
        println!(
            "{engine}: {times} kills of the database; {}",
            account.audit(&town).await
        );
    }
}

async fn kills(engine: Engine, of_server: usize, of_devices: usize) {
    let started = Instant::now();
    let mut town = Town::start(engine).await;
    let load = Load::start(&town, of_devices).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let mut killed = 0;
    while killed < of_server || load.shared.device_kills.load(Ordering::SeqCst) < of_devices {
        assert!(
            started.elapsed() < PATIENCE,
            "{killed} kills of the server, {} of devices",
            load.shared.device_kills.load(Ordering::SeqCst)
        );
        load.after_some_work(&mut random).await;
        if killed < of_server {
            town.world.server.kill();
            town.world.server.restart().await;
            killed += 1;
        }
    }
    let devices = load.shared.device_kills.load(Ordering::SeqCst);
    let account = load.finish().await;
    println!(
        "{engine}, seed {SEED}: {killed} kills of the server and {devices} of devices in {:.1} s; {}",
        started.elapsed().as_secs_f32(),
        account.audit(&town).await
    );
}

async fn ready(api: &Api) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = api
            .try_send(api.request(reqwest::Method::GET, "/readyz"))
            .await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the server finds its database again"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// What the load's tasks share.
struct Shared {
    running: AtomicBool,
    work: AtomicUsize,
    device_kills: AtomicUsize,
    most_device_kills: usize,
}

/// Tills that sell and customers who book, each disturbed and going on.
struct Load {
    shared: Arc<Shared>,
    tills: JoinSet<Till>,
    customers: JoinSet<Bookings>,
}

/// What one customer booked: key and day, and whether it was acknowledged.
struct Bookings(Vec<(String, bool)>);

/// What must be in the books.
struct Account {
    tills: Vec<Till>,
    bookings: Vec<Bookings>,
}

impl Load {
    async fn start(town: &Town, most_device_kills: usize) -> Self {
        // The database's kills are not about devices: `usize::MAX` there stands for none.
        let most_device_kills = if most_device_kills == usize::MAX {
            0
        } else {
            most_device_kills
        };
        let shared = Arc::new(Shared {
            running: AtomicBool::new(true),
            work: AtomicUsize::new(0),
            device_kills: AtomicUsize::new(0),
            most_device_kills,
        });
        let (mut tills, mut customers) = (JoinSet::new(), JoinSet::new());
        for n in 0..TILLS {
            let (till, shared) = (Till::open(town).await, Arc::clone(&shared));
            tills.spawn(async move { sell_all_day(till, &shared, SEED + n as u64).await });
        }
        for n in 0..CUSTOMERS {
            let (customer, shared) = (
                Customer::login(&town.world, &format!("wang{n}")).await,
                Arc::clone(&shared),
            );
            customers.spawn(async move { book_all_day(customer, &shared, n).await });
        }
        Self {
            shared,
            tills,
            customers,
        }
    }

    /// Waits for one to three more pieces of acknowledged work, then for a moment in the middle of the next.
    async fn after_some_work(&self, random: &mut StdRng) {
        let goal = self.shared.work.load(Ordering::SeqCst) + random.random_range(1..4);
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.shared.work.load(Ordering::SeqCst) < goal {
            assert!(Instant::now() < deadline, "work goes on between kills");
            sleep(Duration::from_millis(2)).await;
        }
        sleep(Duration::from_millis(random.random_range(0..60))).await;
    }

    async fn finish(self) -> Account {
        self.shared.running.store(false, Ordering::SeqCst);
        Account {
            tills: self.tills.join_all().await,
            bookings: self.customers.join_all().await,
        }
    }
}

async fn sell_all_day(mut till: Till, shared: &Shared, seed: u64) -> Till {
    let mut random = StdRng::seed_from_u64(seed);
    while shared.running.load(Ordering::SeqCst) {
        let order = Uuid::now_v7();
        if !disturbed(
            &till,
            shared,
            &mut random,
            &["exec", "ticket.create", &Till::ticket(order)],
        )
        .await
        {
            till.doubtful.push(order.to_string());
            continue;
        }
        till.tickets.push(order.to_string());
        let payment = till.payment(&order.to_string());
        if disturbed(&till, shared, &mut random, &["exec", "order.pay", &payment]).await {
            till.paid.push(order.to_string());
        }
        let _ = disturbed(&till, shared, &mut random, &["sync"]).await;
        let _ = shared.work.fetch_add(1, Ordering::SeqCst);
    }
    till
}

/// Runs a command of the device, killing every other one at a random moment; answers whether it reported success.
async fn disturbed(till: &Till, shared: &Shared, random: &mut StdRng, arguments: &[&str]) -> bool {
    let mut process: Process = till.device.spawn(arguments);
    if random.random_bool(0.5)
        && shared.device_kills.load(Ordering::SeqCst) < shared.most_device_kills
    {
        let moment = Duration::from_millis(random.random_range(0..150));
        if timeout(moment, process.wait()).await.is_err() && process.is_running() {
            process.kill();
            let _ = shared.device_kills.fetch_add(1, Ordering::SeqCst);
            return false;
        }
    }
    process.wait().await.success()
}

async fn book_all_day(customer: Customer, shared: &Shared, who: usize) -> Bookings {
    let mut bookings = Vec::new();
    for n in 0.. {
        let key = key();
        let mut body = booking(&at(
            1 + (n / 6) % 27,
            [8, 10, 12, 14, 16, 18][usize::try_from(n % 6).unwrap()],
        ));
        body["note"] = json!(key);
        body["address"]["division"] = json!(["330106", "330102", "330105"][who % 3]);
        let acknowledged = book_until_answered(&customer, shared, &key, &body).await;
        bookings.push((key, acknowledged));
        let _ = shared.work.fetch_add(1, Ordering::SeqCst);
        if !shared.running.load(Ordering::SeqCst) {
            break;
        }
    }
    Bookings(bookings)
}

/// Asks again with the same key until there is an answer, as the mini-program does; `false`: the slot was full.
async fn book_until_answered(
    customer: &Customer,
    shared: &Shared,
    key: &str,
    body: &serde_json::Value,
) -> bool {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let request = customer
            .api
            .request(reqwest::Method::POST, "/api/v1/appointments");
        let answer = customer
            .api
            .try_send(request.header("Idempotency-Key", key).json(body))
            .await;
        match answer {
            Ok(answer) if answer.status == 201 => return true,
            Ok(answer) if answer.status == 409 && answer.body["code"] == "slot_full" => {
                return false;
            }
            Ok(answer) if matches!(answer.status, 409 | 429 | 500..) => {}
            Ok(answer) => panic!("a booking was answered {}: {}", answer.status, answer.text),
            Err(_) => {}
        }
        assert!(
            Instant::now() < deadline,
            "a booking is answered in the end (still running: {})",
            shared.running.load(Ordering::SeqCst)
        );
        sleep(Duration::from_millis(20)).await;
    }
}

impl Account {
    async fn audit(&self, town: &Town) -> String {
        let (mut acknowledged, mut landed, mut doubtful, mut booked) = (0, 0, 0, 0);
        for till in &self.tills {
            till.settle().await;
            let (certain, maybe) = till.audit(town).await;
            (acknowledged, landed, doubtful) = (
                acknowledged + certain,
                landed + maybe,
                doubtful + till.doubtful.len(),
            );
        }
        for (note, certain) in self.bookings.iter().flat_map(|bookings| &bookings.0) {
            let there = town
                .world
                .database
                .count(&format!(
                    "SELECT COUNT(*) FROM appointments WHERE note = '{note}'"
                ))
                .await;
            assert_eq!(there, i64::from(*certain), "booking {note}");
            booked += there;
        }
        assert_eq!(town.ledger().audit().await, [""; 0]);
        format!(
            "{acknowledged} acknowledged tickets and {booked} bookings all there exactly once, {landed} of {doubtful} doubtful tickets at most once"
        )
    }
}
