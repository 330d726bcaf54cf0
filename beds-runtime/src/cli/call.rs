//! `beds call`

use std::{
    io::{Read, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use beds_bus::Endpoint;
use beds_client::{Client, Request};

use beds_core::{settings::SecretUrl, spec::Domain};

use beds_protocol::{Json, OneLine, Service};

use crate::config::{Config, ConfigError, Environment};

/// Arguments of `beds call`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds call country.fetch '{\"key\": \"NO\"}'
  beds call country.fetch '{\"where\": {\"name\": {\"prefix\": \"New\"}}, \"limit\": 5}'
  beds call note.create - < note.json
  beds call app_server.batch.read @items.json

Exit status: 0 when the reply is ok, 1 when it or an item of a batch is an error, 2 when there is none.")]
pub(super) struct Args {
    /// <template>.<operation>, such as country.fetch or country.call.summary; <service>.batch.read or .write for a batch
    routing_key: String,
    /// The body, as JSON; `-` reads it from standard input, `@FILE` from a file
    #[arg(default_value = "{}")]
    body: String,
    /// Where RabbitMQ is; by default what the configuration says
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    tls: super::tls::TlsFiles,
    /// How long to wait for the reply
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    timeout: u16,
    /// Print the body of the reply as it came, on one line
    #[arg(long)]
    raw: bool,
}

/// Sends one request and prints its reply.
pub(super) async fn run(domains: &[&'static Domain], args: &Args, folder: &Path) -> ExitCode {
    match request(domains, args, folder).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("beds call: {}", OneLine(&message));
            ExitCode::from(2)
        }
    }
}

async fn request(domains: &[&'static Domain], args: &Args, folder: &Path) -> Result<bool, String> {
    let body = match args.body.as_str() {
        "-" => {
            let mut body = String::new();
            std::io::stdin().read_to_string(&mut body).map_err(|error| format!("standard input: {error}"))?;
            body
        }
        body => match body.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?,
            None => body.to_owned(),
        },
    };
    let url = match &args.url {
        Some(url) => SecretUrl::new(url).with_tls(args.tls.files()),
        None => configured_url(domains, &args.routing_key, folder).map_err(|error| error.to_string())?,
    };
    let timeout = Duration::from_secs(args.timeout.into());
    let url = url.current()?;
    let tls = url.tls().clone();
    // The user whose name RabbitMQ verifies.
    let user = Endpoint::parse(url.expose())?.user().to_owned();
    let client = Client::builder(url.expose()).tls(tls).user_id(user).name("beds call").timeout(timeout);
    let client = client.connect().await.map_err(|error| error.to_string())?;
    let reply = client.execute_raw(Request::raw(&args.routing_key, body)).await;
    client.close().await;
    let reply = reply.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&reply.body);
    let json = Json::of_any(&reply.body).ok();
    let mut stdout = std::io::stdout();
    let written = match &json {
        Some(json) if !args.raw => writeln!(stdout, "{json:#}"),
        _ => writeln!(stdout, "{text}"),
    };
    // A reader that closes the pipe has read enough.
    let _ = written;
    let is_ok = |item: &Json| item.get("ok").and_then(Json::as_bool) == Some(true);
    Ok(reply.is_ok()
        && match json.as_ref().and_then(|json| json.get("items")) {
            Some(Json::Array(items)) => items.iter().all(is_ok),
            _ => true,
        })
}

/// The URL of the RabbitMQ that takes requests with this routing key.
pub(super) fn configured_url(
    domains: &[&'static Domain],
    routing_key: &str,
    folder: &Path,
) -> Result<SecretUrl, ConfigError> {
    let config = Config::load(folder, Environment::from_env()?)?;
    let amqp = service_of(domains, routing_key).map_or(&config.amqp, |service| config.amqp_of(service));
    // A configuration without an address is refused on loading.
    Ok(amqp.url.0.first().cloned().unwrap_or_else(|| SecretUrl::new("")))
}

/// The service of a routing key, if this program knows it.
fn service_of(domains: &[&'static Domain], routing_key: &str) -> Option<Service> {
    let first = routing_key.split('.').next().unwrap_or_default();
    let domain = domains.iter().find(|domain| domain.name == first);
    domain.map(|domain| domain.placement.read.service()).or_else(|| Service::from_name(first))
}
