//! Decoding of each request body and encoding of replies: `cargo bench -p beds --bench codec`.

use std::hint::black_box;

use beds_protocol::{ErrorCode, Operation};
use beds_runtime::dispatch::decode;
use beds_runtime::outcome::encode_error;
use beds_runtime::{Error, Outcome};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RECORD: &str = r#"{"code": "FR-75", "country": "FR", "name": "Paris", "type": "Metropolitan department", "parent": "IDF"}"#;

/// A body of each operation; `create` of a hundred records besides.
fn bodies() -> Vec<(&'static str, Operation, String)> {
    let many = vec![RECORD; 100].join(", ");
    vec![
        ("fetch by key", Operation::Fetch, r#"{"key": "FR"}"#.into()),
        (
            "fetch by filter",
            Operation::Fetch,
            r#"{"where": {"country": "FR", "name": {"gte": "A", "lt": "M"}}, "sort": ["-name"], "limit": 50,
                "fields": ["code", "name"], "count": true}"#
                .into(),
        ),
        ("count", Operation::Count, r#"{"where": {"country": "FR"}}"#.into()),
        ("create", Operation::Create, format!(r#"{{"data": {RECORD}}}"#)),
        ("create of 100", Operation::Create, format!(r#"{{"data": [{many}]}}"#)),
        (
            "update",
            Operation::Update,
            r#"{"key": "FR-75", "data": {"name": "Paris"}, "if_version": 3}"#.into(),
        ),
        ("delete", Operation::Delete, r#"{"key": "FR-75", "if_version": 3}"#.into()),
        ("describe", Operation::Describe, "{}".into()),
        ("call", Operation::Call("rename".into()), r#"{"args": {"alpha_2": "FR", "name": "France"}}"#.into()),
        ("refused: unknown key", Operation::Fetch, r#"{"where": {"country": "FR"}, "limt": 5}"#.into()),
    ]
}

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (name, operation, body) in bodies() {
        group.throughput(Throughput::Bytes(body.len().try_into().unwrap_or_default()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| decode(operation.clone(), black_box(body.as_bytes())));
        });
    }
    group.finish();
}

fn encoding(criterion: &mut Criterion) {
    let page = format!("[{}]", vec![RECORD; 50].join(",")).into_bytes();
    let outcomes = [
        ("one record", Outcome::data(RECORD.into())),
        ("a page of 50", Outcome { next: Some("x".repeat(80)), count: Some(5_000), ..Outcome::data(page) }),
        ("count", Outcome::count(5_000)),
        (
            "call",
            Outcome {
                out: Some(br#"{"subdivision_count": 124}"#.to_vec()),
                sets: Some(format!("[[{RECORD}], [{RECORD}, {RECORD}]]").into_bytes()),
                ..Outcome::default()
            },
        ),
    ];
    let mut group = criterion.benchmark_group("encode");
    for (name, outcome) in outcomes {
        group.throughput(Throughput::Bytes(outcome.encode().len().try_into().unwrap_or_default()));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(&outcome).encode()));
    }
    let error = Error::new(ErrorCode::ValidationFailed, "`subdivision` does not take this request")
        .hint("`subdivision.describe` tells what it takes");
    group.bench_function("error", |bencher| {
        bencher.iter(|| encode_error(&error.clone().into_body("0198c0de-0000-7000-8000-000000000000")));
    });
    group.finish();
}

criterion_group!(benches, decoding, encoding);
criterion_main!(benches);
