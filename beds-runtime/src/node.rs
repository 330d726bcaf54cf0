//! A node, from its configuration to its end: each subsystem is built, started, signalled and drained in turn.

use std::{process::ExitCode, sync::Arc, time::Duration};

use tokio::time::timeout;
use tracing::{error, info, warn};
use uuid::Uuid;

use beds_bus::{BrokerPool, Hosting, Status};
use beds_core::{
    Runner, access::Rules, extensions::Extensions, meter::Source, outbox::EventSink, spec::Domain,
    stages::Tracer,
};
use beds_protocol::Service as Hosted;
use beds_services::catalogue::Catalogue;

use crate::{
    config::{Config, ConfigError, Environment},
    engines::Engines,
    fleet::{self, Part},
    graph, graves,
    health::{self, Health},
    heartbeat::Heart,
    ipl::{self, Failure, Step},
    jobs, logging,
    project::{Project, Serving},
    relay::Relays,
    reload::Running,
    roles, sessions, shared,
    signals::{Asked, Signals},
    syslog,
    telemetry::Traces,
    templates, told, upkeep, watchdog,
};

/// Starts the node, serves, and stops it when it is told to, which may happen at any moment of its start. `load` reads
/// the configuration: now, and again at each SIGHUP.
pub async fn run(
    project: Project,
    environment: Environment,
    load: impl Fn() -> Result<Config, ConfigError>,
    signals: Signals,
) -> ExitCode {
    let config = match load() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("beds: configuration: {error}");
            return Step::Configuration.exit_code();
        }
    };
    match serve(project, (config, load), environment, signals).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!("the node does not start: {failure}");
            // If logging itself failed, this line is the only report.
            eprintln!("beds: {failure}");
            failure.step.exit_code()
        }
    }
}

async fn serve(
    project: Project,
    (config, load): (Config, impl Fn() -> Result<Config, ConfigError>),
    environment: Environment,
    mut signals: Signals,
) -> Result<(), Failure> {
    let name = node_name(&config);
    let failure =
        |hint: &'static str| move |reason| Failure { step: Step::Logging, reason, hint: hint.into() };
    let traces = Traces::open(&config.telemetry, &name).map_err(failure("correct [telemetry]"))?;
    let (levels, log_queue) =
        logging::init(&config.logging, traces.as_ref(), &name).map_err(failure("correct [logging]"))?;
    info!(node = name, environment = environment.as_str(), version = env!("CARGO_PKG_VERSION"), "starting");
    let checked = tokio::select! {
        () = signals.stop() => None,
        domains = check(&project, &config, environment) => Some(domains?),
    };
    let Some((domains, filesystem)) = checked else {
        info!("told to stop before the start was done");
        return Ok(());
    };
    // Every node needs this domain to find sessions, even if it does not serve the domain.
    let of_sessions = sessions::domain(&config, &project.domains);
    let reached: Vec<_> = domains.iter().copied().chain(of_sessions).collect();
    let engines = Engines::open(&config, &reached);
    let known = sessions::check(&config, of_sessions, &engines);
    let _sessions = sessions::start(&config, &name, known.as_ref());
    // It ends with this function.
    let _upkeep = upkeep::start(&engines, &domains, &config.node);
    let (wrong, _watch) = templates::watch(&config, &domains);
    let databases = Arc::clone(&engines) as Arc<dyn Source>;
    let for_pool = traces.as_ref().map(Traces::tracer);
    let reader = Arc::new(syslog::reader(&config)?);
    let mut part = Part::open(&config, &name, environment, &domains, filesystem);
    if filesystem.is_some() {
        let compared = tokio::select! {
            () = signals.stop() => Ok(false),
            compared = ipl::filesystem::compare(&config, &part.fleet, environment) => compared.map(|()| true),
        };
        let (own, goes_on) = part.after(compared).await?;
        part = own;
        if !goes_on {
            part.leave().await;
            return Ok(());
        }
    }
    let serves = (domains.clone(), Arc::clone(&engines));
    let desk = jobs::desk(&project, &domains);
    let shared = jobs::disk(&config);
    let letters = Arc::new(graves::letters(&config, &project.domains, &name));
    let extensions = sessions::extensions(&config, known.as_ref())
        .with(Arc::clone(&part.fleet))
        .with(Arc::new(config.graph.clone()))
        .with(reader)
        .with(Arc::clone(&letters))
        .with(Arc::new(Catalogue(project.domains.clone())))
        .with(Arc::clone(&desk));
    let extensions = Arc::new(match &shared {
        Some(shared) => extensions.with(Arc::clone(shared)),
        None => extensions,
    });
    let rules = match known {
        Some(known) => config.rules(&name, environment).with_sessions(known),
        None => config.rules(&name, environment),
    };
    let working =
        jobs::start(&config, &name, &domains, (&engines, &rules, &extensions), (&desk, shared.as_ref()));
    let (pool, relays) = start_pool(&project, &config, &name, serves, rules.clone(), (for_pool, extensions));
    part.tell(&pool, wrong.clone(), shared::watch(&config, filesystem), &engines);
    if let Some(working) = &working {
        working.follow(pool.status());
    }
    if let Some(queue) = log_queue.filter(|_| project.domains.iter().any(|domain| domain.name == "logger")) {
        let to = (config.amqp_of(Hosted::Admin).clone(), format!("{name} logs"));
        tokio::spawn(told::publish(to, "logger.create", queue.within(&config.limits), pool.status()));
    }
    let listeners = syslog::open(&config, &name, environment, (&domains, pool.status())).await;
    let (part, listeners) = part.after(listeners).await?;
    let sources = vec![pool.source(), databases, relays.source(), syslog::source(listeners.as_ref())];
    let places = (&*project.domains, &*domains);
    let for_graph = (Arc::clone(&engines) as Arc<dyn Runner>, pool.status());
    let _graph = graph::start(&config, &name, places, sources.clone(), for_graph);
    health::start(config.node.health, Health { status: pool.status(), wrong, sources }).await;
    let drain_timeout = config.node.drain_timeout_ms.duration();
    let _watchdog = watchdog::start(pool.pulse(), config.limits.request_timeout_max_ms.duration());
    let mut heart = None;
    let is_serving = wait_until_serving(&config, environment, &pool, &mut signals).await;
    let (mut part, is_serving) = part.after(is_serving).await?;
    if is_serving {
        let keep = Duration::from_secs(config.node.fleet_keep_s.into());
        let times = (config.node.heartbeat_ms.duration(), keep);
        heart = Heart::start(&project.domains, &part.fleet, config.amqp_of(Hosted::Admin), times);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        info!("ready");
        tokio::spawn(graves::tell_left_over(letters));
        let (all, domains, pool, engines) = (&*project.domains, &*domains, &pool, &*engines);
        let mut running = Running { config, environment, all, domains, rules, levels, pool, engines };
        loop {
            tokio::select! {
                biased;
                asked = signals.next() => match asked {
                    Asked::Stop => break,
                    // The log reports the result.
                    Asked::Reload => drop(running.reload(&load)),
                },
                Some(told) = part.told.recv() => running.obey(told, &part.fleet, &load),
            }
        }
    }
    info!("stopping: finishing the requests in progress");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let listeners = async {
        if let Some(listeners) = listeners {
            listeners.close(drain_timeout).await;
        }
    };
    let goodbye = async {
        if let Some(heart) = heart {
            heart.stop().await;
        }
    };
    // In parallel: no subsystem waits for the last work of another.
    let leave_jobs = async {
        if let Some(working) = working {
            working.stop().await;
        }
    };
    tokio::join!(goodbye, listeners, pool.shutdown(), leave_jobs);
    part.leave().await;
    // After the writes: the relays publish the events that the writes stored, as long as there is a connection.
    relays.shutdown().await;
    if let Some(traces) = traces {
        // It waits for its collector, for a limited time.
        let _ = tokio::task::spawn_blocking(move || traces.shutdown()).await;
    }
    Ok(())
}

