//! What people do with their devices: the visits they see, taken through their states, and now and then what makes no
//! sense.

use super::story::Story;
use crate::{chance::Chance, device::Device, trace::Trace};
use chrono::TimeDelta;
use huishou_client::{engine::Engine, store::mutations};
use huishou_domain::{blob::PART, ids::StaffId, staff::Role, time::wire};
use serde_json::{Value, json};
use uuid::Uuid;

/// What became of the acts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Accepted.
    pub done: u64,
    /// Refused before they were written.
    pub refused: u64,
    /// Nothing to do.
    pub idle: u64,
    /// The store could not take them.
    pub failed: u64,
    /// Refused commands dealt with in the sync centre.
    pub discarded: u64,
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.idle += other.idle;
        self.failed += other.failed;
        self.discarded += other.discarded;
    }
}

/// Somebody at work.
pub struct Worker<'a> {
    /// With which device.
    pub device: &'a Device,
    /// As what.
    pub role: Role,
    /// Colleagues that work can be given to.
    pub collectors: &'a [StaffId],
    /// Chance.
    pub chance: &'a Chance,
    /// What is told.
    pub story: &'a Story,
    /// Events.
    pub trace: &'a Trace,
}

const ITEMS: &str = r#"[{"category":"paper/cardboard","weighing":{"gross":"30.4","tare":"0.4"}}]"#;
const OTHER_ITEMS: &str = r#"[{"category":"metal/iron","weighing":{"gross":"12.500"}}]"#;

fn id_of(body: &Value, key: &str) -> Option<Uuid> {
    body.get(key)?.as_str()?.parse().ok()
}

