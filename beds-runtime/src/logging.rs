//! The destinations of the node's events: the console, journald, and the template `logger` over the bus.
//!
//! Logging over the bus must neither slow the node nor feed on itself. So it has a bounded queue whose overflow is
//! counted, and excludes events from the handling of log events (the span [`INGEST_SPAN`]). Repeated events are summed
//! up ([`repeats`]) before they go to any destination.

mod repeats;

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    io::IsTerminal,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use beds_protocol::{OneLineWriter, value::DateTime};
use serde::Serialize;
use tokio::sync::mpsc;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    field::MakeExt as _,
    filter::{FilterExt as _, filter_fn},
    fmt::{
        FormatFields,
        format::{Writer, debug_fn},
    },
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

use beds_bus::INGEST_SPAN;
use beds_core::settings::Limits;

use crate::{
    config::Logging,
    telemetry::Traces,
    told::{Bodies, RECORDS_MAX},
};

/// The longest message of the template `logger`, in characters.
const MESSAGE_MAX: usize = 16_384;

/// The log filter, which may change while the node runs.
#[derive(Debug)]
pub(crate) struct Levels(reload::Handle<EnvFilter, Registry>);

impl Levels {
    /// Uses this filter from now on.
    ///
    /// # Errors
    /// If it is not a filter. The old one stays.
    pub(crate) fn set(&self, level: &str) -> Result<(), String> {
        self.0.reload(filter(level)?).map_err(|error| error.to_string())
    }
}

fn filter(level: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(level).map_err(|error| format!("logging.level `{level}`: {error}"))
}

/// Sets up logging for the process, within a Tokio runtime with time enabled. Returns the queue of events for the bus,
/// if the configuration wants one.
///
/// # Errors
/// If the level is not a filter, or logging was set up before.
pub(crate) fn init(
    config: &Logging,
    traces: Option<&Traces>,
    node: &str,
) -> Result<(Levels, Option<BusQueue>), String> {
    let (filter, levels) = reload::Layer::new(filter(&config.level)?);
    let ansi = std::io::stderr().is_terminal();
    let text = (!config.json).then(|| {
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(ansi).fmt_fields(one_line())
    });
    let json = config.json.then(|| tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr));
    // On a machine without journald, logging to the console alone is not an error.
    let journald = config.journald.then(|| tracing_journald::layer().ok()).flatten();
    let (layer, queue) = config.bus.then(|| bus_layer(node, config.bus_queue_max)).unzip();
    // This filter applies to logs only. The exporter of traces has its own filter.
    let layers = [text.map(boxed), json.map(boxed), journald.map(boxed), layer.map(boxed)];
    let logs: Vec<_> = layers.into_iter().flatten().collect();
    let repeats = repeats::Repeats::default();
    let filter = filter.and(filter_fn(may_be_logged));
    let logs = repeats::Summed { layer: logs, repeats: repeats.clone() };
    let registry = tracing_subscriber::registry().with(logs.with_filter(filter));
    let done = match traces {
        Some(traces) => registry.with(traces.layer()).try_init(),
        None => registry.try_init(),
    };
    done.map_err(|error| error.to_string())?;
    tokio::spawn(repeats.tell());
    Ok((Levels(levels), queue))
}

fn boxed(layer: impl Layer<Registry> + Send + Sync) -> Box<dyn Layer<Registry> + Send + Sync> {
    layer.boxed()
}

/// Whether an event may be logged, whatever the configuration says. At `trace`, other crates print all bytes that they
/// send and receive: passwords, tokens, bodies.
fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::DEBUG || metadata.target().starts_with("beds")
}

/// Formats the fields of an event for the console: on one line, whatever their texts contain.
fn one_line() -> impl for<'writer> FormatFields<'writer> {
    let show = |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
        if field.name() != "message" {
            write!(writer, "{}=", field.name())?;
        }
        write!(OneLineWriter(writer), "{value:?}")
    };
    debug_fn(show).delimited(" ")
}

/// Events that wait to be published.
#[derive(Debug)]
pub(crate) struct BusQueue {
    records: mpsc::Receiver<Record>,
    dropped: Arc<AtomicU64>,
    node: String,
    records_max: usize,
}

/// One event, in the form of the template `logger`.
#[derive(Debug, Serialize)]
struct Record {
    at: DateTime,
    node: String,
    level: &'static str,
    target: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'static str, serde_json::Value>,
}

struct BusLayer {
    records: mpsc::Sender<Record>,
    dropped: Arc<AtomicU64>,
    node: String,
}

