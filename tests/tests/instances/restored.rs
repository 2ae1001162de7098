//! A database put back from a backup: what the devices have pushed since comes again, once, whether the operator has
//! begun another epoch or forgot to, and in the end every device holds what the server holds.

use blackbox::{
    Customer, Database, Device, Dispatch, Ledger, Replica, Town,
    customer::{id, text},
    goods::{at, fen, iron},
    on_each_database,
};
use serde_json::{Value, json};

/// What happened between putting the copy back and the devices' return.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// Ran `huishou-server epoch rotate`.
    Rotates,
    /// Did not: the head is behind what the devices have read.
    Forgets,
    /// Did not, and others wrote until the head was past it: only the batch's tag tells.
    ForgetsAndOthersWrite,
}

/// A logical copy of a whole database, in another one beside it.
struct Backup<'a> {
    of: &'a Database,
    name: String,
}

impl<'a> Backup<'a> {
    async fn of(db: &'a Database) -> Self {
        let copy = Self {
            of: db,
            name: format!("{}_kept", db.name()),
        };
        db.execute(&format!("CREATE DATABASE {}", copy.name)).await;
        for table in copy.tables(db.name()).await {
            db.execute(&format!("CREATE TABLE {0}.{table} LIKE {table}; INSERT INTO {0}.{table} SELECT * FROM {table}", copy.name)).await;
        }
        copy
    }

    async fn tables(&self, database: &str) -> Vec<String> {
        let sql = format!(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '{database}' ORDER BY name"
        );
        self.of.texts(&sql).await
    }

    /// Nobody may be connected but the test.
    async fn put_back(self) {
        for table in self.tables(self.of.name()).await {
            self.of.execute(&format!("DROP TABLE {table}")).await;
        }
        for table in self.tables(&self.name).await {
            self.of.execute(&format!("CREATE TABLE {table} LIKE {0}.{table}; INSERT INTO {table} SELECT * FROM {0}.{table}", self.name)).await;
        }
        self.of
            .execute(&format!("DROP DATABASE {}", self.name))
            .await;
    }
}

/// A paid ticket; its order.
async fn sell(device: &Device, kilograms: &str) -> String {
    let made = device
        .exec("ticket.create", &json!({"items": iron(kilograms)}))
        .await;
    let order = text(&made, "order_id").to_owned();
    let shown = device.order(&order).await.expect("just written");
    let pay = json!({"order_id": order, "method": "cash", "amount": shown["due"]});
    let _ = device.exec("order.pay", &pay).await;
    order
}

/// Until nothing waits; a server put back answers that it needs older ones first.
async fn settle(device: &Device) {
    for _ in 0..5 {
        let _ = device.sync().await;
        if device.waiting().await == 0 {
            break;
        }
    }
    assert_eq!(device.waiting().await, 0, "everything has its verdict");
    let _ = device.sync().await;
    device.agrees().await;
}

async fn is_there_once(ledger: &Ledger<'_>, order: &str, fen_due: i64) {
    let row = ledger.order(order).await;
    assert_eq!((row.status, row.due), (2, fen_due), "{order}");
    let payments = ledger.payments(order).await;
    assert_eq!(payments.len(), 1, "{order}: {payments:?}");
    assert_eq!(
        ledger.reviews(order).await,
        [""; 0],
        "{order}: nothing odd about it"
    );
}

