//! A MariaDB with two replicas.

use std::{process::Command, time::Instant};

use beds_client::{Client, RawReply, Request};
use beds_devstack::{Node, Server, Stack, schema};
use serde_json::{Value, json};

use crate::{
    common::{self, Beds, blocking, clock::Clock, eventually_async, grant, start_node, unique},
    load::Load,
};

/// How long a new primary may answer before the node uses it, in ticks of a clock: 5 s on a quiet machine.
const FOUND_MAX: usize = 250;

fn stack() -> &'static Stack {
    let stack = Stack::builder().ignore_environment().rabbitmq().mariadb_replicas(2).mongodb().start();
    let stack = stack.unwrap_or_else(|error| panic!("{error}"));
    schema::apply(&stack, &common::root().join("schema")).unwrap();
    let norway =
        "insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'Norway')";
    stack.mariadb_query(Some("catalog"), norway).unwrap();
    // An ordinary user: a user with all rights may write on a replica.
    grant(&stack);
    Box::leak(Box::new(stack))
}

fn urls(servers: &[Server]) -> String {
    let url = |server: &Server| format!("{}/catalog", server.url().replace("root@", "beds@"));
    servers.iter().map(url).collect::<Vec<_>>().join(",")
}

/// The same node, with reads from replicas that may lag by this much.
fn start_reading(stack: &Stack, lag_max_ms: &str) -> Node {
    let [primary, replicas @ ..] = stack.mariadbs() else { panic!("no server") };
    let (primary, replicas) = (urls(std::slice::from_ref(primary)), urls(replicas));
    let variables = [
        ("BEDS__MARIADB__CATALOG__URL", primary.as_str()),
        ("BEDS__MARIADB__CATALOG__READ_URLS", &replicas),
        ("BEDS__MARIADB__CATALOG__READ_LAG_MAX_MS", lag_max_ms),
    ];
    start_node(stack, &variables)
}

