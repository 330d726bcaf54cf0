//! What a create with a claim costs: one at a time, many at once, and with some among them that are duplicates or refused.
//!
//! `cargo bench -p beds-mariadb [SECONDS]` starts a private server. The node's CPU is that of this process.

// clippy.toml lets tests unwrap, but takes only functions marked as tests for tests.
#![allow(clippy::unwrap_used)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use beds_core::{
    plan::{self, Action, Bounds, Claim, Plan},
    spec::{Domain, Field, Type, mariadb},
    value::Value,
};
use beds_devstack::Stack;
use beds_mariadb::{Database, MariaDb};
use beds_protocol::ErrorCode;
use serde_json::Value as Json;

static FIELDS: [Field; 6] = [
    Field::new("code", "code", Type::string(0, 10)),
    Field::new("country", "country", Type::string(0, 2)),
    Field::new("name", "name", Type::string(0, 150)),
    Field::new("type", "subdivision_type", Type::string(0, 80)),
    Field::new("parent", "parent", Type::string(0, 10)),
    Field::new("revision", "revision", Type::INT),
];
static SUBDIVISION: Domain =
    Domain::new("subdivision", "", "").fields(&FIELDS).key(&[0]).version(5).reads().mariadb(
        "catalog",
        mariadb::Objects {
            read: Some(mariadb::Source::view(
                "v_subdivision",
                "`v_subdivision`",
                &["`code`", "`country`", "`name`", "`subdivision_type`", "`parent`", "`revision`"],
            )),
            create: Some(mariadb::Procedure::new(
                "sp_subdivision_create",
                "call `sp_subdivision_create`(?, ?, ?, ?, ?)",
                &[0, 1, 2, 3, 4],
            )),
            ..mariadb::Objects::NONE
        },
    );

/// What is asked, in hundredths.
#[derive(Clone, Copy)]
struct Mix {
    in_flight: usize,
    duplicates: u64,
    refused: u64,
}

struct Bench {
    stack: Stack,
    database: Database,
    next: AtomicU64,
}

impl Bench {
    fn open() -> Self {
        let stack = Stack::builder().ignore_environment().mariadb().start().unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/mariadb");
        stack.mariadb_exec(None, &schema.join("00_database.sql")).unwrap();
        for file in ["10_country.sql", "20_subdivision.sql", "80_beds.sql"] {
            stack.mariadb_exec(Some("catalog"), &schema.join(file)).unwrap();
        }
        let country = "insert into country (alpha_2, alpha_3, numeric_code, name) values ('NO', 'NOR', '578', 'Norway')";
        stack.mariadb_query(Some("catalog"), country).unwrap();
        let url = format!("{}/catalog", stack.mariadb_url());
        let url = serde_json::from_value(Json::String(url)).unwrap();
        let config = MariaDb { url, ..MariaDb::default() };
        let database = Database::open("catalog", &config, beds_core::settings::Room::default());
        Self { stack, database, next: AtomicU64::new(1) }
    }

    /// One write; whether it was new and done.
    async fn write(&self, mix: Mix) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Spread evenly, and long enough ago to be done.
        let place = number * 61 % 100;
        let is_duplicate = place < mix.duplicates && number > 2_000;
        let is_refused = !is_duplicate && place >= 100 - mix.refused && number > 2_000;
        let id = if is_duplicate { number - 1_000 - number % 100 + 50 } else { number };
        let code = if is_refused { 1_050 } else { id };
        let text = |text: String| Value::Text(text);
        let record = vec![
            text(format!("{code:010}")),
            text("NO".to_owned()),
            text(format!("bench {code}")),
            text("Province".to_owned()),
            Value::Null,
            Value::Null,
        ];
        let claim = Claim { user: "guest".into(), message_id: format!("{id:032}"), step: 0, digest: [1; 32] };
        let action = Action::Write(plan::Write::Create { records: vec![record], many: false });
        let plan = Plan { claim: Some(claim), ..Plan::new(&SUBDIVISION, action) };
        let bounds = Bounds::new(Instant::now() + Duration::from_secs(20), 100_000);
        match self.database.run(plan, bounds).await {
            Ok(_) => !is_duplicate,
            Err(error) => {
                assert!(is_refused && error.code == ErrorCode::Conflict, "{error}");
                false
            }
        }
    }

    async fn measure(self: &Arc<Self>, mix: Mix, length: Duration) {
        let pid = self.stack.mariadb().pid().unwrap();
        let (server, node, since) = (used(pid), used(std::process::id()), Instant::now());
        let client = |bench: Arc<Self>| async move {
            let (mut done, mut asked) = (0_u64, 0_u64);
            while since.elapsed() < length {
                done += u64::from(bench.write(mix).await);
                asked += 1;
            }
            (done, asked)
        };
        #[allow(clippy::cast_precision_loss, reason = "counts of some thousands")]
        let number = |count: u64| count as f64;
        let clients: Vec<_> = (0..mix.in_flight).map(|_| tokio::spawn(client(Arc::clone(self)))).collect();
        let (mut done, mut asked) = (0, 0);
        for client in clients {
            let (its, all) = client.await.unwrap();
            (done, asked) = (done + its, asked + all);
        }
        let took = since.elapsed().as_secs_f64();
        let each = |before: f64, pid| (used(pid) - before) * 1e6 / number(asked);
        println!(
            "{:>3} in flight, {} % duplicates, {} % refused: {:>6.0} creates/s, {:>4.0} µs a request; CPU a request: \
             MariaDB {:>4.0} µs, node {:>4.0} µs",
            mix.in_flight,
            mix.duplicates,
            mix.refused,
            number(done) / took,
            took * 1e6 / number(asked),
            each(server, pid),
            each(node, std::process::id()),
        );
    }
}

/// The CPU time of a process, in seconds: Linux counts in hundredths.
fn used(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    [11, 12].iter().map(|&field: &usize| fields[field].parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5.0);
    let bench = Arc::new(Bench::open());
    let mix = |in_flight, duplicates, refused| Mix { in_flight, duplicates, refused };
    bench.measure(mix(64, 0, 0), Duration::from_secs(1)).await;
    for round in 1..=3 {
        println!("round {round}");
        for mix in [mix(1, 0, 0), mix(64, 0, 0), mix(64, 5, 0), mix(64, 0, 5), mix(64, 5, 5)] {
            bench.measure(mix, Duration::from_secs_f64(seconds)).await;
        }
    }
}
