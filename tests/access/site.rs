//! The servers with the schema of `tests/guarded`, a node of its templates, and callers of every kind.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use beds_client::{Client, Request};
use beds_codegen::{Compiler, model::Domain};
use beds_devstack::{Node, Stack, schema};
use serde_json::{Value, json};

use crate::common::{self, Beds, blocking, root};

/// The users of RabbitMQ, with the roles that the node's configuration gives them.
const USERS: [(&str, &[&str]); 6] = [
    ("carla", &["clerk"]),
    ("carl", &["clerk"]),
    ("mona", &["manager"]),
    ("audrey", &["auditor"]),
    ("bob", &["clerk", "auditor"]),
    ("nemo", &[]),
];

/// Servers and a node.
pub(crate) struct Site {
    pub(crate) node: Node,
    pub(crate) stack: Stack,
    pub(crate) program: PathBuf,
}

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let guarded = root().join("tests/guarded");
    let stack = Stack::builder().ignore_environment().start().unwrap_or_else(|error| panic!("{error}"));
    schema::apply(&stack, &guarded.join("schema")).unwrap_or_else(|error| panic!("{error}"));
    for (user, _) in USERS {
        let control = |arguments: &[&str]| stack.rabbitmq().control(arguments).unwrap();
        control(&["add_user", user, "secret"]);
        control(&["set_permissions", user, ".*", ".*", ".*"]);
    }
    let program = build();
    let node = beds(&program, &stack, &[]).start();
    Site { node, stack, program }
});

/// The domains with rules on who may do what.
pub(crate) fn domains() -> Vec<Domain> {
    let guarded = root().join("tests/guarded");
    let compiler = Compiler::new().templates(guarded.join("templates")).pipelines(guarded.join("pipelines"));
    let output = compiler.compile().unwrap_or_else(|report| panic!("{report}"));
    output.domains.into_iter().filter(|domain| domain.access.is_some()).collect()
}

pub(crate) async fn site() -> &'static Site {
    blocking(|| &*SITE).await
}

pub(crate) fn beds(program: &Path, stack: &Stack, arguments: &[&str]) -> Beds {
    let roles: Vec<(String, String)> = USERS
        .iter()
        .filter(|(_, roles)| !roles.is_empty())
        .map(|(user, roles)| (format!("BEDS__ACCESS__USERS__{}", user.to_uppercase()), roles.join(",")))
        .collect();
    Beds::program(program, arguments).on(stack).env(&[("BEDS_ENV", "prod")]).env(&roles)
}

/// Builds the node of the guarded templates into the folder of the tested binary.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_beds")).parent().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(["build", "--quiet", "--offline", "-p", "beds-guarded", "--bins"]);
    command.arg("--target-dir").arg(folder.parent().unwrap());
    if folder.ends_with("release") {
        command.arg("--release");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("beds-guarded")
}

/// A caller.
pub(crate) struct Caller {
    /// The user name. `None` if nobody vouches for the caller.
    pub(crate) user: Option<&'static str>,
    pub(crate) roles: &'static [&'static str],
    client: Client,
}

/// Callers of every kind; `carla` is the first.
pub(crate) async fn callers(site: &Site) -> Vec<Caller> {
    let url = site.stack.amqp_url();
    let mut callers = Vec::new();
    for (user, roles) in USERS {
        let url = url.replace("guest:guest@", &format!("{user}:secret@"));
        let client = Client::builder(url).user_id(user).timeout(common::PATIENCE).connect().await.unwrap();
        callers.push(Caller { user: Some(user), roles, client });
    }
    let client = Client::builder(url).timeout(common::PATIENCE).connect().await.unwrap();
    callers.push(Caller { user: None, roles: &[], client });
    callers
}

impl Caller {
    pub(crate) fn name(&self) -> &'static str {
        self.user.unwrap_or("nobody")
    }

    /// The reply, without the ids of the request.
    pub(crate) async fn send(&self, request: Request) -> Value {
        let reply = self.client.execute_raw(request).await.unwrap();
        let mut reply: Value = serde_json::from_slice(&reply.body).unwrap();
        without_id(&mut reply);
        reply
    }

    pub(crate) async fn ask(&self, key: &str, body: Value) -> Value {
        self.send(Request::raw(key, body.to_string())).await
    }

    /// The data of a reply that must be ok.
    pub(crate) async fn ok(&self, key: &str, body: Value) -> Value {
        let reply = self.ask(key, body.clone()).await;
        assert_eq!(reply["ok"], json!(true), "{} {key} {body}: {reply:#}", self.name());
        reply["data"].clone()
    }

    /// The reply to an item of a batch, or to a batch that is refused as a whole.
    pub(crate) async fn in_batch(&self, mode: &str, key: &str, body: Value) -> Value {
        let (template, op) = key.split_once('.').unwrap();
        let items = json!([{ "template": template, "op": op, "body": body }]);
        let batch = json!({ "mode": mode, "items": items });
        let reply = self.ask("app_server.batch.write", batch).await;
        if reply["ok"] == json!(true) { reply["items"][0].clone() } else { reply }
    }
}

fn without_id(reply: &mut Value) {
    match reply {
        Value::Object(members) => {
            members.remove("request_id");
            members.values_mut().for_each(without_id);
        }
        Value::Array(items) => items.iter_mut().for_each(without_id),
        _ => {}
    }
}
