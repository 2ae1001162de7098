//! The network between devices and servers: messages in their real wire form, delayed, reordered, lost on the way there
//! or back, and delivered once more long after.

use crate::{
    chance::Chance,
    executor::{Executor, MILLI, Micros, Node, SECOND, first},
    ledger::rows::Tables,
    server::SimHost,
    trace::Trace,
};
use huishou_client::{
    error::{Error, Result},
    sync::transport::Transport,
};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest, Verdict},
};
use huishou_server::{
    problem::Problem,
    sync::{
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

/// How often what happens to a message, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Lost before it reaches a server.
    pub lose_request: u32,
    /// Lost on the way back.
    pub lose_answer: u32,
    /// Delivered a second time, up to ten minutes later.
    pub duplicate: u32,
    /// Slow: up to the device's patience and beyond.
    pub slow: u32,
}

/// What happened to messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Requests sent.
    pub requests: u64,
    /// Requests lost.
    pub lost_requests: u64,
    /// Answers lost.
    pub lost_answers: u64,
    /// Delivered twice.
    pub duplicates: u64,
    /// Slow ones.
    pub slow: u64,
    /// Handlers dropped because who asked had gone.
    pub hang_ups: u64,
    /// Answers that say the build is too old.
    pub upgrades: u64,
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.lost_requests += other.lost_requests;
        self.lost_answers += other.lost_answers;
        self.duplicates += other.duplicates;
        self.slow += other.slow;
        self.hang_ups += other.hang_ups;
        self.upgrades += other.upgrades;
    }
}

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

/// Deliberate faults between device and server, to prove that the rules notice them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Meddling {
    /// None.
    #[default]
    None,
    /// Pulls say that more mutations were processed than their states contain: the device retires them early.
    RetireEarly,
    /// Pages lose a put.
    LosePut,
    /// Pages say they are complete when they are not.
    CompleteEarly,
    /// A push is answered with verdicts on commands that the server never saw.
    InventVerdicts,
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
}

impl Message {
    const fn path(&self) -> &'static str {
        match self {
            Self::Push(_) => "push",
            Self::Pull(_) => "pull",
        }
    }

    fn again(&self) -> Self {
        match self {
            Self::Push(text) => Self::Push(text.clone()),
            Self::Pull(text) => Self::Pull(text.clone()),
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
                let unseen = self.withhold(&mut request);
                let answer = push::push(host, caller, &request).await.map_err(problem)?;
                let answer = meddle_with_push(answer, unseen);
                serde_json::to_string(&answer).map_err(broken)
            }
            Message::Pull(text) => {
                let mut request: PullRequest = serde_json::from_str(text).map_err(broken)?;
                if outdated {
                    request.schema = 0;
                }
                let answer = pull::pull(&host.ledger, &CURSOR_KEY, caller, &request, host.now())
                    .await
                    .map_err(problem)?;
                let answer = self.meddle_with_pull(answer);
                self.remember(host, caller.staff, &answer);
                serde_json::to_string(&answer).map_err(broken)
            }
        }
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

    fn meddle_with_pull(&self, mut answer: PullAnswer) -> PullAnswer {
        match self.meddling {
            Meddling::RetireEarly => answer.last_mutation += 1,
            Meddling::LosePut if self.chance.permille(100) => {
                answer.puts.pop();
            }
            Meddling::CompleteEarly => answer.complete = true,
            _ => {}
        }
        answer
    }

    /// Keeps the second half of a push from the server; says how many those are.
    fn withhold(&self, request: &mut PushRequest) -> usize {
        if self.meddling != Meddling::InventVerdicts || request.mutations.len() < 2 {
            return 0;
        }
        let seen = request.mutations.len() / 2;
        request.mutations.split_off(seen).len()
    }
}

/// Answers also for what the server never saw.
fn meddle_with_push(mut answer: PushAnswer, unseen: usize) -> PushAnswer {
    for _ in 0..unseen {
        if let Some(last) = answer.verdicts.last().cloned() {
            answer.last_mutation = last.id + 1;
            answer.verdicts.push(Verdict {
                id: last.id + 1,
                ..last
            });
        }
    }
    answer
}

/// A device's way to the servers.
#[derive(Clone)]
pub struct Line {
    /// The network.
    pub network: Network,
    /// Who speaks.
    pub caller: Caller,
    /// On which node.
    pub node: Node,
}

impl Line {
    async fn post<T: serde::de::DeserializeOwned>(&self, message: Message) -> Result<T> {
        let text = self.network.ask(self.caller, self.node, message).await?;
        serde_json::from_str(&text).map_err(|e| Error::Undecodable(e.to_string()))
    }
}

impl Transport for Line {
    async fn push(&self, request: &PushRequest) -> Result<PushAnswer> {
        let text = serde_json::to_string(request)?;
        self.post(Message::Push(text)).await
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullAnswer> {
        let mut request = request.clone();
        // Small pages, so that snapshots and logs take several.
        if self.network.chance.permille(500) {
            request.limit = Some(1 + self.network.chance.index(6));
        }
        let text = serde_json::to_string(&request)?;
        self.post(Message::Pull(text)).await
    }
}
