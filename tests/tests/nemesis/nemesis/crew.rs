//! People at devices, and customers: they work in loops, their programs are killed and stopped at random moments, and
//! they note what was acknowledged to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use blackbox::customer::key;
use blackbox::goods::{at, booking, iron, reasons, weighed};
use blackbox::proc::signal;
use blackbox::{Api, Device};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::history::{Acknowledged, Booking};
use super::plan::between;

/// What all loops share.
#[derive(Debug, Default)]
pub struct Shared {
    /// While set, the loops go on.
    pub on: AtomicBool,
    /// Commands acknowledged so far.
    pub acknowledged: AtomicUsize,
    /// Device processes killed.
    pub killed: AtomicUsize,
    /// Device processes stopped for a while.
    pub paused: AtomicUsize,
}

/// What someone does all day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    /// At the counter: tickets, payments, refunds, now and then an assignment.
    Till,
    /// From door to door.
    Collector,
    /// Gives visits to one and takes them to another.
    Dispatcher,
}

/// One person at one device.
pub struct Worker {
    /// A name for messages.
    pub name: String,
    /// The device.
    pub device: Device,
    /// What they do.
    pub trade: Trade,
    /// Who visits can be given to.
    pub collectors: Arc<Vec<String>>,
    /// What ten kilograms of iron cost.
    pub price: Value,
    /// What was acknowledged.
    pub acknowledged: Vec<Acknowledged>,
    random: StdRng,
    disturbed: bool,
}

impl Worker {
    /// Someone at a device that is signed in.
    pub fn new(
        name: String,
        device: Device,
        trade: Trade,
        collectors: Arc<Vec<String>>,
        price: Value,
        seed: u64,
    ) -> Self {
        Self {
            name,
            device,
            trade,
            collectors,
            price,
            acknowledged: Vec::new(),
            random: StdRng::seed_from_u64(seed),
            disturbed: true,
        }
    }

    /// From now on nobody kills or stops this one's programs.
    pub fn leave_alone(&mut self) {
        self.disturbed = false;
    }

    /// Works until told to stop.
    pub async fn all_day(mut self, shared: Arc<Shared>) -> Self {
        while shared.on.load(Ordering::SeqCst) {
            self.turn(&shared).await;
            if self.random.random_bool(0.6) {
                let _ = self.program(&shared, &["sync"]).await;
            }
            sleep(between(&mut self.random, 1_000, 4_000)).await;
        }
        self
    }

    /// One piece of work.
    pub async fn turn(&mut self, shared: &Shared) {
        match (self.trade, self.random.random_range(0..10)) {
            (Trade::Dispatcher, _) | (Trade::Till, 0..2) => self.assign(shared).await,
            (Trade::Till, _) | (Trade::Collector, 0..2) => self.sell(shared).await,
            (Trade::Collector, _) => self.visit(shared).await,
        }
    }

    /// A ticket, paid; one in five is given back.
    pub async fn sell(&mut self, shared: &Shared) {
        let (order, payment) = (Uuid::now_v7(), Uuid::now_v7());
        if self
            .exec(
                shared,
                "ticket.create",
                json!({"order_id": order, "items": iron("10")}),
            )
            .await
            .is_none()
        {
            return;
        }
        let pay = json!({"order_id": order, "payment_id": payment, "method": "cash", "amount": self.price});
        if self.exec(shared, "order.pay", pay).await.is_some() && self.random.random_bool(0.2) {
            let refund = json!({"order_id": order, "refund_id": Uuid::now_v7(), "payment_id": payment, "amount": self.price});
            let _ = self.exec(shared, "order.refund", refund).await;
        }
    }

    /// A part of a visit, whatever its state: what does not fit is refused here or reviewed there.
    async fn visit(&mut self, shared: &Shared) {
        let Some(visit) = self.any_appointment(shared).await else {
            return self.sell(shared).await;
        };
        let (appointment, order) = (
            json!({"appointment_id": visit["id"]}),
            visit["order_id"].clone(),
        );
        if self.random.random_bool(0.5) {
            let _ = self
                .exec(shared, "appointment.start", appointment.clone())
                .await;
        }
        if self.random.random_bool(0.7) {
            self.weigh_and_pay(shared, &order).await;
        }
        if self.random.random_bool(0.5) {
            let _ = self.exec(shared, "appointment.complete", appointment).await;
        }
    }

