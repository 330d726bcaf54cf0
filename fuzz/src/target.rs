//! What is tried, and how a case is made from a number.

use std::fmt::{self, Display, Formatter};

use beds_core::spec::Domain;
use beds_protocol::Broker;
use clap::ValueEnum;
use fastrand::Rng;

use crate::{
    json::{self, array, object, text},
    properties, requests,
};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Properties of every kind, some of them cut, and routing keys
    Envelopes,
    /// Header tables with values of every type under the names that a node reads
    Headers,
    /// Bodies of every operation of every template
    Bodies,
    /// `where` of every field and operator
    Filters,
    /// Cursors, whole and broken
    Cursors,
    /// Batches of reads and writes
    Batches,
}

/// A delivery.
#[derive(Debug)]
pub struct Case {
    pub(crate) broker: Broker,
    pub(crate) routing_key: String,
    pub(crate) properties: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { broker, routing_key, properties, body } = self;
        writeln!(f, "from {}: {routing_key:?}, properties {}", broker.queue(), properties.escape_ascii())?;
        write!(f, "{}", body.escape_ascii())
    }
}

impl Target {
    /// The case for a number. It is always the same for the same seed and domains.
    #[must_use]
    pub fn case(self, seed: u64, number: u64, domains: &[&'static Domain]) -> Case {
        let random = &mut Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        match self {
            Self::Envelopes => envelope(random, domains),
            Self::Headers => {
                let (routing_key, broker, body) = requests::of_any_operation(random, domains);
                Case { broker, routing_key, properties: properties::with_headers(random), body }
            }
            Self::Bodies => {
                let request = requests::of_any_operation(random, domains);
                mutated(random, request)
            }
            Self::Filters => {
                let request = read(random, domains, |random, domain| {
                    vec![("where".to_owned(), requests::filter(random, domain))]
                });
                mutated(random, request)
            }
            Self::Cursors => {
                let request = read(random, domains, |random, domain| {
                    let sort = requests::sort(random, domain);
                    let after = text(&requests::cursor(random, domain, &sort));
                    let sort = array(sort.iter().map(|name| text(name)).collect::<Vec<_>>());
                    vec![("sort".to_owned(), sort), ("after".to_owned(), after)]
                });
                // A broken cursor is enough.
                plain(random, request)
            }
            Self::Batches => {
                let request = requests::batch(random, domains);
                mutated(random, request)
            }
        }
    }
}

/// A fetch with these members.
fn read(
    random: &mut Rng,
    domains: &[&'static Domain],
    members: impl FnOnce(&mut Rng, &'static Domain) -> Vec<(String, String)>,
) -> requests::Request {
    let readable: Vec<_> = domains.iter().copied().filter(|domain| !domain.fetch.filter.is_empty()).collect();
    let Some(domain) = json::one(random, &readable) else {
        return requests::of_any_operation(random, domains);
    };
    let body = object(members(random, domain));
    (format!("{}.fetch", domain.name), domain.placement.broker(beds_protocol::Lane::Read), body.into_bytes())
}

fn plain(random: &mut Rng, (routing_key, broker, body): requests::Request) -> Case {
    let message_id = (random.u32(..4) == 0).then(|| "m".repeat(random.usize(..140)));
    Case { broker, routing_key, properties: properties::plain(message_id.as_deref()), body }
}

/// Changes the bytes of one body in four.
fn mutated(random: &mut Rng, request: requests::Request) -> Case {
    let mut case = plain(random, request);
    if random.u32(..4) == 0 {
        json::mutate(random, &mut case.body);
    }
    case
}

fn envelope(random: &mut Rng, domains: &[&'static Domain]) -> Case {
    let (mut routing_key, mut broker, body) = requests::of_any_operation(random, domains);
    let mut properties = properties::any(random);
    match random.u32(..8) {
        0 => json::mutate(random, &mut properties),
        1 => broker = json::one(random, Broker::ALL).unwrap_or(broker),
        2 => {
            let mut bytes = routing_key.into_bytes();
            json::mutate(random, &mut bytes);
            bytes.truncate(usize::from(u8::MAX));
            // lapin accepts only a routing key in UTF-8.
            routing_key = String::from_utf8(bytes).unwrap_or_else(|_| "country..".to_owned());
        }
        _ => {}
    }
    Case { broker, routing_key, properties, body }
}
