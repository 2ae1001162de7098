//! Two servers on one database, real processes: both serve push and pull, one sequences, and the other takes over when
//! it is killed, or merely stopped, with the head of the feed in its hands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cluster;
mod hints;
mod restored;

use blackbox::{
    Database, Town,
    desk::Desk,
    http::Api,
    on_each_database,
    proc::{PATIENCE, signal},
    replica::Replica,
    server::Server,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinHandle, time::timeout};

/// A caller that hears nothing for so long asks the other server.
const ANSWER: Duration = Duration::from_secs(2);
/// While neither answers, each is given twice as long as the last, up to this: on a busy machine both are slow.
const LONGEST_ANSWER: Duration = Duration::from_secs(16);

/// Milliseconds in which another one is to take over, on a machine that is not busy; a longer one is explained.
const TAKEN_OVER: u64 = 2_000;
/// What the servers say meanwhile.
const LOG: &str = "info,huishou_server::sync=debug";

struct Load {
    stop: Arc<AtomicBool>,
    pushed: Arc<AtomicUsize>,
    pulled: Arc<AtomicUsize>,
    pushing: Vec<JoinHandle<()>>,
    pulling: Vec<JoinHandle<(Desk, Replica)>>,
}

impl Load {
    /// Administrators move visits to and fro between collectors; collectors and the depot pull. Everybody goes to the
    /// other server when one does not answer.
    async fn on(town: &Town, servers: [Api; 2]) -> Self {
        let mut visits = Vec::new();
        for id in town.ledger().appointment_ids().await {
            if town.ledger().appointment_status(&id).await <= 1 {
                visits.push(id);
            }
        }
        assert!(visits.len() >= 4, "the demo city has visits to move");
        let visits = Arc::new(visits);
        let collectors = [town.staff("zhang").await, town.staff("li").await];
        let mut load = Self {
            stop: Arc::default(),
            pushed: Arc::default(),
            pulled: Arc::default(),
            pushing: Vec::new(),
            pulling: Vec::new(),
        };
        for n in 0..4 {
            let desk = town.desk("admin").await;
            let at = [0, 1].map(|k| desk.at(&servers[(n + k) % 2]));
            load.pushing.push(tokio::spawn(push(
                at,
                n,
                Arc::clone(&visits),
                collectors.clone(),
                (Arc::clone(&load.stop), Arc::clone(&load.pushed)),
            )));
        }
        for (n, username) in ["zhang", "li", "admin"].into_iter().enumerate() {
            let desk = town.desk(username).await;
            let at = [0, 1].map(|k| desk.at(&servers[(n + k) % 2]));
            load.pulling.push(tokio::spawn(pull(
                at,
                (Arc::clone(&load.stop), Arc::clone(&load.pulled)),
            )));
        }
        load
    }

