//! The demo city with people at work in it: what `seed-demo` made, devices paired and signed in, and the price
//! engine's own word on any goods.

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::customer::{id, text};
use crate::db::{Database, Engine, database};
use crate::desk::Desk;
use crate::device::Device;
use crate::goods::CITY;
use crate::http::Api;
use crate::ledger::Ledger;
use crate::server::Setup;
use crate::world::World;

/// A running product with the demo city.
pub struct Town {
    /// Server, sandbox, database.
    pub world: World,
    pairing: Mutex<Vec<String>>,
    password: String,
}

impl Town {
    /// The demo city on the run's shared database server.
    pub async fn start(engine: Engine) -> Self {
        Self::on(database(engine).await, |setup| setup).await
    }

    /// The demo city on this database, with more environment for the server.
    pub async fn on(database: Database, adapt: impl FnOnce(Setup) -> Setup) -> Self {
        let world = World::on(database, adapt).await;
        let (pairing, password) = accounts(&world.seeded);
        Self {
            world,
            pairing: Mutex::new(pairing),
            password,
        }
    }

    /// Calls without a token.
    #[must_use]
    pub fn api(&self) -> Api {
        self.world.server.api()
    }

    /// What MySQL holds.
    #[must_use]
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger(&self.world.database)
    }

    /// The demo accounts' password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A pairing code nobody has used: the seed's first, then an administrator's.
    pub async fn pairing_code(&self) -> String {
        let mut codes = self.pairing.lock().await;
        if codes.len() > 1 {
            return codes.remove(0);
        }
        let last = codes.pop().expect("seed-demo prints pairing codes");
        let admin = Desk::open(&self.api(), &last, "admin", &self.password).await;
        for _ in 0..40 {
            codes.push(new_pairing_code(&admin).await);
        }
        codes.remove(0)
    }

    /// A device paired, signed in and with its first sync done.
    pub async fn device(&self, username: &str) -> Device {
        let device = self.world.device();
        let code = self.pairing_code().await;
        let _ = device.login(Some(&code), username, &self.password).await;
        let _ = device.sync().await;
        device
    }

    /// A person signed in over plain HTTP.
    pub async fn desk(&self, username: &str) -> Desk {
        let code = self.pairing_code().await;
        Desk::open(&self.api(), &code, username, &self.password).await
    }

    /// The id of a member of staff, from the database.
    pub async fn staff(&self, username: &str) -> String {
        let sql = format!("SELECT LOWER(HEX(id)) FROM staff WHERE username = '{username}'");
        let ids = self.world.database.texts(&sql).await;
        ids.first()
            .and_then(|id| id.parse::<uuid::Uuid>().ok())
            .unwrap_or_else(|| panic!("no {username}"))
            .to_string()
    }

    /// The id of the first station, where most of the demo's people work.
    pub async fn desk_station(&self) -> String {
        let sql = "SELECT LOWER(HEX(station_id)) FROM staff WHERE username = 'station1'";
        let ids = self.world.database.texts(sql).await;
        let id: uuid::Uuid = ids[0].parse().expect("an id");
        id.to_string()
    }

    /// The city's price book as customers get it.
    pub async fn price_book(&self) -> Value {
        let answer = self
            .api()
            .get(&format!("/api/v1/price-book?city={CITY}"))
            .await;
        answer.expect(200).clone()
    }

    /// What `huishou-server price` says of these goods with the city's book.
    pub async fn price(&self, items: &Value) -> Value {
        let book = self.price_book().await;
        let case = json!({"book": {"rules": book["rules"]}, "items": items});
        let answer = self
            .world
            .server
            .setup()
            .run(&["price"], &format!("{case}\n"))
            .await
            .expect_success()
            .json();
        assert!(answer["ok"].is_object(), "priced: {answer}");
        answer["ok"].clone()
    }

    /// Books through a customer, assigns through an administrator's desk; answers the appointment as booked.
    pub async fn booked_for(
        &self,
        customer: &crate::Customer,
        dispatch: &mut Dispatch,
        when: &str,
        collector: &str,
    ) -> Value {
        let visit = customer.book(when).await;
        dispatch.assign(id(&visit), Some(collector)).await;
        visit
    }
}

/// An administrator who assigns over plain HTTP.
pub struct Dispatch {
    /// Who.
    pub desk: Desk,
    next: i64,
}

impl Dispatch {
    /// The administrator of this town on a device of their own.
    pub async fn open(town: &Town) -> Self {
        Self {
            desk: town.desk("admin").await,
            next: 1,
        }
    }

    /// Pushes one command; answers its verdict.
    pub async fn push(&mut self, name: &str, args: &Value) -> Value {
        let mutation = self.desk.mutation(self.next, name, args);
        self.next += 1;
        self.desk.push(&[mutation]).await.remove(0)
    }

    /// Gives an appointment to a collector, or takes it from everybody.
    pub async fn assign(&mut self, appointment: &str, to: Option<&str>) {
        let args = json!({"appointment_id": appointment, "assignee": to});
        let verdict = self.push("appointment.assign@1", &args).await;
        assert_eq!(text(&verdict, "outcome"), "applied", "{verdict}");
    }
}

async fn new_pairing_code(admin: &Desk) -> String {
    let answer = admin
        .api()
        .post("/admin/v1/pairing-codes", &json!({}))
        .await;
    assert!(answer.status < 300, "no pairing code: {}", answer.text);
    text(&answer.body, "code").to_owned()
}

/// Pairing codes and the accounts' password, from what `seed-demo` printed.
fn accounts(printed: &str) -> (Vec<String>, String) {
    let value: Value = serde_json::from_str(printed.trim().lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("seed-demo's last line is JSON ({error}): {printed}"));
    let codes = value["pairing_codes"].as_array().expect("pairing codes");
    let codes = codes.iter().filter_map(Value::as_str).map(str::to_owned);
    (codes.collect(), text(&value, "password").to_owned())
}
