//! A line to the database that dies without a word, at the worst moment: between the sequencer's work and its COMMIT.

use super::support::Ground;
use blackbox::{Database, on_each_database};
use huishou_server::{config::Config, store::Db, sync::sequencer};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};
use tokio_util::sync::CancellationToken;

/// A relay to the database. The first connection on which a COMMIT is sent once it is armed goes dead with it: it stays
/// open, and nothing more passes either way. The others live.
struct Relay {
    url: String,
    armed: Arc<AtomicBool>,
}

impl Relay {
    async fn before(database: &Database) -> Self {
        let url = database.url();
        let server = url
            .split('@')
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let armed = Arc::new(AtomicBool::new(false));
        let relay = Self {
            url: url.replace(&server, &here),
            armed: armed.clone(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let dead = Arc::new(AtomicBool::new(false));
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(
                    from_client,
                    to_server,
                    dead.clone(),
                    Some(armed.clone()),
                ));
                tokio::spawn(pass(from_server, to_client, dead, None));
            }
        });
        relay
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    dead: Arc<AtomicBool>,
    armed: Option<Arc<AtomicBool>>,
) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let piece = &piece[..read];
        if piece.windows(6).any(|word| word == b"COMMIT")
            && armed
                .as_ref()
                .is_some_and(|armed| armed.swap(false, Ordering::SeqCst))
        {
            dead.store(true, Ordering::SeqCst);
        }
        if !dead.load(Ordering::SeqCst) && to.write_all(piece).await.is_err() {
            return;
        }
    }
    if dead.load(Ordering::SeqCst) {
        // The database hears of no end.
        std::future::pending::<()>().await;
    }
}

on_each_database! {
    async fn a_sequencer_whose_line_died_before_its_commit_lets_the_head_go(db) {
        let ground = Ground::on(db).await;
        let relay = Relay::before(db).await;
        let environment = [("HUISHOU_DATABASE_URL", relay.url.clone()), ("HUISHOU_DEV", "1".to_owned())];
        let config = Config::of(None, environment.into_iter().map(|(key, value)| (key.to_owned(), value))).unwrap();
        let far = Db::connect(&config.connect()).unwrap();
        let stop = CancellationToken::new();
        let first = tokio::spawn(sequencer::run(far, stop.clone()));
        ground.booking(Some(ground.zhang)).await;
        numbered(db).await;
        relay.armed.store(true, Ordering::SeqCst);
        ground.booking(Some(ground.zhang)).await;
        while relay.armed.load(Ordering::SeqCst) { tokio::time::sleep(Duration::from_millis(10)).await; }
        // The head's lock lies with a dead line; another server waits for it too.
        let second = tokio::spawn(sequencer::run(ground.app.db.clone(), stop.clone()));
        numbered(db).await;
        stop.cancel();
        first.await.unwrap();
        second.await.unwrap();
        let rows = db.count("SELECT COUNT(*) FROM sync_log").await;
        assert_eq!(db.count("SELECT MAX(seq) FROM sync_log").await, rows, "dense, nothing twice");
    }
}

/// Waits until everything has its number.
async fn numbered(db: &Database) {
    let start = Instant::now();
    while db.count("SELECT COUNT(*) FROM sync_outbox").await > 0 {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "the feed stands still"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
