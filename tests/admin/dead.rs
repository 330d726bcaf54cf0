//! Dead letters over the bus: who may see them, what is shown, and what is done with them, exactly once.

use std::collections::BTreeSet;

use beds_client::{Client, Request};
use beds_devstack::Stack;
use beds_protocol::topology::DEAD;
use lapin::{
    BasicProperties,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};
use serde_json::{Value, json};

use super::{
    client,
    common::{
        blocking, eventually_async,
        wire::{Wire, with_header},
    },
    end, nodes, servers,
};

async fn call(client: &Client, name: &str, args: Value) -> Value {
    let reply = client.execute_raw(Request::call("dead", name, &args)).await.unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

/// The letters of a reply.
#[track_caller]
fn letters(reply: &Value) -> &Vec<Value> {
    reply["data"]["letters"].as_array().unwrap_or_else(|| panic!("{reply:#}"))
}

/// Publishes a request for which nobody waits.
async fn publish(wire: &Wire, key: &str, body: &Value) {
    let own = BasicProperties::default().with_user_id("guest".into()).with_delivery_mode(2);
    assert!(wire.publish("beds", key, body.to_string().as_bytes(), own).await.is_none());
}

async fn waiting(wire: &Wire, count: u32) {
    eventually_async("the dead letters are there", async || wire.waiting(DEAD).await == count).await;
}

fn bookmark(note: &str) -> Value {
    json!({"data": {"owner": "o", "country": "SE", "note": note}})
}

fn sql(stack: &Stack, sql: &str) -> String {
    stack.mariadb_query(Some("catalog"), sql).unwrap()
}

const SWEDEN: &str =
    "insert into country (alpha_2, alpha_3, numeric_code, name) values ('SE', 'SWE', '752', 'Sweden')";

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_shown_replayed_once_and_dropped_by_operators() {
    let stack = servers().await;
    let all = nodes(stack, &[("n1", "app_server,admin")]).await;
    let (operator, wire) = (client(stack).await, Wire::connect(&stack.amqp_url()).await);
    assert_eq!(call(&operator, "list", json!({})).await["data"]["waiting"], 0);
    let secret =
        json!({"data": {"sku": "no number", "title": "T", "price": "1.00", "supplier": "Secret Ltd"}});
    publish(&wire, "bookmark.create", &bookmark("a")).await;
    publish(&wire, "bookmark.create", &bookmark("b")).await;
    publish(&wire, "country.fetch", &json!({"key": "SE"})).await;
    publish(&wire, "example.create", &secret).await;
    waiting(&wire, 4).await;

    // No other user may.
    let nobody = Client::builder(stack.amqp_url()).connect().await.unwrap();
    for (name, args) in [
        ("list", json!({})),
        ("show", json!({"id": "0123"})),
        ("replay", json!({"all": true})),
        ("drop", json!({"all": true})),
    ] {
        let refused = call(&nobody, name, args).await;
        assert_eq!(refused["error"]["code"], "unauthenticated", "{name}: {refused:#}");
    }
    // Without a choice of letters nothing is done.
    for name in ["replay", "drop"] {
        for args in [json!({}), json!({"all": false, "dry_run": true}), json!({"ids": []})] {
            let refused = call(&operator, name, args).await;
            assert_eq!(refused["error"]["details"][0]["field"], "args.all", "{refused:#}");
        }
    }
    let refused = call(&operator, "list", json!({"service": "web"})).await;
    assert_eq!(refused["error"]["code"], "validation_failed", "{refused:#}");
    let none = "01234567-0123-0123-0123-012345678901";
    assert_eq!(call(&operator, "show", json!({"id": none})).await["error"]["code"], "not_found");

    let listed = call(&operator, "list", json!({})).await;
    assert_eq!((letters(&listed).len(), &listed["data"]["waiting"]), (4, &json!(4)), "{listed:#}");
    for (args, count) in [
        (json!({"code": "validation_failed"}), 3),
        (json!({"template": "bookmark"}), 2),
        (json!({"reason": "no such country"}), 2),
        (json!({"older_s": 3_600}), 0),
        (json!({"newer_s": 3_600, "limit": 3}), 3),
        (json!({"template": "bookmark", "code": "not_found"}), 0),
        (json!({"service": "admin"}), 4),
    ] {
        let some = call(&operator, "list", args.clone()).await;
        assert_eq!(letters(&some).len(), count, "{args}: {some:#}");
        assert!(letters(&some).iter().all(|letter| letter.get("body").is_none()), "{some:#}");
    }
    let ids =
        |reply: &Value| letters(reply).iter().map(|letter| letter["id"].to_string()).collect::<BTreeSet<_>>();
    // More often than RabbitMQ 4 delivers a message by default, and without a pause.
    for look in 1..=25 {
        let now = call(&operator, "list", json!({})).await;
        assert_eq!(ids(&now), ids(&listed), "looking changes nothing, not even at look {look}");
    }

    // Bodies are masked as their template says.
    let of = |template: &str| {
        let begins = format!("{template}.");
        letters(&listed)
            .iter()
            .find(|letter| letter["routing_key"].as_str().unwrap().starts_with(&begins))
            .unwrap()
            .clone()
    };
    let shown = call(&operator, "show", json!({"id": of("example")["id"]})).await["data"].clone();
    assert!(shown["body"]["data"]["title"] == "T" && !shown.to_string().contains("Secret"), "{shown:#}");
    assert_eq!(shown["can_be_replayed"], false);
    let one = of("bookmark");
    let begin = &one["id"].as_str().unwrap()[..12];
    let body = call(&operator, "show", json!({"id": begin})).await["data"]["body"].clone();
    assert!(body == bookmark("a") || body == bookmark("b"), "{body:#}");

    // Letters that are masked, or that only read, stay. Letters that the node's account may not send are reported.
    let stay = call(&operator, "replay", json!({"code": "bad_request", "dry_run": true})).await;
    assert_eq!((letters(&stay).len(), &letters(&stay)[0]["outcome"]), (1, &json!("stays")), "{stay:#}");
    let masked = call(&operator, "replay", json!({"template": "example"})).await;
    assert!(letters(&masked)[0]["note"].as_str().unwrap().contains("masked"), "{masked:#}");
    let forbidden = call(&operator, "replay", json!({"template": "bookmark"})).await;
    let stays = |letter: &Value| {
        letter["outcome"] == "stays" && letter["note"].as_str().unwrap().contains("`impersonator`")
    };
    assert!(letters(&forbidden).len() == 2 && letters(&forbidden).iter().all(stays), "{forbidden:#}");
    waiting(&wire, 4).await;
    blocking(|| stack.rabbitmq().control(&["set_user_tags", "beds", "impersonator"]).unwrap()).await;
    let dry = call(&operator, "replay", json!({"template": "bookmark", "dry_run": true})).await;
    assert!(
        letters(&dry).iter().all(|letter| letter["outcome"] == "would_be_replayed")
            && letters(&dry).len() == 2
    );
    waiting(&wire, 4).await;

    // A letter whose cause remains dies again. After the repair it is done, once.
    let again = call(&operator, "replay", json!({"ids": [one["id"]]})).await;
    assert_eq!(letters(&again)[0]["outcome"], "replayed", "{again:#}");
    waiting(&wire, 4).await;
    blocking(|| sql(stack, SWEDEN)).await;
    let replayed = call(&operator, "replay", json!({"template": "bookmark"})).await;
    assert_eq!(letters(&replayed).len(), 2, "{replayed:#}");
    let notes = async || blocking(|| sql(stack, "select note from bookmark order by note")).await;
    eventually_async("both are written", async || notes().await.lines().eq(["a", "b"])).await;
    waiting(&wire, 2).await;

    let dropped = call(&operator, "drop", json!({"template": "example", "dry_run": true})).await;
    assert_eq!(letters(&dropped)[0]["outcome"], "would_be_dropped", "{dropped:#}");
    waiting(&wire, 2).await;
    call(&operator, "drop", json!({"all": true})).await;
    waiting(&wire, 0).await;
    end(all, stack).await;
}

/// A client that names another user, in the words of a node, or in those of RabbitMQ.
#[tokio::test(flavor = "multi_thread")]
async fn the_headers_of_a_client_tell_nothing_of_its_letter() {
    let stack = servers().await;
    let all = nodes(stack, &[("n1", "app_server,admin")]).await;
    let (operator, wire) = (client(stack).await, Wire::connect(&stack.amqp_url()).await);
    let text = |text: &str| AMQPValue::LongString(text.into());
    let forged = || {
        let own = BasicProperties::default().with_delivery_mode(2);
        [("user", "root"), ("properties", "p"), ("masked", "true"), ("code", "internal"), ("queue", "q")]
            .into_iter()
            .fold(own, |own, (name, value)| with_header(own, &format!("beds-dead-{name}"), text(value)))
    };
    let body = bookmark("forged").to_string();
    assert!(wire.publish("beds", "bookmark.create", body.as_bytes(), forged()).await.is_none());
    waiting(&wire, 1).await;
    let of_node = letters(&call(&operator, "list", json!({})).await)[0].clone();
    assert_eq!(
        [&of_node["user"], &of_node["can_be_replayed"], &of_node["code"], &of_node["queue"]],
        [&json!(null), &json!(true), &json!("validation_failed"), &json!("beds.app_server.w")],
        "{of_node:#}"
    );
    call(&operator, "drop", json!({"all": true})).await;

    let mut expires = FieldTable::default();
    expires.insert("x-dead-letter-exchange".into(), text(DEAD));
    expires.insert("x-message-ttl".into(), AMQPValue::LongInt(1));
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    wire.channel.queue_declare("expires".into(), options, expires).await.unwrap();
    assert!(wire.publish("", "expires", body.as_bytes(), forged()).await.is_none());
    waiting(&wire, 1).await;
    let of_rabbitmq = letters(&call(&operator, "list", json!({})).await)[0].clone();
    assert_eq!(
        [&of_rabbitmq["user"], &of_rabbitmq["code"], &of_rabbitmq["queue"]],
        [&json!(null), &json!("expired"), &json!("expires")],
        "{of_rabbitmq:#}"
    );
    end(all, stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_while_it_replays_loses_nothing_and_does_nothing_twice() {
    const COUNT: usize = 400;
    let stack = servers().await;
    blocking(|| stack.rabbitmq().control(&["set_user_tags", "beds", "impersonator"]).unwrap()).await;
    let all = nodes(stack, &[("n1", "admin"), ("n2", "app_server,admin")]).await;
    let (operator, wire) = (client(stack).await, Wire::connect(&stack.amqp_url()).await);
    for number in 0..COUNT {
        publish(&wire, "bookmark.create", &bookmark(&format!("{number}"))).await;
    }
    waiting(&wire, u32::try_from(COUNT).unwrap()).await;
    blocking(|| sql(stack, SWEDEN)).await;
    let written = async || {
        let count = blocking(|| sql(stack, "select count(*) from bookmark")).await;
        count.trim().parse::<usize>().unwrap()
    };
    let asked = async { call(&operator, "replay", json!({"template": "bookmark"})).await };
    let killed = async {
        eventually_async("some are done", async || written().await > 20).await;
        blocking(move || {
            for node in all {
                node.kill();
                node.await_end().unwrap();
            }
            for node in all {
                node.restart().unwrap();
            }
            for node in all {
                node.await_ready().unwrap();
            }
        })
        .await;
    };
    let (reply, ()) = tokio::join!(asked, killed);
    assert_eq!(reply["ok"], true, "another node has taken the request: {reply:#}");
    // Letters that the killed node held are back by now, and are requested again.
    eventually_async("all are done", async || {
        call(&operator, "replay", json!({"template": "bookmark"})).await;
        written().await >= COUNT && wire.waiting(DEAD).await == 0
    })
    .await;
    eventually_async("all is worked off", async || wire.waiting("beds.app_server.w").await == 0).await;
    let notes = "select count(distinct note) from bookmark";
    let distinct = blocking(|| sql(stack, notes)).await;
    assert_eq!((written().await, distinct.trim()), (COUNT, "400"));
    end(all, stack).await;
}
