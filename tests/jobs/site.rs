//! Servers with samples in MariaDB, nodes that run jobs, and a client.

use std::{collections::BTreeMap, sync::LazyLock};

use beds_client::{Client, Request};
use beds_devstack::{Node, Stack, schema};
use serde_json::{Value, json};

use crate::{
    common::{self, Beds, blocking, eventually_async, grant, stack, unique},
    copies,
};

/// Servers, and nodes with exactly the rights that `bedsc grants` writes.
pub(crate) struct Site {
    pub(crate) nodes: Vec<Node>,
    pub(crate) stack: Stack,
}

/// Chunks are small and leases short, so that much happens in a short time.
const VARIABLES: &[(&str, &str)] =
    &[("BEDS__JOBS__LEASE_S", "3"), ("BEDS__JOBS__POLL_MS", "100"), ("BEDS__JOBS__CHUNK", "50")];

static SITE: LazyLock<Site> = LazyLock::new(|| Site::start(1, &[]));

/// The site that harmless tests share.
pub(crate) async fn shared() -> Guest<'static> {
    let site = blocking(|| &*SITE).await;
    site.guest().await
}

/// A separate site with this many nodes. It ends with its guest.
pub(crate) async fn own(nodes: usize, variables: &'static [(&'static str, &'static str)]) -> Guest<'static> {
    guest_of(move || Site::start(nodes, variables)).await
}

/// The guest of a separate site. The site ends with the guest: its servers would slow down the following tests.
pub(crate) async fn guest_of(site: impl FnOnce() -> Site + Send + 'static) -> Guest<'static> {
    let site = blocking(move || &*Box::leak(Box::new(site()))).await;
    let mut guest = site.guest().await;
    guest.is_last = true;
    guest
}

/// Servers for more records than a test has.
fn large_stack() -> Stack {
    let builder = Stack::builder().ignore_environment().rabbitmq().mariadb();
    let stack = builder.fast_mongodb().start().unwrap();
    schema::apply(&stack, &common::root().join("schema")).unwrap();
    stack
}

impl Site {
    fn start(count: usize, variables: &[(&str, &str)]) -> Self {
        Self::of(count, variables, || Beds::new(&[]))
    }

    /// Starts nodes in this way.
    pub(crate) fn of(count: usize, variables: &[(&str, &str)], program: impl Fn() -> Beds) -> Self {
        // The light stand-in reads all records of a collection for each look-up.
        let stack = if copies::records().is_some() { large_stack() } else { stack() };
        let catalog = grant(&stack);
        let url = |database: &str| format!("{}/{database}", stack.mariadb_url().replace("root@", "beds@"));
        let (jobs, warehouse) = (url("jobs"), url("warehouse"));
        let nodes: Vec<_> = (0..count)
            .map(|number| {
                let name = format!("worker-{number}");
                let own = [
                    ("BEDS__NODE__NAME", name.as_str()),
                    ("BEDS__MARIADB__CATALOG__URL", &catalog),
                    ("BEDS__MARIADB__JOBS__URL", &jobs),
                    ("BEDS__MARIADB__WAREHOUSE__URL", &warehouse),
                ];
                program().on(&stack).env(&own).env(VARIABLES).env(variables).spawn()
            })
            .collect();
        for node in &nodes {
            node.await_ready().unwrap();
            // A template that does not match its database would be missing in every test.
            let log = node.log();
            assert!(!log.contains("contradict") && !log.contains("not served"), "{log}");
        }
        Self { nodes, stack }
    }

    pub(crate) async fn guest(&self) -> Guest<'_> {
        let client = Client::builder(self.stack.amqp_url()).timeout(common::PATIENCE).user_id("guest");
        Guest { site: self, client: client.connect().await.unwrap(), is_last: false }
    }
}

/// An operator, as the RabbitMQ user `guest`.
pub(crate) struct Guest<'a> {
    pub(crate) site: &'a Site,
    pub(crate) client: Client,
    /// Whether the site ends with this guest.
    is_last: bool,
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let Site { nodes, stack } = self.site;
        if self.is_last {
            nodes.iter().for_each(Node::kill);
            for server in [stack.rabbitmq(), stack.mariadb(), stack.mongodb()] {
                let _ = server.kill();
            }
        }
    }
}

