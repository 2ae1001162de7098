//! A small city in an empty database, the server's own router in this process, and customers with tokens.

use blackbox::{Answer, Api, Database, goods};
use chrono::{DateTime, Utc};
use huishou_domain::{
    command::{Command, Subject},
    ids::{AppointmentId, OrderId, StaffId, StationId, UserId},
    price_book,
    pricing::Lang,
    staff::{Actor, Role, Station},
    visit::{Act, Party},
};
use huishou_server::{
    app::{App, State},
    config::Config,
    customer::book,
    once::Reply,
    problem::Problem,
    routes,
    store::{idempotency::Keyed, migrations, price_books, slots, stations, users, visits},
    write_tx,
};
use serde_json::Value;
use std::net::SocketAddr;
use uuid::Uuid;

/// A city with one station.
pub struct Town {
    pub app: App,
    pub station: Station,
    pub api: Api,
}

/// A customer with a token.
pub struct Customer {
    pub user: UserId,
    pub api: Api,
}

impl Town {
    /// With so many places a slot.
    pub async fn on(db: &Database, capacity: u32) -> Self {
        Self::with(db, capacity, &[]).await
    }

    /// With more environment.
    pub async fn with(db: &Database, capacity: u32, environment: &[(&str, &str)]) -> Self {
        let app = app(db, environment);
        migrations::migrate(&app.db).await.unwrap();
        let station = Station {
            id: StationId(Uuid::now_v7()),
            version: 1,
            code: "west".into(),
            name: "西站".into(),
            city: goods::CITY.into(),
            address: String::new(),
            divisions: vec!["3301".into()],
        };
        let now = app.now();
        let done: Result<(), Problem> = write_tx!(&app.db, |tx| {
            price_books::insert(tx, &price_book::demo(), now).await?;
            stations::insert(tx, &station, &[], now).await?;
            for weekday in 0..7 {
                for hour in (8..20).step_by(2) {
                    slots::set_template(
                        tx,
                        station.id,
                        weekday,
                        &format!("{hour:02}:00"),
                        &format!("{:02}:00", hour + 2),
                        capacity,
                    )
                    .await?;
                }
            }
            Ok(())
        });
        done.unwrap();
        let api = serve(app.clone()).await;
        Self { app, station, api }
    }

    /// A customer of this name.
    pub async fn customer(&self, name: &str) -> Customer {
        let (now, openid) = (self.app.now(), format!("openid-{name}"));
        let user: Result<UserId, Problem> = write_tx!(&self.app.db, |tx| Ok(users::meet(
            tx, &openid, None, now
        )
        .await?));
        let user = user.unwrap();
        let token = self
            .app
            .tokens
            .customer(user.0, Uuid::now_v7(), now)
            .unwrap();
        Customer {
            user,
            api: self.api.with_token(&token),
        }
    }

    /// Books as the API does, at a time of one's choosing.
    pub async fn book_at(
        &self,
        user: UserId,
        keyed: Option<&Keyed>,
        when: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Reply, Problem> {
        let body = goods::booking(&huishou_domain::time::wire(when));
        let booker = book::Booker::Customer(user);
        book::book(&self.app, booker, keyed, &body, Lang::Zh, now).await
    }

    /// A command of this actor on a visit, as push gives it.
    pub async fn give(&self, actor: Actor, subject: Subject, command: Command) {
        let act = Act::new(Party::Staff(actor), self.app.now());
        let done: Result<(), Problem> = write_tx!(&self.app.db, |tx| {
            let locked = visits::lock(tx, subject)
                .await?
                .ok_or_else(Problem::not_found)?;
            let mut visit = locked.visit.clone();
            visit
                .apply(&command, &act)
                .map_err(|r| Problem::refused(r, None))?;
            Ok(visits::save(tx, &locked, &visit, actor.id.0).await?)
        });
        done.unwrap();
    }

    /// A collector of the station; only the rules know them.
    pub fn collector(&self) -> Actor {
        Actor {
            id: StaffId(Uuid::now_v7()),
            role: Role::Collector,
            station: Some(self.station.id),
        }
    }
}

/// A server's state on this database.
pub fn app(db: &Database, environment: &[(&str, &str)]) -> App {
    let url = db.url();
    let base = [
        ("HUISHOU_DATABASE_URL", url.as_str()),
        ("HUISHOU_DEV", "true"),
        ("HUISHOU_QUOTE_RATE", "100000"),
        ("HUISHOU_QUOTE_BURST", "100000"),
        ("HUISHOU_LOGIN_RATE_PER_MINUTE", "100000"),
        ("HUISHOU_GUARD_ANONYMOUS_RATE", "0"),
        ("HUISHOU_GUARD_USER_RATE", "0"),
        ("HUISHOU_DATABASE_MAX_CONNECTIONS", "24"),
        ("HUISHOU_DATABASE_ACQUIRE_TIMEOUT", "30"),
    ];
    let all = base
        .iter()
        .chain(environment)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    State::new(Config::of(None, all).unwrap()).unwrap()
}

/// The router on a free port of this process.
pub async fn serve(app: App) -> Api {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = routes::router(app).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    Api::new(&format!("http://{address}"))
}

impl Customer {
    /// Books with a new key.
    pub async fn try_book(&self, body: &Value) -> Answer {
        self.api
            .post_once("/api/v1/appointments", &key(), body)
            .await
    }

    /// Books the usual goods tomorrow at 10.
    pub async fn book(&self) -> Value {
        self.try_book(&goods::booking(&goods::at(1, 10)))
            .await
            .expect(201)
            .clone()
    }

    /// Does something to an appointment.
    pub async fn act(&self, visit: &Value, what: &str, body: &Value) -> Answer {
        self.api
            .post_once(
                &format!(
                    "/api/v1/appointments/{}/{what}",
                    visit["id"].as_str().unwrap()
                ),
                &key(),
                body,
            )
            .await
    }
}

/// A new idempotency key.
pub fn key() -> String {
    Uuid::now_v7().simple().to_string()
}

/// The appointment's and order's ids.
pub fn ids(visit: &Value) -> (AppointmentId, OrderId) {
    let id = |key: &str| visit[key].as_str().unwrap().parse::<Uuid>().unwrap();
    (id("id").into(), id("order_id").into())
}

/// Field and code of every bad field, in order.
pub fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(
        answer.expect_problem(422),
        "validation_failed",
        "{}",
        answer.text
    );
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (text(&e["field"]), text(&e["code"])))
        .collect()
}
