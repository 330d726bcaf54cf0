//! What MongoDB's language of pipelines has, as data: stages, operators of queries, of expressions, of groups and of
//! windows, each with what stands in it, and so with the positions that take a client's value.
//!
//! The source is the manual of MongoDB 8.x, "Aggregation Stages", "Query Predicates" and "Aggregation Operators".
//! A client's value stands only where a slot below takes one: what is not listed takes none.

mod expressions;
mod groups;
mod operands;
mod queries;
mod search;
mod stages;
mod words;

pub(crate) use expressions::{EXPRESSIONS, VARIABLES};
pub(crate) use groups::{ACCUMULATORS, WINDOWS};
pub(crate) use operands::{Which, of_stage, operands};
pub(crate) use queries::{CONDITIONS, FILTERS, NOT_IN_MATCH};
pub(crate) use search::{SEARCH_STEERS, SEARCH_VALUES};
pub(crate) use stages::{ELSEWHERE, Place, STAGES, UPDATES, Within};
use words::UNITS;
pub(crate) use words::{FORMAT_LETTERS, META, TYPES};

/// An operator and what stands in it.
pub(crate) type Operator = (&'static str, Slot);

/// What stands at a place of a pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot {
    /// An expression. A client's value is one, as a literal.
    Expression,
    /// An expression that decides as a whole whether a document is taken. It has values in it, and is none.
    Condition,
    /// An expression that says which field, format or type is meant. No client's value steers it.
    Steer,
    /// An expression for whole documents: what stands in it gives them the names of fields. Clients' objects do where
    /// the template declares their members.
    Document,
    /// An expression for pairs of names and values, of which a client's value is only ever the value.
    Pairs,
    /// An expression for a regular expression. A client's value is one where it is declared as such.
    Pattern,
    /// The same in a query.
    Regex,
    /// From so many expressions to so many. A single one needs no list.
    Expressions(usize, usize),
    /// Conditions by field.
    Query,
    /// What a query asks of one field.
    Filter,
    /// What a query asks of the entries of a list: of their members, or of themselves.
    Element,
    /// What a query asks the entries of a list to have, one entry each.
    Elements,
    /// The stages of a pipeline inside of a stage.
    Pipeline(Within),
    /// The members of `$group`: `_id`, and accumulators.
    Group,
    /// An accumulator of `$group`.
    Accumulator,
    /// An operator of `$setWindowFields`.
    Window,
    /// An order: members with 1, -1 or `{"$meta": …}`.
    Sort,
    /// A value that is compared as it stands, or passed to an operator that takes no expression. A client's value of
    /// this kind is one.
    Value(Takes),
    /// A constant of this kind.
    Constant(Takes),
    /// A constant string that is one of these.
    Word(&'static [&'static str]),
    /// A constant string that begins with `$`.
    Path,
    /// A constant string that names this.
    Name(Named),
    /// An expression by which documents are put together: a constant string would put all into one.
    By,
    /// An expression of which a constant is one of these.
    Among(&'static [&'static str]),
    /// An operator of Atlas Search.
    Search,
    /// An object with these members.
    Keys(&'static [Key]),
    /// An object with members of any name.
    Map(&'static Slot),
    /// A list.
    List(&'static Slot),
    /// The first that suits the kind of what is written.
    Either(&'static [Slot]),
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Any,
    Int,
    /// A whole number from 1 on.
    Positive,
    /// A whole number from 0 on.
    Natural,
    /// A mask of bits, or the places of bits in a list.
    Bits,
    Number,
    Text,
    Bool,
    /// A number, or a moment that numbers are added to.
    Amount,
    /// A moment in time.
    Moment,
    List,
    Object,
    /// An object or a list: a place on Earth is either.
    Composite,
}

/// What a constant string is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// A field, or the path to one, without `$`.
    Field,
    /// A new field of a document that is made, which has no path.
    Member,
    /// A collection or view.
    Collection,
    /// A collection that is written to.
    Target,
    /// A variable of the pipeline's own.
    Variable,
}

/// A member of an object with known members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) slot: Slot,
    pub(crate) is_required: bool,
}

/// A member that must be there.
const fn must(name: &'static str, slot: Slot) -> Key {
    Key { name, slot, is_required: true }
}

/// A member that may be there.
const fn may(name: &'static str, slot: Slot) -> Key {
    Key { name, slot, is_required: false }
}

/// An object without members.
const NOTHING: Slot = Slot::Keys(&[]);
/// The name of a field.
const FIELD: Slot = Slot::Name(Named::Field);
/// The name of a database or an index, a script, an option.
const NAME: Slot = Slot::Constant(Takes::Text);
/// What MongoDB only carries along or interprets by itself.
const CONSTANT: Slot = Slot::Constant(Takes::Any);
const ONE: Slot = Slot::Expressions(1, 1);

#[cfg(test)]
mod tests {
    use super::*;

    fn names(operators: &[Operator]) -> Vec<&'static str> {
        operators.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn the_tables_are_sorted_and_have_no_name_twice() {
        let stages: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        for table in [
            stages,
            names(EXPRESSIONS),
            names(ACCUMULATORS),
            names(WINDOWS),
            names(FILTERS),
            names(CONDITIONS),
        ] {
            assert!(table.windows(2).all(|pair| pair[0] < pair[1]), "{table:?}");
            assert!(table.iter().all(|name| name.starts_with('$')), "{table:?}");
        }
    }
}
