//! `beds fleet health`: the verdict on the fleet, with reasons.

use std::{fmt::Write as _, path::Path, time::Duration};

use beds_client::Request;
use beds_core::spec::Domain;
use beds_protocol::OneLine;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask_nodes;

/// The reply to `fleet.call.health`.
#[derive(Debug, Deserialize)]
struct Health {
    verdict: String,
    nodes: u64,
    reasons: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
struct Reason {
    what: String,
    node: Option<String>,
    message: String,
}

/// The text to print, and whether the fleet is healthy; or why the request was refused. Fails without a reply.
pub(super) async fn ask(
    domains: &[&'static Domain],
    folder: &Path,
    as_json: bool,
    timeout: Duration,
) -> Result<Result<(String, bool), String>, String> {
    let request = ("fleet.call", Request::call("fleet", "health", &json!({})));
    let reply = match ask_nodes(domains, ("beds fleet", folder), request, timeout).await? {
        Ok(reply) => reply.data.unwrap_or_default(),
        Err(refused) => return Ok(Err(refused)),
    };
    let json = format!("{reply:#}\n");
    let (text, is_healthy) = told(reply)?;
    Ok(Ok((if as_json { json } else { text }, is_healthy)))
}

/// The verdict on one line, and each reason on a line below it.
fn told(reply: Value) -> Result<(String, bool), String> {
    let Health { verdict, nodes, reasons } =
        serde_json::from_value(reply).map_err(|error| format!("the reply cannot be read: {error}"))?;
    let plural = if nodes == 1 { "" } else { "s" };
    let mut text = format!("{}  {nodes} node{plural}\n", OneLine(&verdict));
    for Reason { what, node, message } in reasons {
        let of = node.map(|node| format!("{node}: ")).unwrap_or_default();
        let _ = writeln!(text, "  {:20}  {}", OneLine(&what).to_string(), OneLine(&format!("{of}{message}")));
    }
    Ok((text, verdict == "healthy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_a_line_below_the_verdict() {
        let reply = json!({"verdict": "failing", "nodes": 2, "reasons": [
            {"what": "service_unserved", "node": null, "instance": null, "message": "no node serves `tercero`"},
            {"what": "node_lost", "node": "n2", "instance": null, "message": "it was not heard\nfor long"},
        ]});
        let (text, is_healthy) = told(reply).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            (lines.as_slice(), is_healthy),
            (
                &[
                    "failing  2 nodes",
                    "  service_unserved      no node serves `tercero`",
                    "  node_lost             n2: it was not heard\\nfor long",
                ][..],
                false
            )
        );
        let healthy = told(json!({"verdict": "healthy", "nodes": 1, "reasons": []})).unwrap();
        assert_eq!(healthy, ("healthy  1 node\n".to_owned(), true));
        assert!(told(json!([])).is_err());
    }
}
