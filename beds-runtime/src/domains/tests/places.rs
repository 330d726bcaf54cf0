//! The limit of items of batches that run at a time applies to each database separately.

use tokio::sync::Notify;

use super::*;

/// A database of people that answers once somebody has asked the database of pets.
#[derive(Debug, Default)]
struct Waiting {
    asked: Notify,
}

impl Runner for Waiting {
    fn run(&self, plan: Plan, _: Bounds) -> BoxFuture<'_, Result> {
        Box::pin(async move {
            if plan.domain.name == PET.name {
                self.asked.notify_one();
            } else {
                self.asked.notified().await;
            }
            Ok(Outcome::default())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn databases_of_one_name_on_two_engines_do_not_wait_for_each_other() {
    let limits = Limits { batch_items_at_once: 1, ..Limits::default() };
    let domains = Domains::<People>::new(vec![&PERSON, &PET], Arc::<Waiting>::default(), limits);
    let fetch = |template: &str| json!({ "template": template, "op": "fetch", "body": { "key": 1 } });
    let body = json!({ "items": [fetch("person"), fetch("pet")] }).to_string();
    let batch = incoming("app_server.batch.read", &body);
    let Verdict::Reply(reply) = domains.handle(batch).await else { panic!("no reply") };
    assert_eq!(String::from_utf8(reply.body).unwrap(), r#"{"ok":true,"items":[{"ok":true},{"ok":true}]}"#);
}
