use std::sync::Weak;

use beds_protocol::{Broker, Service, value::DateTime};
use serde_json::{Value, json};

use super::*;

pub(super) fn member(node: &str) -> Member {
    Member {
        node: node.into(),
        instance: Uuid::now_v7(),
        host: "host".into(),
        pid: 1,
        version: "0".into(),
        environment: "dev".into(),
        services: vec![Service::AppServer],
        started_at: DateTime::default(),
        state: State::Serving,
        reason: None,
        brokers: vec![Pooled { broker: Broker::AppRead, instances: 1, prefetch: 1, serves: true }],
        templates: BTreeMap::new(),
        ended: 0,
        counted: None,
        filesystem: None,
        away: std::collections::BTreeSet::new(),
    }
}

/// The transport: all nodes on it hear each other at once.
#[derive(Debug, Clone, Default)]
struct Air(Arc<Mutex<Listeners>>);

/// The listening nodes, by instance.
type Listeners = Vec<(Uuid, Weak<Fleet>)>;

impl Voice for Air {
    fn say(
        &self,
        to: Option<Uuid>,
        _: Duration,
        body: Vec<u8>,
    ) -> BoxFuture<'_, std::result::Result<(), String>> {
        for (instance, fleet) in lock(&self.0).iter() {
            if to.is_none_or(|to| to == *instance)
                && let Some(fleet) = fleet.upgrade()
            {
                let body = body.clone();
                tokio::spawn(async move { fleet.hear(&body).await });
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn reaches(&self, node: Uuid) -> BoxFuture<'_, std::result::Result<bool, String>> {
        let is_there =
            lock(&self.0).iter().any(|(instance, fleet)| *instance == node && fleet.strong_count() > 0);
        Box::pin(std::future::ready(Ok(is_there)))
    }
}

impl Air {
    /// A node that answers with its name, unless it is mute.
    async fn node(&self, name: &str, is_mute: bool) -> Arc<Fleet> {
        let me = member(name);
        let (told, mut asked) = mpsc::channel::<Told>(8);
        let (instance, check) = (me.instance, |_: &Command| Ok(()));
        let fleet = Arc::new(Fleet::new(me, Box::new(self.clone()), told, check));
        lock(&self.0).push((instance, Arc::downgrade(&fleet)));
        let name = name.to_owned();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Some(Told { answer, .. }) = asked.recv().await {
                if is_mute {
                    kept.push(answer);
                } else {
                    let _ = answer.send(Ok(json!(name)));
                }
            }
        });
        fleet.connected().await;
        fleet
    }
}

async fn asked(fleet: &Fleet, target: Target, wait_ms: u64) -> Vec<(String, Option<Value>)> {
    let deadline = Instant::now() + Duration::from_mins(1);
    let wait = Some(Duration::from_millis(wait_ms));
    let answers = fleet.ask(target, Command::Ping, deadline, wait).await.unwrap();
    answers.into_iter().map(|answer| (answer.node, answer.data)).collect()
}

#[tokio::test]
async fn all_who_are_meant_answer_once_and_who_does_not_is_told() {
    let air = Air::default();
    let one = air.node("one", false).await;
    let _other = air.node("other", false).await;
    let _twin = air.node("other", false).await;
    let all = asked(&one, Target::All, 30_000).await;
    let says = |name: &str| (name.to_owned(), Some(json!(name)));
    assert_eq!(all, [says("one"), says("other"), says("other")]);
    assert_eq!(asked(&one, Target::Node("one".into()), 30_000).await, [says("one")]);
    let _mute = air.node("mute", true).await;
    tokio::task::yield_now().await;
    let all = asked(&one, Target::All, 1_500).await;
    assert_eq!(all[0], ("mute".to_owned(), None));
    assert_eq!(all.len(), 4);
    assert!(lock(&one.gathering).is_empty(), "nobody waits any more");
}

#[tokio::test]
async fn who_says_goodbye_is_not_waited_for() {
    let air = Air::default();
    let one = air.node("one", false).await;
    let mute = air.node("mute", true).await;
    mute.leave().await;
    assert_eq!(asked(&one, Target::All, 30_000).await.len(), 1);
    let deadline = Instant::now() + Duration::from_mins(1);
    let error = one.ask(Target::Node("mute".into()), Command::Ping, deadline, None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn who_was_killed_is_not_waited_for() {
    let air = Air::default();
    let one = air.node("one", false).await;
    let killed = air.node("killed", true).await;
    tokio::task::yield_now().await;
    drop(killed);
    let deadline = Instant::now() + Duration::from_mins(1);
    let begun = Instant::now();
    let answers = one.ask(Target::All, Command::Ping, deadline, None).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let error = answers[0].error.as_ref().unwrap();
    assert_eq!((answers[0].node.as_str(), error.code), ("killed", ErrorCode::Unavailable));
    assert!(
        error.message.starts_with("the node is not connected; it was last heard 0 s ago")
            || error.message.starts_with("the node is not connected; it was last heard 1 s ago"),
        "{}",
        error.message
    );
    assert!(error.hint.as_deref().unwrap().contains("may have obeyed the command"), "{error}");
    assert!(answers[1].ok);
}

#[tokio::test]
async fn what_is_not_understood_is_not_heard() {
    let one = Air::default().node("one", false).await;
    for body in ["", "{}", r#"{"kind": "dance"}"#, r#"{"kind": "gone"}"#, "\u{0}"] {
        one.hear(body.as_bytes()).await;
    }
    assert_eq!(asked(&one, Target::All, 30_000).await.len(), 1);
}

#[tokio::test]
async fn a_template_is_elsewhere_as_long_as_its_node_is_heard_or_may_start_again() {
    let (fresh, old) = (BTreeMap::from([("fresh".into(), "1".into())]), BTreeMap::new());
    let fleet = |templates| {
        let me = Member { templates, ..member("n1") };
        Arc::new(Fleet::new(me, Box::new(Air::default()), mpsc::channel(1).0, |_| Ok(())))
    };
    let where_is = |fleet: &Fleet, service| fleet.elsewhere(service, |its| its.contains_key("fresh"));
    let one = fleet(old);
    assert_eq!(where_is(&one, Service::AppServer), Elsewhere::Unknown, "it has just started");
    one.connected().await;
    assert_eq!(where_is(&one, Service::AppServer), Elsewhere::Unknown);
    tokio::time::sleep(SETTLED + Duration::from_millis(100)).await;
    assert_eq!(where_is(&one, Service::AppServer), Elsewhere::Nowhere);
    let other = Member { templates: fresh.clone(), ..member("n2") };
    one.heard(other.clone());
    assert_eq!(where_is(&one, Service::AppServer), Elsewhere::Node("n2".into()));
    assert_eq!(where_is(&one, Service::Tercero), Elsewhere::Nowhere);
    lock(&one.members).gone(other.instance, Instant::now());
    assert_eq!(where_is(&one, Service::AppServer), Elsewhere::Node("n2".into()), "it may start again");
    // A node is not elsewhere for itself.
    let own = fleet(fresh);
    own.heard(own.me());
    assert_eq!(where_is(&own, Service::AppServer), Elsewhere::Unknown);
}
