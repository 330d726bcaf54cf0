//! Requests of every kind, one in twenty of them wrong.

use std::{collections::BTreeMap, ops::Range, sync::Mutex, time::Duration};

use anyhow::{Context as _, Result};
use beds_client::{Client, ClientError, RawReply, Request};
use fastrand::Rng;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

/// How many records there are to read and to change.
const RECORDS: usize = 200;
const TIMEOUT: Duration = Duration::from_secs(30);

/// The results of the requests: `ok`, the error code, or the client's own error.
pub(crate) type Counts = BTreeMap<String, u64>;

/// The clients, and the records of their requests.
pub(crate) struct Load {
    clients: Vec<Client>,
    seed: u64,
    run: String,
    keys: Vec<Value>,
    notes: Vec<Value>,
}

impl Load {
    /// Creates the records that are read and changed.
    pub(crate) async fn prepare(url: &str, seed: u64, clients: usize) -> Result<Self> {
        let mut connected = Vec::new();
        for _ in 0..clients.max(1) {
            connected.push(Client::builder(url).timeout(TIMEOUT).connect().await?);
        }
        let run = uuid::Uuid::new_v4().simple().to_string();
        let client = connected.first().context("a client")?;
        let mut load = Self { seed, run, keys: Vec::new(), notes: Vec::new(), clients: Vec::new() };
        for number in 0..RECORDS {
            let articles = json!({"sku": sku(number), "title": "An article", "price": "1.00"});
            client.execute(Request::create("example", &articles)).await?;
            let row = load.row(number);
            load.keys.push(key(client.execute(Request::create("sample_row", &row)).await?.data)?);
            let note = json!({"subject": format!("note {number}"), "country": "NO"});
            load.notes.push(key(client.execute(Request::create("note", &note)).await?.data)?);
        }
        load.clients = connected;
        Ok(load)
    }

    fn row(&self, number: usize) -> Value {
        json!({"code": format!("{}-{number}", self.run), "series": "soak", "name": "A sample", "number": number,
            "tags": ["one", "two"], "place": {"city": "Oslo"}, "extra": {"a": [1, 2, 3]}})
    }

    /// Sends the requests with these numbers, `in_flight` at a time over each client.
    pub(crate) async fn run(&self, numbers: Range<u64>, in_flight: usize) -> Counts {
        let counts = Mutex::new(Counts::new());
        let one = async |number: u64| {
            let (name, result) = self.send(number).await;
            let end = match result {
                Ok(reply) if reply.is_ok() => "ok".to_owned(),
                Ok(reply) => {
                    reply.reply().err().map_or_else(|| "no reply".to_owned(), |error| end_of(&error))
                }
                Err(error) => end_of(&error),
            };
            let mut counts = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *counts.entry(format!("{name}: {end}")).or_default() += 1;
        };
        stream::iter(numbers).map(one).buffer_unordered(self.clients.len() * in_flight.max(1)).count().await;
        counts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) async fn close(&self) {
        for client in &self.clients {
            client.close().await;
        }
    }

