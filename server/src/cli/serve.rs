//! `serve`: listener, sequencer and jobs, until SIGTERM or Ctrl-C; then running requests are drained.

use crate::{
    app::{App, State},
    config::Config,
    ended,
    routes::{self, access, observe},
    store::{
        blobs, changes, db,
        health::{self, Unfit},
        idempotency, kept_verdicts, nonces, retire,
    },
    sync::{compaction, hints, sequencer},
};
use anyhow::Context;
use std::{io::Write, net::SocketAddr, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

const HOUSEKEEPING: Duration = Duration::from_secs(600);
/// Often enough that made-up addresses fill no memory.
const TIDYING: Duration = Duration::from_secs(5);

/// Serves.
///
/// # Errors
/// A database that is not fit, or an address that cannot be listened on.
pub async fn run(config: Config) -> anyhow::Result<()> {
    log_to_stderr(&config.log)?;
    observe::recorder().context("no metrics recorder")?;
    let app = State::new(config).context("cannot set up")?;
    check_database(&app).await?;
    let listener = TcpListener::bind(&app.config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", app.config.listen))?;
    let address = listener.local_addr()?;
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    serve_metrics(&app, &stop).await?;
    ended::fill(&app).await;
    let work = [
        tokio::spawn(ended::follow(app.clone(), end.clone())),
        tokio::spawn(app.kept.clock.clone().follow(app.db.clone(), end.clone())),
        tokio::spawn(keep_buckets(app.clone(), end.clone())),
        tokio::spawn(sequencer::run(app.db.clone(), end.clone())),
        tokio::spawn(keep_house(app.clone(), end.clone())),
        tokio::spawn(db::keep(app.db.clone(), end.clone())),
        // Who listens is told the end at once: it would keep the server from stopping.
        tokio::spawn(hints::run(app.db.clone(), app.hints.clone(), stop.clone())),
    ];
    stop_on_signal(stop.clone())?;
    announce(address)?;
    let serving = tokio::spawn(routes::serve(listener, app.clone(), stop.clone()));
    let outcome = drain(
        serving,
        &stop,
        Duration::from_secs(app.config.drain_timeout),
    )
    .await;
    let limit = Duration::from_secs(app.config.drain_timeout);
    if tokio::time::timeout(limit, app.bookings.drained())
        .await
        .is_err()
    {
        tracing::warn!("bookings still being written are given up");
    }
    end.cancel();
    for task in work {
        task.await.context("a task panicked")?;
    }
    access::flush();
    outcome
}

/// Waits for the server's end; after the signal no longer than the drain time-out.
async fn drain(
    mut serving: JoinHandle<std::io::Result<()>>,
    stop: &CancellationToken,
    limit: Duration,
) -> anyhow::Result<()> {
    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        () = stop.cancelled() => {
            tracing::info!("stopping: running requests are finished first");
            tokio::time::timeout(limit, &mut serving).await.ok()
        }
    };
    match ended {
        Some(outcome) => outcome
            .context("the server panicked")?
            .context("serving failed"),
        None => {
            tracing::warn!("requests still running are given up");
            serving.abort();
            Ok(())
        }
    }
}

fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    Ok(())
}

fn log_to_stderr(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("log (HUISHOU_LOG) is no filter")?;
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}

/// A database that is away may come; one that is set up wrongly or behind must not be written to.
async fn check_database(app: &App) -> anyhow::Result<()> {
    match health::check(&app.db).await {
        Ok(()) => app
            .db
            .ensure_months_ahead(app.now())
            .await
            .context("cannot make the months' tables"),
        Err(Unfit::Away(error)) => {
            tracing::warn!(%error, "the database does not answer; serving all the same, /readyz says when it does");
            Ok(())
        }
        Err(unfit) => Err(unfit.into()),
    }
}

async fn serve_metrics(app: &App, stop: &CancellationToken) -> anyhow::Result<()> {
    if app.config.metrics_listen.is_empty() {
        return Ok(());
    }
    let listener = TcpListener::bind(&app.config.metrics_listen)
        .await
        .with_context(|| format!("cannot listen on {}", app.config.metrics_listen))?;
    tracing::info!(address = %listener.local_addr()?, "metrics");
    let stop = stop.clone();
    tokio::spawn(observe::serve(listener, stop));
    Ok(())
}

fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// What grows with each request is made small again: token buckets that are full, times measured.
async fn keep_buckets(app: App, end: CancellationToken) {
    let mut tick = tokio::time::interval(TIDYING);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => app.limits.tidy(),
        }
        if let Some(recorder) = observe::recorder() {
            // Times measured since are kept one by one until they are counted.
            recorder.run_upkeep();
        }
    }
}

/// Months' tables ahead of time, old idempotency keys, old visits and verdicts.
async fn keep_house(app: App, end: CancellationToken) {
    let mut tick = tokio::time::interval(HOUSEKEEPING);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = app.db.ensure_months_ahead(app.now()).await {
            tracing::warn!(%error, "the months' tables could not be made; tried again later");
        }
        match idempotency::purge(&app.db, app.now()).await {
            Ok(purged) => tracing::debug!(purged, "old idempotency keys"),
            Err(error) => {
                tracing::warn!(%error, "old idempotency keys could not be purged; tried again later")
            }
        }
        match nonces::purge(&app.db, app.now()).await {
            Ok(purged) => tracing::debug!(purged, "old nonces of the open API"),
            Err(error) => {
                tracing::warn!(%error, "old nonces could not be purged; tried again later")
            }
        }
        match changes::purge(&app.db, app.now()).await {
            Ok(purged) => tracing::debug!(purged, "old changes of what is kept at hand"),
            Err(error) => {
                tracing::warn!(%error, "old changes could not be purged; tried again later")
            }
        }
        match retire::retire(&app.db, app.now()).await {
            Ok(retired) => tracing::debug!(retired, "old visits left their collectors' devices"),
            Err(error) => {
                tracing::warn!(%error, "old visits could not be retired; tried again later")
            }
        }
        match kept_verdicts::purge(&app.db, app.now()).await {
            Ok(emptied) => tracing::debug!(emptied, "verdicts confirmed long ago"),
            Err(error) => {
                tracing::warn!(%error, "old verdicts could not be emptied; tried again later")
            }
        }
        match compaction::compact(&app.db, app.now()).await {
            Ok(done) => tracing::debug!(?done, "the change feed was compacted"),
            Err(error) => {
                tracing::warn!(%error, "the change feed could not be compacted; tried again later")
            }
        }
        match blobs::purge(&app.db, app.now()).await {
            Ok(purged) => tracing::debug!(purged, "uploads that nobody went on with"),
            Err(error) => {
                tracing::warn!(%error, "old uploads could not be removed; tried again later")
            }
        }
    }
}
