//! The network between devices and servers: messages in their real wire form, delayed, reordered, lost on the way there
//! or back, and delivered once more long after.

mod imposter;
mod line;
mod meddling;
mod serving;
mod weather;

pub use line::Line;
pub use meddling::Meddling;
pub use weather::{Counts, Weather};

use crate::{
    chance::Chance,
    executor::{Executor, MILLI, Micros, Node, SECOND, first},
    ledger::{pictures::Piece, rows::Tables},
    rules::Broken,
    server::SimHost,
    trace::Trace,
};
use huishou_client::error::{Error, Result};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    pricing::Lang,
    sync::message::PullAnswer,
};
use huishou_server::problem::Problem;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// How long a device waits for an answer.
const PATIENCE: Micros = 60 * SECOND;

/// What a complete page showed: the moment it was read at, and for whom.
#[derive(Clone)]
pub struct Shown {
    /// Everything at that moment.
    pub tables: Arc<Tables>,
    /// The page.
    pub answer: Arc<PullAnswer>,
    /// Who asked.
    pub staff: StaffId,
}

struct Inner {
    servers: BTreeMap<Node, SimHost>,
    weather: Weather,
    counts: Counts,
    shown: BTreeMap<String, Shown>,
    oldest: std::collections::VecDeque<String>,
    /// Devices that are far from any network.
    away: BTreeMap<DeviceId, bool>,
    /// Builds that the server no longer talks to.
    outdated: BTreeMap<DeviceId, bool>,
    /// What servers did that they must not.
    offences: Vec<Broken>,
}

/// The network; clones are the same one.
#[derive(Clone)]
pub struct Network {
    inner: Arc<Mutex<Inner>>,
    executor: Executor,
    chance: Chance,
    trace: Trace,
    meddling: Meddling,
}

#[derive(Clone)]
enum Message {
    /// JSON, in the name of an access token.
    Post {
        path: String,
        token: Option<String>,
        text: String,
    },
    /// A piece of a picture, in the name of an access token.
    Piece(String, Arc<Piece>),
    /// A piece of a picture of a leaving device, with its signature.
    Parting(String, Arc<Piece>),
}

impl Message {
    fn path(&self) -> &str {
        match self {
            Self::Post { path, .. } => path,
            Self::Piece(..) => "piece",
            Self::Parting(..) => "parting piece",
        }
    }

    /// How much later it may come a second time: whoever repeats a request does so while it is waited for, unless it
    /// harms nobody.
    fn repeated_within(&self) -> Micros {
        match self {
            Self::Post { path, .. } if path.starts_with("/staff/") => PATIENCE,
            _ => 600 * SECOND,
        }
    }
}

type Answered = std::result::Result<String, Problem>;

