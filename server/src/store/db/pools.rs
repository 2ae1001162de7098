//! The pools of connections: how many, how old, set up how; and who looks after them.

use super::Db;
use crate::{
    config,
    store::{
        StoreError,
        freshness::Freshness,
        instances,
        replicas::Replicas,
        resting::{Bounds, Resting, SURELY_THERE},
        shapes,
    },
};
use sqlx::{
    Connection, Executor, MySqlConnection, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};
use std::{str::FromStr, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Seconds a statement waits for a row lock; an idempotency twin waits as long (api.md).
const LOCK_WAIT_SECONDS: u32 = 5;
/// How often the use of connections is told.
const TOLD: Duration = Duration::from_secs(1);
/// After so many of these, connections nobody uses are closed.
const TIDIED: u32 = 5;
/// Unused for so long, a connection is closed by the pool itself, whatever `idle` allows.
const UNUSED: Duration = Duration::from_secs(600);

/// How to connect.
#[derive(Debug, Clone)]
pub struct Connect {
    /// `mysql://user:password@host:port/database`.
    pub url: String,
    /// Most connections.
    pub max_connections: u32,
    /// Most of them that stay open unused.
    pub idle: u32,
    /// How old one may become.
    pub lifetime: Duration,
    /// How long to wait for one.
    pub acquire_timeout: Duration,
    /// How many may wait for one.
    pub max_waiting: u32,
    /// Copies that answer reads.
    pub replicas: config::Replica,
}

/// Whose a connection is: one to a replica is nobody's, as nothing is written there.
#[derive(Clone, Copy)]
enum Whose {
    Nobody,
    Instance { id: Uuid, sequencer: bool },
}

pub(super) fn connect(connect: &Connect) -> Result<Db, StoreError> {
    let primary = options(&connect.url)?;
    let freshness = Arc::new(Freshness::default());
    let instance = Uuid::now_v7();
    let most = connect.max_connections;
    let pool = |most: u32, sequencer: bool| {
        let whose = Whose::Instance {
            id: instance,
            sequencer,
        };
        open(connect, primary.clone(), most, &freshness, whose)
    };
    let common = pool(most, false);
    let one = Bounds {
        open: 1,
        waiting: usize::MAX,
        patience: connect.acquire_timeout,
    };
    let rest = |name: &str, pool: MySqlPool, most: u32, bounds: Bounds| {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Arc::new(Resting::of(
            name,
            pool,
            Arc::clone(&freshness),
            most,
            bounds,
        ))
    };
    let replicas = replicas(connect)?;
    Ok(Db {
        resting: rest(
            "primary",
            common.clone(),
            most.saturating_sub(1),
            bounds(connect),
        ),
        pool: common,
        // Nobody asks its pool itself: the single one may rest.
        sequencing: rest("sequencer", pool(1, true), 1, one),
        pulse: pool(1, false),
        instance,
        months: Arc::default(),
        bodies: Arc::default(),
        wake: Arc::new(Notify::new()),
        freshness,
        replicas: Arc::new(replicas),
        idle: usize::try_from(connect.idle).unwrap_or(usize::MAX),
    })
}

fn bounds(connect: &Connect) -> Bounds {
    let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Bounds {
        open: count(connect.max_connections),
        waiting: count(connect.max_waiting),
        patience: connect.acquire_timeout,
    }
}

fn options(url: &str) -> Result<MySqlConnectOptions, StoreError> {
    // PIPES_AS_CONCAT would only be noise; the session's time zone is UTC by sqlx's default.
    Ok(
        MySqlConnectOptions::from_str(&url.replacen("mariadb://", "mysql://", 1))?
            .charset("utf8mb4")
            .pipes_as_concat(false)
            .statement_cache_capacity(shapes::KEPT),
    )
}

fn replicas(connect: &Connect) -> Result<Replicas, StoreError> {
    let mut replicas = Replicas::of(&connect.replicas);
    if connect.replicas.urls.is_empty() {
        return Ok(replicas);
    }
    // Asked where it stands and nothing else: no queue may be before it.
    replicas.watch_primary(open(
        connect,
        options(&connect.url)?,
        1,
        &Arc::default(),
        Whose::Nobody,
    ));
    for url in &connect.replicas.urls {
        let options = options(url)?;
        let name = format!("{}:{}", options.get_host(), options.get_port());
        let freshness = Arc::default();
        let most = connect.max_connections;
        let pool = open(connect, options.clone(), most, &freshness, Whose::Nobody);
        let watching = open(connect, options, 1, &freshness, Whose::Nobody);
        let rest = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
        let home = Resting::of(&name, pool, freshness, rest, bounds(connect));
        replicas.add(&name, home, watching);
    }
    Ok(replicas)
}

fn open(
    connect: &Connect,
    options: MySqlConnectOptions,
    most: u32,
    freshness: &Arc<Freshness>,
    whose: Whose,
) -> MySqlPool {
    let fresh = Arc::clone(freshness);
    MySqlPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(connect.acquire_timeout)
        .max_lifetime(connect.lifetime)
        .idle_timeout(UNUSED)
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(set_session(connection, whose)))
        .before_acquire(move |connection, about| {
            let allowed = fresh.allows(&about);
            Box::pin(async move {
                if allowed && about.idle_for > SURELY_THERE {
                    connection.ping().await?;
                }
                Ok(allowed)
            })
        })
        .connect_lazy_with(options)
}

async fn set_session(connection: &mut MySqlConnection, whose: Whose) -> Result<(), sqlx::Error> {
    connection
        .execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        .await?;
    connection.execute(sqlx::AssertSqlSafe(lock_wait())).await?;
    let Whose::Instance { id, sequencer } = whose else {
        return Ok(());
    };
    // A schema or a binlog that is not fit yet is told elsewhere.
    if let Err(error) = instances::register(connection, id, sequencer).await {
        tracing::debug!(%error, "a connection could not be registered");
    }
    Ok(())
}

/// Says how long a session waits for row locks.
pub(in crate::store) fn lock_wait() -> String {
    format!("SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}")
}

/// Looks after connections and replicas until the end: tells how they are, closes what nobody uses.
pub async fn keep(db: Db, end: CancellationToken) {
    db.replicas.watch(&end);
    let mut tick = tokio::time::interval(TOLD);
    for n in 1_u32.. {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        db.resting.measure();
        db.replicas.measure();
        if n % TIDIED == 0 {
            db.resting.tidy(db.idle).await;
            db.replicas.tidy(db.idle).await;
        }
    }
}
