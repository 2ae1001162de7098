//! `/__control`: orders faults and shows which are pending.

use axum::{Json, body::Bytes, extract::State};
use serde_json::{Value, json};

use super::{BadRequest, parse};
use crate::{
    Sandbox, Service, World,
    faults::{Order, Request},
};

/// `POST /__control`: orders a fault; 400 and the reason where it is not understood.
pub async fn order(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Json<Value>, BadRequest> {
    let request: Request = parse(&body)?;
    let orders = request
        .parse()
        .map_err(|refused| BadRequest(refused.to_string()))?;
    let mut world = sandbox.world();
    for (service, order) in orders {
        carry_out(&mut world, service, order);
    }
    Ok(Json(state(&world)))
}

/// `GET /__control`: what is pending.
pub async fn show(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(state(&sandbox.world()))
}

fn carry_out(world: &mut World, service: Service, order: Order) {
    match order {
        Order::Strike { fault, times, path } => world.faults.add(service, fault, times, path),
        Order::Skew(skew) => world.faults.set_skew(service, skew),
        Order::HighRiskUser(openid) => world.wechat.hold_for_high_risk(&openid),
        Order::Clear => {
            world.faults.clear(service);
            match service {
                Service::Wechat => world.wechat.trust_everyone(),
            }
        }
    }
}

fn state(world: &World) -> Value {
    let skews: serde_json::Map<_, _> = Service::ALL
        .iter()
        .map(|service| {
            (
                service.name().to_owned(),
                json!(world.faults.skew(*service).num_seconds()),
            )
        })
        .collect();
    json!({"pending": world.faults.shown(), "clock_skew": skews})
}
