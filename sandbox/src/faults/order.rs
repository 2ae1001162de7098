//! Understands and refuses what `/__control` is asked.

use std::time::Duration;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::Fault;
use crate::{service::Service, wechat};

/// Longest delay that can be ordered, in milliseconds.
const LONGEST_DELAY_MS: i64 = 600_000;
/// Farthest a clock can be moved either way: a year, in seconds.
const FARTHEST_SKEW_S: i64 = 366 * 24 * 3600;
/// Most repetitions of one order.
const MOST_TIMES: i64 = 1_000_000;

/// The wire form of `POST /__control`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    service: String,
    fault: String,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    times: Option<i64>,
    #[serde(default)]
    path: Option<String>,
}

/// Why an order was refused; the text goes to whoever sent it (HTTP 400).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Refused(String);

/// An understood order for one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Strikes the next `times` calls (to `path`, where given).
    Strike {
        /// What befalls them.
        fault: Fault,
        /// How many calls, at least 1.
        times: u32,
        /// Only calls of this path.
        path: Option<&'static str>,
    },
    /// The service's clock is this far from true time, until changed.
    Skew(TimeDelta),
    /// WeChat holds this openid for a high-risk user, until `none`.
    HighRiskUser(String),
    /// All is well again.
    Clear,
}

impl Request {
    /// Understands the request: one order per service meant.
    pub fn parse(&self) -> Result<Vec<(Service, Order)>, Refused> {
        self.services()?
            .into_iter()
            .map(|service| Ok((service, self.order(service)?)))
            .collect()
    }

    fn services(&self) -> Result<Vec<Service>, Refused> {
        if let Some(service) = Service::named(&self.service) {
            return if service.faults().contains(&self.fault.as_str()) {
                Ok(vec![service])
            } else {
                refuse(format!(
                    "service {} knows no fault `{}`; it knows {}",
                    self.service,
                    self.fault,
                    service.faults().join(", ")
                ))
            };
        }
        if self.service != "*" {
            let played: Vec<_> = Service::ALL.iter().map(|service| service.name()).collect();
            return refuse(format!(
                "service `{}` is not played here; played are {}, and * for all",
                self.service,
                played.join(", ")
            ));
        }
        let concerned: Vec<_> = Service::ALL
            .iter()
            .copied()
            .filter(|service| service.faults().contains(&self.fault.as_str()))
            .collect();
        if concerned.is_empty() {
            refuse(format!("no service knows a fault `{}`", self.fault))
        } else {
            Ok(concerned)
        }
    }

    fn order(&self, service: Service) -> Result<Order, Refused> {
        let strike = |fault| {
            Ok(Order::Strike {
                fault,
                times: self.times()?,
                path: self.path(service)?,
            })
        };
        match self.fault.as_str() {
            "delay" => strike(Fault::Delay(Duration::from_millis(
                self.number("milliseconds", 0, LONGEST_DELAY_MS)?
                    .unsigned_abs(),
            ))),
            "status" => {
                let status = self.number("an HTTP status", 400, 599)?;
                strike(Fault::Status(
                    u16::try_from(status).map_err(|error| Refused(error.to_string()))?,
                ))
            }
            "reset" => self.no_value().and_then(|()| strike(Fault::Reset)),
            "lost_answer" => self.no_value().and_then(|()| strike(Fault::LostAnswer)),
            "busy" => self.no_value().and_then(|()| strike(Fault::Errcode(-1))),
            "token_revoked" => self.no_value().and_then(|()| strike(Fault::TokenRevoked)),
            "errcode" => strike(Fault::Errcode(self.errcode()?)),
            "clock_skew" => {
                self.lasting()?;
                Ok(Order::Skew(TimeDelta::seconds(self.number(
                    "seconds",
                    -FARTHEST_SKEW_S,
                    FARTHEST_SKEW_S,
                )?)))
            }
            "high_risk_user" => {
                self.lasting()?;
                self.value.as_str().map_or_else(
                    || refuse("`value` must be the user's openid"),
                    |openid| Ok(Order::HighRiskUser(openid.to_owned())),
                )
            }
            "none" => self
                .no_value()
                .and_then(|()| self.lasting())
                .map(|()| Order::Clear),
            unknown => refuse(format!("fault `{unknown}` is not understood")),
        }
    }

