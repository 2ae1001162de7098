//! No change is ever lost on the way to the devices: 32 writers at once through every door, devices pulling all the
//! while, and at each complete pull a device holds exactly what the server's snapshot held.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use blackbox::customer::{id, number};
use blackbox::goods::{CITY, at, booking, iron};
use blackbox::{Customer, Desk, Device, Engine, Replica, Town};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use uuid::Uuid;

const CUSTOMERS: u64 = 24;
const DISPATCHERS: u64 = 4;
const COUNTERS: u64 = 4;
const TURNS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_device_holds_its_scope_at_every_complete_pull_while_32_write_on_mariadb() {
    thirty_two_writers(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_device_holds_its_scope_at_every_complete_pull_while_32_write_on_mysql56() {
    thirty_two_writers(Engine::Mysql56).await;
}

/// The proof that the two tests above can fail: a change that never reached the feed is noticed by both kinds of
/// replica, and a device repairs itself without touching what waits to be pushed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_the_feed_never_saw_is_noticed_at_the_next_check_and_repaired() {
    for engine in Engine::ALL {
        let town = Town::start(engine).await;
        let (desk, device) = (town.desk("station1").await, town.device("station1").await);
        let customer = Customer::login(&town.world, "wang").await;
        let visit = customer.book(&at(1, 10)).await;
        let mut replica = Replica::default();
        // What has no number yet is told again once it has one: the change to be lost must not ride on that.
        let unnumbered = "SELECT COUNT(*) FROM sync_outbox";
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while town.world.database.count(unnumbered).await > 0 {
            assert!(tokio::time::Instant::now() < deadline, "all is numbered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        replica.pull(&desk).await.expect("in agreement");
        let _ = device.sync().await;
        let waiting = device
            .exec("ticket.create", &json!({"items": iron("1")}))
            .await;
        let lost = format!(
            "UPDATE appointments SET version = version + 1, note = 'lost' WHERE id = UNHEX('{}')",
            id(&visit).replace('-', "")
        );
        town.world.database.execute(&lost).await;
        let noticed = replica.pull(&desk).await;
        let difference = noticed.expect_err("the replica notices");
        assert!(difference.starts_with("station:"), "{difference}");
        let pulled = device.run(&["check"]).await;
        println!("{engine}: {}{}", pulled.stdout, pulled.stderr);
        let _ = device.call(&["check"]).await;
        let held = device.appointment(id(&visit)).await.expect("held");
        assert_eq!(held["note"], "lost", "fetched again");
        let ticket = waiting["order_id"].as_str().expect("an id");
        assert!(
            device.order(ticket).await.is_some(),
            "nothing of its own is lost"
        );
        let status = device.call(&["status"]).await;
        assert!(
            number(&status, "repaired_scopes") >= 1,
            "and it is counted: {status}"
        );
    }
}

/// What the writers share.
struct Traffic {
    booked: Mutex<Vec<String>>,
    writing: AtomicBool,
    written: AtomicU64,
}

async fn thirty_two_writers(engine: Engine) {
    let town = Arc::new(Town::start(engine).await);
    let traffic = Arc::new(Traffic {
        booked: Mutex::default(),
        writing: AtomicBool::new(true),
        written: AtomicU64::new(0),
    });
    let mut pullers = JoinSet::new();
    for username in ["admin", "station1", "zhang", "li"] {
        let (desk, traffic) = (town.desk(username).await, Arc::clone(&traffic));
        pullers.spawn(async move { pull_until_quiet(username, desk, &traffic).await });
    }
    let mut devices = JoinSet::new();
    for username in ["station1", "zhang"] {
        let (device, traffic) = (town.device(username).await, Arc::clone(&traffic));
        devices.spawn(async move { check_until_quiet(device, &traffic).await });
    }
    write_everything(&town, &traffic).await;
    let pulled = pullers.join_all().await;
    let checked: u64 = devices.join_all().await.iter().sum();
    let (mut compared, mut pages) = (0, 0);
    for (username, replica) in &pulled {
        equals_books(&town, username, replica).await;
        compared += replica.compared;
        pages += replica.pages;
    }
    assert_eq!(town.ledger().audit().await, [""; 0]);
    println!(
        "{engine}: {} writes by 32 writers; {compared} complete pulls in {pages} pages of 4 replicas and {checked} checks of 2 devices, none differed",
        traffic.written.load(Ordering::Relaxed)
    );
}

async fn write_everything(town: &Arc<Town>, traffic: &Arc<Traffic>) {
    let mut writers = JoinSet::new();
    for n in 0..CUSTOMERS {
        let (customer, traffic) = (
            Customer::login(&town.world, &format!("writer{n}")).await,
            Arc::clone(traffic),
        );
        writers.spawn(async move { a_customer(customer, &traffic, n).await });
    }
    let collectors = [town.staff("zhang").await, town.staff("li").await];
    for n in 0..DISPATCHERS {
        let (desk, traffic, collectors) = (
            town.desk("admin").await,
            Arc::clone(traffic),
            collectors.clone(),
        );
        writers.spawn(async move { a_dispatcher(desk, &traffic, &collectors, 1000 + n).await });
    }
    let book = town.price_book().await;
    let lines = town.price(&iron("2")).await;
    for n in 0..COUNTERS {
        let (desk, traffic, book, lines) = (
            town.desk("station1").await,
            Arc::clone(traffic),
            book.clone(),
            lines.clone(),
        );
        writers.spawn(async move { a_counter(desk, &traffic, &book, &lines, 2000 + n).await });
    }
    let _ = writers.join_all().await;
    traffic.writing.store(false, Ordering::SeqCst);
}

async fn pull_until_quiet(
    username: &'static str,
    desk: Desk,
    traffic: &Traffic,
) -> (&'static str, Replica) {
    // Some read page by small page, so that much is written between the pages of one pull.
    let mut replica = match username {
        "admin" => Replica::with_pages_of(9),
        "zhang" => Replica::with_pages_of(1),
        "station1" => Replica::with_pages_of(40),
        _ => Replica::default(),
    };
    loop {
        let last = !traffic.writing.load(Ordering::SeqCst);
        if username == "station1" {
            // Always a first sync: a snapshot in pages, while the writers go on.
            replica.begin_anew();
        }
        replica
            .pull(&desk)
            .await
            .unwrap_or_else(|difference| panic!("{username}: {difference}"));
        if last {
            return (username, replica);
        }
    }
}

async fn check_until_quiet(device: Device, traffic: &Traffic) -> u64 {
    let mut checks = 0;
    loop {
        let last = !traffic.writing.load(Ordering::SeqCst);
        device.agrees().await;
        checks += 1;
        if last {
            return checks;
        }
    }
}

async fn pause(random: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await;
}

fn some_time(random: &mut StdRng) -> String {
    at(
        random.random_range(1..25),
        [8, 10, 12, 14, 16, 18][random.random_range(0..6)],
    )
}

/// Books, moves and cancels, in a random order of their own.
async fn a_customer(customer: Customer, traffic: &Traffic, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut own: Vec<(String, i64)> = Vec::new();
    for _ in 0..TURNS {
        pause(&mut random).await;
        let which = random.random_range(0..own.len().max(1));
        let answer = match (random.random_range(0..3), own.get(which).cloned()) {
            (1, Some((id, version))) => {
                customer
                    .try_reschedule(&id, &some_time(&mut random), version)
                    .await
            }
            (2, Some((id, version))) => customer.try_cancel(&id, version).await,
            _ => customer.try_book(&booking(&some_time(&mut random))).await,
        };
        match answer.status {
            201 => {
                own.push((id(&answer.body).to_owned(), number(&answer.body, "version")));
                traffic
                    .booked
                    .lock()
                    .await
                    .push(id(&answer.body).to_owned());
            }
            200 => own[which].1 = number(&answer.body, "version"),
            409 => refresh(&customer, &mut own, which).await,
            _ => panic!("{}: {}", answer.status, answer.text),
        }
        let _ = traffic
            .written
            .fetch_add(u64::from(answer.status < 300), Ordering::Relaxed);
    }
}

async fn refresh(customer: &Customer, own: &mut [(String, i64)], which: usize) {
    if let Some((id, version)) = own.get_mut(which) {
        *version = number(&customer.appointment(id).await, "version");
    }
}

/// Gives what was booked to one collector and then to another.
async fn a_dispatcher(desk: Desk, traffic: &Traffic, collectors: &[String; 2], seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for next in 1..=i64::try_from(TURNS * 3).expect("small") {
        pause(&mut random).await;
        let known = traffic.booked.lock().await.clone();
        let args = match known.get(random.random_range(0..known.len().max(1))) {
            Some(id) => {
                json!({"appointment_id": id, "assignee": collectors[random.random_range(0..2)]})
            }
            None => json!({"appointment_id": Uuid::now_v7(), "assignee": null}),
        };
        let verdicts = desk
            .push(&[desk.mutation(next, "appointment.assign@1", &args)])
            .await;
        let _ = traffic.written.fetch_add(
            u64::from(verdicts[0]["outcome"] == "applied"),
            Ordering::Relaxed,
        );
    }
}

/// Writes walk-in tickets and pays them, several commands a push.
async fn a_counter(desk: Desk, traffic: &Traffic, book: &Value, priced: &Value, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for turn in 0..i64::try_from(TURNS).expect("small") {
        pause(&mut random).await;
        let order = Uuid::now_v7();
        let quote = json!({
            "id": Uuid::now_v7(), "kind": "final", "book": {"city": CITY, "version": book["version"], "hash": book["hash"]},
            "items": iron("2"), "lines": priced["lines"], "total": priced["total"], "due": priced["total"],
            "created_at": chrono::Utc::now(),
        });
        let ticket = json!({"order_id": order, "station_id": desk.session["staff"]["station_id"], "quote": quote});
        let pay = json!({"order_id": order, "payment_id": Uuid::now_v7(), "method": "cash", "amount": priced["total"]});
        let mutations = [
            desk.mutation(turn * 2 + 1, "ticket.create@1", &ticket),
            desk.mutation(turn * 2 + 2, "order.pay@1", &pay),
        ];
        for verdict in desk.push(&mutations).await {
            assert_eq!(verdict["outcome"], "applied", "{verdict}");
            assert_eq!(verdict["review"], Value::Null, "{verdict}");
        }
        let _ = traffic.written.fetch_add(2, Ordering::Relaxed);
    }
}

/// The replica's appointments and orders are those of the books, version for version.
async fn equals_books(town: &Town, username: &str, replica: &Replica) {
    let scope = match username {
        "admin" => "1 = 1".to_owned(),
        "station1" => {
            "scope_station = (SELECT station_id FROM staff WHERE username = 'station1')".to_owned()
        }
        collector => {
            let own = format!("(SELECT id FROM staff WHERE username = '{collector}')");
            format!("(scope_collector = {own} OR scope_fact = {own})")
        }
    };
    let mut orders = BTreeMap::new();
    for table in town.ledger().months().await {
        orders.extend(versions(town, &table, &scope).await);
    }
    assert_eq!(held(replica, "order"), orders, "{username}: orders");
    assert_eq!(
        held(replica, "appointment"),
        versions(town, "appointments", &scope).await,
        "{username}: appointments"
    );
}

async fn versions(town: &Town, table: &str, scope: &str) -> BTreeMap<Uuid, i64> {
    let rows = town
        .world
        .database
        .texts(&format!(
            "SELECT CONCAT(LOWER(HEX(id)), '|', version) FROM {table} WHERE {scope}"
        ))
        .await;
    let split = |row: &String| {
        let (id, version) = row.split_once('|').expect("two parts");
        (
            id.parse().expect("an id"),
            version.parse().expect("a number"),
        )
    };
    rows.iter().map(split).collect()
}

fn held(replica: &Replica, kind: &str) -> BTreeMap<Uuid, i64> {
    replica
        .of_kind(kind)
        .map(|(id, row)| (id, row.version))
        .collect()
}
