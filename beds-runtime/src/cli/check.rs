//! `beds check`

use std::process::ExitCode;

use crate::{
    config::{Config, Environment},
    core::Factory,
    ipl,
};

/// Runs the checks of the initial program load alone, and prints one line each.
pub(super) async fn run<F: Factory>(config: &Config, environment: Environment) -> ExitCode {
    let domains = ipl::hosted(config, F::domains());
    println!("environment {}: {} domains hosted", environment.as_str(), domains.len());
    let checks = ipl::check(config, &domains).await;
    let mut code = ExitCode::SUCCESS;
    let mut failed = 0;
    for check in &checks {
        let took = check.took.as_millis();
        match &check.outcome {
            Ok(answer) => println!("ok      {:>5} ms  {}: {answer}", took, check.what),
            Err(reason) => {
                println!("FAILED  {:>5} ms  {}: {reason}", took, check.what);
                if failed == 0 {
                    code = check.step.exit_code();
                }
                failed += 1;
            }
        }
    }
    match failed {
        0 => println!("a node can start here"),
        failed => println!("{failed} of {} checks failed", checks.len()),
    }
    code
}
