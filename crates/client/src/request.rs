//! [`Request`]: one request with its options.

use std::{fmt, time::Duration};

use beds_bus::Name;
use beds_protocol::{BatchKey, CountRequest, FetchRequest, Lane, Operation, RoutingKey};
use serde::Serialize;
use uuid::Uuid;

use crate::error::ClientError;

/// A request: a template, an operation, a body, and options.
///
/// ```
/// use beds_client::Request;
/// use std::time::Duration;
///
/// let request = Request::update("note", &"0197…", &serde_json::json!({"subject": "New"}))
///     .if_version(3)
///     .timeout(Duration::from_secs(2));
/// // Keep the id of a write, and send the same request again when the answer was lost.
/// let again = request.clone();
/// assert_eq!(again.id(), request.id());
/// ```
#[derive(Clone)]
pub struct Request {
    pub(crate) routing_key: String,
    pub(crate) body: Result<Vec<u8>, String>,
    pub(crate) lane: Lane,
    pub(crate) id: Uuid,
    pub(crate) timeout: Option<Duration>,
    pub(crate) session: Option<String>,
    pub(crate) template_hash: Option<String>,
    pub(crate) traceparent: Option<String>,
    pub(crate) after: Option<String>,
}

impl Request {
    /// A request of an operation with a body of the caller's.
    ///
    /// A body without a JSON form is reported when the request is sent. A call counts as a write unless
    /// [`Request::lane`] sets another lane.
    pub fn new<B: Serialize + ?Sized>(template: &str, operation: Operation<'_>, body: &B) -> Self {
        let lane = operation.lane().unwrap_or(Lane::Write);
        let body = serde_json::to_vec(body).map_err(|error| format!("its body has no JSON form: {error}"));
        Self::assembled(RoutingKey { template, operation }.to_string(), body, lane)
    }

    /// A request whose routing key and body are sent as they are.
    pub fn raw(routing_key: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let routing_key = routing_key.into();
        let of_batch = || BatchKey::parse(&routing_key).map(|key| key.lane);
        let lane =
            RoutingKey::parse(&routing_key).ok().and_then(|key| key.operation.lane()).or_else(of_batch);
        let lane = lane.unwrap_or(Lane::Write);
        Self::assembled(routing_key, Ok(body.into()), lane)
    }

    pub(crate) fn assembled(routing_key: String, body: Result<Vec<u8>, String>, lane: Lane) -> Self {
        Self {
            routing_key,
            body,
            lane,
            id: Uuid::now_v7(),
            timeout: None,
            session: None,
            template_hash: None,
            traceparent: None,
            after: None,
        }
    }

    /// Fetches one record by its key: a scalar, or an object if the key has several fields.
    pub fn fetch<K: Serialize + ?Sized>(template: &str, key: &K) -> Self {
        Self::new(template, Operation::Fetch, &Key { key })
    }

    /// Fetches the records that a filter matches.
    pub fn fetch_where(template: &str, query: &FetchRequest) -> Self {
        Self::new(template, Operation::Fetch, query)
    }

    /// Counts the records that a filter matches.
    pub fn count(template: &str, query: &CountRequest) -> Self {
        Self::new(template, Operation::Count, query)
    }

    /// Creates one record from an object, or all or none of several from an array of objects.
    pub fn create<D: Serialize + ?Sized>(template: &str, data: &D) -> Self {
        Self::new(template, Operation::Create, &Data { data })
    }

    /// Changes the fields of one record that `data` names.
    pub fn update<K, D>(template: &str, key: &K, data: &D) -> Self
    where
        K: Serialize + ?Sized,
        D: Serialize + ?Sized,
    {
        Self::new(template, Operation::Update, &KeyData { key, data })
    }

    /// Creates one record from an object, or changes the record with its key. An array of objects writes several, all
    /// or none.
    pub fn upsert<D: Serialize + ?Sized>(template: &str, data: &D) -> Self {
        Self::new(template, Operation::Upsert, &Data { data })
    }

