//! [`Traces`]: spans of requests, sent to a collector by OTLP (HTTP, Protobuf).
//!
//! Spans are made with `tracing`, below the span that [`Tracer::request`] returns. A request that is not traced has no
//! span. A thread of the exporter sends ended spans. Spans that it cannot send in time are dropped: no request waits
//! for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use beds_core::stages::{TRACE, Times, Tracer};
use opentelemetry::{
    Context, KeyValue,
    trace::{
        Span as _, SpanBuilder, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
        Tracer as _, TracerProvider as _,
    },
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracer, trace::SdkTracerProvider};
use tracing::{Metadata, Span, Subscriber, field::Empty, level_filters::LevelFilter, trace_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::config::Telemetry;

/// The path at which a collector takes traces.
const PATH: &str = "/v1/traces";

/// The exporter of spans to their collector.
#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    ratio: f64,
}

impl Traces {
    /// Creates the exporter that the configuration asks for; `None` if it asks for none. Nothing is sent yet.
    ///
    /// # Errors
    /// If the exporter cannot be created.
    pub(crate) fn open(config: &Telemetry, node: &str) -> Result<Option<Self>, String> {
        let Some(endpoint) = &config.endpoint else { return Ok(None) };
        // Its client needs the process's default provider, also without encryption: a dependency may have built it with
        // TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}{PATH}", endpoint.trim_end_matches('/')))
            .with_timeout(config.timeout_ms.duration())
            .build()
            .map_err(|error| format!("telemetry.endpoint `{endpoint}`: {error}"))?;
        let about = [
            KeyValue::new("service.name", "beds"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", node.to_owned()),
        ];
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(Resource::builder_empty().with_attributes(about).build())
            .build();
        let tracer = provider.tracer("beds");
        Ok(Some(Self { provider, tracer, ratio: config.sample_ratio }))
    }

    /// The layer that receives the spans of requests, and nothing else.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let is_traced = |metadata: &Metadata<'_>| metadata.target() == TRACE;
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_traced).with_max_level_hint(LevelFilter::TRACE))
    }

    /// Makes the spans of requests.
    pub(crate) fn tracer(&self) -> Arc<dyn Tracer> {
        Arc::new(Requests { tracer: self.tracer.clone(), ratio: self.ratio, seen: AtomicU64::new(0) })
    }

    /// Sends the ended spans, and stops.
    pub(crate) fn shutdown(&self) {
        if let Err(error) = self.provider.shutdown() {
            warn!("the last traces could not be sent: {error}");
        }
    }
}

/// Selects the requests to trace.
#[derive(Debug)]
struct Requests {
    tracer: SdkTracer,
    ratio: f64,
    /// The number of requests whose clients do not trace.
    seen: AtomicU64,
}

impl Requests {
    /// Whether the next request of a client that does not trace is traced. The selected requests are evenly spaced, by
    /// the ratio.
    fn is_chosen(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 requests the choice is a little uneven")]
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) as f64;
        ((seen + 1.0) * self.ratio).floor() > (seen * self.ratio).floor()
    }
}

impl Tracer for Requests {
    fn request(&self, traceparent: Option<&str>, queue: &'static str, request_id: &str) -> Span {
        let client = traceparent.and_then(parent);
        let is_traced = client.as_ref().map_or_else(|| self.is_chosen(), SpanContext::is_sampled);
        if !is_traced {
            return Span::none();
        }
        let span = trace_span!(
            target: TRACE,
            parent: None,
            "request",
            otel.name = Empty,
            otel.kind = "consumer",
            otel.status_code = Empty,
            messaging.system = "rabbitmq",
            messaging.destination.name = queue,
            request_id,
            status = Empty,
        );
        if let Some(client) = client {
            // This fails only if the span does not belong to the layer.
            let _ = span.set_parent(Context::new().with_remote_span_context(client));
        }
        span
    }

    // Called only at the span's end: a span whose context was requested cannot be renamed.
    fn queued(&self, request: &Span, times: Times) {
        let Some(waited) = times.queue else { return };
        let taken = SystemTime::now().checked_sub(times.total);
        let sent = taken.and_then(|taken| taken.checked_sub(waited));
        if let (Some(sent), Some(taken)) = (sent, taken) {
            let waiting = SpanBuilder::from_name("queue").with_start_time(sent);
            self.tracer.build_with_context(waiting, &request.context()).end_with_timestamp(taken);
        }
    }
}

/// The span that a client's W3C trace context names.
fn parent(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_form = (version.len(), trace.len(), span.len(), flags.len()) == (2, 32, 16, 2);
    if !is_form || version == "ff" || parts.next().is_some() {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_of_a_client_is_read_or_ignored() {
        let context = parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled() && context.is_remote());
        let unsampled = parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").unwrap();
        assert!(!unsampled.is_sampled());
        for wrong in [
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319cb7ad6b7169203331----01",
            "-------------------------------------------------------",
        ] {
            assert_eq!(parent(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn requests_are_chosen_evenly() {
        for (ratio, chosen) in [(0.0, 0), (0.25, 25), (0.01, 1), (1.0, 100)] {
            let tracer = SdkTracerProvider::builder().build().tracer("test");
            let requests = Requests { tracer, ratio, seen: AtomicU64::new(0) };
            assert_eq!((0..100).filter(|_| requests.is_chosen()).count(), chosen, "{ratio}");
        }
    }
}
