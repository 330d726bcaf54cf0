//! The caller, by session and by user, and the powers of hand-written methods.

use beds_core::{
    access::{Caller, Sessions},
    spec::{Grant, Literal, RequestValue, RoleFields, RoleRows, Row, Wanted},
};
use beds_protocol::Operation;

use super::*;

static GRANTS: [Grant; 4] = [
    Grant { operation: Operation::Fetch, roles: &["clerk"] },
    Grant { operation: Operation::Create, roles: &["clerk", "manager"] },
    Grant { operation: Operation::Update, roles: &["clerk"] },
    Grant { operation: Operation::Delete, roles: &["clerk", "manager"] },
];
static ROWS: [RoleRows; 1] = [RoleRows {
    role: "clerk",
    rows: &[Row {
        field: 2,
        any_of: &[Wanted::Asked(RequestValue::User), Wanted::Is(Literal::Text("public"))],
    }],
}];
static RULES: [RoleFields; 1] = [RoleFields { role: "clerk", hidden: &[1], readonly: &[] }];
static VAULT_FIELDS: [Field; 3] = [
    Field::new("id", "id", Type::INT),
    Field::new("margin", "margin", Type::INT).nullable(),
    Field::new("owner", "owner", Type::string(0, 99)).nullable(),
];
static VAULT: Domain = Domain::new("vault", "", "0123456789abcdef")
    .fields(&VAULT_FIELDS)
    .key(&[0])
    .reads()
    .creates()
    .updates()
    .deletes()
    .accessed(&GRANTS, &ROWS, &RULES)
    .mariadb("people", mariadb::Objects::NONE);

/// Its `update` and `delete` are methods: one shows a field that the caller does not see, the other makes a call that
/// the caller may not.
struct Vault;

