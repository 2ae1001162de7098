//! The commit of every kind of write, struck just before and just after: asked for again, it has happened once.

use std::os::unix::process::ExitStatusExt;

use blackbox::customer::{id, key, number, text};
use blackbox::goods::{CITY, at, booking, iron};
use blackbox::{Api, Customer, Desk, Dispatch, Engine, Town};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// What may be struck.
#[derive(Clone, Copy, Debug)]
pub enum Write {
    Book,
    Reschedule,
    Cancel,
    Accept,
    Assign,
    Publish,
    AddStaff,
    ChangeStaff,
    OpenStation,
    SetPlaces,
    PairingCode,
    Password,
    CloseReview,
    CloseDispute,
}

/// Those that change what devices hold.
const SEEN_BY_DEVICES: &[Write] = &[
    Write::Book,
    Write::Reschedule,
    Write::Cancel,
    Write::Accept,
    Write::Assign,
    Write::Publish,
    Write::AddStaff,
    Write::ChangeStaff,
    Write::OpenStation,
];

/// Those that do not; they are struck where the key's answer is kept.
const OF_THE_SERVER: &[Write] = &[
    Write::SetPlaces,
    Write::PairingCode,
    Write::Password,
    Write::CloseReview,
    Write::CloseDispute,
];

const POINTS: [(&str, &[Write]); 4] = [
    ("write.before_commit", SEEN_BY_DEVICES),
    ("write.after_commit", SEEN_BY_DEVICES),
    ("keyed.before_commit", OF_THE_SERVER),
    ("keyed.after_commit", OF_THE_SERVER),
];

/// A request made ready beforehand, so that it can be sent again as it is.
pub struct Ready {
    pub api: Api,
    pub method: Method,
    pub path: String,
    key: String,
    pub body: Value,
    /// The appointment concerned, and its version before.
    visit: Value,
    /// What counts the effect of a write at the desk, and how much that was before.
    pub counted: Option<(String, i64)>,
}

