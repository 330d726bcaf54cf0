//! Requests for what this node does not serve.
//!
//! All nodes of a service share its queues. So while a new template is rolled out, its requests also reach nodes that do
//! not have it yet. Such a request is worth a further try as long as the fleet knows a node that has the template.

use std::{collections::BTreeMap, time::Duration};

use beds_core::{Error, Factory, Result, address::Address, service::Incoming, spec::Domain};
use beds_protocol::{BatchItem, ErrorCode, Operation, RoutingKey, Service, shown, topology::QueueKind};
use beds_services::fleet::{Elsewhere, Fleet};
use tracing::{debug, warn};

use super::Domains;

/// The hint for a template that nobody is known to serve.
const GONE: &str =
    "no node of the service is known to serve it; one did, since RabbitMQ has a binding for it";

/// How long a write without a reply waits for a node with its operation.
const SOUGHT_MAX: Duration = Duration::from_mins(10);

impl<F: Factory> Domains<F> {
    /// The address of a request.
    pub(super) fn address(&self, incoming: &Incoming<'_>) -> Result<Address<F::Template>> {
        let key = incoming.routing_key;
        Address::parse::<F>(key).map_err(|error| {
            let is_unknown = error.code == ErrorCode::UnknownTemplate;
            // RabbitMQ routes no key to a queue that nobody has bound to it.
            let error = if is_unknown { error.hint(GONE) } else { error };
            let error = match RoutingKey::parse(key) {
                Ok(RoutingKey { template, .. }) => {
                    self.or_elsewhere(error, incoming.broker.service(), template)
                }
                Err(_) => error,
            };
            if is_unknown {
                let hint = error.hint.as_deref().unwrap_or_default();
                // In a roll-out, many requests are refused like this.
                if error.retryable {
                    debug!("{}: {hint}", error.message);
                } else {
                    warn!("{}: {hint}", error.message);
                }
            }
            error
        })
    }

    /// The address of an item of a batch to this service.
    pub(super) fn address_of_item(
        &self,
        item: &BatchItem<'_>,
        service: Service,
    ) -> Result<Address<F::Template>> {
        let address = Address::of_item::<F>(item).map_err(|error| match Operation::parse(&item.op) {
            Ok(_) => self.or_elsewhere(error, service, &item.template),
            Err(_) => error,
        })?;
        self.serves(address.domain, service)?;
        Ok(address)
    }

    /// Checks that a domain is served. RabbitMQ also delivers requests to a domain that was served once, or that
    /// another node serves.
    pub(super) fn serves(&self, domain: &'static Domain, service: Service) -> Result<()> {
        if self.names.contains(domain.name) {
            return Ok(());
        }
        let error = Error::unknown_template(domain.name)
            .hint("the node does not host its service, or left it out as it started: its log says why");
        Err(self.or_elsewhere(error, service, domain.name))
    }

    /// The error of a request to a template, or to an operation of it, that is not served here. It is retryable if
    /// another node may serve it.
    fn or_elsewhere(&self, error: Error, service: Service, name: &str) -> Error {
        let hash = F::template(name).map(|template| F::domain(template).hash);
        let has = |templates: &BTreeMap<String, String>| match (error.code, templates.get(name)) {
            (ErrorCode::UnknownTemplate, its) => its.is_some(),
            // The template of the other node may offer more.
            (_, its) => its.is_some_and(|its| hash.is_some_and(|hash| its != hash)),
        };
        match self.extensions.get::<Fleet>().map(|fleet| fleet.elsewhere(service, has)) {
            Ok(Elsewhere::Node(node)) => {
                let node = shown(&node);
                let hint = if error.code == ErrorCode::UnknownTemplate {
                    format!("the node {node} serves it, and a further try may reach that node")
                } else {
                    format!(
                        "the node {node} has another version of the template, and a further try may reach that node"
                    )
                };
                error.retryable().hint(hint)
            }
            Ok(Elsewhere::Unknown) if error.code == ErrorCode::UnknownTemplate => error
                .retryable()
                .hint("this node has just started, and does not know yet whether another node serves it"),
            Ok(Elsewhere::Unknown | Elsewhere::Nowhere) | Err(_) => error,
        }
    }
}

/// A read that nobody waits for does not wait for another node: it changes nothing, and would hold up others here. A
/// write waits for an operation as long as is enough for any node that has it.
pub(super) fn as_long_as_it_may_wait(error: Error, incoming: &Incoming<'_>) -> Error {
    if incoming.wants_reply || !error.is_of_this_node() {
        return error;
    }
    let may_wait = incoming.broker.kind() == QueueKind::Quorum;
    // Two nodes with different versions of a template each send a mistyped operation to the other.
    let is_in_vain = error.code == ErrorCode::UnknownOperation
        && incoming.sought_for.is_some_and(|sought_for| sought_for > SOUGHT_MAX);
    if is_in_vain && error.retryable {
        given_up(error)
    } else {
        Error { retryable: error.retryable && may_wait, ..error }
    }
}

/// The error of a request whose operation no node has offered for long.
fn given_up(error: Error) -> Error {
    let hint = format!(
        "no node has offered it for {} minutes; check its name, and replay the request if a node offers it later",
        SOUGHT_MAX.as_secs() / 60
    );
    Error { retryable: false, ..error }.hint(hint)
}
