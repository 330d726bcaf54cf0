//! What a node's configuration says of access, held against the templates that it serves.

use beds_core::spec::{ANY_KNOWN, ANYONE, Domain};
use beds_protocol::nearest;

use crate::config::{Config, Environment};

/// A warning for each thing that is most likely not meant so: of all domains of the project, and those that the node hosts.
/// All nodes of a fleet may have the roles of one configuration.
pub(crate) fn warnings(
    config: &Config,
    (all, domains): (&[&'static Domain], &[&'static Domain]),
    environment: Environment,
) -> Vec<String> {
    unnamed(config, all).into_iter().chain(closed(config, domains, environment)).collect()
}

/// Says which of these domains nobody may use, since their templates say nothing of access; none where there is none.
fn closed(config: &Config, domains: &[&'static Domain], environment: Environment) -> Option<String> {
    if config.opens_undeclared(environment) {
        return None;
    }
    let closed: Vec<&str> =
        domains.iter().filter(|domain| domain.access.is_none()).map(|domain| domain.name).collect();
    let (templates, have) = match closed.len() {
        0 => return None,
        1 => ("template", "has"),
        _ => ("templates", "have"),
    };
    Some(format!(
        "closed to all callers: {} {templates} {have} no [access] ({}); write it, or set access.default = \"open\"",
        closed.len(),
        closed.join(", ")
    ))
}

/// The roles of users that no template of these names: most likely they are mistyped.
fn unnamed(config: &Config, domains: &[&'static Domain]) -> Vec<String> {
    let named: Vec<&str> = domains
        .iter()
        .filter_map(|domain| domain.access.as_ref())
        .flat_map(beds_core::spec::Access::named)
        .filter(|role| !matches!(*role, ANY_KNOWN | ANYONE))
        .collect();
    let warning = |(user, role): (&String, &String)| {
        if named.contains(&role.as_str()) {
            return None;
        }
        let hint = match nearest(role, named.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "remove it".to_owned(),
        };
        Some(format!("access.users.{user} has the role `{role}`, which no template names; {hint}"))
    };
    let roles =
        config.access.users.iter().flat_map(|(user, roles)| roles.0.iter().map(move |role| (user, role)));
    roles.filter_map(warning).collect()
}
