use beds_core::{
    inspect::{Asks, Catalogue, Column, Evidence, Kind, Relation, RelationKind, Rule},
    spec::{Domain, Field, Generated, Pattern, Type, mongodb},
};

use crate::verify::{Finding, Severity, tests::check};

const COLLECTION: mongodb::Source = mongodb::Source::collection("notes");

fn domain() -> Domain {
    let fields = vec![
        Field::new("id", "_id", Type::Uuid).generated(Generated::UuidV7),
        Field::new("subject", "subject", Type::String { min: 0, max: 200, pattern: None }).required(),
        Field::new("mood", "mood", Type::one_of(&["glad", "sad"])).nullable(),
        Field::new("at", "at", Type::DateTime).nullable(),
        Field::new("size", "size", Type::int(0, 10)).nullable(),
        Field::new("tags", "tags", Type::List { item: tag(), max: 5 }).nullable(),
        Field::new("code", "code", Type::String { min: 2, max: 4, pattern: Some(Pattern::new("[a-z]+")) })
            .nullable(),
        Field::new("author", "author", Type::Object { fields: author() }).nullable(),
        Field::new("any", "any", Type::Json).nullable(),
        Field::new("sure", "sure", Type::Bool).required(),
        Field::new("revision", "revision", Type::INT),
        Field::new("count", "count", Type::uint(0, u64::MAX)).nullable(),
        Field::new("whole", "whole", Type::INT).nullable(),
    ];
    Domain::new("note", "", "")
        .at_least_once()
        .fields(fields.leak())
        .key(&[0])
        .version(10)
        .reads()
        .creates()
        .mongodb(
            "journal",
            mongodb::Objects { read: Some(COLLECTION), create: Some("notes"), ..mongodb::Objects::NONE },
        )
}

fn tag() -> &'static Field {
    Box::leak(Box::new(Field::new("item", "item", Type::string(1, 20))))
}

fn author() -> &'static [Field] {
    vec![
        Field::new("name", "n", Type::string(0, 40)).required(),
        Field::new("mail", "mail", Type::string(0, 40)).nullable(),
    ]
    .leak()
}

fn relation(rules: Vec<(&str, Asks)>, strict: bool) -> Relation {
    let path = |path: &str| path.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect();
    Relation {
        rules: rules.into_iter().map(|(at, asks)| Rule { path: path(at), asks }).collect(),
        evidence: Evidence::Validator { strict },
        ..Relation::new("notes", RelationKind::Collection)
    }
}

fn findings(relation: Relation) -> Vec<Finding> {
    let catalogue = Catalogue { documents: true, relations: vec![relation], ..Catalogue::default() };
    check(&domain(), &catalogue).into_iter().filter(|finding| finding.message.contains("validator")).collect()
}

fn said(rules: Vec<(&str, Asks)>, strict: bool) -> Vec<String> {
    let line =
        |finding: &Finding| format!("{} {}: {}", finding.severity.as_str(), finding.place, finding.message);
    findings(relation(rules, strict)).iter().map(line).collect()
}

fn types(names: &[&str]) -> Asks {
    Asks::Types(names.iter().map(|name| (*name).to_owned()).collect())
}

fn one_of(texts: &[&str], others: &[&str]) -> Asks {
    let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
    Asks::OneOf { texts: owned(texts), others: owned(others) }
}

fn at_least(bound: &str, exclusive: bool) -> Asks {
    Asks::Least { bound: bound.parse().unwrap(), exclusive }
}

