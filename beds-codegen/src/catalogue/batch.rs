//! The batches of the services: many requests to templates of one service in one message.

use beds_protocol::{BatchKey, Lane, Mode, Service};
use serde_json::{Value, json};

use super::operations;
use crate::model::Domain;

/// A batch that clients may send.
#[derive(Debug, Clone)]
pub struct Batch<'d> {
    /// Its routing key.
    pub key: BatchKey,
    /// The templates that its items may name.
    pub templates: Vec<&'d str>,
}

/// The batches that can contain requests to these domains, in the order of the services.
#[must_use]
pub fn batches<'d>(domains: &[&'d Domain]) -> Vec<Batch<'d>> {
    let all = Service::ALL
        .iter()
        .flat_map(|&service| Lane::ALL.iter().map(move |&lane| BatchKey { service, lane }));
    let batch = |key: BatchKey| {
        let of_service = domains.iter().filter(|domain| domain.placement.read.service() == key.service);
        let offers = |domain: &Domain| operations(domain).iter().any(|operation| operation.lane == key.lane);
        let is_served = of_service.clone().any(|domain| offers(domain));
        is_served
            .then(|| Batch { key, templates: of_service.map(|domain| domain.name.value.as_str()).collect() })
    };
    all.filter_map(batch).collect()
}

impl Batch<'_> {
    /// What it does, in a sentence.
    #[must_use]
    pub const fn summary(&self) -> &'static str {
        match self.key.lane {
            Lane::Read => "Answers many reads of the service's templates at once",
            Lane::Write => {
                "Does many writes and reads of the service's templates: each by itself, in order, or all or none"
            }
        }
    }

    /// The ways in which its items may depend on each other.
    #[must_use]
    pub fn modes(&self) -> Vec<&'static str> {
        let is_allowed = |mode: &&Mode| self.key.lane == Lane::Write || **mode != Mode::Atomic;
        Mode::ALL.iter().filter(is_allowed).map(|mode| mode.as_str()).collect()
    }

    /// The schema of its body.
    pub(super) fn request(&self) -> Value {
        let item = json!({
            "type": "object",
            "properties": {
                "template": { "type": "string", "enum": self.templates },
                "op": { "type": "string", "description": "as in a routing key after the template: fetch, call.NAME" },
                "body": { "type": "object", "description": "the body of the request by itself" },
            },
            "required": ["template", "op"],
            "additionalProperties": false,
        });
        let required: &[&str] = match self.key.lane {
            Lane::Read => &["items"],
            Lane::Write => &["mode", "items"],
        };
        json!({
            "type": "object",
            "properties": {
                "mode": { "type": "string", "enum": self.modes() },
                "items": { "type": "array", "items": item, "minItems": 1 },
            },
            "required": required,
            "additionalProperties": false,
        })
    }

    /// The schema of a reply that is not an error.
    pub(super) fn reply() -> Value {
        json!({
            "type": "object",
            "properties": {
                "ok": { "const": true },
                "items": {
                    "type": "array",
                    "description": "the reply to each item by itself, in their order",
                    "items": { "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"] },
                },
                "note": { "type": "string", "description": "how many items failed, and where the first of them is" },
            },
            "required": ["ok", "items"],
        })
    }

    /// A valid body.
    #[must_use]
    pub fn example(&self) -> Value {
        let items: Vec<Value> = self
            .templates
            .iter()
            .take(2)
            .map(|name| json!({ "template": name, "op": "describe", "body": {} }))
            .collect();
        json!({ "mode": self.modes()[0], "items": items })
    }
}
