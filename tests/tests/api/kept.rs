//! What servers keep at hand, at two servers of one database: a change at one counts at the other, with Redis, without
//! it, while it is away or hangs, and after it has come back with what it held.

use blackbox::{
    Api, Customer, Engine, Redis, Server, Setup, Town, customer::number, database, goods::CITY,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_secs(60);

/// Two servers, and a customer at each.
struct Two {
    town: Town,
    wang: Customer,
    other: Server,
    there: Api,
}

impl Two {
    async fn on(engine: Engine, redis: Option<&Redis>) -> Self {
        let adapt = |setup: Setup| match redis {
            Some(redis) => setup.with("HUISHOU_REDIS_URL", &redis.url()),
            None => setup,
        };
        let town = Town::on(database(engine).await, adapt).await;
        let other = town.world.server.setup().start().await;
        let wang = Customer::login(&town.world, "wang").await;
        let token = wang.session["access_token"].as_str().unwrap().to_owned();
        Self {
            there: other.api().with_token(&token),
            wang,
            other,
            town,
        }
    }

    /// Changes the name at one server; the very next call at either shows it.
    async fn is_seen_at_once(&self, name: &str, when: &str) {
        let here = &self.wang.api;
        for (changes, looks) in [(here, &self.there), (&self.there, here)] {
            let name = format!("{name} {}", uuid::Uuid::now_v7().simple());
            let answer = changes
                .patch("/api/v1/me", &json!({ "nickname": name }))
                .await;
            answer.expect(200);
            for api in [looks, changes] {
                assert_eq!(nickname(api).await, name, "{when}");
            }
        }
    }
}

async fn nickname(api: &Api) -> String {
    let me = api.get("/api/v1/me").await.expect(200).clone();
    me["nickname"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_changed_at_one_server_is_seen_by_the_next_call_at_the_other() {
    for engine in Engine::ALL {
        let two = Two::on(engine, None).await;
        for n in 0..10 {
            two.is_seen_at_once(&format!("第 {n} 次"), "without Redis")
                .await;
        }
        two.wang.give_phone("13812342046").await.expect(200);
        let me = two.there.get("/api/v1/me").await.expect(200).clone();
        assert_eq!(me["phone"], "13812342046", "on {engine}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_may_hang_end_or_come_back_with_old_profiles_and_none_is_ever_told() {
    let mut redis = Redis::start().await;
    let mut two = Two::on(Engine::MariaDb, Some(&redis)).await;
    two.is_seen_at_once("王", "with Redis").await;
    let key = format!("huishou:profile:1:{}", two.wang.id());
    let old = redis.ask(&format!("EXISTS {key}")).await;
    assert_eq!(old, ":1\r\n", "a profile is in Redis for every instance");
    // What is written while Redis hangs must not leave the old value alive in it.
    redis.hang();
    two.is_seen_at_once("李", "while Redis hangs").await;
    redis.go_on();
    // Servers that have nothing in memory find the old value there.
    two.town.world.server.restart().await;
    two.other.restart().await;
    two.is_seen_at_once("张", "Redis is back with old values")
        .await;
    redis.kill();
    two.is_seen_at_once("赵", "without the Redis that is configured")
        .await;
    redis.restart().await;
    two.is_seen_at_once("钱", "Redis is back and empty").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_of_another_shape_or_of_somebody_else_in_redis_is_not_read() {
    let redis = Redis::start().await;
    let mut two = Two::on(Engine::MariaDb, Some(&redis)).await;
    two.is_seen_at_once("王", "at first").await;
    let name = nickname(&two.wang.api).await;
    let key = format!("huishou:profile:1:{}", two.wang.id());
    let ours = redis.ask(&format!("GET {key}")).await;
    let ours = ours.split("\r\n").nth(1).unwrap();
    let mut forged: Value = serde_json::from_str(ours).unwrap();
    forged["user"]["id"] = json!(uuid::Uuid::now_v7());
    forged["user"]["nickname"] = json!("else");
    for wrong in ["nonsense".to_owned(), forged.to_string(), "{}".to_owned()] {
        assert_eq!(redis.ask(&format!("SET {key} '{wrong}'")).await, "+OK\r\n");
        two.town.world.server.restart().await;
        assert_eq!(nickname(&two.wang.api).await, name, "{wrong}");
    }
}

async fn unit_price(api: &Api) -> Value {
    let body = json!({"city": CITY, "items": [{"category": "metal/iron", "quantity": "1"}]});
    let quote = api.post("/api/v1/quotes", &body).await.expect(200).clone();
    quote["book"]["version"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_book_published_at_one_server_counts_there_at_once_and_at_the_other_without_being_asked()
 {
    for redis in [None, Some(Redis::start().await)] {
        let two = Two::on(Engine::MariaDb, redis.as_ref()).await;
        let admin = two.town.desk("admin").await;
        let (here, there) = (two.town.api(), two.other.api());
        let before = two.town.price_book().await;
        let old = number(&before, "version");
        assert_eq!(unit_price(&there).await, old);
        let body = json!({
            "city": CITY, "version": old + 1, "rules": before["rules"],
            "effective_from": (chrono::Utc::now() - chrono::TimeDelta::seconds(1)).to_rfc3339(),
        });
        let body = match admin.api().post("/admin/v1/price-books", &body).await {
            answer if answer.status < 300 => body,
            answer => panic!("{}", answer.text),
        };
        let new = &body["version"];
        assert_eq!(&unit_price(&here).await, new, "where it was published");
        let deadline = Instant::now() + PATIENCE;
        while &unit_price(&there).await != new {
            assert!(Instant::now() < deadline, "the other server never learns");
            sleep(Duration::from_millis(50)).await;
        }
    }
}
