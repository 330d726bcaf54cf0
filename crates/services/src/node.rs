//! [`NodeService`]: what a node says of itself, under the template name `node`.

use std::{borrow::Cow, time::Instant};

use beds_core::{
    entry::{self, Destination},
    error::{Error, Result, shortened},
    service::{Incoming, Reply, Service, Verdict, refused},
    settings::Limits,
};
use beds_protocol::{Broker, CallRequest, ErrorCode, Lane, Service as Hosted, shown};
use futures_util::future::{BoxFuture, FutureExt as _};
use serde::Serialize;

/// The name that stands where a template's does in routing keys.
const TEMPLATE: &str = "node";
/// All that it serves.
const PING: &str = "node.call.ping";
/// Of a message that quotes the body.
const MESSAGE_CHARACTERS_MAX: usize = 400;

/// Answers commands to a node: `node.call.ping` on `beds.admin.in`.
///
/// One node of those that host `admin` answers, whichever takes the request.
#[derive(Debug)]
pub struct NodeService {
    node: String,
    environment: &'static str,
    services: Vec<Hosted>,
    limits: Limits,
    started: Instant,
}

impl NodeService {
    /// The service of a node that starts now: its name, its environment as in `BEDS_ENV`, the services that it hosts,
    /// and what one request may ask.
    #[must_use]
    pub fn new(
        node: impl Into<String>,
        environment: &'static str,
        services: Vec<Hosted>,
        limits: Limits,
    ) -> Self {
        Self { node: node.into(), environment, services, limits, started: Instant::now() }
    }

    fn answer(&self, incoming: &Incoming<'_>) -> Result<Reply> {
        if incoming.routing_key != PING {
            let message = format!("the service `node` does not offer {}", shown(incoming.routing_key));
            return Err(Error::new(ErrorCode::UnknownOperation, message).hint(format!("it offers `{PING}`")));
        }
        // As a write, which may want no answer.
        let to = Destination {
            name: TEMPLATE,
            broker: Broker::AdminIn,
            lane: Lane::Write,
            hash: None,
            earlier: &[],
        };
        entry::admit(incoming, &to, &self.limits)?;
        check(incoming.body)?;
        let reply = Answer {
            ok: true,
            data: Ping {
                node: &self.node,
                version: env!("CARGO_PKG_VERSION"),
                environment: self.environment,
                services: &self.services,
                uptime_s: self.started.elapsed().as_secs(),
            },
        };
        let body = serde_json::to_vec(&reply)
            .map_err(|error| Error::internal(format!("the reply has no JSON form: {error}")))?;
        Ok(Reply::ok(None, body))
    }
}

impl Service for NodeService {
    fn keys(&self) -> Vec<(Broker, String)> {
        vec![(Broker::AdminIn, PING.to_owned())]
    }

    fn accepts(&self, template: &str) -> bool {
        template == TEMPLATE
    }

    fn handle<'a>(&'a self, incoming: Incoming<'a>) -> BoxFuture<'a, Verdict> {
        let verdict = match self.answer(&incoming) {
            // Nobody waits for the answer; that is no failure.
            Ok(_) if !incoming.wants_reply => Verdict::Done,
            Ok(reply) => Verdict::Reply(reply),
            Err(error) => refused(error, &incoming, None),
        };
        std::future::ready(verdict).boxed()
    }

    fn shown<'a>(&self, _: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(body)
    }
}

