//! Clients in other languages: the example that the documentation shows, and a client that was written from the
//! design alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{fs, path::Path, process::Command};

use common::{blocking, root, shared};
use serde_json::json;

/// Debian's, which is the one that has python3-pika.
const PYTHON: &str = "/usr/bin/python3";

/// What a script printed; fails the test when the script does.
fn python(script: &Path, url: &str) -> String {
    let mut command = Command::new("timeout");
    let output = command.args(["120", PYTHON]).arg(script).arg(url).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{}: {}\n{printed}{error}", script.display(), output.status);
    printed
}

#[tokio::test]
async fn the_example_works_as_documented() {
    let site = shared().await;
    let client = site.client().await;
    let notes = async || client.count("note", &serde_json::from_value(json!({})).unwrap()).await.unwrap();
    let before = notes().await;
    let url = site.stack.amqp_url();
    let printed = blocking(move || python(&root().join("docs/examples/python/beds_example.py"), &url)).await;
    let lines: Vec<&str> = printed.lines().collect();
    let [created, fetched, page_1, page_2, refused, returned] = lines.as_slice() else { panic!("{printed}") };
    assert!(
        created.starts_with("created ['") && created.matches('-').count() == 12,
        "three UUIDs: {created}"
    );
    assert!(fetched.starts_with("fetched python ") && fetched.ends_with(" rated 0.5"), "{fetched}");
    assert_eq!((*page_1, *page_2), ("page ['2.5']", "page ['1.5']"));
    let details = "[{'field': 'subject', 'reason': 'is required'}, \
                   {'field': 'country', 'reason': 'must be at most 2 characters long, not 6'}]";
    assert_eq!(*refused, format!("refused validation_failed {details}"));
    assert_eq!(*returned, "returned: no running node serves nothing.fetch");
    assert_eq!(notes().await, before, "it leaves nothing behind");
}

#[tokio::test]
async fn a_client_from_the_design_alone_works() {
    let url = shared().await.stack.amqp_url();
    let printed = blocking(move || python(&root().join("tests/pika/from_the_design.py"), &url)).await;
    assert_eq!(printed.lines().last(), Some("as designed"), "{printed}");
}

#[test]
fn the_documentation_shows_the_examples_as_they_are() {
    let document = fs::read_to_string(root().join("docs/clients.md")).unwrap();
    let mut shown = 0;
    for folder in fs::read_dir(root().join("docs/examples")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let language = match path.extension().and_then(|extension| extension.to_str()) {
                Some("py") => "python",
                Some("php") => "php",
                Some("mjs") => "javascript",
                other => panic!("{}: nobody knows the language of {other:?}", path.display()),
            };
            let block = format!("```{language}\n{}```\n", fs::read_to_string(&path).unwrap());
            assert!(document.contains(&block), "docs/clients.md does not show {} as it is", path.display());
            let link = path.strip_prefix(root().join("docs")).unwrap().display().to_string();
            assert!(document.contains(&format!("({link})")), "docs/clients.md does not name {link}");
            shown += 1;
        }
    }
    assert!(shown >= 3, "{shown} examples");
}
