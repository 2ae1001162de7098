//! A bad line between devices and servers: a TCP relay in front of several servers that resets connections, answers
//! nobody, drops one direction, delays and cuts answers. What happens to the n-th connection follows from a seed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::time::sleep;

/// What becomes of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Passed on as it is.
    Honest,
    /// Reset as soon as it is accepted.
    Reset,
    /// Accepted, never answered and not passed on; reset after a while.
    BlackHole,
    /// The server hears and answers; nobody hears the answer. Reset after a while.
    Deaf,
    /// The server hears nothing of what is sent; reset after a while.
    Mute,
    /// The answer breaks off after so many bytes, with a reset.
    Cut(usize),
    /// Every piece takes so long, both ways.
    Slow(Duration),
}

impl Fate {
    /// The fate of the `n`-th connection.
    #[must_use]
    pub fn of(seed: u64, n: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        match random.random_range(0..100) {
            0..5 => Self::Reset,
            5..11 => Self::BlackHole,
            11..18 => Self::Deaf,
            18..22 => Self::Mute,
            22..30 => Self::Cut(random.random_range(0..600)),
            30..38 => Self::Slow(Duration::from_millis(random.random_range(20..250))),
            _ => Self::Honest,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Reset => "reset",
            Self::BlackHole => "black hole",
            Self::Deaf => "answer dropped",
            Self::Mute => "request dropped",
            Self::Cut(_) => "answer cut",
            Self::Slow(_) => "slow",
        }
    }
}

/// A relay in front of several servers.
pub struct Proxy {
    url: String,
    line: Arc<Line>,
    task: tokio::task::JoinHandle<()>,
}

struct Line {
    servers: Vec<String>,
    seed: u64,
    bad: AtomicBool,
    connections: AtomicU64,
    fates: Mutex<std::collections::BTreeMap<&'static str, u32>>,
    cut: broadcast::Sender<()>,
}

impl Proxy {
    /// In front of the servers at `http://…`, an honest line at first.
    pub async fn before(servers: &[&str], seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let line = Arc::new(Line {
            servers: servers
                .iter()
                .map(|url| url.trim_start_matches("http://").to_owned())
                .collect(),
            seed,
            bad: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            fates: Mutex::default(),
            cut: broadcast::channel(1).0,
        });
        let shared = Arc::clone(&line);
        let task = tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                tokio::spawn(connection(device, Arc::clone(&shared)));
            }
        });
        Self { url, line, task }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on connections meet their fates.
    pub fn turn_bad(&self) {
        self.line.bad.store(true, Ordering::SeqCst);
    }

    /// From now on everything is passed on; what was bad is reset.
    pub fn turn_honest(&self) {
        self.line.bad.store(false, Ordering::SeqCst);
        self.cut();
    }

    /// Resets every connection there is.
    pub fn cut(&self) {
        let _ = self.line.cut.send(());
    }

    /// How many connections met which fate.
    #[must_use]
    pub fn account(&self) -> String {
        let fates = self.line.fates.lock().expect("no panic");
        let each: Vec<String> = fates
            .iter()
            .map(|(fate, n)| format!("{n} {fate}"))
            .collect();
        each.join(", ")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    fn fate(&self, n: u64) -> Fate {
        let fate = if self.bad.load(Ordering::SeqCst) {
            Fate::of(self.seed, n)
        } else {
            Fate::Honest
        };
        *self
            .fates
            .lock()
            .expect("no panic")
            .entry(fate.name())
            .or_default() += 1;
        fate
    }

    /// The server whose turn it is, or another one that listens.
    async fn connect(&self, n: u64) -> Option<TcpStream> {
        let (first, all) = (usize::try_from(n).unwrap_or(0), self.servers.len());
        for turn in 0..all {
            let there = TcpStream::connect(&self.servers[(first + turn) % all]).await;
            if let Ok(there) = there {
                return Some(there);
            }
        }
        None
    }
}

/// One connection to its end. Dropped with pending data or zero linger, it is reset.
async fn connection(device: TcpStream, line: Arc<Line>) {
    let n = line.connections.fetch_add(1, Ordering::SeqCst);
    let (fate, mut cut) = (line.fate(n), line.cut.subscribe());
    let _ = device.set_zero_linger();
    let _ = device.set_nodelay(true);
    let hold = Duration::from_millis(300 + n.wrapping_mul(797) % 2_200);
    match fate {
        Fate::Reset => {}
        Fate::BlackHole => tokio::select! { () = sleep(hold) => {}, _ = cut.recv() => {} },
        _ => {
            let Some(there) = line.connect(n).await else {
                return;
            };
            let _ = there.set_nodelay(true);
            tokio::select! { () = relay(device, there, fate, hold) => {}, _ = cut.recv() => {} }
        }
    }
}

async fn relay(device: TcpStream, there: TcpStream, fate: Fate, hold: Duration) {
    let (from_device, to_device) = device.into_split();
    let (from_server, to_server) = there.into_split();
    let delay = match fate {
        Fate::Slow(delay) => delay,
        _ => Duration::ZERO,
    };
    let most = match fate {
        Fate::Cut(bytes) => bytes,
        _ => usize::MAX,
    };
    let up = pass(
        from_device,
        (fate != Fate::Mute).then_some(to_server),
        delay,
        usize::MAX,
    );
    let down = pass(
        from_server,
        (fate != Fate::Deaf).then_some(to_device),
        delay,
        most,
    );
    if matches!(fate, Fate::Mute | Fate::Deaf) {
        // Half open: the other side may close; this one says nothing until its time is over.
        tokio::select! { () = sleep(hold) => {}, ((), ()) = async { tokio::join!(up, down) } => {} }
    } else {
        tokio::select! { () = up => {}, () = down => {} }
    }
}

/// Passes on up to `most` bytes in one direction, or swallows them.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: Option<OwnedWriteHalf>,
    delay: Duration,
    most: usize,
) {
    let (mut buffer, mut left) = (vec![0; 1 << 14], most);
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if !delay.is_zero() {
            sleep(delay).await;
        }
        let passed = read.min(left);
        if let Some(to) = &mut to
            && to.write_all(&buffer[..passed]).await.is_err()
        {
            return;
        }
        left -= passed;
        if left == 0 {
            return;
        }
    }
}
