//! Many calls in one parallel batch to a distant database. The node answers after one round trip, not after one for
//! each call.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use beds_devstack::delay::Delay;
use beds_protocol::topology::EXCHANGE;
use serde_json::Value;

use crate::load::{Drive, Generator};
use crate::plan::{Bound, Comparison, Contender, Reach, Role, target};
use crate::process::{Process, log};
use crate::servers::Servers;
use crate::work::{Kind, Work, batch};

/// Calls in a batch.
const CALLS: u16 = 48;
/// Connections of the node to its database. A connection runs one call at a time. After each call the node checks the
/// session, which costs one round trip and the server's time for it. Meanwhile the next batch comes, and perhaps the
/// one after that.
const CONNECTIONS: u16 = 3 * CALLS;
/// The delay in one direction. A round trip takes twice as long.
const ONE_WAY: Duration = Duration::from_millis(75);
const P95_MAX_MS: f64 = 165.0;

const NODE: &str = "node, 48 calls in a batch";
const READS: &str = "app_server.batch.read";

/// Starts a node with a distant MariaDB, and returns what is measured; none if the node serves no batches. The database
/// stays distant as long as the second part lives.
pub(crate) async fn enter(
    servers: &Servers,
    generator: &mut Generator,
) -> Result<Option<(Comparison, Delay)>> {
    let (before, authority, after) = split(&servers.mariadb)?;
    let address = tokio::net::lookup_host(authority).await?.next().context("MariaDB has no address")?;
    let proxy = Delay::start(address, ONE_WAY).await?;
    let far = format!("{before}{}{after}", proxy.address());
    let variables = [
        ("BEDS__MARIADB__CATALOG__URL", far),
        ("BEDS__MARIADB__CATALOG__READ_CONNECTIONS", CONNECTIONS.to_string()),
    ];
    let node = Arc::new(Process::node(&log("far"), &variables).await?);
    if !generator.is_routed(EXCHANGE, READS).await? {
        return Ok(None);
    }
    let arguments = r#"{"args":{"alpha_2":"AA"}}"#;
    let reply = generator.ask(&target("country.call.subdivision_count"), arguments.as_bytes()).await?;
    let reply: Value = serde_json::from_slice(&reply)?;
    let body = batch("country", "call.subdivision_count", 0..u64::from(CALLS), |_| arguments.to_owned());
    let work = Work::new(Kind::Reads { body, count: usize::from(CALLS), reply });
    let drive = Drive::InFlight(1);
    let comparison = Comparison {
        name: "calls",
        title: format!(
            "{CALLS} calls in one parallel batch, {} ms a round trip to MariaDB",
            2 * ONE_WAY.as_millis()
        ),
        work,
        contenders: vec![Contender {
            name: NODE.to_owned(),
            role: Role::Node,
            target: target(READS),
            process: node,
            client: None,
        }],
        drives: vec![drive],
        reaches: vec![Reach { drive, of: NODE, to: None, bound: Bound::P95MaxMs(P95_MAX_MS) }],
    };
    Ok(Some((comparison, proxy)))
}

/// The parts of a URL: before, in and after its host and port.
fn split(url: &str) -> Result<(&str, &str, &str)> {
    let start = url.find("://").context("the URL of MariaDB has no scheme")? + 3;
    let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    let start = url[start..end].rfind('@').map_or(start, |at| start + at + 1);
    Ok((&url[..start], &url[start..end], &url[end..]))
}
