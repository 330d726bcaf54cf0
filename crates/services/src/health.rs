//! The function behind the call `health` of the template `fleet`, whichever objects that template has: one verdict on
//! the fleet, with reasons.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Instant, SystemTime},
};

use beds_core::{Error, NamasteCore, Outcome, Result, context::Context};
use beds_protocol::{Broker, FetchRequest, Service, value::DateTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fleet::{Fleet, Known, is_restart},
    letters::Letters,
};

/// How many nodes are judged at most.
const NODES_MAX: u32 = 1_000;

/// The state of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No problem.
    Healthy,
    /// All is served, but there is a problem.
    Degraded,
    /// Something is not served.
    Failing,
}

/// One verdict, with reasons.
#[derive(Debug, Serialize)]
pub struct Health {
    /// The worst of the reasons' verdicts.
    pub verdict: Verdict,
    /// How many nodes there are, lost ones included.
    pub nodes: usize,
    /// The problems, worst first.
    pub reasons: Vec<Reason>,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// The kind of problem, for programs.
    pub what: &'static str,
    /// The node, if the problem concerns one.
    pub node: Option<String>,
    /// Its process.
    pub instance: Option<Uuid>,
    /// The problem, for people.
    pub message: String,
}

/// A node, as the template shows it.
#[derive(Debug, Clone, Deserialize)]
struct Node {
    instance: Uuid,
    node: String,
    host: String,
    version: String,
    services: Vec<String>,
    brokers: Vec<NodeBroker>,
    templates: BTreeMap<String, String>,
    state: String,
    reason: Option<String>,
    started_at: DateTime,
    seen_at: DateTime,
}

/// A broker of a node.
#[derive(Debug, Clone, Deserialize)]
struct NodeBroker {
    broker: String,
    #[serde(default)]
    serves: bool,
}

impl Node {
    /// The services whose requests the node serves. A node that is not connected to the RabbitMQ of one service still
    /// serves the others.
    fn served(&self) -> BTreeSet<&str> {
        match self.state.as_str() {
            "serving" | "contradicted" => self.services.iter().map(String::as_str).collect(),
            LOST => BTreeSet::new(),
            _ => {
                let brokers = self.brokers.iter().filter(|broker| broker.serves);
                let known = brokers.filter_map(|broker| Broker::from_name(&broker.broker));
                known.map(|broker| broker.service().as_str()).collect()
            }
        }
    }

    /// Whether `other` is this node after a restart.
    fn is_started_again_as(&self, other: &Self) -> bool {
        let heard = SystemTime::from(self.seen_at.0);
        self.state == LOST
            && other.state != LOST
            && is_restart((&self.node, &self.host, heard), (&other.node, &other.host, other.started_at))
    }
}

/// The state of a node that is not heard any more.
const LOST: &str = "lost";

/// Judges the fleet, as the domain knows it.
///
/// # Errors
/// The errors of the domain.
pub async fn health<D: NamasteCore>(cx: &Context) -> Result<Health> {
    let body =
        FetchRequest { limit: Some(NODES_MAX), sort: Some(vec!["node".into()]), ..FetchRequest::default() };
    let trusted = cx.trusted();
    let Outcome { data, .. } = cx.run(D::fetch(&trusted, body)).await?;
    let nodes: Vec<Node> = serde_json::from_slice(data.as_deref().unwrap_or(b"[]")).map_err(|error| {
        Error::internal(format!(
            "the template `{}` does not show nodes as `health` needs them: {error}",
            D::domain().name
        ))
    })?;
    let nodes = not_replaced(nodes);
    let mut found = judge(&nodes);
    let (known, now) = (cx.extensions.get::<Fleet>()?.known(), Instant::now());
    found.extend(filesystems(&known, now));
    found.extend(without_filesystem(&known, now));
    found.extend(without_database(&known, now));
    found
        .extend(waiting(cx.extensions.get::<Letters>()?).await.into_iter().map(|it| (Verdict::Degraded, it)));
    found.sort_by(|(one, first), (other, second)| other.cmp(one).then_with(|| first.cmp(second)));
    let verdict = found.first().map_or(Verdict::Healthy, |(verdict, _)| *verdict);
    Ok(Health { verdict, nodes: nodes.len(), reasons: found.into_iter().map(|(_, reason)| reason).collect() })
}

fn reason(what: &'static str, node: Option<&Node>, message: String) -> Reason {
    Reason {
        what,
        node: node.map(|node| node.node.clone()),
        instance: node.map(|node| node.instance),
        message,
    }
}

