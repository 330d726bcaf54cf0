//! The replicas that serve reads instead of the primary: their objects may be older than those of the primary, or
//! different.

use beds_core::{
    inspect::{Catalogue, Unseen},
    settings::SecretUrl,
    spec::{Domain, Engine, Object, Usage},
};
use beds_protocol::Lane;
use futures_util::future::join_all;

use super::{Finding, Severity, Sources, check_objects, scope};
use crate::import::AllDeeds;

/// A replica: its URL without a password, and its catalogue.
pub(super) type Replica = (String, Result<Catalogue, Unseen>);

/// Inspects the replicas of the database of these domains, all at the same time.
pub(super) async fn look(sources: Sources<'_>, domains: &[&'static Domain]) -> Vec<Replica> {
    let first = domains.first().filter(|domain| domain.engine() == Engine::MariaDb);
    let server = first.and_then(|domain| sources.mariadb.get(domain.database));
    let urls = server.map(|server| server.read_urls.0.as_slice()).unwrap_or_default();
    let scope = scope(sources, domains);
    let looks = urls.iter().map(async |url: &SecretUrl| {
        (url.redacted(), beds_mariadb::inspect(std::slice::from_ref(url), &scope).await)
    });
    join_all(looks).await
}

/// Disagreements between what the domains read and a replica, if the primary does not have the same ones. A replica
/// that cannot be inspected is a warning: reads go to other servers until it is available.
pub(super) fn check(
    domains: &[&'static Domain],
    primary: &AllDeeds<'_>,
    replicas: Vec<Replica>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (url, seen) in replicas {
        match seen {
            Ok(catalogue) => {
                let replica = AllDeeds::of(&catalogue);
                for domain in domains {
                    findings.extend(differences(domain, primary, &replica, &url));
                }
            }
            Err(Unseen { reason, hint, .. }) => findings.push(Finding {
                template: None,
                database: domains.first().map_or_else(String::new, |domain| domain.database.to_owned()),
                severity: Severity::Warning,
                place: format!("the replica {url}"),
                message: format!("cannot be looked at: {reason}"),
                hint: Some(hint),
            }),
        }
    }
    findings
}

fn differences(domain: &Domain, primary: &AllDeeds<'_>, replica: &AllDeeds<'_>, url: &str) -> Vec<Finding> {
    let mut objects = domain.database_objects();
    objects.retain(|object| is_read(domain, object));
    let known = check_objects(domain, &objects, primary);
    let found = check_objects(domain, &objects, replica).into_iter();
    let new = found.filter(|finding| finding.severity != Severity::Note && !known.contains(finding));
    new.map(|finding| Finding { message: format!("on the replica {url}: {}", finding.message), ..finding })
        .collect()
}

fn is_read(domain: &Domain, object: &Object) -> bool {
    match object.usage {
        Usage::Read => true,
        Usage::Call(name) => domain.calls.iter().any(|call| call.name == name && call.lane == Lane::Read),
        Usage::Create | Usage::Update | Usage::Upsert | Usage::Delete => false,
    }
}
