//! A collection of MongoDB.

use beds_core::inspect::{Asks, Evidence, Index, Kind, Relation};
use beds_protocol::{
    Engine,
    tables::{Column, Keeps, Table},
};
use serde_json::json;

use super::Fault;

pub(super) fn faults(table: &Table, relation: &Relation) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(storage) = relation.storage.as_ref().filter(|storage| !storage.transactional) {
        faults.push(Fault::beyond(format!("it is {}, and transactions cannot write into one", storage.name)));
    }
    if let Some(collation) = &relation.collation {
        faults.push(Fault::beyond(format!(
            "it compares texts by the collation `{collation}`, which treats different texts as equal"
        )));
    }
    let wrong = of_validator(table, relation);
    if !wrong.is_empty() {
        faults.push(Fault::new(wrong.join("; "), table.command("collMod")));
    }
    faults.extend(of_indexes(table, relation));
    faults
}

fn of_validator(table: &Table, relation: &Relation) -> Vec<String> {
    if !matches!(relation.evidence, Evidence::Validator { strict: true }) {
        return Vec::new();
    }
    let found = |name: &str| relation.columns.iter().find(|column| column.name == name);
    let mut wrong = Vec::new();
    for column in table.members() {
        match found(column.name) {
            None if relation.closed => wrong.push(format!("its validator refuses `{}`", column.name)),
            Some(found) if !takes(column, &found.kind, found.takes_long()) => {
                let (name, written) = (column.name, &found.written);
                wrong.push(format!(
                    "its validator accepts `{name}` only as `{written}`, which the node does not write"
                ));
            }
            Some(found) if column.nullable && !found.nullable => {
                wrong.push(format!("its validator requires `{}`", column.name));
            }
            None | Some(_) => {}
        }
    }
    let is_ours = |name: &str| name == "_id" || table.columns.iter().any(|column| column.name == name);
    let needed = relation.columns.iter().filter(|column| !column.nullable && !is_ours(&column.name));
    let mut needed: Vec<&str> = needed.map(|column| column.name.as_str()).collect();
    for rule in relation.rules.iter().filter(|rule| rule.path.is_empty()) {
        // A validator may require a member that its `properties` do not have.
        if let Asks::Required(name) = &rule.asks
            && !is_ours(name)
            && !needed.contains(&name.as_str())
        {
            needed.push(name);
        }
    }
    wrong.extend(needed.into_iter().map(|name| format!("its validator requires `{name}`")));
    if let Some(Kind::String { max, .. } | Kind::Text { max }) = found("_id").map(|id| &id.kind)
        && *max < id_length(table)
    {
        let most = id_length(table);
        wrong.push(format!(
            "its validator refuses an `_id` of more than {max} characters, and the node writes {most}"
        ));
    }
    if found("_id").is_some_and(|id| !matches!(id.kind, Kind::String { .. } | Kind::Text { .. } | Kind::Json))
    {
        wrong.push("its validator refuses a text as `_id`".to_owned());
    }
    wrong
}

/// The greatest length of the `_id`, which is one text of the columns that form it. If there are several, each adds a
/// colon, and the first also adds its length.
fn id_length(table: &Table) -> u32 {
    const NUMBER: u32 = 10;
    const LENGTH: u32 = 3;
    let is_member = |column: &Column| table.members().any(|member| member.name == column.name);
    let parts: Vec<u32> = table
        .columns
        .iter()
        .filter(|column| !is_member(column) && column.keeps != Keeps::Counter)
        .map(|column| if let Keeps::Text(longest) = column.keeps { longest.into() } else { NUMBER })
        .collect();
    let colons = u32::try_from(parts.len()).unwrap_or_default();
    parts.iter().sum::<u32>() + if colons > 1 { LENGTH + colons } else { 0 }
}

/// Whether a validator accepts what the node writes.
fn takes(column: &Column, kind: &Kind, takes_long: bool) -> bool {
    match (column.keeps, kind) {
        (Keeps::Text(longest), Kind::String { max, .. } | Kind::Text { max }) => *max >= longest.into(),
        (Keeps::Long, Kind::String { max, .. } | Kind::Text { max }) => *max >= 16_000,
        (_, Kind::Json)
        | (Keeps::Digest(_) | Keeps::Bytes, Kind::Bytes { .. } | Kind::Uuid)
        | (Keeps::Moment, Kind::DateTime { .. }) => true,
        (Keeps::Counter | Keeps::Number, Kind::Int { min, max }) => {
            takes_long && *min <= 0 && *max >= i128::from(u32::MAX)
        }
        (Keeps::Whole, Kind::Int { min, max }) => takes_long && *min <= 0 && *max >= i128::from(u32::MAX),
        (Keeps::Counter | Keeps::Number | Keeps::Whole, Kind::Decimal { .. } | Kind::Float { .. }) => {
            takes_long
        }
        _ => false,
    }
}

