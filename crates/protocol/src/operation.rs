//! The routing key of a request, `<template>.<operation>`, parsed once at the edge.

use std::fmt;

use crate::{Lane, shown};

/// What a request asks of its domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation<'a> {
    /// Read one record by key, or many by filter.
    Fetch,
    /// Count records by filter.
    Count,
    /// Create one record, or several, all or none.
    Create,
    /// Change one record by key, or many by filter.
    Update,
    /// Create a record, or change the record with its key; or several, all or none.
    Upsert,
    /// Delete one record by key, or many by filter.
    Delete,
    /// Tell what the domain offers.
    Describe,
    /// Run one of the domain's calls, by name.
    Call(&'a str),
}

impl Operation<'_> {
    /// The lane that the operation always takes; `None` for a call, whose template sets it.
    #[must_use]
    pub const fn lane(self) -> Option<Lane> {
        match self {
            Self::Fetch | Self::Count | Self::Describe => Some(Lane::Read),
            Self::Create | Self::Update | Self::Upsert | Self::Delete => Some(Lane::Write),
            Self::Call(_) => None,
        }
    }
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch => f.write_str("fetch"),
            Self::Count => f.write_str("count"),
            Self::Create => f.write_str("create"),
            Self::Update => f.write_str("update"),
            Self::Upsert => f.write_str("upsert"),
            Self::Delete => f.write_str("delete"),
            Self::Describe => f.write_str("describe"),
            Self::Call(name) => write!(f, "call.{name}"),
        }
    }
}

/// A request's routing key: the name of the template, and the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoutingKey<'a> {
    /// Wire name of the template.
    pub template: &'a str,
    /// The operation.
    pub operation: Operation<'a>,
}

/// Why a routing key cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingKeyError {
    /// There is no `.` between a template and an operation.
    #[error("the routing key {} is not of the form <template>.<operation>", shown(.0))]
    Form(String),
    /// The operation is unknown.
    #[error("{} is not an operation", shown(.0))]
    Operation(String),
}

impl<'a> RoutingKey<'a> {
    /// Parses `product.fetch`, `product.call.restock` and the like.
    ///
    /// # Errors
    /// If there is no `.`, a part is empty, or the operation is unknown.
    pub fn parse(key: &'a str) -> Result<Self, RoutingKeyError> {
        let (template, operation) = key
            .split_once('.')
            .filter(|(template, operation)| !template.is_empty() && !operation.is_empty())
            .ok_or_else(|| RoutingKeyError::Form(key.to_owned()))?;
        Ok(Self { template, operation: Operation::parse(operation)? })
    }
}

impl<'a> Operation<'a> {
    /// Parses `fetch`, `call.restock` and the like.
    ///
    /// # Errors
    /// If it is not an operation.
    pub fn parse(text: &'a str) -> Result<Self, RoutingKeyError> {
        match text {
            "fetch" => Ok(Self::Fetch),
            "count" => Ok(Self::Count),
            "create" => Ok(Self::Create),
            "update" => Ok(Self::Update),
            "upsert" => Ok(Self::Upsert),
            "delete" => Ok(Self::Delete),
            "describe" => Ok(Self::Describe),
            _ => match text.strip_prefix("call.") {
                Some(name) if !name.is_empty() && !name.contains('.') => Ok(Self::Call(name)),
                _ => Err(RoutingKeyError::Operation(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for RoutingKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.template, self.operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routing_keys_round_trip() {
        for key in [
            "product.fetch",
            "product.count",
            "product.create",
            "product.update",
            "product.upsert",
            "product.delete",
            "product.describe",
            "product.call.restock",
        ] {
            assert_eq!(RoutingKey::parse(key).unwrap().to_string(), key);
        }
    }

    #[test]
    fn malformed_routing_keys_are_refused() {
        for key in ["", "product", ".fetch", "product.", "product..fetch", "beds.app_server.r"] {
            assert!(RoutingKey::parse(key).is_err(), "{key}");
        }
        for key in ["product.fetsh", "product.call", "product.call.", "product.call.a.b", "product.FETCH"] {
            assert!(matches!(RoutingKey::parse(key), Err(RoutingKeyError::Operation(_))), "{key}");
        }
    }
}
