//! A run: people at work, the plan done to everything under them, quiet, and the checker's judgement.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use blackbox::customer::key;
use blackbox::goods::{at, booking, iron};
use blackbox::server::Setup;
use blackbox::{Customer, Dedicated, Device, Engine, Ledger, Proxy, Redis, Replica, Town};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::books::{self, Before};
use super::checker::offences;
use super::crew::{Shared, Trade, Worker, book, book_all_day};
use super::faults::Targets;
use super::history::{self, Histories, Mutation};
use super::plan::Plan;
use super::watch::Watch;

/// Nobody may need longer to come to rest.
const PATIENCE: Duration = Duration::from_secs(240);
/// Seconds of faults where `NEMESIS_SECONDS` names no other number.
const SECONDS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_devices_and_two_servers_under_attack_lose_and_repeat_nothing_on_mariadb() {
    attack(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_devices_and_two_servers_under_attack_lose_and_repeat_nothing_on_mysql56() {
    attack(Engine::Mysql56).await;
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

async fn attack(engine: Engine) {
    let seed = number("NEMESIS_SEED").unwrap_or_else(rand::random);
    println!("{engine}: replay with NEMESIS_SEED={seed}");
    let plan = Plan::of(seed, number("NEMESIS_SECONDS").unwrap_or(SECONDS));
    let mut dedicated = Dedicated::start(engine);
    let mut redis = Redis::start().await;
    let address = redis.url();
    let set_up = |setup: Setup| setup.with("HUISHOU_REDIS_URL", &address);
    let mut town = Town::on(dedicated.database().await, set_up).await;
    let mut second = town.world.server.setup().start().await;
    let proxy = Proxy::before(&[town.world.server.url(), second.url()], seed).await;
    let before = Before::of(&town.world.database).await;
    let crew = hire(&town, proxy.url(), &PEOPLE, seed).await;
    let customers = [
        customer(&town, &proxy, 0).await,
        customer(&town, &proxy, 1).await,
    ];
    let watch = Watch::begin(&town.world.database).await;

    let shared = Arc::new(Shared::default());
    shared.on.store(true, Ordering::SeqCst);
    let (mut working, mut booking) = (JoinSet::new(), JoinSet::new());
    for worker in crew {
        working.spawn(worker.all_day(Arc::clone(&shared)));
    }
    for (n, api) in (0..).zip(customers) {
        booking.spawn(book_all_day(api, Arc::clone(&shared), seed ^ n));
    }
    proxy.turn_bad();
    let mut targets = Targets {
        servers: [&mut town.world.server, &mut second],
        database: &mut dedicated,
        redis: &mut redis,
        proxy: &proxy,
    };
    targets.suffer(&plan).await;
    enough_work(&shared, plan.goal).await;
    proxy.turn_honest();
    targets.are_ready().await;
    shared.on.store(false, Ordering::SeqCst);
    let (crew, bookings) = (working.join_all().await, booking.join_all().await);

    let mut all = Histories {
        bookings: bookings.into_iter().flatten().collect(),
        ..gather(crew).await
    };
    all.states = watch.end().await;
    for booking in &mut all.bookings {
        let sql = format!(
            "SELECT COUNT(*) FROM appointments WHERE note = '{}'",
            booking.note
        );
        booking.there = town.world.database.count(&sql).await;
    }
    all.books = books::read(&town.world.database, &before).await;
    all.books.audit.extend(seen_from_outside(&town).await);
    println!(
        "{engine}: {} faults; connections: {}; {} device processes killed, {} stopped; {} commands acknowledged, {} in the books, {} bookings",
        plan.faults.len(),
        proxy.account(),
        shared.killed.load(Ordering::SeqCst),
        shared.paused.load(Ordering::SeqCst),
        all.acknowledged.len(),
        all.books.mutations.len(),
        all.bookings.len(),
    );
    let found = offences(&all);
    assert!(
        found.is_empty(),
        "NEMESIS_SEED={seed}, {:?}:\n{}",
        plan.faults,
        found.join("\n")
    );
}

/// Twenty: who signs in on how many devices, and does what there.
const PEOPLE: [(&str, usize, Trade); 4] = [
    ("zhang", 6, Trade::Collector),
    ("li", 6, Trade::Collector),
    ("station1", 6, Trade::Till),
    ("admin", 2, Trade::Dispatcher),
];

/// Devices paired, signed in and with their first sync done, over this address.
pub async fn hire(
    town: &Town,
    url: &str,
    people: &[(&str, usize, Trade)],
    seed: u64,
) -> Vec<Worker> {
    let collectors = Arc::new(vec![town.staff("zhang").await, town.staff("li").await]);
    let price = town.price(&iron("10")).await["total"].clone();
    // More at once and the server's sign-ins, slow on purpose, wait for each other too long.
    let few = Arc::new(Semaphore::new(4));
    let mut hired = JoinSet::new();
    for (username, count, trade) in people {
        for n in 0..*count {
            let (code, password) = (town.pairing_code().await, town.password().to_owned());
            let (device, few) = (Device::new(url), Arc::clone(&few));
            let (collectors, price) = (Arc::clone(&collectors), price.clone());
            let (username, trade) = ((*username).to_owned(), *trade);
            let own = seed.wrapping_add(u64::try_from(hired.len()).unwrap() + 1);
            hired.spawn(async move {
                let _one_of_few = few.acquire().await;
                let _ = device.login(Some(&code), &username, &password).await;
                let _ = device.sync().await;
                Worker::new(
                    format!("{username}-{n}"),
                    device,
                    trade,
                    collectors,
                    price,
                    own,
                )
            });
        }
    }
    hired.join_all().await
}

/// A customer on the same line, with one visit booked ahead for the collectors.
async fn customer(town: &Town, proxy: &Proxy, n: u32) -> blackbox::Api {
    let customer = Customer::login(&town.world, &format!("wang{n}")).await;
    let token = customer.session["access_token"].as_str().expect("a token");
    let api = blackbox::Api::new(proxy.url()).with_token(token);
    for day in 1..4 {
        assert!(
            book(&api, &key(), &booking(&at(day + 20, 10))).await,
            "a free slot"
        );
    }
    api
}

async fn enough_work(shared: &Shared, goal: usize) {
    let deadline = Instant::now() + PATIENCE;
    while shared.acknowledged.load(Ordering::SeqCst) < goal {
        assert!(
            Instant::now() < deadline,
            "work goes on under all this: {shared:?}, {goal} wanted"
        );
        sleep(Duration::from_millis(100)).await;
    }
}

/// Brings every device to rest and reads its history: all push first, then all pull and compare.
pub async fn gather(crew: Vec<Worker>) -> Histories {
    let crew = each(crew, settle).await;
    let mut all = Histories::default();
    let told = each(crew, |mut worker| async move {
        let end = history_of(&worker).await;
        (std::mem::take(&mut worker.acknowledged), end, worker)
    });
    for (acknowledged, device, _) in told.await {
        all.acknowledged.extend(acknowledged);
        all.devices.push(device);
    }
    all
}

async fn each<T, F, R>(crew: Vec<T>, work: impl Fn(T) -> F) -> Vec<R>
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let few = Arc::new(Semaphore::new(4));
    let mut done = JoinSet::new();
    for worker in crew {
        let (few, work) = (Arc::clone(&few), work(worker));
        done.spawn(async move {
            let _one_of_few = few.acquire().await;
            work.await
        });
    }
    done.join_all().await
}

/// Syncs until nothing waits.
async fn settle(worker: Worker) -> Worker {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let done = worker.device.run(&["sync"]).await;
        if done.status.success() && worker.device.waiting().await == 0 {
            return worker;
        }
        assert!(
            Instant::now() < deadline,
            "{} comes to rest: {done:?}",
            worker.name
        );
        sleep(Duration::from_millis(100)).await;
    }
}

async fn history_of(worker: &Worker) -> history::Device {
    let device = &worker.device;
    let checked = device.run(&["check"]).await.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = |value: Value| value.as_array().expect("a list").clone();
    let differing = match &checked["pull"]["mismatched"] {
        Value::Array(scopes) => scopes.iter().map(text).collect(),
        _ => vec![checked.to_string()],
    };
    let mutations = rows(device.call(&["mutations"]).await);
    assert!(
        mutations.len() < 200,
        "{}: the list shows all of them",
        worker.name
    );
    history::Device {
        name: worker.name.clone(),
        mutations: mutations
            .iter()
            .map(|made| Mutation {
                uid: text(&made["uid"]),
                name: text(&made["name"]),
                outcome: made["outcome"].as_str().map(str::to_owned),
                args: made["args"].clone(),
            })
            .collect(),
        journal: rows(device.call(&["journal"]).await)
            .iter()
            .map(|entry| (text(&entry["uid"]), text(&entry["outcome"])))
            .collect(),
        pending: device.waiting().await,
        repaired: checked["status"]["repaired_scopes"].as_i64().unwrap_or(-1),
        mismatched: differing,
        checked: checked["pull"]["checked"].as_i64().unwrap_or(0),
    }
}

/// A first sync by hand for each person, compared with the server's own sums: without the product's engine.
async fn seen_from_outside(town: &Town) -> Vec<String> {
    let mut found = Vec::new();
    for (username, _, _) in PEOPLE {
        let desk = town.desk(username).await;
        if let Err(differs) = Replica::default().pull(&desk).await {
            found.push(format!("{username}, by hand: {differs}"));
        }
    }
    let waiting = "SELECT COUNT(*) FROM sync_outbox";
    let deadline = Instant::now() + PATIENCE;
    while Ledger(&town.world.database).0.count(waiting).await > 0 {
        if Instant::now() > deadline {
            found.push("the change feed has rows that nobody gives numbers to".to_owned());
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    found
}
