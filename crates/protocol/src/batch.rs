//! Batches: many requests to the templates of one service in one message, published as `<service>.batch.read` or
//! `<service>.batch.write`.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use crate::{Broker, Lane, Service, names::names, request::present};

names! {
    /// How the items of a batch depend on each other.
    Mode:
    /// Each item by itself, many at a time: a failed item does not affect the others.
    Parallel = "parallel",
    /// One item after another, up to the first that fails.
    Ordered = "ordered",
    /// All items or none, in one database: for writes.
    Atomic = "atomic",
}

/// The routing key of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchKey {
    /// The service that its templates belong to.
    pub service: Service,
    /// Whether the batch only reads.
    pub lane: Lane,
}

impl BatchKey {
    /// Parses `app_server.batch.read` and the like; `None` for the routing key of anything but a batch.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (service, operation) = key.split_once('.')?;
        let lane = Lane::from_name(operation.strip_prefix("batch.")?)?;
        Some(Self { service: Service::from_name(service)?, lane })
    }

    /// The broker in whose queue the batch waits. If the service has several, the first of the contract.
    #[must_use]
    pub fn broker(self) -> Broker {
        Broker::of_batches(self.service, self.lane)
    }
}

impl fmt::Display for BatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.batch.{}", self.service, self.lane)
    }
}

/// The body of a batch.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest<'a> {
    /// How its items depend on each other. A batch of reads without a mode is `parallel`; a batch of writes needs one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The requests, in order.
    #[serde(borrow)]
    pub items: Vec<BatchItem<'a>>,
}

/// A request within a batch.
#[derive(Debug, Serialize)]
pub struct BatchItem<'a> {
    /// Wire name of the template.
    pub template: Cow<'a, str>,
    /// The operation, as in a routing key after the template: `fetch`, `call.restock`.
    pub op: Cow<'a, str>,
    /// The body of the request, not parsed yet. `None` is the same as a request without a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for BatchItem<'a> {
    /// Accepts only an object: the derived code would also read the struct from an array, by position.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members<'a> {
            #[serde(borrow)]
            template: Cow<'a, str>,
            #[serde(borrow)]
            op: Cow<'a, str>,
            #[serde(borrow, default, deserialize_with = "present")]
            body: Option<&'a RawValue>,
        }

        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = BatchItem<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BatchItem<'de>, A::Error> {
                let Members { template, op, body } = Members::deserialize(MapAccessDeserializer::new(map))?;
                Ok(BatchItem { template, op, body })
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routing_keys_round_trip() {
        for &service in Service::ALL {
            for &lane in Lane::ALL {
                let key = BatchKey { service, lane };
                assert_eq!(BatchKey::parse(&key.to_string()), Some(key));
                assert!(key.broker().service() == service && key.broker().lanes().contains(&lane), "{key}");
            }
        }
        assert_eq!(BatchKey::parse("app_server.batch.read").unwrap().broker(), Broker::AppRead);
        assert_eq!(BatchKey::parse("admin.batch.write").unwrap().broker(), Broker::AdminIn);
        for other in
            ["app_server.batch", "app_server.batch.reed", "app.batch.read", "batch.read", "country.fetch"]
        {
            assert_eq!(BatchKey::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_body_is_read_as_it_is_written() {
        let body = r#"{"mode":"ordered","items":[{"template":"note","op":"fetch","body":{"key": 1.50}},{"template":"n\u00e9","op":"describe"}]}"#;
        let request: BatchRequest<'_> = serde_json::from_str(body).unwrap();
        assert_eq!((request.mode, request.items.len()), (Some(Mode::Ordered), 2));
        assert_eq!(request.items[0].body.unwrap().get(), r#"{"key": 1.50}"#);
        assert_eq!((&*request.items[1].template, request.items[1].body.is_none()), ("né", true));
        let written = serde_json::to_string(&request).unwrap();
        assert_eq!(written, body.replace("\\u00e9", "é"));
    }

    #[test]
    fn forms_that_are_not_a_batch_are_refused() {
        for (body, expected) in [
            ("{}", "missing field `items`"),
            (r#"{"items": null}"#, "expected a sequence"),
            (r#"{"items": {}}"#, "expected a sequence"),
            (r#"{"items": [], "items": []}"#, "duplicate field `items`"),
            (r#"{"items": [], "atomic": true}"#, "unknown field `atomic`"),
            (r#"{"items": [], "mode": null}"#, "expected one of parallel"),
            (r#"{"items": [], "mode": "serial"}"#, "unknown variant `serial`"),
            (r#"{"items": [["note", "fetch", {}]]}"#, "expected an object"),
            (r#"{"items": [null]}"#, "expected an object"),
            (r#"{"items": [{"template": "note"}]}"#, "missing field `op`"),
            (r#"{"items": [{"op": "fetch"}]}"#, "missing field `template`"),
            (r#"{"items": [{"template": "note", "op": "fetch", "key": 1}]}"#, "unknown field `key`"),
            (r#"{"items": [{"template": "note", "op": "fetch", "op": "count"}]}"#, "duplicate field `op`"),
            (r#"{"items": [{"template": null, "op": "fetch"}]}"#, "expected a string"),
            (r#"{"items": [{"template": "note", "op": 1}]}"#, "expected a string"),
        ] {
            let message = serde_json::from_str::<BatchRequest<'_>>(body).unwrap_err().to_string();
            assert!(message.contains(expected), "{body}: {message}");
        }
    }
}
