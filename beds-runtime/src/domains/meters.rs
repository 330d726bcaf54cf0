//! [`Meters`]: how long requests took, by template, operation and outcome.
//!
//! All combinations are known at the start, except those that have never happened. A histogram is created when its
//! combination first occurs. No client's text becomes a label.

use std::{sync::OnceLock, time::Duration};

use beds_core::{
    meter::{Family, Histogram, Samples},
    spec::Domain,
    stages::Asked,
};
use beds_protocol::{ErrorCode, Lane, Service};

static REQUESTS: Family = Family::histogram(
    "beds_request_seconds",
    "How long requests were worked on, by template, operation and outcome; a batch is one request.",
);
static ITEMS: Family = Family::histogram(
    "beds_batch_item_seconds",
    "How long items of batches were worked on, by template, operation and outcome.",
);

static TEMPLATES: Family = Family::gauge(
    "beds_template_info",
    "One for each template that is served, with its fingerprint: nodes that differ have different ones.",
);

/// The label for an unknown template or operation.
const UNKNOWN: &str = "unknown";

/// How long the requests to a node took.
#[derive(Debug)]
pub(super) struct Meters {
    served: Vec<&'static Domain>,
    requests: Table,
    items: Table,
}

impl Meters {
    /// Meters for these domains.
    pub(super) fn new(served: &[&'static Domain]) -> Self {
        Self { served: served.to_vec(), requests: Table::new(served), items: Table::new(served) }
    }

    /// Records that a request was answered. `of` is its target, if that exists.
    pub(super) fn request(&self, of: Option<&Of>, outcome: Option<ErrorCode>, time: Duration) {
        self.requests.took(of, outcome, time);
    }

    /// Records that an item of a batch was answered.
    pub(super) fn item(&self, of: Option<&Of>, outcome: Option<ErrorCode>, time: Duration) {
        self.items.took(of, outcome, time);
    }

    pub(super) fn collect(&self, samples: &mut Samples) {
        for domain in &self.served {
            samples.number(&TEMPLATES, &[("template", domain.name), ("fingerprint", domain.hash)], 1.0);
        }
        self.requests.collect(&REQUESTS, samples);
        self.items.collect(&ITEMS, samples);
    }
}

/// The target of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// An operation of a template.
    Domain(&'static Domain, Asked),
    /// A batch of a service.
    Batch(Service, Lane),
}

/// One histogram for each template, operation and outcome.
#[derive(Debug)]
struct Table {
    /// In the order of their addresses in memory.
    domains: Vec<OfDomain>,
    batches: Vec<((Service, Lane), Outcomes)>,
    unknown: Outcomes,
}

#[derive(Debug)]
struct OfDomain {
    domain: &'static Domain,
    operations: Vec<(Asked, Outcomes)>,
    /// For operations that the template does not offer.
    unknown: Outcomes,
}

/// One place for success, and one per error code.
#[derive(Debug, Default)]
struct Outcomes([OnceLock<Box<Histogram>>; 1 + ErrorCode::ALL.len()]);

fn address(domain: &'static Domain) -> usize {
    std::ptr::from_ref(domain).addr()
}

impl Table {
    fn new(served: &[&'static Domain]) -> Self {
        let of_domain = |domain: &&'static Domain| {
            let operations = domain.operations();
            let operations =
                operations.map(|(operation, _)| (Asked::Operation(operation), Outcomes::default()));
            OfDomain { domain, operations: operations.collect(), unknown: Outcomes::default() }
        };
        let mut domains: Vec<_> = served.iter().map(of_domain).collect();
        domains.sort_by_key(|of| address(of.domain));
        let batches = Service::ALL.iter().flat_map(|service| Lane::ALL.iter().map(|lane| (*service, *lane)));
        let batches = batches.map(|of| (of, Outcomes::default())).collect();
        Self { domains, batches, unknown: Outcomes::default() }
    }

    fn took(&self, of: Option<&Of>, outcome: Option<ErrorCode>, time: Duration) {
        self.outcomes(of).of(outcome).took(time);
    }

