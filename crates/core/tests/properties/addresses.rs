//! Routing keys, and what a domain offers.

use beds_core::{
    Error, Factory as _,
    address::{Address, Target},
    spec::{Domain, Usage},
};
use beds_protocol::{ErrorCode, Lane, Operation, RoutingKey};
use proptest::{
    prelude::{Strategy, any, prop_oneof},
    prop_assert, prop_assert_eq,
    sample::select,
};

use crate::{
    check,
    domain::{DOCUMENTS, FIELDS, OBJECTS, THING, Things},
};

fn routing_key() -> impl Strategy<Value = String> {
    let words = [
        "thing", "other", "fetch", "create", "call", "move", "describe", "", ".", "*", "#", "Thing", "fetch ",
    ];
    let word = || prop_oneof![4 => select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    prop_oneof![
        (word(), word()).prop_map(|(one, two)| format!("{one}.{two}")),
        (word(), word(), word()).prop_map(|(one, two, three)| format!("{one}.{two}.{three}")),
        any::<String>(),
    ]
}

#[test]
fn any_text_is_a_routing_key_or_none() {
    check(1_500, &routing_key(), |text| {
        match RoutingKey::parse(&text) {
            Ok(key) => prop_assert_eq!(key.to_string(), &*text),
            Err(error) => prop_assert!(error.to_string().len() <= text.len() + 80),
        }
        match Address::parse::<Things>(&text) {
            Ok(Address { domain, target, lane, .. }) => {
                let offered = domain.operations().find(|(_, taken)| *taken == lane);
                prop_assert!(offered.is_some() && text.starts_with("thing."), "{} {:?}", text, target);
            }
            Err(Error { code, .. }) => prop_assert!(matches!(
                code,
                ErrorCode::BadRequest | ErrorCode::UnknownTemplate | ErrorCode::UnknownOperation
            )),
        }
        Ok(())
    });
}

/// The operation that a target came from.
fn operation(target: Target) -> Operation<'static> {
    match target {
        Target::Fetch => Operation::Fetch,
        Target::Count => Operation::Count,
        Target::Create => Operation::Create,
        Target::Update => Operation::Update,
        Target::Upsert => Operation::Upsert,
        Target::Delete => Operation::Delete,
        Target::Describe => Operation::Describe,
        Target::Call(call) => Operation::Call(call.name),
    }
}

#[test]
fn what_a_domain_offers_is_what_its_routing_keys_lead_to() {
    let mut keys = 0;
    for domain in Things::domains() {
        for (offered, lane) in domain.operations() {
            let key = RoutingKey { template: domain.name, operation: offered }.to_string();
            let address = Address::parse::<Things>(&key).unwrap();
            assert_eq!((operation(address.target), address.lane), (offered, lane), "{key}");
            assert_eq!(offered.lane().unwrap_or(lane), lane, "{key}");
            keys += 1;
        }
    }
    assert_eq!(keys, 9);
}

/// The operations that an object is behind.
fn behind(usage: Usage) -> Vec<Operation<'static>> {
    match usage {
        Usage::Read => vec![Operation::Fetch, Operation::Count],
        Usage::Create => vec![Operation::Create],
        Usage::Update => vec![Operation::Update],
        Usage::Upsert => vec![Operation::Upsert],
        Usage::Delete => vec![Operation::Delete],
        Usage::Call(name) => vec![Operation::Call(name)],
    }
}

#[test]
fn every_operation_but_describe_has_an_object_behind_it() {
    check(64, &any::<[bool; 6]>(), |[read, create, update, upsert, delete, is_mariadb]| {
        let mut domain = Domain::new("some", "", "").fields(&FIELDS).calls(THING.calls);
        domain = if read { domain.reads() } else { domain };
        domain = if create { domain.creates() } else { domain };
        domain = if update { domain.updates() } else { domain };
        domain = if upsert { domain.upserts() } else { domain };
        domain = if delete { domain.deletes() } else { domain };
        let domain = if is_mariadb {
            let mut objects = OBJECTS;
            objects.read = objects.read.filter(|_| read);
            objects.create = objects.create.filter(|_| create);
            objects.update = objects.update.filter(|_| update);
            objects.upsert = objects.upsert.filter(|_| upsert);
            objects.delete = objects.delete.filter(|_| delete);
            domain.mariadb("things", objects)
        } else {
            let mut objects = DOCUMENTS;
            objects.read = objects.read.filter(|_| read);
            objects.create = objects.create.filter(|_| create);
            objects.update = objects.update.filter(|_| update);
            objects.upsert = objects.upsert.filter(|_| upsert);
            objects.delete = objects.delete.filter(|_| delete);
            domain.mongodb("things", objects)
        };
        let by_objects = domain.database_objects().into_iter().flat_map(|object| behind(object.usage));
        let by_objects: Vec<String> = by_objects.map(|operation| operation.to_string()).collect();
        let offered = domain.operations().filter(|(operation, _)| *operation != Operation::Describe);
        let offered: Vec<String> = offered.map(|(operation, _)| operation.to_string()).collect();
        prop_assert_eq!(by_objects, offered);
        prop_assert!(domain.operations().any(|it| it == (Operation::Describe, Lane::Read)));
        Ok(())
    });
}
