//! Views of documents: members that they lose, exchange or compute, and documents that they show several times.

use beds_core::{
    inspect::{Catalogue, Each, Index, Relation, RelationKind, Shows},
    spec::{Domain, Field, Type, mongodb},
};

use super::check;

static FIELDS: [Field; 3] = [
    Field::new("id", "_id", Type::string(1, 40)).required(),
    Field::new("name", "name", Type::string(0, 40)).nullable(),
    Field::new("age", "age", Type::INT).nullable(),
];

const fn domain(update: Option<&'static str>) -> Domain {
    let objects =
        mongodb::Objects { read: Some(mongodb::Source::view("v_animals")), update, ..mongodb::Objects::NONE };
    let domain = Domain::new("animal", "", "").at_least_once().fields(&FIELDS).key(&[0]).reads();
    if update.is_some() { domain.updates().mongodb("zoo", objects) } else { domain.mongodb("zoo", objects) }
}

static READ: Domain = domain(None);
static WRITTEN: Domain = domain(Some("animals"));

/// The reports about a view with these members.
fn said(domain: &Domain, shows: &Shows) -> Vec<String> {
    let id = Index {
        name: "_id_".to_owned(),
        unique: true,
        primary: true,
        columns: vec!["_id".to_owned()],
        whole: true,
        identifies: true,
        only: Vec::new(),
        counts_null: true,
        expires_s: None,
    };
    let animals = Relation { indexes: vec![id], ..Relation::new("animals", RelationKind::Collection) };
    let picked = FIELDS
        .iter()
        .filter_map(|field| Some((field.column.to_owned(), shows.source(field.column)?.to_owned())));
    let picks = (shows.each == Each::Once).then(|| ("animals".to_owned(), picked.collect()));
    let view =
        Relation { picks, shows: Some(shows.clone()), ..Relation::new("v_animals", RelationKind::View) };
    let catalogue = Catalogue { documents: true, relations: vec![animals, view], ..Catalogue::default() };
    check(domain, &catalogue)
        .into_iter()
        .map(|found| format!("{} {}: {}", found.severity.as_str(), found.place, found.message))
        .collect()
}

fn named(members: &[(&str, Option<&str>)]) -> Shows {
    let named = members.iter().map(|(name, of)| ((*name).to_owned(), of.map(str::to_owned)));
    Shows { named: named.collect(), ..Shows::default() }
}

#[test]
fn a_view_that_lost_a_member_or_the_key_is_wrong() {
    assert_eq!(said(&WRITTEN, &Shows::default()), [""; 0]);
    let short = Shows { closed: true, ..named(&[("_id", Some("_id")), ("name", Some("name"))]) };
    assert_eq!(said(&READ, &short), ["error field age: the view `v_animals` has no column `age`"]);
    let keyless = Shows { hidden: vec!["_id".to_owned()], ..Shows::default() };
    assert_eq!(said(&READ, &keyless), ["error field id: the view `v_animals` has no column `_id`"]);
    assert_eq!(said(&READ, &named(&[("age", None)])), [""; 0], "it is computed");
}

#[test]
fn a_view_that_exchanges_members_is_told() {
    let exchanged = named(&[("name", Some("age")), ("age", Some("name"))]);
    let told = said(&READ, &exchanged);
    assert!(told[0].starts_with("warning objects.read: `v_animals` shows columns of"), "{told:#?}");
    let told = said(&WRITTEN, &exchanged);
    assert!(
        told.contains(&"error field name: `v_animals` shows `age` of `animals` as `name`, and a write to `animals` is about its `name`".to_owned()),
        "{told:#?}"
    );
    let other_key = named(&[("_id", Some("kind"))]);
    assert_eq!(
        said(&READ, &other_key),
        ["error objects.read: the key (kind) is not unique in `animals`: two records may have it"]
    );
    let told = said(&WRITTEN, &other_key);
    assert!(
        told.iter().any(|said| said.starts_with("error field id: `v_animals` shows `kind`")),
        "{told:#?}"
    );
}

#[test]
fn a_view_that_shows_documents_several_times_is_told() {
    let told = [
        "warning objects.read: `v_animals` shows a document once for each item of a list: records share a key",
    ];
    assert_eq!(said(&READ, &Shows { each: Each::Several, ..Shows::default() }), told);
    // A computed member of the key may distinguish the items.
    assert_eq!(said(&READ, &Shows { each: Each::Several, ..named(&[("_id", None)]) }), [""; 0]);
}
