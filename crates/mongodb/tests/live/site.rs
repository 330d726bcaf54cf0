//! A server, a database of one test on it, and requests as the node makes them.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use beds_core::{
    Context, Error, Outcome, Result, Runner, Work, operation,
    plan::{Bounds, Plan},
    settings::Limits,
    spec::Domain,
};
use beds_devstack::Stack;
use beds_mongodb::{Database, MongoDb};
use futures_util::future::BoxFuture;
use mongodb::bson::{Document, doc};
use serde_json::{Value as Json, json};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// One test's place.
pub(crate) struct Site {
    context: Context,
    pub(crate) url: String,
    pub(crate) mongo: mongodb::Database,
}

#[derive(Debug)]
struct Adapter(Database);

impl Runner for Adapter {
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, Result> {
        Box::pin(self.0.run(plan, bounds))
    }
}

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::builder().mongodb().ignore_environment().start().unwrap())
}

impl Site {
    /// An empty database of this name.
    pub(crate) async fn new(name: &str) -> Self {
        let url = tokio::task::spawn_blocking(|| stack().mongodb_url()).await.unwrap();
        Self::at(name, &url).await
    }

    /// The same on this server.
    pub(crate) async fn at(name: &str, url: &str) -> Self {
        let client = mongodb::Client::with_uri_str(url).await.unwrap();
        let context = context(name, url, Limits::default());
        Self { context, mongo: client.database(name), url: url.to_owned() }
    }

    /// The same with a bound on replies.
    pub(crate) fn with_replies_of(&self, reply_bytes_max: usize) -> Self {
        let limits = Limits { reply_bytes_max, ..Limits::default() };
        Self {
            context: Context { limits: Arc::new(limits), ..self.context.clone() },
            mongo: self.mongo.clone(),
            url: self.url.clone(),
        }
    }

    fn context(&self) -> Context {
        Context { deadline: Instant::now() + PATIENCE, ..self.context.clone() }
    }

    async fn run(&self, work: impl FnOnce(&Context) -> Result<Work>) -> std::result::Result<Json, Error> {
        let context = self.context();
        let outcome = context.run(work(&context)).await?;
        Ok(serde_json::from_slice(&outcome.encode()).unwrap())
    }

    /// The outcome of a request that carries records elsewhere.
    pub(crate) async fn carry(
        &self,
        work: impl FnOnce(&Context) -> Result<Work>,
    ) -> std::result::Result<Outcome, Error> {
        let context = self.context().carrying();
        context.run(work(&context)).await
    }

    pub(crate) async fn try_fetch(
        &self,
        domain: &'static Domain,
        body: Json,
    ) -> std::result::Result<Json, Error> {
        self.run(|cx| operation::fetch(cx, domain, serde_json::from_value(body).unwrap())).await
    }

    pub(crate) async fn fetch(&self, domain: &'static Domain, body: Json) -> Json {
        let shown = body.to_string();
        self.try_fetch(domain, body).await.unwrap_or_else(|error| panic!("{shown}: {error}"))
    }

    pub(crate) async fn create(
        &self,
        domain: &'static Domain,
        data: Json,
    ) -> std::result::Result<Json, Error> {
        let body = serde_json::from_value(json!({ "data": data })).unwrap();
        self.run(|cx| operation::create(cx, domain, body)).await
    }

    pub(crate) async fn update(
        &self,
        domain: &'static Domain,
        body: Json,
    ) -> std::result::Result<Json, Error> {
        self.run(|cx| operation::update(cx, domain, serde_json::from_value(body).unwrap())).await
    }

    pub(crate) async fn upsert(
        &self,
        domain: &'static Domain,
        data: Json,
    ) -> std::result::Result<Json, Error> {
        let body = serde_json::from_value(json!({ "data": data })).unwrap();
        self.run(|cx| operation::upsert(cx, domain, body)).await
    }

    pub(crate) async fn delete(
        &self,
        domain: &'static Domain,
        body: Json,
    ) -> std::result::Result<Json, Error> {
        self.run(|cx| operation::delete(cx, domain, serde_json::from_value(body).unwrap())).await
    }

    /// What the collection holds under this `_id`.
    pub(crate) async fn stored(&self, collection: &str, id: i64) -> Document {
        self.mongo.collection(collection).find_one(doc! { "_id": id }).await.unwrap().unwrap()
    }
}

/// What a request to a server at this address has around it.
pub(crate) fn context(name: &str, url: &str, limits: Limits) -> Context {
    let config: MongoDb =
        serde_json::from_value(json!({ "url": url, "connections": 4, "connect_timeout_ms": 5_000 })).unwrap();
    Context {
        runner: Arc::new(Adapter(Database::open(name, &config, beds_core::settings::Room::default()))),
        limits: Arc::new(limits),
        deadline: Instant::now() + PATIENCE,
        asker: beds_core::plan::Asker::default(),
        request_id: "test".into(),
        traceparent: None,
        claims: None,
        positions: Arc::default(),
        extensions: Arc::default(),
        standing: beds_core::access::Standing::default(),
        stages: Arc::default(),
    }
}
