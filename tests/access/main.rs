//! Who may do what, on real servers and both engines: every combination of role, domain, operation, record and field. A
//! request that is not allowed gets `forbidden`, or the same reply as a request for something that does not exist.
//!
//! The combinations come from the compiled templates of `tests/guarded`, and the expected results from [`oracle`],
//! which knows nothing of the node. Operations are matched without a wildcard, so that a new operation must say what it
//! requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;
mod fields;
mod functions;
mod oracle;
mod rows;
mod site;
mod writes;

use beds_client::Request;
use beds_codegen::model::{Domain, Granted};
use common::Beds;
use serde_json::{Value, json};

use crate::{
    oracle::operations,
    site::{Caller, callers, domains, site},
};

/// A request for an operation that every caller with the right can send.
fn request(domain: &Domain, operation: &Granted, id: &str) -> (String, Value) {
    let name = &domain.name.value;
    let body = match operation {
        Granted::Fetch | Granted::Count => json!({ "where": { "id": id } }),
        Granted::Create | Granted::Upsert => json!({ "data": { "id": id, "title": id } }),
        Granted::Update => json!({ "key": id, "data": { "title": id } }),
        Granted::Delete => json!({ "key": id }),
        Granted::Call(call) => match call.as_str() {
            "mine" => json!({}),
            "restock" => json!({ "args": { "id": id } }),
            other => panic!("the walk does not know the call `{other}`"),
        },
    };
    (format!("{name}.{}", operation.name()), body)
}

