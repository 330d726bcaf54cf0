use beds_core::service::Need;
use beds_protocol::{Service as Hosted, value::DateTime};
use beds_services::fleet::{Fleet, Member, State, Voice};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::*;

/// A transport that nobody hears.
#[derive(Debug)]
struct Mute;

impl Voice for Mute {
    fn say(
        &self,
        _: Option<Uuid>,
        _: Duration,
        _: Vec<u8>,
    ) -> BoxFuture<'_, std::result::Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn reaches(&self, _: Uuid) -> BoxFuture<'_, std::result::Result<bool, String>> {
        Box::pin(std::future::ready(Ok(true)))
    }
}

fn member(node: &str, service: Hosted, templates: &[(&str, &str)]) -> Member {
    Member {
        node: node.into(),
        instance: Uuid::now_v7(),
        host: "host".into(),
        pid: 1,
        version: "0".into(),
        environment: "dev".into(),
        services: vec![service],
        started_at: DateTime::default(),
        state: State::Serving,
        reason: None,
        brokers: Vec::new(),
        templates: templates.iter().map(|&(name, hash)| (name.into(), hash.into())).collect(),
        ended: 0,
        counted: None,
        filesystem: None,
        away: std::collections::BTreeSet::new(),
    }
}

/// A service without the template `fresh`, and with an older `person` than that of its neighbour.
async fn beside(other: &Member) -> Domains<People> {
    let me = member("n1", Hosted::AppServer, &[("person", PERSON.hash)]);
    let fleet = Arc::new(Fleet::new(me, Box::new(Mute), mpsc::channel(1).0, |_| Ok(())));
    fleet.connected().await;
    let told = json!({ "kind": "here", "from": other }).to_string();
    fleet.hear(told.as_bytes()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let domains = Domains::new(vec![&PERSON], service(Ok(done())).1, Limits::default());
    domains.offering(Arc::new(Extensions::default().with(fleet)))
}

/// Whether the failed request may be tried again, and its hint.
async fn failed(domains: &Domains<People>, incoming: Incoming<'_>) -> (bool, String) {
    let Verdict::Reply(reply) = domains.handle(incoming).await else { panic!("no reply") };
    let body: Json = serde_json::from_slice(&reply.body).unwrap();
    let error = if body["items"].is_array() { &body["items"][0]["error"] } else { &body["error"] };
    (error["retryable"] == true, error["hint"].as_str().unwrap_or_default().to_owned())
}

const BATCH: &str =
    r#"{"mode": "ordered", "items": [{"template": "fresh", "op": "create", "body": {"data": {}}}]}"#;

#[tokio::test]
async fn what_another_node_serves_is_tried_again_and_no_dead_letter() {
    let newer = [("fresh", "0000000000000001"), ("person", "0000000000000002")];
    let domains = beside(&member("n2", Hosted::AppServer, &newer)).await;
    let requests = [
        ("fresh.create", CREATE, ErrorCode::UnknownTemplate),
        ("person.call.fresh", "{}", ErrorCode::UnknownOperation),
        ("app_server.batch.write", BATCH, ErrorCode::UnknownTemplate),
    ];
    for (key, body, code) in requests {
        let request = || Incoming { broker: Broker::AppWrite, message_id: Some("m"), ..incoming(key, body) };
        let (is_retryable, hint) = failed(&domains, request()).await;
        assert!(is_retryable && hint.contains("`n2`"), "{key}: {hint}");
        assert_eq!(end(&domains, request()).await, End::Retry(code), "{key}");
    }
    assert_eq!(domains.needs("fresh.create"), Need::TEMPLATE);
    assert_eq!(domains.needs("person.call.fresh"), Need::TEMPLATE);
    assert_eq!(domains.needs("person.create"), Need::Database(Engine::MariaDb, "people"));
    // Both nodes may lack an operation, so no request waits for one without end.
    for (key, sought_for, expected) in [
        ("person.call.typo", 9, End::Retry(ErrorCode::UnknownOperation)),
        ("person.call.typo", 11, End::Dead(ErrorCode::UnknownOperation)),
        ("fresh.create", 11, End::Retry(ErrorCode::UnknownTemplate)),
    ] {
        let sought_for = Some(Duration::from_mins(sought_for));
        let request = Incoming { broker: Broker::AppWrite, sought_for, ..incoming(key, "{}") };
        assert_eq!(end(&domains, request).await, expected, "{key}");
    }
    // A read that nobody waits for would hold up others.
    let read = incoming("fresh.fetch", FETCH);
    assert_eq!(end(&domains, read).await, End::Dead(ErrorCode::UnknownTemplate));
    // No version of the template has it.
    let none = Incoming { broker: Broker::AppWrite, ..incoming("person.truncate", "{}") };
    assert_eq!(end(&domains, none).await, End::Dead(ErrorCode::UnknownOperation));
}

#[tokio::test]
async fn what_no_other_node_serves_is_a_dead_letter() {
    let same = [("person", PERSON.hash)];
    for other in [
        member("n2", Hosted::AppServer, &same),
        // Its nodes do not take from the queue.
        member("n2", Hosted::Segundo, &[("fresh", "0000000000000001")]),
    ] {
        let domains = beside(&other).await;
        for (key, code) in
            [("fresh.create", ErrorCode::UnknownTemplate), ("person.call.fresh", ErrorCode::UnknownOperation)]
        {
            let request = || Incoming { broker: Broker::AppWrite, ..incoming(key, CREATE) };
            let (is_retryable, hint) = failed(&domains, request()).await;
            assert!(!is_retryable && !hint.contains("`n2`"), "{key}: {hint}");
            assert_eq!(end(&domains, request()).await, End::Dead(code), "{key}");
        }
    }
}
