//! `beds check`

use std::{fmt::Write as _, io::Write as _, process::ExitCode};

use beds_core::spec::Domain;
use beds_protocol::OneLine;
use beds_tools::verify::{Severity, verify};

use crate::{
    config::{Config, Environment},
    ipl::{self, Step},
    roles, templates,
};

/// Runs only the checks of the initial program load, and prints one line each.
pub(super) async fn run(
    domains: Vec<&'static Domain>,
    config: &Config,
    environment: Environment,
) -> ExitCode {
    let mut warnings = ipl::unused(config, &domains);
    let all = domains.clone();
    let domains = ipl::hosted(config, domains);
    warnings.extend(roles::warnings(config, (&all, &domains), environment));
    if let Some(failure) = ipl::missing(config, &domains).or_else(|| ipl::filesystem::missing(config)) {
        eprintln!("beds: {failure}");
        return failure.step.exit_code();
    }
    let mut report = String::new();
    let _ = writeln!(report, "environment {}: {} domains hosted", environment.as_str(), domains.len());
    for warning in config.exposed().iter().chain(&warnings) {
        let _ = writeln!(report, "warning {warning}");
    }
    let (mut checks, filesystem) = tokio::join!(ipl::check(config, &domains), ipl::filesystem::check(config));
    checks.extend(filesystem.map(|(check, _)| check));
    let mut code = ExitCode::SUCCESS;
    let mut failed = 0;
    for check in &checks {
        let took = check.took.as_millis();
        match &check.outcome {
            Ok(answer) => {
                let _ = writeln!(report, "ok      {:>5} ms  {}: {}", took, check.what, OneLine(answer));
            }
            Err(reason) => {
                let _ = writeln!(report, "FAILED  {:>5} ms  {}: {}", took, check.what, OneLine(reason));
                let _ = writeln!(report, "                  hint: {}", check.hint().unwrap_or_default());
                if failed == 0 {
                    code = check.step.exit_code();
                }
                failed += 1;
            }
        }
    }
    if failed == 0 {
        let configured = ipl::configured(config, domains);
        let verified = verify(templates::sources(config), &configured, &configured).await;
        // The count includes errors of the node's own tables, which belong to no template.
        let (errors, unchecked) = (verified.count(Severity::Error), verified.unchecked.len());
        if errors + unchecked > 0 {
            let found = format!(
                "templates: {errors} errors, {unchecked} databases not looked at; `beds verify` lists them"
            );
            if config.node.serve_unverified {
                let _ = writeln!(
                    report,
                    "warning {found}; node.serve_unverified is set, so a node starts anyway"
                );
            } else {
                let _ = writeln!(report, "FAILED  {found}");
                code = Step::Templates.exit_code();
                failed += 1;
            }
        } else {
            let _ = writeln!(report, "ok      templates verified: {}", verified.checked.len());
        }
    }
    match failed {
        0 => report.push_str("a node can start here\n"),
        failed => {
            let _ = writeln!(report, "{failed} of {} checks failed", checks.len() + 1);
        }
    }
    // A reader that closes the pipe has read enough.
    let _ = std::io::stdout().write_all(report.as_bytes());
    code
}