    fn number(&self, what: &str, least: i64, most: i64) -> Result<i64, Refused> {
        match self.value.as_i64() {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            _ => refuse(format!(
                "`value` of `{}` must be {what}, a whole number from {least} to {most}",
                self.fault
            )),
        }
    }

    fn errcode(&self) -> Result<i64, Refused> {
        match self.value.as_i64() {
            Some(code) if wechat::Refusal::of_code(code).is_some() => Ok(code),
            _ => refuse(format!(
                "`value` must be an error code WeChat is played with: {}",
                wechat::Refusal::codes()
            )),
        }
    }

    fn times(&self) -> Result<u32, Refused> {
        match self.times.unwrap_or(1) {
            times @ 1..=MOST_TIMES => {
                u32::try_from(times).map_err(|error| Refused(error.to_string()))
            }
            _ => refuse(format!(
                "`times` must be a whole number from 1 to {MOST_TIMES}"
            )),
        }
    }

    fn path(&self, service: Service) -> Result<Option<&'static str>, Refused> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        match service.paths().iter().find(|known| **known == path) {
            Some(known) => Ok(Some(known)),
            None => refuse(format!(
                "service {} has no path `{path}`; it has {}",
                service.name(),
                service.paths().join(", ")
            )),
        }
    }

    fn no_value(&self) -> Result<(), Refused> {
        if self.value.is_null() {
            Ok(())
        } else {
            refuse(format!("fault `{}` takes no `value`", self.fault))
        }
    }

    fn lasting(&self) -> Result<(), Refused> {
        if self.times.is_none() && self.path.is_none() {
            Ok(())
        } else {
            refuse(format!(
                "fault `{}` holds for the whole service until changed: leave out `times` and `path`",
                self.fault
            ))
        }
    }
}

fn refuse<T>(text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(text.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn parse(body: Value) -> Result<Vec<(Service, Order)>, Refused> {
        serde_json::from_value::<Request>(body).unwrap().parse()
    }

    #[test]
    fn an_order_without_times_strikes_once() {
        let order = Order::Strike {
            fault: Fault::Reset,
            times: 1,
            path: None,
        };
        assert_eq!(
            parse(json!({"service": "*", "fault": "reset"})),
            Ok(vec![(Service::Wechat, order)])
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words_that_say_what_is() {
        for (body, part) in [
            (
                json!({"service": "sms", "fault": "delay", "value": 1}),
                "not played",
            ),
            (
                json!({"service": "wechat", "fault": "skip_state"}),
                "knows no fault",
            ),
            (
                json!({"service": "*", "fault": "gremlins"}),
                "no service knows",
            ),
            (
                json!({"service": "wechat", "fault": "delay"}),
                "milliseconds",
            ),
            (
                json!({"service": "wechat", "fault": "delay", "value": "5"}),
                "milliseconds",
            ),
            (
                json!({"service": "wechat", "fault": "delay", "value": 1.5}),
                "milliseconds",
            ),
            (
                json!({"service": "wechat", "fault": "status", "value": 200}),
                "400 to 599",
            ),
            (
                json!({"service": "wechat", "fault": "reset", "value": 1}),
                "no `value`",
            ),
            (
                json!({"service": "wechat", "fault": "reset", "times": 0}),
                "from 1",
            ),
            (
                json!({"service": "wechat", "fault": "reset", "times": -1}),
                "from 1",
            ),
            (
                json!({"service": "wechat", "fault": "reset", "path": "/nowhere"}),
                "has no path",
            ),
            (
                json!({"service": "wechat", "fault": "errcode", "value": 12345}),
                "40029",
            ),
            (
                json!({"service": "wechat", "fault": "clock_skew", "value": 99_999_999_999_i64}),
                "seconds",
            ),
            (
                json!({"service": "wechat", "fault": "clock_skew", "value": 1, "times": 2}),
                "until changed",
            ),
            (
                json!({"service": "wechat", "fault": "high_risk_user", "value": 3}),
                "openid",
            ),
        ] {
            let refused = parse(body.clone()).unwrap_err().to_string();
            assert!(refused.contains(part), "{body}: {refused}");
        }
    }
}
