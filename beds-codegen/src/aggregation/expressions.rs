//! The operators of expressions.

use super::{CONSTANT, Key, NAME, NOTHING, Named, ONE, Operator, Slot, Takes, UNITS, may, must};

const ANY_NUMBER: Slot = Slot::Expressions(0, usize::MAX);
const TWO: Slot = Slot::Expressions(2, 2);
const E: Slot = Slot::Expression;

/// The name of a variable.
const VARIABLE: Slot = Slot::Name(Named::Variable);
const UNIT: Slot = Slot::Among(UNITS);

/// MongoDB's own variables, and the default names of the variables that operators define.
pub(crate) const VARIABLES: &[&str] = &[
    "CLUSTER_TIME",
    "CURRENT",
    "DESCEND",
    "IDX",
    "KEEP",
    "NOW",
    "PRUNE",
    "REMOVE",
    "ROOT",
    "SEARCH_META",
    "USER_ROLES",
    "new",
    "this",
    "value",
];

/// A moment, or an object with it and its time zone.
const MOMENT: Slot = Slot::Either(&[Slot::Keys(&[must("date", E), may("timezone", E)]), ONE]);
const TRIM: Slot = Slot::Keys(&[must("input", E), may("chars", E)]);
const MATCH: Slot =
    Slot::Keys(&[must("input", E), must("regex", Slot::Pattern), may("options", Slot::Steer)]);
const REPLACE: Slot = Slot::Keys(&[must("input", E), must("find", E), must("replacement", E)]);
const N: Slot = Slot::Keys(&[must("input", E), must("n", E)]);
const METHOD: Slot = Slot::Word(&["approximate", "discrete", "continuous"]);
const MOVE: Slot =
    Slot::Keys(&[must("startDate", E), must("unit", UNIT), must("amount", E), may("timezone", E)]);
const LIST_OR_ONE: Slot = Slot::Expressions(1, usize::MAX);

const CONVERT: &[Key] = &[
    must("input", E),
    must("to", Slot::Steer),
    may("base", Slot::Steer),
    may("format", Slot::Steer),
    may("byteOrder", Slot::Steer),
    may("onError", E),
    may("onNull", E),
];
const DATE_DIFF: &[Key] = &[
    must("startDate", E),
    must("endDate", E),
    must("unit", UNIT),
    may("timezone", E),
    may("startOfWeek", E),
];
const DATE_FROM_PARTS: &[Key] = &[
    may("year", E),
    may("isoWeekYear", E),
    may("month", E),
    may("isoWeek", E),
    may("day", E),
    may("isoDayOfWeek", E),
    may("hour", E),
    may("minute", E),
    may("second", E),
    may("millisecond", E),
    may("timezone", E),
];
const DATE_FROM_STRING: &[Key] = &[
    must("dateString", E),
    may("format", Slot::Steer),
    may("timezone", E),
    may("onError", E),
    may("onNull", E),
];
const DATE_TO_STRING: &[Key] =
    &[must("date", E), may("format", Slot::Steer), may("timezone", E), may("onNull", E)];
const DATE_TRUNC: &[Key] =
    &[must("date", E), must("unit", UNIT), may("binSize", E), may("timezone", E), may("startOfWeek", E)];
const FILTER: &[Key] = &[must("input", E), may("as", VARIABLE), must("cond", E), may("limit", E)];
const FUNCTION: &[Key] = &[must("body", NAME), must("args", E), must("lang", Slot::Word(&["js"]))];
const REDUCE: &[Key] = &[must("input", E), must("initialValue", E), must("in", E)];
const SORT_ARRAY: &[Key] =
    &[must("input", E), must("sortBy", Slot::Either(&[Slot::Constant(Takes::Int), Slot::Sort]))];
const SWITCH: &[Key] =
    &[must("branches", Slot::List(&Slot::Keys(&[must("case", E), must("then", E)]))), may("default", E)];

