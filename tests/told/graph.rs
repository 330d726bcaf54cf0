//! Metrics: samples of all nodes, rolled up once, as series and as pictures.

use std::time::Instant;

use beds_client::Request;
use serde_json::{Value, json};

use super::{
    Beds, call,
    common::{PATIENCE, blocking, end_site, eventually_async, unique},
    count, operator, site,
};

/// A sample, as a node sends it.
fn sample(node: &str, at: &str, value: f64) -> Value {
    json!({"node": node, "at": at, "values": [{"name": "requests", "value": value}, {"name": "errors", "value": 0.0}]})
}

/// The points of a metric of a node on a day, with this step.
async fn points(client: &beds_client::Client, node: &str, step: u32) -> Vec<(String, Value, Value)> {
    let args = json!({
        "name": "requests", "node": node, "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z", "step": step
    });
    let Value::Array(rows) = call(client, "metric", "series", &args).await else { panic!() };
    let of = |row: &Value| {
        let numbers = json!([row["min"], row["avg"], row["max"]]);
        (row["at"].as_str().unwrap().to_owned(), numbers, row["count"].clone())
    };
    rows.iter().map(of).collect()
}

/// Samples of other days must not be deleted.
const KEPT: (&str, &str) = ("BEDS__GRAPH__KEEP_10S_S", "300000000");
const KEPT_LONGER: [(&str, &str); 2] =
    [("BEDS__GRAPH__KEEP_1M_S", "300000000"), ("BEDS__GRAPH__KEEP_1H_S", "300000000")];

