//! The operators of groups and of windows.

use super::{NAME, NOTHING, ONE, Operator, Slot, Takes, UNITS, may, must};

const N: Slot = Slot::Keys(&[must("input", Slot::Expression), must("n", Slot::Expression)]);
const BEST: Slot = Slot::Keys(&[must("sortBy", Slot::Sort), must("output", Slot::Expression)]);
const BEST_N: Slot =
    Slot::Keys(&[must("n", Slot::Expression), must("sortBy", Slot::Sort), must("output", Slot::Expression)]);
const METHOD: Slot = Slot::Word(&["approximate", "discrete", "continuous"]);
const MEDIAN: Slot = Slot::Keys(&[must("input", Slot::Expression), must("method", METHOD)]);
const PERCENTILE: Slot =
    Slot::Keys(&[must("input", Slot::Expression), must("p", Slot::Expression), must("method", METHOD)]);
const SCRIPT: Slot = Slot::Keys(&[
    must("init", NAME),
    may("initArgs", Slot::Expression),
    must("accumulate", NAME),
    must("accumulateArgs", Slot::Expression),
    must("merge", NAME),
    may("finalize", NAME),
    must("lang", Slot::Word(&["js"])),
]);
/// The unit of a change over time.
const UNIT: Slot = Slot::Word(UNITS);
const CHANGE: Slot = Slot::Keys(&[must("input", Slot::Expression), may("unit", UNIT)]);
const MOVING: Slot = Slot::Keys(&[
    must("input", Slot::Expression),
    may("N", Slot::Value(Takes::Int)),
    may("alpha", Slot::Value(Takes::Number)),
]);
const SHIFT: Slot = Slot::Keys(&[
    must("output", Slot::Expression),
    must("by", Slot::Value(Takes::Int)),
    may("default", Slot::Expression),
]);
const SCALE: Slot = Slot::Keys(&[
    must("input", Slot::Expression),
    may("min", Slot::Value(Takes::Number)),
    may("max", Slot::Value(Takes::Number)),
]);

/// The accumulators of `$group` and `$bucket`.
pub(crate) const ACCUMULATORS: &[Operator] = &[
    ("$accumulator", SCRIPT),
    ("$addToSet", ONE),
    ("$avg", ONE),
    ("$bottom", BEST),
    ("$bottomN", BEST_N),
    ("$concatArrays", ONE),
    ("$count", NOTHING),
    ("$first", ONE),
    ("$firstN", N),
    ("$last", ONE),
    ("$lastN", N),
    ("$max", ONE),
    ("$maxN", N),
    ("$median", MEDIAN),
    ("$mergeObjects", Slot::Document),
    ("$min", ONE),
    ("$minN", N),
    ("$percentile", PERCENTILE),
    ("$push", ONE),
    ("$setUnion", ONE),
    ("$stdDevPop", ONE),
    ("$stdDevSamp", ONE),
    ("$sum", ONE),
    ("$top", BEST),
    ("$topN", BEST_N),
];

/// The operators of `$setWindowFields`.
pub(crate) const WINDOWS: &[Operator] = &[
    ("$addToSet", ONE),
    ("$avg", ONE),
    ("$bottom", BEST),
    ("$bottomN", BEST_N),
    ("$concatArrays", ONE),
    ("$count", NOTHING),
    ("$covariancePop", Slot::Expressions(2, 2)),
    ("$covarianceSamp", Slot::Expressions(2, 2)),
    ("$denseRank", NOTHING),
    ("$derivative", CHANGE),
    ("$documentNumber", NOTHING),
    ("$expMovingAvg", MOVING),
    ("$first", ONE),
    ("$firstN", N),
    ("$integral", CHANGE),
    ("$last", ONE),
    ("$lastN", N),
    ("$linearFill", ONE),
    ("$locf", ONE),
    ("$max", ONE),
    ("$maxN", N),
    ("$median", MEDIAN),
    ("$min", ONE),
    ("$minMaxScaler", SCALE),
    ("$minN", N),
    ("$percentile", PERCENTILE),
    ("$push", ONE),
    ("$rank", NOTHING),
    ("$setUnion", ONE),
    ("$shift", SHIFT),
    ("$stdDevPop", ONE),
    ("$stdDevSamp", ONE),
    ("$sum", ONE),
    ("$top", BEST),
    ("$topN", BEST_N),
];