    async fn weigh_and_pay(&mut self, shared: &Shared, order: &Value) {
        let weigh = json!({"order_id": order, "items": weighed(), "gap_reasons": reasons()});
        let Some(made) = self.exec(shared, "order.weigh", weigh).await else {
            return;
        };
        let accept = json!({"order_id": order, "quote_id": made["quote_id"], "by": "tap"});
        let _ = self.exec(shared, "order.accept", accept).await;
        let id = order.as_str().unwrap_or_default();
        let Some(shown) = self.program(shared, &["show", "order", id]).await else {
            return;
        };
        let shown = shown.get("order").unwrap_or(&shown);
        let pay = json!({"order_id": order, "method": "cash", "amount": shown["due"]});
        let _ = self.exec(shared, "order.pay", pay).await;
    }

    async fn assign(&mut self, shared: &Shared) {
        if let Some(visit) = self.any_appointment(shared).await {
            let to = self.collectors.choose(&mut self.random).cloned();
            let _ = self
                .exec(
                    shared,
                    "appointment.assign",
                    json!({"appointment_id": visit["id"], "assignee": to}),
                )
                .await;
        }
    }

    async fn any_appointment(&mut self, shared: &Shared) -> Option<Value> {
        let listed = self.program(shared, &["list", "appointment"]).await?;
        listed.as_array()?.choose(&mut self.random).cloned()
    }

    /// A command of the trade; its answer when the device acknowledged it.
    async fn exec(&mut self, shared: &Shared, name: &str, arguments: Value) -> Option<Value> {
        let made = self
            .program(shared, &["exec", name, &arguments.to_string()])
            .await?;
        // The nil uid: it was so already, nothing had to be done.
        let uid = made["uid"]
            .as_str()
            .filter(|uid| *uid != Uuid::nil().to_string());
        if let Some(uid) = uid {
            self.acknowledged.push(Acknowledged {
                device: self.name.clone(),
                uid: uid.to_owned(),
                name: name.to_owned(),
            });
            let _ = shared.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        Some(made)
    }

    /// Runs a program of the device, killed or stopped for a while now and then; what it said if it ended well.
    async fn program(&mut self, shared: &Shared, arguments: &[&str]) -> Option<Value> {
        let mut process = self.device.spawn(arguments);
        let drawn = self.random.random_range(0..100);
        let moment = between(&mut self.random, 0, 250);
        let pause = between(&mut self.random, 50, 1_200);
        if self.disturbed && drawn < 25 && timeout(moment, process.wait()).await.is_err() {
            if drawn < 13 {
                process.kill();
                let _ = shared.killed.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            signal(process.pid(), "STOP");
            sleep(pause).await;
            signal(process.pid(), "CONT");
            let _ = shared.paused.fetch_add(1, Ordering::SeqCst);
        }
        if !process.wait().await.success() {
            return None;
        }
        let log = process.log();
        let said = log.lines().rev().find(|line| line.starts_with(['{', '[']));
        serde_json::from_str(said?).ok()
    }
}

/// A customer who books every now and then, asking again until there is an answer.
pub async fn book_all_day(api: Api, shared: Arc<Shared>, seed: u64) -> Vec<Booking> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut bookings = Vec::new();
    while shared.on.load(Ordering::SeqCst) {
        let note = key();
        let mut body = booking(&at(
            random.random_range(1..20),
            8 + 2 * random.random_range(0..6),
        ));
        body["note"] = json!(note);
        let acknowledged = book(&api, &note, &body).await;
        bookings.push(Booking {
            note,
            acknowledged,
            there: 0,
        });
        sleep(between(&mut random, 800, 2_500)).await;
    }
    bookings
}

/// The same key until there is an answer; `false`: the slot was full.
pub async fn book(api: &Api, key: &str, body: &Value) -> bool {
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline {
        let request = api.request(reqwest::Method::POST, "/api/v1/appointments");
        let sent = api.try_send(request.header("Idempotency-Key", key).json(body));
        if let Ok(Ok(answer)) = timeout(Duration::from_secs(10), sent).await {
            match answer.status {
                201 => return true,
                409 if answer.body["code"] == "slot_full" => return false,
                409 | 429 | 500.. => {}
                _ => panic!("a booking was answered {}: {}", answer.status, answer.text),
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("a booking is answered in the end")
}