impl Network {
    /// A network without servers.
    #[must_use]
    pub fn new(executor: Executor, chance: Chance, trace: Trace, meddling: Meddling) -> Self {
        let inner = Inner {
            servers: BTreeMap::new(),
            weather: Weather::default(),
            counts: Counts::default(),
            shown: BTreeMap::new(),
            oldest: std::collections::VecDeque::new(),
            away: BTreeMap::new(),
            outdated: BTreeMap::new(),
            offences: Vec::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            executor,
            chance,
            trace,
            meddling,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server is there.
    pub fn plug_in(&self, host: SimHost) {
        self.inner().servers.insert(host.node, host);
    }

    /// A server is gone.
    pub fn unplug(&self, node: Node) {
        self.inner().servers.remove(&node);
    }

    /// Other weather from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.inner().weather = weather;
    }

    /// A device leaves the network's reach or comes back into it.
    pub fn set_away(&self, device: DeviceId, away: bool) {
        self.inner().away.insert(device, away);
    }

    /// A device's build becomes too old for the server, or is brought up to date.
    pub fn set_outdated(&self, device: DeviceId, outdated: bool) {
        self.inner().outdated.insert(device, outdated);
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// What the complete page with this cursor showed.
    #[must_use]
    pub fn shown(&self, cursor: &str) -> Option<Shown> {
        self.inner().shown.get(cursor).cloned()
    }

    async fn ask(&self, from: DeviceId, node: Node, message: Message) -> Result<String> {
        let offline = |why: &str| Error::Offline(why.to_owned());
        let weather = {
            let mut inner = self.inner();
            inner.counts.requests += 1;
            if inner.away.get(&from) == Some(&true) {
                return Err(offline("no network"));
            }
            inner.weather
        };
        if self.chance.permille(weather.imposter) {
            self.inner().counts.imposters += 1;
            self.trace.note(node, "a false word that it is shut out");
            return Err(imposter::word(&self.chance, from));
        }
        if self.chance.permille(weather.lose_request) {
            self.inner().counts.lost_requests += 1;
            self.trace
                .note(node, format!("{} lost on its way", message.path()));
            self.executor.sleep(PATIENCE).await;
            return Err(offline("timed out"));
        }
        if self.chance.permille(weather.duplicate) {
            self.inner().counts.duplicates += 1;
            let later = self.chance.below(message.repeated_within());
            self.deliver(from, message.clone(), later, None);
        }
        let (answer, wait) = oneshot::channel();
        let delay = self.delay(weather);
        self.deliver(from, message, delay, Some(answer));
        let answered = first(wait, self.executor.sleep(PATIENCE)).await;
        match answered {
            Ok(Ok(Ok(text))) => Ok(text),
            Ok(Ok(Err(problem))) => Err(told(&problem)),
            Ok(Err(_)) => Err(offline("connection reset")),
            Err(()) => Err(offline("timed out")),
        }
    }

    fn delay(&self, weather: Weather) -> Micros {
        if self.chance.permille(weather.slow) {
            self.inner().counts.slow += 1;
            self.chance.below(2 * PATIENCE)
        } else {
            self.chance.below(150 * MILLI)
        }
    }

    /// Carries a message to some server and its answer back.
    fn deliver(
        &self,
        from: DeviceId,
        message: Message,
        delay: Micros,
        answer: Option<oneshot::Sender<Answered>>,
    ) {
        let net = self.clone();
        self.executor.spawn(Node::WORLD, async move {
            net.executor.sleep(delay).await;
            let hosts: Vec<SimHost> = net.inner().servers.values().cloned().collect();
            let Some(host) = net.chance.pick(&hosts).map(SimHost::for_request) else {
                return;
            };
            let outdated = net.inner().outdated.get(&from) == Some(&true);
            if outdated {
                net.inner().counts.upgrades += 1;
            }
            let node = host.node;
            let here = net.clone();
            let work = async move {
                here.at_server(host, from, message, outdated, answer).await;
            };
            net.executor.spawn(node, Box::pin(work));
        });
    }

    async fn at_server(
        &self,
        host: SimHost,
        from: DeviceId,
        message: Message,
        outdated: bool,
        answer: Option<oneshot::Sender<Answered>>,
    ) {
        let handled = Box::pin(self.handle(&host, from, &message, outdated));
        let Some(mut answer) = answer else {
            let _nobody_hears_it = handled.await;
            return;
        };
        // A framework drops the handler of a connection that was closed, or does not notice: both happen.
        let answered = if self.chance.permille(500) {
            match first(handled, answer.closed()).await {
                Ok(answered) => answered,
                Err(()) => {
                    self.inner().counts.hang_ups += 1;
                    return;
                }
            }
        } else {
            handled.await
        };
        let weather = self.inner().weather;
        if self.chance.permille(weather.lose_answer) {
            self.inner().counts.lost_answers += 1;
            self.trace
                .note(host.node, format!("answer to a {} lost", message.path()));
            let held = answer;
            self.executor.sleep(2 * PATIENCE).await;
            drop(held);
            return;
        }
        let delay = self.delay(weather);
        self.executor.sleep(delay).await;
        let _ = answer.send(answered);
    }
}

/// What a device reads of a problem.
fn told(problem: &Problem) -> Error {
    let body = problem.body(Lang::Zh, "");
    let field = body.get("field").and_then(|field| field.as_str());
    Error::Problem {
        status: problem.status,
        code: problem.code.clone(),
        field: field.map(str::to_owned),
        body: Box::new(body),
    }
}
