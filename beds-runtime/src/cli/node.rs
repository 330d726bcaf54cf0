//! `beds node`

use std::{process::ExitCode, sync::Arc};

use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};
use tracing::{error, info, warn};

use crate::{
    adapters::Engines,
    broker::{BrokerPool, Status},
    config::{Config, Environment},
    core::Factory,
    dispatch::Dispatcher,
    health, ipl,
    ipl::{Failure, Step},
    logging, verify,
};

/// Brings the node up, serves, and takes it down on SIGTERM or SIGINT.
pub(super) async fn run<F: Factory>(config: Config, environment: Environment) -> ExitCode {
    match serve::<F>(config, environment).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!("the node does not start: {failure}");
            // Where logging itself failed, this line is all there is.
            eprintln!("beds: {failure}");
            failure.step.exit_code()
        }
    }
}

async fn serve<F: Factory>(config: Config, environment: Environment) -> Result<(), Failure> {
    let name = node_name(&config);
    let log_queue = logging::init(&config.logging, &name).map_err(|reason| Failure {
        step: Step::Logging,
        reason,
        hint: "correct [logging]".into(),
    })?;
    info!(node = name, environment = environment.as_str(), version = env!("CARGO_PKG_VERSION"), "starting");
    let domains = ipl::hosted(&config, F::domains());
    ipl::judge(ipl::check(&config, &domains).await, environment)?;
    let domains = ipl::configured(&config, domains);
    let domains = verify::at_start(&config, domains, environment).await?;
    let engines = Arc::new(Engines::open(&config, &domains));
    let dispatcher = Dispatcher::new(engines, config.limits.clone());
    let pool = BrokerPool::start::<F>(&config, &name, domains, dispatcher);
    if let Some(queue) = log_queue.filter(|_| F::template("logger").is_some()) {
        let records_max = config.limits.create_records_max;
        tokio::spawn(queue.publish(config.amqp.clone(), records_max, pool.status()));
    }
    if let Some(address) = config.node.health {
        match health::serve(address, pool.status()).await {
            Ok(bound) => info!("readiness at http://{bound}/ready"),
            Err(error) => warn!("no readiness endpoint at {address}: {error}"),
        }
    }
    let mut stop = Stop::listen();
    if wait_until_serving(&config, environment, &pool, &mut stop).await? {
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        info!("ready");
        stop.wait().await;
    }
    info!("stopping: finishing what was taken");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    pool.shutdown().await;
    Ok(())
}

/// Waits for the brokers; false when the node is told to stop meanwhile.
async fn wait_until_serving(
    config: &Config,
    environment: Environment,
    pool: &BrokerPool,
    stop: &mut Stop,
) -> Result<bool, Failure> {
    let mut status = pool.status();
    let serving =
        timeout(config.node.ipl_timeout_ms.duration(), status.wait_for(|now| *now == Status::Serving));
    let late = tokio::select! {
        () = stop.wait() => return Ok(false),
        serving = serving => !matches!(serving, Ok(Ok(_))),
    };
    if !late {
        return Ok(true);
    }
    if environment == Environment::Dev {
        warn!("the brokers do not serve yet; they go on trying");
        return Ok(true);
    }
    Err(Failure {
        step: Step::Brokers,
        reason: "the brokers did not begin to serve in time".into(),
        hint: "the log tells why; node.ipl_timeout_ms is the time they have".into(),
    })
}

/// SIGTERM or SIGINT.
struct Stop {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

impl Stop {
    fn listen() -> Self {
        Self {
            terminate: signal(SignalKind::terminate()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
        }
    }

    async fn wait(&mut self) {
        tokio::select! {
            () = received(self.terminate.as_mut()) => {}
            () = received(self.interrupt.as_mut()) => {}
        }
    }
}

async fn received(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// The configured name, or the host's with the process's id.
fn node_name(config: &Config) -> String {
    if !config.node.name.is_empty() {
        return config.node.name.clone();
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    format!("{}-{}", if host.is_empty() { "node" } else { host }, std::process::id())
}