#[test]
fn what_a_validator_refuses_is_found() {
    let requires = |name: &str| Asks::Required(name.to_owned());
    for (path, asks, expected) in [
        (
            "",
            requires("mood"),
            "error objects.create: the validator requires `mood`, which a client may leave out",
        ),
        ("", requires("gone"), "error objects.create: the validator requires `gone`, which no field has"),
        (
            "",
            Asks::Other("anyOf".into()),
            "warning objects.create: the validator has `anyOf` for its documents, which was not judged: it may refuse what the template allows",
        ),
        (
            "",
            Asks::MembersMin(5),
            "warning objects.create: the validator refuses documents of fewer than 5 members, and some have 4",
        ),
        (
            "",
            Asks::MembersMax(9),
            "warning objects.create: the validator refuses documents of more than 9 members, and some have 13",
        ),
        (
            "_id",
            types(&["string"]),
            "error field id: the validator accepts `_id` as `string` only, but the node writes `binData`",
        ),
        (
            "at",
            types(&["string", "null"]),
            "error field at: the validator accepts `at` as `string or null` only, but the node writes `date`",
        ),
        (
            "size",
            types(&["int"]),
            "error field size: the validator accepts `size` as `int` only, but the node writes `long`",
        ),
        (
            "subject",
            Asks::LengthMin(3),
            "warning field subject: the validator refuses strings of fewer than 3 characters in `subject`",
        ),
        (
            "subject",
            Asks::LengthMax(20),
            "warning field subject: the validator refuses strings of more than 20 characters in `subject`",
        ),
        (
            "subject",
            Asks::Matches("^a".into()),
            "warning field subject: the validator refuses what `^a` does not match in `subject`",
        ),
        (
            "subject",
            one_of(&["a"], &[]),
            "warning field subject: the validator refuses values in `subject` that its `enum` does not have",
        ),
        ("mood", one_of(&["glad"], &["null"]), "warning field mood: the validator refuses `sad` in `mood`"),
        (
            "mood",
            one_of(&["GLAD"], &[]),
            "error field mood: the `enum` of the validator has no value that `mood` can have",
        ),
        (
            "sure",
            one_of(&[], &["true"]),
            "warning field sure: the validator refuses values in `sure` that its `enum` does not have",
        ),
        ("size", at_least("1", false), "warning field size: the validator refuses numbers below 1 in `size`"),
        (
            "size",
            Asks::Greatest { bound: "10".parse().unwrap(), exclusive: true },
            "warning field size: the validator refuses numbers from 10 in `size`",
        ),
        // A double does not have these digits.
        (
            "whole",
            at_least("-9223372036854775808", true),
            "warning field whole: the validator refuses numbers up to -9223372036854775808 in `whole`",
        ),
        (
            "whole",
            at_least("-9223372036854775807", false),
            "warning field whole: the validator refuses numbers below -9223372036854775807 in `whole`",
        ),
        (
            "size",
            Asks::Other("multipleOf".into()),
            "warning field size: the validator has `multipleOf` for `size`, which was not judged: it may refuse what the template allows",
        ),
        (
            "tags",
            Asks::ItemsMin(1),
            "warning field tags: the validator refuses lists of fewer than 1 items in `tags`",
        ),
        (
            "tags",
            Asks::ItemsMax(3),
            "warning field tags: the validator refuses lists of more than 3 items in `tags`",
        ),
        (
            "tags",
            Asks::ItemsDiffer,
            "warning field tags: the validator refuses lists that have an item twice in `tags`",
        ),
        (
            "tags.[]",
            Asks::LengthMin(2),
            "warning field tags: the validator refuses strings of fewer than 2 characters in `tags[]`",
        ),
        (
            "author",
            requires("mail"),
            "error field author: the validator requires `mail` in `author`, which a client may leave out",
        ),
        (
            "author",
            requires("name"),
            "error field author: the validator requires `name` in `author`, which the template does not have",
        ),
        (
            "author",
            Asks::Only(vec!["n".into()]),
            "error field author: the validator forbids `mail` in `author`",
        ),
        (
            "author.n",
            types(&["int"]),
            "error field author: the validator accepts `author.n` as `int` only, but the node writes `string`",
        ),
        (
            "any.a",
            types(&["int"]),
            "warning field any: the validator has rules for `any.a`, but the template takes any JSON: the validator \
             refuses some",
        ),
    ] {
        assert_eq!(said(vec![(path, asks.clone())], true), [expected]);
        let loose = said(vec![(path, asks)], false);
        assert_eq!(loose, [expected.replace("error ", "warning ")]);
    }
    let closed = vec![
        "_id", "subject", "mood", "at", "size", "tags", "code", "author", "any", "revision", "count", "whole",
    ];
    let closed = Asks::Only(closed.into_iter().map(str::to_owned).collect());
    assert_eq!(said(vec![("", closed)], true), ["error field sure: the validator forbids `sure`"]);
}

