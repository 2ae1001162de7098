//! A server in memory: scoped aggregates with a change log, mutations in order with stored verdicts, pages as small
//! as a test likes.

use crate::{
    error::{Error, Result},
    sync::transport::Transport,
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::{Address, Appointment, AppointmentStatus, Contact, Slot},
    booking::Booking,
    command::{AppointmentCreate, Command, Subject},
    ids::{AppointmentId, OrderId, QuoteId, StaffId, StationId, UserId, uuid_v7},
    money::Fen,
    order::Order,
    price_book,
    quote::{BookRef, Quote, QuoteKind, QuoteLine},
    review::ReviewCode,
    staff::{Actor, Role, Staff, Station},
    sync::{
        check::Check,
        message::{
            DropReason, Dropped, Gap, Mutation, Outcome, PullAnswer, PullRequest, PushAnswer,
            PushRequest, Put, Verdict,
        },
        scope::{Kind, Scope},
    },
    visit::{Act, Opening, Party, Visit, create_ticket},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};
use uuid::Uuid;

pub const ZHANG: StaffId = StaffId(Uuid::from_u128(0xA1));
pub const LI: StaffId = StaffId(Uuid::from_u128(0xA2));
pub const STATION: StationId = StationId(Uuid::from_u128(0xB1));

type Key = (Kind, Uuid);

#[derive(Debug, Clone)]
struct Row {
    version: i64,
    body: Value,
    scopes: BTreeSet<Scope>,
}

