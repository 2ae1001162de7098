//! A customer with the mini-program in hand: verbs over the customer's API.

use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::goods::booking;
use crate::http::{Answer, Api};
use crate::world::World;

/// A customer who has logged in.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Calls with the customer's token.
    pub api: Api,
    /// What the login answered.
    pub session: Value,
}

impl Customer {
    /// Logs in as the sandbox's user `name`; each name is a person of their own.
    pub async fn login(world: &World, name: &str) -> Self {
        let code = format!("sandbox:{name}#{}", Uuid::now_v7().simple());
        let answer = world
            .server
            .api()
            .post("/api/v1/sessions", &json!({ "code": code }))
            .await;
        assert!(
            matches!(answer.status, 200 | 201),
            "login answered {}: {}",
            answer.status,
            answer.text
        );
        let token = answer.body["access_token"]
            .as_str()
            .expect("an access token");
        Self {
            api: world.server.api().with_token(token),
            session: answer.body.clone(),
        }
    }

    /// The customer's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.session["user"]["id"].as_str().expect("the user's id")
    }

    /// Gives the phone number, as the mini-program's button does.
    pub async fn give_phone(&self, mobile: &str) -> Answer {
        let code = format!("phone:{mobile}:{}", Uuid::now_v7().simple());
        self.api
            .post("/api/v1/me/phone", &json!({ "code": code }))
            .await
    }

    /// Books `body` with a new idempotency key, whatever the answer.
    pub async fn try_book(&self, body: &Value) -> Answer {
        self.api
            .post_once("/api/v1/appointments", &key(), body)
            .await
    }

    /// Books the tests' usual goods at an instant.
    pub async fn book(&self, appointment_time: &str) -> Value {
        self.try_book(&booking(appointment_time))
            .await
            .expect(201)
            .clone()
    }

    /// The appointment as this customer sees it.
    pub async fn appointment(&self, id: &str) -> Value {
        self.api
            .get(&format!("/api/v1/appointments/{id}"))
            .await
            .expect(200)
            .clone()
    }

    /// The order as this customer sees it.
    pub async fn order(&self, id: &str) -> Value {
        self.api
            .get(&format!("/api/v1/orders/{id}"))
            .await
            .expect(200)
            .clone()
    }

    /// Calls an appointment off, whatever the answer.
    pub async fn try_cancel(&self, id: &str, version: i64) -> Answer {
        let body = json!({"reason": "customer_request", "expect_version": version});
        self.api
            .post_once(&format!("/api/v1/appointments/{id}/cancel"), &key(), &body)
            .await
    }

    /// Moves an appointment, whatever the answer.
    pub async fn try_reschedule(&self, id: &str, to: &str, version: i64) -> Answer {
        let body = json!({"appointment_time": to, "expect_version": version});
        self.api
            .post_once(
                &format!("/api/v1/appointments/{id}/reschedule"),
                &key(),
                &body,
            )
            .await
    }

    /// Says yes to a final quote in the mini-program, whatever the answer.
    pub async fn try_accept(&self, id: &str, quote: &str) -> Answer {
        let body = json!({ "quote_id": quote });
        self.api
            .post_once(&format!("/api/v1/appointments/{id}/accept"), &key(), &body)
            .await
    }
}

/// A new idempotency key.
#[must_use]
pub fn key() -> String {
    format!(
        "{}-{}",
        Utc::now().timestamp_millis(),
        Uuid::now_v7().simple()
    )
}

/// An aggregate's id.
#[must_use]
pub fn id(aggregate: &Value) -> &str {
    text(aggregate, "id")
}

/// A text field that must be there.
#[must_use]
#[track_caller]
pub fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} is a text: {object}"))
}

/// A whole-number field that must be there.
#[must_use]
#[track_caller]
pub fn number(object: &Value, field: &str) -> i64 {
    object[field]
        .as_i64()
        .unwrap_or_else(|| panic!("{field} is a whole number: {object}"))
}
