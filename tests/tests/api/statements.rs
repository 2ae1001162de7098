//! How many statements each call of a customer's costs the database: the same for one thing as for twenty.

use blackbox::{
    Api, Customer, Dedicated, Engine, Town,
    customer::{id, key},
    goods::{self, CITY},
};
use serde_json::{Value, json};

/// The server's own work in the background touches none of these.
const TABLES: &str = "appointments|orders_[0-9]|quotes|payments|refunds|order_lines|reviews|ratings|messages|users|price_books|slots|slot_templates|stations|station_divisions|idempotency_keys|order_routes";

struct Counted {
    town: Town,
    api: Api,
}

impl Counted {
    async fn count(&self) -> i64 {
        let sql = format!(
            "SELECT COUNT(*) FROM mysql.general_log WHERE command_type IN ('Execute', 'Query') \
             AND CONVERT(argument USING utf8) REGEXP '{TABLES}' AND CONVERT(argument USING utf8) NOT LIKE '%general_log%'"
        );
        self.town.world.database.count(&sql).await
    }

    async fn get(&self, path: &str) -> (Value, i64) {
        let before = self.count().await;
        let body = self.api.get(path).await.expect(200).clone();
        (body, self.count().await - before)
    }

    async fn post(&self, path: &str, body: &Value) -> i64 {
        let before = self.count().await;
        let answer = self.api.post_once(path, &key(), body).await;
        assert!(answer.status < 300, "{}", answer.text);
        self.count().await - before
    }

    /// The same page with one row and with twenty.
    async fn page(&self, path: &str) -> [i64; 2] {
        let mut counts = [0; 2];
        for (count, rows) in counts.iter_mut().zip([1, 20]) {
            let (body, statements) = self.get(&format!("{path}limit={rows}")).await;
            assert_eq!(body["items"].as_array().unwrap().len(), rows, "{path}");
            *count = statements;
        }
        counts
    }
}

fn many(items: usize, when: &str) -> Value {
    let item = goods::estimated()[1].clone();
    let mut booking = goods::booking(when);
    booking["items"] = json!(vec![item; items]);
    booking
}

async fn scene(engine: Engine, dedicated: &Dedicated) -> Counted {
    let database = dedicated.database().await;
    assert_eq!(database.engine(), engine);
    let town = Town::on(database, |setup| setup).await;
    let wang = Customer::login(&town.world, "wang").await;
    town.world
        .database
        .execute("UPDATE slot_templates SET capacity = 100")
        .await;
    for n in 0..20_u64 {
        wang.book(&goods::at(2 + n / 4, 8 + 2 * u32::try_from(n % 4).unwrap()))
            .await;
    }
    for sql in [
        "SET GLOBAL log_output = 'TABLE'",
        "SET GLOBAL general_log = 1",
    ] {
        town.world.database.execute(sql).await;
    }
    Counted {
        api: wang.api,
        town,
    }
}

async fn costs(engine: Engine) {
    let dedicated = Dedicated::start(engine);
    let counted = scene(engine, &dedicated).await;
    let [one, twenty] = counted.page("/api/v1/appointments?").await;
    assert_eq!(one, twenty, "whole appointments on {engine}");
    assert!(one <= 8, "whole: {one} statements on {engine}");
    let list = "/api/v1/appointments?fields=summary&";
    assert_eq!(counted.page(list).await, [1, 1], "appointments on {engine}");
    let ahead = format!("{list}status=0&");
    assert_eq!(counted.page(&ahead).await, [1, 1], "by state on {engine}");
    let sql = "UPDATE appointments SET status = 4";
    counted.town.world.database.execute(sql).await;
    assert_eq!(
        counted.page(list).await,
        [2, 2],
        "those that may be weighed: one more for what is due, on {engine}"
    );
    let sql = "UPDATE appointments SET status = 0";
    counted.town.world.database.execute(sql).await;
    let [one, twenty] = counted.page("/api/v1/orders?").await;
    assert_eq!(one, twenty, "orders on {engine}");
    assert!(one <= 8, "orders: {one} statements on {engine}");
    assert_eq!(
        counted.page("/api/v1/messages?").await,
        [1, 1],
        "messages on {engine}"
    );
    // What is kept at hand costs nothing but the question whether it is still so.
    counted.get("/api/v1/me").await;
    let quote = |items| json!({"city": CITY, "items": many(items, "")["items"]});
    counted.post("/api/v1/quotes", &quote(1)).await;
    assert_eq!(counted.get("/api/v1/me").await.1, 0, "profile on {engine}");
    for items in [1, 20] {
        let statements = counted.post("/api/v1/quotes", &quote(items)).await;
        assert_eq!(statements, 0, "an estimate of {items} on {engine}");
    }
    bookings(&counted, engine).await;
}

async fn bookings(counted: &Counted, engine: Engine) {
    let list = "/api/v1/appointments";
    let mut written = [0; 2];
    for (statements, items) in written.iter_mut().zip([1, 20]) {
        *statements = counted.post(list, &many(items, &goods::at(3, 10))).await;
    }
    assert_eq!(
        written[0], written[1],
        "a booking of 1 and of 20 on {engine}"
    );
    let (page, _) = counted.get(&format!("{list}?limit=2")).await;
    // Which book it was priced by is kept at hand from the first one on.
    counted
        .get(&format!("{list}/{}", id(&page["items"][0])))
        .await;
    let mut read = [0; 2];
    for (statements, item) in read.iter_mut().zip([1, 0]) {
        let one = id(&page["items"][item]);
        *statements = counted.get(&format!("{list}/{one}")).await.1;
    }
    assert_eq!(read[0], read[1], "one with 1 and one with 20 on {engine}");
    assert!(read[0] <= 11, "{} statements on {engine}", read[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_things_cost_as_many_statements_as_one_on_mariadb() {
    costs(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_things_cost_as_many_statements_as_one_on_mysql() {
    costs(Engine::Mysql56).await;
}