/// Refuses a body that is not `{}` or `{"args": {}}`: a ping takes no arguments.
fn check(body: &[u8]) -> Result<()> {
    let request: CallRequest = entry::read(body, false)?;
    match request.args.unwrap_or_default().0.first() {
        Some((name, _)) => {
            let name = shown(shortened(name.clone(), MESSAGE_CHARACTERS_MAX));
            let message = format!("`{PING}` has no argument {name}");
            Err(Error::new(ErrorCode::BadRequest, message)
                .hint(format!("the body of `{PING}` is {{}} or {{\"args\": {{}}}}")))
        }
        None => Ok(()),
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    ok: bool,
    data: Ping<'a>,
}

#[derive(Serialize)]
struct Ping<'a> {
    node: &'a str,
    version: &'static str,
    environment: &'static str,
    services: &'a [Hosted],
    uptime_s: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn service() -> NodeService {
        let limits = Limits { request_bytes_max: 1_000, ..Limits::default() };
        NodeService::new("n1", "dev", vec![Hosted::AppServer, Hosted::Admin], limits)
    }

    fn incoming<'a>(routing_key: &'a str, body: &'a str) -> Incoming<'a> {
        Incoming {
            broker: Broker::AdminIn,
            routing_key,
            content_type: None,
            content_encoding: None,
            deadline: Ok(None),
            expiration: None,
            timestamp: None,
            template_hash: Ok(None),
            after: Ok(None),
            request_id: "id",
            wants_reply: true,
            stages: std::sync::Arc::default(),
            message_id: None,
            user_id: None,
            session: Ok(None),
            client: "",
            traceparent: None,
            body: body.as_bytes(),
        }
    }

    fn handled(incoming: Incoming<'_>) -> Verdict {
        service().handle(incoming).now_or_never().unwrap()
    }

    fn reply(incoming: Incoming<'_>) -> (&'static str, Value) {
        match handled(incoming) {
            Verdict::Reply(reply) => (reply.status, serde_json::from_slice(&reply.body).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ping_tells_who_answers() {
        for body in ["{}", r#" {"args": {}}"#] {
            let (status, body) = reply(incoming(PING, body));
            let data = json!({
                "node": "n1", "version": env!("CARGO_PKG_VERSION"), "environment": "dev",
                "services": ["app_server", "admin"], "uptime_s": 0,
            });
            assert_eq!((status, body), ("ok", json!({"ok": true, "data": data})));
        }
    }

    #[test]
    fn a_ping_to_whom_nobody_listens_is_done() {
        let quiet = Incoming { wants_reply: false, ..incoming(PING, "{}") };
        assert!(matches!(handled(quiet), Verdict::Done));
    }

    #[test]
    fn what_is_no_ping_is_refused_with_the_reason() {
        for (body, reason) in [
            (r#"{"arg": {}}"#, "unknown field `arg`"),
            (r#"{"args": {"loud": true}}"#, "has no argument `loud`"),
            (r#"{"args": null}"#, "expected an object"),
            (r#"{"args": {}, "args": {}}"#, "duplicate field `args`"),
            ("[]", "not a JSON object"),
            ("", "the body is empty"),
            ("{} {}", "after its JSON object"),
            ("\u{feff}{}", "byte order mark"),
        ] {
            let (status, reply) = reply(incoming(PING, body));
            assert_eq!((status, &reply["error"]["code"]), ("bad_request", &json!("bad_request")), "{body}");
            assert!(reply["error"]["message"].as_str().unwrap().contains(reason), "{reply}");
        }
        for routing_key in ["node.call.pong", "node.fetch", "node"] {
            let (status, reply) = reply(incoming(routing_key, "{}"));
            assert_eq!(status, "unknown_operation", "{routing_key}");
            assert!(reply["error"]["hint"].as_str().unwrap().contains(PING), "{reply}");
        }
        let long = format!(r#"{{"args": {{}} {}}}"#, " ".repeat(1_000));
        for (given, code) in [
            (Incoming { content_type: Some("text/plain"), ..incoming(PING, "{}") }, "bad_request"),
            (Incoming { content_encoding: Some("gzip"), ..incoming(PING, "{}") }, "bad_request"),
            (Incoming { deadline: Ok(Some(1)), ..incoming(PING, "{}") }, "deadline_exceeded"),
            (Incoming { deadline: Err(()), ..incoming(PING, "{}") }, "bad_request"),
            (Incoming { template_hash: Ok(Some("0")), ..incoming(PING, "{}") }, "template_mismatch"),
            (incoming(PING, &long), "too_large"),
        ] {
            assert_eq!(reply(given).0, code);
        }
        let misplaced = Incoming { broker: Broker::AdminOut, ..incoming(PING, "{}") };
        assert_eq!(reply(misplaced).0, "bad_request");
    }

    #[test]
    fn a_refusal_that_nobody_hears_is_dead() {
        let quiet = Incoming { wants_reply: false, ..incoming("node.fetch", "{}") };
        let dead = handled(quiet);
        assert!(
            matches!(&dead, Verdict::Dead(error) if error.code == ErrorCode::UnknownOperation),
            "{dead:?}"
        );
    }

    #[test]
    fn its_keys_are_what_it_accepts() {
        assert_eq!(service().keys(), [(Broker::AdminIn, PING.to_owned())]);
        assert!(service().accepts("node") && !service().accepts("nodes"));
    }
}
