//! `where`.

use beds_core::{
    Work, operation,
    plan::{Action, Plan, Read},
    query::{Comparison, Condition, Test},
    spec::{Domain, Type},
};
use beds_protocol::{CountRequest, Record};
use proptest::{prelude::Strategy, prop_assert, prop_assert_eq, sample::select};
use serde_json::{Value as Json, json};

use crate::{
    check,
    domain::{FIELDS, INDEXABLE, THING, context},
    json::{object, stored, wire},
    requests::bounded,
};

fn conditions(filter: &Json) -> Result<Vec<Condition>, beds_core::Error> {
    let r#where = Some(serde_json::from_value::<Record>(filter.clone()).unwrap());
    match operation::count(&context(), &THING, CountRequest { r#where })? {
        Work::Plan(Plan { action: Action::Read(Read::Count { filter, most: None, .. }), .. }) => Ok(filter),
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_json_is_a_filter_or_a_mistake_with_its_path() {
    check(600, &object(), |filter| {
        match conditions(&filter) {
            Ok(conditions) => {
                prop_assert!(conditions.iter().all(|condition| INDEXABLE.contains(&condition.field)));
            }
            Err(error) => {
                prop_assert!(
                    error.details.iter().all(|detail| detail.field.starts_with("where.")),
                    "{:?}",
                    error
                );
                bounded(&error)?;
            }
        }
        Ok(())
    });
}

/// Every operator of every type that it is for gives one condition, with the value that was sent.
#[test]
fn operators_take_the_values_of_their_type() {
    for &index in INDEXABLE {
        let field = &FIELDS[index];
        let operators = select(vec!["eq", "ne", "lt", "lte", "gt", "gte", "in", "prefix", "null"]);
        check(150, &(operators, stored(&field.ty)), |(operator, value)| {
            let sent = wire(&value);
            let operand = match operator {
                "in" => json!([sent, sent]),
                "null" => json!(true),
                _ => sent.clone(),
            };
            let conditions = match conditions(&json!({ field.name: { operator: operand } })) {
                Ok(conditions) => conditions,
                // An operator that the type lacks, or an empty prefix.
                Err(error) => {
                    prop_assert_eq!(&*error.details[0].field, format!("where.{}.{operator}", field.name));
                    let is_out_of_type = match (&field.ty, operator) {
                        (Type::Bool, _) => operator != "eq" && operator != "ne" && operator != "in",
                        _ => operator == "prefix",
                    };
                    prop_assert!(is_out_of_type, "{} {} {:?}", operator, sent, error);
                    return Ok(());
                }
            };
            let [Condition { field: of, test }] = conditions.as_slice() else { panic!("{conditions:?}") };
            prop_assert_eq!(*of, index);
            let same = |given: &beds_core::value::Value| format!("{given:?}") == format!("{value:?}");
            let is_as_sent = match test {
                Test::Compare(comparison, given) => *comparison == named(operator) && same(given),
                Test::In(given) => operator == "in" && given.len() == 2 && given.iter().all(same),
                Test::Prefix(given) => operator == "prefix" && sent == **given,
                Test::Null(given) => operator == "null" && *given,
                // No client can ask for it.
                Test::AnyOf(_) | Test::Complete => false,
            };
            prop_assert!(is_as_sent, "{} {}: {:?}", operator, sent, test);
            Ok(())
        });
    }
}

fn named(operator: &str) -> Comparison {
    match operator {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "lt" => Comparison::Lt,
        "lte" => Comparison::Lte,
        "gt" => Comparison::Gt,
        "gte" => Comparison::Gte,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_neither_declared_nor_of_the_key_is_no_filter() {
    static BARE: Domain = Domain::new("bare", "", "").fields(&FIELDS).key(&[0]).reads();
    let fields = select((0..FIELDS.len()).collect::<Vec<_>>());
    let field = fields.prop_flat_map(|index| stored(&FIELDS[index].ty).prop_map(move |value| (index, value)));
    check(200, &field, |(index, value)| {
        let filter = json!({ FIELDS[index].name: wire(&value) });
        let r#where = Some(serde_json::from_value(filter).unwrap());
        let work = operation::count(&context(), &BARE, CountRequest { r#where });
        prop_assert_eq!(work.is_ok(), index == 0);
        Ok(())
    });
}