    fn outcomes(&self, of: Option<&Of>) -> &Outcomes {
        match of {
            None => &self.unknown,
            Some(Of::Batch(service, lane)) => {
                let found = self.batches.iter().find(|(of, _)| *of == (*service, *lane));
                found.map_or(&self.unknown, |(_, outcomes)| outcomes)
            }
            Some(Of::Domain(domain, asked)) => {
                let place = self.domains.binary_search_by_key(&address(domain), |of| address(of.domain));
                // A domain that the factory knows but the node does not serve.
                let Ok(place) = place else { return &self.unknown };
                let of = &self.domains[place];
                let found = of.operations.iter().find(|(offered, _)| offered == asked);
                found.map_or(&of.unknown, |(_, outcomes)| outcomes)
            }
        }
    }

    fn collect(&self, family: &'static Family, samples: &mut Samples) {
        samples.family(family);
        let mut show = |template: &str, operation: &str, outcomes: &Outcomes| {
            for (outcome, histogram) in outcomes.all() {
                let labels = [("template", template), ("operation", operation), ("outcome", outcome)];
                samples.histogram(family, &labels, histogram);
            }
        };
        for OfDomain { domain, operations, unknown } in &self.domains {
            for (asked, outcomes) in operations {
                show(domain.name, &asked.to_string(), outcomes);
            }
            show(domain.name, UNKNOWN, unknown);
        }
        for ((service, lane), outcomes) in &self.batches {
            show(service.as_str(), &Asked::Batch(*lane).to_string(), outcomes);
        }
        show(UNKNOWN, UNKNOWN, &self.unknown);
    }
}

impl Outcomes {
    /// The place of success, or of an error.
    fn of(&self, outcome: Option<ErrorCode>) -> &Histogram {
        let place = outcome.map_or(0, |code| 1 + code as usize);
        self.0[place].get_or_init(|| Box::new(Histogram::seconds()))
    }

    /// The outcomes that have occurred, by name.
    fn all(&self) -> impl Iterator<Item = (&'static str, &Histogram)> {
        let names = ["ok"].into_iter().chain(ErrorCode::ALL.iter().map(|code| code.as_str()));
        names.zip(&self.0).filter_map(|(name, place)| Some((name, &**place.get()?)))
    }
}

#[cfg(test)]
mod tests {
    use beds_core::meter::Value;
    use beds_protocol::Operation;

    use super::*;

    static NOTE: Domain = Domain::new("note", "", "0123456789abcdef");
    static OTHER: Domain = Domain::new("other", "", "");

    #[test]
    fn what_has_happened_is_shown_by_the_names_of_the_node_alone() {
        let meters = Meters::new(&[&NOTE]);
        let describe = Of::Domain(&NOTE, Asked::Operation(Operation::Describe));
        let second = Duration::from_secs(1);
        meters.request(Some(&describe), None, second);
        meters.request(Some(&describe), None, second);
        meters.request(Some(&describe), Some(ErrorCode::Internal), second);
        meters.request(Some(&Of::Domain(&NOTE, Asked::Operation(Operation::Create))), None, second);
        meters.request(Some(&Of::Domain(&OTHER, Asked::Operation(Operation::Describe))), None, second);
        meters.request(None, Some(ErrorCode::UnknownTemplate), second);
        meters.request(Some(&Of::Batch(Service::AppServer, Lane::Write)), None, second);
        meters.item(Some(&describe), Some(ErrorCode::NotFound), second);

        let mut samples = Samples::default();
        meters.collect(&mut samples);
        let shown: Vec<String> = samples
            .families()
            .flat_map(|(family, samples)| {
                samples.iter().map(|sample| {
                    let labels: Vec<_> = sample.labels.iter().map(|(_, value)| value.as_str()).collect();
                    let number = match &sample.value {
                        Value::Histogram(histogram) => histogram.count.to_string(),
                        Value::Number(number) => number.to_string(),
                    };
                    format!("{} {}: {number}", family.name, labels.join("/"))
                })
            })
            .collect();
        assert_eq!(
            shown,
            [
                "beds_template_info note/0123456789abcdef: 1",
                "beds_request_seconds note/describe/ok: 2",
                "beds_request_seconds note/describe/internal: 1",
                "beds_request_seconds note/unknown/ok: 1",
                "beds_request_seconds app_server/batch.write/ok: 1",
                "beds_request_seconds unknown/unknown/ok: 1",
                "beds_request_seconds unknown/unknown/unknown_template: 1",
                "beds_batch_item_seconds note/describe/not_found: 1",
            ]
        );
    }
}
