//! Sessions that are renewed over a line that loses answers, by processes that die, and by several at once: nobody is
//! ever locked out by it.

use blackbox::{Device, Engine, Lossy, Town, database};

use crate::support::{counter, refusal, ticket, waiting};

/// A town whose access tokens are over before they are of any use: every call renews the session.
async fn hasty(engine: Engine) -> Town {
    Town::on(database(engine).await, |setup| {
        setup.with("HUISHOU_ACCESS_TOKEN_SECONDS", "20")
    })
    .await
}

async fn through(town: &Town) -> (Device, Lossy) {
    let mut device = counter(town).await;
    let line = Lossy::before(town.world.server.url()).await;
    device.set_server(line.url());
    (device, line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_to_renewals_lock_nobody_out() {
    for engine in Engine::ALL {
        let town = hasty(engine).await;
        let (device, line) = through(&town).await;
        for lost in [1, 3, 7] {
            let before = line.lost();
            line.lose("POST /staff/v1/sessions/refresh", lost);
            for _ in 0..lost {
                assert_eq!(refusal(&device, &["sync"]).await, "offline", "{engine}");
            }
            assert_eq!(line.lost() - before, lost);
            let _ = ticket(&device).await;
            let _ = device.sync().await;
            assert_eq!(
                waiting(&device).await,
                [""; 0],
                "{engine}: after {lost} lost answers"
            );
        }
        let ended = "SELECT COUNT(*) FROM refresh_chains WHERE revoked_for = 'reused'";
        assert_eq!(town.world.database.count(ended).await, 0);
    }
}

/// Named so that the runner gives it the machine to itself.
mod crash {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_process_that_dies_between_the_answer_and_its_storing_locks_nobody_out() {
        let town = hasty(Engine::MariaDb).await;
        let mut device = counter(&town).await;
        for point in ["refresh.before_store", "refresh.after_token"] {
            for _ in 0..3 {
                device.set_env("HUISHOU_CRASH_AT", point);
                let died = device.run(&["sync"]).await;
                assert_eq!(died.status.code(), None, "{point}: {}", died.stdout);
            }
            device.unset_env("HUISHOU_CRASH_AT");
            let _ = ticket(&device).await;
            let _ = device.sync().await;
            assert_eq!(waiting(&device).await, [""; 0], "{point}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn processes_of_one_device_that_renew_at_once_lock_nobody_out() {
        let town = hasty(Engine::MariaDb).await;
        let (device, line) = through(&town).await;
        for round in 0..6 {
            line.lose("POST /staff/v1/sessions/refresh", round % 3);
            let all = tokio::join!(
                device.run(&["sync"]),
                device.run(&["sync"]),
                device.run(&["pull"]),
                device.run(&["sync"]),
            );
            for done in [all.0, all.1, all.2, all.3] {
                if !done.status.success() {
                    let code = crate::support::refused(&done, "a process among others");
                    assert_eq!(
                        code, "offline",
                        "round {round}: lost on the way, nothing worse"
                    );
                }
            }
            line.lose("POST /staff/v1/sessions/refresh", 0);
            let _ = device.sync().await;
        }
        let ended = "SELECT COUNT(*) FROM refresh_chains WHERE revoked_at IS NOT NULL";
        assert_eq!(town.world.database.count(ended).await, 0);
    }
}
