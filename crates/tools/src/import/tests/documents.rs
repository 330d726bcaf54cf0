//! Imports of collections, their validators and views.

use beds_core::inspect::{Asks, Catalogue, Column, Evidence, Kind, Relation, RelationKind, Rule};

use super::{
    super::{Options, Plan, plan},
    column, index, text,
};

pub(super) fn of_documents(relation: Relation) -> Plan {
    let options = Options {
        service: "app_server".to_owned(),
        database_name: "shop".to_owned(),
        is_mongodb: true,
        ..Options::default()
    };
    plan(&Catalogue { documents: true, relations: vec![relation], ..Catalogue::default() }, &options)
}

#[test]
fn a_view_of_documents_leaves_out_what_cannot_be_named() {
    let view = Relation {
        columns: ["_id", "a.b", "$c"].map(column).into(),
        evidence: Evidence::Sample { documents: 1 },
        ..Relation::new("v", RelationKind::View)
    };
    let plan = of_documents(view);
    let template = text(&plan, "v_rec.toml");
    assert!(!template.contains("column = \"a.b\"") && !template.contains("\"$c\""), "{template}");
    assert_eq!(plan.left_out.len(), 2, "{:?}", plan.left_out);
}

#[test]
fn members_that_cannot_be_named_are_all_told() {
    let inner = Column { kind: Kind::Object(["$z", "ok"].map(column).into()), ..column("in") };
    let outer = vec![column("x.y"), column("$z"), column("ok"), inner];
    let members = vec![column("_id"), Column { kind: Kind::Object(outer), ..column("o") }];
    let collection = Relation {
        columns: members,
        evidence: Evidence::Validator { strict: true },
        indexes: vec![index("PRIMARY", &["_id"])],
        ..Relation::new("t", RelationKind::Collection)
    };
    let plan = of_documents(collection);
    let told: Vec<&str> = plan.left_out.iter().map(|(_, what)| what.split(": ").next().unwrap()).collect();
    assert_eq!(told, ["member `x.y` of `o`", "member `$z` of `o`", "member `$z` of `o.in`"]);
    // An update of the object would lose them.
    let template = text(&plan, "t_rec.toml");
    assert!(!template.contains("\nupdate "), "{template}");
    assert!(
        template
            .contains("read only: a write of `o` would lose its member `x.y`, which a template cannot name"),
        "{template}"
    );
}

/// The template of a collection with this validator.
fn of_validator(columns: Vec<Column>, rules: Vec<(&[&str], Asks)>) -> String {
    let rule = |(path, asks): (&[&str], Asks)| Rule {
        path: path.iter().map(|step| (*step).to_owned()).collect(),
        asks,
    };
    let plan = of_documents(Relation {
        columns,
        rules: rules.into_iter().map(rule).collect(),
        evidence: Evidence::Validator { strict: true },
        indexes: vec![index("PRIMARY", &["_id"])],
        ..Relation::new("t", RelationKind::Collection)
    });
    text(&plan, "t_rec.toml").to_owned()
}

fn required(name: &str) -> Asks {
    Asks::Required(name.to_owned())
}

