//! Calls of a domain by their names: a function calls objects of its own domain in its own name, and a node calls them
//! without any request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use beds_core::{
    Error, NamasteCore, Result, Runner,
    access::Standing,
    context::Context,
    operation,
    plan::Asker,
    spec::{Call, Domain},
};
use beds_protocol::{CallRequest, ErrorCode, Record};
use serde::de::DeserializeOwned;

/// The context for a call that a function makes in its own name, anew each time, whatever `message_id` the request has.
/// This is for reads, and for wrong passwords, which count however often a request is repeated.
pub(crate) fn anew(cx: &Context) -> Context {
    Context { claims: None, ..cx.trusted() }
}

/// Runs a call of the domain, and returns its OUT parameters.
pub(crate) async fn call<D: NamasteCore, T: DeserializeOwned>(
    cx: &Context,
    name: &str,
    args: Record,
) -> Result<T> {
    let domain = D::domain().name;
    let outcome = cx.run(D::call(cx, named::<D>(name)?, CallRequest { args: Some(args) })).await?;
    out(domain, name, outcome.out.as_deref())
}

/// Runs a call of the domain, and returns its rows.
pub(crate) async fn rows<D: NamasteCore, T: DeserializeOwned>(
    cx: &Context,
    name: &str,
    args: Record,
) -> Result<Vec<T>> {
    let domain = D::domain().name;
    let outcome = cx.run(D::call(cx, named::<D>(name)?, CallRequest { args: Some(args) })).await?;
    // The error of serde_json may quote a value.
    serde_json::from_slice(outcome.data.as_deref().unwrap_or(b"[]")).map_err(|_| odd(domain, name))
}

/// The call of this name.
fn named<D: NamasteCore>(name: &str) -> Result<&'static Call> {
    D::find_call(name).ok_or_else(|| {
        let domain = D::domain().name;
        Error::internal(format!(
            "the template `{domain}` has no call `{name}`, which a function of the node needs"
        ))
    })
}

fn odd(domain: &str, name: &str) -> Error {
    Error::internal(format!(
        "the call `{name}` of `{domain}` does not return what a function of the node needs"
    ))
}

/// The error for an argument of a call that a function of the node refuses.
pub(crate) fn invalid(field: &str, reason: &str) -> Error {
    let field = format!("args.{field}");
    Error::new(ErrorCode::ValidationFailed, format!("`{field}` {reason}")).detail(field, reason)
}

/// The longest time for a call that a node makes by itself.
const LONGEST: Duration = Duration::from_secs(5);

/// Runs a call of the domain in the node's own name, for this client if it is for one. `what` stands for the request id
/// in the log. Returns the OUT parameters.
pub(crate) async fn unasked<T: DeserializeOwned>(
    runner: &Arc<dyn Runner>,
    (domain, call): (&'static Domain, &'static Call),
    args: Record,
    (asker, what): (Asker, &str),
) -> Result<T> {
    let cx = Context {
        runner: Arc::clone(runner),
        limits: Arc::default(),
        deadline: Instant::now() + LONGEST,
        asker,
        standing: Standing::default(),
        request_id: what.into(),
        traceparent: None,
        claims: None,
        positions: Arc::default(),
        stages: Arc::default(),
        extensions: Arc::default(),
    };
    let cx = cx.trusted();
    let outcome = cx.run(operation::call(&cx, domain, call, CallRequest { args: Some(args) })).await?;
    out(domain.name, call.name, outcome.out.as_deref())
}

/// Reads OUT parameters.
pub(crate) fn out<T: DeserializeOwned>(domain: &str, name: &str, out: Option<&[u8]>) -> Result<T> {
    // The error of serde_json may quote a value.
    serde_json::from_slice(out.unwrap_or(b"{}")).map_err(|_| odd(domain, name))
}

/// The result of a call without OUT parameters, or whose OUT parameters are not used.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Nothing {}
