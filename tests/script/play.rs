//! Plays a case against a node.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Consumer,
    types::{AMQPValue, FieldTable, ShortString},
};
use mongodb::bson::{RawDocumentBuf, doc};
use serde_json::Value;

use super::{
    fill::Names,
    parse::{Action, Request, Script},
    show::{Show, escaped},
};
use crate::common::{
    PATIENCE, Site, blocking, unique,
    wire::{Message, Wire, unix_ms, with_header},
};

/// An attribute that is an empty text.
const EMPTY: &str = "\"\"";

/// The site on which a case is played.
pub(crate) struct Player {
    site: &'static Site,
    pub(crate) wire: Wire,
    guard: Option<Guard>,
}

/// For cases that are played one after another: the queue of dead letters, and the contents that must not change.
pub(crate) struct Guard {
    pub(crate) dead: Consumer,
    /// The node's name, which is in dead letters.
    pub(crate) node: &'static str,
    pub(crate) mongo: mongodb::Client,
}

/// The result of a case.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// The lines of each piece.
    pub(super) found: Vec<Vec<String>>,
    /// General conditions that are violated.
    pub(super) violations: Vec<String>,
}

/// The answer to a request.
enum Answer {
    Reply(Message),
    Dead(Message),
    Returned(String),
}

/// A case being played.
struct Run<'a> {
    player: &'a mut Player,
    template: &'a str,
    is_shared: bool,
    names: Names,
    since: SystemTime,
    patterns: Vec<Request>,
    /// Whether the last step was a row.
    after_row: bool,
    violations: Vec<String>,
}

impl Player {
    /// For cases that are played side by side.
    pub(crate) async fn new(site: &'static Site) -> Self {
        Self { site, wire: Wire::connect(&site.stack.amqp_url()).await, guard: None }
    }

    /// For cases that are played alone: dead letters are expected, and a refused request must not change either
    /// database.
    pub(crate) async fn guarded(site: &'static Site, guard: Guard) -> Self {
        Self { guard: Some(guard), ..Self::new(site).await }
    }

    /// Plays a case for a template.
    pub(super) async fn play(&mut self, script: &Script, template: &str) -> Played {
        let mut names = Names::default();
        names.set("s", &unique("s"));
        names.set("t", template);
        // A millisecond earlier, so that no time that the servers round is before the case.
        let since = SystemTime::now() - Duration::from_millis(1);
        let mut run = Run {
            player: self,
            template,
            is_shared: script.is_shared(),
            names,
            since,
            patterns: Vec::new(),
            after_row: false,
            violations: Vec::new(),
        };
        if !template.is_empty() {
            let hash = run.hash().await;
            run.names.set("hash", &hash);
        }
        let mut found = Vec::new();
        for piece in &script.pieces {
            found.push(run.step(&piece.action).await);
        }
        Played { found, violations: run.violations }
    }
}