fn of_indexes(table: &Table, relation: &Relation) -> Vec<Fault> {
    let drop = |index: &Index| json!({ "dropIndexes": table.name, "index": index.name }).to_string();
    let mut faults = Vec::new();
    let mut kept: Vec<&Index> = Vec::new();
    for index in &relation.indexes {
        // Old entries may be deleted by an index, if the DBA wants that.
        if index.expires_s.is_some() && !table.is_append_only() {
            let what =
                format!("its index `{}` deletes documents by their age (expireAfterSeconds)", index.name);
            faults.push(Fault::new(what, drop(index)));
        } else if index.unique && !index.primary {
            let what = format!("its unique index `{}` refuses documents that the node writes", index.name);
            faults.push(Fault::new(what, drop(index)));
        } else {
            kept.push(index);
        }
    }
    let is_on = |column: &str, index: &Index| {
        index.whole && index.counts_null && index.columns.first().is_some_and(|first| first == column)
    };
    for column in table.indexed(Engine::MongoDb) {
        if kept.iter().any(|index| is_on(column, index)) {
            continue;
        }
        let mut mends = Vec::new();
        // An index that covers only a part of the documents has the name of the missing one.
        if let Some(partial) = kept.iter().find(|index| index.name == format!("{column}_1")) {
            mends.push(drop(partial));
        }
        mends.push(table.index(column));
        let what = format!("it has no index on `{column}`, so that each look-up reads all of it");
        faults.push(Fault { what, mends });
    }
    faults
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::{Catalogue, Column as Member, RelationKind, Rule, Storage};
    use beds_protocol::tables::{EVENTS, LEDGER};

    use super::*;
    use crate::own::{doubts, mends};

    fn index(name: &str, column: &str) -> Index {
        Index {
            name: name.to_owned(),
            unique: column == "_id",
            primary: column == "_id",
            columns: vec![column.to_owned()],
            whole: true,
            identifies: true,
            only: Vec::new(),
            counts_null: true,
            expires_s: None,
        }
    }

    fn whats(table: &Table, relation: &Relation) -> String {
        faults(table, relation).into_iter().map(|fault| fault.what).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn indexes_that_delete_refuse_or_are_missing_are_faults() {
        let mut ledger = Relation::new("beds_ledger", RelationKind::Collection);
        ledger.indexes = vec![index("_id_", "_id"), index("at_1", "at")];
        assert_eq!(whats(&LEDGER, &ledger), "");
        ledger.indexes[1].expires_s = Some(60);
        ledger.indexes.push(Index { unique: true, ..index("digest_1", "digest") });
        let told = whats(&LEDGER, &ledger);
        for part in ["`at_1` deletes documents by their age", "`digest_1` refuses", "it has no index on `at`"]
        {
            assert!(told.contains(part), "{part}\n{told}");
        }
        let (mends, beyond) = mends(&LEDGER, &ledger, &Catalogue { documents: true, ..Catalogue::default() });
        assert_eq!(beyond, Vec::<String>::new());
        assert_eq!(mends[0], r#"{"dropIndexes":"beds_ledger","index":"at_1"}"#);
        assert!(mends.last().is_some_and(|last| last.contains("createIndexes")), "{mends:#?}");
        let mut events = Relation::new("beds_events", RelationKind::Collection);
        let sparse = Index { counts_null: false, ..index("subject_1", "subject") };
        events.indexes = vec![index("_id_", "_id"), Index { whole: false, ..index("seq_1", "seq") }, sparse];
        let told = whats(&EVENTS, &events);
        assert!(told.contains("no index on `seq`") && told.contains("no index on `subject`"), "{told}");
    }

    #[test]
    fn what_no_command_mends_is_told() {
        let mut ledger = Relation::new("beds_ledger", RelationKind::Collection);
        ledger.indexes = vec![index("_id_", "_id"), index("at_1", "at")];
        ledger.collation = Some("en".to_owned());
        ledger.storage = Some(Storage { name: "a capped collection".to_owned(), transactional: false });
        let (mends, beyond) = mends(&LEDGER, &ledger, &Catalogue { documents: true, ..Catalogue::default() });
        assert_eq!((mends.len(), beyond.len()), (0, 2), "{mends:#?} {beyond:#?}");
    }

    fn ledger(id_max: u32, rules: Vec<Rule>) -> Relation {
        let id = Member::new("_id", Kind::string(id_max), "string");
        Relation {
            columns: vec![id],
            rules,
            evidence: Evidence::Validator { strict: true },
            ..Relation::new(LEDGER.name, RelationKind::Collection)
        }
    }

    fn rule(path: &[&str], asks: Asks) -> Rule {
        Rule { path: path.iter().map(|step| (*step).to_owned()).collect(), asks }
    }

    #[test]
    fn a_validator_that_refuses_what_the_node_writes_is_told() {
        let of = |relation: &Relation| of_validator(&LEDGER, relation);
        // "255:", the user, ":", the message's id, ":", and the step.
        assert_eq!(of(&ledger(4 + 255 + 1 + 128 + 1 + 10, Vec::new())), [""; 0]);
        assert_eq!(
            of(&ledger(398, Vec::new())),
            ["its validator refuses an `_id` of more than 398 characters, and the node writes 399"]
        );
        let rules = vec![rule(&[], Asks::Required("who".into())), rule(&[], Asks::Required("digest".into()))];
        assert_eq!(of(&ledger(65_535, rules)), ["its validator requires `who`"]);
    }

    #[test]
    fn conditions_that_nobody_can_judge_are_told() {
        let rules = vec![
            rule(&["_id"], Asks::Matches("^a".into())),
            rule(&["digest"], Asks::OneOf { texts: Vec::new(), others: Vec::new() }),
            rule(&[], Asks::MembersMax(2)),
            rule(&["reply"], Asks::Other("not".into())),
        ];
        let doubts = doubts(&ledger(65_535, rules));
        assert_eq!(doubts.len(), 1);
        assert!(doubts[0].0.ends_with("`enum`, `maxProperties`, `not`, `pattern`"), "{doubts:?}");
    }
}
