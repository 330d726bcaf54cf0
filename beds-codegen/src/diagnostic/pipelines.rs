//! Mistakes in the files of pipelines.

use super::{Diagnostic, placeholders};
use crate::{
    aggregation::{ACCUMULATORS, ELSEWHERE, EXPRESSIONS, FILTERS, Operator, STAGES, UPDATES},
    code::Code,
    json::{Member, Mistake, Node},
    span::{FileId, Span, Spanned},
};

/// Names that are values only in Extended JSON.
const EXTENDED: &[&str] = &[
    "$binary",
    "$code",
    "$date",
    "$dbPointer",
    "$maxKey",
    "$minKey",
    "$numberDecimal",
    "$numberDouble",
    "$numberInt",
    "$numberLong",
    "$oid",
    "$regularExpression",
    "$symbol",
    "$timestamp",
    "$undefined",
    "$uuid",
];

/// The text is not JSON.
pub(crate) fn syntax(mistake: Mistake, file: FileId, named: Span) -> Diagnostic {
    let at = |range: std::ops::Range<usize>| Span { file, start: range.start, end: range.end };
    let Mistake { at: place, message, label, near, help, fix } = mistake;
    let message = format!("invalid JSON in a pipeline: {message}");
    let diagnostic = Diagnostic::error(Code::PipelineSyntax, message).at(at(place), label);
    let diagnostic = match near {
        Some((place, label)) => diagnostic.near(at(place), label),
        None => diagnostic,
    };
    let diagnostic = diagnostic.near(named, "named here").help(help);
    match fix {
        Some((place, replacement)) => diagnostic.fix(at(place), replacement),
        None => diagnostic,
    }
}

/// The file's content is elsewhere (Git LFS), and this is only a pointer to it.
pub(crate) fn lfs_pointer(span: Span, named: Span) -> Diagnostic {
    Diagnostic::error(Code::PipelineSyntax, "the file of a pipeline is a Git LFS pointer, not JSON")
        .at(span, "this is how such a pointer begins")
        .near(named, "named here")
        .help("run `git lfs pull`, which puts the file itself in its place; pipelines are small, and need no LFS")
}

pub(super) fn shape(span: Span, named: Span, why: &str, label: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::PipelineShape, format!("invalid pipeline: {why}"))
        .at(span, label)
        .near(named, "named here")
        .help(help)
}

pub(crate) fn no_list(node: &Node, what: &str, named: Span) -> Diagnostic {
    let why = format!("{what} has {} where a list of stages is expected", node.value.kind());
    // It may be the whole content of the file.
    let Span { file, start, end } = node.span;
    let at = Span { file, start, end: (start + 1).min(end) };
    let help = match node.value.members() {
        Some(members) if !members.is_empty() && node.value.operator().is_none() => {
            "put the conditions into a stage, and the stages into a list: [{ \"$match\": { … } }, …]"
        }
        _ => "put the stages into a list: [{ \"$match\": … }, …]",
    };
    shape(at, named, &why, "expected `[`", help)
}

/// A name that no document can have.
pub(crate) fn name_with_nul(name: &Spanned<String>, named: Span) -> Diagnostic {
    let message = "a name contains the character NUL, which MongoDB does not allow".to_owned();
    let diagnostic = value(name.span, message, "with NUL", named);
    match name.value.replace('\0', "").as_str() {
        "" => diagnostic.help("write a name in letters"),
        right => diagnostic.help(format!("write {}", serde_json::Value::from(right))),
    }
}

pub(crate) fn no_stages(span: Span, named: Span) -> Diagnostic {
    let help = "write at least one stage; { \"$match\": {} } returns every document";
    shape(span, named, "it has no stages", "an empty list", help)
}

pub(crate) fn no_stage(node: &Node, named: Span) -> Diagnostic {
    let why = match node.value.members() {
        Some(_) => "a stage has no operator".to_owned(),
        None => format!("{} is given where a stage is expected", node.value.kind()),
    };
    shape(
        node.span,
        named,
        &why,
        "not a stage",
        "write an object with the stage's operator: { \"$match\": … }",
    )
}

pub(crate) fn two_stages(span: Span, named: Span) -> Diagnostic {
    let help = "put each stage into its own braces: { \"$match\": … }, { \"$limit\": … }";
    shape(span, named, "an object has two stages", "the second", help)
}

