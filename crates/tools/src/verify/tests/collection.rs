//! The indexes of a collection: names that differ by case, records without a value, and indexes by which the server
//! deletes.

use beds_core::{
    inspect::{Catalogue, Index, Relation, RelationKind},
    spec::{Domain, Field, Generated, Lifecycle, Type, mongodb},
};

use super::check;

fn domain() -> Domain {
    let mut fields = vec![
        Field::new("shop", "shop", Type::INT).required(),
        Field::new("mail", "mail", Type::string(0, 40)).nullable(),
        Field::new("at", "at", Type::DateTime).generated(Generated::Now),
        Field::new("capital", "SKU", Type::string(0, 40)).nullable(),
        Field::new("score", "score", Type::INT).nullable(),
    ];
    fields[1].unique = true;
    let mut domain = Domain::new("note", "", "")
        .at_least_once()
        .fields(fields.leak())
        .key(&[0])
        .reads()
        .creates()
        .mongodb(
            "journal",
            mongodb::Objects {
                read: Some(mongodb::Source::collection("notes")),
                create: Some("notes"),
                ..mongodb::Objects::NONE
            },
        );
    domain.lifecycle = Some(Lifecycle { by: 2, ttl_s: 60, purge: None });
    domain
}

fn index(column: &str, unique: bool) -> Index {
    Index {
        name: format!("{column}_1"),
        unique,
        primary: false,
        columns: vec![column.to_owned()],
        whole: true,
        identifies: true,
        only: Vec::new(),
        counts_null: true,
        expires_s: None,
    }
}

/// A unique index of the records that have a value.
fn present(column: &str) -> Index {
    Index { counts_null: false, ..index(column, true) }
}

/// A unique index of the records whose value has one of these types.
fn typed(column: &str, types: &[&str]) -> Index {
    let only = types.iter().map(|name| (*name).to_owned()).collect();
    Index { whole: false, identifies: false, only, ..present(column) }
}

fn expiring(column: &str) -> Index {
    Index { expires_s: Some(60), ..index(column, false) }
}

/// The findings if these indexes replace those of the same member.
fn said(changed: Vec<Index>) -> Vec<String> {
    let mut indexes = vec![index("shop", true), present("mail"), expiring("at")];
    indexes.retain(|index| {
        !changed.iter().any(|other| other.columns[0].eq_ignore_ascii_case(&index.columns[0]))
    });
    indexes.extend(changed);
    let notes = Relation { indexes, ..Relation::new("notes", RelationKind::Collection) };
    let catalogue = Catalogue { documents: true, relations: vec![notes], ..Catalogue::default() };
    check(&domain(), &catalogue)
        .into_iter()
        .map(|found| format!("{} {}: {}", found.severity.as_str(), found.place, found.message))
        .collect()
}

#[test]
fn members_whose_names_differ_by_case_are_two() {
    assert_eq!(said(Vec::new()), [""; 0]);
    assert_eq!(
        said(vec![index("SHOP", true)]),
        ["error objects.read: the key (shop) is not unique in `notes`: two records may have it"]
    );
    assert_eq!(said(vec![present("MAIL")]), ["warning field mail: `notes` has no unique index on `mail`"]);
    assert_eq!(said(vec![present("sku")]), [""; 0]);
    assert_eq!(
        said(vec![present("SKU")]),
        ["warning field capital: an index of `notes` keeps it unique, but the template does not say so"]
    );
}

#[test]
fn a_unique_index_of_what_may_be_absent_has_only_what_is_there() {
    for right in [present("mail"), typed("mail", &["string"]), typed("mail", &["string", "null"])] {
        assert_eq!(said(vec![right.clone()]), [""; 0], "{right:?}");
    }
    assert_eq!(
        said(vec![index("mail", true)]),
        [
            "warning field mail: the unique index `mail_1` of `notes` takes one record without a value: the next one is a \
             `conflict`"
        ]
    );
    for part in [typed("mail", &["int"]), Index { whole: false, ..present("mail") }] {
        assert_eq!(said(vec![part]), ["warning field mail: `notes` has no unique index on `mail`"]);
    }
    // A key is always there, and always has one of the index's types.
    for right in [index("shop", true), present("shop"), typed("shop", &["number"])] {
        assert_eq!(said(vec![right.clone()]), [""; 0], "{right:?}");
    }
    assert_eq!(said(vec![typed("shop", &["string"])]).len(), 1);
}

#[test]
fn an_index_that_deletes_a_part_of_the_records_is_not_the_one() {
    let partial = Index { whole: false, identifies: false, ..expiring("at") };
    let beside = Index { name: "at_2".to_owned(), ..partial.clone() };
    assert_eq!(
        said(vec![partial]),
        [
            "error lifecycle: the index `at_1` of `notes` deletes some of the records only: it has a `partialFilterExpression`"
        ]
    );
    assert_eq!(said(vec![beside, expiring("at")]), [""; 0]);
    let of_dates = Index { expires_s: Some(60), unique: false, ..typed("at", &["date"]) };
    assert_eq!(said(vec![of_dates]), [""; 0]);
    let later = Index { expires_s: Some(61), ..expiring("at") };
    assert!(said(vec![later])[0].contains("after 61 s, and the template says by `at` after 60 s"));
}
