//! Configuration and initial program load: what is wrong is said at its place, with an exit code of its own, and
//! without a password; what is right comes up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use std::fs;

use beds_client::{Client, ClientError, Request};
use beds_devstack::free_port;
use beds_protocol::{ErrorCode, Operation};
use common::{
    Beds, Site, blocking, end_servers, eventually, eventually_async, shared, spawn_node, stack, start_node,
    unique,
};
use serde_json::{Value, json};

/// A password that is found wherever it is printed, and how a URL writes it.
const PASSWORD: &str = "S3cr3t+pass/word";
const ENCODED: &str = "S3cr3t%2Bpass%2Fword";

/// Variables that leave nothing to be wished for but servers that answer: nobody listens on port 1.
const NOWHERE: [(&str, &str); 6] = [
    ("BEDS__AMQP__URL", "amqp://guest:guest@127.0.0.1:1/%2f"),
    ("BEDS__MARIADB__CATALOG__URL", "mysql://beds@127.0.0.1:1/catalog"),
    ("BEDS__MONGODB__LOGS__URL", "mongodb://127.0.0.1:1/?directConnection=true"),
    ("BEDS__MONGODB__JOURNAL__URL", "mongodb://127.0.0.1:1/?directConnection=true"),
    ("BEDS__NODE__IPL_TIMEOUT_MS", "1000"),
    ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "1000"),
];

/// A configuration that is refused: the file, variables, and what is said.
struct Refused {
    name: &'static str,
    file: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// All of these stand in the message; `{file}` is the place of beds.toml.
    said: &'static [&'static str],
}

const fn in_file(name: &'static str, file: &'static str, said: &'static [&'static str]) -> Refused {
    Refused { name, file, variables: &[], said }
}

const fn in_variable(
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    said: &'static [&'static str],
) -> Refused {
    Refused { name, file: "", variables, said }
}