impl Run<'_> {
    async fn hash(&mut self) -> String {
        let properties = self.player.wire.properties("hash");
        let reply = self.player.wire.request(&format!("{}.describe", self.template), b"{}", properties).await;
        reply.json()["data"]["hash"].as_str().unwrap().to_owned()
    }

    async fn step(&mut self, action: &Action) -> Vec<String> {
        let was_row = std::mem::replace(&mut self.after_row, matches!(action, Action::Row(_)));
        match action {
            Action::Request(request) => self.request(request).await,
            Action::Pattern(request) => {
                if was_row {
                    self.patterns.clear();
                }
                self.patterns.push(request.clone());
                Vec::new()
            }
            Action::Row(row) => {
                let mut lines = Vec::new();
                for pattern in self.patterns.clone() {
                    lines.extend(self.request(&pattern.of_row(row)).await);
                }
                lines
            }
            Action::Sql(sql) => {
                let (sql, site) = (self.names.fill_text(sql), self.player.site);
                let rows = blocking(move || site.stack.mariadb_query(Some("catalog"), &sql)).await;
                let rows = rows.unwrap_or_else(|error| panic!("{error}"));
                let mut show = self.show(None);
                rows.lines().map(|row| format!("< {}", show.text(row).replace('\t', " | "))).collect()
            }
        }
    }

    fn show(&mut self, request: Option<&Request>) -> Show<'_> {
        let attribute = |name| request.and_then(|request: &Request| request.attribute(name));
        let names = |names: &str| names.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
        Show {
            only: attribute("show").map(names),
            hide: attribute("hide").map(names).unwrap_or_default(),
            list: attribute("list").map(str::to_owned),
            names: &mut self.names,
            template: self.template,
            is_shared: self.is_shared,
            since: self.since,
        }
    }

    async fn request(&mut self, request: &Request) -> Vec<String> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let id = format!("case-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let (key, body) = key_and_body(&request.text);
        let (key, body) = (self.names.fill_text(&key), self.names.fill(body));
        let exchange = request.attribute("exchange").unwrap_or("beds").trim_matches('"').to_owned();
        let properties = self.properties(request, &id);
        let before = self.player.contents().await;
        let returned = self.player.wire.publish(&exchange, &key, &body, properties).await;
        let answer = match returned {
            Some(returned) => Answer::Returned(returned.reply_text.to_string()),
            None => self.player.answer(&key).await,
        };
        let is_done = matches!(&answer, Answer::Reply(reply) if is_done(&reply.json()));
        if !is_done && self.player.contents().await != before {
            self.violations.push(format!("{key} is refused, and CHANGED THE DATABASE: {}", request.text));
        }
        match answer {
            Answer::Returned(text) => vec![format!("< returned: {text}")],
            Answer::Reply(reply) => {
                let json = reply.json();
                // The request's own id identifies it in errors.
                let named = request.attribute("message_id").filter(|id| *id != EMPTY).unwrap_or(&id);
                self.check_reply(&key, &reply, &json, &id, named);
                self.show(Some(request)).reply(&json)
            }
            Answer::Dead(letter) => {
                self.check_letter(
                    &letter,
                    &[("exchange", exchange.as_str()), ("routing-key", &key)],
                    &id,
                    &body,
                );
                let header = |name: &str| letter.header(name).unwrap_or_default();
                let (queue, code) = (header("beds-dead-queue"), header("beds-dead-code"));
                let reason = self.show(None).text(&header("beds-dead-reason"));
                vec![format!("< dead letter of {queue}: {code}: {}", escaped(&reason))]
            }
        }
    }

    fn properties(&mut self, request: &Request, id: &str) -> BasicProperties {
        let mut properties = self.player.wire.properties(id);
        for (name, value) in &request.attributes {
            let value = self.names.fill_text(value);
            properties = match (name.as_str(), value.as_str()) {
                ("reply_to", "none") => {
                    let headers = properties.headers().clone().unwrap_or_default();
                    BasicProperties::default().with_correlation_id(id.into()).with_headers(headers)
                }
                ("reply_to", text) => properties.with_reply_to(text.trim_matches('"').into()),
                ("content_type", text) => properties.with_content_type(text.into()),
                ("content_encoding", text) => properties.with_content_encoding(text.into()),
                ("message_id", EMPTY) => properties.with_message_id("".into()),
                ("message_id", text) => properties.with_message_id(text.into()),
                (header, text) => match header.strip_prefix("header ") {
                    Some(header) => with_header(properties, header, header_value(text)),
                    None => properties,
                },
            };
        }
        properties
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.violations.push(format!("{what} is {found:?} instead of {expected:?}"));
        }
    }

    fn check_reply(&mut self, key: &str, reply: &Message, json: &Value, id: &str, named: &str) {
        let ok = json["ok"] == true;
        let status = if ok { "ok" } else { json["error"]["code"].as_str().unwrap_or("(none)") };
        let what = |member: &str| format!("{key} {id}: {member} of the reply");
        self.equal(&what("`correlation_id`"), &reply.correlation_id(), &Some(id));
        self.equal(&what("`beds-status`"), &reply.header("beds-status").as_deref(), &Some(status));
        let content_type = reply.0.properties.content_type().as_ref().map(ShortString::as_str);
        self.equal(&what("`content_type`"), &content_type, &Some("application/json"));
        if !ok {
            self.equal(&what("`request_id`"), &json["error"]["request_id"].as_str(), &Some(named));
        }
        // A template has the same fingerprint in the replies to all its operations.
        if key.split_once('.').is_some_and(|(name, _)| name == self.template)
            && !status.starts_with("unknown_")
        {
            let hash = self.names.get("hash").map(str::to_owned);
            self.equal(&what("`beds-template-hash`"), &reply.header("beds-template-hash"), &hash);
        }
    }

    fn check_letter(&mut self, letter: &Message, known: &[(&str, &str)], id: &str, body: &[u8]) {
        let node = self.player.guard.as_ref().map_or("", |guard| guard.node);
        self.equal("correlation id of the dead letter", &letter.correlation_id(), &Some(id));
        self.equal("body of the dead letter", &letter.0.data.as_slice(), &body);
        for (name, expected) in known.iter().copied().chain([("node", node)]) {
            let name = format!("beds-dead-{name}");
            self.equal(&name, &letter.header(&name).as_deref(), &Some(expected));
        }
        let at: beds_protocol::value::DateTime = letter.header("beds-dead-at").unwrap().parse().unwrap();
        let age_ms = i128::from(unix_ms()) - at.0.unix_timestamp_nanos() / 1_000_000;
        self.equal("`beds-dead-at` is recent", &(0..60_000).contains(&age_ms), &true);
    }
}

