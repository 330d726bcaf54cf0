//! Any bytes as a template: the compiler reports or compiles, and never panics or hangs.

#![no_main]

use beds_codegen::Compiler;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let compiler = Compiler::new()
        .domains("no-such-folder")
        .pipelines("no-such-folder")
        .pipeline_text("x.json", "[{ \"$match\": { \"n\": { \"$arg\": \"n\" } } }]")
        .template_text("x_rec.toml", text);
    match compiler.compile() {
        Ok(output) => assert!(output.files().iter().all(|file| !file.text.is_empty())),
        Err(report) => assert!(!report.to_string().is_empty()),
    }
});
