//! The open loop: requests are due at a constant rate, whether or not earlier ones have been answered, and each one's
//! latency counts from the moment it was due. What a closed loop cannot show: a server that stalls is not spared.

use super::{
    requests::{Kind, Requests},
    scene::Running,
};
use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::Semaphore, time::timeout_at};

/// A stretch of time at one rate.
#[derive(Debug, Clone, Copy)]
pub struct Phase {
    /// Requests a second.
    pub rate: f64,
    /// Seconds.
    pub seconds: f64,
}

/// What became of one request. Times in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// What it asked.
    pub kind: Kind,
    /// When it was due, from the beginning.
    pub due: f64,
    /// From then until it was sent: the generator's and its connections' part.
    pub waited: f64,
    /// From when it was due until the answer's last byte.
    pub took: f64,
    /// The answer's status; 0 where the connection broke or nothing came in time.
    pub status: u16,
}

/// Longer than this nobody waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at what is due.
const TICK: Duration = Duration::from_micros(500);

struct Job {
    kind: Kind,
    request: Request<Full<Bytes>>,
    due: Instant,
}

/// What is due and not yet taken by a connection.
struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    waiting: Semaphore,
}

impl Queue {
    fn push(&self, job: Job) {
        self.lock().push_back(job);
        self.waiting.add_permits(1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one; `None` once it is over.
    async fn pop(&self) -> Option<Job> {
        self.waiting.acquire().await.ok()?.forget();
        self.lock().pop_front()
    }
}

/// Runs the phases one after the other against a side, over so many connections; answers what became of each request, in
/// the order in which they were due.
///
/// # Errors
/// The side's tokens cannot be read.
pub async fn drive(side: &Running, phases: &[Phase], connections: usize) -> Result<Vec<Outcome>> {
    let address = side.url.trim_start_matches("http://").to_owned();
    let queue = Arc::new(Queue {
        jobs: Mutex::default(),
        waiting: Semaphore::new(0),
    });
    let start = Instant::now() + Duration::from_millis(200);
    let lines: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(serve(address.clone(), Arc::clone(&queue), start)))
        .collect();
    let (requests, phases, feeding) = (Requests::of(side)?, phases.to_vec(), Arc::clone(&queue));
    let fed = tokio::task::spawn_blocking(move || feed(requests, &phases, &feeding, start));
    fed.await.context("the pacer")??;
    // Those still waiting get their time; a permit without a job ends a connection.
    queue.waiting.add_permits(connections);
    let mut outcomes = Vec::new();
    for line in lines {
        outcomes.extend(line.await.context("a connection")?);
    }
    outcomes.sort_by(|a, b| a.due.total_cmp(&b.due));
    Ok(outcomes)
}

/// Puts each request into the queue when it is due. Requests are made a moment before, not between two of them.
fn feed(mut requests: Requests, phases: &[Phase], queue: &Queue, start: Instant) -> Result<()> {
    let mut begin = 0.0;
    for phase in phases {
        let mut sent = 0.0;
        while sent < phase.rate * phase.seconds {
            let due = start + Duration::from_secs_f64(begin + sent / phase.rate);
            let (kind, request) = requests.draw()?;
            while Instant::now() < due {
                std::thread::sleep(due.saturating_duration_since(Instant::now()).min(TICK));
            }
            queue.push(Job { kind, request, due });
            sent += 1.0;
        }
        begin += phase.seconds;
    }
    Ok(())
}

type Line = http1::SendRequest<Full<Bytes>>;

/// One connection: takes what is due, one after the other, and connects anew where it broke.
async fn serve(address: String, queue: Arc<Queue>, start: Instant) -> Vec<Outcome> {
    let (mut line, mut outcomes) = (connect(&address).await, Vec::new());
    while let Some(job) = queue.pop().await {
        let sent = Instant::now();
        let until = (job.due + PATIENCE).into();
        let answer = timeout_at(until, ask(&mut line, &address, job.request)).await;
        let status = match answer {
            Ok(Some(status)) => status,
            Ok(None) | Err(_) => {
                line = None;
                0
            }
        };
        let millis =
            |from: Instant, to: Instant| to.saturating_duration_since(from).as_secs_f64() * 1_000.0;
        outcomes.push(Outcome {
            kind: job.kind,
            due: millis(start, job.due),
            waited: millis(job.due, sent),
            took: millis(job.due, Instant::now()),
            status,
        });
    }
    outcomes
}

async fn ask(line: &mut Option<Line>, address: &str, request: Request<Full<Bytes>>) -> Option<u16> {
    if line.as_ref().is_none_or(Line::is_closed) {
        *line = connect(address).await;
    }
    let line = line.as_mut()?;
    line.ready().await.ok()?;
    let answer = line.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        frame.ok()?;
    }
    Some(status)
}

async fn connect(address: &str) -> Option<Line> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let (line, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(line)
}
