//! Many records, and many requests at a time.

use std::time::SystemTime;

use beds_protocol::{ErrorCode, Operation};
use serde_json::{Map, Value, json};

use crate::domain::Domain;

pub(crate) async fn creates_many_in_order(domain: Domain) {
    let records: Vec<Value> = (0..20).map(|number| domain.record(json!({ "number": number }))).collect();
    let created = domain.ok(Operation::Create, json!({ "data": records })).await.data.unwrap();
    let created = created.as_array().unwrap();
    assert_eq!(created.len(), 20);
    for (number, pair) in created.windows(2).enumerate() {
        assert_eq!(pair[0]["number"], number);
        assert!(pair[0]["id"].as_str() < pair[1]["id"].as_str(), "later records have greater ids");
    }
    assert_eq!(domain.fetch(&created[19]["id"]).await, created[19]);
    // An array of one record returns an array of one.
    let one = domain.ok(Operation::Create, json!({ "data": [domain.record(json!({}))] })).await.data.unwrap();
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(domain.count().await, 21);
}

pub(crate) async fn bounds_the_limit(domain: Domain) {
    let records: Vec<Value> = (0..101).map(|_| domain.record(json!({}))).collect();
    domain.ok(Operation::Create, json!({ "data": records })).await;
    let filter = domain.filter(&json!({}));
    for (limit, expected) in [(None, 10), (Some(1), 1), (Some(100), 100)] {
        let mut body = json!({ "where": filter });
        if let Some(limit) = limit {
            body["limit"] = json!(limit);
        }
        let reply = domain.ok(Operation::Fetch, body).await;
        assert_eq!(reply.data.unwrap().as_array().unwrap().len(), expected, "{limit:?}");
        assert!(reply.next.is_some());
    }
    for limit in [0_u32, 101, u32::MAX] {
        let body = json!({"where": filter, "limit": limit});
        let details = [("limit", "must be from 1 to 100")];
        domain.refused_with(Operation::Fetch, body, ErrorCode::ValidationFailed, &details).await;
    }
}

pub(crate) async fn serves_many_at_a_time(domain: Domain) {
    let begun = SystemTime::now();
    let requests = (0..200).map(|number| domain.create(json!({ "number": number })));
    let created = futures_util::future::join_all(requests).await;
    let fetched =
        futures_util::future::join_all(created.iter().map(|record| domain.fetch(&record["id"]))).await;
    assert_eq!(fetched, created, "every answer is that of its own request");
    assert_eq!(domain.count().await, 200);
    let numbers: std::collections::BTreeSet<_> =
        fetched.iter().map(|record| record["number"].as_i64()).collect();
    assert_eq!(numbers.len(), 200, "after {:?}", begun.elapsed());
}

/// Lookups that wait together become one statement. No requester must notice that.
pub(crate) async fn gives_every_requester_its_record(domain: Domain) {
    let mut created = Vec::new();
    for number in 0..40 {
        created.push(domain.create(json!({ "number": number })).await);
    }
    let spoiled = domain.spoil(created[7]["id"].as_str().unwrap()).await;
    let wanted: Vec<Value> = (0..600)
        .map(|turn| match turn % 5 {
            0 => json!(uuid::Uuid::now_v7()),
            _ => created[turn * 7 % created.len()]["id"].clone(),
        })
        .collect();
    let bodies: Vec<Value> = wanted.iter().map(|key| json!({ "key": key })).collect();
    let requests = bodies.iter().map(|body| domain.try_request(Operation::Fetch, body));
    let answers = futures_util::future::join_all(requests).await;
    for (key, answer) in wanted.iter().zip(answers) {
        match created.iter().position(|record| record["id"] == *key) {
            // A value that cannot be shown harms neither its record nor the other records of the statement.
            Some(7) => {
                let reply = Domain::expect_ok(key, answer);
                let record = reply.data.unwrap();
                assert_eq!((&record["id"], &record[spoiled]), (key, &Value::Null));
                assert!(reply.note.unwrap().contains(&format!("data.{spoiled} holds")));
            }
            Some(place) => assert_eq!(Domain::expect_ok(key, answer).data, Some(created[place].clone())),
            None => assert_eq!(Domain::expect_refused(key, answer).code, ErrorCode::NotFound, "{key}"),
        }
    }
}

/// An error reply stays short, however many mistakes there are and however long a name is.
pub(crate) async fn names_some_of_many_mistakes(domain: Domain) {
    let mut record: Map<String, Value> = (0..5_000).map(|number| (format!("a{number}"), json!(1))).collect();
    record.insert("x".repeat(50_000), json!(1));
    let error = domain.refused(Operation::Create, json!({ "data": record })).await;
    let expected = "5003 fields are invalid; the first 100 are listed";
    assert_eq!((error.message.as_str(), error.details.len()), (expected, 100));
    let name = "x".repeat(50_000);
    let error = domain.refused(Operation::Fetch, json!({"where": {&name: 1}, "sort": [&name]})).await;
    for detail in &error.details {
        assert!(detail.field.chars().count() <= 401 && detail.reason.chars().count() <= 401);
    }
}

/// Of several updates at the same version, one succeeds.
pub(crate) async fn lets_one_of_several_updates_win(domain: Domain) {
    let created = domain.create(json!({"number": 1})).await;
    let id = &created["id"];
    let (domain, racing) =
        (&domain, |number: i64| json!({"key": id, "data": {"number": 100 + number}, "if_version": 1}));
    let racers = (0..8).map(|number| async move {
        (number, Domain::outcome(&domain.try_request(Operation::Update, &racing(number)).await))
    });
    let outcomes = futures_util::future::join_all(racers).await;
    let won: Vec<_> = outcomes.iter().filter(|(_, code)| code.is_none()).map(|(number, _)| *number).collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    for (_, code) in outcomes.iter().filter(|(_, code)| code.is_some()) {
        // A write that lost a lock conflict gets a retryable error.
        assert!(matches!(code, Some(ErrorCode::VersionMismatch | ErrorCode::Conflict)), "{outcomes:?}");
    }
    let now = domain.fetch(id).await;
    assert_eq!((&now["number"], &now["revision"]), (&json!(100 + won[0]), &json!(2)));
}
