//! Hints over two servers: a device that listens at one of them hears what was written at the other, in each of the
//! three ways of listening, and goes on hearing when that other one is gone.

use super::second;
use blackbox::{
    Customer, Desk, Town, customer::id, goods::at, http::Api, on_each_database, proc::PATIENCE,
    replica::Replica,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Instant;
use tokio::{task::JoinHandle, time::timeout};

/// An administrator who gives visits to people.
struct Dispatcher {
    desk: Desk,
    next: i64,
}

impl Dispatcher {
    async fn assign(&mut self, at: &Api, visit: &Value, to: Option<&str>) {
        self.next += 1;
        let args = json!({"appointment_id": id(visit), "assignee": to});
        let mutation = self.desk.mutation(self.next, "appointment.assign@1", &args);
        let verdict = self.desk.at(at).push(&[mutation]).await.remove(0);
        assert_eq!(verdict["outcome"], "applied", "{verdict}");
    }
}

/// Somebody who listens at a server and pulls only when told to.
struct Ear {
    desk: Desk,
    scope: String,
    held: Replica,
}

impl Ear {
    async fn of(town: &Town, at: &Api) -> Self {
        let desk = town.desk("zhang").await.at(at);
        let scope = format!("collector:{}", desk.staff_id());
        let mut held = Replica::default();
        held.pull(&desk).await.expect("a first sync");
        Self { desk, scope, held }
    }

    async fn open(&self, more: &str) -> Response {
        let path = format!("/sync/v1/events{more}");
        let asked = self.desk.api().request(Method::GET, &path).send();
        let response = timeout(PATIENCE, asked)
            .await
            .expect("an answer")
            .expect("a stream");
        assert_eq!(response.status(), 200);
        response
    }

    /// Waits for an event of the own scope.
    async fn hears(&self, events: &mut Response, text: &mut String) -> i64 {
        loop {
            if let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let Some(data) = data else { continue };
                let data: Value = serde_json::from_str(data).expect("JSON");
                if data["scope"] == json!(self.scope) {
                    return data["head"].as_i64().expect("a number");
                }
                continue;
            }
            let part = timeout(PATIENCE, events.chunk()).await.expect("a hint");
            let part = part.expect("the line holds").expect("the stream goes on");
            text.push_str(std::str::from_utf8(&part).expect("text"));
        }
    }

    /// One question, waited for as long as the server lets it.
    fn asks(&self, since: i64) -> JoinHandle<i64> {
        let (api, scope) = (self.desk.api().clone(), self.scope.clone());
        tokio::spawn(async move {
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline {
                let answer = api
                    .get(&format!("/sync/v1/events?wait=25&since={since}"))
                    .await;
                if answer.status == 200 {
                    assert_eq!(answer.body["scopes"], json!([scope]), "nothing else");
                    return answer.body["head"].as_i64().expect("a number");
                }
                assert_eq!(answer.status, 204, "{}", answer.text);
            }
            panic!("nothing was heard");
        })
    }

    async fn finds(&mut self, visit: &Value, there: bool) {
        self.held
            .pull(&self.desk)
            .await
            .expect("equal to its scopes");
        assert_eq!(
            self.held.get("appointment", id(visit)).is_some(),
            there,
            "what the hint was about"
        );
    }
}

async fn head(town: &Town) -> i64 {
    let deadline = Instant::now() + PATIENCE;
    while town
        .world
        .database
        .count("SELECT COUNT(*) FROM sync_outbox")
        .await
        > 0
    {
        assert!(Instant::now() < deadline, "everything gets its number");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    town.world.database.count("SELECT seq FROM sync_head").await
}

on_each_database! {
    async fn who_listens_at_one_server_hears_what_the_other_one_wrote(db) {
        let mut town = Town::start(db.engine()).await;
        let other = second(&town.world.server).await;
        let (here, there) = (town.api(), other.api());
        let wang = Customer::login(&town.world, "wang").await;
        let (first, next) = (wang.book(&at(1, 10)).await, wang.book(&at(2, 10)).await);
        let mut admin = Dispatcher { desk: town.desk("admin").await, next: 0 };
        let zhang = town.staff("zhang").await;
        let (mut stream, mut short, mut poll) =
            (Ear::of(&town, &there).await, Ear::of(&town, &there).await, Ear::of(&town, &there).await);
        let since = head(&town).await;
        let mut events = stream.open("").await;
        let mut brief = short.open(&format!("?life=200&since={since}")).await;
        let asking = poll.asks(since);

        admin.assign(&here, &first, Some(&zhang)).await;
        let (mut said, mut told) = (String::new(), String::new());
        let heard = [
            stream.hears(&mut events, &mut said).await,
            short.hears(&mut brief, &mut told).await,
            asking.await.unwrap(),
        ];
        assert!(heard.iter().all(|head| *head > since), "{heard:?} after {since}");
        for ear in [&mut stream, &mut short, &mut poll] { ear.finds(&first, true).await; }

        town.world.server.kill();
        let since = head(&town).await;
        let asking = poll.asks(since);
        admin.assign(&there, &next, Some(&zhang)).await;
        admin.assign(&there, &first, None).await;
        let _ = head(&town).await;
        let through = town.world.database.count(&format!("SELECT MAX(seq) FROM sync_log WHERE scope = '{}'", poll.scope)).await;
        // Two changes may come as one hint or as two.
        while stream.hears(&mut events, &mut said).await < through {}
        while short.hears(&mut brief, &mut told).await < through {}
        assert!(asking.await.unwrap() > since);
        for ear in [&mut stream, &mut short, &mut poll] {
            ear.finds(&next, true).await;
            ear.finds(&first, false).await;
        }
    }
}
