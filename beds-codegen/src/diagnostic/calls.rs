//! Mistakes in `[calls]`, and in the files of pipelines.

use super::Diagnostic;
use crate::{
    Code,
    model::{Engine, Mode, Type},
    span::Span,
};

pub(crate) fn call_name(span: Span, what: &str, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::CallName, format!("`{name}` is not the name of {what}"))
        .at(span, "expected a lower-case letter, then lower-case letters, digits and `_`");
    match crate::names::to_lower_snake(name) {
        Some(guess) => diagnostic.help(format!("write `{guess}`")),
        None => diagnostic,
    }
}

pub(crate) fn call_without_object(span: Span, name: &str, engine: Option<Engine>) -> Diagnostic {
    let example = match engine {
        Some(Engine::MongoDb) => "add `pipeline = \"….json\"` and `on = \"…\"`",
        Some(Engine::MariaDb) | None => "add `procedure = \"…\"` or `function = \"…\"`",
    };
    Diagnostic::error(Code::CallWithoutObject, format!("the call `{name}` names nothing to run"))
        .at(span, "what does it run?")
        .help(example)
}

pub(crate) fn call_two_objects(span: Span, first: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::CallTwoObjects, format!("the call `{name}` names two things to run"))
        .at(span, "the second")
        .near(first, "the first")
        .help("keep one, and make the other a call of its own")
}

pub(crate) fn call_engine(span: Span, kind: &str, engine: Engine) -> Diagnostic {
    let instead = match engine {
        Engine::MariaDb => "`procedure` or `function`",
        Engine::MongoDb => "`pipeline`",
    };
    Diagnostic::error(Code::CallEngine, format!("{} has no {kind}s to call", engine.title()))
        .at(span, format!("the engine is {}", engine.as_str()))
        .help(format!("a call names a {instead} there"))
}

pub(crate) fn lane_missing(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::LaneMissing, format!("the call `{name}` does not say its lane"))
        .at(span, "does this procedure change data?")
        .help("add `lane = \"write\"` if it does, else `lane = \"read\"`; a read is not repeated after a fault and not kept in the ledger")
}

pub(crate) fn unknown_lane(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownLane, format!("unknown lane `{name}`")).at(span, "no such lane").suggest(
        name,
        ["read", "write"],
        "the lanes are",
    )
}

pub(crate) fn unknown_mode(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownMode, format!("unknown mode `{name}`")).at(span, "no such mode").suggest(
        name,
        Mode::ALL.iter().map(|mode| mode.as_str()),
        "the modes are",
    )
}

pub(crate) fn mode_not_here(span: Span, mode: Mode, kind: &str) -> Diagnostic {
    Diagnostic::error(Code::ModeNotHere, format!("an argument of a {kind} cannot be `{}`", mode.as_str()))
        .at(span, "only procedures give values back through their parameters")
        .help("remove `mode`; what the call gives back is said by `returns`")
}

pub(crate) fn returns_missing(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ReturnsMissing,
        format!("the function of the call `{name}` returns a value of no known type"),
    )
    .at(span, "returns what?")
    .help("add `returns = { type = \"…\" }`")
}

pub(crate) fn returns_unknown(span: Span, word: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::ReturnsUnknown, format!("`{word}` is nothing to return"))
        .at(span, "expected \"nothing\", { type = … } or { rows = { … } }");
    if Type::NAMES.contains(&word) {
        return diagnostic.help(format!("write `returns = {{ type = \"{word}\" }}`"));
    }
    diagnostic.help("leave `returns` out to give every result set as it comes")
}

pub(crate) fn returns_not_here(span: Span, why: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::ReturnsNotHere, why).at(span, "not here").help(help)
}

pub(crate) fn call_key_not_here(span: Span, key: &str, kind: &str, owner: &str) -> Diagnostic {
    Diagnostic::error(Code::CallKeyNotHere, format!("`{key}` means nothing for a {kind}"))
        .at(span, format!("only for {owner}"))
        .help(format!("remove `{key}`"))
}

pub(crate) fn pipeline_on(span: Span) -> Diagnostic {
    Diagnostic::error(Code::PipelineOn, "the pipeline runs on no collection")
        .at(span, "on what?")
        .help("add `on = \"…\"`: the collection or view whose documents it takes")
}

pub(crate) fn pipeline_missing(span: Span, why: &str, help: String) -> Diagnostic {
    Diagnostic::error(Code::PipelineMissing, format!("the pipeline's file {why}"))
        .at(span, "this file")
        .help(help)
}

pub(crate) fn pipeline_syntax(span: Span, named: Span, message: &str) -> Diagnostic {
    Diagnostic::error(Code::PipelineSyntax, format!("the pipeline is not JSON: {message}"))
        .at(span, "here")
        .near(named, "named here")
}

pub(crate) fn pipeline_shape(span: Span, named: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code::PipelineShape, format!("this is not a pipeline: {why}"))
        .at(span, "expected [ { \"$match\": … }, … ]")
        .near(named, "named here")
}

pub(crate) fn unknown_arg<'a>(
    span: Span,
    call: Span,
    name: &str,
    args: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    Diagnostic::error(Code::UnknownArg, format!("the call has no argument `{name}`"))
        .at(span, "no such argument")
        .near(call, "of this call")
        .suggest(name, args, "its arguments are")
}

pub(crate) fn unused_arg(span: Span, file: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnusedArg, format!("the pipeline does not use the argument `{name}`"))
        .at(span, "not used")
        .near(file, "by this pipeline")
        .help(format!("bind it with {{\"$arg\": \"{name}\"}}, or remove it"))
}

pub(crate) fn bad_placeholder(span: Span, named: Span) -> Diagnostic {
    Diagnostic::error(Code::BadPlaceholder, "this is not a placeholder")
        .at(span, "expected {\"$arg\": \"NAME\"} and nothing else in the braces")
        .near(named, "named here")
}

pub(crate) fn writes_on_read_lane(span: Span, call: Span, stage: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WritesOnReadLane,
        format!("the pipeline writes with `{stage}`, and the call is on the read lane"),
    )
    .at(span, "writes")
    .near(call, "this call")
    .help("add `lane = \"write\"` to the call")
}

pub(crate) fn commits_on_read(span: Span, lane: Span) -> Diagnostic {
    Diagnostic::error(
        Code::CommitsOnRead,
        "a call that commits changes data, so it cannot be on the read lane",
    )
    .at(span, "commits")
    .near(lane, "reads")
    .help("write `lane = \"write\"`, or remove `commits`")
}
