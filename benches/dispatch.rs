//! From the bytes of a request to the bytes of its reply, without a bus and without a database:
//! `cargo bench -p beds --bench dispatch`.

use std::hint::black_box;
use std::sync::Arc;

use beds::domains::Domains;
use beds_protocol::Broker;
use beds_runtime::core::service::{Incoming, Service as _};
use beds_runtime::core::settings::Limits;
use beds_runtime::engines::Engines;
use beds_runtime::{Factory, NamasteCore, domains};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Builder;

fn incoming<'a>(broker: Broker, routing_key: &'a str, body: &'a [u8]) -> Incoming<'a> {
    Incoming {
        broker,
        routing_key,
        content_type: Some("application/json"),
        content_encoding: None,
        deadline: Ok(None),
        expiration: None,
        timestamp: None,
        template_hash: Ok(None),
        after: Ok(None),
        request_id: "0198c0de-0000-7000-8000-000000000000",
        message_id: None,
        user_id: None,
        session: Ok(None),
        client: "",
        traceparent: None,
        wants_reply: true,
        sought_for: None,
        stages: Arc::default(),
        body,
    }
}

/// Requests that are answered before they reach a database.
const REQUESTS: [(&str, Broker, &str, &[u8]); 10] = [
    ("describe", Broker::AppRead, "country.describe", b"{}"),
    ("unknown template", Broker::AppRead, "nosuch.describe", b"{}"),
    ("malformed body", Broker::AppRead, "country.fetch", b"{\"key\": "),
    ("undeclared filter", Broker::AppRead, "country.fetch", br#"{"where": {"flag": "x"}}"#),
    ("unknown member", Broker::AppRead, "country.fetch", br#"{"where": {"alpha_2": "FR"}, "limt": 5}"#),
    (
        "fetch by filter, up to the database",
        Broker::AppRead,
        "subdivision.fetch",
        br#"{"where": {"country": "FR", "name": {"gte": "A", "lt": "M"}}, "sort": ["-name"], "limit": 50,
            "fields": ["code", "name"], "count": true}"#,
    ),
    ("count, up to the database", Broker::AppRead, "subdivision.count", br#"{"where": {"country": "FR"}}"#),
    (
        "call, up to the database",
        Broker::AppWrite,
        "country.call.rename",
        br#"{"args": {"alpha_2": "FR", "name": "France"}}"#,
    ),
    ("fetch, up to the database", Broker::AppRead, "country.fetch", br#"{"key": "FR"}"#),
    (
        "create, up to the database",
        Broker::AppWrite,
        "subdivision.create",
        br#"{"data": {"code": "FR-75", "country": "FR", "name": "Paris", "type": "Metropolitan department"}}"#,
    ),
];

fn dispatch(criterion: &mut Criterion) {
    let Ok(runtime) = Builder::new_current_thread().enable_time().build() else { return };
    // No database is configured. A request that needs one is refused at the point where it would use it.
    let engines = Arc::new(Engines::default());
    let service = domains::Domains::<Domains>::new(Domains::domains(), engines, Limits::default());
    let mut group = criterion.benchmark_group("dispatch");
    for (name, broker, key, body) in REQUESTS {
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(|| service.handle(incoming(broker, key, body)));
        });
    }
    group.finish();
}

fn factory(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("factory");
    for name in ["country", "subdivision", "nosuch"] {
        group.bench_function(format!("template `{name}`"), |bencher| {
            bencher.iter(|| Domains::template(black_box(name)).map(Domains::domain));
        });
    }
    let domain = beds::domains::Country::domain();
    group.bench_function("field of a domain", |bencher| {
        bencher.iter(|| domain.field(black_box("revision")));
    });
    group.finish();
}

criterion_group!(benches, dispatch, factory);
criterion_main!(benches);
