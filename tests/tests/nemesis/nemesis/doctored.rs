//! The checker sees what it is for: the books and a device are tampered with, and each time it says so.

use std::sync::Arc;

use blackbox::{Engine, Town};

use super::books::{self, Before};
use super::checker::offences;
use super::crew::{Shared, Trade, Worker};
use super::history::Histories;
use super::run::{gather, hire};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_removed_a_mutation_doubled_and_a_step_back_are_reported() {
    let town = Town::start(Engine::MariaDb).await;
    let database = &town.world.database;
    let before = Before::of(database).await;
    let mut all = some_work(&town).await;
    all.books = books::read(database, &before).await;
    assert_eq!(offences(&all), [""; 0], "an honest run");
    assert_eq!(all.acknowledged.len(), all.books.mutations.len());
    assert!(all.acknowledged.len() >= 12 && all.books.payments.len() == 6);

    let payment = all.books.payments[0].id.clone();
    let hex = payment.replace('-', "");
    database.execute(&format!("CREATE TABLE put_by AS SELECT * FROM payments WHERE id = UNHEX('{hex}'); DELETE FROM payments WHERE id = UNHEX('{hex}')")).await;
    all.books = books::read(database, &before).await;
    reported(&all, &["devices say", "is in the books 0 times"], &payment);

    database.execute("INSERT INTO payments SELECT * FROM put_by; UPDATE put_by SET id = REVERSE(id); INSERT INTO payments SELECT * FROM put_by").await;
    all.books = books::read(database, &before).await;
    reported(&all, &["devices say", "no device did it"], "order.pay@1");
    database
        .execute("DELETE FROM payments WHERE id IN (SELECT id FROM put_by)")
        .await;

    database.execute("ALTER TABLE mutations DROP INDEX mutations_uid; CREATE TABLE doubled AS SELECT * FROM mutations LIMIT 1; UPDATE doubled SET id = id + 1000; INSERT INTO mutations SELECT * FROM doubled").await;
    all.books = books::read(database, &before).await;
    reported(
        &all,
        &["is in the books 2 times", "mutations are not dense"],
        "mutation",
    );
    database
        .execute("DELETE FROM mutations WHERE id > 1000")
        .await;

    let sold = all.acknowledged.iter().rfind(|it| it.name == "order.pay");
    let uid = sold.expect("both have sold").uid.clone();
    database.execute(&format!("CREATE TABLE lost AS SELECT * FROM mutations WHERE uid = UNHEX('{}'); DELETE m FROM mutations m JOIN lost l ON l.uid = m.uid", uid.replace('-', ""))).await;
    all.books = books::read(database, &before).await;
    reported(
        &all,
        &[
            "was acknowledged by",
            "has the verdict applied on",
            "not in the books",
        ],
        &uid,
    );
    database
        .execute("INSERT INTO mutations SELECT * FROM lost")
        .await;

    all.books = books::read(database, &before).await;
    assert_eq!(offences(&all), [""; 0], "everything is as it was");
    // Devices are in the order in which they came to rest.
    let whose = all.devices[0].name.clone();
    all.devices[0].pending = 1;
    all.devices[0].repaired = 2;
    all.devices[0].mismatched.push("admin".to_owned());
    reported(
        &all,
        &[
            "are still pending",
            "had to be repaired",
            "differs from its scopes",
        ],
        &whose,
    );
}

/// Two tills sell undisturbed; tickets are each till's own, so that nothing can be refused.
async fn some_work(town: &Town) -> Histories {
    let shared = Arc::new(Shared::default());
    let mut crew: Vec<Worker> = hire(
        town,
        town.world.server.url(),
        &[("station1", 2, Trade::Till)],
        1,
    )
    .await;
    for worker in &mut crew {
        worker.leave_alone();
        for _ in 0..3 {
            worker.sell(&shared).await;
        }
    }
    gather(crew).await
}

#[track_caller]
fn reported(all: &Histories, each: &[&str], about: &str) {
    let found = offences(all).join("\n");
    for words in each {
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(found.contains(about), "{about}: {found}");
}