#[derive(Clone)]
pub struct State {
    rows: BTreeMap<Key, Row>,
    log: Vec<Key>,
    granted: BTreeSet<Scope>,
    /// The device's newest incarnation, its highest number and the verdicts in it.
    incarnation: u32,
    last: i64,
    verdicts: BTreeMap<i64, (Uuid, Verdict)>,
    /// Of every command ever processed, by identity.
    known: BTreeMap<Uuid, Verdict>,
    /// The history.
    pub epoch: Uuid,
    /// A server of before single scopes could be asked for anew.
    pub passes_over_again: bool,
    /// Every pull ever asked.
    pub asked: Vec<PullRequest>,
    /// Aggregates sent so far.
    pub put: usize,
    /// Every request is answered with this problem.
    pub problem: Option<(u16, &'static str)>,
    /// Where it says that the newer version is.
    pub download: &'static str,
    now: DateTime<Utc>,
    random: u8,
    /// Aggregates a page.
    pub page: usize,
    /// Commands refused by name, with a code.
    pub refuse: BTreeMap<&'static str, &'static str>,
    /// So many answers to pushes are lost after they took effect.
    pub lose_push: u32,
    /// So many answers to pulls are lost.
    pub lose_pull: u32,
    /// The next pull starts every scope anew.
    pub reset: bool,
    /// Every mutation ever received, byte for byte.
    pub received: Vec<String>,
    /// Complete pages so far.
    pub completed: u32,
}

pub struct Server(Mutex<State>);

impl Server {
    /// A station with its catalogue, for a device with these scopes.
    pub fn new(granted: &[Scope]) -> Self {
        let state = State {
            rows: BTreeMap::new(),
            log: Vec::new(),
            granted: granted.iter().cloned().collect(),
            incarnation: 1,
            last: 0,
            verdicts: BTreeMap::new(),
            known: BTreeMap::new(),
            epoch: Uuid::from_u128(0xE1),
            passes_over_again: false,
            asked: Vec::new(),
            put: 0,
            problem: None,
            download: "",
            now: "2026-11-23T02:00:00Z".parse().unwrap(),
            random: 0,
            page: 1000,
            refuse: BTreeMap::new(),
            lose_push: 0,
            lose_pull: 0,
            reset: false,
            received: Vec::new(),
            completed: 0,
        };
        let server = Self(Mutex::new(state));
        let book = price_book::demo();
        server.put(
            Kind::PriceBook,
            book.id.uuid(),
            &serde_json::to_value(&book).unwrap(),
            &[Scope::Catalog(book.city.clone())],
        );
        let station = Station {
            id: STATION,
            version: 1,
            code: "xihu".into(),
            name: "城西站".into(),
            city: book.city,
            address: "文三路".into(),
            divisions: vec!["3301".into()],
        };
        server.put(
            Kind::Station,
            STATION.uuid(),
            &serde_json::to_value(station).unwrap(),
            &[Scope::Collector(ZHANG), Scope::Station(STATION)],
        );
        for (id, name) in [(ZHANG, "张师傅"), (LI, "李师傅")] {
            let staff = Staff {
                id,
                version: 1,
                username: name.into(),
                name: name.into(),
                role: Role::Collector,
                station_id: Some(STATION),
                active: true,
            };
            server.put(
                Kind::Staff,
                id.uuid(),
                &serde_json::to_value(staff).unwrap(),
                &[Scope::Collector(id), Scope::Station(STATION)],
            );
        }
        server
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Writes an aggregate and marks it dirty.
    pub fn put(&self, kind: Kind, id: Uuid, body: &Value, scopes: &[Scope]) {
        self.state()
            .write(kind, id, body.clone(), scopes.iter().cloned().collect());
    }

    /// An aggregate is in other scopes from now on.
    pub fn move_to(&self, order: OrderId, scopes: &[Scope]) {
        let mut state = self.state();
        for key in state.keys_of(order.uuid()) {
            let body = state.rows[&key].body.clone();
            state.write(key.0, key.1, body, scopes.iter().cloned().collect());
        }
    }

    /// A booking of 30 kg of cardboard, assigned to Zhang.
    pub fn book(&self, hour: u32) -> (AppointmentId, OrderId) {
        let (appointment, order) = self.state().booking(hour);
        let scopes = [Scope::Collector(ZHANG), Scope::Station(STATION)];
        self.put(
            Kind::Appointment,
            appointment.id.uuid(),
            &serde_json::to_value(&appointment).unwrap(),
            &scopes,
        );
        self.put(
            Kind::Order,
            order.id.uuid(),
            &serde_json::to_value(&order).unwrap(),
            &scopes,
        );
        (appointment.id, order.id)
    }

    /// Someone else changes an appointment.
    pub fn note(&self, id: AppointmentId, note: &str) {
        let mut state = self.state();
        let Row {
            mut body, scopes, ..
        } = state.rows[&(Kind::Appointment, id.uuid())].clone();
        body["note"] = json!(note);
        state.write(Kind::Appointment, id.uuid(), body, scopes);
    }

    pub fn order(&self, id: OrderId) -> Order {
        serde_json::from_value(self.state().rows[&(Kind::Order, id.uuid())].body.clone()).unwrap()
    }

    /// Everything the device may see: key, version, body.
    pub fn visible(&self) -> BTreeMap<Key, (i64, Value)> {
        let state = self.state();
        state
            .visible()
            .into_iter()
            .map(|key| {
                (
                    key,
                    (state.rows[&key].version, state.rows[&key].body.clone()),
                )
            })
            .collect()
    }

    /// As if restored from a backup of before the device's mutations after `last`.
    pub fn forget_after(&self, last: i64) {
        let mut state = self.state();
        state.last = last;
        for (_, (uid, _)) in state.verdicts.split_off(&(last + 1)) {
            state.known.remove(&uid);
        }
    }

    /// All that a backup holds.
    pub fn backup(&self) -> State {
        self.state().clone()
    }

    /// Put back from a backup; the history is another one from here on. What it heard in vain is kept for tests.
    pub fn restore(&self, backup: &State) {
        let mut state = self.state();
        let received = std::mem::take(&mut state.received);
        let (epoch, now) = (Uuid::from_u128(state.epoch.as_u128() + 1), state.now);
        *state = State {
            received,
            epoch,
            now,
            ..backup.clone()
        };
    }

    /// Lets time pass.
    pub fn pass(&self, time: TimeDelta) {
        self.state().now += time;
    }

    /// The device's newest incarnation and highest number.
    pub fn numbers(&self) -> (u32, i64) {
        let state = self.state();
        (state.incarnation, state.last)
    }
}

impl State {
    fn write(&mut self, kind: Kind, id: Uuid, mut body: Value, scopes: BTreeSet<Scope>) {
        let version = self.rows.get(&(kind, id)).map_or(0, |row| row.version) + 1;
        if kind != Kind::PriceBook {
            body["version"] = json!(version);
        }
        self.rows.insert(
            (kind, id),
            Row {
                version,
                body,
                scopes,
            },
        );
        self.log.push((kind, id));
    }

