//! The network between devices and servers: messages in their real wire form, delayed, reordered, lost on the way there
//! or back, and delivered once more long after.

mod line;
mod meddling;
mod weather;

pub use line::Line;
pub use meddling::Meddling;
pub use weather::{Counts, Weather};

use crate::{
    chance::Chance,
    executor::{Executor, MILLI, Micros, Node, SECOND, first},
    ledger::{
        pictures::{Added, Piece},
        rows::Tables,
    },
    server::SimHost,
    trace::Trace,
    world::acts::short,
};
use huishou_client::error::{Error, Result};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::message::{PullAnswer, PullRequest, PushRequest},
};
use huishou_server::{
    problem::Problem,
    sync::{
        cursor::Cursor,
        ports::Host,
        pull::{self, Caller},
        push,
    },
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// How long a device waits for an answer.
const PATIENCE: Micros = 60 * SECOND;
/// What a pull's cursor is sealed with.
const CURSOR_KEY: [u8; 32] = [0x5e; 32];

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

enum Message {
    Push(String),
    Pull(String),
    Piece(Arc<Piece>),
}

impl Message {
    const fn path(&self) -> &'static str {
        match self {
            Self::Push(_) => "push",
            Self::Pull(_) => "pull",
            Self::Piece(_) => "piece",
        }
    }

    fn again(&self) -> Self {
        match self {
            Self::Push(text) => Self::Push(text.clone()),
            Self::Pull(text) => Self::Pull(text.clone()),
            Self::Piece(piece) => Self::Piece(Arc::clone(piece)),
        }
    }
}

type Answered = std::result::Result<String, (u16, String)>;

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

    async fn ask(&self, caller: Caller, from: Node, message: Message) -> Result<String> {
        let offline = |why: &str| Error::Offline(why.to_owned());
        let weather = {
            let mut inner = self.inner();
            inner.counts.requests += 1;
            if inner.away.get(&caller.device) == Some(&true) {
                return Err(offline("no network"));
            }
            inner.weather
        };
        if self.chance.permille(weather.lose_request) {
            self.inner().counts.lost_requests += 1;
            self.trace
                .note(from, format!("{} lost on its way", message.path()));
            self.executor.sleep(PATIENCE).await;
            return Err(offline("timed out"));
        }
        if self.chance.permille(weather.duplicate) {
            self.inner().counts.duplicates += 1;
            let later = self.chance.below(600 * SECOND);
            self.deliver(caller, message.again(), later, None);
        }
        let (answer, wait) = oneshot::channel();
        let delay = self.delay(weather);
        self.deliver(caller, message, delay, Some(answer));
        let answered = first(wait, self.executor.sleep(PATIENCE)).await;
        match answered {
            Ok(Ok(Ok(text))) => Ok(text),
            Ok(Ok(Err((status, code)))) => Err(Error::Problem {
                body: Box::new(json!({"status": status, "code": code})),
                status,
                code,
                field: None,
            }),
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
        caller: Caller,
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
            let outdated = net.inner().outdated.get(&caller.device) == Some(&true);
            if outdated {
                net.inner().counts.upgrades += 1;
            }
            let node = host.node;
            let here = net.clone();
            let work = async move {
                here.at_server(host, caller, message, outdated, answer)
                    .await;
            };
            net.executor.spawn(node, Box::pin(work));
        });
    }

    async fn at_server(
        &self,
        host: SimHost,
        caller: Caller,
        message: Message,
        outdated: bool,
        answer: Option<oneshot::Sender<Answered>>,
    ) {
        let handled = Box::pin(self.handle(&host, caller, &message, outdated));
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

    async fn handle(
        &self,
        host: &SimHost,
        caller: Caller,
        message: &Message,
        outdated: bool,
    ) -> Answered {
        let problem = |p: Problem| (p.status, p.code);
        let broken = |e: serde_json::Error| (500, e.to_string());
        match message {
            Message::Push(text) => {
                let mut request: PushRequest = serde_json::from_str(text).map_err(broken)?;
                if outdated {
                    request.schema = 0;
                }
                let unseen = self.meddling.withhold(&mut request);
                let answer = push::push(host, caller, &request).await.map_err(problem)?;
                let answer = meddling::answer_for(answer, unseen);
                serde_json::to_string(&answer).map_err(broken)
            }
            Message::Piece(piece) => {
                let added = host.ledger.add_piece(caller.device, piece).await;
                let added = added.map_err(|e| problem(Problem::from(e)))?;
                Ok(match added {
                    Added::Whole => "whole".to_owned(),
                    Added::Upto(upto) => format!("upto {upto}"),
                    Added::Elsewhere(at) => format!("expected {at}"),
                    Added::Mismatch => return Err((422, "hash_mismatch".to_owned())),
                    Added::NoPiece => return Err((400, "bad_content_range".to_owned())),
                })
            }
            Message::Pull(text) => {
                let mut request: PullRequest = serde_json::from_str(text).map_err(broken)?;
                if outdated {
                    request.schema = 0;
                }
                let answer = pull::pull(&host.ledger, &CURSOR_KEY, caller, &request, host.now())
                    .await
                    .map_err(problem)?;
                self.note_page(caller, &request, &answer);
                let answer = self.meddling.with_pull(&self.chance, answer);
                self.remember(host, caller.staff, &answer);
                serde_json::to_string(&answer).map_err(broken)
            }
        }
    }

    /// What a page holds, for whoever reads the events.
    fn note_page(&self, caller: Caller, request: &PullRequest, answer: &PullAnswer) {
        if !self.trace.is_aloud() {
            return;
        }
        let at = |cursor: &str| {
            let cursor = Cursor::open(cursor, &CURSOR_KEY);
            cursor.map_or_else(
                |_| "unreadable".to_owned(),
                |c| {
                    let epoch = short(Some(c.epoch));
                    format!("{epoch}:{} tail {:?}", c.seq(), c.tail)
                },
            )
        };
        let from = request.cursor.as_deref().map(at);
        let puts: Vec<_> = answer
            .puts
            .iter()
            .map(|p| format!("{} {}@{}", p.kind.as_str(), short(Some(p.id)), p.version))
            .collect();
        let whole = if answer.complete { "last page" } else { "page" };
        let device = caller.device.0.as_u128() % 16 + 10;
        self.trace.note(
            Node(u32::try_from(device).unwrap_or(0)),
            format!(
                "{whole} from {from:?} to {}: {puts:?}, drops {:?}, reset {:?}, last {}/{}",
                at(&answer.cursor),
                answer.drops,
                answer.reset,
                answer.incarnation,
                answer.last_mutation,
            ),
        );
    }

    fn remember(&self, host: &SimHost, staff: StaffId, answer: &PullAnswer) {
        const KEPT: usize = 400;
        let Some(tables) = host.ledger.seen().filter(|_| answer.complete) else {
            return;
        };
        let shown = Shown {
            tables,
            answer: Arc::new(answer.clone()),
            staff,
        };
        let mut inner = self.inner();
        inner.shown.insert(answer.cursor.clone(), shown);
        inner.oldest.push_back(answer.cursor.clone());
        if inner.oldest.len() > KEPT
            && let Some(oldest) = inner.oldest.pop_front()
        {
            inner.shown.remove(&oldest);
        }
    }
}
