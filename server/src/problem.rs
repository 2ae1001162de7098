//! What went wrong, for callers: a problem of RFC 9457 with a stable code. Store errors, refusals and field errors
//! all become one; the words are chosen by language where the answer is written ([`crate::routes`]).

#[cfg(test)]
mod tests;
mod words;

use crate::{
    limits::{Refused, Standing},
    store::StoreError,
};
use huishou_domain::{booking::FieldError, pricing::Lang, visit::Refusal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A fault of one field, by path and stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadField {
    /// Path, as `contact.phone`.
    pub field: String,
    /// Stable code.
    pub code: String,
}

/// An answer that is not what was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// All fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<BadField>,
    /// The subject as it now is, with 409.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<Value>>,
    /// Further members of the body, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Box<Map<String, Value>>>,
    /// Seconds until another try makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// What is left of the bucket that is empty; told in headers.
    #[serde(skip)]
    pub standing: Option<Standing>,
    /// The request has used something up that is good once: its answer is kept under its key, whatever its status.
    #[serde(skip)]
    pub is_final: bool,
    /// For the log only; never sent.
    #[serde(skip)]
    pub cause: Option<Arc<StoreError>>,
    /// For the log only; never sent.
    #[serde(skip)]
    pub note: Option<Box<str>>,
}

impl Problem {
    /// A problem of a status with a stable code.
    #[must_use]
    pub fn new(status: u16, code: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            errors: Vec::new(),
            current: None,
            more: None,
            retry_after: None,
            standing: None,
            is_final: false,
            cause: None,
            note: None,
        }
    }

    /// The same with one more member of the body.
    #[must_use]
    pub fn with(mut self, name: &str, value: &impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.more
                .get_or_insert_default()
                .insert(name.to_owned(), value);
        }
        self
    }

    /// 404: no such thing, or not for this caller.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(404, "not_found")
    }

    /// 403.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(403, "forbidden")
    }

    /// 401 with `missing_token`, `invalid_token` or `token_expired`.
    #[must_use]
    pub fn unauthorized(code: &str) -> Self {
        Self::new(401, code)
    }

    /// 409 with the subject as it now is.
    #[must_use]
    pub fn conflict(code: &str, current: Option<Value>) -> Self {
        Self {
            current: current.map(Box::new),
            ..Self::new(409, code)
        }
    }

    /// 422 with one bad field.
    #[must_use]
    pub fn field(field: &str, code: &str) -> Self {
        Self::fields(vec![BadField {
            field: field.to_owned(),
            code: code.to_owned(),
        }])
    }

    /// 422 with all bad fields.
    #[must_use]
    pub fn fields(errors: Vec<BadField>) -> Self {
        Self {
            errors,
            ..Self::new(422, "validation_failed")
        }
    }

    /// The same with one more bad field.
    #[must_use]
    pub fn and_field(mut self, field: &str, code: &str) -> Self {
        self.errors.push(BadField {
            field: field.to_owned(),
            code: code.to_owned(),
        });
        Self::fields(self.errors)
    }

    /// 500; `note` goes to the log only.
    #[must_use]
    pub fn internal(note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into().into_boxed_str()),
            ..Self::new(500, "internal")
        }
    }

    /// 503 with `Retry-After`.
    #[must_use]
    pub fn unavailable(code: &str, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(503, code)
        }
    }

    /// 429 with `Retry-After`.
    #[must_use]
    pub fn too_many(code: &str, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(429, code)
        }
    }

    /// The refusal of an intent: 403 or 409.
    #[must_use]
    pub fn refused(refusal: Refusal, current: Option<Value>) -> Self {
        match refusal {
            Refusal::Forbidden => Self::not_found(),
            Refusal::OutsideSlots => Self::field("appointment_time", "outside_slots"),
            other => Self::conflict(other.as_str(), current),
        }
    }

    /// The body in words.
    #[must_use]
    pub fn body(&self, lang: Lang, request_id: &str) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": words::title(self.status),
            "status": self.status,
            "code": self.code,
            "detail": words::detail(self, lang),
            "request_id": request_id,
        });
        if let [only] = self.errors.as_slice() {
            body["field"] = json!(only.field);
        }
        if !self.errors.is_empty() {
            body["errors"] = self.errors.iter().map(|e| error_body(e, lang)).collect();
        }
        if let Some(current) = &self.current {
            body["current"] = Value::clone(current);
        }
        for (name, value) in self.more.iter().flat_map(|more| more.iter()) {
            body[name] = value.clone();
        }
        body
    }
}

fn error_body(error: &BadField, lang: Lang) -> Value {
    json!({"field": error.field, "code": error.code, "detail": words::field(&error.field, &error.code, lang)})
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self {
            standing: Some(refused.standing),
            ..Self::too_many("rate_limited", refused.wait)
        }
    }
}

impl From<Vec<FieldError>> for Problem {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::fields(
            errors
                .into_iter()
                .map(|e| BadField {
                    field: e.field,
                    code: e.code.to_owned(),
                })
                .collect(),
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Arc::new(error).into()
    }
}

impl From<Arc<StoreError>> for Problem {
    fn from(error: Arc<StoreError>) -> Self {
        let mut problem = match &*error {
            StoreError::SlotFull => return Self::conflict("slot_full", None),
            StoreError::Saturated => Self::unavailable("database_busy", 1),
            StoreError::Unavailable(_) | StoreError::Busy(_) => {
                Self::unavailable("database_unavailable", 1)
            }
            _ => Self::new(500, "internal"),
        };
        problem.cause = Some(error);
        problem
    }
}

impl crate::store::WriteError for Problem {
    fn is_busy(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.is_busy())
    }
}
