//! What tests at a device's door begin with: a town where a customer's visit is the collector Zhang's, who is signed in.

use blackbox::goods::at;
use blackbox::{Customer, Device, Dispatch, Engine, Town};
use serde_json::Value;

pub struct Scene {
    pub town: Town,
    pub customer: Customer,
    /// Booked by the customer, assigned to Zhang.
    pub visit: Value,
    pub zhang: Device,
}

impl Scene {
    pub async fn begin() -> Self {
        let town = Town::start(Engine::MariaDb).await;
        let customer = Customer::login(&town.world, "wang").await;
        let mut dispatch = Dispatch::open(&town).await;
        let zhang_id = town.staff("zhang").await;
        let visit = town
            .booked_for(&customer, &mut dispatch, &at(2, 10), &zhang_id)
            .await;
        let zhang = town.device("zhang").await;
        Self {
            town,
            customer,
            visit,
            zhang,
        }
    }
}
