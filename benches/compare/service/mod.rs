//! The hand-written services, as a programmer would write them with lapin and the database's driver: straightforward,
//! each with one connection to RabbitMQ, four channels, and a task for each delivery.

mod create;
mod echo;
mod mariadb;
mod mongodb;

use std::io::Read as _;

use anyhow::{Context as _, Result};
use beds_protocol::topology::EXCHANGE;
use futures_util::{StreamExt as _, future::try_join_all};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, ExchangeKind};

pub(crate) use self::mongodb::Event;
use crate::bus::{self, CHANNELS};
use crate::servers::Servers;

/// The bindings of an exchange: about as many as the node's exchange has.
const BINDINGS: u16 = 60;

/// The services.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub(crate) enum Service {
    /// Answers with a fixed body, and acknowledges
    Echo {
        /// Length of the body
        #[arg(long)]
        bytes: usize,
    },
    /// The same without acknowledgement
    BareEcho {
        /// Length of the body
        #[arg(long)]
        bytes: usize,
    },
    /// As `echo`, from a queue as the node's
    RoutedEcho {
        /// Length of the body
        #[arg(long)]
        bytes: usize,
        /// How requests come into the queue
        #[arg(long)]
        by: Route,
    },
    /// Fetches a country by its code
    FetchMariadb,
    /// Fetches a log event by its id
    FetchMongodb,
    /// Creates a subdivision
    CreateMariadb,
    /// Creates a subdivision once a message id
    CreateOnceMariadb,
}

/// How requests come into a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Route {
    /// By its name
    Name,
    /// By a direct exchange
    Direct,
    /// By the node's topic exchange
    Topic,
}

impl Route {
    pub(crate) const fn exchange(self) -> &'static str {
        match self {
            Self::Name => "",
            Self::Direct => "bench.direct",
            Self::Topic => EXCHANGE,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Direct => "direct",
            Self::Topic => "topic",
        }
    }
}

impl Service {
    /// The queue that the service consumes.
    pub(crate) const fn queue(self) -> &'static str {
        match self {
            Self::Echo { .. } => "bench.echo",
            Self::BareEcho { .. } => "bench.bare-echo",
            Self::RoutedEcho { by: Route::Name, .. } => "bench.bounded-echo",
            Self::RoutedEcho { by: Route::Direct, .. } => "bench.direct-echo",
            Self::RoutedEcho { by: Route::Topic, .. } => "bench.topic-echo",
            Self::FetchMariadb => "bench.fetch-mariadb",
            Self::FetchMongodb => "bench.fetch-mongodb",
            Self::CreateMariadb => "bench.create-mariadb",
            Self::CreateOnceMariadb => "bench.create-once-mariadb",
        }
    }

    /// The command line that starts the service.
    pub(crate) fn arguments(self) -> Vec<String> {
        match self {
            Self::Echo { bytes } => vec!["echo".into(), format!("--bytes={bytes}")],
            Self::BareEcho { bytes } => vec!["bare-echo".into(), format!("--bytes={bytes}")],
            Self::RoutedEcho { bytes, by } => {
                vec!["routed-echo".into(), format!("--bytes={bytes}"), format!("--by={}", by.name())]
            }
            Self::FetchMariadb => vec!["fetch-mariadb".into()],
            Self::FetchMongodb => vec!["fetch-mongodb".into()],
            Self::CreateMariadb => vec!["create-mariadb".into()],
            Self::CreateOnceMariadb => vec!["create-once-mariadb".into()],
        }
    }

    /// Serves until standard input closes.
    #[tokio::main]
    pub(crate) async fn run(self) -> Result<()> {
        let servers = Servers::from_env().context("started without the servers' addresses")?;
        // The parent holds the other end, which closes when the parent ends.
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        let queue = self.queue();
        match self {
            Self::Echo { bytes } => echo::acknowledged(&servers, queue, Guarantee::Acknowledged, bytes).await,
            Self::BareEcho { bytes } => echo::bare(&servers, queue, bytes).await,
            Self::RoutedEcho { bytes, by } => {
                echo::acknowledged(&servers, queue, Guarantee::Routed(by), bytes).await
            }
            Self::FetchMariadb => mariadb::fetch(&servers, queue).await,
            Self::FetchMongodb => mongodb::fetch(&servers, queue).await,
            Self::CreateMariadb => create::autocommit(&servers, queue).await,
            Self::CreateOnceMariadb => create::once(&servers, queue).await,
        }
    }
}

