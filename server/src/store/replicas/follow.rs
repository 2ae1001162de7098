//! Who watches the positions: one task asks the primary where it stands, when a read needs to know and now and then
//! besides; one task a replica asks that one, and notes what it has reached.

use super::{Position, Replica, Replicas, Standing, Target, position};
use crate::store::StoreError;
use sqlx::{MySql, MySqlConnection, MySqlPool, pool::PoolConnection};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How soon a replica that is a little behind is asked again.
const SOON: Duration = Duration::from_millis(2);
/// A replica that is further behind than this is asked at leisure.
const A_LITTLE: Duration = Duration::from_millis(200);
/// Most moments kept that a replica has still to reach.
const MOST: usize = 1_000;

impl Replicas {
    /// Watches all replicas until the end.
    pub(in crate::store) fn watch(&self, end: &CancellationToken) {
        let Some(pool) = self.primary.clone() else {
            return;
        };
        let primary = Primary {
            line: Line::to(pool),
            asked: Arc::clone(&self.asked),
            target: self.target.clone(),
            check: self.check,
        };
        let end_of_it = end.clone();
        tokio::spawn(async move { end_of_it.run_until_cancelled(primary.follow()).await });
        for replica in &self.all {
            let follower = Follower {
                replica: Arc::clone(replica),
                line: Line::to(replica.watching.clone()),
                target: self.target.subscribe(),
                news: Arc::clone(&self.news),
                check: self.check,
                ahead: VecDeque::new(),
            };
            let end = end.clone();
            tokio::spawn(async move { end.run_until_cancelled(follower.follow()).await });
        }
    }
}

/// A connection that is kept while it answers.
struct Line {
    pool: MySqlPool,
    open: Option<(PoolConnection<MySql>, bool)>,
}

impl Line {
    const fn to(pool: MySqlPool) -> Self {
        Self { pool, open: None }
    }

    async fn ask(&mut self, primary: bool) -> Result<Option<Position>, StoreError> {
        // Given up unless it answers whole.
        let (mut connection, mariadb) = match self.open.take() {
            Some(open) => open,
            None => {
                let mut connection = self.pool.acquire().await?;
                let mariadb = position::is_mariadb(&mut connection).await?;
                (connection, mariadb)
            }
        };
        let conn: &mut MySqlConnection = &mut connection;
        let answer = timeout(PATIENCE, async {
            if primary {
                position::of_primary(conn, mariadb).await
            } else {
                position::of_replica(conn, mariadb).await
            }
        });
        match answer.await {
            Ok(Ok(position)) => {
                self.open = Some((connection, mariadb));
                Ok(position)
            }
            Ok(Err(error)) => {
                connection.close_on_drop();
                Err(error)
            }
            Err(_) => {
                connection.close_on_drop();
                Err(sqlx::Error::PoolTimedOut.into())
            }
        }
    }
}

struct Primary {
    line: Line,
    asked: Arc<Notify>,
    target: watch::Sender<Target>,
    check: Duration,
}

impl Primary {
    async fn follow(mut self) {
        let mut told_so = false;
        loop {
            let at = Instant::now();
            match self.line.ask(true).await {
                Ok(Some(position)) => {
                    self.target.send_replace(Some((at, position)));
                }
                Ok(None) if !told_so => {
                    told_so = true;
                    tracing::warn!(
                        "the primary keeps no binlog: no replica can prove anything, all reads go to the primary"
                    );
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "the primary does not say where it stands");
                    sleep(self.check).await;
                }
            }
            tokio::select! {
                () = self.asked.notified() => {}
                () = sleep(self.check) => {}
            }
        }
    }
}

struct Follower {
    replica: Arc<Replica>,
    line: Line,
    target: watch::Receiver<Target>,
    news: Arc<Notify>,
    check: Duration,
    /// What it has still to reach, oldest first.
    ahead: VecDeque<(Instant, Position)>,
}

impl Follower {
    async fn follow(mut self) {
        let mut was = self.replica.standing();
        loop {
            self.wait().await;
            self.look().await;
            let is = self.replica.standing();
            if is != was {
                self.say(is);
                was = is;
            }
        }
    }

    /// Until there is something to look for.
    async fn wait(&mut self) {
        let newest = self.ahead.back().map(|(at, _)| at.elapsed());
        let pause = if newest.is_some_and(|since| since < A_LITTLE) {
            SOON
        } else {
            self.check
        };
        tokio::select! {
            changed = self.target.changed() => {
                if changed.is_err() {
                    sleep(self.check).await;
                }
            }
            () = sleep(pause) => {}
        }
        let target = self.target.borrow_and_update().clone();
        let is_new = |at: Instant| self.ahead.back().is_none_or(|(last, _)| *last < at);
        if let Some((at, position)) = target
            && is_new(at)
            && !self.replica.covers(at)
        {
            if self.ahead.len() >= MOST {
                self.ahead.pop_front();
            }
            self.ahead.push_back((at, position));
        }
    }

    async fn look(&mut self) {
        match self.line.ask(false).await {
            Ok(position) => {
                self.replica.answered();
                if let Some(position) = position {
                    self.reached(&position);
                }
            }
            Err(error) => {
                tracing::debug!(replica = %self.replica.name, %error, "a replica does not say where it stands");
                self.replica.failed();
                // Whoever waits for it looks for another.
                self.news.notify_waiters();
                sleep(self.check).await;
            }
        }
    }

    fn reached(&mut self, position: &Position) {
        let is_there = |next: Option<&(_, Position)>| next.is_some_and(|n| position.reaches(&n.1));
        while is_there(self.ahead.front()) {
            if let Some((at, _)) = self.ahead.pop_front() {
                self.replica.reached(at);
            }
        }
        self.news.notify_waiters();
    }

    fn say(&self, standing: Standing) {
        let replica = &self.replica.name;
        match standing {
            Standing::Up => tracing::info!(%replica, "a replica answers reads"),
            Standing::Lagging => {
                tracing::warn!(%replica, "a replica is too far behind and answers no reads");
            }
            Standing::Down => {
                tracing::warn!(%replica, "a replica does not answer and is left out");
            }
        }
    }
}