pub(crate) fn value_for_stage(span: Span, named: Span) -> Diagnostic {
    placeholders::value_not_here(
        span,
        "a list of stages",
        ("a client cannot send stages", "write the stages, with arguments only for values"),
        named,
    )
}

fn operator(span: Span, message: String, label: &str, named: Span) -> Diagnostic {
    Diagnostic::error(Code::PipelineOperator, message).at(span, label).near(named, "named here")
}

pub(crate) fn unknown_stage(name: &Spanned<String>, named: Span) -> Diagnostic {
    let (span, name) = (name.span, name.value.as_str());
    if is_extended(name) {
        return extended(span, name, named);
    }
    if ELSEWHERE.contains(&name) {
        return Diagnostic::error(Code::StagePlace, format!("`{name}` is not allowed in a call"))
            .at(span, "needs a database or a server, not a collection")
            .near(named, "named here")
            .help("remove the stage; it is for administrators, or never ends");
    }
    let diagnostic = operator(span, format!("unknown stage `{name}`"), "no such stage", named);
    if !name.starts_with('$') {
        let wanted = format!("${name}");
        return match beds_protocol::nearest(&wanted, stages()) {
            Some(nearest) => diagnostic.help(format!("write `{nearest}`")).rename(name, nearest),
            None => diagnostic.help("the name of a stage begins with `$`, such as `$match`"),
        };
    }
    if UPDATES.contains(&name) {
        return diagnostic.help(
            "this is an operator of updates; a pipeline computes with `$set` and stores with `$merge`",
        );
    }
    if EXPRESSIONS.iter().chain(FILTERS).any(|(known, _)| *known == name) {
        return diagnostic.help(format!(
            "`{name}` is an operator, which belongs inside a stage such as `$match`, `$project` or `$set`"
        ));
    }
    diagnostic.suggest(name, stages(), "the stages are")
}

fn stages() -> impl Iterator<Item = &'static str> + Clone {
    STAGES.iter().map(|stage| stage.name)
}

/// Whether a member's name is that of a placeholder, or similar to it.
pub(super) fn is_misspelt_placeholder(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "$args" | "$arg" | "$argument" | "$param" | "$params" | "$parameter" | "$$arg" | "arg"
    )
}

pub(crate) fn unknown_operator(
    name: &Spanned<String>,
    operators: &[Operator],
    what: &str,
    named: Span,
) -> Diagnostic {
    if is_misspelt_placeholder(&name.value) {
        return misspelt_placeholder(name, named);
    }
    let (span, name) = (name.span, name.value.as_str());
    if is_extended(name) {
        return extended(span, name, named);
    }
    let diagnostic = operator(span, format!("unknown {what} `{name}`"), "no such operator", named);
    let known = operators.iter().map(|(name, _)| *name);
    if let Some(meant) = meant_operator(name, known.clone()) {
        return diagnostic.help(format!("did you mean `{meant}`?")).rename(name, meant);
    }
    let elsewhere = if stages().any(|stage| stage == name) {
        Some("a stage, which belongs in the list of stages")
    } else if UPDATES.contains(&name) {
        Some("an operator of updates; a pipeline computes with `$set` and stores with `$merge`")
    } else if FILTERS.iter().any(|(known, _)| *known == name) {
        Some("an operator of queries, which belongs in `$match`")
    } else if EXPRESSIONS.iter().any(|(known, _)| *known == name) {
        Some("an operator of expressions; in a query it belongs inside {\"$expr\": …}")
    } else {
        None
    };
    match elsewhere {
        Some(elsewhere) => diagnostic.help(format!("`{name}` is {elsewhere}")),
        // The nearest name may mean the opposite.
        None if beds_protocol::nearest(name, known.clone()).is_some() => {
            diagnostic.suggest(name, known, "").unfixed()
        }
        None if what == "condition" && name.starts_with('$') => diagnostic.help(format!(
            "write \"{}\" for the field: its name has no `$` before a condition",
            name.trim_start_matches('$')
        )),
        None if what == "operator of an expression" => diagnostic.help(format!(
            "write only \"{name}\" for the field; an operator is one of the MongoDB 8 manual, such as `$eq` or `$add`"
        )),
        None => diagnostic.suggest(name, known, "the operators here are"),
    }
}