fn types(names: &[&str]) -> Asks {
    Asks::Types(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn a_member_that_may_be_absent_and_cannot_be_named_keeps_nobody_from_writing() {
    let columns = || {
        let optional = |name: &str| Column { nullable: true, ..column(name) };
        vec![column("_id"), optional("n"), optional("a.b"), optional("$d")]
    };
    let template = of_validator(columns(), vec![(&[], required("_id"))]);
    for operation in ["create", "update", "delete"] {
        assert!(template.contains(&format!("\n{operation} ")), "{operation}\n{template}");
    }
    let template = of_validator(columns(), vec![(&[], required("a.b"))]);
    assert!(
        template.contains("read only: its validator requires `a.b`, which no template can give"),
        "{template}"
    );
    assert!(!template.contains("\ncreate "), "{template}");
}

#[test]
fn numbers_have_the_bounds_of_the_validator() {
    let least = |bound: &str, exclusive| Asks::Least { bound: bound.parse().unwrap(), exclusive };
    let greatest = |bound: &str, exclusive| Asks::Greatest { bound: bound.parse().unwrap(), exclusive };
    let float = || Kind::float(true, false);
    let int = || Kind::Int { min: 0, max: 9 };
    let decimal = || Kind::Decimal { precision: 34, scale: 10, unsigned: false };
    for (kind, asked, expected) in [
        (float(), vec![least("0", false), greatest("100", false)], "\"float\", min = 0.0, max = 100.0"),
        (float(), vec![least("-0.5", false), greatest("1", true)], "min = -0.5, max = 0.9999999999999999"),
        (float(), vec![least("0", true)], "\"float\", min = 5e-324"),
        (int(), vec![least("0", true), greatest("7.5", false)], "\"int\", min = 1, max = 7"),
        (int(), vec![least("2", false), least("3", false), greatest("8", true)], "min = 3, max = 7"),
        (decimal(), vec![least("-2.50", false), greatest("9", false)], "min = \"-2.50\", max = \"9\""),
        (decimal(), vec![least("2", true)], "precision = 34, scale = 10"),
    ] {
        let columns = vec![column("_id"), Column { kind, nullable: true, ..column("n") }];
        let asked = asked.into_iter().map(|asks| (&["n"] as &[&str], asks)).collect();
        let template = of_validator(columns, asked);
        assert!(template.contains(expected), "{expected}\n{template}");
    }
}

#[test]
fn an_object_of_any_members_is_told() {
    let object = Column { kind: Kind::Json, nullable: true, ..column("o") };
    let template = of_validator(vec![column("_id"), object], vec![(&["o"], types(&["object"]))]);
    assert!(template.contains("values in `o` other than object, which the validator refuses"), "{template}");
}

#[test]
fn what_a_validator_refuses_of_the_node_is_not_offered() {
    let number = || Kind::Int { min: 0, max: 9 };
    let object = |members: Vec<Column>| Column { kind: Kind::Object(members), ..column("o") };
    let list = || Column { kind: Kind::List(Box::new(number())), ..column("o") };
    let text = || Column { kind: Kind::string(9), ..column("o") };
    let optional = || Column { nullable: true, ..column("x") };
    let of_enum = Asks::OneOf { texts: Vec::new(), others: vec!["1".to_owned()] };
    let cases: Vec<(Column, &[&str], Asks, &str)> = vec![
        (column("o"), &["o"], types(&["int", "null"]), "its validator accepts `o` as int only"),
        (object(vec![column("h")]), &["o", "h"], types(&["int"]), "its validator accepts `o.h` as int only"),
        (list(), &["o", "[]"], types(&["int"]), "its validator accepts `o[]` as int only"),
        (column("o"), &[], required("zz"), "its validator requires `zz`, which no template can give"),
        (optional(), &[], required("x"), "its validator requires `x`, which by another part"),
        (object(vec![column("h")]), &["o"], required("zz"), "its validator requires `zz` in `o`, which no"),
        (object(vec![optional()]), &["o"], required("x"), "its validator requires `x` in `o`, which by"),
        (
            column("o"),
            &[],
            Asks::Only(vec!["o".into()]),
            "its validator forbids `_id`, which each document has",
        ),
        (column("o"), &[], Asks::Only(vec!["_id".into()]), "its validator forbids `o`"),
        (text(), &["o"], of_enum, "its validator takes no string in `o`: none is in its enum"),
        (column("o"), &[], types(&["array"]), "its validator takes no document"),
    ];
    for (column_of, path, asks, why) in cases {
        let template = of_validator(vec![column("_id"), column_of], vec![(path, asks)]);
        assert!(template.contains(&format!("read only: {why}")), "{why}\n{template}");
        assert!(!template.contains("\ncreate ") && !template.contains("\ndelete "), "{template}");
    }
    // The validator accepts a long, or the node writes no integer there.
    let is_taken: Vec<(Column, &[&str], Asks)> = vec![
        (list(), &["o", "[]"], types(&["int", "long"])),
        (object(vec![column("h")]), &["o", "h"], types(&["number"])),
        (text(), &["o"], Asks::OneOf { texts: vec!["a".to_owned()], others: Vec::new() }),
        (column("o"), &[], Asks::Only(vec!["_id".into(), "o".into()])),
    ];
    for (column_of, path, asks) in is_taken {
        let template = of_validator(vec![column("_id"), column_of], vec![(path, asks)]);
        assert!(template.contains("\ncreate ") && template.contains("\ndelete "), "{template}");
    }
}

#[test]
fn a_key_that_records_may_share_is_told() {
    let key = || Column { kind: Kind::Decimal { precision: 34, scale: 4, unsigned: false }, ..column("_id") };
    let said = "`_id` may hold a double beside a decimal number";
    let template = of_validator(vec![key(), column("n")], vec![(&["_id"], types(&["number"]))]);
    assert!(template.contains(said) && template.contains("\nupdate "), "{template}");
    let template = of_validator(vec![key(), column("n")], vec![(&["_id"], types(&["decimal"]))]);
    assert!(!template.contains(said) && template.contains("\nupdate "), "{template}");
}

#[test]
fn what_a_validator_asks_of_strings_and_lists_is_taken_over() {
    let rule =
        |path: &[&str], asks: Asks| Rule { path: path.iter().map(|step| (*step).to_owned()).collect(), asks };
    let text_of = |name: &str| Column { kind: Kind::string(9), ..column(name) };
    let tags = Column { kind: Kind::List(Box::new(Kind::string(9))), ..column("tags") };
    let in_object = Column { kind: Kind::Object(vec![text_of("code")]), ..column("o") };
    let collection = Relation {
        columns: vec![column("_id"), text_of("sku"), text_of("odd"), tags, in_object],
        evidence: Evidence::Validator { strict: true },
        indexes: vec![index("PRIMARY", &["_id"])],
        rules: vec![
            rule(&["sku"], Asks::LengthMin(2)),
            rule(&["sku"], Asks::Matches("^[A-Z]+$".to_owned())),
            rule(&["odd"], Asks::Matches("^a".to_owned())),
            rule(&["tags"], Asks::ItemsMax(5)),
            rule(&["tags", "[]"], Asks::LengthMin(3)),
            rule(&["o", "code"], Asks::LengthMin(4)),
        ],
        ..Relation::new("t", RelationKind::Collection)
    };
    let plan = of_documents(collection);
    let template = text(&plan, "t_rec.toml");
    for part in [
        "max = 9, min = 2, pattern = \"[A-Z]+\"",
        "{ type = \"list\", items = { type = \"string\", max = 9, min = 3 }, max = 5",
        "code = { type = \"string\", max = 9, min = 4",
    ] {
        assert!(template.contains(part), "{part}\n{template}");
    }
    // A condition that a template cannot say is reported, and keeps nobody from writing.
    assert_eq!(plan.left_out.len(), 1, "{:?}", plan.left_out);
    assert!(
        template.contains("# - the pattern `^a` of `odd`") && template.contains("\nupdate "),
        "{template}"
    );
}

#[test]
fn a_collation_is_noted() {
    let plan = of_documents(Relation {
        columns: vec![column("_id")],
        collation: Some("de".to_owned()),
        ..Relation::new("t", RelationKind::Collection)
    });
    let template = text(&plan, "t_rec.toml");
    assert!(template.contains("# - its collation `de` compares texts"), "{template}");
}
