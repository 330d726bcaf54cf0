//! [`Address`]: where a request goes.

use beds_protocol::{BatchItem, Lane, Operation, RoutingKey, RoutingKeyError};

use crate::{
    error::{Error, Result, shortened},
    namaste::Factory,
    spec::{Call, Domain},
};

/// The longest name in an item: a routing key, which AMQP bounds, has no more.
const NAME_CHARACTERS_MAX: usize = 255;

/// Where a request goes: template, operation and lane, parsed once from its routing key.
#[derive(Debug, Clone, Copy)]
pub struct Address<T> {
    /// The template.
    pub template: T,
    /// What the template says.
    pub domain: &'static Domain,
    /// The operation that is asked of it.
    pub target: Target,
    /// The lane that it takes.
    pub lane: Lane,
}

/// An operation of a domain, its call found.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// `fetch`
    Fetch,
    /// `count`
    Count,
    /// `create`
    Create,
    /// `update`
    Update,
    /// `upsert`
    Upsert,
    /// `delete`
    Delete,
    /// `describe`
    Describe,
    /// `call.NAME`
    Call(&'static Call),
}

impl Target {
    /// The operation.
    #[must_use]
    pub const fn operation(self) -> Operation<'static> {
        match self {
            Self::Fetch => Operation::Fetch,
            Self::Count => Operation::Count,
            Self::Create => Operation::Create,
            Self::Update => Operation::Update,
            Self::Upsert => Operation::Upsert,
            Self::Delete => Operation::Delete,
            Self::Describe => Operation::Describe,
            Self::Call(call) => Operation::Call(call.name),
        }
    }
}

impl<T: Copy> Address<T> {
    /// The address that a routing key of `F` names.
    ///
    /// # Errors
    /// `bad_request`, `unknown_template` or `unknown_operation`, as [`beds_protocol::RoutingKey::parse`] and the
    /// templates say.
    pub fn parse<F: Factory<Template = T>>(routing_key: &str) -> Result<Self> {
        Self::of::<F>(RoutingKey::parse(routing_key)?)
    }

    /// The address that an item of a batch names.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn of_item<F: Factory<Template = T>>(item: &BatchItem<'_>) -> Result<Self> {
        let quoted = |name: &str| shortened(name.to_owned(), NAME_CHARACTERS_MAX);
        if item.template.len() > NAME_CHARACTERS_MAX {
            return Err(Error::unknown_template(&quoted(&item.template)));
        }
        if item.op.len() > NAME_CHARACTERS_MAX {
            return Err(RoutingKeyError::Operation(quoted(&item.op)).into());
        }
        Self::of::<F>(RoutingKey { template: &item.template, operation: Operation::parse(&item.op)? })
    }

    fn of<F: Factory<Template = T>>(key: RoutingKey<'_>) -> Result<Self> {
        let template = F::template(key.template).ok_or_else(|| Error::unknown_template(key.template))?;
        let domain = F::domain(template);
        let (target, lane) = match key.operation {
            Operation::Fetch => (Target::Fetch, Lane::Read),
            Operation::Count => (Target::Count, Lane::Read),
            Operation::Describe => (Target::Describe, Lane::Read),
            Operation::Create => (Target::Create, Lane::Write),
            Operation::Update => (Target::Update, Lane::Write),
            Operation::Upsert => (Target::Upsert, Lane::Write),
            Operation::Delete => (Target::Delete, Lane::Write),
            Operation::Call(name) => {
                let call = F::call(template, name);
                let call = call.ok_or_else(|| Error::not_offered(domain, key.operation))?;
                (Target::Call(call), call.lane)
            }
        };
        Ok(Self { template, domain, target, lane })
    }
}