fn bus_layer(node: &str, queue_max: usize) -> (BusLayer, BusQueue) {
    let (sender, records) = mpsc::channel(queue_max.max(1));
    let dropped = Arc::new(AtomicU64::new(0));
    let layer = BusLayer { records: sender, dropped: Arc::clone(&dropped), node: node.to_owned() };
    (layer, BusQueue { records, dropped, node: node.to_owned(), records_max: RECORDS_MAX })
}

/// The id of a span's request.
struct RequestId(String);

/// Searches a span's fields for the request id. Each request has one such span.
struct Named(Option<String>);

impl Visit for Named {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == REQUEST_ID {
            self.0 = Some(short(value));
        }
    }
}

const REQUEST_ID: &str = "request_id";
/// The longest request id that the template `logger` accepts, in characters: the limit of AMQP for an id.
const REQUEST_ID_MAX: usize = 255;

fn short(request_id: &str) -> String {
    let end = request_id.char_indices().nth(REQUEST_ID_MAX).map_or(request_id.len(), |(end, _)| end);
    request_id[..end].to_owned()
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for BusLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut named = Named(None);
        attributes.record(&mut named);
        if let (Named(Some(request_id)), Some(span)) = (named, context.span(id)) {
            span.extensions_mut().insert(RequestId(request_id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        // Only the node's own events: a driver's events at a low level would come from this very publishing.
        if *metadata.level() > Level::INFO || !metadata.target().starts_with("beds") {
            return;
        }
        let mut visitor = Fields::default();
        event.record(&mut visitor);
        let Fields { mut message, mut request_id, fields } = visitor;
        for span in context.event_scope(event).into_iter().flatten() {
            if span.name() == INGEST_SPAN {
                return;
            }
            if request_id.is_none() {
                request_id = span.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
            }
        }
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_MAX) {
            message.truncate(end);
        }
        let record = Record {
            at: DateTime::now(),
            node: self.node.clone(),
            level: level(*metadata.level()),
            target: metadata.target().to_owned(),
            message,
            request_id,
            fields,
        };
        if self.records.try_send(record).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    request_id: Option<String>,
    fields: BTreeMap<&'static str, serde_json::Value>,
}

impl Fields {
    fn record(&mut self, field: &Field, value: serde_json::Value) {
        match (field.name(), value) {
            ("message", serde_json::Value::String(text)) => self.message = text,
            (REQUEST_ID, serde_json::Value::String(text)) => self.request_id = Some(short(&text)),
            (name, value) => {
                self.fields.insert(name, value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, value.into());
    }
}

impl Bodies for BusQueue {
    async fn next(&mut self) -> Option<Vec<u8>> {
        let mut batch = Vec::with_capacity(RECORDS_MAX);
        if !self.next_batch(&mut batch).await {
            return None;
        }
        // Serialization of texts, numbers and maps of them cannot fail.
        Some(serde_json::to_vec(&serde_json::json!({ "data": batch })).unwrap_or_default())
    }
}

impl BusQueue {
    /// Limits the number of records in a message.
    pub(crate) fn within(self, limits: &Limits) -> Self {
        Self { records_max: limits.create_records_max.clamp(1, RECORDS_MAX), ..self }
    }

    /// Fills the batch with waiting events; false once there can be no more events.
    async fn next_batch(&mut self, batch: &mut Vec<Record>) -> bool {
        if self.records.recv_many(batch, self.records_max).await == 0 {
            return false;
        }
        // If the batch is full, the next one reports it.
        let dropped =
            if batch.len() < self.records_max { self.dropped.swap(0, Ordering::Relaxed) } else { 0 };
        if dropped > 0 {
            batch.push(Record {
                at: DateTime::now(),
                node: self.node.clone(),
                level: "warn",
                target: "beds_runtime::logging".to_owned(),
                message: format!("{dropped} log events were dropped: logging.bus_queue_max was reached"),
                request_id: None,
                fields: BTreeMap::new(),
            });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[test]
    fn a_line_of_the_console_is_one_line_whatever_a_client_sends() {
        #[derive(Clone, Default)]
        struct Sink(Arc<Mutex<Vec<u8>>>);

        impl std::io::Write for Sink {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        let sink = Sink::default();
        let writer = sink.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .without_time()
            .fmt_fields(one_line());
        let forged = "a\n2026-01-01 INFO beds: forged\u{1b}[2J";
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::warn!(request_id = forged, count = 7, other = %forged, "it says {forged}");
        });
        let printed = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(printed.lines().count(), 1, "{printed}");
        let shown = r"a\n2026-01-01 INFO beds: forged\u{1b}[2J";
        assert!(
            printed.contains(&format!("it says {shown} request_id=\"{shown}\" count=7 other={shown}\n")),
            "{printed}"
        );
    }
}