    /// Changes the fields that `data` names in all records that a filter matches. The reply has their count.
    pub fn update_where<F, D>(template: &str, filter: &F, data: &D) -> Self
    where
        F: Serialize + ?Sized,
        D: Serialize + ?Sized,
    {
        Self::new(template, Operation::Update, &WhereData { r#where: filter, data })
    }

    /// Deletes all records that a filter matches. The reply has their count.
    pub fn delete_where<F: Serialize + ?Sized>(template: &str, filter: &F) -> Self {
        Self::new(template, Operation::Delete, &Where { r#where: filter })
    }

    /// Deletes one record.
    pub fn delete<K: Serialize + ?Sized>(template: &str, key: &K) -> Self {
        Self::new(template, Operation::Delete, &Key { key })
    }

    /// Asks what a domain offers.
    pub fn describe(template: &str) -> Self {
        Self::raw(RoutingKey { template, operation: Operation::Describe }.to_string(), "{}")
    }

    /// Runs a call by name. If the template puts the call into the read lane, set it with [`Request::lane`].
    pub fn call<A: Serialize + ?Sized>(template: &str, name: &str, args: &A) -> Self {
        Self::new(template, Operation::Call(name), &Args { args })
    }

    /// Sets whether the request reads or writes. The bus drops a read after its deadline. The bus stores a write. A
    /// write whose reply nobody waits for any more is not done, unless it had already begun. A write that wants no
    /// reply is done.
    #[must_use]
    pub const fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// Sets the message id, which identifies the request, however often it is sent. Every request has a fresh UUID v7
    /// from the start. Set an id here to repeat a write of an earlier run of the program.
    #[must_use]
    pub const fn message_id(mut self, id: Uuid) -> Self {
        self.id = id;
        self
    }

    /// How long to wait for the answer, instead of the client's timeout.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The token of a session.
    #[must_use]
    pub fn session(mut self, token: impl Into<String>) -> Self {
        self.session = Some(token.into());
        self
    }

    /// The fingerprint of the template that the caller was built for. A node that serves another one refuses with
    /// `template_mismatch`.
    #[must_use]
    pub fn template_hash(mut self, hash: impl Into<String>) -> Self {
        self.template_hash = Some(hash.into());
        self
    }

    /// The W3C trace context to continue.
    #[must_use]
    pub fn traceparent(mut self, context: impl Into<String>) -> Self {
        self.traceparent = Some(context.into());
        self
    }

    /// Makes a read see a write, or a later state: `position` comes from the write's reply
    /// ([`RawReply::position`](crate::RawReply::position)). Without it, a read may come to a replica that does not have
    /// the write yet.
    #[must_use]
    pub fn after(mut self, position: impl Into<String>) -> Self {
        self.after = Some(position.into());
        self
    }

    /// Changes or deletes the record only while it has this version. It applies to `update` and `delete`. With another
    /// operation the request is refused when it is sent.
    #[must_use]
    pub fn if_version(self, version: i64) -> Self {
        self.with_member("if_version", &version.to_string())
    }

    /// Only counts what an update or delete by filter would change. With another operation the request is refused when
    /// it is sent.
    #[must_use]
    pub fn dry_run(self) -> Self {
        self.with_member("dry_run", "true")
    }

    /// Adds a member to the body of an update or delete.
    fn with_member(mut self, name: &str, json: &str) -> Self {
        let applies = self.routing_key.ends_with(".update") || self.routing_key.ends_with(".delete");
        self.body = match self.body {
            // The body is an object that names at least the records. So one more member goes before the last brace.
            Ok(mut body) if applies && body.len() > 2 && body.last() == Some(&b'}') => {
                body.pop();
                body.extend_from_slice(format!(",\"{name}\":{json}}}").as_bytes());
                Ok(body)
            }
            Ok(_) => Err(format!("`{name}` applies to `update` and `delete`")),
            failed @ Err(_) => failed,
        };
        self
    }

    /// The message id. It identifies the request in error replies, in the node's log and among the dead letters.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// The routing key, `<template>.<operation>`.
    #[must_use]
    pub fn routing_key(&self) -> &str {
        &self.routing_key
    }

    /// Refuses a request that AMQP cannot carry, before the bus closes the channel over it.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        if let Err(reason) = &self.body {
            return Err(ClientError::Request(reason.clone()));
        }
        if self.routing_key.len() > Name::BYTES_MAX {
            return Err(too_long());
        }
        Ok(())
    }

    /// The routing key and the body, as the bus takes them.
    pub(crate) fn take_parts(&mut self) -> Result<(Name, Vec<u8>), ClientError> {
        let body = std::mem::replace(&mut self.body, Ok(Vec::new())).map_err(ClientError::Request)?;
        Ok((Name::new(self.routing_key.as_str()).ok_or_else(too_long)?, body))
    }
}

fn too_long() -> ClientError {
    ClientError::Request(format!("its routing key exceeds {} bytes", Name::BYTES_MAX))
}

impl fmt::Debug for Request {
    /// Leaves out the body and the session, which are confidential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("routing_key", &self.routing_key)
            .field("bytes", &self.body.as_ref().map(Vec::len))
            .field("lane", &self.lane)
            .field("id", &self.id)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Key<'a, K: ?Sized> {
    key: &'a K,
}

#[derive(Serialize)]
struct Data<'a, D: ?Sized> {
    data: &'a D,
}

#[derive(Serialize)]
struct KeyData<'a, K: ?Sized, D: ?Sized> {
    key: &'a K,
    data: &'a D,
}

