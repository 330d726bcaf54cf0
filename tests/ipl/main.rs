//! Configuration and initial program load: a mistake is reported at its place, with its own exit code, and without a
//! password. A correct configuration comes up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;
mod filesystem;
mod logins;
mod refused;
mod secrets;
mod starts;

use beds_client::{Client, ClientError, Request};
use beds_protocol::{ErrorCode, Operation};
use common::{
    Beds, Site, blocking, end_servers, eventually, eventually_async, shared, spawn_node, stack, start_node,
    unique,
};
use serde_json::{Value, json};

/// Variables that are complete except for servers that answer: nobody listens on port 1.
pub(crate) const NOWHERE: [(&str, &str); 8] = [
    ("BEDS__AMQP__URL", "amqp://guest:guest@127.0.0.1:1/%2f"),
    ("BEDS__MARIADB__CATALOG__URL", "mysql://beds@127.0.0.1:1/catalog"),
    ("BEDS__MONGODB__LOGS__URL", "mongodb://127.0.0.1:1/?directConnection=true"),
    ("BEDS__MONGODB__JOURNAL__URL", "mongodb://127.0.0.1:1/?directConnection=true"),
    ("BEDS__NODE__IPL_TIMEOUT_MS", "1000"),
    ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "1000"),
    ("BEDS__MARIADB__JOBS__URL", "mysql://beds@127.0.0.1:1/jobs"),
    ("BEDS__MARIADB__WAREHOUSE__URL", "mysql://beds@127.0.0.1:1/warehouse"),
];

#[test]
fn variables_override_the_environments_file_and_that_the_common_one() {
    let url = |host: &str| format!("[amqp]\nurl = \"amqp://{host}:1/%2f\"\n");
    let run = |environment: &[(&str, &str)]| {
        let beds = Beds::new(&["check"]).env(&NOWHERE[1..]).env(environment);
        let beds = beds.file("beds.toml", &url("127.0.0.1")).file("env_qa.toml", &url("127.0.0.2"));
        let ended = beds.file("env_prod.toml", "[node]\nname = \"p\"\n").run();
        assert_eq!(ended.code, Some(12), "{ended:?}");
        ended.stdout
    };
    let none: &[(&str, &str)] = &[];
    let cases = [
        (none, "dev", "127.0.0.1"),
        (&[("BEDS_ENV", "prod")], "prod", "127.0.0.1"),
        (&[("BEDS_ENV", "qa")], "qa", "127.0.0.2"),
        (&[("BEDS_ENV", "qa"), ("BEDS__AMQP__URL", "amqp://127.0.0.3:1/%2f")], "qa", "127.0.0.3"),
    ];
    for (variables, environment, host) in cases {
        let printed = run(variables);
        assert!(printed.starts_with(&format!("environment {environment}: ")), "{printed}");
        assert!(printed.contains(&format!("RabbitMQ at amqp://{host}:1/%2f: ")), "{variables:?}: {printed}");
    }
    // A mistake in an unused file does not matter; in a used file it does.
    let beds = |environment| {
        let beds = Beds::new(&["check"]).env(&NOWHERE).env(&[("BEDS_ENV", environment)]);
        beds.file("env_qa.toml", "[node]\nnam = 1\n").run()
    };
    assert_eq!(beds("dev").code, Some(12));
    let refused = beds("qa");
    assert_eq!(refused.code, Some(10));
    assert!(
        refused.stderr.contains("env_qa.toml: line 2, column 1: node.nam: unknown key `nam`"),
        "{refused:?}"
    );
}

/// Names in environment variables lose their case. The names in templates and files may need it.
#[test]
fn the_case_of_a_databases_name_is_of_no_account() {
    let file =
        "[amqp]\nurl = \"amqp://127.0.0.1:1/%2f\"\n[mariadb.CataLog]\nurl = \"mysql://u@127.0.0.1:1/one\"\n";
    let run = |environment: &[(&str, &str)]| {
        Beds::new(&["check"]).env(&NOWHERE[2..]).env(environment).file("beds.toml", file).run().stdout
    };
    let printed = run(&[]);
    assert!(printed.contains("MariaDB `catalog` at mysql://u@127.0.0.1:1/one"), "{printed}");
    let printed = run(&[("BEDS__MARIADB__catalog__URL", "mysql://u@127.0.0.1:1/two")]);
    assert!(printed.contains("MariaDB `catalog` at mysql://u@127.0.0.1:1/two"), "{printed}");
}

