//! The functions and words of expressions that a body may use. All others are refused, including those that read files,
//! wait, lock, report on the server, or build text without a bound.

/// A function, with the fewest and most arguments.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) min: usize,
    pub(super) max: usize,
}

const fn function(name: &'static str, min: usize, max: usize) -> Function {
    Function { name, min, max }
}

/// Many arguments, but bounded.
const MANY: usize = 50;

const FUNCTIONS: &[Function] = &[
    // Aggregates; also `count(*)`.
    function("count", 1, 1),
    function("sum", 1, 1),
    function("min", 1, 1),
    function("max", 1, 1),
    function("avg", 1, 1),
    function("group_concat", 1, 1),
    // Choices.
    function("coalesce", 1, MANY),
    function("ifnull", 2, 2),
    function("nullif", 2, 2),
    function("if", 3, 3),
    function("greatest", 2, MANY),
    function("least", 2, MANY),
    // Numbers.
    function("abs", 1, 1),
    function("sign", 1, 1),
    function("round", 1, 2),
    function("truncate", 2, 2),
    function("floor", 1, 1),
    function("ceil", 1, 1),
    function("ceiling", 1, 1),
    function("mod", 2, 2),
    function("sqrt", 1, 1),
    // Texts. No result is longer than its arguments together.
    function("concat", 1, MANY),
    function("concat_ws", 2, MANY),
    function("char_length", 1, 1),
    function("lower", 1, 1),
    function("upper", 1, 1),
    function("trim", 1, 1),
    function("ltrim", 1, 1),
    function("rtrim", 1, 1),
    function("left", 2, 2),
    function("right", 2, 2),
    function("substring", 2, 3),
    function("locate", 2, 3),
    function("instr", 2, 2),
    function("reverse", 1, 1),
    // Time, in UTC.
    function("utc_timestamp", 0, 1),
    function("utc_date", 0, 0),
    function("date", 1, 1),
    function("year", 1, 1),
    function("quarter", 1, 1),
    function("month", 1, 1),
    function("day", 1, 1),
    function("dayofweek", 1, 1),
    function("weekday", 1, 1),
    function("dayofyear", 1, 1),
    function("hour", 1, 1),
    function("minute", 1, 1),
    function("second", 1, 1),
    function("last_day", 1, 1),
    function("datediff", 2, 2),
    function("date_format", 2, 2),
    function("date_add", 2, 2),
    function("date_sub", 2, 2),
    function("timestampdiff", 3, 3),
    // JSON.
    function("json_valid", 1, 1),
    function("json_value", 2, 2),
    function("json_extract", 2, 2),
    function("json_unquote", 1, 1),
    function("json_length", 1, 2),
    function("json_contains", 2, 3),
    function("json_array", 0, MANY),
    function("json_object", 0, MANY),
    // The result of the last write.
    function("row_count", 0, 0),
    function("last_insert_id", 0, 0),
    function("uuid", 0, 0),
];

/// The functions whose first or last argument is of another kind.
pub(super) const WITH_INTERVAL: [&str; 2] = ["date_add", "date_sub"];
/// The function whose first argument is a unit.
pub(super) const WITH_UNIT: &str = "timestampdiff";

/// The units of time.
pub(super) const UNITS: [&str; 9] =
    ["microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"];

/// The function of a name.
pub(super) fn named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The names of all functions.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

/// The replacement for a function that is not listed.
pub(super) fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "now" | "current_timestamp" | "sysdate" | "localtime" | "localtimestamp" => "utc_timestamp(6)",
        "curdate" | "current_date" => "utc_date()",
        "length" | "character_length" | "octet_length" => "char_length",
        "substr" | "mid" => "substring",
        "lcase" => "lower",
        "ucase" => "upper",
        "isnull" => "`is null`",
        _ => return None,
    })
}

/// Words that cannot be names without quotes, since a statement, a clause or an operator continues with them.
pub(super) const RESERVED: &[&str] = &[
    "all",
    "and",
    "as",
    "asc",
    "begin",
    "between",
    "by",
    "call",
    "case",
    "cast",
    "create",
    "cross",
    "cursor",
    "declare",
    "default",
    "delete",
    "desc",
    "distinct",
    "div",
    "do",
    "drop",
    "duplicate",
    "else",
    "elseif",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "for",
    "from",
    "full",
    "group",
    "having",
    "if",
    "in",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "key",
    "left",
    "like",
    "limit",
    "lock",
    "loop",
    "mod",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "open",
    "or",
    "order",
    "outer",
    "procedure",
    "repeat",
    "replace",
    "return",
    "returning",
    "right",
    "select",
    "set",
    "signal",
    "straight_join",
    "table",
    "then",
    "true",
    "union",
    "unique",
    "update",
    "use",
    "using",
    "values",
    "when",
    "where",
    "while",
    "window",
    "with",
    "xor",
];