#[test]
fn what_a_validator_takes_is_no_finding() {
    let rules = vec![
        ("", Asks::Required("_id".into())),
        ("", Asks::Required("subject".into())),
        ("", Asks::MembersMin(4)),
        ("", Asks::MembersMax(13)),
        ("_id", types(&["binData"])),
        ("at", types(&["date", "null"])),
        ("size", types(&["number"])),
        ("size", at_least("0", false)),
        ("size", Asks::Greatest { bound: "10.00".parse().unwrap(), exclusive: false }),
        ("revision", at_least("1", false)),
        ("whole", at_least("-9223372036854775808", false)),
        ("count", Asks::Greatest { bound: "9223372036854775807".parse().unwrap(), exclusive: false }),
        ("subject", Asks::LengthMax(200)),
        ("code", Asks::LengthMin(2)),
        ("code", Asks::Matches("^[a-z]+$".into())),
        ("mood", one_of(&["sad", "glad", "calm"], &[])),
        ("sure", one_of(&[], &["true", "false"])),
        ("tags", Asks::ItemsMax(5)),
        ("author", Asks::Required("n".into())),
        ("elsewhere", types(&["int"])),
        // The condition is about strings, and this value is not a string.
        ("size", Asks::LengthMin(5)),
    ];
    assert_eq!(said(rules, true), Vec::<String>::new());
}

#[test]
fn one_change_is_one_finding() {
    let column = Column::new("subject", Kind::Int { min: -5, max: 5 }, "int");
    for (strict, severity) in [(true, Severity::Error), (false, Severity::Warning)] {
        let mut relation =
            relation(vec![("subject", types(&["int"])), ("subject", Asks::LengthMin(1))], strict);
        relation.columns = vec![column.clone()];
        let catalogue = Catalogue { documents: true, relations: vec![relation], ..Catalogue::default() };
        let found: Vec<_> = check(&domain(), &catalogue)
            .into_iter()
            .filter(|finding| finding.place == "field subject")
            .map(|finding| (finding.severity, finding.message))
            .collect();
        let message = "the column `subject` is an integer, not `string`".to_owned();
        assert_eq!(found, [(severity, message)], "{strict}");
    }
}

/// A pattern that lists values, as `beds import` writes it for an `enum` whose values differ by case alone.
#[test]
fn a_pattern_that_lists_the_values_of_an_enum_is_no_finding() {
    let judge = |pattern, texts: &[&str]| {
        let ty = Type::String { min: 0, max: 9, pattern: Some(Pattern::new(pattern)) };
        super::values::judge("status", &ty, &one_of(texts, &[])).is_some()
    };
    for (pattern, is_refused) in
        [("neu|alt|ALT", false), ("neu|x\\.l", false), ("neu|old", true), ("neu|al.", true), ("neu|", true)]
    {
        assert_eq!(judge(pattern, &["neu", "alt", "ALT", "x.l"]), is_refused, "{pattern}");
    }
}

#[test]
fn a_key_that_records_may_share_is_told_once() {
    let domain = |ty: Type| {
        Domain::new("note", "", "")
            .at_least_once()
            .fields(vec![Field::new("id", "_id", ty), Field::new("n", "n", Type::INT).nullable()].leak())
            .key(&[0])
            .mongodb(
                "journal",
                mongodb::Objects {
                    read: Some(COLLECTION),
                    update: Some("notes"),
                    delete: Some("notes"),
                    ..mongodb::Objects::NONE
                },
            )
    };
    let told = |ty: Type, asks: &[&str], strict: bool| {
        let asks = Asks::Types(asks.iter().map(|name| (*name).to_owned()).collect());
        let relations = vec![relation(vec![("_id", asks)], strict)];
        let catalogue = Catalogue { documents: true, relations, ..Catalogue::default() };
        let found = check(&domain(ty), &catalogue);
        found.iter().filter(|finding| finding.message.contains("which no index keeps apart")).count()
    };
    let decimal = || Type::decimal(34, 4, None, None);
    for (ty, asks, strict, count) in [
        (decimal(), &["number"][..], true, 1),
        (decimal(), &["double", "decimal"], true, 1),
        (decimal(), &["decimal"], true, 0),
        (decimal(), &["decimal", "long"], true, 0),
        (decimal(), &["decimal"], false, 1),
        (Type::Date, &["string"], true, 0),
        (Type::Date, &["string", "date"], true, 1),
        (Type::INT, &["number"], true, 0),
    ] {
        assert_eq!(told(ty, asks, strict), count, "{asks:?}");
    }
}

#[test]
fn a_collation_is_told_once() {
    let collection = Relation { collation: Some("de".to_owned()), ..relation(Vec::new(), true) };
    let catalogue = Catalogue { documents: true, relations: vec![collection], ..Catalogue::default() };
    let found = check(&domain(), &catalogue);
    let told: Vec<_> =
        found.iter().filter(|finding| finding.message.contains("by the collation `de`")).collect();
    assert_eq!(told.len(), 1, "{found:?}");
    assert_eq!(told[0].severity, Severity::Warning);
}