/// The operator that a name in another language, or another spelling, certainly means.
fn meant_operator<'a>(name: &str, mut known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let folded = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let name = folded(name);
    let meant = match name.as_str() {
        "$=" | "$==" | "$===" | "$equal" | "$equals" | "$is" => "$eq",
        "$!=" | "$!==" | "$<>" | "$neq" | "$noteq" | "$notequal" | "$notequals" | "$nequal" => "$ne",
        "$<" | "$less" | "$lessthan" => "$lt",
        "$<=" | "$le" | "$lteq" | "$leq" | "$lessthanequal" | "$lessthanorequal" | "$lessthanorequalto" => {
            "$lte"
        }
        "$>" | "$greater" | "$greaterthan" => "$gt",
        "$>="
        | "$ge"
        | "$gteq"
        | "$geq"
        | "$greaterthanequal"
        | "$greaterthanorequal"
        | "$greaterthanorequalto" => "$gte",
        "$notin" => "$nin",
        other => {
            return known.find(|known| folded(known) == other);
        }
    };
    known.find(|known| *known == meant)
}

pub(crate) fn unknown_key(name: &Spanned<String>, of: &str, known: &[&str], named: Span) -> Diagnostic {
    let message = format!("`{of}` has no member `{}`", name.value);
    let diagnostic = operator(name.span, message, "no such member", named);
    if known.is_empty() {
        return diagnostic.help(format!("write {{\"{of}\": {{}}}}"));
    }
    // A common beginning counts more than similarity: `in` means `into`, not `on`.
    let mut begun =
        known.iter().filter(|known| name.value.len() > 1 && known.starts_with(name.value.as_str()));
    if let (Some(only), None) = (begun.next(), begun.next()) {
        return diagnostic.help(format!("did you mean `{only}`?")).rename(&name.value, only);
    }
    diagnostic.suggest(&name.value, known.iter().copied(), "its members are")
}

pub(crate) fn unknown_word(span: Span, word: &str, of: &str, known: &[&str], named: Span) -> Diagnostic {
    operator(span, format!("`{of}` cannot be `{word}`"), "no such word", named).suggest(
        word,
        known.iter().copied(),
        "it is one of",
    )
}

pub(crate) fn dollar_name(name: &Spanned<String>, of: &str, named: Span) -> Diagnostic {
    let message = format!("`{}` is in `{of}` where the name of a field is expected", name.value);
    operator(name.span, message, "not the name of a field", named)
        .help("write the name of the field, and the operator inside its value: {\"total\": {\"$sum\": …}}")
}

/// Whether a name is one of Extended JSON.
pub(crate) fn is_extended(name: &str) -> bool {
    EXTENDED.contains(&name)
}

pub(crate) fn extended(span: Span, form: &str, named: Span) -> Diagnostic {
    let help =
        "pass the value as an argument: declare it in `args`, and write {\"$arg\": \"NAME\"} in its place";
    Diagnostic::error(
        Code::ExtendedJson,
        format!("`{form}` is a form of Extended JSON, which is not interpreted"),
    )
    .at(span, "would be a member of this name")
    .near(named, "named here")
    .help(help)
}

/// `$args` and the like instead of `$arg`.
pub(super) fn misspelt_placeholder(name: &Spanned<String>, named: Span) -> Diagnostic {
    let message = format!("`{}` is not an operator; `$arg` names an argument", name.value);
    Diagnostic::error(Code::PipelineOperator, message)
        .at(name.span, "no such operator")
        .near(named, "named here")
        .help("write {\"$arg\": \"NAME\"}, one for each argument")
        .rename(&name.value, "$arg")
}

pub(super) fn place(span: Span, message: impl Into<String>, help: &str, named: Span) -> Diagnostic {
    Diagnostic::error(Code::StagePlace, message).at(span, "not here").near(named, "named here").help(help)
}

pub(crate) fn misplaced(span: Span, message: String, help: &str, named: Span) -> Diagnostic {
    place(span, message, help, named)
}

pub(crate) fn not_in_match(span: Span, name: &str, help: &str, named: Span) -> Diagnostic {
    place(span, format!("`{name}` is not allowed in the query of a pipeline"), help, named)
}

pub(crate) fn text_not_first(span: Span, named: Span) -> Diagnostic {
    let help =
        "move this `$match` to the front; write a second `$match` for conditions on results of other stages";
    place(span, "`$text` must be in the first stage of the pipeline", help, named)
}

