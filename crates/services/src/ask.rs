//! Calls of a domain by their names: what a function asks of the objects of its own domain, in its own name.

use beds_core::{Error, NamasteCore, Result, context::Context};
use beds_protocol::{CallRequest, Record};
use serde::de::DeserializeOwned;

/// The context in which a function asks in its own name what is asked anew each time, whatever `message_id` the request has: what is read, and wrong passwords, which
/// are counted however often a request is repeated.
pub(crate) fn anew(cx: &Context) -> Context {
    Context { claims: None, ..cx.trusted() }
}

/// Makes a call of the domain, and gives its OUT parameters.
pub(crate) async fn call<D: NamasteCore, T: DeserializeOwned>(
    cx: &Context,
    name: &str,
    args: Record,
) -> Result<T> {
    let domain = D::domain().name;
    let call = D::find_call(name).ok_or_else(|| {
        Error::internal(format!(
            "the template `{domain}` has no call `{name}`, which a function of the node needs"
        ))
    })?;
    let outcome = cx.run(D::call(cx, call, CallRequest { args: Some(args) })).await?;
    out(domain, name, outcome.out.as_deref())
}

/// Reads OUT parameters.
pub(crate) fn out<T: DeserializeOwned>(domain: &str, name: &str, out: Option<&[u8]>) -> Result<T> {
    // The error of serde_json may quote a value.
    serde_json::from_slice(out.unwrap_or(b"{}")).map_err(|_| {
        Error::internal(format!(
            "the call `{name}` of `{domain}` does not give what a function of the node needs"
        ))
    })
}

/// What a call gives without OUT parameters, or what nobody reads of it.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Nothing {}
