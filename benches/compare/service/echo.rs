//! Services that answer at once: what RabbitMQ and lapin cost.

use std::sync::Arc;

use anyhow::Result;

use super::{Guarantee, acknowledge, answer, serve};
use crate::servers::Servers;

fn body(bytes: usize) -> Arc<[u8]> {
    vec![b'x'; bytes].into()
}

/// As fast as it goes.
pub(super) async fn raw(servers: &Servers, queue: &str, bytes: usize) -> Result<()> {
    let body = body(bytes);
    serve(servers, queue, Guarantee::None, move |channel, request| {
        let body = Arc::clone(&body);
        async move { answer(&channel, &request, &body).await }
    })
    .await
}

/// With the node's guarantee, or with its route besides.
pub(super) async fn reliable(
    servers: &Servers,
    queue: &str,
    guarantee: Guarantee,
    bytes: usize,
) -> Result<()> {
    let body = body(bytes);
    serve(servers, queue, guarantee, move |channel, request| {
        let body = Arc::clone(&body);
        async move {
            answer(&channel, &request, &body).await?;
            acknowledge(&request).await
        }
    })
    .await
}
