//! A server with the schema, and requests to it without a bus.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use beds_core::{
    Context, Outcome, Runner, operation,
    plan::{Bounds, Plan},
    settings::{Limits, SecretUrl, Urls},
    spec::Domain,
};
use beds_devstack::Stack;
use beds_mariadb::{Database, MariaDb};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::Value as Json;

/// Nobody drops it: the stack's watchdog ends it with the program.
static STACK: LazyLock<Stack> = LazyLock::new(|| {
    let stack =
        Stack::builder().mariadb().ignore_environment().start().unwrap_or_else(|error| panic!("{error}"));
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/values/schema.sql");
    for database in ["odd", "random", "plans", "kept", "indexed", "collated", "prefixed", "wide"] {
        stack.mariadb_query(None, &format!("create database {database}")).unwrap();
        stack.mariadb_exec(Some(database), &schema).unwrap_or_else(|error| panic!("{error}"));
    }
    stack
});

/// A database of the server, for one test.
pub(crate) struct Site {
    name: &'static str,
    database: Arc<Database>,
}

impl Site {
    pub(crate) async fn new(name: &'static str) -> Self {
        let url = tokio::task::spawn_blocking(|| STACK.mariadb_url()).await.unwrap();
        let config = MariaDb {
            url: Urls(vec![SecretUrl::new(format!("{url}/{name}"))]),
            // What is asked for together waits together.
            read_connections: 1,
            write_connections: 1,
            ..MariaDb::default()
        };
        Self { name, database: Arc::new(Database::open(name, &config, beds_core::settings::Room::default())) }
    }

    /// Rows, as lines with tabs.
    pub(crate) async fn sql(&self, sql: &str) -> String {
        let (name, sql) = (self.name, sql.to_owned());
        let query = move || STACK.mariadb_query(Some(name), &sql);
        tokio::task::spawn_blocking(query).await.unwrap().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The reply to a request.
    pub(crate) async fn ask(&self, domain: &'static Domain, operation: &str, body: Json) -> Json {
        serde_json::from_str(&self.ask_for_text(domain, operation, body).await).unwrap()
    }

    /// The same as it is sent.
    pub(crate) async fn ask_for_text(&self, domain: &'static Domain, operation: &str, body: Json) -> String {
        let cx = Context {
            runner: Arc::new(Bare(Arc::clone(&self.database))),
            limits: Arc::new(Limits::default()),
            deadline: Instant::now() + Duration::from_mins(1),
            asker: beds_core::plan::Asker::default(),
            request_id: "test".into(),
            traceparent: None,
            claims: None,
            positions: Arc::default(),
            extensions: Arc::default(),
            standing: beds_core::access::Standing::default(),
            stages: Arc::default(),
        };
        let work = match operation {
            "fetch" => operation::fetch(&cx, domain, serde_json::from_value(body).unwrap()),
            "count" => operation::count(&cx, domain, serde_json::from_value(body).unwrap()),
            "create" => operation::create(&cx, domain, serde_json::from_value(body).unwrap()),
            "update" => operation::update(&cx, domain, serde_json::from_value(body).unwrap()),
            "upsert" => operation::upsert(&cx, domain, serde_json::from_value(body).unwrap()),
            "delete" => operation::delete(&cx, domain, serde_json::from_value(body).unwrap()),
            call => {
                let name = call.strip_prefix("call.").unwrap();
                let call = domain.calls.iter().find(|call| call.name == name).unwrap();
                operation::call(&cx, domain, call, serde_json::from_value(body).unwrap())
            }
        };
        let bytes = match cx.run(work).await {
            Ok(outcome) => outcome.encode(),
            Err(error) => error.into_reply("test"),
        };
        String::from_utf8(bytes).unwrap()
    }

    /// The values of a field in the order of pages of this size.
    pub(crate) async fn walk(
        &self,
        domain: &'static Domain,
        mut body: Json,
        limit: usize,
        field: &str,
    ) -> Vec<Vec<Json>> {
        const PAGES_MAX: usize = 400;
        body["limit"] = limit.into();
        let mut pages = Vec::new();
        loop {
            let reply = self.ask(domain, "fetch", body.clone()).await;
            assert_eq!(reply["ok"], true, "{body}: {reply}");
            pages
                .push(reply["data"].as_array().unwrap().iter().map(|record| record[field].clone()).collect());
            let Some(next) = reply.get("next") else { return pages };
            assert!(pages.len() < PAGES_MAX, "{body}: pages without end");
            body["after"] = next.clone();
        }
    }
}

/// Runs plans on one database.
#[derive(Debug)]
struct Bare(Arc<Database>);

impl Runner for Bare {
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, beds_core::Result<Outcome>> {
        self.0.run(plan, bounds).boxed()
    }
}
