//! Filter, order and page of a fetch, in the template's terms: field indices and values. They are independent of the
//! engine.

use crate::{spec::Domain, value::Value};

/// The fields that a reply shows, by index, in order.
#[derive(Debug, Clone)]
pub enum Fields {
    /// All of the domain's.
    All,
    /// These.
    Some(Vec<usize>),
}

impl Fields {
    /// The indices.
    pub fn indices(&self, domain: &Domain) -> Vec<usize> {
        match self {
            Self::All => (0..domain.fields.len()).collect(),
            Self::Some(indices) => indices.clone(),
        }
    }
}

/// A selection of records: which, in what order, after which record, how many.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Which: all of these hold.
    pub filter: Vec<Condition>,
    /// The order. It ends with the key's fields if the domain has a key, so that the order is total.
    pub sort: Vec<Order>,
    /// The sort values of the last record of the page before.
    pub after: Option<Vec<Value>>,
    /// How many at most.
    pub limit: u32,
    /// The fields to show.
    pub fields: Fields,
    /// Whether to count all matching records as well.
    pub count: bool,
}

/// The note of a reply that does not have all records, and no cursor to continue with.
pub fn cut_note(has_more: bool, next: Option<&String>) -> Option<&'static str> {
    (has_more && next.is_none()).then_some(
        "more records match, but without a key there is no next page: narrow `where` or raise `limit`",
    )
}

/// One field's place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By which field.
    pub field: usize,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

/// One test of one field.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Of which field.
    pub field: usize,
    /// What must hold.
    pub test: Test,
}

/// A comparison with values of the field's type.
#[derive(Debug, Clone)]
pub enum Test {
    /// A comparison with one value.
    Compare(Comparison, Value),
    /// Any of these values.
    In(Vec<Value>),
    /// Text with this prefix.
    Prefix(String),
    /// Whether the field is null.
    Null(bool),
    /// All conditions of at least one of these lists. The conditions name their own fields; the field of this test is
    /// ignored. It holds the records within a caller's reach, and no client can write it. Texts in it are compared
    /// letter by letter.
    AnyOf(Vec<Vec<Condition>>),
    /// The record has only what the domain names; the field does not matter. It always holds for rows: they have only
    /// their columns. No client can ask for this test.
    Complete,
}

/// A binary comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Different; null differs from every value.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
}