impl Guest<'_> {
    /// Creates this many samples in MariaDB, in a separate series.
    pub(crate) fn samples(&self, count: u32) -> String {
        let series = unique("s");
        let sql = format!(
            "insert into sample (id, code, series, status, flag, number, stock, ratio, amount, rating, name, note, content, \
             reference, day, hour, moment, extra, tags, place, created_at, revision)
             select uuid(), concat('{series}-', seq), '{series}', elt(1 + seq % 3, 'draft', 'active', 'closed'), seq % 2, seq, \
             seq % 1000, seq / 8, seq + 0.1234, seq % 10 + 0.5, concat('Ann-', seq, ' Lee'), repeat('note ', seq % 4), \
             unhex(sha1(seq)), if(seq % 5 = 0, null, uuid()), date'2020-01-01' + interval seq % 2000 day, \
             sec_to_time(seq % 86400), timestamp'2021-02-03 04:05:06.123456' + interval seq minute, \
             json_object('n', seq, 'deep', json_array(1, 2.5, null)), json_array('a', concat('t', seq % 7)), \
             json_object('city', concat('City ', seq % 9), 'floor', seq % 30), timestamp'2022-01-01 00:00:00.654321', 1
             from seq_1_to_{count}"
        );
        let site = self.site;
        site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
        series
    }

    /// The reply to a request.
    pub(crate) async fn send(&self, request: Request) -> Value {
        let reply = self.client.execute_raw(request).await.unwrap();
        serde_json::from_slice(&reply.body).unwrap()
    }

    pub(crate) async fn call(&self, template: &str, name: &str, args: Value) -> Value {
        self.send(Request::call(template, name, &args)).await
    }

    /// Starts a migration, and returns the id of its job. If another test moves records between the same templates, it waits
    /// until that move ends.
    pub(crate) async fn start(&self, args: Value) -> String {
        let mut reply = Value::Null;
        eventually_async("no other moves", async || {
            reply = self.call("migration", "start", args.clone()).await;
            reply["error"]["code"] != "conflict"
        })
        .await;
        id(&reply)
    }

    /// The current state of a job. The node may still be starting.
    pub(crate) async fn job(&self, id: &str) -> Value {
        loop {
            if let Ok(reply) = self.client.execute(Request::fetch("job", &id)).await {
                return reply.data.unwrap();
            }
        }
    }

    /// Waits until a job meets a condition.
    pub(crate) async fn until(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        eventually_async(what, async || {
            last = self.job(id).await;
            assert!(last["state"] != "failed" || holds(&last), "{what}: {last:#}");
            holds(&last)
        })
        .await;
        last
    }

    /// Waits until a job is in this state.
    pub(crate) async fn until_state(&self, id: &str, state: &str) -> Value {
        self.until(id, state, |job| job["state"] == state).await
    }

    /// All records of a template's series, by their code.
    pub(crate) async fn all(&self, template: &str, series: &str) -> BTreeMap<String, Value> {
        let (mut all, mut after) = (BTreeMap::new(), Value::Null);
        loop {
            let mut body = json!({"where": {"series": series}, "limit": 100});
            if !after.is_null() {
                body["after"] = after;
            }
            let reply = self.send(Request::raw(format!("{template}.fetch"), body.to_string())).await;
            assert_eq!(reply["ok"], true, "{reply:#}");
            for record in reply["data"].as_array().unwrap() {
                let code = record["code"].as_str().unwrap().to_owned();
                assert!(all.insert(code, record.clone()).is_none(), "twice: {record}");
            }
            after = reply["next"].clone();
            if after.is_null() {
                return all;
            }
        }
    }

    pub(crate) async fn count(&self, template: &str, series: &str) -> u64 {
        let reply = self
            .send(Request::raw(format!("{template}.count"), json!({"where": {"series": series}}).to_string()))
            .await;
        reply["count"].as_u64().unwrap_or_else(|| panic!("{reply:#}"))
    }

    /// The rejects of a job.
    pub(crate) async fn rejects(&self, job: &str) -> Vec<Value> {
        let body = json!({"where": {"job": job}, "limit": 500});
        let reply = self.send(Request::raw("job_reject.fetch", body.to_string())).await;
        reply["data"].as_array().unwrap_or_else(|| panic!("{reply:#}")).clone()
    }
}

/// The id in a reply.
#[track_caller]
pub(crate) fn id(reply: &Value) -> String {
    reply["data"].as_str().unwrap_or_else(|| panic!("{reply:#}")).to_owned()
}

/// A record as MongoDB stores it: times have milliseconds there.
pub(crate) fn in_milliseconds(record: &Value) -> Value {
    let mut record = record.clone();
    for field in ["moment", "created_at"] {
        if let Some(text) = record[field].as_str()
            && let Some((whole, fraction)) = text.trim_end_matches('Z').split_once('.')
        {
            let kept = fraction.get(..3).unwrap_or(fraction).trim_end_matches('0');
            record[field] =
                if kept.is_empty() { format!("{whole}Z") } else { format!("{whole}.{kept}Z") }.into();
        }
    }
    record
}
