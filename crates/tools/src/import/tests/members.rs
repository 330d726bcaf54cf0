//! Members of documents, whose names differ by case.

use beds_core::inspect::Evidence;

use super::{documents::of_documents, *};

#[test]
fn a_key_is_the_members_of_its_index_and_not_those_of_another_case() {
    let indexes = |names: &[&str]| vec![Index { primary: false, ..index("one", names) }];
    let collection = |names: &[&str]| Relation {
        columns: ["shop", "sku", "SHOP", "SKU"].map(column).into(),
        indexes: indexes(names),
        evidence: Evidence::Validator { strict: true },
        ..Relation::new("t", RelationKind::Collection)
    };
    for names in [["shop", "sku"], ["SHOP", "SKU"]] {
        let template = text(&of_documents(collection(&names)), "t_rec.toml").to_owned();
        let keys: Vec<&str> = template.lines().filter(|line| line.contains("key = true")).collect();
        assert_eq!(keys.len(), 2, "{template}");
        for (line, name) in keys.iter().zip(names) {
            let is_it =
                line.contains(&format!("column = \"{name}\"")) || line.starts_with(&format!("{name} "));
            assert!(is_it, "{name}: {line}");
        }
    }
}
