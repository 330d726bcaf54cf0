//! An async client for BEDS: it publishes requests to RabbitMQ, and returns typed answers or typed errors.
//!
//! One [`Client`] is one connection. It carries any number of requests at a time up to a limit, and is cheap to clone.
//! It repairs itself: when the connection is lost, the requests in flight fail at once with
//! [`ClientError::Disconnected`], and later ones wait for the next connection within their own timeouts. A request that
//! RabbitMQ does not allow fails alone, with [`ClientError::Forbidden`].
//!
//! ```no_run
//! use beds_client::{Client, ClientError, Request, Subscription};
//! use beds_protocol::{ErrorCode, FetchRequest};
//! use serde::Deserialize;
//! use serde_json::json;
//!
//! #[derive(Debug, Deserialize)]
//! struct Country {
//!     alpha_2: String,
//!     name: String,
//! }
//!
//! # async fn run() -> Result<(), ClientError> {
//! let client = Client::builder("amqp://localhost").connect().await?;
//!
//! // One record by key.
//! let country: Country = client.fetch("country", "FR").await?;
//! println!("{} is {}", country.alpha_2, country.name);
//!
//! // All records that a filter matches, page by page.
//! let mut query = FetchRequest { limit: Some(100), ..FetchRequest::default() };
//! loop {
//!     let page = client.fetch_where::<Country>("country", &query).await?;
//!     query.after = page.next;
//!     if query.after.is_none() {
//!         break;
//!     }
//! }
//!
//! // A write that keeps its message id, however often it is sent.
//! let request = Request::create("note", &json!({"subject": "Hello", "country": "FR"}));
//! let reply = match client.execute(request.clone()).await {
//!     Err(error) if error.is_retryable() => client.execute(request).await?,
//!     other => other?,
//! };
//! println!("created {:?}", reply.data);
//!
//! // Errors say what went wrong.
//! match client.fetch::<Country>("country", "XX").await {
//!     Err(error) if error.code() == Some(ErrorCode::NotFound) => println!("no such country"),
//!     Err(ClientError::Unroutable { routing_key }) => println!("nobody serves {routing_key}"),
//!     other => println!("{other:?}"),
//! }
//!
//! // What changes, each at least once, from a queue that gathers it while nobody listens.
//! let mut events = client.events(Subscription::to("note.*").durable("search")).await?;
//! let event = events.next().await?;
//! println!("{} of {:?}", event.body.operation, event.body.key);
//! event.done().await?;
//! client.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! A read carries its deadline. After the deadline neither RabbitMQ nor a node spends time on it. A write is stored by
//! RabbitMQ and done even when its caller has given up. A caller that got no answer sends the write again with the same
//! message id, which a clone of the [`Request`] has. The write is done once, and a repetition gets the first reply.
//!
//! This does not hold for templates with `once = false`, objects that commit by themselves (`commits = true`),
//! pipelines of MongoDB that write, and databases without a ledger. There a unique field or `if_version` has to refuse
//! the repetition.
//!
//! [`Request::id`] identifies a request in error replies, in the node's log and among the dead letters.

mod batch;
mod builder;
mod client;
mod config;
mod confirms;
mod connection;
mod error;
mod events;
mod operations;
mod pending;
mod properties;
mod reply;
mod request;
mod supervisor;

pub use batch::{Answers, Batch};
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::ClientError;
pub use events::{Event, Events, Subscription};
pub use reply::{Answer, Page, RawReply};
pub use request::Request;

pub use beds_core::settings::Tls;
pub use beds_protocol as protocol;
