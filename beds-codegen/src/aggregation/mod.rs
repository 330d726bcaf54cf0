//! MongoDB's pipeline language as data: stages, and the operators of queries, expressions, groups and windows. Each
//! entry says what may stand in it, and so which positions take a client's value.
//!
//! The source is the manual of MongoDB 8.x, "Aggregation Stages", "Query Predicates" and "Aggregation Operators".
//! A client's value may stand only where a slot below takes one. A position that is not listed takes none.

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

/// An operator and its content.
pub(crate) type Operator = (&'static str, Slot);

/// What may stand at a position of a pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot {
    /// An expression. A client's value may be one, as a literal.
    Expression,
    /// An expression that decides as a whole whether a document matches. Client values may stand inside it, but a
    /// client value cannot be the whole.
    Condition,
    /// An expression that selects a field, a format or a type. No client's value may control it.
    Steer,
    /// An expression for whole documents, whose content sets the names of their fields. A client's object may stand in
    /// it if the template declares the object's members.
    Document,
    /// An expression for pairs of names and values. A client's value may only be the value.
    Pairs,
    /// An expression for a regular expression. A client's value may be one if it is declared as such.
    Pattern,
    /// A regular expression in a query.
    Regex,
    /// A list with a least and a greatest number of expressions. A single one needs no list.
    Expressions(usize, usize),
    /// Conditions by field.
    Query,
    /// The conditions of a query on one field.
    Filter,
    /// The conditions of a query on the entries of a list, or on the members of the entries.
    Element,
    /// The conditions of a query on a list's entries, one per entry.
    Elements,
    /// A pipeline inside a stage.
    Pipeline(Within),
    /// The members of `$group`: `_id`, and accumulators.
    Group,
    /// An accumulator of `$group`.
    Accumulator,
    /// An operator of `$setWindowFields`.
    Window,
    /// An order: members with 1, -1 or `{"$meta": …}`.
    Sort,
    /// A value that is compared literally, or passed to an operator that takes no expression. A client's value of this
    /// kind may stand here.
    Value(Takes),
    /// A constant of this kind.
    Constant(Takes),
    /// A constant string that is one of these.
    Word(&'static [&'static str]),
    /// A constant string that begins with `$`.
    Path,
    /// A constant string that names this.
    Name(Named),
    /// An expression that groups documents. A constant string would put all documents into one group.
    By,
    /// An expression. If it is a constant, it must be one of these.
    Among(&'static [&'static str]),
    /// An operator of Atlas Search.
    Search,
    /// An object with these members.
    Keys(&'static [Key]),
    /// An object with members of any name.
    Map(&'static Slot),
    /// A list.
    List(&'static Slot),
    /// The first slot that fits the kind of the written value.
    Either(&'static [Slot]),
}

/// The required kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Any,
    Int,
    /// A whole number, 1 or greater.
    Positive,
    /// A whole number, 0 or greater.
    Natural,
    /// A bit mask, or a list of bit positions.
    Bits,
    Number,
    Text,
    Bool,
    /// A number, or a moment to which numbers are added.
    Amount,
    /// A moment in time.
    Moment,
    List,
    Object,
    /// An object or a list. A geographic position can be either.
    Composite,
}

/// What a constant string names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// A field, or the path to one, without `$`.
    Field,
    /// A new field of a document, which cannot be a path.
    Member,
    /// A collection or view.
    Collection,
    /// A collection that is written to.
    Target,
    /// A variable that the pipeline defines.
    Variable,
}

/// A member of an object with known members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) slot: Slot,
    pub(crate) is_required: bool,
}

/// A required member.
const fn must(name: &'static str, slot: Slot) -> Key {
    Key { name, slot, is_required: true }
}

/// An optional member.
const fn may(name: &'static str, slot: Slot) -> Key {
    Key { name, slot, is_required: false }
}

/// An object without members.
const NOTHING: Slot = Slot::Keys(&[]);
/// The name of a field.
const FIELD: Slot = Slot::Name(Named::Field);
/// The name of a database or an index, a script, an option.
const NAME: Slot = Slot::Constant(Takes::Text);
/// A constant that MongoDB only passes on, or interprets itself.
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
