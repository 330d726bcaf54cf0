//! What nodes do when they get a command.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use beds_client::{Client, Request};
use beds_protocol::ErrorCode;
use serde_json::{Value, json};

use super::{
    ask, client,
    common::{Beds, blocking, eventually, eventually_async},
    consumers, end, nodes, refused, servers, who,
};

const READS: &str = "beds.app_server.r";

#[tokio::test(flavor = "multi_thread")]
async fn nodes_obey_who_are_meant_and_a_wrong_command_says_what_is_wrong() {
    let stack = servers().await;
    let all = nodes(stack, &[("n1", "app_server,admin"), ("n2", "app_server"), ("n2", "app_server")]).await;
    let operator = client(stack).await;

    // A wrong argument is reported with its field, and no node obeys.
    for (call, args, field) in [
        ("ping", json!({"node": "n1", "service": "admin"}), "service"),
        ("ping", json!({"service": "admim"}), "service"),
        ("ping", json!({"wait_ms": 1}), "wait_ms"),
        ("drain", json!({"node": 7}), "node"),
        ("scale", json!({"service": "app_server", "broker": "x", "instances": 2}), "broker"),
        ("scale", json!({"service": "app_server", "broker": "r", "instances": 0}), "instances"),
        ("scale", json!({"service": "app_server", "broker": "r", "instances": 1001}), "instances"),
        ("scale", json!({"broker": "r", "instances": 2}), "service"),
        ("log_level", json!({"level": "inof"}), "level"),
        ("log_level", json!({}), "level"),
        ("ping", json!({"nod": "n1"}), "nod"),
    ] {
        let error = refused(&operator, call, &args).await;
        let fields: Vec<_> = error.details.iter().map(|detail| detail.field.as_str()).collect();
        let field = format!("args.{field}");
        assert_eq!(
            (error.code, &*fields),
            (ErrorCode::ValidationFailed, &[&*field][..]),
            "{call} {args}: {error:?}"
        );
    }
    let error = refused(&operator, "ping", &json!({"node": "n3"})).await;
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.hint.unwrap().contains("did you mean `n"), "the nearest name");
    assert_eq!(refused(&operator, "drain", &json!({"service": "tercero"})).await.code, ErrorCode::NotFound);

    // A caller without a role may not send commands, and a caller without a name is unknown.
    blocking(|| {
        stack.rabbitmq().control(&["add_user", "web", "secret"]).unwrap();
        stack.rabbitmq().control(&["set_permissions", "web", ".*", ".*", ".*"]).unwrap();
    })
    .await;
    let url = stack.amqp_url().replace("guest:guest", "web:secret");
    let web = Client::builder(url).user_id("web").connect().await.unwrap();
    assert_eq!(refused(&web, "drain", &json!({})).await.code, ErrorCode::Forbidden);
    let unknown = Client::builder(stack.amqp_url()).connect().await.unwrap();
    assert_eq!(refused(&unknown, "drain", &json!({})).await.code, ErrorCode::Unauthenticated);

    // One node, those with a name, those with a service, all.
    let answers = ask(&operator, "ping", &json!({})).await;
    assert_eq!(who(&answers), [("n1", true), ("n2", true), ("n2", true)]);
    assert_ne!(answers[1]["instance"], answers[2]["instance"], "two share a name");
    for answer in &answers {
        assert_eq!(
            (&answer["data"]["state"], &answer["error"]),
            (&json!("serving"), &Value::Null),
            "{answer}"
        );
    }
    assert_eq!(answers[0]["data"]["services"], json!(["app_server", "admin"]));
    assert_eq!(who(&ask(&operator, "ping", &json!({"node": "n2"})).await), [("n2", true), ("n2", true)]);
    assert_eq!(who(&ask(&operator, "ping", &json!({"service": "admin"})).await), [("n1", true)]);

    // The number of instances is the number of consumers.
    assert_eq!(blocking(|| consumers(stack, READS)).await, 12);
    let scale = json!({"service": "app_server", "broker": "r", "instances": 7, "node": "n1"});
    let answers = ask(&operator, "scale", &scale).await;
    assert_eq!(answers[0]["data"]["before"], json!({"instances": 4, "prefetch": 256}), "{answers:?}");
    assert_eq!(answers[0]["data"]["now"], json!({"instances": 7, "prefetch": 256}));
    blocking(|| eventually("seven of n1 consume", || consumers(stack, READS) == 15)).await;
    let scale = json!({"service": "app_server", "broker": "r", "instances": 1, "prefetch": 9});
    assert_eq!(who(&ask(&operator, "scale", &scale).await).len(), 3);
    blocking(|| eventually("one each consumes", || consumers(stack, READS) == 3)).await;
    let scale = json!({"service": "admin", "broker": "in", "instances": 2, "node": "n2"});
    let answers = ask(&operator, "scale", &scale).await;
    assert_eq!(who(&answers), [("n2", false), ("n2", false)]);
    assert_eq!(answers[0]["error"]["code"], "not_found", "{answers:?}");

    // The setting holds until the configuration is read again.
    let answers =
        ask(&operator, "log_level", &json!({"level": "info,beds_runtime=debug", "node": "n1"})).await;
    assert_eq!(answers[0]["data"]["now"], "info,beds_runtime=debug");
    let log = all[0].log().len();
    operator.execute(Request::raw("country.fetch", r#"{"key": "XX"}"#)).await.unwrap_err();
    eventually_async("all is told", async || {
        let _ = operator.execute(Request::raw("country.fetch", r#"{"key": "XX"}"#)).await;
        all[0].log()[log..].contains("DEBUG beds_runtime")
    })
    .await;
    let answers = ask(&operator, "reload", &json!({})).await;
    let changed = answers[0]["data"]["changed"].to_string();
    assert!(changed.contains("logging.level") && changed.contains("brokers.app_server.r"), "{answers:?}");
    blocking(|| eventually("as configured", || consumers(stack, READS) == 12)).await;
    blocking(move || {
        std::fs::write(all[0].config().join("beds.toml"), "[brokers.app_server.r]\ninstances = 0").unwrap();
    })
    .await;
    let answers = ask(&operator, "reload", &json!({"node": "n1"})).await;
    assert!(answers[0]["error"]["message"].as_str().unwrap().contains("instances is 0"), "{answers:?}");

    // A comparison with the current databases.
    let errors = async || {
        let answers = ask(&operator, "verify", &json!({"node": "n2"})).await;
        assert_eq!(who(&answers), [("n2", true), ("n2", true)]);
        println!("{}", answers[0]);
        (answers[0]["data"]["errors"].clone(), answers[0]["data"]["findings"].to_string())
    };
    assert_eq!(errors().await.0, 0);
    blocking(|| stack.mariadb_query(Some("catalog"), "drop procedure sp_country_rename").unwrap()).await;
    let (count, findings) = errors().await;
    assert!(count == 1 && findings.contains("sp_country_rename"), "{findings}");

    // The shell gives its user, and its exit code follows the answers of the nodes.
    let run = async |arguments: &'static [&'static str]| {
        let ended = blocking(|| Beds::new(arguments).on(stack).run()).await;
        println!("{arguments:?}: {ended:?}");
        ended
    };
    assert_eq!(run(&["call", "node.call.ping", r#"{"args": {"node": "n2"}}"#]).await.code, Some(0));
    let table = run(&["fleet"]).await;
    assert_eq!((table.code, table.stdout.lines().count()), (Some(0), 4));
    // Each node's change to `serving` is a heartbeat, so that no node has to be waited for.
    let mut health = None;
    eventually_async("all nodes are known as they are", async || {
        let told = health.insert(run(&["fleet", "health"]).await);
        told.stdout.contains("  3 nodes") && !told.stdout.contains("node_not_serving")
    })
    .await;
    let health = health.unwrap();
    let is_healthy = health.stdout.starts_with("healthy  ");
    assert_eq!(health.code, Some(i32::from(!is_healthy)), "{health:?}");
    assert!(is_healthy || health.stdout.starts_with("degraded  "), "{health:?}");
    let health = run(&["fleet", "health", "--json"]).await;
    assert!(health.stdout.contains("\"verdict\": "), "{health:?}");
    assert_eq!(run(&["fleet", "health", "--node", "n1"]).await.code, Some(2));
    let json = run(&["fleet", "drain", "--node", "n2", "--json"]).await;
    let answers: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, who(&answers)), (Some(0), vec![("n2", true), ("n2", true)]));
    let scaled = run(&["fleet", "scale", "app_server", "r", "2", "--prefetch", "5", "--node", "n1"]).await;
    assert!(scaled.code == Some(0) && scaled.stdout.contains("\"instances\":2"), "{scaled:?}");
    assert_eq!(run(&["fleet", "scale", "admin", "in", "2", "--node", "n2"]).await.code, Some(1));
    let unknown = run(&["fleet", "resume", "--node", "n9"]).await;
    assert!(unknown.code == Some(1) && unknown.stderr.contains("did you mean `n"), "{unknown:?}");
    assert_eq!(run(&["fleet", "ping", "--service", "admim"]).await.code, Some(2));

    for node in all {
        assert!(
            !node.log().contains("the node is not told of closed sessions"),
            "by their rights they hear events: {}",
            node.log()
        );
    }
    end(all, stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_drains_under_load_fails_no_request_and_resumes() {
    let stack = servers().await;
    let all = nodes(stack, &[("stays", "app_server,admin"), ("drains", "app_server,admin")]).await;
    let operator = client(stack).await;
    let (is_over, done, mut load) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), tokio::task::JoinSet::new());
    for worker in 0..8 {
        let (client, is_over, done) = (operator.clone(), Arc::clone(&is_over), Arc::clone(&done));
        load.spawn(async move {
            let (mut number, mut failed) = (0, Vec::new());
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                let record = json!({"code": format!("{worker}-{number}"), "series": "drained"});
                for request in
                    [Request::create("sample_row", &record), Request::raw("sample_row.count", "{}")]
                {
                    if let Err(error) = client.execute(request).await {
                        failed.push(error.to_string());
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
            (number, failed)
        });
    }
    let goes_on = async || {
        let goal = done.load(Ordering::Relaxed) + 200;
        eventually_async("requests are answered", async || done.load(Ordering::Relaxed) >= goal).await;
    };
    let state = async || ask(&operator, "ping", &json!({"node": "drains"})).await[0]["data"]["state"].clone();
    for _ in 0..3 {
        goes_on().await;
        let answers = ask(&operator, "drain", &json!({"node": "drains"})).await;
        assert_eq!(who(&answers), [("drains", true)]);
        eventually_async("it has drained", async || state().await == "drained").await;
        assert_eq!(blocking(|| consumers(stack, READS)).await, 4);
        // The node is up, and says why it does not serve.
        let ready = all[1].get("/ready");
        assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("drained by command"), "{ready}");
        assert!(all[1].get("/live").starts_with("HTTP/1.1 200"));
        goes_on().await;
        ask(&operator, "resume", &json!({"node": "drains"})).await;
        eventually_async("it serves again", async || state().await == "serving").await;
        assert!(all[1].is_ready());
        assert_eq!(blocking(|| consumers(stack, READS)).await, 8);
    }
    // All nodes drain at once. They still get commands, and requests that came meanwhile are answered later.
    ask(&operator, "drain", &json!({})).await;
    eventually_async("it has drained", async || state().await == "drained").await;
    tokio::time::timeout(Duration::from_secs(20), ask(&operator, "resume", &json!({}))).await.unwrap();
    goes_on().await;
    is_over.store(true, Ordering::Relaxed);
    let mut created = 0;
    while let Some(worker) = load.join_next().await {
        let (number, failed) = worker.unwrap();
        assert_eq!(failed, [""; 0]);
        created += number;
    }
    let count = "select count(*) from sample where series = 'drained'";
    let stored = blocking(move || stack.mariadb_query(Some("catalog"), count).unwrap()).await;
    assert_eq!(stored.trim().parse(), Ok(created), "each create once");

    // A drained node ends like any other.
    ask(&operator, "drain", &json!({"node": "drains"})).await;
    end([&all[1], &all[0]], stack).await;
}