pub(crate) fn filter_without_field(span: Span, name: &str, named: Span) -> Diagnostic {
    let help = format!("write the field first: {{\"price\": {{\"{name}\": …}}}}");
    place(span, format!("`{name}` has no field"), &help, named)
}

pub(crate) fn operator_in_value(name: &Spanned<String>, named: Span) -> Diagnostic {
    let message = format!("`{}` is inside a value, where it is not an operator", name.value);
    place(name.span, message, "write the path of the field with dots: {\"place.zip\": {\"$gt\": …}}", named)
}

pub(crate) fn not_alone(span: Span, operator: &Member, named: Span) -> Diagnostic {
    let name = &operator.name.value;
    shape(
        span,
        named,
        &format!("there is another member beside the operator `{name}`"),
        "beside the operator",
        "put each operator into its own braces, and join conditions with `$and`",
    )
    .near(operator.name.span, "the operator")
}

pub(super) fn value(span: Span, message: String, label: &str, named: Span) -> Diagnostic {
    Diagnostic::error(Code::PipelineValue, message).at(span, label).near(named, "named here")
}

pub(crate) fn count(
    span: Span,
    of: &str,
    given: usize,
    (least, most): (usize, usize),
    named: Span,
) -> Diagnostic {
    let wanted = match (least, most) {
        (least, most) if least == most => format!("{least}"),
        (least, usize::MAX) => format!("at least {least}"),
        (least, most) => format!("{least} to {most}"),
    };
    let s = if wanted == "1" || wanted == "at least 1" { "" } else { "s" };
    value(span, format!("`{of}` takes {wanted} expression{s}, but {given} are given"), "these", named)
        .help(format!("write {{\"{of}\": […]}} with {wanted} expression{s} in the list"))
}

pub(crate) fn missing_key(span: Span, key: &str, of: &str, named: Span) -> Diagnostic {
    value(span, format!("`{of}` needs the member `{key}`"), "missing here", named)
        .help(format!("add \"{key}\": …"))
}

pub(crate) fn no_source(span: Span, name: &str, named: Span) -> Diagnostic {
    let help = if name == "$lookup" {
        "write `from` with `localField` and `foreignField`, or with `pipeline`, or both"
    } else {
        "write {\"coll\": \"…\"}, and add `pipeline` for stages"
    };
    value(span, format!("`{name}` does not say what it reads"), "what does it read?", named).help(help)
}

pub(crate) fn no_conditions(span: Span, name: &str, named: Span) -> Diagnostic {
    value(span, format!("`{name}` has no conditions"), "an empty list", named)
        .help("write at least one condition, or remove the operator")
}

pub(crate) fn no_accumulator(node: &Node, what: &str, named: Span) -> Diagnostic {
    let message = format!("{} is given where an {what} is expected", node.value.kind());
    let diagnostic = value(node.span, message, "does not say how to combine values", named);
    let name = node.value.members().and_then(|members| Some(format!("${}", members.first()?.name.value)));
    if let Some(name) = name.filter(|name| ACCUMULATORS.iter().any(|(known, _)| known == name)) {
        return diagnostic.help(format!("write `{name}`: the name of an operator begins with `$`"));
    }
    diagnostic.help(
        "write an operator: {\"$sum\": 1}, {\"$first\": \"$name\"}; the value that a group shares belongs in `_id`",
    )
}

pub(crate) fn no_path(span: Span, path: &str, of: &str, named: Span) -> Diagnostic {
    value(span, format!("`{of}` takes a path, which begins with `$`"), "not a path", named)
        .help(format!("write \"${path}\""))
}

pub(crate) fn no_direction(node: &Node, named: Span) -> Diagnostic {
    value(node.span, "this is not a direction to sort in".to_owned(), "expected 1 or -1", named)
        .help("write 1 to ascend and -1 to descend")
}

pub(crate) fn script(span: Span, name: &str, named: Span) -> Diagnostic {
    Diagnostic::warning(Code::ServerScript, format!("`{name}` runs JavaScript in the server"))
        .at(span, "a script")
        .near(named, "named here")
        .help(
            "write it with operators: scripts are slow, deprecated since MongoDB 8.0, and often switched off",
        )
}
