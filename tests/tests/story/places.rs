//! Slots have capacity: two bookings cannot both take the last place, and what is given back can be booked again.

use blackbox::customer::{id, number};
use blackbox::goods::{DISTRICT, at, booking};
use blackbox::{Customer, Engine, Town};
use serde_json::Value;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_bookings_at_once_never_both_take_the_last_place_on_mariadb() {
    last_place(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_bookings_at_once_never_both_take_the_last_place_on_mysql56() {
    last_place(Engine::Mysql56).await;
}

async fn free(customer: &Customer, date: &str, start: &str) -> i64 {
    let answer = customer
        .api
        .get(&format!("/api/v1/slots?division={DISTRICT}&date={date}"))
        .await;
    let body = answer.expect(200);
    let slots = body["items"].as_array().or(body.as_array()).expect("slots");
    let slot = slots
        .iter()
        .find(|slot| slot["start"] == start)
        .unwrap_or_else(|| panic!("no slot at {start}: {body}"));
    number(slot, "free")
}

async fn last_place(engine: Engine) {
    let town = Town::start(engine).await;
    let mut raced = 0;
    for hour in [10, 14, 16] {
        let (when, start) = (at(2, hour), format!("{hour}:00"));
        let date = when[..10].to_owned();
        let customer = Customer::login(&town.world, &format!("early{hour}")).await;
        let mut last = None;
        while free(&customer, &date, &start).await > 1 {
            last = Some(customer.book(&when).await);
        }
        let answers = race(&town, &when, hour).await;
        let won = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(won, 1, "one place, one booking: {answers:?}");
        assert!(
            answers
                .iter()
                .all(|(status, code)| *status == 201 || (*status == 409 && code == "slot_full")),
            "{answers:?}"
        );
        assert_eq!(free(&customer, &date, &start).await, 0);
        let given_back = last.expect("the slot had more than one place");
        customer
            .try_cancel(id(&given_back), number(&given_back, "version"))
            .await
            .expect(200);
        assert_eq!(
            free(&customer, &date, &start).await,
            1,
            "a cancelled booking gives its place back"
        );
        raced += answers.len();
    }
    assert_eq!(town.ledger().audit().await, [""; 0]);
    println!("{engine}: {raced} bookings raced for 3 last places");
}

/// Eight customers book the same slot in the same moment.
async fn race(town: &Town, when: &str, hour: u32) -> Vec<(u16, String)> {
    let mut racers = Vec::new();
    for n in 0..8 {
        racers.push(Customer::login(&town.world, &format!("racer{hour}x{n}")).await);
    }
    let mut tasks = JoinSet::new();
    for racer in racers {
        let body: Value = booking(when);
        tasks.spawn(async move {
            let answer = racer.try_book(&body).await;
            (
                answer.status,
                answer.body["code"].as_str().unwrap_or_default().to_owned(),
            )
        });
    }
    tasks.join_all().await
}