    fn booking(&mut self, hour: u32) -> (Appointment, Order) {
        self.random = self.random.wrapping_add(1);
        let mut byte = self.random;
        let now = self.now;
        let mut id = || {
            byte = byte.wrapping_mul(31).wrapping_add(17);
            uuid_v7(
                now,
                [self.random, byte, 3, 4, 5, 6, 7, 8, byte, self.random],
            )
        };
        let book = price_book::demo();
        let amount = Fen::from_fen(3300);
        let estimate = Quote {
            id: QuoteId(id()),
            kind: QuoteKind::Estimate,
            book: BookRef {
                city: book.city.clone(),
                version: i64::from(book.version),
                hash: book.hash,
            },
            items: serde_json::from_value(
                json!([{"category": "paper/cardboard", "quantity": "30"}]),
            )
            .unwrap(),
            lines: vec![QuoteLine {
                category: "paper/cardboard".into(),
                quantity: "30".into(),
                unit_price: "1.1".into(),
                applied: vec![],
                amount,
            }],
            total: amount,
            adjustments: vec![],
            due: amount,
            gap_reasons: vec![],
            trace: vec![],
            created_at: now,
        };
        let (order_id, appointment_id) = (OrderId(id()), AppointmentId(id()));
        let appointment = Appointment {
            id: appointment_id,
            order_id,
            version: 1,
            status: AppointmentStatus::Confirmed,
            user_id: Some(UserId(Uuid::from_u128(0xC1))),
            station_id: STATION,
            assignee: Some(ZHANG),
            city: book.city,
            items: estimate.items.clone(),
            address: Address {
                division: "330106".into(),
                detail: "文三路 90 号".into(),
                lng: None,
                lat: None,
            },
            contact: Contact {
                name: "王女士".into(),
                phone: "13800002046".into(),
            },
            appointment_time: now + TimeDelta::hours(i64::from(hour)),
            slot: Slot {
                date: "2026-11-23".into(),
                start: "10:00".into(),
                end: "12:00".into(),
            },
            estimate,
            channel: None,
            note: String::new(),
            photos: vec![],
            rescheduled_version: None,
            started_at: None,
            completed_at: None,
            cancellation: None,
            reviews: vec![],
            created_at: now,
            updated_at: now,
        };
        let order = Order {
            appointment_id: Some(appointment_id),
            user_id: appointment.user_id,
            collector: Some(ZHANG),
            ..Order::new(order_id, STATION, now)
        };
        (appointment, order)
    }

    fn visible(&self) -> Vec<Key> {
        self.rows
            .iter()
            .filter(|(_, row)| !row.scopes.is_disjoint(&self.granted))
            .map(|(key, _)| *key)
            .collect()
    }

    fn keys_of(&self, order: Uuid) -> Vec<Key> {
        let is_of = |key: &&Key| key.1 == order || self.rows[key].body["order_id"] == json!(order);
        self.rows.keys().filter(is_of).copied().collect()
    }

