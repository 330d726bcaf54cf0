//! The step of the initial program load that verifies the templates.

use std::time::Instant;

use tracing::{info, warn};

use beds_core::spec::Domain;
use beds_tools::verify::{Finding, Report, Severity, Sources, verify};

use crate::{
    config::{Config, Environment},
    ipl::{Failure, Step},
};

/// Compares the domains with their databases, logs the differences, and gives the domains to serve.
///
/// In `dev` a domain with an error is not served; of a table of the node's own that is missing the replies tell. A domain whose database cannot be inspected is served: the database may
/// come up later, and until then its requests are answered with `unavailable`.
///
/// # Errors
/// Outside of `dev`, the first error, unless `node.serve_unverified` is set.
pub(crate) async fn at_start(
    config: &Config,
    domains: Vec<&'static Domain>,
    environment: Environment,
) -> Result<Vec<&'static Domain>, Failure> {
    let begun = Instant::now();
    let report = verify(sources(config), &domains, &domains).await;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    log(&report);
    let failed: Vec<String> = report.failed().into_iter().map(str::to_owned).collect();
    if report.count(Severity::Error) == 0 && report.unchecked.is_empty() {
        info!(took_ms, "templates verified: {}", report.checked.len());
        return Ok(domains);
    }
    if config.node.serve_unverified {
        warn!(took_ms, "node.serve_unverified is set: templates that contradict their database are served");
        return Ok(domains);
    }
    if let (Some(reason), Environment::Qa | Environment::Prod) = (first(&report), environment) {
        let hint = "`beds verify` lists everything; node.serve_unverified = true starts anyway".to_owned();
        return Err(Failure { step: Step::Templates, reason, hint });
    }
    let (off, on): (Vec<_>, Vec<_>) =
        domains.into_iter().partition(|domain| failed.iter().any(|name| name == domain.name));
    for domain in off {
        warn!(template = domain.name, "not served: it contradicts its database; `beds verify` lists why");
    }
    Ok(on)
}

/// Where the databases of a configuration are.
pub(crate) fn sources(config: &Config) -> Sources<'_> {
    Sources {
        mariadb: &config.mariadb,
        mongodb: &config.mongodb,
        timeout: config.node.ipl_timeout_ms.duration(),
    }
}

fn log(report: &Report) {
    for Finding { template, database, severity, place, message, hint } in &report.findings {
        let (subject, hint) = (template.as_ref().unwrap_or(database), hint.as_deref().unwrap_or_default());
        match severity {
            Severity::Error => warn!("{subject}: {place}: {message}; {hint}"),
            Severity::Warning | Severity::Note => info!("{subject}: {place}: {message}"),
        }
    }
    for unchecked in &report.unchecked {
        warn!(database = unchecked.database, "templates are not verified: {}", unchecked.reason);
    }
}

/// The first reason not to start.
fn first(report: &Report) -> Option<String> {
    let error = report.findings.iter().find(|finding| finding.severity == Severity::Error);
    let error = error.map(|finding| {
        let subject = finding.template.as_ref().unwrap_or(&finding.database);
        let more = match report.count(Severity::Error) - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        format!("{subject}: {}: {}{more}", finding.place, finding.message)
    });
    let unchecked = || {
        let unchecked = report.unchecked.first()?;
        Some(format!("the templates of `{}` cannot be verified: {}", unchecked.database, unchecked.reason))
    };
    error.or_else(unchecked)
}