const REFUSED: &[Refused] = &[
    in_file(
        "an unknown key",
        "[node]\nname = \"a\"\nservice = [\"admin\"]\n",
        &[
            "{file}: TOML parse error at line 3, column 1",
            "3 | service = [\"admin\"]",
            "^^^^^^^",
            "unknown field `service`, expected one of `name`, `services`, ",
        ],
    ),
    in_file("an unknown section", "[nodes]\n", &["{file}:", "line 1, column 2", "unknown field `nodes`"]),
    in_file(
        "an unknown key of a server",
        "[mariadb.catalog]\nurl = \"mysql://h/c\"\npool = 3\n",
        &["{file}:", "line 3, column 1", "unknown field `pool`"],
    ),
    in_file(
        "a wrong type",
        "[brokers.app_server.r]\nprefetch = \"many\"\n",
        &[
            "{file}:",
            "line 2, column 12",
            "2 | prefetch = \"many\"",
            "invalid type: string \"many\", expected u16",
        ],
    ),
    in_file(
        "a negative number",
        "[amqp]\nconfirm_timeout_ms = -1\n",
        &["{file}:", "line 2, column 22", "invalid value: integer `-1`, expected u32"],
    ),
    in_file(
        "a number too large",
        "[brokers.app_server.r]\ninstances = 70000\n",
        &["{file}:", "line 2, column 13", "invalid value: integer `70000`, expected u16"],
    ),
    in_file("no TOML", "[node\nname = 1\n", &["{file}:", "line 1, column 6"]),
    in_file(
        "a key that stands twice",
        "[node]\nname = \"a\"\nname = \"b\"\n",
        &["{file}:", "line 3, column 1", "duplicate key"],
    ),
    in_file(
        "an unknown service",
        "[node]\nservices = [\"app_server\", \"web\"]\n",
        &[
            "{file}:",
            "line 2, column 27",
            "unknown variant `web`, expected one of `app_server`, `admin`, `segundo`, `tercero`",
        ],
    ),
    in_file(
        "an address that is none",
        "[node]\nhealth = \"here\"\n",
        &["{file}:", "line 2, column 10", "invalid socket address"],
    ),
    in_file(
        "an unknown broker",
        "[brokers.app_server.x]\ninstances = 1\n",
        &["brokers.app_server.x: this service has no such broker; it has r, w, m"],
    ),
    in_file(
        "a broker of another service",
        "[brokers.admin.r]\n",
        &["brokers.admin.r: this service has no such broker; it has in, out, logs, syslog, graph"],
    ),
    in_file(
        "no instances",
        "[brokers.app_server.r]\ninstances = 0\n",
        &["brokers.app_server.r: instances must be at least 1, and prefetch from 1 to 2000"],
    ),
    in_file(
        "a prefetch too large",
        "[brokers.app_server.w]\nprefetch = 2001\n",
        &["brokers.app_server.w: instances must be at least 1, and prefetch from 1 to 2000"],
    ),
    in_file(
        "a server without an address",
        "[mariadb.other]\nread_connections = 3\n",
        &["mariadb.other.url is missing"],
    ),
    in_file("a document server without an address", "[mongodb.other]\n", &["mongodb.other.url is missing"]),
    in_file(
        "no connections",
        "[mariadb.other]\nurl = \"mysql://h/c\"\nwrite_connections = 0\n",
        &["mariadb.other: read_connections, write_connections and queue_max must be at least 1"],
    ),
    in_file("no services", "[node]\nservices = []\n", &["node.services is empty: name at least one service"]),
    in_file(
        "a password file that is not there",
        "[mariadb.other]\nurl = \"mysql://h/c\"\npass_file = \"/nonexistent/password\"\n",
        &["pass_file /nonexistent/password: No such file or directory"],
    ),
    in_variable(
        "an unknown environment",
        &[("BEDS_ENV", "staging")],
        &["BEDS_ENV is `staging`: it must be dev, qa or prod"],
    ),
    in_variable(
        "an environment in capitals",
        &[("BEDS_ENV", "PROD")],
        &["BEDS_ENV is `PROD`: it must be dev, qa or prod"],
    ),
    in_variable(
        "a variable of a wrong type",
        &[("BEDS__NODE__DRAIN_TIMEOUT_MS", "soon")],
        &["environment variable BEDS__NODE__DRAIN_TIMEOUT_MS:", "invalid type: string \"soon\", expected"],
    ),
    in_variable(
        "an unknown variable",
        &[("BEDS__NODE__NAM", "x")],
        &["BEDS__NODE__NAM", "unknown field `nam`"],
    ),
    in_variable(
        "an unknown section's variable",
        &[("BEDS__NODES__NAME", "x")],
        &["BEDS__NODES", "unknown field `nodes`"],
    ),
    in_variable(
        "a variable out of range",
        &[("BEDS__BROKERS__APP_SERVER__R__PREFETCH", "0")],
        &["brokers.app_server.r: instances must be at least 1, and prefetch from 1 to 2000"],
    ),
    in_variable(
        "an unknown service's variable",
        &[("BEDS__NODE__SERVICES", "app_server,web")],
        &[
            "environment variable BEDS__NODE__SERVICES[1]: ",
            "unknown variant `web`, expected one of `app_server`, `admin`, `segundo`, `tercero`",
        ],
    ),
    in_variable(
        "no heartbeat",
        &[("BEDS__AMQP__HEARTBEAT_S", "0")],
        &["amqp.heartbeat_s must be at least 1"],
    ),
];