/// The dead letters, and the requests that no node takes.
async fn waiting(letters: &Letters) -> Vec<Reason> {
    let (dead, left_over) = tokio::join!(letters.0.count(), letters.0.left_over());
    let mut found = Vec::new();
    match dead {
        Ok(waiting) => {
            for (service, count) in waiting.into_iter().filter(|(_, count)| *count > 0) {
                let on =
                    service.map_or_else(String::new, |service| format!(" on the RabbitMQ of `{service}`"));
                let letters = if count == 1 { "dead letter waits" } else { "dead letters wait" };
                found.push(reason("dead_letters", None, format!("{count} {letters}{on}")));
            }
        }
        Err(why) => {
            found.push(reason("dead_letters", None, format!("the dead letters cannot be counted: {why}")));
        }
    }
    match left_over {
        Ok(all) => found.extend(all.iter().map(|it| reason("requests_left_over", None, it.to_string()))),
        Err(why) => {
            let message = format!("the queues of services that have moved cannot be counted: {why}");
            found.push(reason("requests_left_over", None, message));
        }
    }
    found
}

/// The nodes without those that were killed and have been started again.
fn not_replaced(nodes: Vec<Node>) -> Vec<Node> {
    let is_replaced = |node: &Node| nodes.iter().any(|other| node.is_started_again_as(other));
    let are_replaced: Vec<bool> = nodes.iter().map(is_replaced).collect();
    nodes
        .into_iter()
        .zip(are_replaced)
        .filter(|(_, is_replaced)| !is_replaced)
        .map(|(node, _)| node)
        .collect()
}

/// The problems of these nodes.
fn judge(nodes: &[Node]) -> Vec<(Verdict, Reason)> {
    let mut found = Vec::new();
    let (mut hosted, mut served) = (BTreeSet::new(), BTreeSet::new());
    let (mut versions, mut hashes) = (BTreeSet::new(), BTreeMap::<&str, BTreeMap<&str, Vec<&str>>>::new());
    for node in nodes {
        hosted.extend(node.services.iter().map(String::as_str));
        served.extend(node.served());
        if node.state != LOST {
            versions.insert(node.version.as_str());
            for (template, hash) in &node.templates {
                hashes.entry(template).or_default().entry(hash).or_default().push(&node.node);
            }
        }
        if node.state == "serving" {
            continue;
        }
        let why = node.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let message = match node.state.as_str() {
            LOST => "it missed three heartbeats".to_owned(),
            state => format!("it is {state}{why}"),
        };
        found.push((Verdict::Degraded, reason(what(&node.state), Some(node), message)));
    }
    for service in hosted.difference(&served) {
        let message = format!("no node serves `{service}`");
        found.push((Verdict::Failing, reason("service_unserved", None, message)));
    }
    if nodes.is_empty() {
        found.push((Verdict::Failing, reason("no_nodes", None, "no node has been heard".to_owned())));
    }
    for (template, hashes) in hashes.into_iter().filter(|(_, hashes)| hashes.len() > 1) {
        let each = hashes.iter().map(|(hash, nodes)| format!("{hash} on {}", nodes.join(", ")));
        let message =
            format!("`{template}` has several fingerprints: {}", each.collect::<Vec<_>>().join("; "));
        found.push((Verdict::Degraded, reason("fingerprints_differ", None, message)));
    }
    if versions.len() > 1 {
        let versions: Vec<&str> = versions.into_iter().collect();
        let message = format!("nodes run several versions: {}", versions.join(", "));
        found.push((Verdict::Degraded, reason("versions_differ", None, message)));
    }
    found
}

/// The problem if nodes use several shared filesystems, by the reports that this node has heard.
fn filesystems(known: &[Known], now: Instant) -> Option<(Verdict, Reason)> {
    let mut used = BTreeMap::<Uuid, BTreeSet<&str>>::new();
    for Known { member, .. } in known.iter().filter(|known| !known.is_silent(now)) {
        if let Some(filesystem) = member.filesystem {
            used.entry(filesystem).or_default().insert(&member.node);
        }
    }
    let each = used.iter().map(|(filesystem, nodes)| {
        let nodes: Vec<&str> = nodes.iter().copied().collect();
        format!("{filesystem} on {}", nodes.join(", "))
    });
    let message = format!("nodes use several shared filesystems: {}", each.collect::<Vec<_>>().join("; "));
    (used.len() > 1).then(|| (Verdict::Degraded, reason("filesystems_differ", None, message)))
}

/// The nodes that host a service with data on the shared filesystem and do not see it, as this node has heard them.
fn without_filesystem(known: &[Known], now: Instant) -> impl Iterator<Item = (Verdict, Reason)> {
    let members = known.iter().filter(move |known| !known.is_silent(now)).map(|known| &known.member);
    let without =
        members.filter(|member| member.services.contains(&Service::Segundo) && member.filesystem.is_none());
    without.map(|member| {
        let reason = Reason {
            what: "filesystem_missing",
            node: Some(member.node.clone()),
            instance: Some(member.instance),
            message: "it does not see its shared filesystem: archives are not served; mount it".to_owned(),
        };
        (Verdict::Degraded, reason)
    })
}

