//! Signals: a node reads its configuration again, ends at any moment when it is told to, and is replaced under load
//! without a failed request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::net::UnixDatagram,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use beds_client::{Client, Request};
use beds_devstack::{Node, Stack};
use beds_protocol::{ErrorCode, Operation};
use common::{
    Beds, PATIENCE, blocking, config, eventually, eventually_async, own_site, shared, stack, start_node,
    unique,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Writes a node's configuration anew: that of the tests, without the settings that these lines set.
fn configure(node: &Node, lines: &str) {
    let common = fs::read_to_string(config()).unwrap();
    let mut common = common.replace("[logging]\njournald = false", "");
    if lines.contains("[access.users]") {
        common = common.replace("[access.users]\nguest = [\"operator\"]", "");
    }
    // The new file replaces the old one as a whole, in case a process reads it meanwhile.
    let new = node.config().join("new");
    fs::write(&new, format!("{common}\n{lines}")).unwrap();
    fs::rename(new, node.config().join("beds.toml")).unwrap();
}

/// Makes a node read its configuration again, and waits for this message about it.
#[track_caller]
fn reload(node: &Node, lines: &str, says: &str) {
    configure(node, lines);
    let before = node.log().len();
    node.reload();
    eventually(&format!("the log says `{says}`"), || node.log()[before..].contains(says));
}

fn most_in_progress(node: &Node, queue: &str) -> Option<u64> {
    let begins = format!("beds_queue_in_progress_max{{queue=\"{queue}\"}} ");
    node.get("/metrics").lines().find_map(|line| line.strip_prefix(&begins)?.trim().parse().ok())
}

/// How many consumers a queue has.
fn consumers(stack: &Stack, queue: &str) -> u64 {
    let listed = stack.rabbitmq().control(&["-q", "list_queues", "name", "consumers"]).unwrap();
    let of = |line: &str| line.strip_prefix(queue)?.trim().parse().ok();
    listed.lines().find_map(of).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_takes_what_it_can_of_a_new_configuration_and_says_what_needs_a_restart() {
    // Separate servers: the test counts consumers.
    let stack = blocking(|| &*Box::leak(Box::new(stack()))).await;
    blocking(move || {
        const READS: &str = "beds.app_server.r";
        let node = start_node(stack, &[]);
        assert_eq!((most_in_progress(&node, READS), consumers(stack, READS)), (Some(1_024), 4));

        let lines = "[logging]\nlevel = \"info,beds_bus=debug\"\nslow_ms = 1\n\
                     [brokers.app_server.r]\ninstances = 7\nprefetch = 8\n\
                     [limits]\nin_items_max = 9\n\
                     [mongodb.other]\nurl = \"mongodb://u:secretword@other\"\n";
        reload(&node, lines, "needs a restart: limits.in_items_max, mongodb.other");
        let log = node.log();
        let taken = "configuration read again: brokers.app_server.r.instances, brokers.app_server.r.prefetch, \
                     logging.level, logging.slow_ms changed";
        assert!(log.contains(taken) && !log.contains("secretword"), "{log}");
        assert_eq!(most_in_progress(&node, READS), Some(56));
        eventually("seven consume", || consumers(stack, READS) == 7);

        // A wrong configuration is reported, and no part of it is applied.
        let log = node.log();
        assert!(!log.contains("WARN") || log.contains("needs a restart"), "{log}");
        let refused = "the configuration was not reloaded, and the old one stays: ";
        let lines = "[brokers.app_server.r]\ninstances = 0\n";
        reload(&node, lines, &format!("{refused}brokers.app_server.r.instances is 0: it must be at least 1"));
        reload(&node, "[logging]\nlevel = \"inof\"\n", "`inof` is not a level");
        reload(&node, "[limits\n", refused);
        assert_eq!((most_in_progress(&node, READS), consumers(stack, READS)), (Some(56), 7));

        // Fewer instances; settings that are not in the file are as at the start.
        reload(&node, "[brokers.app_server.r]\ninstances = 1\n", "configuration read again: ");
        eventually("one consumes", || consumers(stack, READS) == 1);
        assert_eq!(most_in_progress(&node, READS), Some(256));
        reload(&node, "[brokers.app_server.r]\ninstances = 1\n", "configuration read again: nothing changed");
        assert!(node.is_ready(), "{}", node.log_tail(20));
        node.terminate();
        assert_eq!(node.await_end().unwrap().code(), Some(0));
        common::end_servers(stack);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_given_or_withdrawn_counts_for_the_next_request() {
    // A separate site: another node would keep its old roles.
    let site = own_site(&[("BEDS__NODE__SERVICES", "admin")]).await;
    let client = Client::builder(site.stack.amqp_url()).user_id("guest").connect().await.unwrap();
    let count = async || client.request("audit", Operation::Count, &json!({})).await;
    count().await.unwrap();
    let set = async |roles: &'static str, says: &'static str| {
        let lines = format!("[access.users]\n{roles}\n");
        blocking(move || reload(&site.node, &lines, says)).await;
    };
    set("guest = [\"audtor\"]", "access.users.guest has the role `audtor`, which no template names").await;
    assert!(
        site.node.log().contains("configuration read again: access.users changed"),
        "{}",
        site.node.log()
    );
    let refused = count().await.unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::Forbidden), "{refused}");
    set("guest = [\"auditor\"]", "configuration read again: access.users changed").await;
    count().await.unwrap();
    common::end_site(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_follows_its_level_at_once_whatever_it_was() {
    let site = shared().await;
    let stack = &site.0.stack;
    let node = blocking(move || Arc::new(start_node(stack, &[]))).await;
    let client = site.client().await;
    // The node's log while some requests of each kind are sent. The other node of the site takes some of them.
    let asked = async || {
        let before = node.log().len();
        for _ in 0..20 {
            client.request("sample_row", Operation::Count, &json!({})).await.unwrap();
            client
                .request("sample_row", Operation::Count, &json!({"where": {"nosuch": 1}}))
                .await
                .unwrap_err();
        }
        node.log()[before..].to_owned()
    };
    let set = async |lines: &'static str| {
        let node = Arc::clone(&node);
        blocking(move || reload(&node, lines, "configuration read again: logging")).await;
    };
    let (warning, debug) = ("WARN beds_bus::slow: slow request", "DEBUG beds_runtime::domains: ");
    // No request is so slow, however busy the machine is.
    set("[logging]\nslow_ms = 600000\n").await;
    let log = asked().await;
    assert!(!log.contains(warning) && !log.contains(debug), "{log}");
    set("[logging]\nslow_ms = 1\nlevel = \"trace\"\n").await;
    eventually_async("all is told", async || {
        let log = asked().await;
        log.contains(warning) && log.contains(debug)
    })
    .await;
    set("[logging]\nslow_ms = 1\nlevel = \"error,beds_runtime=info\"\n").await;
    let log = asked().await;
    assert!(!log.contains(warning) && !log.contains(debug), "{log}");
    set("[logging]\nlevel = \"info,beds_runtime=debug\"\n").await;
    eventually_async("what fails is told", async || asked().await.contains(debug)).await;
    // Drivers log at trace level what they send and receive.
    let log = node.log();
    assert!(log.lines().all(|line| !line.contains(" TRACE ") || line.contains(" TRACE beds")), "{log}");
}

/// Whether a process has a handler for a signal.
fn catches(pid: u32, signal: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    caught & (1 << (signal - 1)) != 0
}

/// The first child of a process.
fn child_of(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

const HUP: u32 = 1;
const TERM: u32 = 15;

/// The moments of a start, in milliseconds after the process begins to listen.
const MOMENTS_MS: [u64; 9] = [0, 5, 10, 20, 50, 100, 200, 400, 800];

/// A node that has just begun to listen, as process 1 if `is_first`; and its process id.
fn begun(stack: &Stack, is_first: bool) -> (Node, u32) {
    let beds = env!("CARGO_BIN_EXE_beds");
    let run = if is_first {
        Beds::program(Path::new("unshare"), &["--fork", "--pid", "--mount-proc", beds])
    } else {
        Beds::new(&[])
    };
    let (node, began) = (run.on(stack).spawn(), Instant::now());
    let mut pid = None;
    while !pid.is_some_and(|pid| catches(pid, TERM) && catches(pid, HUP)) {
        pid = if is_first { child_of(node.pid()) } else { Some(node.pid()) };
        assert!(began.elapsed() < PATIENCE, "it does not listen: {}", node.log());
        thread::yield_now();
    }
    (node, pid.unwrap())
}

fn send(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success(), "{signal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_at_any_moment_of_its_start_a_node_ends_in_order_and_loses_nothing() {
    let site = shared().await;
    let stack = &site.0.stack;
    let load = Load::start(stack, 4).await;
    for is_first in [false, true] {
        for moment in MOMENTS_MS {
            blocking(move || {
                let (node, pid) = begun(stack, is_first);
                thread::sleep(Duration::from_millis(moment));
                send(pid, "-TERM");
                let code = node.await_end().unwrap().code();
                assert_eq!(code, Some(0), "{moment} ms, as process 1: {is_first}: {}", node.log());
            })
            .await;
        }
    }
    load.end(stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hang_up_ends_a_node_that_starts_or_stops() {
    let site = shared().await;
    let stack = &site.0.stack;
    blocking(move || {
        for is_first in [false, true] {
            let (node, pid) = begun(stack, is_first);
            let began = Instant::now();
            for moment in MOMENTS_MS {
                thread::sleep(Duration::from_millis(moment).saturating_sub(began.elapsed()));
                send(pid, "-HUP");
            }
            node.await_ready().unwrap();
            eventually("what came before is not forgotten", || {
                node.log().contains("configuration read again: ")
            });
            send(pid, "-TERM");
            while !node.log().contains("stopping: ") {
                thread::yield_now();
            }
            while node.exit_status().is_none() {
                // Until the process is gone.
                let _ = Command::new("kill").args(["-HUP", &pid.to_string()]).output().unwrap();
            }
            assert_eq!(node.await_end().unwrap().code(), Some(0), "{}", node.log());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_when_a_node_reloads_and_when_it_has() {
    let site = shared().await;
    let stack = &site.0.stack;
    blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let hear = || {
            let mut buffer = [0; 256];
            let length = socket.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let node = start_node(stack, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
        assert_eq!(hear(), ["READY=1"]);
        for lines in ["[logging]\nslow_ms = 7\n", "wrong"] {
            configure(&node, lines);
            node.reload();
            let heard = hear();
            let since: u64 = heard[1].strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
            assert!(heard[0] == "RELOADING=1" && since > 0, "{heard:?}");
            assert_eq!(hear(), ["READY=1"]);
        }
        node.terminate();
        assert_eq!(hear(), ["STOPPING=1"]);
    })
    .await;
}

/// A steady load of reads and writes, each of which must succeed.
struct Load {
    is_over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    workers: JoinSet<Done>,
}

/// The result of a worker.
struct Done {
    owner: String,
    /// The sample that the worker has updated this many times.
    sample: Value,
    updates: u64,
    created: BTreeSet<String>,
    failed: Vec<String>,
}

impl Load {
    async fn start(stack: &'static Stack, workers: usize) -> Self {
        let country = "insert ignore into country (alpha_2, alpha_3, numeric_code, name) \
                       values ('NO', 'NOR', '578', 'Norway')";
        blocking(move || stack.mariadb_query(Some("catalog"), country).unwrap()).await;
        let client = Client::builder(stack.amqp_url()).timeout(PATIENCE).connect().await.unwrap();
        let (is_over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut load = Self { is_over, done, workers: JoinSet::new() };
        for _ in 0..workers {
            load.workers.spawn(work(client.clone(), Arc::clone(&load.is_over), Arc::clone(&load.done)));
        }
        load
    }

    /// Waits for this many more requests.
    async fn goes_on(&self, requests: usize) {
        let goal = self.done.load(Ordering::Relaxed) + requests;
        eventually_async("requests are answered", async || self.done.load(Ordering::Relaxed) >= goal).await;
    }

    /// Ends the load, and checks that each request succeeded and each write was done once. Returns the number of
    /// requests.
    async fn end(mut self, stack: &'static Stack) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(worker) = self.workers.join_next().await {
            let Done { owner, sample, updates, created, failed } = worker.unwrap();
            assert_eq!(failed, [""; 0]);
            assert!(updates > 0 && !created.is_empty());
            let query = format!("select note from bookmark where owner = '{owner}' order by note");
            let stored = blocking(move || stack.mariadb_query(Some("catalog"), &query).unwrap()).await;
            let stored: Vec<_> = stored.lines().collect();
            assert_eq!(stored, created.iter().collect::<Vec<_>>(), "each create once");
            let query = format!("select revision from sample where id = {sample}");
            let revision = blocking(move || stack.mariadb_query(Some("catalog"), &query).unwrap()).await;
            assert_eq!(revision.trim().parse(), Ok(updates + 1), "each update once");
        }
        self.done.load(Ordering::Relaxed)
    }
}

async fn work(client: Client, is_over: Arc<AtomicBool>, done: Arc<AtomicUsize>) -> Done {
    let owner = unique("o");
    let record = json!({"code": unique("c"), "series": owner});
    let reply = client.create("sample_row", &record).await.unwrap();
    let sample = reply.data.unwrap()["id"].clone();
    let (mut updates, mut created, mut failed) = (0, BTreeSet::new(), Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        updates += 1;
        let note = format!("{updates:08}");
        let requests = [
            Request::update("sample_row", &sample, &json!({"number": updates})),
            Request::fetch("sample_row", &sample),
            Request::create("bookmark", &json!({"owner": owner, "country": "NO", "note": note})),
        ];
        created.insert(note);
        for request in requests {
            let key = request.routing_key().to_owned();
            match client.execute(request).await {
                Ok(reply) if key == "sample_row.fetch" => {
                    let number = reply.data.map(|data| data["number"].clone());
                    if number != Some(json!(updates)) {
                        failed.push(format!("{key}: {number:?} instead of {updates}"));
                    }
                }
                Ok(_) => {}
                Err(error) => failed.push(format!("{key}: {error}")),
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
    Done { owner, sample, updates, created, failed }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_change_and_nodes_are_replaced_under_load_and_no_request_fails() {
    const EACH: usize = 300;
    let stack = blocking(|| &*Box::leak(Box::new(stack()))).await;
    let (first, second) =
        blocking(|| (Arc::new(start_node(stack, &[])), Arc::new(start_node(stack, &[])))).await;
    let load = Load::start(stack, 16).await;
    load.goes_on(EACH).await;
    for (instances, prefetch) in [(1, 1), (9, 3), (2, 256), (5, 256), (1, 256)] {
        let node = Arc::clone(&first);
        blocking(move || {
            let of = |broker| {
                format!("[brokers.app_server.{broker}]\ninstances = {instances}\nprefetch = {prefetch}\n")
            };
            reload(&node, &(of("r") + &of("w")), "configuration read again: brokers.app_server.r.");
        })
        .await;
        load.goes_on(EACH).await;
    }
    // Instances that leave return no read. They may return writes: RabbitMQ still delivers from a quorum queue for a
    // moment after it has reported that a consumer is gone.
    let nodes = [Arc::clone(&first), Arc::clone(&second)];
    let metrics = blocking(move || nodes.map(|node| node.get("/metrics"))).await;
    for metrics in metrics {
        let begins = "beds_queue_redelivered_total{queue=\"beds.app_server.r\"} ";
        let count = metrics.lines().find_map(|line| line.strip_prefix(begins));
        assert_eq!(count, Some("0"));
    }
    // The new node is ready before the old one ends. Then the same again.
    let mut nodes = [first, second];
    for node in &mut nodes {
        let next = blocking(|| Arc::new(start_node(stack, &[]))).await;
        let old = std::mem::replace(node, next);
        blocking(move || {
            old.terminate();
            assert_eq!(old.await_end().unwrap().code(), Some(0), "{}", old.log());
        })
        .await;
        load.goes_on(EACH).await;
    }
    // A restart in place: the node is away for a while.
    let node = Arc::clone(&nodes[0]);
    blocking(move || node.restart().unwrap()).await;
    load.goes_on(EACH).await;
    let requests = load.end(stack).await;
    assert!(requests > 8 * EACH, "{requests}");
    println!("{requests} requests, and none failed");
    drop(nodes);
    blocking(|| common::end_servers(stack)).await;
}
