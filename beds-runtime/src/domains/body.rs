//! From the bytes of a body to a [`Request`].

use beds_core::{Request, Result, address::Target, entry, mask, spec::Domain};
use beds_protocol::DescribeRequest;
use serde::de::DeserializeOwned;

/// Decodes the body of an operation.
///
/// # Errors
/// `bad_request`, with the position in the body.
pub(super) fn decode(domain: &Domain, target: Target, body: &[u8]) -> Result<Request> {
    Ok(match target {
        Target::Fetch => Request::Fetch(read(domain, body)?),
        Target::Count => Request::Count(read(domain, body)?),
        Target::Create => Request::Create(read(domain, body)?),
        Target::Update => Request::Update(read(domain, body)?),
        Target::Upsert => Request::Upsert(read(domain, body)?),
        Target::Delete => Request::Delete(read(domain, body)?),
        // The shortest request may have an empty body. In a batch, a library may write that as `null`.
        Target::Describe if body.is_empty() || body == b"null" => Request::Describe(DescribeRequest {}),
        Target::Describe => Request::Describe(read(domain, body)?),
        Target::Call(call) => Request::Call(call, read(domain, body)?),
    })
}

fn read<T: DeserializeOwned>(domain: &Domain, body: &[u8]) -> Result<T> {
    entry::read(body, mask::has_sensitive(domain))
}
