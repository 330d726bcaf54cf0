//! Encoding of replies: `cargo bench -p beds --bench codec`. The bench `dispatch` measures the reading of requests.

use std::hint::black_box;

use beds_protocol::ErrorCode;
use beds_runtime::{Error, Outcome};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RECORD: &str = r#"{"code": "FR-75", "country": "FR", "name": "Paris", "type": "Metropolitan department", "parent": "IDF"}"#;

fn encoding(criterion: &mut Criterion) {
    let page = format!("[{}]", vec![RECORD; 50].join(",")).into_bytes();
    let outcomes = [
        ("one record", Outcome::data(RECORD.as_bytes())),
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
        bencher.iter(|| error.clone().into_reply("0198c0de-0000-7000-8000-000000000000"));
    });
    group.finish();
}

criterion_group!(benches, encoding);
criterion_main!(benches);