#[tokio::test(flavor = "multi_thread")]
async fn samples_of_all_nodes_are_rolled_up_once_and_shown() {
    let site = site(&[KEPT, KEPT_LONGER[0], KEPT_LONGER[1]]).await;
    let client = operator(&site.stack).await;
    let other = blocking(|| {
        let services = [("BEDS__NODE__SERVICES", "app_server"), ("BEDS__NODE__NAME", "other")];
        Beds::new(&[]).on(&site.stack).env(&services).start()
    })
    .await;

    let node = unique("n");
    let mut sent = vec![
        ("2026-03-01T10:00:10Z", 10.0),
        ("2026-03-01T10:00:20Z", 20.0),
        ("2026-03-01T10:01:00Z", 60.0),
        ("2026-03-01T11:00:00Z", 2.0),
        // Late samples.
        ("2026-03-01T10:00:00Z", 0.0),
    ];
    sent.extend(sent.clone());
    let sending = sent.iter().map(|(at, value)| {
        let sample = sample(&node, at, *value);
        let client = &client;
        async move { client.execute(Request::call("metric", "add", &sample)).await }
    });
    for answer in futures_util::future::join_all(sending).await {
        answer.unwrap();
    }
    let at = |text: &str| format!("2026-03-01T{text}Z");
    assert_eq!(
        points(&client, &node, 60).await,
        [
            (at("10:00:00"), json!([0.0, 10.0, 20.0]), json!(3)),
            (at("10:01:00"), json!([60.0, 60.0, 60.0]), json!(1)),
            (at("11:00:00"), json!([2.0, 2.0, 2.0]), json!(1)),
        ]
    );
    assert_eq!(
        points(&client, &node, 3_600).await,
        [
            (at("10:00:00"), json!([0.0, 22.5, 60.0]), json!(4)),
            (at("11:00:00"), json!([2.0, 2.0, 2.0]), json!(1)),
        ]
    );
    assert_eq!(points(&client, &node, 10).await.len(), 5);
    // A few minutes within an hour: the point is that of the whole hour.
    let part = json!({"name": "requests", "node": node, "from": at("10:00:15"), "to": at("10:30:00"), "step": 3_600});
    let shown = call(&client, "metric", "series", &part).await;
    assert_eq!((&shown[0]["at"], &shown[0]["count"]), (&json!(at("10:00:00")), &json!(4)), "{shown}");
    let ever = json!({"name": "requests", "from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"});
    assert_ne!(call(&client, "metric", "series", &ever).await, json!([]));

    // A whole day of many nodes.
    let sql = "insert into metric_1m (name, node, at, low, total, high, samples)
               select 'cpu_cores', concat('n', node.seq), '2026-02-01' + interval minute.seq minute, 1, 12, 3, 6
                 from seq_0_to_1439 as minute join seq_1_to_5 as node";
    blocking(move || site.stack.mariadb_query(Some("metrics"), sql).unwrap()).await;
    let day = json!({"name": "cpu_cores", "from": "2026-02-01T00:00:00Z", "to": "2026-02-02T00:00:00Z"});
    for name in ["series", "chart"] {
        let mut times = Vec::new();
        for _ in 0..5 {
            let begun = Instant::now();
            let shown = call(&client, "metric", name, &day).await;
            times.push(begun.elapsed());
            match shown {
                Value::Array(points) => assert_eq!((points.len(), &points[7]["count"]), (1_440, &json!(30))),
                Value::String(svg) => assert!(svg.starts_with("<svg") && svg.contains("all nodes"), "{svg}"),
                other => panic!("{other}"),
            }
        }
        println!("a day by metric.call.{name}: {times:?}");
    }
    let wrong = json!({"name": "x", "from": "2026-02-02T00:00:00Z", "to": "2026-02-01T00:00:00Z"});
    assert!(client.execute(Request::call("metric", "series", &wrong)).await.is_err());
    for name in ["series", "chart"] {
        let unknown =
            json!({"name": "request", "from": "2026-02-01T00:00:00Z", "to": "2026-02-02T00:00:00Z"});
        let error = client.execute(Request::call("metric", name, &unknown)).await.unwrap_err().to_string();
        assert!(error.contains("`args.name` must be one of requests, errors, "), "{error}");
    }

    // The nodes' own metrics.
    for node in ["told", "other"] {
        let filter = [("node", node), ("name", "memory_bytes")];
        eventually_async("it tells what it counts", async || count(&client, "metric", filter).await > 0)
            .await;
    }
    blocking(move || drop(other)).await;
    end_site(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sample_counts_once_though_the_node_is_killed_and_what_is_old_goes() {
    let site = site(&[KEPT, KEPT_LONGER[0], KEPT_LONGER[1]]).await;
    let client = operator(&site.stack).await;
    let node = unique("n");
    let send = async |hour: u32| {
        let at = |index: u32| format!("2026-03-01T{hour:02}:{:02}:{:02}Z", index / 6, index % 6 * 10);
        let samples = (0..300).map(|index| sample(&node, &at(index), f64::from(index)));
        let sent = samples.map(|sample| client.send(Request::call("metric", "add", &sample)));
        futures_util::future::try_join_all(sent).await.unwrap();
    };
    let kept = |what: &str| {
        let sql = format!(
            "select coalesce(sum({what}), 0) from metric_1h where node = '{node}' and name = 'requests'"
        );
        site.stack.mariadb_query(Some("metrics"), &sql).unwrap().trim().parse::<f64>().unwrap()
    };
    send(1).await;
    eventually_async("it works on them", async || kept("samples") > 0.0).await;
    send(2).await;
    blocking(|| {
        site.node.kill();
        site.node.restart().unwrap();
    })
    .await;
    let is_done = async || (kept("samples") - 600.0).abs() < 0.1;
    eventually_async("all are there", is_done).await;
    let total = f64::from((0..300).sum::<u32>()) * 2.0;
    assert!((kept("total") - total).abs() < 0.1, "{} instead of {total}", kept("total"));
    let points = points(&client, &node, 3_600).await;
    assert_eq!(points.iter().map(|(.., count)| count.as_i64().unwrap()).sum::<i64>(), 600);

    let raw = || {
        let sql = "select count(*) from metric_10s where at < utc_timestamp() - interval 1 day";
        site.stack.mariadb_query(Some("metrics"), sql).unwrap().trim().parse::<u32>().unwrap()
    };
    assert_eq!(raw(), 1_200);
    let next = blocking(|| {
        let variables = [("BEDS__GRAPH__KEEP_10S_S", "3600"), ("BEDS__NODE__EXPIRE_EVERY_S", "1")];
        super::node(&site.stack, &variables)
    })
    .await;
    let deadline = Instant::now() + PATIENCE;
    while raw() > 0 {
        assert!(Instant::now() < deadline, "what is too old is there");
        blocking(|| std::thread::sleep(std::time::Duration::from_millis(50))).await;
    }
    assert!((kept("samples") - 600.0).abs() < 0.1, "hours are kept");
    blocking(move || drop(next)).await;
    end_site(site).await;
}