#[derive(Serialize)]
struct Where<'a, F: ?Sized> {
    r#where: &'a F,
}

#[derive(Serialize)]
struct WhereData<'a, F: ?Sized, D: ?Sized> {
    r#where: &'a F,
    data: &'a D,
}

#[derive(Serialize)]
struct Args<'a, A: ?Sized> {
    args: &'a A,
}

#[cfg(test)]
mod tests {
    use beds_protocol::{CallRequest, UpdateRequest};
    use serde_json::json;

    use super::*;

    fn body(request: &Request) -> &[u8] {
        request.body.as_deref().unwrap()
    }

    #[test]
    fn bodies_are_what_the_protocol_reads() {
        let request = Request::update("note", "k", &json!({"subject": "x"})).if_version(3);
        let read: UpdateRequest = serde_json::from_slice(body(&request)).unwrap();
        assert_eq!((read.key, read.if_version), (Some("k".into()), Some(3)));

        let request = Request::update_where("note", &json!({"subject": "x"}), &json!({"subject": "y"}));
        let read: UpdateRequest = serde_json::from_slice(body(&request.dry_run())).unwrap();
        assert!(read.r#where.is_some() && read.dry_run == Some(true));
        let request = Request::delete_where("note", &json!({"subject": "x"}));
        assert_eq!(body(&request), br#"{"where":{"subject":"x"}}"#);

        let request = Request::call("country", "summary", &json!({"alpha_2": "FR"}));
        assert_eq!(request.routing_key(), "country.call.summary");
        assert!(serde_json::from_slice::<CallRequest>(body(&request)).is_ok());

        let query = FetchRequest { limit: Some(2), ..FetchRequest::default() };
        assert_eq!(body(&Request::fetch_where("note", &query)), br#"{"limit":2}"#);
    }

    #[test]
    fn every_request_has_an_id_that_it_keeps() {
        let write = Request::create("note", &json!({}));
        assert_eq!(write.id().get_version_num(), 7);
        assert_eq!(write.clone().lane(Lane::Read).id(), write.id());
        assert_ne!(Request::fetch("note", "k").id(), Request::fetch("note", "k").id());
        assert_eq!(Request::fetch("note", "k").message_id(write.id()).id(), write.id());
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_it_is() {
        assert!(Request::fetch("note", "k").if_version(1).check().is_err());
        assert!(Request::upsert("note", &json!({})).dry_run().check().is_err());
        assert!(Request::raw("x".repeat(256), "{}").check().is_err());
        let unnamed = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(Request::create("note", &unnamed).check().is_err());
        assert!(Request::delete("note", "k").if_version(1).check().is_ok());
    }

    #[test]
    fn debug_shows_no_body_and_no_session() {
        let text = format!("{:?}", Request::create("note", &json!({"a": "secret"})).session("token"));
        assert!(!text.contains("secret") && !text.contains("token"), "{text}");
    }
}
