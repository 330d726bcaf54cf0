//! Clients in other languages: the example in the documentation, and a client that was written only from the design.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use beds_devstack::Stack;
use common::{PATIENCE, blocking, root, shared};
use serde_json::json;
use tokio::{sync::mpsc, time::timeout};

/// The Python of Debian, which has python3-pika.
const PYTHON: &str = "/usr/bin/python3";

/// The output of a script. The test fails if the script does.
fn python(script: &Path, url: &str) -> String {
    run(PYTHON, &[script.as_os_str(), url.as_ref()])
}

/// The output of a program. The test fails if the program does.
fn run(program: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new("timeout").args(["120", program]).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{printed}{error}", output.status);
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
    let [created, fetched, batch, page_1, page_2, refused, returned] = lines.as_slice() else {
        panic!("{printed}")
    };
    assert!(
        created.starts_with("created ['") && created.matches('-').count() == 12,
        "three UUIDs: {created}"
    );
    assert!(fetched.starts_with("fetched python ") && fetched.ends_with(" rated 0.5"), "{fetched}");
    assert_eq!(*batch, "batch ['0.5', '1.5', '2.5']");
    assert_eq!((*page_1, *page_2), ("page ['2.5']", "page ['1.5']"));
    let details = "[{'field': 'subject', 'reason': 'is required'}, \
                   {'field': 'country', 'reason': 'must be at most 2 characters long, not 6'}]";
    assert_eq!(*refused, format!("refused validation_failed {details}"));
    assert_eq!(*returned, "returned: no running node serves nothing.fetch");
    assert_eq!(notes().await, before, "it leaves nothing behind");
}

/// The examples of other languages in the documentation, if their runtimes and libraries are installed: their output.
#[tokio::test]
async fn the_examples_of_other_languages_work_where_their_runtimes_are() {
    let site = shared().await;
    let examples = root().join("docs/examples");
    // Modules of a file's `import` are not searched in NODE_PATH, so the library is put beside the example's copy.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("beds_example.mjs");
    fs::copy(examples.join("node/beds_example.mjs"), &copy).unwrap();
    if let Some(modules) = env::var_os("NODE_PATH") {
        std::os::unix::fs::symlink(modules, folder.path().join("node_modules")).unwrap();
    }
    for (program, probe, script) in [
        ("php", &["-r", "require 'PhpAmqpLib/autoload.php';"][..], examples.join("php/beds_example.php")),
        ("node", &["-e", "require('amqplib')"], copy),
    ] {
        let probed = Command::new(program).args(probe).output();
        if !probed.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: {program} or its library for AMQP is not there");
            continue;
        }
        let url = site.stack.amqp_url();
        let printed = blocking(move || run(program, &[script.as_os_str(), url.as_ref()])).await;
        let lines: Vec<&str> = printed.lines().collect();
        let begins = |begin: &str| lines.iter().filter(|line| line.starts_with(begin)).count();
        assert_eq!((begins("created "), begins("fetched "), begins("page ")), (1, 1, 2), "{printed}");
        assert!(lines.contains(&"batch 0.5 1.5 2.5"), "{printed}");
        assert!(lines.contains(&"refused validation_failed"), "{printed}");
        assert_eq!(lines.last(), Some(&"returned: no running node serves nothing.fetch"), "{printed}");
    }
}

/// While RabbitMQ blocks publishers, each example gives up when its request's time is over, and ends.
#[tokio::test]
async fn the_examples_end_while_rabbitmq_blocks_publishers() {
    let stack = blocking(|| Stack::builder().ignore_environment().rabbitmq().start().unwrap()).await;
    stack.rabbitmq().control(&["set_vm_memory_high_watermark", "absolute", "1MB"]).unwrap();
    let examples = root().join("docs/examples");
    for (program, probe, script) in [
        (PYTHON, &["-c", "import pika"][..], "python/beds_example.py"),
        ("php", &["-r", "require 'PhpAmqpLib/autoload.php';"], "php/beds_example.php"),
    ] {
        let probed = Command::new(program).args(probe).output();
        if program != PYTHON && !probed.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: {program} or its library for AMQP is not there");
            continue;
        }
        let (script, url) = (examples.join(script), stack.amqp_url());
        let began = Instant::now();
        let ended =
            blocking(move || Command::new("timeout").args(["60", program]).arg(script).arg(url).output());
        let output = ended.await.unwrap();
        let (took, said) = (began.elapsed(), String::from_utf8_lossy(&output.stderr).into_owned());
        // The request's time is 5 s; the rest is for a busy machine.
        assert!(!output.status.success() && took < Duration::from_secs(9), "{program}: {took:?} {said}");
    }
}

