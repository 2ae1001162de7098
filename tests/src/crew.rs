//! What a collector does at the door and a clerk at the counter, as verbs on a device. Shapes of `list` and `show`
//! are read here and nowhere else.

use serde_json::{Value, json};

use crate::customer::{id, text};
use crate::device::Device;
use crate::goods::{reasons, weighed};

impl Device {
    /// The appointment on this device, its own pending changes applied; `None` when it does not hold it.
    pub async fn appointment(&self, id: &str) -> Option<Value> {
        self.held("appointment", id).await
    }

    /// The order on this device; `None` when it does not hold it.
    pub async fn order(&self, id: &str) -> Option<Value> {
        self.held("order", id).await
    }

    async fn held(&self, kind: &str, id: &str) -> Option<Value> {
        let done = self.run(&["show", kind, id]).await;
        if done.status.success() {
            let shown = done.json();
            return Some(shown.get(kind).unwrap_or(&shown).clone());
        }
        let said = format!("{}{}", done.stdout, done.stderr);
        assert!(said.contains("not_found"), "show {kind} {id}: {said}");
        None
    }

    /// Ids of all entities of a kind.
    pub async fn ids(&self, kind: &str) -> Vec<String> {
        let listed = self.list(kind).await;
        let rows = listed.as_array().expect("a list");
        rows.iter().map(|row| id(row).to_owned()).collect()
    }

    /// How many mutations wait for a verdict.
    pub async fn waiting(&self) -> usize {
        self.call(&["pending"])
            .await
            .as_array()
            .expect("a list")
            .len()
    }

    /// Compares every scope with the server's sums: no difference now, and none ever that had to be repaired.
    pub async fn agrees(&self) {
        let checked = self.call(&["check"]).await;
        assert_eq!(checked["pull"]["mismatched"], json!([]), "{checked}");
        assert_eq!(checked["status"]["repaired_scopes"], 0, "{checked}");
        assert_ne!(checked["pull"]["checked"], 0, "{checked}");
    }

    /// Goes to the door, weighs three kinds of goods, is accepted and pays cash; answers the payment's amount.
    pub async fn serve(&self, visit: &Value) -> Value {
        let appointment = json!({"appointment_id": id(visit)});
        let _ = self.exec("appointment.start", &appointment).await;
        let due = self.weigh_and_pay(text(visit, "order_id")).await;
        let _ = self.exec("appointment.complete", &appointment).await;
        due
    }

    /// The part of [`Device::serve`] that moves goods and money.
    pub async fn weigh_and_pay(&self, order: &str) -> Value {
        let weigh = json!({"order_id": order, "items": weighed(), "gap_reasons": reasons()});
        let made = self.exec("order.weigh", &weigh).await;
        let accept = json!({"order_id": order, "quote_id": text(&made, "quote_id"), "by": "signature", "blob": "0".repeat(64)});
        let _ = self.exec("order.accept", &accept).await;
        let shown = self.order(order).await.expect("the order just weighed");
        let due = shown["due"].clone();
        let pay = json!({"order_id": order, "method": "cash", "amount": due});
        let _ = self.exec("order.pay", &pay).await;
        due
    }
}