/// The error for a caller who may not do something.
fn refusal(caller: &Caller) -> &'static str {
    if caller.user.is_some() { "forbidden" } else { "unauthenticated" }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_does_what_it_may_and_nothing_else() {
    let site = site().await;
    let callers = callers(site).await;
    for domain in &domains() {
        for operation in operations(domain) {
            for caller in &callers {
                let id = common::unique("op");
                let (key, body) = request(domain, &operation, &id);
                let may = !caller.granted(domain, &operation).is_empty();
                for reply in [
                    caller.ask(&key, body.clone()).await,
                    caller.in_batch("parallel", &key, body.clone()).await,
                    caller.in_batch("ordered", &key, body.clone()).await,
                    caller.in_batch("atomic", &key, body.clone()).await,
                ] {
                    let code = reply["error"]["code"].as_str().unwrap_or("ok");
                    let is_refused = matches!(code, "forbidden" | "unauthenticated");
                    let said = format!("{} {key}: {reply:#}", caller.name());
                    assert_eq!(is_refused, !may, "{said}");
                    assert!(may || code == refusal(caller), "{said}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_says_what_the_caller_may() {
    let site = site().await;
    for caller in &callers(site).await {
        for domain in &domains() {
            let name = &domain.name.value;
            let reply = caller.ask(&format!("{name}.describe"), json!({})).await;
            let mut may: Vec<String> = operations(domain)
                .into_iter()
                .filter(|operation| !caller.granted(domain, operation).is_empty())
                .map(|operation| operation.name())
                .collect();
            if may.is_empty() {
                assert_eq!(reply["error"]["code"], refusal(caller), "{}", caller.name());
                continue;
            }
            may.push("describe".to_owned());
            let mut told: Vec<String> = serde_json::from_value(reply["data"]["operations"].clone()).unwrap();
            may.sort();
            told.sort();
            assert_eq!(told, may, "{} {name}", caller.name());
            let text = reply.to_string();
            assert!(!text.contains("@user") && !text.contains("caller_only"), "{text}");
            let calls = reply["data"]["calls"].as_object().unwrap();
            for call in &domain.calls {
                let is_told = calls.contains_key(&call.name);
                let may = !caller.granted(domain, &Granted::Call(call.name.clone())).is_empty();
                assert_eq!(is_told, may, "{} {}", caller.name(), call.name);
                let args: Vec<&String> = calls
                    .get(&call.name)
                    .iter()
                    .flat_map(|call| call["args"].as_object().unwrap().keys())
                    .collect();
                let known: Vec<&String> = call.told().filter(|_| may).map(|arg| &arg.field.name).collect();
                assert_eq!(args, known, "what the request gives is nobody's to know");
            }
            for field in &domain.fields {
                let rules = caller.any_field_rules(domain);
                let told = &reply["data"]["fields"][&field.name];
                assert_eq!(told.is_null(), rules.0.contains(&field.name), "{} {}", caller.name(), field.name);
                let is_readonly = told["readonly"] == json!(true);
                assert_eq!(is_readonly, rules.1.contains(&field.name), "{} {}", caller.name(), field.name);
            }
            for list in ["filter", "sort"] {
                let listed = reply["data"]["fetch"][list].to_string();
                for hidden in caller.any_field_rules(domain).0 {
                    assert!(!listed.contains(&hidden), "{} {list}: {listed}", caller.name());
                }
            }
        }
    }
}

/// A procedure, a call and a pipeline can take values of the request itself. No client can give them.
#[tokio::test(flavor = "multi_thread")]
async fn the_request_says_who_asks() {
    let site = site().await;
    let callers = callers(site).await;
    let (carla, mona) = (&callers[0], callers.iter().find(|caller| caller.user == Some("mona")).unwrap());
    for domain in &domains() {
        let name = &domain.name.value;
        let id = common::unique("asks");
        carla.ok(&format!("{name}.create"), json!({ "data": { "id": id, "title": id } })).await;
        let mine = carla.ok(&format!("{name}.call.mine"), json!({})).await;
        let own = mine.as_array().unwrap().iter().find(|row| row["id"] == json!(id)).unwrap();
        assert_eq!(own["caller"], "carla");
        assert!(own["roles"] == json!(["clerk"]) || own["roles"] == json!("[\"clerk\"]"), "{own}");
        for argument in ["caller", "roles", "@user", "@roles"] {
            let body = json!({ "args": { argument: "mona" } });
            let reply = carla.ask(&format!("{name}.call.mine"), body).await;
            assert_eq!(reply["error"]["details"][0]["reason"], "is not an argument of `mine`", "{reply}");
        }
    }
    let id = common::unique("asks");
    carla.ok("deed.create", json!({ "data": { "id": id, "title": id } })).await;
    let made_by = |id: &str| {
        site.stack
            .mariadb_query(Some("vault"), &format!("select made_by from deed where id = '{id}'"))
            .unwrap()
    };
    assert!(made_by(&id).contains("carla"), "{}", made_by(&id));
    mona.ok("deed.call.restock", json!({ "args": { "id": id } })).await;
    assert!(made_by(&id).contains("mona/-"), "{}", made_by(&id));
    // Requests that share a statement with others keep their own values.
    let ids: Vec<String> = (0..20).map(|_| common::unique("asks")).collect();
    let creates = ids.iter().enumerate().map(|(at, id)| {
        let by = if at % 2 == 0 { carla } else { mona };
        async move { by.ok("deed.create", json!({ "data": { "id": id, "title": id } })).await }
    });
    futures_util::future::join_all(creates).await;
    for (at, id) in ids.iter().enumerate() {
        assert!(made_by(id).contains(if at % 2 == 0 { "carla" } else { "mona" }), "{at}: {}", made_by(id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_says_nothing_is_closed_outside_of_dev() {
    let site = site().await;
    for caller in &callers(site).await {
        for key in ["ajar.fetch", "ajar.count", "ajar.describe"] {
            let reply = caller.ask(key, json!({})).await;
            assert_eq!(reply["error"]["code"], refusal(caller), "{} {key}: {reply}", caller.name());
        }
    }
    let log = site.node.log();
    let closed = log.lines().find(|line| line.contains("closed to all callers")).unwrap_or(&log);
    assert!(closed.contains("closed to all callers: 1 template has no [access] (ajar)"), "{closed}");
    let check = site.beds(&["check"]).run();
    assert!(check.stdout.contains("closed to all callers: 1 template has no [access] (ajar)"), "{check:?}");
    let open = site.beds(&["check"]).env(&[("BEDS__ACCESS__DEFAULT", "open")]).run();
    assert!(!open.stdout.contains("closed to all"), "{open:?}");
    let unknown = site.beds(&["check"]).env(&[("BEDS__ACCESS__USERS__CARLA", "clark")]).run();
    let said = "access.users.carla has the role `clark`, which no template names; did you mean `clerk`?";
    assert!(unknown.stdout.contains(said), "{unknown:?}");
    for (value, said) in [
        ("*", "access.users.carla: `*` cannot be given"),
        ("Clerk", "access.users.carla: `Clerk` is not a role"),
        ("clerk,clerk", "access.users.carla names `clerk` twice"),
    ] {
        let wrong = site.beds(&["check"]).env(&[("BEDS__ACCESS__USERS__CARLA", value)]).run();
        assert!(wrong.code == Some(10) && wrong.stderr.contains(said), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_knows_is_no_caller() {
    let site = site().await;
    let callers = callers(site).await;
    let reply = callers[0].send(Request::raw("deed.fetch", "{}").session("token")).await;
    assert_eq!(reply["error"]["code"], "unauthenticated", "{reply}");
    assert!(reply["error"]["message"].as_str().unwrap().contains("knows no sessions"), "{reply}");
}

/// A request without a waiting client that is not allowed becomes a dead letter, which says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_refused_and_not_heard_is_a_dead_letter() {
    let site = site().await;
    let wire = common::wire::Wire::connect(&site.stack.amqp_url()).await;
    let properties = lapin::BasicProperties::default()
        .with_content_type("application/json".into())
        .with_message_id(common::unique("dead").into());
    let id = common::unique("dead");
    let body = json!({ "data": { "id": id, "title": id } }).to_string();
    wire.publish("beds", "deed.create", body.as_bytes(), properties).await;
    common::eventually("it is a dead letter", || {
        let letters = site.beds(&["dead", "list", "--json"]).run();
        letters.stdout.contains("unauthenticated") && letters.stdout.contains("deed.create")
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_is_printed() {
    let site = site().await;
    let table = site.beds(&["access"]).run();
    assert_eq!(table.code, Some(0), "{table:?}");
    for line in [
        "deed\n  clerk    fetch, count, create, update, upsert, delete, describe\n",
        "             only records with: owner = @user\n",
        "             does not see: margin\n             does not set: price\n",
        "  *        describe, call.mine\n",
        "             only records with: status = \"active\" and owner = \"public\"\n",
        "ajar\n  anyone   nothing\n",
        "  bob: clerk, auditor\n",
    ] {
        assert!(table.stdout.contains(line), "{line}\n{}", table.stdout);
    }
    let json = site.beds(&["access", "--format", "json", "--template", "deed", "--role", "clerk"]).run();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["default"], json["access"].as_array().unwrap().len()), (&json!("deny"), 1), "{json}");
    assert_eq!(json["access"][0]["hidden"], json!(["margin"]));
    assert_eq!(json["users"]["bob"], json!(["clerk", "auditor"]));
    let unknown = site.beds(&["access", "--role", "clark"]).run();
    assert!(unknown.code == Some(2) && unknown.stderr.contains("did you mean `clerk`?"), "{unknown:?}");
}

impl site::Site {
    /// The program of the guarded node with these arguments, on the site's servers.
    fn beds(&self, arguments: &[&str]) -> Beds {
        site::beds(&self.program, &self.stack, arguments)
    }
}
