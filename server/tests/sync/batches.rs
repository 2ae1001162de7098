//! A push of many mutations is one transaction, and nobody can tell from what comes of it: the same commands one by one
//! end in the same verdicts and the same rows.

use super::support::{Booked, Ground, Phone, pay, ticket, weigh_as};
use blackbox::{Database, on_each_database};
use huishou_domain::{
    ids::{AppointmentId, OrderId},
    sync::message::{Outcome, Verdict},
    visit::Visit,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

/// Visits of a script; the commands of tickets are about orders made in it.
const VISITS: usize = 4;

/// What a device does, told by numbers, so that it can be done twice with ids of its own each time.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Start(usize),
    Assign(usize, u8),
    Weigh(usize, u8),
    Accept(usize),
    Pay(usize, u8),
    /// With the identity of the newest payment of another visit.
    PayTwin(usize),
    Refund(usize),
    Cancel(usize),
    Complete(usize),
    Receive(usize),
    Void(usize),
    Ticket,
    PayTicket,
    /// An order that nobody knows.
    Unknown,
    Unreadable,
    /// The command before it once more, under another number.
    Again,
    /// An intent that depends on the one before it.
    AssignAfter(usize),
    /// An intent that saw a version long gone.
    ConfirmStale(usize),
}

fn script(seed: u64, length: usize) -> Vec<Deed> {
    let mut random = StdRng::seed_from_u64(seed);
    let deed = |_| {
        let at = random.random_range(0..VISITS);
        let small = random.random_range(0..3_u8);
        match random.random_range(0..19) {
            0 => Deed::Start(at),
            1 => Deed::Assign(at, small),
            2..=4 => Deed::Weigh(at, small),
            5 => Deed::Accept(at),
            6 | 7 => Deed::Pay(at, small),
            // What spoils the whole transaction is left out of the even ones, so that these stay whole.
            8 if seed.is_multiple_of(2) => Deed::Pay(at, 0),
            8 => Deed::PayTwin(at),
            9 => Deed::Refund(at),
            10 => Deed::Cancel(at),
            11 => Deed::Complete(at),
            12 => Deed::Receive(at),
            13 => Deed::Void(at),
            14 => Deed::Ticket,
            15 => Deed::PayTicket,
            16 => Deed::Unknown,
            17 => match small {
                0 => Deed::Unreadable,
                1 => Deed::AssignAfter(at),
                _ => Deed::ConfirmStale(at),
            },
            _ => Deed::Again,
        }
    };
    (0..length).map(deed).collect()
}

/// A device that follows a script with visits of its own.
struct Player {
    phone: Phone,
    visits: Vec<Booked>,
    quotes: Vec<Uuid>,
    payments: Vec<Uuid>,
    tickets: Vec<OrderId>,
    made: Vec<Value>,
}

impl Player {
    async fn new(ground: &Ground) -> Self {
        let mut visits = Vec::new();
        for _ in 0..VISITS {
            visits.push(ground.booking(Some(ground.zhang)).await);
        }
        Self {
            phone: ground.device(ground.admin).await,
            visits,
            quotes: (0..VISITS).map(|_| Uuid::now_v7()).collect(),
            payments: (0..VISITS).map(|_| Uuid::now_v7()).collect(),
            tickets: Vec::new(),
            made: Vec::new(),
        }
    }

    fn appointment(&self, at: usize) -> AppointmentId {
        self.visits[at].appointment
    }

