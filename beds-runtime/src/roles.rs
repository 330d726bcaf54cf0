//! Compares the access settings of a node's configuration with the templates that it serves.

use beds_core::spec::{ANY_KNOWN, ANYONE, Domain};
use beds_protocol::nearest;

use crate::config::{Config, Environment};

/// A warning for each setting that is most likely a mistake. Roles are compared with all domains of the project,
/// because all nodes of a fleet may have the roles of one configuration. Access is compared with the domains that the
/// node hosts.
pub(crate) fn warnings(
    config: &Config,
    (all, domains): (&[&'static Domain], &[&'static Domain]),
    environment: Environment,
) -> Vec<String> {
    unnamed(config, all).into_iter().chain(closed(config, domains, environment)).collect()
}

/// The warning for the domains that nobody may use, because their templates declare no access; `None` without such
/// domains.
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

/// The roles of users that no template names: most likely they are mistyped.
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