/// A section that no template needs is probably meant for another name.
#[test]
fn a_section_that_nothing_uses_is_warned_of() {
    let file = "[mariadb.spare]\nurl = \"mysql://u@127.0.0.1:1/spare\"\n\
        [mariadb.logs]\nurl = \"mysql://u@127.0.0.1:1/logs\"\n\
        [mongodb.jurnal]\nurl = \"mongodb://127.0.0.1:1\"\n\
        [brokers.app_server.r]\ninstances = 1\n[brokers.segundo.wh]\ninstances = 1\n";
    let warnings = |left_out: usize| {
        let variables: Vec<_> = NOWHERE
            .into_iter()
            .enumerate()
            .filter(|(index, _)| *index != left_out)
            .map(|(_, one)| one)
            .collect();
        let ended = Beds::new(&["check"]).env(&variables).file("beds.toml", file).run();
        let lines = [ended.stdout.lines(), ended.stderr.lines()].into_iter().flatten();
        lines.filter(|line| line.contains("is the section of ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let of = "is the section of a database that no template names";
    assert_eq!(
        warnings(usize::MAX),
        [
            format!("warning [mariadb.logs] {of}; templates have this database with the engine mongodb"),
            format!("warning [mariadb.spare] {of}; remove it"),
            format!("warning [mongodb.jurnal] {of}; remove it"),
            "warning [brokers.segundo.wh] is the section of a service that this node does not host; add \"segundo\" to \
             node.services, or remove the section"
                .to_owned(),
        ]
    );
    assert!(warnings(3).is_empty(), "what is missing says what it may be");
}

/// The lines of a check, without the durations.
fn lines(printed: &str) -> Vec<String> {
    let line = |line: &str| match line.split_once(" ms  ") {
        Some((outcome, rest)) => format!("{} {rest}", outcome.split_whitespace().next().unwrap()),
        None => line.to_owned(),
    };
    printed.lines().map(line).collect()
}

#[tokio::test]
async fn a_check_says_what_each_server_answers() {
    let site = shared().await;
    let (amqp, mariadb, mongodb) =
        (site.stack.amqp_url(), site.stack.mariadb_url(), site.stack.mongodb_url());
    let shown = amqp.replace("guest:guest", "guest:***");
    let documents = mongodb.split('?').next().unwrap().to_owned();
    let check = |beds: Beds| beds.env(&[("BEDS__NODE__SERVICES", "app_server,admin")]).run();

    let good = check(Beds::new(&["check"]).on(&site.stack));
    assert_eq!(good.code, Some(0), "{good:?}");
    // There are also sections for the servers of other tests' templates.
    let is_check = |line: &String| !line.starts_with("warning ");
    let found: Vec<String> = lines(&good.stdout).into_iter().filter(is_check).collect();
    assert!(found[0].starts_with("environment dev: ") && found[0].ends_with(" domains hosted"), "{found:?}");
    assert_eq!(found[1], format!("ok RabbitMQ at {shown}: answers"));
    let engine = |what: &str| {
        found.iter().find(|line| line.starts_with(what)).unwrap_or_else(|| panic!("{what}: {found:?}"))
    };
    assert!(
        engine("ok MariaDB `catalog`")
            .starts_with(&format!("ok MariaDB `catalog` at {mariadb}/catalog: 10."))
    );
    for name in ["journal", "logs"] {
        let answer = format!("ok MongoDB `{name}` at {documents}: ");
        assert!(engine(&format!("ok MongoDB `{name}`")).starts_with(&answer), "{found:?}");
    }
    assert_eq!(found.last().unwrap(), "a node can start here");

    // One bad address in each case.
    let cases = [
        (
            "BEDS__AMQP__URL",
            "amqp://guest:guest@127.0.0.1:1/%2f",
            12,
            "FAILED RabbitMQ at amqp://guest:***@127.0.0.1:1/%2f: ",
        ),
        (
            "BEDS__MARIADB__CATALOG__URL",
            "mysql://root@127.0.0.1:1/catalog",
            13,
            "FAILED MariaDB `catalog` at mysql://root@127.0.0.1:1/catalog: ",
        ),
        (
            "BEDS__MONGODB__LOGS__URL",
            "mongodb://127.0.0.1:1/?directConnection=true",
            14,
            "FAILED MongoDB `logs` at mongodb://127.0.0.1:1/: ",
        ),
    ];
    for (variable, url, code, said) in cases {
        let timeout = ("BEDS__NODE__IPL_TIMEOUT_MS", "4000");
        let bad = check(Beds::new(&["check"]).on(&site.stack).env(&[(variable, url), timeout]));
        assert_eq!(bad.code, Some(code), "{bad:?}");
        let found = lines(&bad.stdout);
        assert_eq!(found.iter().filter(|line| line.starts_with("FAILED")).count(), 1, "{found:?}");
        assert!(found.iter().any(|line| line.starts_with(said)), "{found:?}");
        assert!(
            found.last().unwrap().starts_with("1 of ") && found.last().unwrap().ends_with(" checks failed"),
            "{found:?}"
        );
    }
    // A missing schema, and a refused user.
    for (url, said) in [
        (format!("{mariadb}/nowhere"), "Unknown database 'nowhere'"),
        (mariadb.replace("root@", "nobody:secret@") + "/catalog", "Access denied for user 'nobody'"),
    ] {
        let bad = check(Beds::new(&["check"]).on(&site.stack).env(&[("BEDS__MARIADB__CATALOG__URL", &url)]));
        assert_eq!(bad.code, Some(13), "{bad:?}");
        assert!(bad.stdout.contains(said) && !bad.stdout.contains("secret"), "{bad:?}");
    }
}

#[tokio::test]
async fn outside_of_dev_a_server_that_does_not_answer_ends_the_node() {
    let site = shared().await;
    let cases = [
        (
            "BEDS__AMQP__URL",
            "amqp://guest:guest@127.0.0.1:1/%2f",
            12,
            "RabbitMQ: RabbitMQ at amqp://guest:***@127.0.0.1:1/%2f: ",
        ),
        (
            "BEDS__MARIADB__CATALOG__URL",
            "mysql://root@127.0.0.1:1/catalog",
            13,
            "MariaDB: MariaDB `catalog` at mysql://root@127.0.0.1:1/catalog: ",
        ),
        (
            "BEDS__MONGODB__JOURNAL__URL",
            "mongodb://127.0.0.1:1/?directConnection=true",
            14,
            "MongoDB: MongoDB `journal` at mongodb://127.0.0.1:1/: ",
        ),
    ];
    for environment in ["qa", "prod"] {
        for (variable, url, code, said) in cases {
            let variables =
                [("BEDS_ENV", environment), (variable, url), ("BEDS__NODE__IPL_TIMEOUT_MS", "4000")];
            let ended = Beds::new(&["node"]).on(&site.stack).env(&variables).run();
            assert_eq!(ended.code, Some(code), "{ended:?}");
            // Besides the log, one line has the reason. It is the last line.
            let own: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("beds: ")).collect();
            let [line] = own.as_slice() else { panic!("{ended:?}") };
            assert!(line.starts_with(&format!("beds: {said}")), "{line}");
            assert!(
                line.ends_with("; start the server, or correct its address in config/ or in the environment"),
                "{line}"
            );
            assert_eq!(ended.stderr.lines().last(), Some(*line), "{ended:?}");
        }
    }
}

/// A site's servers, for a test that stops some of them.
async fn own_stack() -> &'static beds_devstack::Stack {
    blocking(|| &*Box::leak(Box::new(stack()))).await
}

async fn code(client: &Client, template: &str) -> Option<ErrorCode> {
    let request =
        Request::new(template, Operation::Count, &json!({})).timeout(std::time::Duration::from_secs(12));
    match client.execute(request).await {
        Ok(_) => None,
        Err(ClientError::Refused(error)) => Some(error.code),
        Err(other) => panic!("{template}: {other}"),
    }
}

#[tokio::test]
async fn in_dev_a_node_goes_on_without_a_server() {
    let stack = own_stack().await;
    // Without one database, the node serves the others, and that one as soon as it is available.
    blocking(|| stack.mariadb().stop().unwrap()).await;
    let timeouts = [
        ("BEDS__NODE__IPL_TIMEOUT_MS", "1000"),
        ("BEDS__LIMITS__REQUEST_TIMEOUT_MAX_MS", "5000"),
        ("BEDS__LIMITS__REQUEST_TIMEOUT_MS", "5000"),
    ];
    let node = blocking(move || start_node(stack, &timeouts)).await;
    let client = Client::builder(stack.amqp_url()).connect().await.unwrap();
    assert_eq!(code(&client, "sample_document").await, None);
    assert_eq!(code(&client, "sample_row").await, Some(ErrorCode::Unavailable));
    assert!(node.log().contains("start the server, or correct its address"), "{}", node.log());
    blocking(|| stack.mariadb().start().unwrap()).await;
    eventually_async("MariaDB is served", async || code(&client, "sample_row").await.is_none()).await;
    client.close().await;
    blocking(move || drop(node)).await;

    // Without the bus, the node waits: it is live and not ready.
    blocking(|| stack.rabbitmq().stop().unwrap()).await;
    blocking(move || {
        let node = spawn_node(stack, &timeouts);
        eventually("it tells that it is not ready", || node.get("/ready").starts_with("HTTP/1.1 503"));
        assert!(node.get("/live").starts_with("HTTP/1.1 200"));
        stack.rabbitmq().start().unwrap();
        node.await_ready().unwrap();
        drop(node);
        // Without configuration of its database, a template is not offered.
        let elsewhere = start_node(
            stack,
            &[
                ("BEDS__MARIADB__CATALOG__URL", "mysql://root@127.0.0.1:1/x"),
                ("BEDS__NODE__IPL_TIMEOUT_MS", "500"),
            ],
        );
        assert!(elsewhere.is_ready());
        drop(elsewhere);
        end_servers(stack);
    })
    .await;
}

#[tokio::test]
async fn reads_go_to_the_replicas_that_answer_and_writes_to_the_primary() {
    let stack = own_stack().await;
    // One server acts as both: the primary's user may only run procedures, and the replica's user may only read. The
    // second replica is missing.
    let users = "create user primary_only; grant execute on catalog.* to primary_only; \
                 create user replica_only; grant select on catalog.* to replica_only; \
                 grant execute on procedure catalog.sp_country_summary to replica_only; \
                 grant execute on procedure catalog.sp_example_by_status to replica_only; \
                 grant execute on function catalog.fn_subdivision_count to replica_only; \
                 grant execute on function catalog.fn_example_stock_value to replica_only";
    blocking(|| stack.mariadb_query(None, users).unwrap()).await;
    let url = |user: &str| stack.mariadb_url().replace("root", user) + "/catalog";
    let (primary, replica) = (url("primary_only"), url("replica_only"));
    let lost = "mysql://replica_only@127.0.0.1:1/catalog";
    let both = format!("{replica},{lost}");

    let check = |replicas: &str| {
        Beds::new(&["check"]).on(stack).env(&[("BEDS__MARIADB__CATALOG__READ_URLS", replicas)]).run()
    };
    let good = check(&both);
    assert_eq!(good.code, Some(0), "{good:?}");
    let said = format!("ok MariaDB `catalog`, replicas for reads: 1 of 2 answer: {replica}: 10.");
    let found = lines(&good.stdout);
    assert!(
        found.iter().any(|line| line.starts_with(&said) && line.contains(&format!("; {lost} FAILED: "))),
        "{found:?}"
    );
    let unreachable = check(lost);
    assert_eq!(unreachable.code, Some(13), "{unreachable:?}");
    assert!(unreachable.stdout.contains("replicas for reads: 0 of 1 answer"), "{unreachable:?}");

    let variables = [
        ("BEDS__MARIADB__CATALOG__URL", primary.as_str()),
        ("BEDS__MARIADB__CATALOG__READ_URLS", &both),
        // Verification inspects the primary, whose user may not read.
        ("BEDS__NODE__SERVE_UNVERIFIED", "true"),
    ];
    let node = start_node(stack, &variables);
    let client = Client::builder(stack.amqp_url()).connect().await.unwrap();
    let row = json!({"data": {"code": "R1", "series": "replicas"}});
    client.request("sample_row", Operation::Create, &row).await.unwrap();
    for _ in 0..20 {
        assert_eq!(code(&client, "sample_row").await, None, "{}", node.log());
    }
    client.close().await;
    blocking(move || drop(node)).await;
    end_servers(stack);
}

#[tokio::test]
async fn beds_call_prints_the_reply_and_tells_by_its_code() {
    let site = shared().await;
    let call = |arguments: &[&str]| Beds::new(&[&["call"], arguments].concat()).on(&site.stack).run();
    let good = call(&["sample_row.count", r#"{"where": {"series": "none"}}"#]);
    let reply: Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!((good.code, reply), (Some(0), json!({"ok": true, "count": 0})), "{good:?}");
    assert_eq!(good.stdout.lines().count(), 4, "one member a line: {good:?}");
    let raw = call(&["--raw", "sample_row.count", r#"{"where": {"series": "none"}}"#]);
    assert_eq!((raw.code, raw.stdout.as_str()), (Some(0), "{\"ok\":true,\"count\":0}\n"), "{raw:?}");
    let refused = call(&["sample_row.fetch", r#"{"key": 1}"#]);
    let reply: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(
        (refused.code, &reply["error"]["code"]),
        (Some(1), &json!("validation_failed")),
        "{refused:?}"
    );
    let returned = call(&["nothing.fetch"]);
    assert_eq!((returned.code, returned.stdout.as_str()), (Some(2), ""), "{returned:?}");
    assert!(returned.stderr.starts_with("beds call: no running node serves `nothing.fetch`"), "{returned:?}");
    let nowhere = call(&["note.count", "--url", "amqp://127.0.0.1:1"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
    assert!(
        nowhere.stderr.starts_with("beds call: no connection to RabbitMQ: cannot reach 127.0.0.1:"),
        "{nowhere:?}"
    );
}

#[tokio::test]
async fn a_nodes_events_arrive_in_the_logger() {
    let name = unique("node");
    let site: &'static Site = {
        let name = name.clone();
        let start = move || {
            &*Box::leak(Box::new(Site::with(&[
                ("BEDS__NODE__NAME", &name),
                ("BEDS__NODE__SERVICES", "app_server,admin"),
                ("BEDS__LIMITS__REQUEST_TIMEOUT_MS", "5000"),
                ("BEDS__LIMITS__REQUEST_TIMEOUT_MAX_MS", "5000"),
            ])))
        };
        blocking(start).await
    };
    let client = site.client().await;
    let events = async |filter: Value| -> Vec<Value> {
        let reply =
            client.request("logger", Operation::Fetch, &json!({"where": filter, "sort": ["at"]})).await;
        reply.unwrap().data.unwrap().as_array().unwrap().clone()
    };
    // Messages from before the connection arrive as well, in order.
    let mut found = Vec::new();
    eventually_async("the node's first events arrive", async || {
        found = events(json!({ "node": name })).await;
        // Messages are processed side by side, so the last one may be stored first.
        ["starting", "ready"].iter().all(|said| found.iter().any(|event| event["message"] == **said))
    })
    .await;
    assert_eq!(found[0]["message"], "starting", "{found:?}");
    assert_eq!(found[0]["fields"]["environment"], "dev", "{found:?}");
    for event in &found {
        assert_eq!((&event["node"], &event["span"]), (&json!(name), &Value::Null), "{event}");
        assert!(event["target"].as_str().unwrap().starts_with("beds_"), "{event}");
    }
    // An event of a request can be found by the request's id.
    blocking(move || site.stack.mariadb().kill().unwrap()).await;
    let error = client.request("sample_row", Operation::Count, &json!({})).await.unwrap_err();
    let ClientError::Refused(error) = error else { panic!("{error}") };
    assert_eq!(error.code, ErrorCode::Unavailable);
    let filter = json!({"request_id": error.request_id, "level": "warn"});
    let mut found = Vec::new();
    eventually_async("the request's event arrives", async || {
        found = events(filter.clone()).await;
        found.iter().any(|event| event["message"].as_str().unwrap().contains("unavailable"))
    })
    .await;
    // Log events stay: there is no operation that changes or removes them.
    for operation in [Operation::Update, Operation::Delete] {
        let result = client.request("logger", operation, &json!({"key": found[0]["id"]})).await;
        assert!(matches!(result, Err(ClientError::Unroutable { .. })), "{result:?}");
    }
    // Nodes can store their events even if no client may write.
    let closed = blocking(move || {
        site.node.terminate();
        site.node.await_end().unwrap();
        let variables = [
            ("BEDS__NODE__NAME", "closed"),
            ("BEDS__NODE__SERVICES", "admin"),
            ("BEDS__ACCESS__DEFAULT", "deny"),
        ];
        start_node(&site.stack, &variables)
    })
    .await;
    let logs = mongodb::Client::with_uri_str(site.stack.mongodb_url()).await.unwrap();
    let logs = logs.database("logs").collection::<mongodb::bson::Document>("msLogs");
    eventually_async("the closed node's events arrive", async || {
        let ready = mongodb::bson::doc! { "node": "closed", "message": "ready" };
        logs.count_documents(ready).await.unwrap() > 0
    })
    .await;
    let forged = client.request("logger", Operation::Fetch, &json!({})).await.unwrap_err();
    let ClientError::Refused(forged) = forged else { panic!("{forged}") };
    assert_eq!(forged.code, ErrorCode::Unauthenticated, "{}", forged.message);
    blocking(move || {
        closed.terminate();
        closed.await_end().unwrap();
        end_servers(&site.stack);
    })
    .await;
}
