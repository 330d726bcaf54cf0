//! The only part of BEDS that names `lapin`: connections to RabbitMQ, the messages on them, and the broker pool.
//!
//! It never names a database, an adapter or a template's domain: the pool knows services. lapin appears in no public
//! item. Supervision is our own. Every await on the bus has a deadline or ends with its connection. After an error the
//! smallest part restarts, with backoff and jitter, without end: a channel with its consumer, the connection of a
//! broker, or the connection for confirmed messages, with the topology.
//!
//! The lower half, which the client uses as well. Each module imports only those above it:
//! - `config`: the sections that the bus takes; [`BrokerService`]: that of one service over the common one; [`BusError`]; `message`: names, properties, received messages.
//! - `socket`: the TCP connection, with a handle that ends it.
//! - [`Connection`]: one AMQP connection, made within a deadline.
//! - [`Publisher`]: messages that RabbitMQ confirms or returns. [`Replies`]: the queue of a client's answers.
//!   [`Subscription`]: events that somebody listens to. [`BusPublisher`]: what the node itself puts on the bus. [`Listener`]: what it hears.
//!
//! The upper half:
//! - [`Hosting`]: what a pool serves, and which service a request is for. [`Server`]: which services live on a RabbitMQ.
//! - `topology`: exchange, queues, bindings, from the services' routing keys.
//! - `envelope`: a delivery in the services' terms. [`DeadLetters`]: dead letters for an operator. `acks`: which
//!   deliveries may be acknowledged together.
//! - [`Status`]: whether the pool serves, from the reports of its parts. `outlet`: a way for confirmed messages, on the
//!   current connection. `direct`: which servers direct replies reach.
//! - [`EventPublisher`]: events, on the connection for confirmed messages.
//! - `aside`: copies of requests that wait for a database, or run alone.
//! - `dead`: requests that cannot be answered. `quarantine`: messages that the library beneath cannot read, by raw
//!   `frames`.
//! - `meter`: what the pool counts. `slow`: which requests took long.
//! - `handler`: the handling of one delivery. `settle`: how a delivery ends: replies, copies, dead letters. `instance`:
//!   one consumer: takes deliveries, has them handled, acknowledges.
//! - `waiting`: requests that were put aside until their database is there.
//! - `session`: one life of a connection; the effect of an alarm of RabbitMQ on it. `publishing`: the connection for
//!   confirmed messages, and the upkeep of the topology. `serving`: a broker's connection, with its instances.
//! - [`BrokerPool`]: the running pool. [`Line`]: the messages between the nodes of a fleet.

mod acks;
mod aside;
mod broker_service;
mod bus_publisher;
mod config;
mod connection;
mod dead;
mod dead_letters;
mod direct;
mod envelope;
mod error;
mod events;
mod frames;
mod handler;
mod hosting;
mod instance;
mod left_over;
mod line;
mod listener;
mod message;
mod meter;
mod outlet;
mod pool;
#[doc(hidden)]
pub mod probe;
mod publisher;
mod publishing;
mod quarantine;
mod replies;
mod serving;
mod session;
mod settle;
mod slow;
mod socket;
mod status;
mod subscription;
mod tls;
mod topology;
mod waiting;

pub use broker_service::BrokerService;
pub use bus_publisher::BusPublisher;
pub use config::{Amqp, Pool};
pub use connection::{Connection, Endpoint, Timeouts, first_of, ping};
pub use dead_letters::{DeadLetter, DeadLetters, GivenUp};
pub use error::BusError;
pub use events::EventPublisher;
pub use handler::INGEST_SPAN;
pub use hosting::{Hosting, Server};
pub use left_over::left_over;
pub use line::{Line, LineEnd, Over, To};
pub use listener::Listener;
pub use message::{Message, Name, Properties};
pub use meter::Pulse;
pub use pool::BrokerPool;
pub use publisher::{Publisher, Receipt, Returned};
pub use replies::Replies;
pub use status::Status;
pub use subscription::{Heard, Settle, Subscription};