/// How safely a service processes requests.
#[derive(Debug, Clone, Copy)]
enum Guarantee {
    /// RabbitMQ forgets a delivery once it is sent, and answers may get lost.
    None,
    /// A delivery is acknowledged after its answer is published.
    Acknowledged,
    /// As `Acknowledged`, from a queue like the node's.
    Routed(Route),
    /// As `Acknowledged`, with requests in a quorum queue, as writes need it.
    Stored,
}

/// Consumes a queue with all channels, and runs `handle` for each delivery in a separate task.
async fn serve<H, F>(servers: &Servers, queue: &str, guarantee: Guarantee, handle: H) -> Result<()>
where
    H: Fn(Channel, Delivery) -> F + Clone + Send + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let connection = bus::connect(&servers.amqp).await?;
    let mut consumers = Vec::new();
    for _ in 0..CHANNELS {
        let channel = connection.create_channel().await?;
        let (options, arguments) = declaration(guarantee);
        channel.queue_declare(queue.into(), options, arguments).await?;
        if let Guarantee::Routed(route) = guarantee {
            bind(&channel, queue, route).await?;
        }
        let no_ack = matches!(guarantee, Guarantee::None);
        let consumer = bus::consume(&channel, queue, no_ack).await?;
        consumers.push((channel, consumer));
    }
    println!("ready");
    try_join_all(consumers.into_iter().map(|(channel, mut consumer)| {
        let handle = handle.clone();
        tokio::spawn(async move {
            while let Some(delivery) = consumer.next().await {
                let handling = handle(channel.clone(), delivery?);
                tokio::spawn(async move {
                    if let Err(error) = handling.await {
                        eprintln!("a service failed: {error:#}");
                    }
                });
            }
            Ok::<_, lapin::Error>(())
        })
    }))
    .await?
    .into_iter()
    .collect::<Result<_, _>>()
    .context("a consumer failed")
}

/// Routes requests into a queue in this way.
async fn bind(channel: &Channel, queue: &str, route: Route) -> Result<()> {
    let exchange = route.exchange();
    if route == Route::Name {
        return Ok(());
    }
    if route == Route::Direct {
        let options = ExchangeDeclareOptions { auto_delete: true, ..ExchangeDeclareOptions::default() };
        channel
            .exchange_declare(exchange.into(), ExchangeKind::Direct, options, FieldTable::default())
            .await?;
        // The node's exchange has the bindings of all templates.
        for number in 0..BINDINGS {
            let key = format!("bench.{number}");
            let (none, options) = (FieldTable::default(), QueueBindOptions::default());
            channel.queue_bind(queue.into(), exchange.into(), key.into(), options, none).await?;
        }
    }
    let (none, options) = (FieldTable::default(), QueueBindOptions::default());
    channel.queue_bind(queue.into(), exchange.into(), queue.into(), options, none).await?;
    Ok(())
}

fn declaration(guarantee: Guarantee) -> (QueueDeclareOptions, FieldTable) {
    let mut arguments = FieldTable::default();
    let options = match guarantee {
        Guarantee::None | Guarantee::Acknowledged => {
            QueueDeclareOptions { auto_delete: true, ..QueueDeclareOptions::default() }
        }
        Guarantee::Routed(_) => {
            arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(1_000_000));
            arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
            QueueDeclareOptions::durable()
        }
        Guarantee::Stored => {
            arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
            arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(20));
            QueueDeclareOptions::durable()
        }
    };
    (options, arguments)
}

/// Publishes an answer, and waits until it is written: otherwise the acknowledgement would overtake it.
async fn answer(channel: &Channel, request: &Delivery, body: &[u8]) -> Result<()> {
    let properties = &request.properties;
    let reply_to = properties.reply_to().clone().context("a request without `reply_to`")?;
    let mut answer = BasicProperties::default().with_content_type("application/json".into());
    if let Some(id) = properties.correlation_id() {
        answer = answer.with_correlation_id(id.clone());
    }
    let options = BasicPublishOptions::default();
    channel.basic_publish("".into(), reply_to, options, body, answer).await?.await?;
    Ok(())
}

async fn acknowledge(request: &Delivery) -> Result<()> {
    request.ack(BasicAckOptions::default()).await?;
    Ok(())
}