impl NamasteCore for Vault {
    fn domain() -> &'static Domain {
        &VAULT
    }

    fn fetch(cx: &Context, request: FetchRequest) -> Result<Work> {
        operation::fetch(cx, &VAULT, request)
    }

    fn create(cx: &Context, request: CreateRequest) -> Result<Work> {
        operation::create(cx, &VAULT, request)
    }

    fn update(_: &Context, _: UpdateRequest) -> Result<Work> {
        Ok(Work::method(async { Ok(Outcome::data(br#"[{"id":1,"margin":7}]"#.to_vec())) }))
    }

    fn delete(cx: &Context, request: DeleteRequest) -> Result<Work> {
        let fetch = || FetchRequest { key: request.key.clone(), ..FetchRequest::default() };
        let (own, trusted) = (cx.clone(), cx.trusted());
        let (refused, asked) =
            (operation::fetch(&own, &VAULT, fetch()), operation::fetch(&trusted, &VAULT, fetch()));
        Ok(Work::method(async move {
            assert_eq!(own.caller(), trusted.caller(), "it is still the caller who asks");
            let is_refused = own.run(refused).await.is_err();
            let outcome = trusted.run(asked).await?;
            Ok(Outcome { note: Some(format!("refused without trust: {is_refused}").into()), ..outcome })
        }))
    }
}

struct Vaults;

impl Factory for Vaults {
    type Template = ();

    fn domains() -> Vec<&'static Domain> {
        vec![&VAULT]
    }

    fn template(name: &str) -> Option<()> {
        (name == "vault").then_some(())
    }

    fn domain((): ()) -> &'static Domain {
        &VAULT
    }

    fn call((): (), _: &str) -> Option<&'static Call> {
        None
    }

    fn dispatch((): (), cx: &Context, request: Request) -> Result<Work> {
        beds_core::namaste::dispatch::<Vault>(cx, request)
    }
}

/// Records the claim and the reach of each plan.
#[derive(Debug)]
struct Told;

impl Runner for Told {
    fn run(&self, plan: Plan, _: Bounds) -> BoxFuture<'_, Result> {
        let user = plan.claim.as_ref().map(|claim| claim.user.clone());
        let told = format!("{user:?} {} {:?}", plan.scope.rows.len(), plan.action);
        Box::pin(async move {
            Ok(Outcome { note: Some(told.into()), ..Outcome::data(br#"{"id":1,"margin":7}"#.to_vec()) })
        })
    }
}

/// Knows the token of each name.
#[derive(Debug)]
struct Tokens;

impl Sessions for Tokens {
    fn identify<'a>(&'a self, token: &'a str, _: Asker) -> BoxFuture<'a, Result<Caller>> {
        Box::pin(async move {
            let Some(user) = token.strip_prefix("token of ") else {
                return Err(Error::new(ErrorCode::Unauthenticated, "no such session"));
            };
            Ok(Caller { user: Some(user.into()), roles: vec!["clerk".into()], session: Some("7".into()) })
        })
    }
}

async fn answer(incoming: Incoming<'_>) -> Json {
    let roles = ["manager".to_owned()];
    let judge =
        Rules::new("n1", true, [("mona", &roles[..]), ("ada", &roles[..])]).with_sessions(Arc::new(Tokens));
    let domains = Domains::<Vaults>::new(vec![&VAULT], Arc::new(Told), Limits::default()).ruled_by(judge);
    let Verdict::Reply(reply) = domains.handle(incoming).await else { panic!("no reply") };
    serde_json::from_slice(&reply.body).unwrap()
}

fn by<'a>(user_id: Option<&'a str>, session: Option<&'a str>, key: &'a str, body: &'a str) -> Incoming<'a> {
    Incoming { user_id, session: Ok(session), message_id: Some("m"), ..incoming(key, body) }
}

const VAULT_CREATE: &str = r#"{"data": {"id": 1}}"#;

#[tokio::test]
async fn a_session_comes_before_the_user() {
    for (user, session, code) in [
        (None, None, "unauthenticated"),
        (Some("mona"), None, "forbidden"),
        (Some("mona"), Some("token of ada"), "ok"),
        (None, Some("token of ada"), "ok"),
        (Some("mona"), Some("another"), "unauthenticated"),
    ] {
        let reply = answer(by(user, session, "vault.fetch", FETCH)).await;
        assert_eq!(reply["error"]["code"].as_str().unwrap_or("ok"), code, "{user:?} {session:?}: {reply}");
    }
    let reply = answer(Incoming { session: Err(()), ..incoming("vault.fetch", FETCH) }).await;
    assert_eq!(reply["error"]["code"], "bad_request");
}

/// Many callers share one user of RabbitMQ, and two may have one name.
#[tokio::test]
async fn the_ledger_tells_sessions_from_users() {
    let of_user = answer(by(Some("ada"), None, "vault.create", VAULT_CREATE)).await;
    assert!(of_user["note"].as_str().unwrap().starts_with("Some(\"ada\")"), "{of_user}");
    let of_session = answer(by(Some("mona"), Some("token of ada"), "vault.create", VAULT_CREATE)).await;
    assert_eq!(
        of_session["error"]["code"], "forbidden",
        "of two values none is the one to fill in: {of_session}"
    );
    let own = r#"{"data": {"id": 1, "owner": "ada"}}"#;
    let of_session = answer(by(Some("mona"), Some("token of ada"), "vault.create", own)).await;
    assert!(of_session["note"].as_str().unwrap().starts_with(r#"Some("\u{1f}ada")"#), "{of_session}");
}

#[tokio::test]
async fn methods_hide_what_is_hidden_and_ask_in_their_own_name_if_they_say_so() {
    let clerk = |key, body| by(None, Some("token of ada"), key, body);
    let reply = answer(clerk("vault.update", r#"{"key": 1, "data": {"id": 1}}"#)).await;
    assert_eq!(reply["data"], json!([{ "id": 1 }]), "{reply}");
    let reply = answer(by(Some("mona"), None, "vault.update", r#"{"key": 1, "data": {"id": 1}}"#)).await;
    assert_eq!(reply["error"]["code"], "forbidden", "it does not begin: {reply}");
    let reply = answer(by(Some("mona"), None, "vault.delete", FETCH)).await;
    assert_eq!(
        (&reply["data"]["margin"], &reply["note"]),
        (&json!(7), &json!("refused without trust: true"))
    );
}

/// With two ways to reach a record, a create takes the one that fits the given values, and a plan has both.
#[tokio::test]
async fn what_several_values_allow_is_not_filled_in() {
    let reply = answer(by(None, Some("token of ada"), "vault.fetch", FETCH)).await;
    assert_eq!(reply["note"], "None 1 Read(One { key: [Int(1)], fields: Some([0, 2]) })");
    for (owner, code) in [("public", "ok"), ("ada", "ok"), ("bob", "forbidden")] {
        let body = json!({ "data": { "id": 1, "owner": owner } }).to_string();
        let reply = answer(by(None, Some("token of ada"), "vault.create", &body)).await;
        assert_eq!(reply["error"]["code"].as_str().unwrap_or("ok"), code, "{owner}: {reply}");
    }
    let hidden =
        answer(by(None, Some("token of ada"), "vault.create", r#"{"data": {"id": 1, "margin": "x"}}"#)).await;
    let absent =
        answer(by(None, Some("token of ada"), "vault.create", r#"{"data": {"id": 1, "nomargin": "x"}}"#))
            .await;
    assert_eq!(hidden.to_string(), absent.to_string().replace("nomargin", "margin"));
}
