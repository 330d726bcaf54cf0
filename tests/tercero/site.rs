//! A node that serves users and sessions, another node for the plain domains, and their clients.

use std::{ops::Deref, sync::LazyLock};

use beds_client::{Client, Request};
use beds_devstack::{Node, Stack};
use serde_json::{Value, json};

use crate::common::{self, Beds, blocking, grant, stack, unique};

/// A password that is hard to guess.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Servers and nodes.
pub(crate) struct Site {
    /// Serves users and sessions.
    pub(crate) tercero: Node,
    /// Serves the plain domains.
    pub(crate) plain: Node,
    pub(crate) stack: Stack,
}

static SITE: LazyLock<Site> = LazyLock::new(|| Site::start(&[]));

/// The site that the tests share.
pub(crate) async fn site() -> Guest<'static> {
    let site = blocking(|| &*SITE).await;
    site.guest().await
}

impl Site {
    /// A site whose nodes have these additional environment variables, and the rights that `bedsc grants` writes.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let stack = stack();
        grant(&stack);
        let node = |services| node(&stack, services, variables).start();
        let site = Self { tercero: node("tercero"), plain: node("app_server"), stack };
        // A template that does not match its database would be missing in every test.
        let log = site.tercero.log_tail(200);
        assert!(!log.contains("contradict") && !log.contains("not served"), "{log}");
        site
    }

    pub(crate) async fn guest(&self) -> Guest<'_> {
        let client = Client::builder(self.stack.amqp_url()).timeout(common::PATIENCE);
        let client = client.clone().user_id("guest").connect().await.unwrap();
        let nobody =
            Client::builder(self.stack.amqp_url()).timeout(common::PATIENCE).connect().await.unwrap();
        Guest { site: self, client, nobody }
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        self.stack.mariadb_query(Some("tercero"), sql).unwrap().trim().to_owned()
    }
}

/// A node that hosts this service, with cheap Argon2 parameters.
pub(crate) fn node(stack: &Stack, services: &str, variables: &[(&str, &str)]) -> Beds {
    let database = format!("{}/tercero", stack.mariadb_url().replace("root@", "beds@"));
    Beds::new(&[])
        .on(stack)
        .env(&[
            ("BEDS__NODE__SERVICES", services),
            ("BEDS__MARIADB__TERCERO__URL", &database),
            ("BEDS__ACCESS__USERS__GUEST", "user_admin"),
            ("BEDS__TERCERO__ARGON2_MEMORY_KIB", "1024"),
            ("BEDS__TERCERO__ARGON2_ITERATIONS", "1"),
            ("BEDS__TERCERO__FAILURES_MAX", "3"),
        ])
        .env(variables)
}

/// A user administrator, as the RabbitMQ user `guest`.
pub(crate) struct Guest<'a> {
    pub(crate) site: &'a Site,
    pub(crate) client: Client,
    /// Without a `user_id`.
    nobody: Client,
}

impl Deref for Guest<'_> {
    type Target = Site;

    fn deref(&self) -> &Site {
        self.site
    }
}

/// The reply to a request.
pub(crate) async fn send(client: &Client, request: Request) -> Value {
    let reply = client.execute_raw(request).await.unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn code(reply: &Value) -> &str {
    reply["error"]["code"].as_str().unwrap_or_else(|| panic!("it is no refusal: {reply:#}"))
}

/// The data of a reply that must be ok.
#[track_caller]
pub(crate) fn data(reply: &Value) -> &Value {
    assert_eq!(reply["ok"], true, "{reply:#}");
    &reply["data"]
}

fn request(key: &str, args: &Value) -> Request {
    Request::raw(key, json!({ "args": args }).to_string())
}

impl Guest<'_> {
    /// The answer to `guest`.
    pub(crate) async fn ask(&self, key: &str, args: Value) -> Value {
        send(&self.client, request(key, &args)).await
    }

    /// The answer to a caller without a name.
    pub(crate) async fn ask_as_nobody(&self, key: &str, args: Value) -> Value {
        send(&self.nobody, request(key, &args)).await
    }

    /// The answer to the caller with this token.
    pub(crate) async fn ask_with(&self, token: &str, key: &str, args: Value) -> Value {
        send(&self.nobody, request(key, &args).session(token)).await
    }

    /// The answer of the node for plain domains to the caller with this token.
    pub(crate) async fn read_with(&self, token: &str) -> Value {
        send(&self.nobody, Request::raw("country.count", "{}").session(token)).await
    }

    /// The name of a new user.
    pub(crate) async fn user(&self) -> String {
        let name = unique("user");
        data(&self.ask("user.call.register", json!({"name": name, "password": PASSWORD})).await);
        name
    }

    pub(crate) async fn open(&self, name: &str, password: &str) -> Value {
        self.ask_as_nobody("session.call.open", json!({"name": name, "password": password})).await
    }

    /// A token of a new session, and the session's id.
    pub(crate) async fn session(&self, name: &str) -> (String, String) {
        let opened = self.open(name, PASSWORD).await;
        let opened = data(&opened);
        (opened["token"].as_str().unwrap().to_owned(), opened["session"].as_str().unwrap().to_owned())
    }
}
