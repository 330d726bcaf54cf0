//! The shared filesystem of nodes that host `segundo`, on real filesystems. Some are mounted for a test, to be full or
//! read-only.

use std::{fs, path::Path};

use beds_client::{Client, Request};
use beds_devstack::{Ended, Stack};
use beds_protocol::ErrorCode;
use serde_json::json;

use super::common::{Beds, eventually_async, shared, start_node, unique};

const SERVICES: (&str, &str) = ("BEDS__NODE__SERVICES", "segundo,admin");

const REFUSED: (&str, &str) = ("BEDS__NODE__NAME", "refused-by-the-others");

/// Runs a node of `prod` with this folder, and the node must end. `mount` runs before, in a private mount namespace.
fn refused(stack: &Stack, folder: &str, mount: &str) -> Ended {
    let script = format!("{mount}\nexec {} node", env!("CARGO_BIN_EXE_beds"));
    Beds::program(Path::new("unshare"), &["--mount", "sh", "-ec", &script])
        .on(stack)
        .env(&[SERVICES, REFUSED, ("BEDS_ENV", "prod"), ("BEDS__ACCESS__DEFAULT", "open")])
        .env(&[
            ("BEDS__SHARED_FILESYSTEM__PATH", folder),
            ("BEDS__SHARED_FILESYSTEM__FREE_BYTES_MIN", "65536"),
        ])
        .run()
}

#[tokio::test]
async fn each_fault_has_its_message_and_all_have_one_exit_code() {
    let site = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let tmpfs = |options: &str| format!("mount -t tmpfs -o {options} none {at}");
    let cases = [
        (format!("{at}/absent"), String::new(), "it is not there; is the filesystem mounted?; mount it, or"),
        (file.display().to_string(), String::new(), "it is not a folder; a folder is needed in which"),
        (at.clone(), tmpfs("ro"), "the filesystem is read-only; mount it with `rw`"),
        (at.clone(), tmpfs("size=32k"), "the filesystem is full; make room: fewer than 65536 bytes are free"),
        (
            at.clone(),
            format!("{}; head -c 99k /dev/zero > {at}/rest || true", tmpfs("size=96k")),
            "the filesystem is full",
        ),
        (
            at.clone(),
            format!("{}; echo other > {at}/beds-filesystem", tmpfs("size=1m")),
            "it has no UUID; remove it while",
        ),
        ("/proc".to_owned(), String::new(), "/proc/beds-probe-"),
    ];
    for (path, mount, said) in cases {
        let ended = refused(&site.stack, &path, &mount);
        assert_eq!(ended.code, Some(17), "{path} {mount}: {ended:?}");
        let line = ended.stderr.lines().last().unwrap_or_default();
        assert!(
            line.starts_with("beds: shared filesystem: ") && line.contains(said),
            "{path} {mount}: {line}"
        );
    }
}

#[tokio::test]
async fn a_folder_of_another_user_is_told() {
    let site = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=1m,mode=0755 none {}; exec setpriv --reuid 65534 --clear-groups {} check",
        folder.path().display(),
        env!("CARGO_BIN_EXE_beds")
    );
    let path = folder.path().display().to_string();
    let ended = Beds::program(Path::new("unshare"), &["--mount", "sh", "-ec", &script])
        .on(&site.stack)
        .env(&[SERVICES, ("BEDS__SHARED_FILESYSTEM__PATH", &path)])
        .run();
    assert_eq!(ended.code, Some(17), "{ended:?}");
    assert!(ended.stdout.contains("the user of the node has no right to it"), "{ended:?}");
    assert!(ended.stdout.contains("hint: give the user of the node (uid 65534) the folder"), "{ended:?}");
}

