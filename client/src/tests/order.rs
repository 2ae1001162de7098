//! Whatever the order of local work, changes elsewhere, pushes, single pages, lost answers and restarts: when all is
//! quiet the device holds what the server lets it see, and every payment was made exactly once.

use super::{
    device::{Device, scopes},
    server::{LI, STATION, Server, ZHANG},
};
use crate::sync::{apply, pull, transport::Transport};
use huishou_domain::{
    ids::{AppointmentId, OrderId},
    sync::scope::Scope,
};
use proptest::prelude::*;
use serde_json::json;

#[derive(Debug, Clone)]
enum Step {
    Book,
    Note(usize),
    GiveAway(usize),
    GiveBack(usize),
    Start(usize),
    Weigh(usize),
    Pay(usize),
    Cancel(usize),
    Ticket,
    RefuseCancel(bool),
    Push,
    LosePush,
    Page,
    Reset,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..4_usize;
    prop_oneof![
        2 => Just(Step::Book),
        2 => which.clone().prop_map(Step::Note),
        1 => which.clone().prop_map(Step::GiveAway),
        1 => which.clone().prop_map(Step::GiveBack),
        2 => which.clone().prop_map(Step::Start),
        2 => which.clone().prop_map(Step::Weigh),
        3 => which.clone().prop_map(Step::Pay),
        1 => which.prop_map(Step::Cancel),
        1 => Just(Step::Ticket),
        1 => any::<bool>().prop_map(Step::RefuseCancel),
        3 => Just(Step::Push),
        1 => Just(Step::LosePush),
        5 => Just(Step::Page),
        1 => Just(Step::Reset),
        1 => Just(Step::Reopen),
    ]
}

/// Refused before it was written, or done: either will do.
fn ignore(_done: bool) {}

struct Play {
    server: Server,
    device: Device,
    booked: Vec<(AppointmentId, OrderId)>,
    paid: Vec<(OrderId, usize)>,
    runtime: tokio::runtime::Runtime,
}

impl Play {
    fn one_page(&self) {
        let request = self
            .device
            .engine
            .main_read(|db| pull::request(db, true))
            .unwrap();
        let page = self.runtime.block_on(self.server.pull(&request)).unwrap();
        self.device
            .store(|store| pull::stage(store, &request, &page))
            .unwrap();
        if page.complete {
            let contact = crate::clock::Contact {
                server: page.server_time,
                wall: page.server_time,
                counter: None,
            };
            self.device
                .store(|store| apply::apply(store, contact))
                .unwrap();
        }
    }

    fn on(
        &self,
        which: usize,
        name: &str,
        args: impl Fn(AppointmentId, OrderId) -> serde_json::Value,
    ) -> bool {
        let Some((appointment, order)) = self.booked.get(which) else {
            return false;
        };
        // Not here, not any more, or not in this state: refused before it is written.
        self.device
            .exec(name, args(*appointment, *order))
            .is_ok_and(|done| done.id > 0)
    }

    fn take(&mut self, step: &Step) {
        let home = [Scope::Collector(ZHANG), Scope::Station(STATION)];
        match step {
            Step::Book => self.booked.push(
                self.server
                    .book(u32::try_from(self.booked.len()).unwrap() + 1),
            ),
            Step::Note(which) => self
                .booked
                .get(*which)
                .into_iter()
                .for_each(|(id, _)| self.server.note(*id, "改了")),
            Step::GiveAway(which) => self
                .booked
                .get(*which)
                .into_iter()
                .for_each(|(_, id)| self.server.move_to(*id, &[Scope::Collector(LI)])),
            Step::GiveBack(which) => self
                .booked
                .get(*which)
                .into_iter()
                .for_each(|(_, id)| self.server.move_to(*id, &home)),
            Step::Start(which) => ignore(self.on(
                *which,
                "appointment.start",
                |id, _| json!({"appointment_id": id}),
            )),
            Step::Weigh(which) => {
                ignore(self.on(*which, "order.weigh", |_, id| json!({"order_id": id, "items": [{"category": "paper/cardboard", "quantity": "30"}]})));
            }
            Step::Pay(which) => {
                if self.on(
                    *which,
                    "order.pay",
                    |_, id| json!({"order_id": id, "method": "cash", "amount": "1.00"}),
                ) {
                    self.paid.push((self.booked[*which].1, 1));
                }
            }
            Step::Cancel(which) => ignore(self.on(
                *which,
                "appointment.cancel",
                |id, _| json!({"appointment_id": id, "reason": "other"}),
            )),
            Step::Ticket => drop(self.device.exec(
                "ticket.create",
                json!({"items": [{"category": "metal/iron", "quantity": "1"}]}),
            )),
            Step::RefuseCancel(on) if *on => drop(
                self.server
                    .state()
                    .refuse
                    .insert("appointment.cancel@1", "in_service"),
            ),
            Step::RefuseCancel(_) => self.server.state().refuse.clear(),
            Step::Push => drop(self.device.push(&self.server)),
            Step::LosePush => self.server.state().lose_push = 1,
            Step::Page => self.one_page(),
            Step::Reset => self.server.state().reset = true,
            Step::Reopen => self.device.reopen(),
        }
    }

    fn quiet(&self) {
        self.server.state().lose_push = 0;
        for _ in 0..2 {
            self.device.round(&self.server).unwrap();
        }
        for entry in self
            .device
            .engine
            .mutations()
            .unwrap()
            .into_iter()
            .filter(|m| m.open)
        {
            self.device.engine.mutation_discard(entry.uid).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_nothing_is_lost_or_doubled(page in 1..6_usize, steps in prop::collection::vec(step(), 1..40)) {
        let server = Server::new(&scopes());
        server.state().page = page;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut play = Play { server, device: Device::new(), booked: vec![], paid: vec![], runtime };
        for step in &steps {
            play.take(step);
            prop_assert_eq!(&play.device.engine.verify_store().unwrap().faults, &Vec::<String>::new(), "after {:?}", step);
        }
        play.quiet();
        prop_assert_eq!(play.device.pending(), 0);
        play.device.equals(&play.server);
        for (_, order) in &play.booked {
            let made = play.paid.iter().filter(|(id, _)| id == order).count();
            prop_assert_eq!(play.server.order(*order).payments.len(), made, "each payment once");
        }
    }
}