/// The operators of expressions.
pub(crate) const EXPRESSIONS: &[Operator] = &[
    ("$abs", ONE),
    ("$acos", ONE),
    ("$acosh", ONE),
    ("$add", ANY_NUMBER),
    ("$allElementsTrue", ONE),
    ("$and", ANY_NUMBER),
    ("$anyElementTrue", ONE),
    ("$arrayElemAt", TWO),
    ("$arrayToObject", Slot::Pairs),
    ("$asin", ONE),
    ("$asinh", ONE),
    ("$atan", ONE),
    ("$atan2", TWO),
    ("$atanh", ONE),
    ("$avg", LIST_OR_ONE),
    ("$binarySize", ONE),
    ("$bitAnd", ANY_NUMBER),
    ("$bitNot", ONE),
    ("$bitOr", ANY_NUMBER),
    ("$bitXor", ANY_NUMBER),
    ("$bsonSize", ONE),
    ("$ceil", ONE),
    ("$cmp", TWO),
    ("$concat", ANY_NUMBER),
    ("$concatArrays", ANY_NUMBER),
    (
        "$cond",
        Slot::Either(&[
            Slot::Keys(&[must("if", E), must("then", E), must("else", E)]),
            Slot::Expressions(3, 3),
        ]),
    ),
    ("$convert", Slot::Keys(CONVERT)),
    ("$cos", ONE),
    ("$cosh", ONE),
    ("$createObjectId", NOTHING),
    ("$dateAdd", MOVE),
    ("$dateDiff", Slot::Keys(DATE_DIFF)),
    ("$dateFromParts", Slot::Keys(DATE_FROM_PARTS)),
    ("$dateFromString", Slot::Keys(DATE_FROM_STRING)),
    ("$dateSubtract", MOVE),
    ("$dateToParts", Slot::Keys(&[must("date", E), may("timezone", E), may("iso8601", E)])),
    ("$dateToString", Slot::Keys(DATE_TO_STRING)),
    ("$dateTrunc", Slot::Keys(DATE_TRUNC)),
    ("$dayOfMonth", MOMENT),
    ("$dayOfWeek", MOMENT),
    ("$dayOfYear", MOMENT),
    ("$degreesToRadians", ONE),
    ("$divide", TWO),
    ("$eq", TWO),
    ("$exp", ONE),
    ("$filter", Slot::Keys(FILTER)),
    ("$first", ONE),
    ("$firstN", N),
    ("$floor", ONE),
    ("$function", Slot::Keys(FUNCTION)),
    ("$getField", Slot::Either(&[Slot::Keys(&[must("field", Slot::Steer), may("input", E)]), Slot::Steer])),
    ("$gt", TWO),
    ("$gte", TWO),
    ("$hour", MOMENT),
    ("$ifNull", Slot::Expressions(2, usize::MAX)),
    ("$in", TWO),
    ("$indexOfArray", Slot::Expressions(2, 4)),
    ("$indexOfBytes", Slot::Expressions(2, 4)),
    ("$indexOfCP", Slot::Expressions(2, 4)),
    ("$isArray", ONE),
    ("$isNumber", ONE),
    ("$isoDayOfWeek", MOMENT),
    ("$isoWeek", MOMENT),
    ("$isoWeekYear", MOMENT),
    ("$last", ONE),
    ("$lastN", N),
    ("$let", Slot::Keys(&[must("vars", Slot::Map(&E)), must("in", E)])),
    ("$literal", Slot::Value(Takes::Any)),
    ("$ln", ONE),
    ("$log", TWO),
    ("$log10", ONE),
    ("$lt", TWO),
    ("$lte", TWO),
    ("$ltrim", TRIM),
    ("$map", Slot::Keys(&[must("input", E), may("as", VARIABLE), must("in", E)])),
    ("$max", LIST_OR_ONE),
    ("$maxN", N),
    ("$median", Slot::Keys(&[must("input", E), must("method", METHOD)])),
    ("$mergeObjects", Slot::Document),
    ("$meta", NAME),
    ("$millisecond", MOMENT),
    ("$min", LIST_OR_ONE),
    ("$minN", N),
    ("$minute", MOMENT),
    ("$mod", TWO),
    ("$month", MOMENT),
    ("$multiply", ANY_NUMBER),
    ("$ne", TWO),
    ("$not", ONE),
    ("$objectToArray", ONE),
    ("$or", ANY_NUMBER),
    ("$percentile", Slot::Keys(&[must("input", E), must("p", E), must("method", METHOD)])),
    ("$pow", TWO),
    ("$radiansToDegrees", ONE),
    ("$rand", NOTHING),
    ("$range", Slot::Expressions(2, 3)),
    ("$reduce", Slot::Keys(REDUCE)),
    ("$regexFind", MATCH),
    ("$regexFindAll", MATCH),
    ("$regexMatch", MATCH),
    ("$replaceAll", REPLACE),
    ("$replaceOne", REPLACE),
    ("$reverseArray", ONE),
    ("$round", Slot::Expressions(1, 2)),
    ("$rtrim", TRIM),
    ("$second", MOMENT),
    ("$setDifference", TWO),
    ("$setEquals", Slot::Expressions(2, usize::MAX)),
    ("$setField", Slot::Keys(&[must("field", Slot::Steer), must("input", E), must("value", E)])),
    ("$setIntersection", ANY_NUMBER),
    ("$setIsSubset", TWO),
    ("$setUnion", ANY_NUMBER),
    ("$sigmoid", Slot::Expression),
    ("$sin", ONE),
    ("$sinh", ONE),
    ("$size", ONE),
    ("$slice", Slot::Expressions(2, 3)),
    ("$sortArray", Slot::Keys(SORT_ARRAY)),
    ("$split", TWO),
    ("$sqrt", ONE),
    ("$stdDevPop", LIST_OR_ONE),
    ("$stdDevSamp", LIST_OR_ONE),
    ("$strLenBytes", ONE),
    ("$strLenCP", ONE),
    ("$strcasecmp", TWO),
    ("$substr", Slot::Expressions(3, 3)),
    ("$substrBytes", Slot::Expressions(3, 3)),
    ("$substrCP", Slot::Expressions(3, 3)),
    ("$subtract", TWO),
    ("$sum", LIST_OR_ONE),
    ("$switch", Slot::Keys(SWITCH)),
    ("$tan", ONE),
    ("$tanh", ONE),
    ("$toArray", ONE),
    ("$toBool", ONE),
    ("$toDate", ONE),
    ("$toDecimal", ONE),
    ("$toDouble", ONE),
    ("$toHashedIndexKey", ONE),
    ("$toInt", ONE),
    ("$toLong", ONE),
    ("$toLower", ONE),
    ("$toObject", Slot::Steer),
    ("$toObjectId", ONE),
    ("$toString", ONE),
    ("$toUUID", ONE),
    ("$toUpper", ONE),
    ("$trim", TRIM),
    ("$trunc", Slot::Expressions(1, 2)),
    ("$tsIncrement", ONE),
    ("$tsSecond", ONE),
    ("$type", ONE),
    ("$unsetField", Slot::Keys(&[must("field", Slot::Steer), must("input", E)])),
    ("$week", MOMENT),
    ("$year", MOMENT),
    ("$zip", Slot::Keys(&[must("inputs", E), may("useLongestLength", CONSTANT), may("defaults", E)])),
];
