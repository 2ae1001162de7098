//! An aggregate's state as the JSON text it travels in. Who only passes it on — a pull's page, a device's staging and
//! base — never takes it apart: reading and writing it anew cost more than everything else in a first sync.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// JSON text, known to be well-formed.
#[derive(Debug, Clone)]
pub struct Body(Box<RawValue>);

impl Body {
    /// The text of an aggregate.
    ///
    /// # Errors
    /// None in practice: aggregates are plain data.
    pub fn of(aggregate: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(aggregate).map(Self)
    }

    /// This text.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The aggregate.
    ///
    /// # Errors
    /// Text of another form.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }
}

/// The same text; for tests and for showing, `1.0` and `1` differ.
impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        // A value's own text is always JSON.
        Self(RawValue::from_string(value.to_string()).unwrap_or_default())
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_keeps_its_bytes_through_a_message() {
        let text = r#"{"b":{"x":1.50,"a":[ ]},"n":null}"#;
        let body: Body = serde_json::from_str(text).unwrap();
        assert_eq!(body.text(), text);
        assert_eq!(serde_json::to_string(&body).unwrap(), text);
        assert_eq!(body.read::<Value>().unwrap()["n"], Value::Null);
    }

    #[test]
    fn a_body_is_made_of_anything_that_is_json() {
        assert_eq!(Body::from(json!({"x": 1})).text(), r#"{"x":1}"#);
        assert_eq!(
            serde_json::from_value::<Body>(json!({"x": 1})).unwrap(),
            Body::of(&json!({"x": 1})).unwrap()
        );
    }
}