    async fn send(&self, number: u64) -> (&'static str, Result<RawReply, ClientError>) {
        let random = &mut Rng::with_seed(self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let client = &self.clients[random.usize(..self.clients.len())];
        if random.u32(..20) == 0 {
            let request = self.wrong(random, number);
            return ("wrong", client.execute_raw(request).await);
        }
        let (name, request) = self.right(random, number);
        (name, client.execute_raw(request).await)
    }

    /// A request that succeeds.
    fn right(&self, random: &mut Rng, number: u64) -> (&'static str, Request) {
        let key = &self.keys[random.usize(..RECORDS)];
        let note = &self.notes[random.usize(..RECORDS)];
        let article = sku(random.usize(..RECORDS));
        match random.u32(..100) {
            0..40 => ("fetch", Request::fetch("sample_row", key)),
            40..50 => {
                let body = json!({"where": {"sku": article}, "fields": ["sku", "title", "price"]});
                ("find", Request::raw("example.fetch", body.to_string()))
            }
            50..60 => {
                let title = format!("Article {number}");
                let record = json!({"sku": self.new_sku(number), "title": title, "price": "1.00"});
                ("create", Request::create("example", &record))
            }
            60..70 => {
                let change = json!({"name": format!("Sample {number}"), "number": number});
                ("update", Request::update("sample_row", key, &change))
            }
            70..80 => ("call", Request::call("example", "restock", &json!({"sku": article, "quantity": 1}))),
            80..87 => {
                let item = || json!({"template": "sample_row", "op": "fetch", "body": {"key": key}});
                let note = json!({"template": "note", "op": "fetch", "body": {"key": note}});
                let body = json!({"items": [item(), item(), note, {"template": "note", "op": "describe"}]});
                ("batch of reads", Request::raw("app_server.batch.read", body.to_string()))
            }
            87..93 => {
                let record = json!({"sku": self.new_sku(number), "title": "Of a batch", "price": "1.00"});
                let items = [
                    json!({"template": "example", "op": "create", "body": {"data": record}}),
                    json!({"template": "sample_row", "op": "update", "body": {"key": key, "data": {"stock": 7}}}),
                ];
                let body = json!({"mode": "atomic", "items": items});
                ("batch of writes", Request::raw("app_server.batch.write", body.to_string()))
            }
            93..96 => ("fetch of a document", Request::fetch("note", note)),
            96..98 => ("document", Request::update("note", note, &json!({"text": format!("Text {number}")}))),
            _ => ("describe", Request::describe("country")),
        }
    }

    fn new_sku(&self, number: u64) -> String {
        format!("S-{}-{number}", self.run.get(..8).unwrap_or_default().to_uppercase())
    }

    /// A request that is refused, each for another reason.
    fn wrong(&self, random: &mut Rng, number: u64) -> Request {
        let key = &self.keys[random.usize(..RECORDS)];
        let record = || json!({"sku": sku(0), "title": "There already", "price": "1.00"});
        match random.u32(..14) {
            0 => Request::raw("sample_row.fetch", "{\"where\":"),
            1 => Request::raw("sample_row.fetch", json!({"were": number}).to_string()),
            2 => Request::raw("sample_row.count", json!({"where": {"number": {"$gt": number}}}).to_string()),
            3 => Request::create("sample_row", &json!({"code": "?", "stock": -1, "nobody": number})),
            4 => Request::fetch("sample_row", &uuid::Uuid::from_u128(number.into())),
            5 => Request::create("example", &record()),
            6 => Request::update("sample_row", key, &json!({"stock": 1})).if_version(-7),
            7 => Request::fetch("sample_row", key).template_hash(format!("{number:016x}")),
            8 => Request::fetch("sample_row", key).timeout(Duration::from_millis(1)),
            9 => {
                let body = json!({"after": format!("bm8{number}"), "sort": ["code"]});
                Request::raw("sample_row.fetch", body.to_string())
            }
            10 => {
                let items = [json!({"template": "note", "op": "create", "body": {"data": {}}})];
                Request::raw("app_server.batch.write", json!({"mode": "atomic", "items": items}).to_string())
            }
            11 => {
                let items = [
                    json!({"template": "sample_row", "op": "update", "body": {"key": key, "data": {"stock": 8}}}),
                    json!({"template": "example", "op": "create", "body": {"data": record()}}),
                ];
                Request::raw("app_server.batch.write", json!({"mode": "atomic", "items": items}).to_string())
            }
            12 => {
                Request::call("example", "restock", &json!({"sku": format!("NONE-{number}"), "quantity": 1}))
            }
            _ => Request::raw("note.create", format!("{{\"data\":\"{}\"}}", "x".repeat(20_000))),
        }
    }
}

fn sku(number: usize) -> String {
    format!("SOAK-{number}")
}

fn key(data: Option<Value>) -> Result<Value> {
    let data = data.context("a record")?;
    Ok(data["id"].clone())
}

/// The result of a request that failed.
fn end_of(error: &ClientError) -> String {
    match error.code() {
        Some(code) => code.as_str().to_owned(),
        None => error.to_string().chars().take(60).collect(),
    }
}
