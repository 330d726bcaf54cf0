//! Services that answer at once: the cost of RabbitMQ and lapin.

use std::sync::Arc;

use anyhow::Result;

use super::{Guarantee, acknowledge, answer, serve};
use crate::servers::Servers;

fn body(bytes: usize) -> Arc<[u8]> {
    vec![b'x'; bytes].into()
}

/// The fastest way: RabbitMQ forgets a delivery once it is sent.
pub(super) async fn bare(servers: &Servers, queue: &str, bytes: usize) -> Result<()> {
    let body = body(bytes);
    serve(servers, queue, Guarantee::None, move |channel, request| {
        let body = Arc::clone(&body);
        async move { answer(&channel, &request, &body).await }
    })
    .await
}

/// Each delivery is acknowledged after its answer.
pub(super) async fn acknowledged(
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
