//! What all tests of the node share: private servers with the schema, the real binary, and clients.
//!
//! Each test program has its own site, started when a test first needs it: servers, schema, a node. Its tests run side
//! by side on the site, with separate keys. A test that harms servers starts a separate site.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]
#![allow(dead_code, unreachable_pub, reason = "each test program takes what it needs")]

pub mod clock;
pub mod wire;

use std::{
    ffi::OsStr,
    ops::Deref,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::{Duration, Instant},
};

use beds_client::Client;
use beds_devstack::{Ended, Node, NodeCommand, Stack, schema};

/// How long any expected event may take on a slow, busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How often a condition is checked.
const POLL: Duration = Duration::from_millis(20);

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The configuration of every node that a test starts.
pub fn config() -> PathBuf {
    root().join("tests/fixtures/beds_test.toml")
}

/// A name that no other test uses.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
}

/// Waits until a condition holds, or fails the test.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(POLL);
    }
}

/// Waits until nothing is wrong any more, or fails the test with the last fault.
#[track_caller]
pub fn comes_right<T: std::fmt::Debug>(what: &str, mut wrong: impl FnMut() -> Vec<T>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = wrong();
        if found.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}: {found:#?}");
        std::thread::sleep(POLL);
    }
}

/// Waits until an asynchronous condition holds, or fails the test.
pub async fn eventually_async(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Runs blocking work, such as starting servers, outside of the test's runtime.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The three servers with the schema of this workspace.
pub fn stack() -> Stack {
    let stack = Stack::builder().ignore_environment().start().unwrap_or_else(|error| panic!("{error}"));
    schema::apply(&stack, &root().join("schema")).unwrap_or_else(|error| panic!("{error}"));
    stack
}

/// Creates the user `beds` of MariaDB with exactly the grants of `bedsc grants`. Returns the address of the catalogue
/// for this user.
pub fn grant(stack: &Stack) -> String {
    let compiler = beds_codegen::Compiler::of_project(&[root().join("templates")], None);
    let output = compiler.compile().unwrap_or_else(|report| panic!("{report}"));
    let scripts = beds_codegen::propose::grants(output.all_domains(), "beds@%");
    stack.mariadb_query(None, &scripts[&beds_codegen::model::Engine::MariaDb]).unwrap();
    stack.mariadb_query(None, "alter user beds@'%' account unlock").unwrap();
    format!("{}/catalog", stack.mariadb_url().replace("root@", "beds@"))
}

/// Servers with the schema, and a node that serves. When it is dropped, the node ends before its servers.
#[derive(Debug)]
pub struct Site {
    pub node: Node,
    pub stack: Stack,
}

impl Site {
    /// A separate site.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A separate site. Its node has these additional environment variables.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let stack = stack();
        let node = start_node(&stack, variables);
        Self { node, stack }
    }

    /// A client of the site's bus.
    pub async fn client(&self) -> Client {
        let client = Client::builder(self.stack.amqp_url()).timeout(Duration::from_secs(30));
        client.connect().await.unwrap()
    }
}

/// A separate site for one test, which may harm its servers. It lives until the test's runtime ends, so that blocking
/// work may borrow it.
pub async fn own_site(variables: &'static [(&'static str, &'static str)]) -> &'static Site {
    blocking(|| &*Box::leak(Box::new(Site::with(variables)))).await
}

/// Ends a site that is never dropped, the node before its servers. The test's process continues with other sites.
pub async fn end_site(site: &'static Site) {
    blocking(|| {
        site.node.terminate();
        site.node.await_end().unwrap();
        end_servers(&site.stack);
    })
    .await;
}

/// The site that the tests of a program share. Its node has exactly the rights that it needs. The site is never
/// dropped: the stack's watchdog ends it with the program.
static SHARED: LazyLock<Site> = LazyLock::new(|| {
    let stack = stack();
    let catalog = grant(&stack);
    let node = start_node(&stack, &[("BEDS__MARIADB__CATALOG__URL", &catalog)]);
    Site { node, stack }
});

/// The shared site, during one test. If the test fails, it shows the end of the node's log.
pub struct Shared(pub &'static Site);

/// Joins the site that the tests of this program share.
pub async fn shared() -> Shared {
    Shared(blocking(|| &*SHARED).await)
}

impl Deref for Shared {
    type Target = Site;

    fn deref(&self) -> &Site {
        self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of the node's log:\n{}", self.0.node.log_tail(40));
        }
    }
}

/// Ends the servers of a stack that is never dropped. The test's process continues with other stacks.
pub fn end_servers(stack: &Stack) {
    for server in [stack.rabbitmq(), stack.mariadb(), stack.mongodb()] {
        server.kill().unwrap();
    }
}

/// Starts a node with these environment variables, and waits until it is ready.
pub fn start_node(stack: &Stack, variables: &[(&str, &str)]) -> Node {
    Beds::new(&[]).on(stack).env(variables).start()
}

/// Starts a node with these environment variables.
pub fn spawn_node(stack: &Stack, variables: &[(&str, &str)]) -> Node {
    Beds::new(&[]).on(stack).env(variables).spawn()
}

/// A run of the `beds` binary, independent of the machine's own configuration.
#[derive(Debug)]
pub struct Beds(NodeCommand);

impl Beds {
    /// `beds` with these arguments, an empty configuration folder and no variables.
    pub fn new(arguments: &[&str]) -> Self {
        Self::program(Path::new(env!("CARGO_BIN_EXE_beds")), arguments)
    }

    /// The same for the program of another node.
    pub fn program(program: &Path, arguments: &[&str]) -> Self {
        Self(NodeCommand::new(program).unwrap().args(arguments)).env(&[("BEDS__LOGGING__JOURNALD", "false")])
    }

    /// Uses the tests' configuration, and the servers of a stack.
    pub fn on(self, stack: &Stack) -> Self {
        Self(self.0.on(stack, &config()).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Adds these environment variables.
    pub fn env(self, variables: &[(impl AsRef<OsStr>, impl AsRef<OsStr>)]) -> Self {
        Self(self.0.env(variables))
    }

    /// Adds a file to the configuration folder.
    pub fn file(self, name: &str, text: &str) -> Self {
        Self(self.0.file(name, text).unwrap())
    }

    /// The configuration folder.
    pub fn config(&self) -> &Path {
        self.0.config()
    }

    /// Starts the program as a node, and waits until it is ready.
    pub fn start(self) -> Node {
        self.0.start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts the program as a node.
    pub fn spawn(self) -> Node {
        self.0.spawn().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs the program to its end.
    pub fn run(self) -> Ended {
        self.0.run().unwrap_or_else(|error| panic!("{error}"))
    }
}
