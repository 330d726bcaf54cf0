//! The records that come after a record, in MongoDB's order of values of any type.
//!
//! A comparison of its query language looks at values of one type only, and at any element of an array. A sort goes by
//! the type first, and by the least or the greatest element of an array. So the condition also names the later types,
//! and leaves out records with an element on this side of the cursor.

mod compare;
mod kind;
mod stored;

use beds_core::{query::Order, spec::Domain, validate::Errors, value::Value};
use mongodb::bson::{Bson, Document, doc};

use self::kind::Kind;
pub(crate) use self::stored::stored;

/// A column that records are sorted by, and the cursor's value in it.
struct Place {
    column: &'static str,
    is_descending: bool,
    /// Whether it may hold an array. The `_id` of a collection cannot.
    has_arrays: bool,
    value: Bson,
    kind: Kind,
}

/// The records after the one with these sort values: the first field that differs comes later.
pub(crate) fn after(
    domain: &'static Domain,
    is_view: bool,
    sort: &[Order],
    last: &[Value],
    errors: &mut Errors,
) -> Document {
    let mut places = Vec::with_capacity(sort.len());
    for (order, value) in sort.iter().zip(last) {
        let column = domain.fields[order.field].column;
        let Some(value) = stored::operand(value) else {
            errors.push("after", "must be the `next` of a reply to a request with the same `sort`");
            return Document::new();
        };
        places.push(Place {
            column,
            is_descending: order.descending,
            has_arrays: is_view || column != "_id",
            kind: Kind::of(&value),
            value,
        });
    }
    let mut alternatives = Vec::new();
    for (depth, place) in places.iter().enumerate() {
        for later in place.later() {
            let mut all: Vec<Document> = places.iter().take(depth).map(Place::same).collect();
            all.push(later);
            alternatives.push(if all.len() == 1 {
                all.remove(0)
            } else {
                doc! { "$and": all }
            });
        }
    }
    match (alternatives.len(), places.first()) {
        (0, Some(place)) => doc! { place.column: { "$in": [] } },
        (1, _) => alternatives.remove(0),
        _ => doc! { "$or": alternatives },
    }
}

/// How an element of a column compares with the cursor's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Place {
    /// The later values in this column, as alternatives.
    fn later(&self) -> Vec<Document> {
        let (later, not) = if self.is_descending {
            (self.any(Is::Less), self.any(Is::GreaterOrEqual))
        } else {
            (self.any(Is::Greater), self.any(Is::LessOrEqual))
        };
        later.into_iter().map(|later| self.without(later, &not)).collect()
    }

    /// The values at the same place in this column.
    fn same(&self) -> Document {
        let mut equal = self.within(Is::Equal);
        let equal = if equal.len() == 1 {
            equal.remove(0)
        } else {
            doc! { "$or": equal }
        };
        self.without(equal, &self.any(if self.is_descending { Is::Greater } else { Is::Less }))
    }

    /// The condition, without records that have one of these elements.
    fn without(&self, mut condition: Document, not: &[Document]) -> Document {
        if self.has_arrays && !not.is_empty() {
            condition.insert("$nor", not.to_vec());
        }
        condition
    }

    /// Records with an element that compares so, of any type.
    fn any(&self, is: Is) -> Vec<Document> {
        let kinds = match is {
            Is::Less | Is::LessOrEqual => self.kinds(|kind| kind < self.kind),
            Is::Greater | Is::GreaterOrEqual => self.kinds(|kind| kind > self.kind),
            Is::Equal => Vec::new(),
        };
        [self.within(is), kinds].concat()
    }

    /// Records with an element of these types.
    fn kinds(&self, wanted: impl Fn(Kind) -> bool) -> Vec<Document> {
        let possible = |kind: &Kind| self.has_arrays || !matches!(kind, Kind::Nothing | Kind::Array);
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(possible).filter(|kind| wanted(*kind)).collect();
        kind::of_column(self.column, &kinds)
    }

    /// Records with an element of the cursor's own type that compares so.
    fn within(&self, is: Is) -> Vec<Document> {
        let (column, value) = (self.column, &self.value);
        let with_equal = matches!(is, Is::Equal | Is::LessOrEqual | Is::GreaterOrEqual);
        match self.kind {
            Kind::MinKey | Kind::Nothing | Kind::Null | Kind::MaxKey if with_equal => {
                kind::of_column(column, &[self.kind])
            }
            Kind::MinKey | Kind::Nothing | Kind::Null | Kind::MaxKey => Vec::new(),
            Kind::Number if kind::is_nan(value) => self.beside_nan(is),
            // A query language takes a regular expression for a pattern. Some servers take code for text.
            Kind::Regex | Kind::Code | Kind::CodeWithScope if is == Is::Equal => {
                vec![doc! { column: { "$eq": value } }]
            }
            Kind::Regex | Kind::Code | Kind::CodeWithScope => {
                let path = format!("${column}");
                let is_kind = doc! { "$eq": [{ "$type": &path }, kind::name(self.kind)] };
                let compared = doc! { is.operator(): [&path, { "$literal": value }] };
                vec![doc! { "$expr": { "$and": [is_kind, compared] } }]
            }
            Kind::Array => vec![doc! { column: { "$elemMatch": { is.operator(): value } } }],
            // NaN comes before all numbers, and no comparison finds it.
            Kind::Number if matches!(is, Is::Less | Is::LessOrEqual) => {
                vec![doc! { column: { is.operator(): value } }, nan(column)]
            }
            _ => vec![doc! { column: { is.operator(): value } }],
        }
    }

    /// The same if the cursor stands at NaN.
    fn beside_nan(&self, is: Is) -> Vec<Document> {
        let column = self.column;
        match is {
            Is::Less => Vec::new(),
            Is::LessOrEqual | Is::Equal => vec![nan(column)],
            Is::GreaterOrEqual => kind::of_column(column, &[Kind::Number]),
            Is::Greater => vec![doc! { column: { "$type": "number", "$ne": f64::NAN } }],
        }
    }
}

fn nan(column: &str) -> Document {
    doc! { column: { "$eq": f64::NAN } }
}

impl Is {
    const fn operator(self) -> &'static str {
        match self {
            Self::Less => "$lt",
            Self::LessOrEqual => "$lte",
            Self::Equal => "$eq",
            Self::GreaterOrEqual => "$gte",
            Self::Greater => "$gt",
        }
    }
}
