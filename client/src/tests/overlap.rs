//! Long pushes, whose next commands are on their way while the answer before is stored, and verdicts that do not wait for
//! the disk.

use super::{
    device::{Device, booked, scopes},
    server::Server,
};
use crate::{
    error::Result,
    store::{Commit, Db, meta},
    sync::{run, transport::Transport, verdicts},
};
use huishou_domain::sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest};
use serde_json::json;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Waker},
};

/// Brings the first push's answer; those after it take effect, and their answers never come.
struct Half<'a> {
    server: &'a Server,
    told: AtomicUsize,
}

impl Transport for Half<'_> {
    async fn push(&self, request: &PushRequest) -> Result<PushAnswer> {
        let answer = self.server.push(request).await?;
        if self.told.fetch_add(1, Ordering::SeqCst) > 0 {
            std::future::pending::<()>().await;
        }
        Ok(answer)
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullAnswer> {
        self.server.pull(request).await
    }
}

/// 205 tickets, pushed until `is_there` says that the app dies; what then waits.
fn killed_in_a_long_push(is_there: impl Fn(&Device, &Half<'_>) -> bool, waiting: usize) {
    let (server, mut device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    for _ in 0..205 {
        let iron = json!({"items": [{"category": "metal/iron", "quantity": "1"}]});
        device.exec("ticket.create", iron).unwrap();
    }
    let half = Half {
        server: &server,
        told: AtomicUsize::new(0),
    };
    let main = device.engine.main();
    let mut pushing = Box::pin(run::push_all(&main, &half));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if is_there(&device, &half) {
            break;
        }
        assert!(pushing.as_mut().poll(&mut context).is_pending());
    }
    assert!(is_there(&device, &half));
    drop(pushing);
    assert_eq!(server.numbers(), (1, 205), "both took effect");
    assert_eq!(device.pending(), waiting);
    drop(main);
    device.reopen();
    device.is_sound();
    device.push(&server).unwrap();
    assert_eq!(device.pending(), 0);
    assert_eq!(server.state().received.len(), 205, "each once");
    device.round(&server).unwrap();
    device.equals(&server);
    device.is_sound();
}

#[test]
fn an_answer_lost_before_it_was_stored_while_the_next_commands_took_effect_loses_nothing() {
    killed_in_a_long_push(|_, half| half.told.load(Ordering::SeqCst) == 2, 205);
}

#[test]
fn the_answer_to_commands_that_followed_is_lost_and_they_are_told_again() {
    killed_in_a_long_push(|device, _| device.pending() == 5, 5);
}

#[test]
fn verdicts_that_the_disk_may_lose_are_confirmed_with_the_pull_and_later_pulls_are_idle() {
    let (server, mut device, appointment, order) = booked();
    let confirmed = |device: &Device| device.engine.main_read(verdicts::confirmed).unwrap();
    let written = |device: &Device| {
        let count =
            |db: &Db| Ok(db.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0))?);
        device.engine.main_read(count).unwrap()
    };
    device.serve(appointment, order);
    device.push(&server).unwrap();
    assert_eq!((device.pending(), confirmed(&device)), (0, 0));
    device.reopen();
    assert_eq!(confirmed(&device), 0, "the disk need not have them yet");
    device.pull(&server).unwrap();
    assert_eq!(confirmed(&device), 5);
    let before = written(&device);
    device.pull(&server).unwrap();
    assert_eq!(written(&device), before, "nothing is new");
    assert_eq!(server.state().asked.last().unwrap().confirmed, 5);
    // As if the pull had come first, and the push's answer after it: nothing is left for a pull to retire.
    device.store(|store| {
        let noted = store.write(Commit::Verdicts, |db| {
            meta::set(db, meta::Key::Unsynced, &2)
        });
        noted.unwrap();
    });
    assert_eq!(confirmed(&device), 1);
    device.pull(&server).unwrap();
    assert_eq!(
        confirmed(&device),
        5,
        "one page told them again, and waited"
    );
    let before = written(&device);
    device.pull(&server).unwrap();
    assert_eq!(written(&device), before);
    device.equals(&server);
    device.is_sound();
}