    fn make(&mut self, ground: &Ground, deed: Deed) -> Value {
        let of = |at: usize| json!({"appointment_id": self.visits[at].appointment});
        let (name, args) = match deed {
            Deed::Start(at) => ("appointment.start", of(at)),
            Deed::Complete(at) => ("appointment.complete", of(at)),
            Deed::Assign(at, to) => {
                let assignee = [Some(ground.zhang), Some(ground.li), None][usize::from(to)];
                (
                    "appointment.assign",
                    json!({"appointment_id": self.appointment(at), "assignee": assignee}),
                )
            }
            Deed::Weigh(at, how) => {
                self.quotes[at] = Uuid::now_v7();
                let (quantity, due) =
                    [("10", "11.00"), ("20", "22.00"), ("20", "21.00")][usize::from(how)];
                (
                    "order.weigh",
                    weigh_as(self.visits[at].order, self.quotes[at], quantity, due),
                )
            }
            Deed::Accept(at) => (
                "order.accept",
                json!({"order_id": self.visits[at].order, "quote_id": self.quotes[at], "by": "tap"}),
            ),
            Deed::Pay(at, how) => {
                let args = pay(
                    self.visits[at].order,
                    ["11.00", "22.00", "5.00"][usize::from(how)],
                );
                self.payments[at] = args["payment_id"].as_str().unwrap().parse().unwrap();
                ("order.pay", args)
            }
            Deed::PayTwin(at) => {
                let mut args = pay(self.visits[at].order, "11.00");
                args["payment_id"] = json!(self.payments[(at + 1) % VISITS]);
                ("order.pay", args)
            }
            Deed::Refund(at) => (
                "order.refund",
                json!({"order_id": self.visits[at].order, "refund_id": Uuid::now_v7(),
                "payment_id": self.payments[at], "amount": "5.00"}),
            ),
            Deed::Cancel(at) => (
                "appointment.cancel",
                json!({"appointment_id": self.appointment(at), "reason": "not_home"}),
            ),
            Deed::Receive(at) => ("order.receive", json!({"order_id": self.visits[at].order})),
            Deed::Void(at) => (
                "order.void",
                json!({"order_id": self.visits[at].order, "reason": "a mistake"}),
            ),
            Deed::Ticket => {
                self.tickets.push(OrderId(Uuid::now_v7()));
                (
                    "ticket.create",
                    ticket(self.tickets[self.tickets.len() - 1], ground.west),
                )
            }
            Deed::PayTicket => (
                "order.pay",
                pay(
                    self.tickets
                        .last()
                        .copied()
                        .unwrap_or(OrderId(Uuid::now_v7())),
                    "11.00",
                ),
            ),
            Deed::Unknown => ("order.pay", pay(OrderId(Uuid::now_v7()), "1.00")),
            Deed::Unreadable => ("order.pay", json!({"order_id": 7})),
            Deed::AssignAfter(at) | Deed::ConfirmStale(at) => ("appointment.confirm", of(at)),
            Deed::Again => ("appointment.start", of(0)),
        };
        let before = self.made.last().cloned();
        let mut mutation = self.phone.mutation(name, &args);
        match (deed, before) {
            (Deed::Again, Some(before)) => {
                let id = mutation["id"].clone();
                mutation = before;
                mutation["id"] = id;
            }
            (Deed::AssignAfter(_), Some(before)) => mutation["after"] = json!([before["uid"]]),
            (Deed::ConfirmStale(_), _) => mutation["expect_version"] = json!(1),
            _ => {}
        }
        self.made.push(mutation.clone());
        mutation
    }

    /// What the server has in the end, without what must differ.
    async fn outcome(&self, ground: &Ground, db: &Database) -> Vec<String> {
        let mut told = Vec::new();
        let orders = self
            .visits
            .iter()
            .map(|v| v.order)
            .chain(self.tickets.iter().copied());
        for order in orders {
            let visit = ground.visit(order).await;
            let dirty = db.count(&format!(
                "SELECT COUNT(DISTINCT scope, kind) FROM sync_log WHERE entity_id IN (UNHEX('{}'), UNHEX('{}'))",
                order.0.simple(),
                visit.appointment.as_ref().map_or_else(Uuid::nil, |a| a.id.0).simple(),
            )).await;
            let messages = match visit.order.user_id {
                Some(user) => {
                    db.count(&format!(
                        "SELECT COUNT(*) FROM messages WHERE user_id = UNHEX('{}')",
                        user.0.simple()
                    ))
                    .await
                }
                None => 0,
            };
            let lines = db
                .count(&format!(
                    "SELECT COUNT(*) FROM order_lines WHERE order_id = UNHEX('{}')",
                    order.0.simple()
                ))
                .await;
            told.push(format!(
                "{} {dirty} scopes, {messages} messages, {lines} lines",
                plain(&visit)
            ));
        }
        told
    }
}

fn plain(visit: &Visit) -> String {
    let (a, o) = (visit.appointment.as_ref(), &visit.order);
    let codes = |reviews: &[huishou_domain::review::Review]| {
        reviews.iter().map(|r| r.code).collect::<Vec<_>>()
    };
    format!(
        "{:?} {:?} {:?} v{} of {:?}; {:?} v{} {:?} due {} quotes {} paid {:?} back {:?} accepted {} received {} {:?}",
        a.map(|a| a.status),
        a.map(|a| a.assignee),
        a.map(|a| codes(&a.reviews)),
        a.map_or(0, |a| a.version),
        a.map(|a| a.started_at.is_some()),
        o.status,
        o.version,
        codes(&o.reviews),
        o.due.fen(),
        o.quotes.len(),
        o.payments
            .iter()
            .map(|p| p.amount.fen())
            .collect::<Vec<_>>(),
        o.refunds.iter().map(|r| r.amount.fen()).collect::<Vec<_>>(),
        o.acceptances.len(),
        o.received_at.is_some(),
        o.collector,
    )
}

fn plain_verdict(verdict: &Verdict) -> String {
    format!(
        "{} {:?} {:?} {:?} {:?} {:?} current {}",
        verdict.id,
        verdict.outcome,
        verdict.version,
        verdict.reviews,
        verdict.review,
        (&verdict.code, &verdict.field),
        verdict.current.is_some()
    )
}

