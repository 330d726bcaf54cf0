//! Stages of pipelines that fail for any documents.

use super::{
    Diagnostic,
    pipelines::{place, shape, value},
};
use crate::{
    aggregation::Named,
    code::Code,
    json::Member,
    span::{Span, Spanned},
};

/// A constant string that MongoDB does not accept as a name of this kind.
pub(crate) fn bad_name(name: &Spanned<String>, of_what: Named, of: &str, named: Span) -> Diagnostic {
    let text = name.value.as_str();
    let what = match of_what {
        Named::Field => "the name of a field",
        Named::Member => "the name of a new field",
        Named::Collection => "the name of a collection",
        Named::Target => "the name of a collection that is written to",
        Named::Variable => "the name of a variable",
    };
    let message =
        if text.is_empty() { format!("{what} is empty") } else { format!("`{text}` is not {what}") };
    let diagnostic = value(name.span, message, &format!("in `{of}`"), named);
    let right = match of_what {
        Named::Member => text.trim_start_matches('$').replace('.', "_"),
        Named::Field | Named::Collection => text.trim_start_matches('$').to_owned(),
        Named::Target => String::new(),
        Named::Variable => text.trim_start_matches('$').to_ascii_lowercase(),
    };
    let why = match of_what {
        _ if text.is_empty() => return diagnostic.help(format!("write {what}")),
        Named::Field if !text.contains('$') && text.split('.').any(str::is_empty) => {
            return diagnostic.help("write a name on both sides of each dot");
        }
        Named::Target => return diagnostic.help("write the name of a collection of your own"),
        Named::Variable => "variables begin with a small letter",
        Named::Member if text.contains('.') => "a member is not a path",
        _ => "`$` reads a value, and does not belong to a name",
    };
    let is_right = !right.is_empty()
        && right != text
        && right.split('.').all(|part| !part.is_empty() && !part.starts_with('$'));
    match of_what {
        _ if !is_right => diagnostic.help(why),
        // A variable is also used in other places.
        Named::Variable => diagnostic.help(format!("write \"{right}\": {why}")),
        _ => diagnostic.help(format!("write \"{right}\": {why}")).fix(name.span, format!("\"{right}\"")),
    }
}

/// A path with an empty part.
pub(crate) fn broken_path(span: Span, text: &str, named: Span) -> Diagnostic {
    let diagnostic = value(span, format!("`{text}` is not the path to a field"), "a name is missing", named);
    match text.trim_matches(['$', '.']) {
        "" => diagnostic.help("write \"$name\"; the text itself is {\"$literal\": \"…\"}"),
        _ => diagnostic.help("write a name on both sides of each dot; a text is {\"$literal\": \"…\"}"),
    }
}

pub(crate) fn unknown_variable<'a>(
    span: Span,
    name: &str,
    is_argument: bool,
    known: impl Iterator<Item = &'a str> + Clone,
    named: Span,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::PipelineOperator, format!("there is no variable `$${name}`"))
        .at(span, "not declared")
        .near(named, "named here");
    if is_argument {
        return diagnostic
            .help(format!("write {{\"$arg\": \"{name}\"}} for an argument of the call"))
            .fix(span, format!("{{\"$arg\": \"{name}\"}}"));
    }
    match beds_protocol::nearest(name, known) {
        Some(nearest) => diagnostic.help(format!("did you mean `$${nearest}`?")),
        None => diagnostic.help(format!(
            "declare it in `let` or `vars`; a field is `${name}`, an argument of the call {{\"$arg\": \"NAME\"}}"
        )),
    }
}

pub(crate) fn no_order(span: Span, of: &str, stage: &str, named: Span) -> Diagnostic {
    value(span, format!("`{of}` needs an order, but `{stage}` has none"), "in which order?", named)
        .help("add \"sortBy\": {\"NAME\": 1}")
}

pub(crate) fn boundaries(span: Span, named: Span) -> Diagnostic {
    value(span, "the boundaries of `$bucket` do not ascend".to_owned(), "not above the previous one", named)
        .help("write at least two, in ascending order: [0, 10, 100]")
}

pub(crate) fn no_branches(span: Span, named: Span) -> Diagnostic {
    value(span, "`$switch` has no branches".to_owned(), "an empty list", named)
        .help("write at least one, {\"case\": …, \"then\": …}, or its `default` in place of `$switch`")
}