impl Worker<'_> {
    /// Does one thing.
    pub fn act(&self, counts: &mut Counts) {
        let Some(engine) = self.device.engine() else {
            return;
        };
        if self.chance.permille(60) {
            self.tidy(&engine, counts);
            return;
        }
        let Some((name, args)) = self.choose(&engine) else {
            counts.idle += 1;
            return;
        };
        match engine.execute(name, args) {
            Ok(done) if done.id > 0 => {
                counts.done += 1;
                self.trace.note(
                    self.device.node,
                    format!("#{} {name} {}", done.id, short(done.order_id.map(|o| o.0))),
                );
                let stored = self.device.read(|db| mutations::by_uid(db, done.uid));
                if let Some(Ok(Some(stored))) = stored {
                    self.story.note(self.device.id, &stored);
                }
            }
            Ok(_) => counts.idle += 1,
            Err(error) => {
                let code = error.stable_code();
                if matches!(code.as_str(), "store_failed" | "disk_full" | "store_busy") {
                    counts.failed += 1;
                    self.trace
                        .note(self.device.node, format!("{name} not written: {error}"));
                } else {
                    counts.refused += 1;
                }
            }
        }
    }

    /// Deals with a refused command in the sync centre.
    fn tidy(&self, engine: &Engine, counts: &mut Counts) {
        let open = engine.mutations().unwrap_or_default();
        let open: Vec<Uuid> = open.iter().filter(|m| m.open).map(|m| m.uid).collect();
        if let Some(uid) = self.chance.pick(&open)
            && engine.mutation_discard(*uid).is_ok()
        {
            counts.discarded += 1;
        }
    }

    fn choose(&self, engine: &Engine) -> Option<(&'static str, Value)> {
        let ticket_share = if self.role == Role::Collector {
            100
        } else {
            60
        };
        if self.chance.permille(ticket_share) {
            return Some(("ticket.create", json!({"items": items(OTHER_ITEMS)})));
        }
        if self.role != Role::Collector && self.chance.permille(100) {
            return Some(("appointment.create", self.booking()));
        }
        if self.chance.permille(250) {
            let orders = engine.list("order").ok()?;
            let order = self.chance.pick(&orders)?;
            return self.on_order(order);
        }
        let appointments = engine.list("appointment").ok()?;
        let appointment = self.chance.pick(&appointments)?;
        if self.role == Role::Collector {
            self.visit(engine, appointment)
        } else {
            self.plan(appointment)
        }
    }

    fn booking(&self) -> Value {
        json!({
            "contact": {"name": "王女士", "phone": "13800002046"},
            "address": {"division": "330106", "detail": "文三路 90 号"},
            "appointment_time": self.later(),
            "items": [{"category": "paper/cardboard", "quantity": "30"}],
        })
    }

    fn later(&self) -> String {
        let now = huishou_client::clock::Clock::wall(&*self.device.hands);
        wire(now + TimeDelta::hours(self.chance.between(1, 72)))
    }

    /// At the door: mostly the next step, sometimes another.
    fn visit(&self, engine: &Engine, appointment: &Value) -> Option<(&'static str, Value)> {
        let id = id_of(appointment, "id")?;
        let order = id_of(appointment, "order_id")?;
        let status = appointment.get("status")?.as_i64()?;
        let order_body = engine.show("order", &order.to_string()).ok();
        let has = |key: &str| {
            order_body
                .as_ref()
                .and_then(|o| o.get(key))
                .is_some_and(|v| v.as_array().map_or(!v.is_null(), |a| !a.is_empty()))
        };
        let next = match status {
            _ if self.chance.permille(150) => self.chance.below(6),
            0 | 1 => 0,
            4 if !has("quotes") => 1,
            4 if !has("acceptances") => 2,
            4 if !has("payments") => 3,
            4 => 4,
            _ => return None,
        };
        Some(match next {
            0 => ("appointment.start", json!({"appointment_id": id})),
            1 => (
                "order.weigh",
                json!({"order_id": order, "items": items(self.goods()),
                    "gap_reasons": [{"line": 0, "code": "weight"}]}),
            ),
            2 => (
                "order.accept",
                json!({"order_id": order, "by": "signature", "blob": self.signature(engine)?}),
            ),
            3 => ("order.pay", self.payment(order)),
            4 => ("appointment.complete", json!({"appointment_id": id})),
            _ => (
                "appointment.cancel",
                json!({"appointment_id": id, "reason": "not_home"}),
            ),
        })
    }

    const fn goods(&self) -> &'static str {
        ITEMS
    }

    /// A picture that is kept here; now and then one of several pieces.
    fn signature(&self, engine: &Engine) -> Option<String> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(self.chance.bytes::<48>());
        if self.chance.permille(80) {
            bytes.resize(PART + 1_000, 7);
        }
        engine.put_blob(&bytes).ok()
    }

    fn payment(&self, order: Uuid) -> Value {
        let mut pay = json!({"order_id": order, "method": "cash"});
        if self.chance.permille(300) {
            pay["amount"] = json!(format!("{}.00", self.chance.between(1, 40)));
        }
        pay
    }

    fn on_order(&self, body: &Value) -> Option<(&'static str, Value)> {
        let order = id_of(body, "id")?;
        let payments = body.get("payments")?.as_array()?;
        Some(match self.chance.below(6) {
            0 | 1 => ("order.pay", self.payment(order)),
            2 => {
                let payment = id_of(self.chance.pick(payments)?, "payment_id")?;
                (
                    "order.refund",
                    json!({"order_id": order, "payment_id": payment,
                        "amount": format!("{}.00", self.chance.between(1, 20))}),
                )
            }
            3 => ("order.void", json!({"order_id": order, "reason": "错单"})),
            4 => ("order.receive", json!({"order_id": order})),
            _ => (
                "order.weigh",
                json!({"order_id": order, "items": items(self.goods()),
                    "gap_reasons": [{"line": 0, "code": "weight"}]}),
            ),
        })
    }

    /// At the depot: who goes where and when.
    fn plan(&self, appointment: &Value) -> Option<(&'static str, Value)> {
        let id = id_of(appointment, "id")?;
        Some(match self.chance.below(8) {
            0..4 => {
                let to = if self.chance.permille(100) {
                    Value::Null
                } else {
                    json!(self.chance.pick(self.collectors)?)
                };
                (
                    "appointment.assign",
                    json!({"appointment_id": id, "assignee": to}),
                )
            }
            4 => ("appointment.confirm", json!({"appointment_id": id})),
            5 => (
                "appointment.reschedule",
                json!({"appointment_id": id, "appointment_time": self.later()}),
            ),
            6 => (
                "appointment.cancel",
                json!({"appointment_id": id, "reason": "refused_price"}),
            ),
            _ => ("appointment.complete", json!({"appointment_id": id})),
        })
    }
}

fn items(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// The last digits of an id, as traces show them.
#[must_use]
pub fn short(id: Option<Uuid>) -> String {
    id.map_or_else(String::new, |id| {
        let text = id.simple().to_string();
        text[text.len().saturating_sub(6)..].to_owned()
    })
}