on_each_database! {
    async fn together_and_one_by_one_come_to_the_same(db) {
        let ground = Ground::on(db).await;
        for seed in 0..4 {
            let deeds = script(seed, 60);
            let (mut many, mut single) = (Player::new(&ground).await, Player::new(&ground).await);
            let together: Vec<String> = deeds.iter().map(|deed| many.make(&ground, *deed).to_string()).collect();
            let answer = many.phone.push_all(&together).await.unwrap();
            let mut verdicts = Vec::new();
            for deed in &deeds {
                let mutation = single.make(&ground, *deed);
                verdicts.push(single.phone.push_one(&mutation).await);
            }
            ground.sequence().await;
            let (theirs, ours): (Vec<_>, Vec<_>) =
                (answer.verdicts.iter().map(plain_verdict).collect(), verdicts.iter().map(plain_verdict).collect());
            assert_eq!(theirs, ours, "seed {seed}: {deeds:?}");
            assert_eq!(many.outcome(&ground, db).await, single.outcome(&ground, db).await, "seed {seed}: {deeds:?}");
            assert!(answer.gap.is_none() && answer.last_mutation == 60);
        }
        let disputes = db.count("SELECT COUNT(*) FROM disputed_records").await;
        assert!(disputes > 0 && disputes % 2 == 0, "both ways keep the same disputed records: {disputes}");
    }

    async fn a_push_of_two_hundred_is_one_transaction(db) {
        let ground = Ground::on(db).await;
        let mut phone = ground.device(ground.zhang).await;
        let mut texts = Vec::new();
        for _ in 0..100 {
            let booked = ground.booking(Some(ground.zhang)).await;
            texts.push(phone.mutation("appointment.start", &json!({"appointment_id": booked.appointment})).to_string());
            texts.push(phone.mutation("order.weigh", &weigh_as(booked.order, Uuid::now_v7(), "10", "11.00")).to_string());
        }
        let answer = phone.push_all(&texts).await.unwrap();
        assert!(answer.verdicts.iter().all(|v| v.outcome == Outcome::Applied), "{:?}", answer.verdicts);
        assert_eq!(answer.last_mutation, 200);
        assert_eq!(db.count("SELECT COUNT(DISTINCT processed_at) FROM mutations").await, 1, "one moment, one transaction");
        // What it is about is a row each, however many commands changed it.
        assert_eq!(db.count("SELECT COUNT(*) FROM appointments WHERE status = 4 AND version >= 2").await, 100);
    }

    async fn what_spoils_a_transaction_keeps_nobody_else_from_theirs(db) {
        let ground = Ground::on(db).await;
        let (one, two) = (ground.booking(Some(ground.zhang)).await, ground.booking(Some(ground.zhang)).await);
        let mut phone = ground.device(ground.zhang).await;
        let first = pay(one.order, "11.00");
        let mut twin = pay(two.order, "11.00");
        twin["payment_id"] = first["payment_id"].clone();
        let texts: Vec<String> = [
            phone.mutation("order.weigh", &weigh_as(one.order, Uuid::now_v7(), "10", "11.00")),
            phone.mutation("order.pay", &first),
            phone.mutation("order.pay", &twin),
            phone.mutation("order.weigh", &weigh_as(two.order, Uuid::now_v7(), "10", "11.00")),
        ].iter().map(ToString::to_string).collect();
        let answer = phone.push_all(&texts).await.unwrap();
        assert!(answer.verdicts.iter().all(|v| v.outcome == Outcome::Applied), "facts are never refused: {:?}", answer.verdicts);
        assert_eq!(db.count("SELECT COUNT(*) FROM disputed_records").await, 1, "an identity stands for one payment");
        assert_eq!(ground.visit(one.order).await.order.payments.len(), 1);
        assert_eq!(ground.visit(two.order).await.order.payments.len(), 0);
        assert_eq!(ground.visit(two.order).await.order.quotes.len(), 1, "what came behind it counts");
    }

    async fn what_fails_for_reasons_of_our_own_is_kept_answered_and_keeps_nobody_up(db) {
        let ground = Ground::on(db).await;
        let (sound, spoilt) = (ground.booking(Some(ground.zhang)).await, ground.booking(Some(ground.zhang)).await);
        let mut phone = ground.device(ground.zhang).await;
        // As a fault of a former version might have left it: nobody can read this visit.
        db.execute(&format!("UPDATE appointments SET items = '?' WHERE id = UNHEX('{}')", spoilt.appointment.0.simple())).await;
        let texts: Vec<String> = [
            phone.mutation("order.weigh", &weigh_as(sound.order, Uuid::now_v7(), "10", "11.00")),
            phone.mutation("order.weigh", &weigh_as(spoilt.order, Uuid::now_v7(), "10", "11.00")),
            phone.mutation("order.pay", &pay(sound.order, "11.00")),
        ].iter().map(ToString::to_string).collect();
        let first = phone.push_all(&texts).await.unwrap();
        let codes: Vec<&str> = first.verdicts.iter().map(|v| v.code.as_deref().unwrap_or("")).collect();
        assert_eq!(codes, ["", "internal", ""], "{:?}", first.verdicts);
        assert_eq!(first.last_mutation, 3, "every one has its verdict");
        assert_eq!(ground.visit(sound.order).await.order.payments.len(), 1, "what came behind it counts");
        let kept = db.texts("SELECT CAST(raw AS CHAR) FROM mutations WHERE raw IS NOT NULL").await;
        assert_eq!(kept, [texts[1].clone()], "to the byte, for whoever mends it");
        let again = phone.push_all(&texts).await.unwrap();
        assert_eq!(again.verdicts, first.verdicts);
    }
}