async fn put_back(db: &Database, operator: Operator) {
    let mut town = Town::start(db.engine()).await;
    let wang = Customer::login(&town.world, "wang").await;
    let mut dispatch = Dispatch::open(&town).await;
    let (till, zhang) = (town.device("station1").await, town.device("zhang").await);
    let zhangs = town.staff("zhang").await;
    let visit = town
        .booked_for(&wang, &mut dispatch, &at(1, 10), &zhangs)
        .await;
    let _ = zhang.sync().await;
    let early = sell(&till, "10").await;
    let _ = till.sync().await;
    let start = json!({"appointment_id": id(&visit)});
    let _ = zhang.exec("appointment.start", &start).await;
    let _ = zhang.sync().await;

    let backup = Backup::of(&town.world.database).await;
    let late = sell(&till, "20").await;
    let _ = till.sync().await;
    let due = zhang.weigh_and_pay(text(&visit, "order_id")).await;
    let _ = zhang.exec("appointment.complete", &start).await;
    let _ = zhang.sync().await;
    let forgotten = town
        .booked_for(&wang, &mut dispatch, &at(2, 10), &zhangs)
        .await;
    let _ = zhang.sync().await;
    assert!(zhang.appointment(id(&forgotten)).await.is_some());
    // A device that the backup has never heard of.
    let new = town.device("li").await;
    let news = sell(&new, "40").await;
    let _ = new.sync().await;
    let paid = town.ledger().paid().await;
    // Not pushed yet when the database is put back.
    let waiting = sell(&till, "30").await;
    let waits = fen(&till.order(&waiting).await.unwrap()["due"]);

    assert!(town.world.server.stop().await.success());
    backup.put_back().await;
    assert!(town.ledger().paid().await < paid, "the copy is older");
    if operator == Operator::Rotates {
        let setup = town.world.server.setup().clone();
        let _ = setup.run(&["epoch", "rotate"], "").await.expect_success();
    }
    town.world.server.restart().await;
    if operator == Operator::ForgetsAndOthersWrite {
        let seen = town.world.database.count("SELECT seq FROM sync_head").await;
        for day in 3..8 {
            for hour in [8, 10, 12, 14] {
                let _ = wang.book(&at(day, hour)).await;
            }
        }
        let deadline = std::time::Instant::now() + blackbox::proc::PATIENCE;
        while town.world.database.count("SELECT seq FROM sync_head").await < seen + 40 {
            assert!(
                std::time::Instant::now() < deadline,
                "the head is past what the devices have read"
            );
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    settle(&till).await;
    settle(&zhang).await;
    let unknown = new.run(&["sync"]).await;
    assert!(!unknown.status.success(), "the server does not know it");
    assert!(
        new.order(&news).await.is_some(),
        "and it is not wiped for that"
    );
    let code = town.pairing_code().await;
    let _ = new.login(Some(&code), "li", town.password()).await;
    settle(&new).await;

    let ledger = town.ledger();
    for (order, kilograms) in [(&early, 10), (&late, 20), (&waiting, 30), (&news, 40)] {
        is_there_once(&ledger, order, waits / 30 * kilograms).await;
    }
    let served = ledger.order(text(&visit, "order_id")).await;
    assert_eq!(
        (served.due, ledger.quotes(text(&visit, "order_id")).await),
        (fen(&due), 1)
    );
    assert_eq!(ledger.payments(text(&visit, "order_id")).await.len(), 1);
    assert_eq!(ledger.paid().await, paid + waits, "every fen, once");
    assert_eq!(ledger.audit().await, [""; 0]);
    assert!(
        zhang.appointment(id(&forgotten)).await.is_none(),
        "the server has forgotten it"
    );
    for (device, username) in [(&till, "station1"), (&zhang, "zhang"), (&new, "li")] {
        // What the others have brought meanwhile.
        let _ = device.sync().await;
        let refused: Vec<Value> = device
            .call(&["mutations"])
            .await
            .as_array()
            .unwrap()
            .iter()
            .filter(|made| made["outcome"] != "applied")
            .cloned()
            .collect();
        assert_eq!(refused, [] as [Value; 0], "{username}");
        let mut outside = Replica::default();
        outside
            .pull(&town.desk(username).await)
            .await
            .expect("equal to its scopes");
        for kind in ["appointment", "order"] {
            let mut held = device.ids(kind).await;
            held.sort();
            let there: Vec<String> = outside
                .of_kind(kind)
                .map(|(id, _)| id.to_string())
                .collect();
            assert_eq!(held, there, "{username}: {kind}");
        }
    }
}

on_each_database! {
    async fn after_a_backup_and_another_epoch_everything_comes_again_once(db) {
        put_back(db, Operator::Rotates).await;
    }

    async fn a_forgotten_epoch_is_noticed_by_a_head_that_is_behind(db) {
        put_back(db, Operator::Forgets).await;
    }

    async fn a_forgotten_epoch_is_noticed_by_the_batchs_tag(db) {
        put_back(db, Operator::ForgetsAndOthersWrite).await;
    }
}