/// A constant that an operator never accepts.
pub(crate) fn impossible(span: Span, operator: &str, why: &str, help: &str, named: Span) -> Diagnostic {
    value(span, format!("`{operator}` {why}"), "fails each time", named).help(help)
}

pub(crate) fn options_alone(span: Span, named: Span) -> Diagnostic {
    place(span, "`$options` needs `$regex`", "add \"$regex\": \"…\" beside it, or remove it", named)
}

pub(crate) fn unknown_option(span: Span, letter: char, named: Span) -> Diagnostic {
    value(span, format!("a regular expression has no option `{letter}`"), "no such option", named)
        .help("the options are `i` (any case), `m` (`^` and `$` at each line), `s` (`.` matches line feeds), `x` and `u`")
}

pub(crate) fn empty_stage(span: Span, name: &str, named: Span) -> Diagnostic {
    value(span, format!("`{name}` is empty, which MongoDB refuses"), "nothing in it", named)
        .help("write at least one member, or remove the stage")
}

pub(crate) fn mixed_projection(left_out: Span, taken: Span, named: Span) -> Diagnostic {
    value(
        left_out,
        "`$project` includes some fields and excludes others, which MongoDB refuses".to_owned(),
        "this field is excluded",
        named,
    )
    .near(taken, "this field is included or computed")
    .help("name only the fields to include, or only the fields to exclude; beside included fields, only `_id` may be excluded")
}

/// A field and a part of it in one stage.
pub(crate) fn collision(
    (span, first): (Span, Span),
    of: &str,
    (path, other): (&str, &str),
    named: Span,
) -> Diagnostic {
    let why = format!("`{of}` names `{other}` and `{path}`, and one is a part of the other");
    value(span, why, "collides", named)
        .near(first, "with this one")
        .help("keep one of the two, or write the parts of the field one by one")
}

/// `$lookup` with only one of its two fields.
pub(crate) fn half_a_join(span: Span, there: &str, missing: &str, named: Span) -> Diagnostic {
    value(span, format!("`$lookup` has `{there}`, but lacks `{missing}`"), "lacks the other field", named)
        .help(format!("add \"{missing}\": …"))
}

pub(crate) fn second_writer(span: Span, first: Span, named: Span) -> Diagnostic {
    place(
        span,
        "a pipeline writes once, with its last stage",
        "keep one of the two, and write a second call for the other stage",
        named,
    )
    .near(first, "the first that writes")
}

/// Another command, which a pipeline expresses as stages.
pub(crate) fn other_command(member: &Member, all: &[Member], named: Span) -> Diagnostic {
    let has = |names: &[&str]| all.iter().any(|member| names.contains(&member.name.value.as_str()));
    let key = all.iter().find(|member| member.name.value == "key").and_then(|key| key.value.value.text());
    let grouped = format!("{{ \"$group\": {{ \"_id\": \"${}\" }} }}", key.unwrap_or("name"));
    let of_command = match member.name.value.as_str() {
        "count" => Some("{ \"$count\": \"count\" }"),
        "distinct" => Some(grouped.as_str()),
        _ => None,
    };
    let stages = [
        (has(&["filter", "query"]), "{ \"$match\": { … } }"),
        (has(&["sort"]), "{ \"$sort\": { … } }"),
        (has(&["skip"]), "{ \"$skip\": … }"),
        (has(&["limit"]), "{ \"$limit\": … }"),
        (has(&["projection"]), "{ \"$project\": { … } }"),
    ];
    let stages = stages.into_iter().filter(|(is_there, _)| *is_there).map(|(_, stage)| stage);
    let stages: Vec<&str> = stages.chain(of_command).collect();
    let stages = if stages.is_empty() { "{ \"$match\": {} }".to_owned() } else { stages.join(", ") };
    shape(
        member.name.span,
        named,
        "a command is given where a list of stages is expected",
        "a command",
        &format!("write what it does as stages: [{stages}]; the template's `on` names the collection"),
    )
}

/// A whole command around the stages.
pub(crate) fn command(span: Span, named: Span) -> Diagnostic {
    shape(
        span,
        named,
        "a whole command is given where a list of stages is expected",
        "these are the stages",
        "keep only the list of `pipeline`, from `[` to `]`; the template's `on` names the collection",
    )
}