    fn push(&mut self, request: &PushRequest) -> Result<PushAnswer> {
        let stale = |incarnation: u32| Error::Problem {
            status: 409,
            code: "stale_incarnation".into(),
            field: None,
            body: Box::new(json!({"code": "stale_incarnation", "incarnation": incarnation})),
        };
        if request.incarnation < self.incarnation {
            return Err(stale(self.incarnation));
        }
        let mut answer = PushAnswer {
            last_mutation: self.last,
            verdicts: vec![],
            gap: None,
            incarnation: 1,
            epoch: self.epoch,
            server_time: self.now,
        };
        if request.incarnation > self.incarnation && !request.mutations.is_empty() {
            self.incarnation = request.incarnation;
            self.last = 0;
            self.verdicts.clear();
        }
        for raw in &request.mutations {
            let mutation: Mutation = serde_json::from_str(raw.get()).unwrap();
            if mutation.id > self.last + 1 {
                answer.gap = Some(Gap {
                    expected: self.last + 1,
                });
                break;
            }
            if mutation.id == self.last + 1 {
                self.received.push(raw.get().to_owned());
                let verdict = match self.known.get(&mutation.uid) {
                    Some(known) => Verdict {
                        id: mutation.id,
                        ..known.clone()
                    },
                    None => self.process(&mutation),
                };
                self.known.insert(mutation.uid, verdict.clone());
                self.verdicts.insert(mutation.id, (mutation.uid, verdict));
                self.last = mutation.id;
            }
            let (uid, verdict) = self.verdicts[&mutation.id].clone();
            if uid != mutation.uid {
                return Err(stale(self.incarnation));
            }
            answer.verdicts.push(verdict);
        }
        answer.last_mutation = self.last;
        answer.incarnation = self.incarnation;
        Ok(answer)
    }

