//! Faults ordered over `/__control` and not yet spent, spent by the interceptor and the services.

mod order;

use std::{collections::HashMap, time::Duration};

use chrono::TimeDelta;
use serde::Serialize;

pub use order::{Order, Refused, Request};

use crate::service::Service;

/// What can befall a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call is taken up this much later.
    Delay(Duration),
    /// Nothing happens; a proxy's error page with this HTTP status comes back.
    Status(u16),
    /// Nothing happens; the connection is reset.
    Reset,
    /// The effect happens; the connection is reset instead of an answer.
    LostAnswer,
    /// Nothing happens; the service answers this error code of its own.
    Errcode(i64),
    /// The access token a call carries is revoked just before it is looked at.
    TokenRevoked,
}

impl Fault {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Status(_) => "status",
            Self::Reset => "reset",
            Self::LostAnswer => "lost_answer",
            Self::Errcode(-1) => "busy",
            Self::Errcode(_) => "errcode",
            Self::TokenRevoked => "token_revoked",
        }
    }

    const fn ends_a_call(self) -> bool {
        !matches!(self, Self::Delay(_) | Self::TokenRevoked)
    }
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    service: Service,
    fault: Fault,
    path: Option<&'static str>,
    left: u32,
}

/// A pending fault, as `GET /__control` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    service: Service,
    fault: &'static str,
    path: Option<&'static str>,
    left: u32,
}

/// What befalls one call: how long it waits, then how it ends otherwise than well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strike {
    /// Waited first.
    pub delay: Option<Duration>,
    /// A fault that replaces or swallows the answer.
    pub ending: Option<Fault>,
}

impl Strike {
    /// The names of the faults, for the log.
    pub fn names(&self) -> Vec<&'static str> {
        self.delay
            .map(|_| "delay")
            .into_iter()
            .chain(self.ending.map(Fault::name))
            .collect()
    }
}

/// Faults ordered and not yet spent, and each service's clock error.
#[derive(Debug, Default)]
pub struct Faults {
    pending: Vec<Pending>,
    skews: HashMap<Service, TimeDelta>,
}

impl Faults {
    /// Adds a fault behind those already waiting.
    pub fn add(&mut self, service: Service, fault: Fault, times: u32, path: Option<&'static str>) {
        self.pending.push(Pending {
            service,
            fault,
            path,
            left: times,
        });
    }

    /// How far the service's clock is from true time.
    pub fn skew(&self, service: Service) -> TimeDelta {
        self.skews.get(&service).copied().unwrap_or_default()
    }

    /// Sets the service's clock this far from true time.
    pub fn set_skew(&mut self, service: Service, skew: TimeDelta) {
        self.skews.insert(service, skew);
    }

    /// Forgets the service's faults and puts its clock right.
    pub fn clear(&mut self, service: Service) {
        self.pending.retain(|pending| pending.service != service);
        self.skews.remove(&service);
    }

    /// Spends what is due on a call: the oldest delay and the oldest ending that fit.
    pub fn strike(&mut self, service: Service, path: &str) -> Strike {
        let delay = self.spend(service, path, |fault| matches!(fault, Fault::Delay(_)));
        let ending = self.spend(service, path, Fault::ends_a_call);
        let delay = delay.and_then(|fault| {
            if let Fault::Delay(length) = fault {
                Some(length)
            } else {
                None
            }
        });
        Strike { delay, ending }
    }

    /// Spends one due revocation of the token that a call carries.
    pub fn revokes_token(&mut self, service: Service, path: &str) -> bool {
        self.spend(service, path, |fault| fault == Fault::TokenRevoked)
            .is_some()
    }

    fn spend(
        &mut self,
        service: Service,
        path: &str,
        fits: impl Fn(Fault) -> bool,
    ) -> Option<Fault> {
        let index = self.pending.iter().position(|pending| {
            pending.service == service
                && pending.path.is_none_or(|only| only == path)
                && fits(pending.fault)
        })?;
        let pending = self.pending.get_mut(index)?;
        let fault = pending.fault;
        pending.left -= 1;
        if pending.left == 0 {
            self.pending.remove(index);
        }
        Some(fault)
    }

    /// What is pending, oldest first.
    pub fn shown(&self) -> Vec<Shown> {
        self.pending
            .iter()
            .map(|p| Shown {
                service: p.service,
                fault: p.fault.name(),
                path: p.path,
                left: p.left,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_and_an_ending_strike_together_and_each_is_spent() {
        let mut faults = Faults::default();
        faults.add(Service::Wechat, Fault::Status(502), 1, None);
        faults.add(Service::Wechat, Fault::Reset, 1, None);
        faults.add(
            Service::Wechat,
            Fault::Delay(Duration::from_millis(5)),
            2,
            None,
        );
        let struck: Vec<_> = (0..3)
            .map(|_| faults.strike(Service::Wechat, "/x").names())
            .collect();
        assert_eq!(
            struck,
            [vec!["delay", "status"], vec!["delay", "reset"], vec![]]
        );
    }

    #[test]
    fn a_fault_for_one_path_waits_for_that_path() {
        let mut faults = Faults::default();
        faults.add(
            Service::Wechat,
            Fault::Reset,
            1,
            Some("/cgi-bin/stable_token"),
        );
        assert_eq!(
            faults.strike(Service::Wechat, "/sns/jscode2session"),
            Strike::default()
        );
        assert_eq!(
            faults
                .strike(Service::Wechat, "/cgi-bin/stable_token")
                .ending,
            Some(Fault::Reset)
        );
    }
}