/// The example loses its connection between two requests, and RabbitMQ forbids one.
#[tokio::test]
async fn the_example_connects_again_and_keeps_the_id_of_a_write() {
    let site = shared().await;
    let mut script = Command::new("timeout")
        .args(["120", PYTHON])
        .arg(root().join("tests/pika/reconnect.py"))
        .arg(site.stack.amqp_url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(script.stdout.take().unwrap()).lines();
    assert_eq!(printed.next().unwrap().unwrap(), "connected");
    let stack = &site.stack;
    let connections = stack.rabbitmq().control(&["list_connections", "pid", "client_properties"]).unwrap();
    let own = connections.lines().find(|line| line.contains("beds reconnect")).unwrap();
    let pid = own.split_whitespace().next().unwrap();
    stack.rabbitmq().control(&["close_connection", pid, "a test"]).unwrap();
    script.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    let rest: Vec<String> = printed.map(Result::unwrap).collect();
    assert!(script.wait().unwrap().success(), "{rest:?}");
    assert_eq!(rest, ["heartbeat 10", "written by the same id", "read"]);
}

/// A program that ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines that a program prints.
fn printed(output: ChildStdout) -> mpsc::Receiver<String> {
    let (to, lines) = mpsc::channel(100);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if to.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// The listeners of all languages, if their runtimes and libraries are installed: each one receives a change.
#[tokio::test]
async fn the_listeners_hear_of_changes() {
    let site = shared().await;
    let client = site.client().await;
    let (examples, modules) = (root().join("docs/examples"), env::var_os("NODE_PATH"));
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("beds_events.mjs");
    fs::copy(examples.join("node/beds_events.mjs"), &copy).unwrap();
    if let Some(modules) = modules {
        std::os::unix::fs::symlink(modules, folder.path().join("node_modules")).unwrap();
    }
    for (index, (program, probe, script)) in [
        (PYTHON, &["-c", "import pika"][..], examples.join("python/beds_events.py")),
        ("php", &["-r", "require 'PhpAmqpLib/autoload.php';"], examples.join("php/beds_events.php")),
        ("node", &["-e", "require('amqplib')"], copy),
    ]
    .into_iter()
    .enumerate()
    {
        let probed = Command::new(program).args(probe).output();
        if program != PYTHON && !probed.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: {program} or its library for AMQP is not there");
            continue;
        }
        let mut listener = Ends(
            Command::new(program)
                .arg(&script)
                .args([&site.stack.amqp_url(), &format!("listener-{index}"), "country.*"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut printed = printed(listener.0.stdout.take().unwrap());
        let mut next = async || timeout(PATIENCE, printed.recv()).await.expect("the listener prints");
        assert_eq!(next().await.as_deref(), Some("listening"), "{program}");
        let code = format!("Q{}", char::from(b'M' + u8::try_from(index).unwrap()));
        let record = json!({
            "alpha_2": code, "alpha_3": format!("{code}X"), "numeric": format!("90{index}"), "name": "Nowhere"
        });
        client.create("country", &record).await.unwrap();
        let heard = next().await.unwrap();
        assert_eq!(
            heard.replace(": ", ":"),
            format!("country create {{\"alpha_2\":\"{code}\"}} 1"),
            "{program}"
        );
        client.delete("country", &code).await.unwrap();
    }
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