    fn process(&mut self, mutation: &Mutation) -> Verdict {
        let mut verdict = Verdict {
            id: mutation.id,
            outcome: Outcome::Applied,
            version: None,
            review: None,
            reviews: vec![],
            code: None,
            field: None,
            current: None,
        };
        let refused = |code: &str, mut verdict: Verdict| {
            verdict.outcome = if code == "conflict" {
                Outcome::Conflict
            } else {
                Outcome::Rejected
            };
            verdict.code = Some(code.to_owned());
            verdict
        };
        if let Some(code) = self.refuse.get(mutation.name.as_str()) {
            return refused(code, verdict);
        }
        let command = Command::decode(&mutation.name, &mutation.args).unwrap();
        let was_refused = |uid: &Uuid| {
            self.known
                .get(uid)
                .is_some_and(|known| known.outcome != Outcome::Applied)
        };
        if !command.is_fact() && mutation.after.iter().any(was_refused) {
            return refused("dependency_refused", verdict);
        }
        let actor = Actor {
            id: mutation.actor,
            role: Role::Collector,
            station: Some(STATION),
        };
        let act = Act {
            client_time: Some(mutation.client_time),
            saw_version: mutation.expect_version,
            ..Act::new(Party::Staff(actor), self.now)
        };
        let key = match command.subject() {
            Subject::Order(id) | Subject::NewTicket(id) | Subject::NewAppointment(_, id) => {
                id.uuid()
            }
            // What it is about was refused.
            Subject::Appointment(id)
                if !self.rows.contains_key(&(Kind::Appointment, id.uuid())) =>
            {
                if !command.is_fact() {
                    return refused("dependency_refused", verdict);
                }
                verdict.review = Some(ReviewCode::Disputed);
                return verdict;
            }
            Subject::Appointment(id) => self.rows[&(Kind::Appointment, id.uuid())].body["order_id"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap(),
            Subject::Catalogue => return refused("forbidden", verdict),
        };
        if let (Command::Ticket(args), true) = (&command, self.keys_of(key).is_empty()) {
            let order = create_ticket(args, &act).0;
            let scopes = [Scope::Station(STATION), Scope::Collector(mutation.actor)].into();
            self.write(
                Kind::Order,
                key,
                serde_json::to_value(order).unwrap(),
                scopes,
            );
            return verdict;
        }
        if let (Command::Create(args), true) = (&command, self.keys_of(key).is_empty()) {
            self.book(args);
            return verdict;
        }
        let mut visit = self.visit(key);
        match visit.apply(&command, &act) {
            Err(refusal) => refused(refusal.as_str(), verdict),
            Ok(done) => {
                let scopes = self.rows[&(Kind::Order, key)].scopes.clone();
                if let Some(appointment) = visit.appointment.filter(|_| done.appointment_changed) {
                    self.write(
                        Kind::Appointment,
                        appointment.id.uuid(),
                        serde_json::to_value(appointment).unwrap(),
                        scopes.clone(),
                    );
                }
                if done.order_changed {
                    self.write(
                        Kind::Order,
                        key,
                        serde_json::to_value(visit.order).unwrap(),
                        scopes,
                    );
                }
                verdict.review = done.reviews.first().copied();
                verdict
            }
        }
    }

    /// A phone booking, into the slot the server knows of.
    fn book(&mut self, args: &AppointmentCreate) {
        let opening = Opening {
            id: args.appointment_id,
            order_id: args.order_id,
            user_id: None,
            station_id: STATION,
            slot: Slot {
                date: "2026-11-24".into(),
                start: "09:00".into(),
                end: "12:00".into(),
            },
            estimate: args.estimate.clone().unwrap(),
            at: self.now,
        };
        let visit = opening.open(Booking::as_taken(args, "330100"));
        let scopes: BTreeSet<Scope> = [Scope::Station(STATION)].into();
        let appointment = serde_json::to_value(visit.appointment).unwrap();
        let id = args.appointment_id.uuid();
        self.write(Kind::Appointment, id, appointment, scopes.clone());
        let order = serde_json::to_value(visit.order).unwrap();
        self.write(Kind::Order, args.order_id.uuid(), order, scopes);
    }

    fn visit(&self, order: Uuid) -> Visit {
        let of = |kind| {
            self.keys_of(order)
                .into_iter()
                .find(|key| key.0 == kind)
                .map(|key| self.rows[&key].body.clone())
        };
        Visit {
            appointment: of(Kind::Appointment).map(|body| serde_json::from_value(body).unwrap()),
            order: serde_json::from_value(of(Kind::Order).unwrap()).unwrap(),
        }
    }

    fn pull(&mut self, request: &PullRequest) -> PullAnswer {
        self.now += TimeDelta::seconds(1);
        self.asked.push(request.clone());
        let history = self.epoch.simple().to_string();
        let continued = request
            .cursor
            .as_ref()
            .and_then(|cursor| cursor.strip_prefix(&history));
        let reset =
            std::mem::take(&mut self.reset) || (request.cursor.is_some() && continued.is_none());
        let cursor = continued
            .map(str::to_owned)
            .filter(|_| !reset)
            .unwrap_or_else(|| format!("s{}:", self.log.len()));
        let mut answer = PullAnswer {
            puts: vec![],
            drops: vec![],
            last_mutation: self.last,
            verdicts: self
                .verdicts
                .range(request.confirmed + 1..)
                .map(|(_, (_, v))| v.clone())
                .collect(),
            checks: None,
            scopes: None,
            cursor: String::new(),
            complete: false,
            reset: if reset {
                self.granted.iter().cloned().collect()
            } else {
                vec![]
            },
            incarnation: self.incarnation,
            epoch: self.epoch,
            server_time: self.now,
        };
        match cursor.strip_prefix('s') {
            Some(snapshot) => self.snapshot_page(snapshot, &mut answer),
            None => self.log_page(cursor.trim_start_matches('l').parse().unwrap(), &mut answer),
        }
        if !self.passes_over_again {
            self.again(&request.again, &mut answer);
        }
        self.put += answer.puts.len();
        answer.cursor = format!("{history}{}", answer.cursor);
        if answer.complete {
            self.completed += 1;
            answer.scopes = Some(self.granted.iter().cloned().collect());
            answer.checks = request.check.then(|| {
                self.granted
                    .iter()
                    .map(|scope| (scope.clone(), self.check(scope)))
                    .collect()
            });
        }
        answer
    }

    /// Whole scopes once more, in one page.
    fn again(&self, scopes: &[Scope], answer: &mut PullAnswer) {
        let asked = |key: &&Key| scopes.iter().any(|s| self.rows[*key].scopes.contains(s));
        let visible = self.visible();
        let more: Vec<Put> = visible
            .iter()
            .filter(asked)
            .filter(|key| !answer.puts.iter().any(|put| (put.kind, put.id) == **key))
            .map(|key| self.put_of(*key))
            .collect();
        answer.puts.extend(more);
        answer.reset.extend(scopes.iter().cloned());
    }

    fn snapshot_page(&self, cursor: &str, answer: &mut PullAnswer) {
        let (base, after) = cursor.split_once(':').unwrap();
        let base: usize = base.parse().unwrap();
        let after: Option<Key> = after
            .split_once('/')
            .map(|(kind, id)| (Kind::parse(kind).unwrap(), id.parse().unwrap()));
        let mut rest = self.visible();
        rest.retain(|key| after.is_none_or(|after| *key > after));
        answer.puts = rest
            .iter()
            .take(self.page)
            .map(|key| self.put_of(*key))
            .collect();
        match rest.get(self.page.wrapping_sub(1)) {
            Some((kind, id)) if rest.len() > self.page => {
                answer.cursor = format!("s{base}:{}/{id}", kind.as_str());
            }
            _ => {
                answer.cursor = format!("l{base}");
                answer.complete = base == self.log.len();
            }
        }
    }

    fn log_page(&self, since: usize, answer: &mut PullAnswer) {
        let end = (since + self.page).min(self.log.len());
        let keys: BTreeSet<Key> = self.log[since..end].iter().copied().collect();
        for key in keys {
            if self.rows[&key].scopes.is_disjoint(&self.granted) {
                answer.drops.push(Dropped {
                    kind: key.0,
                    id: key.1,
                    reason: DropReason::Left,
                });
            } else {
                answer.puts.push(self.put_of(key));
            }
        }
        answer.cursor = format!("l{end}");
        answer.complete = end == self.log.len();
    }

    fn put_of(&self, key: Key) -> Put {
        let row = &self.rows[&key];
        Put {
            kind: key.0,
            id: key.1,
            version: row.version,
            scopes: row.scopes.intersection(&self.granted).cloned().collect(),
            body: row.body.clone().into(),
        }
    }

    fn check(&self, scope: &Scope) -> Check {
        let mut check = Check::default();
        for (key, row) in self
            .rows
            .iter()
            .filter(|(_, row)| row.scopes.contains(scope))
        {
            check.add(key.0, key.1, row.version);
        }
        check
    }

    fn problem(&self) -> Result<()> {
        let Some((status, code)) = self.problem else {
            return Ok(());
        };
        Err(Error::Problem {
            status,
            code: code.into(),
            field: None,
            body: Box::new(
                json!({"code": code, "oldest": 2, "newest": 3, "download": self.download}),
            ),
        })
    }

    /// Grants other scopes.
    pub fn grant(&mut self, scopes: &[Scope]) {
        self.granted = scopes.iter().cloned().collect();
    }
}

impl Transport for Server {
    async fn push(&self, request: &PushRequest) -> Result<PushAnswer> {
        let mut state = self.state();
        state.problem()?;
        let answer = state.push(request)?;
        if state.lose_push > 0 {
            state.lose_push -= 1;
            return Err(Error::Offline("lost on the way".into()));
        }
        Ok(answer)
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullAnswer> {
        let mut state = self.state();
        state.problem()?;
        if state.lose_pull > 0 {
            state.lose_pull -= 1;
            return Err(Error::Offline("lost on the way".into()));
        }
        Ok(state.pull(request))
    }
}