impl Player {
    /// The reply, or the dead letter.
    async fn answer(&mut self, key: &str) -> Answer {
        let dead = async {
            match &mut self.guard {
                Some(guard) => guard.dead.next().await,
                None => std::future::pending().await,
            }
        };
        let wait = async {
            tokio::select! {
                reply = self.wire.reply() => Answer::Reply(reply),
                letter = dead => Answer::Dead(Message(letter.unwrap().unwrap())),
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("{key}: neither reply nor dead letter"))
    }

    /// The whole content of both databases, if nothing else changes them.
    pub(crate) async fn contents(&self) -> Option<String> {
        let mongo = &self.guard.as_ref()?.mongo;
        let site = self.site;
        let sql = "select table_name from information_schema.tables where table_schema = 'catalog' order by 1; \
                   checksum table country, subdivision, language, currency; select * from sample order by id";
        let mut contents = blocking(move || site.stack.mariadb_query(Some("catalog"), sql).unwrap()).await;
        let database = mongo.database("journal");
        let mut names = database.list_collection_names().await.unwrap();
        names.sort();
        for name in names {
            let collection = database.collection::<RawDocumentBuf>(&name);
            // Without the lease of the relay of events, which is renewed.
            let all = doc! {"_id": {"$ne": "relay"}};
            let mut found = collection.find(all).sort(doc! {"_id": 1}).await.unwrap();
            contents += &name;
            while let Some(document) = found.next().await {
                contents.extend([format!("{:?}", document.unwrap())]);
            }
        }
        Some(contents)
    }
}

/// Whether a request, or any item of a batch, succeeded.
fn is_done(reply: &Value) -> bool {
    match reply.get("items").and_then(Value::as_array) {
        Some(items) => items.iter().any(is_done),
        None => reply["ok"] == true,
    }
}

/// A request's routing key and its body.
fn key_and_body(text: &str) -> (String, &str) {
    if text.starts_with('"') {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let key = stream.next().unwrap().unwrap();
        let rest = &text[stream.byte_offset()..];
        return (key, rest.strip_prefix(' ').unwrap_or(rest));
    }
    let (key, body) = text.split_once([' ', '\n']).unwrap_or((text, ""));
    (key.to_owned(), body)
}

fn header_value(text: &str) -> AMQPValue {
    if let Some(offset) = text.strip_prefix("now") {
        let offset: i64 = offset.replace(' ', "").parse().unwrap();
        return AMQPValue::LongLongInt(unix_ms() + offset);
    }
    match text.split_once(' ').unwrap_or((text, "")) {
        ("int", number) => AMQPValue::LongInt(number.parse().unwrap()),
        ("table", "") => AMQPValue::FieldTable(FieldTable::default()),
        ("void", "") => AMQPValue::Void,
        _ => match serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")) {
            Value::String(text) => AMQPValue::LongString(text.into()),
            Value::Bool(value) => AMQPValue::Boolean(value),
            Value::Number(number) => number
                .as_i64()
                .map_or_else(|| AMQPValue::Double(number.as_f64().unwrap()), AMQPValue::LongLongInt),
            other => panic!("no header value: {other}"),
        },
    }
}
