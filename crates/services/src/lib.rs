//! The services of BEDS beside the plain domains. Each is a [`beds_core::service::Service`] that the broker pool
//! serves as it does the templates' domains.
//!
//! This crate names neither the bus nor a driver: a service is given what it needs when it is made.

mod node;

pub use node::NodeService;