#[tokio::test]
async fn a_node_without_a_path_is_a_fault_of_the_configuration() {
    let site = shared().await;
    let check = |variables: &[(&str, &str)]| {
        Beds::new(&["check"]).on(&site.stack).env(&[SERVICES]).env(variables).run()
    };
    let missing = check(&[]);
    assert_eq!(missing.code, Some(10), "{missing:?}");
    assert!(
        missing.stderr.contains("shared_filesystem.path is missing: this node hosts `segundo`"),
        "{missing:?}"
    );
    let relative = check(&[("BEDS__SHARED_FILESYSTEM__PATH", "archives")]);
    assert_eq!(relative.code, Some(10), "{relative:?}");
    assert!(relative.stderr.contains("is \"archives\": it must be an absolute path"), "{relative:?}");
    let misspelt = check(&[("BEDS_SHARED_FILESYSTEM_PATH", "/srv")]);
    assert!(misspelt.stderr.contains("did you mean BEDS__SHARED_FILESYSTEM__PATH?"), "{misspelt:?}");
}

/// Two folders that only look alike are distinguished by their contents.
#[tokio::test]
async fn nodes_that_do_not_share_it_find_out() {
    let site = shared().await;
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = |folder: &tempfile::TempDir| folder.path().display().to_string();
    let (one_path, other_path) = (path(&one), path(&other));
    let name = unique("shares");
    let variables = |path: &'_ str| {
        [SERVICES, ("BEDS__NODE__NAME", &*name), ("BEDS__SHARED_FILESYSTEM__PATH", path)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    };
    let start = |path: &str| {
        let variables = variables(path);
        start_node(&site.stack, &variables.each_ref().map(|(key, value)| (&**key, &**value)))
    };
    let first = start(&one_path);
    let second = start(&one_path);
    assert!(!second.log().contains("is not shared"), "{}", second.log());

    let alone = refused(&site.stack, &other_path, "");
    assert_eq!(alone.code, Some(17), "{alone:?}");
    let said = format!("{other_path} is not shared: the node {name} uses another filesystem; mount the same");
    assert!(alone.stderr.contains(&said), "{alone:?}");
    // The node has said goodbye: nobody misses it.
    let client = Client::builder(site.stack.amqp_url()).user_id("guest").connect().await.unwrap();
    eventually_async("it is gone", async || {
        let ping = Request::call("node", "ping", &json!({"node": REFUSED.1, "wait_ms": 500}));
        let code = client.execute(ping).await.err().and_then(|error| error.code());
        code == Some(ErrorCode::NotFound)
    })
    .await;
    // A node reports that the filesystem has gone, and that it is back.
    let (hidden, marker) = (one.path().join("hidden"), one.path().join("beds-filesystem"));
    let is_told = async |away: bool| {
        let ping = Request::call("node", "ping", &json!({"node": name}));
        let told = client.execute(ping).await.unwrap().data.unwrap();
        let health =
            client.execute(Request::call("fleet", "health", &json!({}))).await.unwrap().data.unwrap();
        let reasons = health["reasons"].as_array().unwrap();
        let missing = reasons.iter().filter(|reason| {
            reason["what"] == "filesystem_missing" && reason["node"].as_str() == Some(&*name)
        });
        let nodes = told.as_array().unwrap();
        nodes.iter().all(|node| node["data"]["filesystem"].is_null() == away)
            && missing.count() == if away { nodes.len() } else { 0 }
    };
    fs::rename(&marker, &hidden).unwrap();
    eventually_async("it is told to be away", async || is_told(true).await).await;
    fs::rename(&hidden, &marker).unwrap();
    eventually_async("it is told to be back", async || is_told(false).await).await;
    assert!(first.log().contains("the shared filesystem is no longer there"), "{}", first.log());
    // In `dev` the node warns, and the other nodes warn as well.
    let third = start(&other_path);
    assert!(third.log().contains("is not shared"));
    let told = "a node uses another shared filesystem than this one";
    eventually_async("the first one warns of it", async || first.log().contains(told)).await;
    eventually_async("the fleet's health tells of it", async || {
        let reply = client.execute(Request::call("fleet", "health", &json!({}))).await.unwrap();
        let health = reply.data.unwrap();
        health["reasons"].as_array().unwrap().iter().any(|reason| reason["what"] == "filesystems_differ")
    })
    .await;
    // One report for each process, however often the process repeats it: for the refused node, and for this one.
    let identity = fs::read_to_string(other.path().join("beds-filesystem")).unwrap();
    let log = first.log();
    let lines = log.lines().filter(|line| line.contains(told) && line.contains(identity.trim()));
    assert_eq!(lines.count(), 2, "{log}");
    drop((first, second, third));
}