/// The nodes that do not reach a database, as this node has heard them. Such a node takes its share of the requests all
/// the same.
fn without_database(known: &[Known], now: Instant) -> impl Iterator<Item = (Verdict, Reason)> {
    let members = known.iter().filter(move |known| !known.is_silent(now)).map(|known| &known.member);
    members.flat_map(|member| member.away.iter().map(move |database| (member, database))).map(
        |(member, database)| {
            let reason = Reason {
                what: "database_away",
                node: Some(member.node.clone()),
                instance: Some(member.instance),
                message: format!(
                    "it does not reach `{database}`, and answers `unavailable`; if other nodes reach it, drain this one"
                ),
            };
            (Verdict::Degraded, reason)
        },
    )
}

/// The kind of reason that a state is.
fn what(state: &str) -> &'static str {
    match state {
        LOST => "node_lost",
        "draining" | "drained" => "node_drained",
        "contradicted" => "node_contradicted",
        _ => "node_not_serving",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, state: &str, services: &[&str], hash: &str) -> Node {
        Node {
            instance: Uuid::nil(),
            node: name.to_owned(),
            host: "vm".to_owned(),
            version: "1".to_owned(),
            services: services.iter().map(|&service| service.to_owned()).collect(),
            brokers: Vec::new(),
            templates: BTreeMap::from([("country".to_owned(), hash.to_owned())]),
            state: state.to_owned(),
            reason: (state == "connecting").then(|| "no RabbitMQ".to_owned()),
            started_at: "2026-03-01T10:00:00Z".parse().unwrap(),
            seen_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        }
    }

    fn found(nodes: &[Node]) -> Vec<(Verdict, &'static str, Option<String>)> {
        let nodes = not_replaced(nodes.to_vec());
        judge(&nodes).into_iter().map(|(verdict, reason)| (verdict, reason.what, reason.node)).collect()
    }

    #[test]
    fn nodes_that_serve_the_same_are_healthy() {
        assert_eq!(
            found(&[node("a", "serving", &["admin"], "1"), node("b", "serving", &["admin"], "1")]),
            []
        );
    }

    #[test]
    fn a_node_that_is_there_again_is_not_missed() {
        let lost = node("a", "lost", &["admin", "tercero"], "2");
        let again = Node {
            started_at: "2026-03-01T12:00:01Z".parse().unwrap(),
            ..node("a", "serving", &["admin"], "1")
        };
        assert_eq!(found(&[lost.clone(), again.clone()]), []);
        let lost_again = Node { state: "lost".to_owned(), ..again.clone() };
        let elsewhere = Node { host: "other".to_owned(), ..again.clone() };
        let beside = node("a", "serving", &["admin"], "1");
        for other in [lost_again, elsewhere, beside] {
            let told = format!("{other:?}");
            let found = found(&[lost.clone(), other]);
            assert!(found.iter().any(|(_, what, _)| *what == "node_lost"), "{told}: {found:?}");
        }
    }

    #[test]
    fn what_lives_on_another_rabbitmq_is_served() {
        let mut node = node("a", "connecting", &["segundo", "tercero"], "1");
        let broker = |broker: Broker, serves| NodeBroker { broker: broker.as_str().to_owned(), serves };
        node.brokers = vec![broker(Broker::SegundoWarehouse, true), broker(Broker::TerceroUsers, false)];
        let told: Vec<_> = judge(&[node.clone()]).into_iter().map(|(_, reason)| reason.message).collect();
        assert_eq!(told, ["it is connecting: no RabbitMQ", "no node serves `tercero`"]);
        node.state = LOST.to_owned();
        assert_eq!(judge(&[node]).len(), 3);
    }

    #[test]
    fn each_thing_that_is_wrong_is_told_once() {
        let a = || Some("a".to_owned());
        let degraded = |what, node| (Verdict::Degraded, what, node);
        let b = node("b", "serving", &["admin"], "1");
        for (first, expected) in [
            (node("a", "lost", &["admin"], "2"), vec![degraded("node_lost", a())]),
            (node("a", "drained", &["admin"], "1"), vec![degraded("node_drained", a())]),
            (node("a", "connecting", &["admin"], "1"), vec![degraded("node_not_serving", a())]),
            (node("a", "serving", &["admin"], "2"), vec![degraded("fingerprints_differ", None)]),
            (
                node("a", "lost", &["tercero"], "1"),
                vec![degraded("node_lost", a()), (Verdict::Failing, "service_unserved", None)],
            ),
        ] {
            let told = format!("{first:?}");
            assert_eq!(found(&[first, b.clone()]), expected, "{told}");
        }
        assert_eq!(found(&[]), [(Verdict::Failing, "no_nodes", None)]);
        let newer = Node { version: "2".to_owned(), ..b.clone() };
        assert_eq!(found(&[newer, b]), [degraded("versions_differ", None)]);
    }
}