#[test]
fn a_configuration_that_is_wrong_is_refused_at_its_place() {
    let mut wrong = Vec::new();
    for case in REFUSED {
        for command in ["check", "node"] {
            let ended =
                Beds::new(&[command]).env(&NOWHERE).env(case.variables).file("beds.toml", case.file).run();
            let file = format!("{}/beds.toml", ended.config);
            let missing: Vec<_> = case
                .said
                .iter()
                .filter(|text| !ended.stderr.contains(&text.replace("{file}", &file)))
                .collect();
            let begins = ended.stderr.starts_with("beds: configuration: ");
            if ended.code != Some(10) || !missing.is_empty() || !begins || !ended.stdout.is_empty() {
                wrong.push(format!("{} ({command}): {missing:?} is missing of {ended:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_address_of_the_bus_is_needed() {
    for command in ["check", "node"] {
        let ended = Beds::new(&[command]).run();
        assert_eq!(ended.code, Some(10));
        let said =
            "beds: configuration: amqp.url is missing: set it in config/beds.toml, or as BEDS__AMQP__URL\n";
        assert_eq!(ended.stderr, said);
    }
}

#[test]
fn a_bad_log_filter_has_a_code_of_its_own() {
    let ended = Beds::new(&["node"]).env(&NOWHERE).env(&[("BEDS__LOGGING__LEVEL", "beds=loud")]).run();
    assert_eq!(ended.code, Some(11), "{ended:?}");
    assert!(ended.stderr.contains("beds: logging: logging.level `beds=loud`: "), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
}

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
        (&[("BEDS_ENV", "")], "dev", "127.0.0.1"),
        (&[("BEDS_ENV", "prod")], "prod", "127.0.0.1"),
        (&[("BEDS_ENV", "qa")], "qa", "127.0.0.2"),
        (&[("BEDS_ENV", "qa"), ("BEDS__AMQP__URL", "amqp://127.0.0.3:1/%2f")], "qa", "127.0.0.3"),
    ];
    for (variables, environment, host) in cases {
        let printed = run(variables);
        assert!(printed.starts_with(&format!("environment {environment}: ")), "{printed}");
        assert!(printed.contains(&format!("RabbitMQ at amqp://{host}:1/%2f: ")), "{variables:?}: {printed}");
    }
    // A mistake in a file that is not used is nobody's business; in one that is, it is.
    let beds = |environment| {
        let beds = Beds::new(&["check"]).env(&NOWHERE).env(&[("BEDS_ENV", environment)]);
        beds.file("env_qa.toml", "[node]\nnam = 1\n").run()
    };
    assert_eq!(beds("dev").code, Some(12));
    let refused = beds("qa");
    assert_eq!(refused.code, Some(10));
    assert!(refused.stderr.contains("env_qa.toml: TOML parse error at line 2, column 1"), "{refused:?}");
}

/// Environment variables lose the case of a name that a template and a file may well have.
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

/// The lines of a check, without how long each took.
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
    let found = lines(&good.stdout);
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

    // One bad address at a time.
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
        let timeout = ("BEDS__NODE__IPL_TIMEOUT_MS", "1500");
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
    // A schema that is not there, a user that is refused.
    for (url, said) in [
        (format!("{mariadb}/nowhere"), "Unknown database 'nowhere'"),
        (mariadb.replace("root@", "nobody:wrong@") + "/catalog", "Access denied for user 'nobody'"),
    ] {
        let bad = check(Beds::new(&["check"]).on(&site.stack).env(&[("BEDS__MARIADB__CATALOG__URL", &url)]));
        assert_eq!(bad.code, Some(13), "{bad:?}");
        assert!(bad.stdout.contains(said) && !bad.stdout.contains("wrong"), "{bad:?}");
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
                [("BEDS_ENV", environment), (variable, url), ("BEDS__NODE__IPL_TIMEOUT_MS", "1500")];
            let ended = Beds::new(&["node"]).on(&site.stack).env(&variables).run();
            assert_eq!(ended.code, Some(code), "{ended:?}");
            // Besides the log, one line says why; it is the last.
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
    // A database that nobody configured.
    let ended = Beds::new(&["node"])
        .env(&[("BEDS_ENV", "prod"), ("BEDS__AMQP__URL", &site.stack.amqp_url())])
        .env(&[("BEDS__MONGODB__JOURNAL__URL", &site.stack.mongodb_url())])
        .run();
    assert_eq!(ended.code, Some(13), "{ended:?}");
    assert!(
        ended.stderr.contains("beds: MariaDB: MariaDB `catalog`: [mariadb.catalog] is not configured; "),
        "{ended:?}"
    );
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
    // Without a database the others are served, and it too as soon as it is there.
    blocking(|| stack.mariadb().stop().unwrap()).await;
    let timeouts = [("BEDS__NODE__IPL_TIMEOUT_MS", "1000"), ("BEDS__LIMITS__REQUEST_TIMEOUT_MAX_MS", "2000")];
    let node = blocking(move || start_node(stack, &timeouts)).await;
    let client = Client::builder(stack.amqp_url()).connect().await.unwrap();
    assert_eq!(code(&client, "sample_document").await, None);
    assert_eq!(code(&client, "sample_row").await, Some(ErrorCode::Unavailable));
    assert!(node.log().contains("start the server, or correct its address"), "{}", node.log());
    blocking(|| stack.mariadb().start().unwrap()).await;
    eventually_async("MariaDB is served", async || code(&client, "sample_row").await.is_none()).await;
    client.close().await;
    blocking(move || drop(node)).await;

    // Without the bus it waits, alive and not ready.
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
    // One server stands for both: the primary's user may only run procedures, the replica's only select. The second
    // replica is not there.
    let users = "create user primary_only; grant execute on catalog.* to primary_only; \
                 create user replica_only; grant select on catalog.* to replica_only";
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
        // Verification looks at the primary, which may not read.
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
async fn a_password_is_shown_to_nobody() {
    let site = shared().await;
    let (amqp, mariadb) = (site.stack.rabbitmq().port().unwrap(), site.stack.mariadb().port().unwrap());
    let closed = free_port().unwrap();
    let user = format!("u{}", &unique("")[1..17]);
    let sql = format!(
        "create user '{user}'@'%' identified by '{PASSWORD}'; grant all on catalog.* to '{user}'@'%'"
    );
    site.stack.mariadb_query(None, &sql).unwrap();
    let with =
        |scheme: &str, port: u16, rest: &str| format!("{scheme}://{user}:{ENCODED}@127.0.0.1:{port}{rest}");
    // Refused, unreachable, malformed, and right.
    let servers = [
        ("BEDS__AMQP__URL", with("amqp", amqp, "/%2f"), Some(12)),
        ("BEDS__AMQP__URL", with("amqp", closed, "/%2f"), Some(12)),
        ("BEDS__AMQP__URL", format!("amqp://{user}:{ENCODED}@127.0.0.1:port/"), Some(12)),
        ("BEDS__AMQP__URL", format!("{user} {PASSWORD}"), Some(12)),
        ("BEDS__MARIADB__CATALOG__URL", with("mysql", mariadb, "/nowhere"), Some(13)),
        ("BEDS__MARIADB__CATALOG__URL", with("mysql", closed, "/catalog"), Some(13)),
        ("BEDS__MARIADB__CATALOG__URL", format!("mysql://{user}:{ENCODED}@127.0.0.1:port/"), Some(13)),
        (
            "BEDS__MARIADB__CATALOG__URL",
            format!("mysql://{user}:{ENCODED}@127.0.0.1:{mariadb}/catalog?no=such"),
            None,
        ),
        ("BEDS__MONGODB__LOGS__URL", with("mongodb", closed, "/?directConnection=true"), Some(14)),
        ("BEDS__MONGODB__LOGS__URL", format!("mongodb://{user}:{ENCODED}@127.0.0.1:port/"), Some(14)),
        (
            "BEDS__MONGODB__LOGS__URL",
            format!("mongodb://{user}:{PASSWORD}@127.0.0.1:{closed}/?no=such"),
            Some(14),
        ),
        ("BEDS__MARIADB__CATALOG__URL", with("mysql", mariadb, "/catalog"), Some(0)),
    ];
    let common = [
        ("BEDS_ENV", "prod"),
        ("BEDS__LOGGING__LEVEL", "debug"),
        ("BEDS__NODE__SERVICES", "app_server,admin"),
        ("BEDS__NODE__IPL_TIMEOUT_MS", "1500"),
        ("BEDS__AMQP__CONNECT_TIMEOUT_MS", "1500"),
    ];
    for (variable, url, code) in &servers {
        for command in ["check", "node"] {
            // A node that comes up would stay.
            if command == "node" && matches!(code, Some(0) | None) {
                continue;
            }
            let ended = Beds::new(&[command]).on(&site.stack).env(&common).env(&[(variable, url)]).run();
            if code.is_some() {
                assert_eq!(ended.code, *code, "{command} {variable}={url}: {ended:?}");
            }
            let printed = format!("{}{}", ended.stdout, ended.stderr);
            assert!(
                !printed.contains(PASSWORD) && !printed.contains(ENCODED),
                "{command} {variable}: {printed}"
            );
        }
    }
    let called = Beds::new(&["call", "note.count", "--url", &with("amqp", amqp, "/%2f")]).run();
    assert_eq!(called.code, Some(2), "{called:?}");
    assert!(
        !format!("{called:?}").contains(PASSWORD) && !format!("{called:?}").contains(ENCODED),
        "{called:?}"
    );

    // A running node, whose password comes from a file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let url = format!("mysql://{user}@127.0.0.1:{mariadb}/catalog");
    let variables = [
        ("BEDS_ENV", "prod"),
        ("BEDS__LOGGING__LEVEL", "debug"),
        ("BEDS__MARIADB__CATALOG__URL", url.as_str()),
        ("BEDS__MARIADB__CATALOG__PASS_FILE", file.to_str().unwrap()),
    ];
    let node = start_node(&site.stack, &variables);
    assert!(
        node.log().contains(&format!("mysql://{user}:***@127.0.0.1:{mariadb}/catalog")),
        "{}",
        node.log()
    );
    assert!(!node.log().contains(PASSWORD) && !node.log().contains(ENCODED), "{}", node.log());
    drop(node);
    fs::write(&file, "another").unwrap();
    let ended = Beds::new(&["check"]).on(&site.stack).env(&variables).run();
    assert_eq!(ended.code, Some(13), "the file's password counts: {ended:?}");
}

#[tokio::test]
async fn a_password_file_serves_the_bus_too() {
    let site = shared().await;
    let url = site.stack.amqp_url().replace("guest:guest@", "guest:wrong@");
    let check = |password: &str| {
        let beds =
            Beds::new(&["check"]).on(&site.stack).env(&[("BEDS__AMQP__URL", &url)]).file("secret", password);
        let file = beds.config().join("secret").display().to_string();
        beds.env(&[("BEDS__AMQP__PASS_FILE", &file)]).run()
    };
    assert_eq!(check("guest\r\n").code, Some(0));
    assert_eq!(check("guest ").code, Some(12), "a space is part of a password");
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
    assert!(nowhere.stderr.starts_with("beds call: cannot connect to RabbitMQ: "), "{nowhere:?}");
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
                ("BEDS__LIMITS__REQUEST_TIMEOUT_MAX_MS", "1000"),
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
    // What the node said before it was connected arrives as well, in order.
    let mut found = Vec::new();
    eventually_async("the node's first events arrive", async || {
        found = events(json!({ "node": name })).await;
        found.iter().any(|event| event["message"] == "ready")
    })
    .await;
    assert_eq!(found[0]["message"], "starting", "{found:?}");
    assert_eq!(found[0]["fields"]["environment"], "dev", "{found:?}");
    for event in &found {
        assert_eq!((&event["node"], &event["span"]), (&json!(name), &Value::Null), "{event}");
        assert!(event["target"].as_str().unwrap().starts_with("beds_"), "{event}");
    }
    // An event of a request is found by its id.
    blocking(move || site.stack.mariadb().kill().unwrap()).await;
    let error = client.request("sample_row", Operation::Count, &json!({})).await.unwrap_err();
    let ClientError::Refused(error) = error else { panic!("{error}") };
    assert_eq!(error.code, ErrorCode::Unavailable);
    let filter = json!({"request_id": error.request_id, "level": "warn"});
    let mut found = Vec::new();
    eventually_async("the request's event arrives", async || {
        found = events(filter.clone()).await;
        !found.is_empty()
    })
    .await;
    assert!(found[0]["message"].as_str().unwrap().contains("unavailable"), "{found:?}");
    // What is logged stays: there is no operation to change or remove it.
    for operation in [Operation::Update, Operation::Delete] {
        let result = client.request("logger", operation, &json!({"key": found[0]["id"]})).await;
        assert!(matches!(result, Err(ClientError::Unroutable { .. })), "{result:?}");
    }
    blocking(move || {
        end_servers(&site.stack);
    })
    .await;
}
