//! Requests that a command sends to the nodes, as the user of the configuration's RabbitMQ.

use std::{path::Path, time::Duration};

use beds_bus::Endpoint;
use beds_client::{Client, ClientError, Request, protocol::Reply};
use beds_core::spec::Domain;

use super::call::configured_url;

/// A client of the RabbitMQ that takes requests with this routing key.
pub(super) async fn connect(
    domains: &[&'static Domain],
    (name, folder): (&str, &Path),
    routing_key: &str,
    timeout: Duration,
) -> Result<Client, String> {
    let url = configured_url(domains, routing_key, folder).map_err(|error| error.to_string())?;
    let url = url.current()?;
    let user = Endpoint::parse(url.expose())?.user().to_owned();
    let client =
        Client::builder(url.expose()).tls(url.tls().clone()).user_id(user).name(name).timeout(timeout);
    client.connect().await.map_err(|error| error.to_string())
}

/// The answer to a request, or its refusal; fails without a reply. The request goes to the RabbitMQ that takes requests
/// with the same routing key.
pub(super) async fn ask(
    domains: &[&'static Domain],
    named: (&str, &Path),
    (routing_key, request): (&str, Request),
    timeout: Duration,
) -> Result<Result<Reply, String>, String> {
    let client = connect(domains, named, routing_key, timeout).await?;
    let reply = client.execute(request).await;
    client.close().await;
    match reply {
        Ok(reply) => Ok(Ok(reply)),
        Err(ClientError::Refused(refused)) => Ok(Err(refused.to_string())),
        Err(error) => Err(error.to_string()),
    }
}
