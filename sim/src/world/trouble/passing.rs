//! Troubles that pass by themselves: somebody or something is away for a while.

use super::Troubles;
use crate::{
    device::Device,
    executor::{Node, SECOND},
};
use chrono::TimeDelta;

impl Troubles {
    pub(super) fn server_crash(&self) {
        let Some(host) = self.chance.pick(&self.servers).cloned() else {
            return;
        };
        if self.inner().down.insert(host.node, true) == Some(true) {
            return;
        }
        self.inner().counts.servers += 1;
        self.trace.note(host.node, "the server is killed");
        self.network.unplug(host.node);
        self.executor.kill(host.node);
        let troubles = self.clone();
        self.executor.spawn(Node::WORLD, async move {
            let pause = troubles.chance.below(60 * SECOND);
            troubles.executor.sleep(pause).await;
            troubles.inner().down.insert(host.node, false);
            troubles.trace.note(host.node, "the server is back");
            troubles.start_server(&host);
        });
    }

    pub(super) fn database_restart(&self) {
        self.inner().counts.restarts += 1;
        self.trace.note(Node::WORLD, "the database goes down");
        self.ledger.set_up(false);
        let troubles = self.clone();
        self.executor.spawn(Node::WORLD, async move {
            let pause = troubles.chance.below(30 * SECOND);
            troubles.executor.sleep(pause).await;
            troubles.trace.note(Node::WORLD, "the database is back");
            troubles.ledger.set_up(true);
        });
    }

    pub(super) fn clock_jump(&self, device: &Device) {
        self.inner().counts.clocks += 1;
        let error = if self.chance.permille(300) {
            TimeDelta::zero()
        } else {
            TimeDelta::minutes(self.chance.between(-6 * 1_440, 6 * 1_440))
        };
        self.trace.note(
            device.node,
            format!("the clock is {} min wrong", error.num_minutes()),
        );
        device.hands.set_error(error);
    }

    pub(super) fn out_of_reach(&self, device: &Device) {
        self.inner().counts.away += 1;
        self.trace.note(device.node, "out of reach");
        self.network.set_away(device.id, true);
        let (troubles, device) = (self.clone(), device.clone());
        self.executor.spawn(Node::WORLD, async move {
            let pause = troubles.chance.below(900 * SECOND);
            troubles.executor.sleep(pause).await;
            troubles.network.set_away(device.id, false);
            troubles.trace.note(device.node, "in reach again");
        });
    }

    pub(super) fn disk_full(&self, device: &Device) {
        self.inner().counts.full += 1;
        self.trace.note(device.node, "the disk is full");
        device.disk.set_full(true);
        let (troubles, device) = (self.clone(), device.clone());
        self.executor.spawn(Node::WORLD, async move {
            let pause = troubles.chance.below(120 * SECOND);
            troubles.executor.sleep(pause).await;
            device.disk.set_full(false);
            troubles.trace.note(device.node, "the disk has room again");
        });
    }

    pub(super) fn too_old(&self, device: &Device) {
        self.inner().counts.outdated += 1;
        self.trace.note(device.node, "its build is too old");
        self.network.set_outdated(device.id, true);
        let (troubles, device) = (self.clone(), device.clone());
        self.executor.spawn(Node::WORLD, async move {
            let pause = troubles.chance.below(600 * SECOND);
            troubles.executor.sleep(pause).await;
            troubles.network.set_outdated(device.id, false);
            troubles.trace.note(device.node, "brought up to date");
        });
    }
}