pub struct Scene {
    pub town: Town,
    pub customer: Customer,
    pub dispatch: Dispatch,
    pub zhang: String,
    pub mutations: i64,
    /// Somebody whose password changes, and what it is now.
    pub li: (Desk, String),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_write_struck_at_its_commit_happens_once_when_asked_again_on_mariadb() {
    struck(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_write_struck_at_its_commit_happens_once_when_asked_again_on_mysql56() {
    struck(Engine::Mysql56).await;
}

async fn struck(engine: Engine) {
    let town = Town::start(engine).await;
    let customer = Customer::login(&town.world, "wang").await;
    let dispatch = Dispatch::open(&town).await;
    let zhang = town.staff("zhang").await;
    let li = (town.desk("li").await, town.password().to_owned());
    let mut scene = Scene {
        town,
        customer,
        dispatch,
        zhang,
        mutations: 0,
        li,
    };
    let plain = scene.town.world.server.setup().clone();
    let mut n = 0;
    for (point, writes) in POINTS {
        for write in writes {
            let ready = scene.prepare(*write, n).await;
            n += 1;
            let armed = plain.clone().with("HUISHOU_CRASH_AT", point);
            quiet(&scene.town).await;
            scene.town.world.server.restart_with(armed).await;
            let _ = ready.send().await;
            let server = scene.town.world.server.process();
            let status = server.wait().await;
            assert_eq!(status.signal(), Some(6), "{write:?} passes {point}");
            assert!(
                server
                    .log()
                    .contains(&format!("crash point {point} reached")),
                "{write:?} at {point}"
            );
            scene.town.world.server.restart_with(plain.clone()).await;
            let answer = ready.send().await.expect("a server that is up");
            scene.verify(*write, &ready, &answer, point).await;
        }
        println!("{engine} server {point}: {} crashes", writes.len());
    }
    assert_eq!(scene.town.ledger().audit().await, [""; 0]);
    let device = scene.town.device("admin").await;
    device.agrees().await;
}

/// Nothing is left for the sequencer, whose own commit would be struck first.
async fn quiet(town: &Town) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while town
        .world
        .database
        .count("SELECT COUNT(*) FROM sync_outbox")
        .await
        > 0
    {
        assert!(tokio::time::Instant::now() < deadline, "all is numbered");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

impl Write {
    /// Through the customer's API or sync, and not by an administrator or at the staff's own door.
    const fn is_the_apis(self) -> bool {
        matches!(
            self,
            Self::Book | Self::Reschedule | Self::Cancel | Self::Accept | Self::Assign
        )
    }
}

impl Ready {
    pub fn new(api: Api, path: &str, body: Value) -> Self {
        Self {
            api,
            method: Method::POST,
            path: path.to_owned(),
            key: key(),
            body,
            visit: Value::Null,
            counted: None,
        }
    }

    async fn send(&self) -> Result<blackbox::Answer, reqwest::Error> {
        let request = self.api.request(self.method.clone(), &self.path);
        let request = request.header("Idempotency-Key", &self.key);
        self.api.try_send(request.json(&self.body)).await
    }
}

impl Scene {
    async fn prepare(&mut self, write: Write, n: usize) -> Ready {
        let when = at(
            2 + u64::try_from(n / 6).unwrap(),
            [8, 10, 12, 14, 16, 18][n % 6],
        );
        let (customer, admin) = (self.customer.api.clone(), self.dispatch.desk.api().clone());
        if !write.is_the_apis() {
            return self.at_the_desk(write, n).await;
        }
        let visit = match write {
            Write::Book => Value::Null,
            _ => self.customer.book(&when).await,
        };
        let of = |what: &str| format!("/api/v1/appointments/{}/{what}", id(&visit));
        let (api, path, body) = match write {
            Write::Book => {
                let mut body = booking(&when);
                body["note"] = json!(format!("struck {n}"));
                (customer, "/api/v1/appointments".to_owned(), body)
            }
            Write::Reschedule => (
                customer,
                of("reschedule"),
                json!({"appointment_time": at(9, 10), "expect_version": visit["version"]}),
            ),
            Write::Cancel => (
                customer,
                of("cancel"),
                json!({"reason": "customer_request", "expect_version": visit["version"]}),
            ),
            Write::Accept => {
                let quote = self.weigh(&visit).await;
                (customer, of("accept"), json!({ "quote_id": quote }))
            }
            Write::Assign => {
                let args = json!({"appointment_id": visit["id"], "assignee": self.zhang});
                self.mutations += 1;
                let mutation =
                    self.dispatch
                        .desk
                        .mutation(self.mutations, "appointment.assign@1", &args);
                (
                    admin,
                    "/sync/v1/push".to_owned(),
                    json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": [mutation]}),
                )
            }
            _ => unreachable!("a write at the desk"),
        };
        Ready {
            visit,
            ..Ready::new(api, &path, body)
        }
    }

    /// A final quote pushed for the visit's order.
    pub async fn weigh(&mut self, visit: &Value) -> Uuid {
        let (book, priced, quote) = (
            self.town.price_book().await,
            self.town.price(&iron("10")).await,
            Uuid::now_v7(),
        );
        let args = json!({
            "order_id": visit["order_id"], "quote_id": quote, "book": {"city": CITY, "version": book["version"], "hash": book["hash"]},
            "items": iron("10"), "lines": priced["lines"], "total": priced["total"], "due": priced["total"],
        });
        self.mutations += 1;
        let mutation = self
            .dispatch
            .desk
            .mutation(self.mutations, "order.weigh@1", &args);
        let verdict = self.dispatch.desk.push(&[mutation]).await.remove(0);
        assert_eq!(verdict["outcome"], "applied", "{verdict}");
        quote
    }

    async fn verify(&self, write: Write, ready: &Ready, answer: &blackbox::Answer, point: &str) {
        let count = async |sql: String| self.town.world.database.count(&sql).await;
        match write {
            Write::Book => {
                let note = text(&ready.body, "note");
                assert_eq!(number(answer.expect(201), "version"), 1);
                assert_eq!(
                    count(format!(
                        "SELECT COUNT(*) FROM appointments WHERE note = '{note}'"
                    ))
                    .await,
                    1,
                    "{point}"
                );
            }
            Write::Reschedule | Write::Cancel => {
                let _ = answer.expect(200);
                let now = self.customer.appointment(id(&ready.visit)).await;
                assert_eq!(
                    number(&now, "version"),
                    number(&ready.visit, "version") + 1,
                    "once, {point}"
                );
            }
            Write::Accept => {
                let _ = answer.expect(200);
                let order = self.customer.order(text(&ready.visit, "order_id")).await;
                assert_eq!(order["accepted_by"], "mini_program");
                let row = self.town.ledger().order(id(&order)).await;
                let sql = format!(
                    "SELECT acceptances FROM {} WHERE id = UNHEX('{}')",
                    row.table,
                    id(&order).replace('-', "")
                );
                let stored = self.town.world.database.texts(&sql).await.remove(0);
                let stored: Value = serde_json::from_str(&stored).expect("JSON");
                assert_eq!(stored.as_array().expect("a list").len(), 1, "once, {point}");
            }
            Write::Assign => {
                assert_eq!(
                    answer.expect(200)["verdicts"][0]["outcome"],
                    "applied",
                    "{}",
                    answer.text
                );
                let now = self.customer.appointment(id(&ready.visit)).await;
                assert_eq!(
                    number(&now, "version"),
                    number(&ready.visit, "version") + 1,
                    "once, {point}"
                );
            }
            _ => self.verify_desk(write, ready, answer, point).await,
        }
    }
}
