//! The compiler is robust for any input: no panic, the same output for the same input, in limited time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{fs, time::Instant};

use beds_codegen::{Code, Compiler};
use support::{example, files, folder};

/// A small generator of pseudo-random numbers, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).unwrap()
    }
}

/// Every template of the tests.
fn corpus() -> Vec<String> {
    let folders = ["ok", "err"];
    let written =
        folders.iter().flat_map(|name| files(name, "toml")).map(|path| fs::read_to_string(path).unwrap());
    let explained = Code::ALL
        .iter()
        .flat_map(|code| ["Wrong", "Right"].map(|heading| example(*code, heading)))
        .flatten()
        .flat_map(|example| example.files)
        .map(|(_, text)| text);
    written.chain(explained).collect()
}

/// Changes a text in a few places: cuts, duplicates and replaces bytes, and inserts meaningful pieces.
fn mutate(text: &str, others: &[String], random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "=",
        ",",
        "\n",
        ".",
        "#",
        "\"\"\"",
        "true",
        "-1",
        "1e999",
        "99999999999999999999999999999999999999999999",
        "0x_",
        "1979-05-27T07:32:00Z",
        "\u{0}",
        "\u{feff}",
        "é",
        "\u{202e}",
        "\\u0000",
        "[[fields]]",
        "[calls.x]",
        "inf",
        "nan",
        "\r",
    ];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(20)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            2 => {
                let other = others[random.below(others.len())].as_bytes();
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + random.below(60)).min(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            3 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            _ => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Compiles one text and renders the result.
fn survive(text: &str) {
    match Compiler::new().pipelines(folder("ok/pipelines")).template_text("x_rec.toml", text).compile() {
        Ok(output) => {
            for file in output.files() {
                assert!(syn::parse_file(&file.text).is_ok(), "this becomes no Rust:\n{text}\n{}", file.text);
            }
        }
        Err(report) => {
            assert!(!report.to_string().is_empty() && !report.json().is_empty(), "{text}");
        }
    }
}

/// `BEDS_FUZZ_RUNS` sets the number of runs. A million takes a night.
#[test]
fn mutated_templates_never_panic() {
    let runs = std::env::var("BEDS_FUZZ_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(4_000);
    let corpus = corpus();
    let mut random = Random(0x5eed_0bed_5bed_5bed);
    for _ in 0..runs {
        let text = mutate(&corpus[random.below(corpus.len())], &corpus, &mut random);
        // The text is shown when the run fails, because a panic alone would not show it.
        let is_alive = std::panic::catch_unwind(|| survive(&text)).is_ok();
        assert!(is_alive, "this template breaks the compiler:\n{text}");
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut random = Random(0xbed5_bed5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x_rec.toml");
    for _ in 0..300 {
        let bytes: Vec<u8> =
            (0..random.below(400)).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        fs::write(&path, &bytes).unwrap();
        if let Err(report) = Compiler::new().templates(&path).compile() {
            assert!(!report.to_string().is_empty());
        }
    }
}

/// This many templates, all different.
fn many(count: usize) -> Vec<(String, String)> {
    let model = fs::read_to_string(folder("ok").join("product.toml")).unwrap();
    (0..count)
        .map(|n| (format!("t{n}_rec.toml"), model.replace("\"product\"", &format!("\"product_{n}\""))))
        .collect()
}

#[test]
fn the_same_templates_in_any_order_give_the_same_bytes() {
    let templates = many(20);
    let compile = |order: &mut dyn Iterator<Item = &(String, String)>| {
        let compiler =
            order.fold(Compiler::new(), |compiler, (path, text)| compiler.template_text(path, text));
        compiler.compile().unwrap().files()
    };
    let forth = compile(&mut templates.iter());
    assert_eq!(forth, compile(&mut templates.iter().rev()));
    assert_eq!(forth.len(), 21);
}

#[test]
fn touching_one_template_rewrites_one_file() {
    let (sources, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (path, text) in many(5) {
        fs::write(sources.path().join(path), text).unwrap();
    }
    let compiler = Compiler::new().templates(sources.path()).out_dir(out.path());
    let stamps = || -> Vec<_> {
        let files = fs::read_dir(out.path().join("beds")).unwrap().map(|entry| entry.unwrap());
        let mut stamps: Vec<_> =
            files.map(|file| (file.file_name(), file.metadata().unwrap().modified().unwrap())).collect();
        stamps.sort();
        stamps
    };
    compiler.run().unwrap();
    let before = stamps();
    let touched = sources.path().join("t3_rec.toml");
    let text = fs::read_to_string(&touched).unwrap();
    // A fingerprint in the file's own text would be the same; a bound is a promise.
    fs::write(&touched, text.replace("max = 40", "max = 41")).unwrap();
    compiler.run().unwrap();
    let changed = before.iter().zip(stamps()).filter(|(old, new)| **old != *new).count();
    assert_eq!(changed, 1);
    fs::remove_file(&touched).unwrap();
    compiler.run().unwrap();
    assert_eq!(stamps().len(), 4, "the file of a template that is gone is gone");
}

/// `cargo test -p beds-codegen -- --ignored --nocapture a_thousand`
#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn a_thousand_templates_in_two_seconds() {
    for count in [10, 100, 1_000] {
        let templates = many(count);
        let compiler = templates
            .iter()
            .fold(Compiler::new(), |compiler, (path, text)| compiler.template_text(path, text));
        let start = Instant::now();
        let output = compiler.compile().unwrap();
        let checked = start.elapsed();
        let start = Instant::now();
        assert_eq!(output.files().len(), count + 1);
        println!("{count} templates: checked in {checked:?}, emitted in {:?}", start.elapsed());
        assert!(checked.as_secs() < 2);
    }
}
