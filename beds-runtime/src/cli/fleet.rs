//! `beds fleet`

mod health;

use std::{fmt::Write as _, io::Write as _, path::Path, process::ExitCode, time::Duration};

use clap::Subcommand;
use serde_json::{Map, Value, json};

use beds_client::Request;
use beds_core::spec::Domain;
use beds_protocol::{OneLine, Service};
use beds_services::fleet::Answer;

use super::{asking::ask as ask_nodes, dead::service};

/// How much longer to wait for the reply than for the nodes.
const BEYOND: Duration = Duration::from_secs(2);

/// Arguments of `beds fleet`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds fleet
  beds fleet drain --node web-1
  beds fleet scale app_server r 8
  beds fleet log-level info,beds_bus=debug --service admin
  beds fleet ping --json
  beds fleet health

It asks as the user of RabbitMQ that the configuration names, who needs the role `operator`.

Exit status: 0 when every node has obeyed, and of `health` when the fleet is healthy, 1 when one has not or did not answer, or
the command was refused, 2 when there is no reply.")]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Only the nodes of this name
    #[arg(long, global = true, value_name = "NAME")]
    node: Option<String>,
    /// Only the nodes that host this service
    #[arg(long, global = true, value_name = "SERVICE", conflicts_with = "node", value_parser = service)]
    service: Option<Service>,
    /// How long the nodes' answers are waited for
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    wait: u16,
    /// Print the answers as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show the verdict on the whole fleet, and why: nodes that are lost or do not serve, services that nobody serves, dead letters
    Health,
    #[command(flatten)]
    Nodes(Command),
}

/// What nodes are told.
#[derive(Debug, Subcommand)]
enum Command {
    /// Ask how they are
    Ping,
    /// Have them take no more requests, and finish those that they have
    Drain,
    /// Have them take requests again
    Resume,
    /// Give a broker another number of instances, until the configuration is read again
    Scale {
        /// The service of the broker
        #[arg(value_parser = service)]
        of: Service,
        /// Its name within the service, such as r
        broker: String,
        /// How many consumers it is to have on each node
        instances: u16,
        /// How many requests one of them works on at a time
        #[arg(long)]
        prefetch: Option<u16>,
    },
    /// Have them log by another filter, until the configuration is read again
    LogLevel {
        /// As in [logging]
        level: String,
    },
    /// Have them compare their templates with their databases
    Verify,
    /// Have them read their configuration again
    Reload,
}

impl Args {
    /// The call for a command, and its arguments.
    fn request(&self, command: &Command) -> (&'static str, Map<String, Value>) {
        let mut args = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                args.insert(name.to_owned(), value);
            }
        };
        set("node", json!(self.node));
        set("service", json!(self.service));
        set("wait_ms", json!(u32::from(self.wait) * 1_000));
        let call = match command {
            Command::Ping => "ping",
            Command::Drain => "drain",
            Command::Resume => "resume",
            Command::Scale { of, broker, instances, prefetch } => {
                set("service", json!(of));
                set("broker", json!(broker));
                set("instances", json!(instances));
                set("prefetch", json!(prefetch));
                "scale"
            }
            Command::LogLevel { level } => {
                set("level", json!(level));
                "log_level"
            }
            Command::Verify => "verify",
            Command::Reload => "reload",
        };
        (call, args)
    }
}

/// Sends the command to the nodes, and prints their answers.
pub(super) async fn run(domains: &[&'static Domain], args: &Args, folder: &Path) -> ExitCode {
    let timeout = Duration::from_secs(args.wait.into()) + BEYOND;
    let told = match &args.what {
        Some(What::Health) if args.node.is_some() || args.service.is_some() => {
            Err("health covers all nodes: leave out --node and --service".to_owned())
        }
        Some(What::Health) => health::ask(domains, folder, args.json, timeout).await,
        None => ask(domains, (args, &Command::Ping), folder, timeout).await,
        Some(What::Nodes(command)) => ask(domains, (args, command), folder, timeout).await,
    };
    match told {
        Ok(Ok((text, is_well))) => {
            // A reader that closes the pipe has read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Ok(Err(refused)) => {
            eprintln!("beds fleet: {}", OneLine(&refused));
            ExitCode::from(1)
        }
        Err(message) => {
            eprintln!("beds fleet: {}", OneLine(&message));
            ExitCode::from(2)
        }
    }
}

/// The text of the nodes' answers, and whether all have obeyed; or why the command was refused. Fails without a reply.
async fn ask(
    domains: &[&'static Domain],
    (args, command): (&Args, &Command),
    folder: &Path,
    timeout: Duration,
) -> Result<Result<(String, bool), String>, String> {
    let (call, arguments) = args.request(command);
    let request = ("node.call", Request::call("node", call, &arguments));
    let reply = match ask_nodes(domains, ("beds fleet", folder), request, timeout).await? {
        Ok(reply) => reply.data.unwrap_or_default(),
        Err(refused) => return Ok(Err(refused)),
    };
    let answers: Vec<Answer> =
        serde_json::from_value(reply).map_err(|error| format!("the reply cannot be read: {error}"))?;
    let text = if args.json { format!("{:#}\n", json!(answers)) } else { table(&answers) };
    Ok(Ok((text, answers.iter().all(|answer| answer.ok))))
}

/// One line for each node: its name, whether it has obeyed, and its answer.
fn table(answers: &[Answer]) -> String {
    let width = answers.iter().map(|answer| answer.node.chars().count()).max().unwrap_or_default().max(4);
    let mut text = format!("{:width$}  {:8}  {:7}  ANSWER\n", "NODE", "INSTANCE", "");
    for Answer { node, instance, ok, data, error } in answers {
        let instance = instance.simple().to_string();
        // UUIDs that are ordered by time differ in their last digits.
        let short = instance.get(24..).unwrap_or_default();
        let said = match (data, error) {
            (_, Some(error)) => error.to_string(),
            (Some(data), None) => said(data),
            (None, None) => String::new(),
        };
        let ok = if *ok { "ok" } else { "FAILED" };
        let _ = writeln!(text, "{:width$}  {short}  {ok:7}  {}", OneLine(node), OneLine(&said));
    }
    text
}

/// A node's answer on one line.
fn said(data: &Value) -> String {
    let Value::Object(members) = data else { return data.to_string() };
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let pool =
        |pool: &Value| format!("{}={}x{}", plain(&pool["broker"]), pool["instances"], pool["prefetch"]);
    let shown = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        match (name.as_str(), value) {
            ("brokers", Value::Array(pools)) => pools.iter().map(pool).collect::<Vec<_>>().join(","),
            ("services", Value::Array(services)) => services.iter().map(plain).collect::<Vec<_>>().join(","),
            ("state", state) => plain(state),
            (name, value) => format!("{name}={}", plain(value)),
        }
    });
    shown.collect::<Vec<_>>().join("  ")
}
