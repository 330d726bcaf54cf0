//! The requests of a comparison, and the right reply to each.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// Operations in one batch.
pub(crate) const BATCH: u64 = 100;
/// One of this many batches of the mixed load writes.
const MIX: u64 = 5;

/// A request by key, and the record that it must return.
pub(crate) type Fetch = (String, Value);

/// The destination of requests.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) exchange: &'static str,
    /// The routing keys of reads and of writes.
    pub(crate) read: &'static str,
    pub(crate) write: &'static str,
    /// Whether writes have a message id.
    pub(crate) once: bool,
    /// The right reply, if it differs from that of this tree's node.
    pub(crate) reply: Option<FixedReply>,
}

/// A reply that is always the same.
#[derive(Debug, Clone)]
pub(crate) enum FixedReply {
    /// Any bytes of this length.
    Length(usize),
    Bytes(Arc<[u8]>),
}

/// The requests of a comparison, the same for all contenders.
#[derive(Debug)]
pub(crate) struct Work {
    kind: Kind,
    next: AtomicU64,
}

/// The requests.
#[derive(Debug)]
pub(crate) enum Kind {
    /// The same request each time, and its reply.
    Same { body: Vec<u8>, reply: Vec<u8> },
    /// Records by key, in turn.
    Fetch(Vec<Fetch>),
    /// A new record each time.
    Create(Vec<String>),
    /// Batches of fetches.
    Fetches(Vec<Fetch>),
    /// Batches: in turn four of fetches and one of creates.
    Mixed { fetches: Vec<Fetch>, countries: Vec<String> },
    /// The same batch of reads each time: this many, each with the same answer.
    Reads { body: Vec<u8>, count: usize, reply: Value },
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) number: u64,
    pub(crate) body: Cow<'a, [u8]>,
    pub(crate) writes: bool,
}

