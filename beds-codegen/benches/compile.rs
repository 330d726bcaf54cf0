//! What a template costs: the time to compile 10, 100 and 1,000 of them, which a template should not feel.
//!
//! `cargo bench -p beds-codegen --bench compile`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark has no callers, and may fail as tests do")]

use beds_codegen::Compiler;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const MODEL: &str = include_str!("../tests/ok/product.toml");

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for count in [10_u64, 100, 1_000] {
        let compiler = (0..count).fold(Compiler::new(), |compiler, n| {
            let text = MODEL.replace("\"product\"", &format!("\"product_{n}\""));
            compiler.template_text(format!("t{n}_rec.toml"), text)
        });
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| compiler.compile().unwrap().files());
        });
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
