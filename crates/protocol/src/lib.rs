//! What both ends of the BEDS bus share, and nothing else: names of exchanges, queues and headers, routing keys,
//! operations, request and reply bodies, error codes, and the types of values on the wire.
//!
//! This crate knows JSON. It must never depend on a broker library or a database driver: the node, the clients and the
//! template compiler all depend on this crate.
//!
//! - [`topology`]: services, brokers, lanes, queues, and where a template's operations are routed.
//! - [`operation`]: the routing key of a request, parsed once.
//! - [`json`]: JSON without loss: every digit, every key.
//! - [`request`], [`reply`]: the bodies; [`batch`]: many requests in one.
//! - [`event`]: the body of an event, the published part of a change.
//! - [`error`]: the error codes and the error object of a failed reply.
//! - [`tables`]: the node's own tables in the domains' databases.
//! - [`vocabulary`]: the words of the template language; [`nearest()`]: the most likely meaning of a mistyped name.
//! - [`shown()`]: a name in a message.
//! - [`value`]: wire types that JSON does not have.

pub mod batch;
mod collated;
pub mod error;
pub mod event;
pub mod json;
mod names;
mod nearest;
mod one_line;
pub mod operation;
pub mod reply;
pub mod request;
mod shown;
pub mod tables;
pub mod topology;
pub mod value;
pub mod vocabulary;

pub use batch::{BatchItem, BatchKey, BatchRequest, Mode};
pub use collated::{are_alike, collated};
pub use error::{ErrorBody, ErrorCode, FieldError};
pub use event::EventBody;
pub use json::{Json, Record};
pub use nearest::nearest;
pub use one_line::{OneLine, OneLineWriter};
pub use operation::{Operation, RoutingKey, RoutingKeyError};
pub use reply::Reply;
pub use request::{
    CallRequest, CountRequest, CreateRequest, DeleteRequest, DescribeRequest, FetchRequest, OneOrMany,
    UpdateRequest, UpsertRequest,
};
pub use shown::shown;
pub use topology::{Broker, Lane, Placement, Service, header};
pub use vocabulary::{ArgMode, Engine, Generated, RESERVED_TEMPLATES, RequestValue, TypeName, Undeclared};