/// The right reply.
#[derive(Debug)]
pub(crate) enum Expected<'a> {
    Length(usize),
    Exactly(&'a [u8]),
    /// A reply with this record.
    Record(&'a Value),
    /// A reply with the record of this request's number.
    Created(&'a [String], u64),
    /// A reply with the records of this batch's number.
    AllOf(&'a [Fetch], u64),
    /// A reply with the records that the batch of this number creates.
    AllCreated(&'a [String], u64),
    /// A reply with this many items, each of them this value.
    Each(usize, &'a Value),
}

impl Work {
    pub(crate) fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self { kind, next: AtomicU64::new(0) })
    }

    /// The next request.
    pub(crate) fn next(&self) -> Request<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let body = match &self.kind {
            Kind::Same { body, .. } | Kind::Reads { body, .. } => Cow::Borrowed(body.as_slice()),
            Kind::Fetch(requests) => Cow::Owned(fetch(requests, number).into_bytes()),
            Kind::Create(countries) => Cow::Owned(create(countries, number).into_bytes()),
            Kind::Mixed { countries, .. } if self.writes(number) => {
                Cow::Owned(batch("subdivision", "create", numbers(number / MIX), |n| create(countries, n)))
            }
            Kind::Fetches(fetches) | Kind::Mixed { fetches, .. } => Cow::Owned(fetch_batch(fetches, number)),
        };
        Request { number, body, writes: self.writes(number) }
    }

    fn writes(&self, number: u64) -> bool {
        match self.kind {
            Kind::Create(_) => true,
            Kind::Mixed { .. } => number % MIX == MIX - 1,
            Kind::Same { .. } | Kind::Fetch(_) | Kind::Fetches(_) | Kind::Reads { .. } => false,
        }
    }

    /// How many operations one request has.
    pub(crate) fn operations(&self) -> u32 {
        match &self.kind {
            Kind::Fetches(_) | Kind::Mixed { .. } => u32::try_from(BATCH).unwrap_or(u32::MAX),
            Kind::Reads { count, .. } => u32::try_from(*count).unwrap_or(u32::MAX),
            Kind::Same { .. } | Kind::Fetch(_) | Kind::Create(_) => 1,
        }
    }

    /// How many records the requests so far have created.
    pub(crate) fn created(&self) -> u64 {
        let asked = self.next.load(Ordering::Relaxed);
        match self.kind {
            Kind::Create(_) => asked,
            Kind::Mixed { .. } => asked / MIX * BATCH,
            Kind::Same { .. } | Kind::Fetch(_) | Kind::Fetches(_) | Kind::Reads { .. } => 0,
        }
    }

    /// How many claims a writing request makes. A batch makes one for itself and one for each item.
    pub(crate) fn claims(&self) -> u64 {
        match self.kind {
            Kind::Create(_) => 1,
            Kind::Mixed { .. } => BATCH + 1,
            Kind::Same { .. } | Kind::Fetch(_) | Kind::Fetches(_) | Kind::Reads { .. } => 0,
        }
    }

    /// The right reply to a request.
    pub(crate) fn expected<'a>(&'a self, number: u64, target: &'a Target) -> Expected<'a> {
        match (&target.reply, &self.kind) {
            (Some(FixedReply::Length(length)), _) => Expected::Length(*length),
            (Some(FixedReply::Bytes(bytes)), _) => Expected::Exactly(bytes),
            (None, Kind::Same { reply, .. }) => Expected::Exactly(reply),
            (None, Kind::Fetch(fetches)) => Expected::Record(&in_turn(fetches, number).1),
            (None, Kind::Create(countries)) => Expected::Created(countries, number),
            (None, Kind::Mixed { countries, .. }) if self.writes(number) => {
                Expected::AllCreated(countries, number / MIX)
            }
            (None, Kind::Fetches(fetches) | Kind::Mixed { fetches, .. }) => Expected::AllOf(fetches, number),
            (None, Kind::Reads { count, reply, .. }) => Expected::Each(*count, reply),
        }
    }
}

/// The operations of a batch.
fn numbers(batch: u64) -> std::ops::Range<u64> {
    batch * BATCH..(batch + 1) * BATCH
}

fn in_turn<T>(items: &[T], number: u64) -> &T {
    let length = u64::try_from(items.len()).unwrap_or(u64::MAX);
    &items[usize::try_from(number % length).unwrap_or_default()]
}

fn fetch(fetches: &[Fetch], number: u64) -> String {
    format!(r#"{{"key":"{}"}}"#, in_turn(fetches, number).0)
}

fn create(countries: &[String], number: u64) -> String {
    let (country, code) = (in_turn(countries, number), code(countries, number));
    format!(
        r#"{{"data":{{"code":"{code}","country":"{country}","name":"bench {number}","type":"Province"}}}}"#
    )
}

fn fetch_batch(fetches: &[Fetch], number: u64) -> Vec<u8> {
    batch("country", "fetch", numbers(number), |n| fetch(fetches, n))
}

/// The body of a batch of one kind of operation.
pub(crate) fn batch(
    template: &str,
    operation: &str,
    numbers: std::ops::Range<u64>,
    body: impl Fn(u64) -> String,
) -> Vec<u8> {
    let mut text = String::from(r#"{"mode":"parallel","items":["#);
    let first = numbers.start;
    for number in numbers {
        let comma = if number == first { "" } else { "," };
        let body = body(number);
        // Writing to a string cannot fail.
        let _ = write!(text, r#"{comma}{{"template":"{template}","op":"{operation}","body":{body}}}"#);
    }
    text.push_str("]}");
    text.into_bytes()
}

/// A unique code for each number below 31 million: the country, and three letters or digits.
fn code(countries: &[String], number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = number / u64::try_from(countries.len()).unwrap_or(u64::MAX);
    let mut code = format!("{}-", in_turn(countries, number));
    for _ in 0..3 {
        code.push(char::from(*in_turn(DIGITS, rest)));
        rest /= 36;
    }
    code
}

impl Expected<'_> {
    /// Whether a reply is right. With `thorough` the reply is parsed.
    pub(crate) fn accepts(&self, body: &[u8], thorough: bool) -> bool {
        match self {
            Self::Length(length) => body.len() == *length,
            Self::Exactly(bytes) => body.len() == bytes.len() && (!thorough || body == *bytes),
            Self::Record(_) | Self::Created(..) => {
                body.starts_with(br#"{"ok":true,"data":"#) && (!thorough || self.is_in(body))
            }
            // One wrong item makes the reply of a batch wrong, so all items are checked.
            Self::AllOf(..) | Self::AllCreated(..) | Self::Each(..) => {
                body.starts_with(br#"{"ok":true,"items":["#)
                    && std::str::from_utf8(body).is_ok_and(|text| !text.contains(r#""ok":false"#))
                    && (!thorough || self.is_in(body))
            }
        }
    }

    fn is_in(&self, body: &[u8]) -> bool {
        serde_json::from_slice::<Value>(body).is_ok_and(|reply| self.is(&reply))
    }

    fn is(&self, reply: &Value) -> bool {
        let items = || reply["items"].as_array().map_or(&[][..], Vec::as_slice);
        match self {
            Self::Length(_) | Self::Exactly(_) => false,
            Self::Record(record) => reply["data"] == **record,
            Self::Created(countries, number) => reply["data"]["code"] == code(countries, *number).as_str(),
            Self::AllOf(fetches, batch) => {
                let wanted = numbers(*batch).map(|number| &in_turn(fetches, number).1);
                items().iter().map(|item| &item["data"]).eq(wanted)
            }
            Self::AllCreated(countries, batch) => {
                let codes = numbers(*batch).map(|number| Value::String(code(countries, number)));
                items().iter().map(|item| item["data"]["code"].clone()).eq(codes)
            }
            Self::Each(count, wanted) => {
                items().len() == *count && items().iter().all(|item| item == *wanted)
            }
        }
    }
}
