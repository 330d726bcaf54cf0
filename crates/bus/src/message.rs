//! Messages of the bus, in its own terms: names, properties, received messages.

use std::borrow::Cow;

use beds_protocol::topology::CONTENT_TYPE;
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable, ShortString},
};
use uuid::Uuid;

/// AMQP's code for a message that survives a restart.
const PERSISTENT: u8 = 2;

/// A text of at most 255 bytes: AMQP has no room for more in names and identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(pub(crate) ShortString);

impl Name {
    /// How many bytes a name can have.
    pub const BYTES_MAX: usize = 255;

    /// A name from its text; `None` if the text is too long.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        ShortString::try_new(text).ok().map(Self)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<u64> for Name {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

impl From<Uuid> for Name {
    fn from(id: Uuid) -> Self {
        Self(id.to_string().into())
    }
}

/// The properties of a message that is published.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Properties {
    basic: BasicProperties,
    headers: FieldTable,
}

impl Properties {
    /// Properties with the content type of requests and replies.
    #[must_use]
    pub fn json() -> Self {
        let basic = BasicProperties::default().with_content_type(CONTENT_TYPE.into());
        Self { basic, headers: FieldTable::default() }
    }

    pub(crate) const fn from_parts(basic: BasicProperties, headers: FieldTable) -> Self {
        Self { basic, headers }
    }

    /// The id that an answer repeats.
    #[must_use]
    pub fn correlation_id(mut self, id: Name) -> Self {
        self.basic = self.basic.with_correlation_id(id.0);
        self
    }

    /// The id of a request, however often it is sent.
    #[must_use]
    pub fn message_id(mut self, id: Name) -> Self {
        self.basic = self.basic.with_message_id(id.0);
        self
    }

    /// The queue of the answer.
    #[must_use]
    pub fn reply_to(mut self, queue: Name) -> Self {
        self.basic = self.basic.with_reply_to(queue.0);
        self
    }

    /// The user who publishes, which RabbitMQ checks.
    #[must_use]
    pub fn user_id(mut self, user: Name) -> Self {
        self.basic = self.basic.with_user_id(user.0);
        self
    }

    /// How long the message may wait in a queue, in milliseconds.
    #[must_use]
    pub fn expiration_ms(mut self, left: u32) -> Self {
        self.basic = self.basic.with_expiration(left.to_string().into());
        self
    }

    /// The time of the event that the message reports, in Unix seconds.
    #[must_use]
    pub fn timestamp(mut self, seconds: u64) -> Self {
        self.basic = self.basic.with_timestamp(seconds);
        self
    }

    /// Has RabbitMQ store the message.
    #[must_use]
    pub fn persistent(mut self) -> Self {
        self.basic = self.basic.with_delivery_mode(PERSISTENT);
        self
    }

    /// A header that is a text.
    #[must_use]
    pub fn header(mut self, name: &'static str, text: &str) -> Self {
        self.headers.insert(name.into(), AMQPValue::LongString(text.into()));
        self
    }

    /// A header that is an integer.
    #[must_use]
    pub fn header_int(mut self, name: &'static str, number: i64) -> Self {
        self.headers.insert(name.into(), AMQPValue::LongLongInt(number));
        self
    }

    pub(crate) fn into_basic(self) -> BasicProperties {
        if self.headers.inner().is_empty() { self.basic } else { self.basic.with_headers(self.headers) }
    }
}

/// A received message.
#[derive(Debug)]
pub struct Message(Delivery);

impl Message {
    pub(crate) const fn new(delivery: Delivery) -> Self {
        Self(delivery)
    }

    /// The correlation id with which it was published.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.properties.correlation_id().as_ref().map(ShortString::as_str)
    }

    /// The text of a header; `None` if it is missing, or is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.0.properties.headers().as_ref()?.inner().get(name)? {
            AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes())),
            AMQPValue::ShortString(text) => Some(text.as_str().into()),
            _ => None,
        }
    }

    /// The body.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.0.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_amqp_has_room_for() {
        assert_eq!(Name::new("x".repeat(255)).unwrap().as_str().len(), Name::BYTES_MAX);
        assert_eq!(Name::new("x".repeat(256)), None);
        assert_eq!(Name::from(7).as_str(), "7");
    }

    #[test]
    fn properties_have_a_table_of_headers_only_where_there_is_a_header() {
        let bare = Properties::json().persistent().into_basic();
        assert_eq!((*bare.delivery_mode(), bare.headers().is_none()), (Some(2), true));
        let told = Properties::json().header("a", "x").header_int("b", 7).expiration_ms(9).into_basic();
        let headers = told.headers().as_ref().unwrap().inner();
        assert_eq!(headers.get("a"), Some(&AMQPValue::LongString("x".into())));
        assert_eq!(headers.get("b"), Some(&AMQPValue::LongLongInt(7)));
        assert_eq!(told.expiration().as_ref().unwrap().as_str(), "9");
    }
}
