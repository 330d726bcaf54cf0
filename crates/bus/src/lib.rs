//! All of BEDS that names `lapin`: connections to RabbitMQ, what goes over them, and the broker pool.
//!
//! It never names a database, an adapter or a template's domain: the pool knows services. The library beneath shows
//! nowhere in what is public here. Supervision is our own: every await on the bus has a deadline or ends with its
//! connection, and after an error the smallest part begins again, with backoff and jitter, for ever: a channel with its
//! consumer, the connection of a broker, or the one for what is confirmed, with the topology.
//!
//! The lower half, on which the client stands as well; each module imports those above it only:
//! - `config`: the sections that the bus takes; [`BrokerService`]: that of one service over the common one; [`BusError`]; `message`: names, properties, received messages.
//! - `socket`: the TCP connection, with a handle by which it can be ended.
//! - [`Connection`]: one AMQP connection, made within a deadline.
//! - [`Publisher`]: messages that RabbitMQ confirms or returns. [`Replies`]: the queue of a client's answers.
//!   [`Subscription`]: events that somebody listens to. [`BusPublisher`]: what the node itself puts on the bus. [`Listener`]: what it hears.
//!
//! The upper half:
//! - [`Hosting`]: what a pool serves, and which service a request is for. [`Server`]: which services live on a RabbitMQ.
//! - `topology`: exchange, queues, bindings, from the services' routing keys.
//! - `envelope`: a delivery in the services' terms. [`DeadLetters`]: what an operator does with dead letters. `acks`: which deliveries may be acknowledged together.
//! - [`Status`]: whether the pool serves, from what its parts say. `outlet`: a way for what is confirmed, on whichever
//!   connection there is. `direct`: which servers direct replies reach.
//! - [`EventPublisher`]: events, on the connection for what is confirmed.
//! - `aside`: copies of what waits for a database, or is to be worked off alone.
//! - `dead`: what cannot be answered. `quarantine`: messages that the library beneath cannot read, by raw `frames`.
//! - `meter`: what the pool counts. `slow`: which requests took long.
//! - `handler`: what becomes of one delivery. `settle`: how it leaves: replies, copies, dead letters. `instance`: one consumer:
//!   takes deliveries, has them handled, acknowledges.
//! - `waiting`: what was put aside until its database is there.
//! - `session`: one life of a connection; what an alarm of RabbitMQ does to it. `publishing`: the connection for what is
//!   confirmed, and the upkeep of the topology. `serving`: a broker's connection, with its instances.
//! - [`BrokerPool`]: the running pool. [`Line`]: on which the nodes of a fleet speak to each other.

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
pub use line::{Line, LineEnd, Over, To};
pub use listener::Listener;
pub use message::{Message, Name, Properties};
pub use meter::Pulse;
pub use pool::BrokerPool;
pub use publisher::{Publisher, Receipt, Returned};
pub use replies::Replies;
pub use status::Status;
pub use subscription::{Heard, Settle, Subscription};