/// Runs statements on one server, and returns their rows.
fn on(server: &Server, sql: &str) -> String {
    let address = server.url();
    let (_, port) = address.rsplit_once(':').unwrap();
    let client = Command::new("mariadb")
        .args(["--no-defaults", "-h127.0.0.1", "-uroot", "-N", "-P", port, "-e", sql])
        .output();
    let ended = client.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

async fn create(client: &Client) -> RawReply {
    let record = json!({"owner": "somebody", "country": "NO", "note": unique("n")});
    let reply = client.execute_raw(Request::create("bookmark", &record)).await.unwrap();
    assert!(reply.is_ok(), "{}", String::from_utf8_lossy(&reply.body));
    reply
}

/// The number of records that a read counts.
async fn count(client: &Client, after: Option<&str>) -> u64 {
    let mut request = Request::raw("bookmark.count", r#"{"where": {"owner": "somebody"}}"#);
    if let Some(position) = after {
        request = request.after(position);
    }
    client.execute(request).await.unwrap().count.unwrap()
}

/// How many connections the node has for its reads on a server, without the one that watches the server.
fn reading(server: &Server) -> usize {
    let sql = "select count(*) from information_schema.processlist where user = 'beds'";
    on(server, sql).trim().parse::<usize>().unwrap().saturating_sub(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_too_far_behind_serves_no_reads_until_it_has_caught_up() {
    let stack = blocking(stack).await;
    let [_, one, other] = stack.mariadbs() else { panic!("three servers") };
    let node = blocking(|| start_reading(stack, "500")).await;
    let client = Client::builder(stack.amqp_url()).connect().await.unwrap();
    let both_read = async |of: &'static [&'static Server], all: bool| {
        eventually_async("who should read reads", async || {
            // A connection moves to another server with its next read.
            for _ in 0..20 {
                count(&client, None).await;
            }
            blocking(move || of.iter().all(|server| (reading(server) > 0) == all)).await
        })
        .await;
    };
    let (one_alone, other_alone, both): (&'static [_], &'static [_], &'static [_]) =
        (Box::leak(Box::new([one])), Box::leak(Box::new([other])), Box::leak(Box::new([one, other])));
    both_read(both, true).await;
    blocking(|| on(one, "stop slave sql_thread")).await;
    let mut written = 0;
    // Nobody knows that the replica lags before something has been written.
    create(&client).await;
    written += 1;
    both_read(one_alone, false).await;
    both_read(other_alone, true).await;
    eventually_async("the other replica has it", async || count(&client, None).await == written).await;
    // Without a current replica, the primary serves new records.
    blocking(|| on(other, "stop slave sql_thread")).await;
    create(&client).await;
    written += 1;
    both_read(both, false).await;
    for _ in 0..20 {
        assert_eq!(count(&client, None).await, written);
    }
    blocking(|| both.iter().map(|server| on(server, "start slave sql_thread")).for_each(drop)).await;
    both_read(both, true).await;
    // While the primary is away, nothing is newer than the data of the replicas.
    blocking(|| stack.mariadb().kill().unwrap()).await;
    for _ in 0..20 {
        assert_eq!(count(&client, None).await, written);
    }
    end(stack, node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reads_what_it_has_written() {
    let stack = blocking(stack).await;
    let [_, replicas @ ..] = stack.mariadbs() else { panic!("three servers") };
    let node = blocking(|| start_reading(stack, "60000")).await;
    let client = Client::builder(stack.amqp_url()).connect().await.unwrap();
    eventually_async("the replicas serve reads", async || {
        for _ in 0..20 {
            count(&client, None).await;
        }
        blocking(|| replicas.iter().all(|server| reading(server) > 0)).await
    })
    .await;
    let on_all = async |sql: &'static str| {
        blocking(move || replicas.iter().map(|server| on(server, sql)).for_each(drop)).await;
    };
    // Each write can be read at once, whichever replica is asked.
    for written in 1..=50 {
        let position = create(&client).await.position.unwrap();
        assert!(position.starts_with("catalog=0-1-"), "{position}");
        assert_eq!(count(&client, Some(&position)).await, written);
    }
    // The replicas stand still: new records are only on the primary.
    on_all("stop slave sql_thread").await;
    let request = Request::create("bookmark", &json!({"owner": "somebody", "country": "NO", "note": "51"}));
    let reply = client.execute_raw(request.clone()).await.unwrap();
    let position = reply.position.unwrap();
    assert_eq!(count(&client, None).await, 50, "a replica answers");
    assert_eq!(count(&client, Some(&position)).await, 51, "the primary answers");
    // The repeated request was done before. The position in its reply includes it.
    let again = client.execute_raw(request).await.unwrap();
    assert_eq!(again.body, reply.body);
    assert_eq!(count(&client, Some(&again.position.unwrap())).await, 51);
    // The same holds for batches.
    let batch =
        r#"{"items": [{"template": "bookmark", "op": "count", "body": {"where": {"owner": "somebody"}}}]}"#;
    for (after, expected) in [(None, 50), (Some(&position), 51)] {
        let request = Request::raw("app_server.batch.read", batch);
        let request = if let Some(position) = after { request.after(position) } else { request };
        let reply = client.execute_raw(request).await.unwrap();
        let items: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((&items["items"][0]["count"], reply.position), (&json!(expected), None), "{items}");
    }
    // A position of another database has no effect.
    assert_eq!(count(&client, Some("harbour=0-1-99999999")).await, 50);
    let body = r#"{"where": {"owner": "somebody"}}"#;
    for wrong in ["51", "catalog=51", "catalog=0-1-1;x"] {
        let reply = client.execute_raw(Request::raw("bookmark.count", body).after(wrong)).await.unwrap();
        assert_eq!(reply.status, "bad_request", "{wrong}");
    }
    on_all("start slave sql_thread").await;
    eventually_async("the replicas have it", async || count(&client, None).await == 51).await;
    end(stack, node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_which_server_takes_writes() {
    blocking(|| {
        let stack = Stack::builder().ignore_environment().mariadb_replicas(1).start().unwrap();
        stack.mariadb_query(None, "create database catalog").unwrap();
        // The other servers do not matter.
        let others =
            ["AMQP", "MONGODB__LOGS", "MONGODB__JOURNAL", "MONGODB__YARD", "MONGODB__VAULT"].map(|server| {
                let scheme = if server == "AMQP" { "amqp" } else { "mongodb" };
                (format!("BEDS__{server}__URL"), format!("{scheme}://127.0.0.1:1/"))
            });
        let check = || {
            let limit = [("BEDS__NODE__IPL_TIMEOUT_MS", "6000")];
            Beds::new(&["check"]).on(&stack).env(&others).env(&limit).run().stdout
        };
        let [one, other] = stack.mariadbs() else { panic!("two servers") };
        let takes_writes = |server: &Server| format!("and {}/catalog takes writes", server.url());
        let said = check();
        assert!(said.contains(&takes_writes(one)), "{said}");
        stack.fail_over().unwrap();
        let said = check();
        assert!(said.contains(&takes_writes(other)), "{said}");
        on(other, "set global read_only = 1");
        let said = check();
        for server in [one, other] {
            assert!(said.contains(&format!("{}/catalog is read-only", server.url())), "{said}");
        }
        assert!(said.contains("no server of `url` takes writes: promote one of them"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_another_schema_is_found() {
    blocking(|| {
        let stack = stack();
        let [primary, replicas @ ..] = stack.mariadbs() else { panic!("no server") };
        let (url, read_urls) = (urls(std::slice::from_ref(primary)), urls(replicas));
        let variables =
            [("BEDS__MARIADB__CATALOG__URL", url.as_str()), ("BEDS__MARIADB__CATALOG__READ_URLS", &read_urls)];
        let found = || {
            let arguments = ["verify", "--template", "bookmark", "--format", "json"];
            let report: Value =
                serde_json::from_str(&Beds::new(&arguments).on(stack).env(&variables).run().stdout).unwrap();
            let about = |finding: &&Value| finding["message"].as_str().unwrap().contains("replica")
                || finding["place"].as_str().unwrap().contains("replica");
            let findings = report["findings"].as_array().unwrap().iter().filter(about);
            findings.map(|finding| format!("{}: {}", finding["severity"], finding["message"])).collect::<Vec<_>>()
        };
        for replica in replicas {
            let at = on(primary, "select @@global.gtid_current_pos");
            assert_eq!(on(replica, &format!("select master_gtid_wait('{}', 30)", at.trim())).trim(), "0");
        }
        assert_eq!(found(), Vec::<String>::new());
        on(
            &replicas[0],
            "set sql_log_bin = 0; create or replace view catalog.v_bookmark as \
             select id, owner, country, note from catalog.bookmark; drop procedure catalog.sp_bookmark_create",
        );
        // A replica can only be read.
        let other = format!(
            "\"error\": \"on the replica {}: the view `v_bookmark` has no column `created_at`\"",
            urls(&replicas[..1])
        );
        assert_eq!(found(), [other]);
        for replica in replicas {
            replica.kill().unwrap();
        }
        assert!(
            matches!(found().as_slice(), [one, two] if [one, two].iter().all(|line| line.starts_with("\"warning\": \"cannot be looked at: "))),
            "{:?}",
            found()
        );
        for server in [primary, stack.rabbitmq(), stack.mongodb()] {
            server.kill().unwrap();
        }
    })
    .await;
}

/// Checks the longest gap since `since`, which must not be long.
fn told(what: &str, load: &Load, since: Instant, clock: &Clock) {
    let (writes, reads) = load.gaps(since, clock);
    println!("{what}: no write for {:.2?}, no read for {:.2?}", writes.time, reads.time);
    assert!(writes.ticks < FOUND_MAX && reads.ticks < FOUND_MAX, "{what}: {writes:?}, {reads:?}");
}

async fn end(stack: &'static Stack, node: Node) {
    blocking(move || {
        drop(node);
        for server in stack.mariadbs().iter().chain([stack.rabbitmq(), stack.mongodb()]) {
            server.kill().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_of_a_replicated_mariadb_dies_and_nothing_is_lost_or_done_twice() {
    let stack = blocking(stack).await;
    let servers = stack.mariadbs();
    let node = blocking(move || start_node(stack, &[("BEDS__MARIADB__CATALOG__URL", &urls(servers))])).await;
    let load = Load::begin(&[stack.amqp_url()]).await;
    let clock = Clock::begin(&stack.amqp_url()).await;
    // The replicas, then the primary, and then the new primary.
    for server in [&servers[1], &servers[2]] {
        load.goes_on(100).await;
        let killed = Instant::now();
        blocking(move || server.kill().unwrap()).await;
        load.goes_on(100).await;
        told("a replica is gone", &load, killed, &clock);
        blocking(move || stack.rejoin(server).unwrap()).await;
    }
    for _ in 0..2 {
        load.goes_on(100).await;
        let primary = stack.mariadb();
        blocking(move || primary.kill().unwrap()).await;
        blocking(move || stack.fail_over().unwrap()).await;
        let promoted = Instant::now();
        load.goes_on(100).await;
        told("a new primary", &load, promoted, &clock);
        blocking(move || stack.rejoin(primary).unwrap()).await;
    }
    // The node also leaves a primary that continues as a replica.
    load.goes_on(100).await;
    let switched = Instant::now();
    blocking(move || stack.fail_over().unwrap()).await;
    load.goes_on(100).await;
    told("a switch", &load, switched, &clock);
    // And a primary that hangs.
    let primary = stack.mariadb();
    blocking(move || primary.pause().unwrap()).await;
    blocking(move || stack.fail_over().unwrap()).await;
    let promoted = Instant::now();
    load.goes_on(100).await;
    told("a new primary in place of one that hangs", &load, promoted, &clock);
    blocking(move || {
        primary.kill().unwrap();
        stack.rejoin(primary).unwrap();
    })
    .await;
    load.goes_on(100).await;
    load.end(stack).await;
    end(stack, node).await;
}