    /// Waits until so much more has been done.
    async fn goes_on(&self, pushes: usize, pulls: usize) {
        let (pushed, pulled) = (
            self.pushed.load(Ordering::SeqCst),
            self.pulled.load(Ordering::SeqCst),
        );
        let deadline = Instant::now() + PATIENCE;
        while self.pushed.load(Ordering::SeqCst) < pushed + pushes
            || self.pulled.load(Ordering::SeqCst) < pulled + pulls
        {
            assert!(Instant::now() < deadline, "pushes and pulls go on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the load; every device's state equals what either server says.
    async fn settles(self, servers: [&Api; 2], db: &Database) {
        self.stop.store(true, Ordering::SeqCst);
        for push in self.pushing {
            push.await.unwrap();
        }
        let deadline = Instant::now() + PATIENCE;
        while db.count("SELECT COUNT(*) FROM sync_outbox").await > 0 {
            assert!(Instant::now() < deadline, "everything gets its number");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for pulling in self.pulling {
            let (desk, mut replica) = pulling.await.unwrap();
            for server in servers {
                replica.pull(&desk.at(server)).await.unwrap();
                let mut anew = Replica::default();
                anew.pull(&desk.at(server)).await.unwrap();
                assert_eq!(anew.len(), replica.len());
            }
        }
        let rows = "SELECT COUNT(*) FROM sync_log";
        assert_eq!(
            db.count(rows).await,
            db.count("SELECT MAX(seq) FROM sync_log").await,
            "numbers are dense"
        );
        assert_eq!(
            db.count("SELECT seq FROM sync_head").await,
            db.count(rows).await
        );
    }
}

async fn push(
    at: [Desk; 2],
    n: usize,
    visits: Arc<Vec<String>>,
    collectors: [String; 2],
    (stop, pushed): (Arc<AtomicBool>, Arc<AtomicUsize>),
) {
    let mut id = 0;
    while !stop.load(Ordering::SeqCst) {
        id += 1;
        let step = usize::try_from(id).unwrap() + n;
        let args = json!({"appointment_id": visits[step % visits.len()], "assignee": collectors[step / 3 % 2]});
        let mutation = at[0].mutation(id, "appointment.assign@1", &args);
        told(&at, &mutation).await;
        pushed.fetch_add(1, Ordering::SeqCst);
    }
}

/// Tells a mutation until there is a verdict, now to the one server, now to the other.
async fn told(at: &[Desk; 2], mutation: &Value) {
    let (deadline, mut answer_in) = (Instant::now() + PATIENCE, ANSWER);
    for desk in at.iter().cycle() {
        assert!(Instant::now() < deadline, "a push gets through");
        let request =
            json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": [mutation]});
        let request = desk
            .api()
            .request(Method::POST, "/sync/v1/push")
            .json(&request);
        match timeout(answer_in, desk.api().try_send(request)).await {
            Ok(Ok(answer)) if answer.status == 200 => {
                assert_eq!(
                    answer.body["verdicts"][0]["outcome"],
                    json!("applied"),
                    "{}",
                    answer.text
                );
                return;
            }
            Ok(Ok(answer)) => assert!(answer.status >= 500, "{}", answer.text),
            Ok(Err(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(_) => answer_in = (answer_in * 2).min(LONGEST_ANSWER),
        }
    }
}

async fn pull(
    at: [Desk; 2],
    (stop, pulled): (Arc<AtomicBool>, Arc<AtomicUsize>),
) -> (Desk, Replica) {
    let mut replica = Replica::with_pages_of(50);
    let mut answer_in = ANSWER;
    while !stop.load(Ordering::SeqCst) {
        for desk in &at {
            // A server that stops in the middle of a pull leaves it to the other one: the replica stays as it was.
            let (mut next, asking) = (replica.clone(), desk.clone());
            let pull = tokio::spawn(async move { next.pull(&asking).await.map(|()| next) });
            match timeout(answer_in, pull).await {
                Ok(Ok(done)) => {
                    replica = done.expect("each complete page equals its scopes");
                    pulled.fetch_add(1, Ordering::SeqCst);
                    answer_in = ANSWER;
                }
                Ok(Err(_)) => {}
                Err(_) => answer_in = (answer_in * 2).min(LONGEST_ANSWER),
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let [desk, _] = at;
    (desk, replica)
}

async fn second(server: &Server) -> Server {
    server
        .setup()
        .clone()
        .with("HUISHOU_LOG", LOG)
        .start()
        .await
}

on_each_database! {
    async fn a_stopped_holder_of_the_head_is_disconnected_and_the_other_goes_on(db) {
        let mut town = Town::start(db.engine()).await;
        let mut other = second(&town.world.server).await;
        let servers = [town.api(), other.api()];
        let load = Load::on(&town, servers.clone()).await;
        load.goes_on(10, 4).await;
        let stopping = town.world.server.setup().clone().with("HUISHOU_STOP_AT", "sequencer.before_commit:5");
        town.world.server.restart_with(stopping).await;
        town.world.server.process().wait_for("stop point").await;
        let line = other.process().wait_for("sequencing was taken over").await;
        let told: Value = serde_json::from_str(&line).unwrap();
        println!("sequencing went on {} ms after the holder's last sign of life", told["fields"]["ms"]);
        if told["fields"]["ms"].as_u64() > Some(TAKEN_OVER) {
            println!("that is long; the other one said:\n{}", other.process().log());
        }
        load.goes_on(20, 6).await;
        signal(town.world.server.process().pid(), "CONT");
        load.goes_on(20, 6).await;
        assert!(town.world.server.process().is_running(), "who was disconnected goes on");
        load.settles([&servers[0], &servers[1]], &town.world.database).await;
    }

    async fn when_the_holder_of_the_head_is_killed_the_other_goes_on(db) {
        let mut town = Town::start(db.engine()).await;
        let other = second(&town.world.server).await;
        let servers = [town.api(), other.api()];
        let load = Load::on(&town, servers.clone()).await;
        load.goes_on(10, 4).await;
        let dying = town.world.server.setup().clone().with("HUISHOU_CRASH_AT", "sequencer.before_commit:5");
        let healthy = town.world.server.setup().clone();
        town.world.server.restart_with(dying).await;
        town.world.server.process().wait_for("crash point").await;
        let head = "SELECT seq FROM sync_head";
        let (killed, reached) = (Instant::now(), town.world.database.count(head).await);
        while town.world.database.count(head).await == reached {
            assert!(killed.elapsed() < PATIENCE, "the other one sequences");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        println!("sequencing went on {} ms after the holder's end was seen", killed.elapsed().as_millis());
        load.goes_on(20, 6).await;
        town.world.server.restart_with(healthy).await;
        load.goes_on(20, 6).await;
        load.settles([&servers[0], &servers[1]], &town.world.database).await;
    }
}