/// The steps of the start that contact servers. Returns the domains to serve, and the identity of the shared
/// filesystem.
async fn check(
    project: &Project,
    config: &Config,
    environment: Environment,
) -> Result<(Vec<&'static Domain>, Option<Uuid>), Failure> {
    let domains = ipl::hosted(config, project.domains.clone());
    ipl::acceptable(config, &domains, environment)?;
    let unused = ipl::unused(config, &project.domains);
    for warning in
        unused.into_iter().chain(roles::warnings(config, (&project.domains, &domains), environment))
    {
        warn!("{warning}");
    }
    let (mut checks, filesystem) = tokio::join!(ipl::check(config, &domains), ipl::filesystem::check(config));
    let (of_filesystem, filesystem) = filesystem.unzip();
    checks.extend(of_filesystem);
    ipl::judge(&checks, environment)?;
    let (unreachable, reachable) = ipl::split(&checks, ipl::configured(config, domains));
    // A server that cannot be reached is not waited for a second time. Its domains are served, and answer
    // `unavailable`.
    let mut domains = templates::at_start(config, reachable, environment).await?;
    domains.extend(unreachable);
    Ok((domains, filesystem.flatten()))
}

fn start_pool(
    project: &Project,
    config: &Config,
    name: &str,
    (domains, engines): (Vec<&'static Domain>, Arc<Engines>),
    rules: Rules,
    (tracer, extensions): (Option<Arc<dyn Tracer>>, Arc<Extensions>),
) -> (BrokerPool, Relays) {
    let outboxes = engines.outboxes(&domains);
    let hosting = Hosting {
        services: Vec::new(),
        rest: (project.service)(Serving {
            domains,
            runner: engines,
            limits: config.limits.clone(),
            rules,
            extensions,
        }),
        brokers: config.hosted_pools(),
        drain_timeout: config.node.drain_timeout_ms.duration(),
        slow_after: config.logging.slow_ms.duration(),
        tracer,
    };
    let pool = BrokerPool::start(config.rabbitmqs(), name, hosting);
    let events: Arc<dyn EventSink> = Arc::new(pool.events());
    let relays = Relays::start(outboxes, &events);
    (pool, relays)
}

/// Waits for the brokers; false when the node is told to stop meanwhile.
async fn wait_until_serving(
    config: &Config,
    environment: Environment,
    pool: &BrokerPool,
    signals: &mut Signals,
) -> Result<bool, Failure> {
    let mut status = pool.status();
    let serving =
        timeout(config.node.ipl_timeout_ms.duration(), status.wait_for(|now| *now == Status::Serving));
    let late = tokio::select! {
        () = signals.stop() => return Ok(false),
        serving = serving => !matches!(serving, Ok(Ok(_))),
    };
    if !late {
        return Ok(true);
    }
    if environment == Environment::Dev {
        warn!("the brokers do not serve yet; they keep retrying");
        return Ok(true);
    }
    Err(Failure {
        step: Step::Brokers,
        reason: "the brokers did not start within node.ipl_timeout_ms".into(),
        hint: "the log says why".into(),
    })
}

/// The configured name, or the host's name with the process id.
fn node_name(config: &Config) -> String {
    if let Some(name) = &config.node.name {
        return name.clone();
    }
    format!("{}-{}", fleet::host(), std::process::id())
}
