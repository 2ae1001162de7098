//! Does what the plan says to servers, database, Redis and line.

use std::time::Duration;

use blackbox::proc::signal;
use blackbox::{Dedicated, Proxy, Redis, Server};
use tokio::time::{Instant, sleep};

use super::plan::{Fault, Plan};

/// What can be attacked.
pub struct Targets<'a> {
    /// Two servers on one database.
    pub servers: [&'a mut Server; 2],
    /// The database's server.
    pub database: &'a mut Dedicated,
    /// What the servers share besides: caches and rates.
    pub redis: &'a mut Redis,
    /// The line in front of the servers.
    pub proxy: &'a Proxy,
}

impl Targets<'_> {
    /// The whole plan, one fault after the other.
    pub async fn suffer(&mut self, plan: &Plan) {
        for (pause, fault) in &plan.faults {
            sleep(*pause).await;
            self.one(*fault).await;
        }
    }

    async fn one(&mut self, fault: Fault) {
        match fault {
            Fault::KillServer(n, down) => {
                self.servers[n].kill();
                sleep(down).await;
                self.servers[n].restart().await;
            }
            Fault::PauseServer(n, length) => {
                let pid = self.servers[n].process().pid();
                pause(pid, length).await;
            }
            Fault::PauseOneKillOther(n, length) => {
                let pid = self.servers[n].process().pid();
                signal(pid, "STOP");
                self.servers[1 - n].kill();
                sleep(length).await;
                signal(pid, "CONT");
                self.servers[1 - n].restart().await;
            }
            Fault::KillDatabase(down) => {
                tokio::task::block_in_place(|| self.database.kill());
                sleep(down).await;
                tokio::task::block_in_place(|| self.database.restart());
            }
            Fault::PauseDatabase(length) => pause(self.database.pid(), length).await,
            Fault::KillRedis(down) => {
                self.redis.kill();
                sleep(down).await;
                self.redis.restart().await;
            }
            Fault::HangRedis(length) => {
                self.redis.hang();
                sleep(length).await;
                self.redis.go_on();
            }
            Fault::CutLine => self.proxy.cut(),
        }
    }

    /// Waits until both servers say that they are ready.
    pub async fn are_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        for server in &self.servers {
            let api = server.api();
            loop {
                let asked = api.request(reqwest::Method::GET, "/readyz");
                if api
                    .try_send(asked)
                    .await
                    .is_ok_and(|answer| answer.status == 200)
                {
                    break;
                }
                assert!(
                    Instant::now() < deadline,
                    "a server finds its database again"
                );
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn pause(pid: u32, length: Duration) {
    signal(pid, "STOP");
    sleep(length).await;
    signal(pid, "CONT");
}
