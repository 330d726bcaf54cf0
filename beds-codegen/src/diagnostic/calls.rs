//! Mistakes in `[calls]`, and in the files of pipelines.

use beds_protocol::{ArgMode, Engine, Lane, TypeName, shown};

use super::Diagnostic;
use crate::{
    code::Code,
    foreign::{self, Foreign},
    front::{Example, Front},
    names,
    part::Place,
    span::{Span, Spanned},
};

pub(crate) fn call_name(span: Span, what: &str, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::CallName, format!("`{name}` is not a valid name for {what}"))
        .at(span, "expected a lower-case letter, then lower-case letters, digits and `_`");
    match names::to_lower_snake(name) {
        Some(guess) => diagnostic.help(format!("write `{guess}`")),
        None => diagnostic,
    }
}

/// A call that all `places` name otherwise.
pub(crate) fn misspelt_call(span: Span, written: &str, name: &str, places: &[Span]) -> Diagnostic {
    let message = format!("{} places name the call `{name}`, but no call has this name", places.len());
    let diagnostic = Diagnostic::error(Code::CallName, message).at(span, "probably this call");
    let diagnostic =
        places.iter().fold(diagnostic, |diagnostic, place| diagnostic.near(*place, "named here"));
    diagnostic.help(format!("write `{name}` here, or `{written}` in all these places"))
}

pub(crate) fn call_without_object(span: Span, name: &str, engine: Option<Engine>) -> Diagnostic {
    let example = match engine {
        Some(Engine::MongoDb) => {
            "add `pipeline = \"….json\"` and `on = \"…\"`, or `method = \"…\"` for a Rust function"
        }
        Some(Engine::MariaDb) | None => {
            "add `procedure = \"…\"` or `function = \"…\"`, or `method = \"…\"` for a Rust function"
        }
    };
    Diagnostic::error(Code::CallWithoutObject, format!("the call `{name}` names nothing to run"))
        .at(span, "what does it run?")
        .help(example)
}

/// `missing` is the further key that the call needs with each of the two.
pub(crate) fn call_two_objects(
    span: Span,
    first: Span,
    name: &str,
    missing: impl IntoIterator<Item = String>,
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::CallTwoObjects, format!("the call `{name}` names two things to run"))
            .at(span, "the second")
            .near(first, "the first")
            .help("keep one, and write a separate call for the other");
    missing.into_iter().fold(diagnostic, Diagnostic::help)
}

pub(crate) fn call_engine(span: Span, kind: &str, engine: Engine) -> Diagnostic {
    let instead = match engine {
        Engine::MariaDb => "`procedure` or `function`",
        Engine::MongoDb => "`pipeline`",
    };
    Diagnostic::error(Code::CallEngine, format!("{} cannot run a {kind}", engine.title()))
        .at(span, format!("the engine is {}", engine.title()))
        .help(format!("write {instead} for a call on {}", engine.title()))
}

pub(crate) fn lane_missing(span: Span, name: &str, kind: &str) -> Diagnostic {
    Diagnostic::error(Code::LaneMissing, format!("`lane` is missing in the call `{name}`"))
        .at(span, format!("does the {kind} change data?"))
        .help("add `lane = \"write\"` if it does, and `lane = \"read\"` if it does not")
}

pub(crate) fn unknown_lane(span: Span, name: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::UnknownLane, format!("unknown lane `{name}`")).at(span, "no such lane");
    let meant = match name.to_ascii_lowercase().as_str() {
        "r" | "reads" | "reader" | "readonly" | "read_only" | "read-only" | "query" | "select" | "ro" => {
            Lane::Read
        }
        "w" | "writes" | "writer" | "rw" | "readwrite" | "read_write" | "read-write" | "command"
        | "update" | "insert" => Lane::Write,
        _ => return diagnostic.suggest(name, Lane::ALL.iter().map(|lane| lane.as_str()), "the lanes are"),
    };
    diagnostic.help(format!("write `{meant}` instead")).rename(name, meant.as_str())
}

pub(crate) fn unknown_mode(span: Span, name: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::UnknownMode, format!("unknown mode `{name}`")).at(span, "no such mode");
    let meant = match name.to_ascii_lowercase().as_str() {
        "input" | "in" | "i" | "read" | "param" => ArgMode::In,
        "output" | "out" | "o" | "return" | "returns" | "result" => ArgMode::Out,
        "in_out" | "in-out" | "in/out" | "in out" | "inout" | "io" | "both" | "ref" => ArgMode::InOut,
        _ => return diagnostic.suggest(name, ArgMode::ALL.iter().map(|mode| mode.as_str()), "the modes are"),
    };
    diagnostic.help(format!("write `{meant}` instead")).rename(name, meant.as_str())
}

pub(crate) fn mode_not_here(span: Span, mode: ArgMode, kind: &str) -> Diagnostic {
    Diagnostic::error(Code::ModeNotHere, format!("an argument of a {kind} cannot have the mode `{mode}`"))
        .at(span, "only a procedure returns values through its parameters")
        .help("remove `mode`; declare what the call returns with `returns`")
}

pub(crate) fn not_a_path(span: Span, key: &str, text: &str) -> Diagnostic {
    let example = match key {
        "module" => "write the name of a file in `src/domains` without `.rs`, such as `module = \"stock\"`",
        _ => "write the name of a function, such as `method = \"restock\"`",
    };
    Diagnostic::error(Code::NotAPath, format!("`{key}` must be a name in Rust, not {}", shown(text)))
        .at(span, "not a name")
        .help(example)
}

pub(crate) fn module_without_method(span: Span) -> Diagnostic {
    Diagnostic::error(Code::KeyNotHere, "`module` has no effect: no call has a `method`")
        .at(span, "of which functions?")
        .help("remove it, or write `method = \"…\"` in the call that runs a function of the module")
}

pub(crate) fn method_without_module(span: Span, call: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MethodMissing,
        format!("the template names no `module` with the function of `{call}`"),
    )
    .at(span, "in which file?")
    .help(
        "add to `[template]` the name of a file in `src/domains` without `.rs`, such as `module = \"stock\"`",
    )
}

pub(crate) fn module_missing(span: Span, path: &str) -> Diagnostic {
    Diagnostic::error(Code::MethodMissing, format!("there is no file `{path}`"))
        .at(span, "names it")
        .help(format!("write the functions of the calls into `{path}`, or correct the name"))
}

/// `signature` is the required signature, and `nearest` a public function that may be meant.
pub(crate) fn method_missing(
    span: Span,
    path: &str,
    function: &str,
    nearest: Option<&str>,
    signature: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::MethodMissing, format!("`{path}` has no function `{function}`"))
        .at(span, "no such function");
    match nearest {
        Some(nearest) => {
            diagnostic.help(format!("did you mean `{nearest}`? or write it there: `{signature}`"))
        }
        None => diagnostic.help(format!("write it there: `{signature}`")),
    }
}

pub(crate) fn method_form(span: Span, found: Span, why: &str, signature: &str) -> Diagnostic {
    Diagnostic::error(Code::MethodMissing, format!("the function behind the call {why}"))
        .at(span, "names it")
        .near(found, "found here")
        .help(format!("it should be `{signature}`"))
}

pub(crate) fn method_not_public(span: Span, found: Span, function: &str) -> Diagnostic {
    Diagnostic::error(Code::MethodMissing, format!("the function `{function}` is not public"))
        .at(span, "names it")
        .near(found, "found here")
        .help("write `pub` before it")
}

pub(crate) fn returns_missing(span: Span, name: &str, front: Front) -> Diagnostic {
    let example = front.key("returns", Example::Keys(&[("type", Example::Is("\"…\""))]));
    Diagnostic::error(Code::ReturnsMissing, format!("`returns` is missing in the call `{name}`"))
        .at(span, "which type does the function return?")
        .help(format!("add `{example}`"))
}

pub(crate) fn returns_unknown(span: Span, word: &str, front: Front) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::ReturnsUnknown, format!("a call cannot return `{word}`"));
    let lower = word.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "" | "void" | "none" | "null" | "no" | "ok" | "unit" | "()" | "empty" | "false"
    ) {
        let diagnostic = diagnostic.at(span, "a call without a result returns \"nothing\"");
        return diagnostic.help("write `\"nothing\"`").rename(word, "nothing");
    }
    let ty = TypeName::from_name(word).map(Foreign::new).or_else(|| foreign::translate(word));
    if let Some(ty) = ty.map(|ty| returned(ty.complete(), front)) {
        let right = match front {
            Front::Template => format!("returns = {{ {ty} }}"),
            Front::Attributes | Front::Parentheses => format!("returns({ty})"),
        };
        return diagnostic.at(span, "this is a type").help(format!("write `{right}`"));
    }
    let scalar = front.key("returns", Example::Keys(&[("type", Example::Is("\"…\""))]));
    let rows = front.key("returns", Example::Keys(&[("rows", Example::Any)]));
    diagnostic.at(span, "the only word allowed here is \"nothing\"").help(format!(
        "write `{scalar}` or `{rows}`, or remove `returns`: then the call returns every result set as the database gives it"
    ))
}

/// A foreign type with the keys that a returned value may have.
fn returned(mut ty: Foreign, front: Front) -> String {
    ty.keys.retain(|(key, _)| Place::Scalar.may_have(key));
    match front {
        Front::Template => ty.pairs(", "),
        Front::Attributes | Front::Parentheses => ty.attribute(),
    }
}

pub(crate) fn returns_not_here(span: Span, why: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::ReturnsNotHere, why).at(span, "not here").help(help)
}

pub(crate) fn call_key_not_here(span: Span, key: &str, kind: &str, owner: &str) -> Diagnostic {
    Diagnostic::error(Code::CallKeyNotHere, format!("a {kind} has no `{key}`"))
        .at(span, format!("only for {owner}"))
        .help(format!("remove `{key}`"))
}

pub(crate) fn pipeline_on(span: Span) -> Diagnostic {
    Diagnostic::error(Code::PipelineOn, "the pipeline has no collection to run on")
        .at(span, "on which collection?")
        .help("add `on = \"…\"`, the collection or view that the pipeline reads")
}

/// A missing file of a pipeline. `meant` is an existing one, and whether it is the only possibility.
pub(crate) fn pipeline_missing(
    name: &Spanned<String>,
    folder: &str,
    create: &str,
    meant: Option<(&str, bool)>,
) -> Diagnostic {
    let message = format!("the file of the pipeline is not in `{folder}`");
    let diagnostic = Diagnostic::error(Code::PipelineMissing, message).at(name.span, "this file");
    match meant {
        Some((meant, is_sure)) => of_file(diagnostic, name, meant, is_sure),
        None => diagnostic.help(format!("create `{create}`, a JSON array of stages")),
    }
}

/// The path of a file, where only its name is expected.
pub(crate) fn pipeline_path(name: &Spanned<String>, folder: &str, meant: Option<(&str, bool)>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::PipelineMissing, "the file of the pipeline must be named without a path")
            .at(name.span, "this file");
    match meant {
        Some((meant, is_sure)) => of_file(diagnostic, name, meant, is_sure)
            .help(format!("files of pipelines are in `{folder}`, and are named without a path")),
        None => diagnostic.help(format!("write the name of a file in `{folder}`, without a path")),
    }
}

fn of_file(diagnostic: Diagnostic, name: &Spanned<String>, meant: &str, is_sure: bool) -> Diagnostic {
    let diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
    if is_sure { diagnostic.rename(&name.value, meant) } else { diagnostic }
}

/// The stages themselves, where the name of their file is expected.
pub(crate) fn pipeline_inline(span: Span) -> Diagnostic {
    Diagnostic::error(Code::PipelineMissing, "the stages of a pipeline belong in a separate file")
        .at(span, "expected the name of that file")
        .help("put them into a file in the folder for pipelines, `schema/mongodb` by default, and write its name: `pipeline = \"NAME.json\"`")
}

pub(crate) fn unknown_arg<'a>(
    span: Span,
    call: Span,
    name: &str,
    args: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownArg, format!("the call has no argument `{name}`"))
        .at(span, "no such argument")
        .near(call, "in this call");
    if args.clone().into_iter().all(|arg| arg.starts_with('@')) && !name.starts_with('@') {
        return diagnostic
            .help(format!("add `args = {{ {name} = \"string\" }}` to the call, with the argument's type"));
    }
    diagnostic.suggest(name, args, "its arguments are")
}

pub(crate) fn unused_arg(span: Span, file: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnusedArg, format!("the pipeline does not use the argument `{name}`"))
        .at(span, "unused")
        .near(file, "in this pipeline")
        .help(format!("write {{\"$arg\": \"{name}\"}} in the pipeline, or remove the argument"))
}

/// A text that names an argument in the style of other tools. `is_used` if the pipeline uses the argument elsewhere.
pub(crate) fn text_for_argument(
    span: Span,
    (text, name): (&str, &str),
    is_used: bool,
    named: Span,
) -> Diagnostic {
    let right = format!("{{\"$arg\": \"{name}\"}}");
    let message = format!("{} is a plain text here, not the argument `{name}`", shown(text));
    let diagnostic = if is_used {
        Diagnostic::warning(Code::BadPlaceholder, message)
    } else {
        Diagnostic::error(Code::UnusedArg, message)
    };
    diagnostic
        .at(span, "taken literally")
        .near(named, "named here")
        .help(format!("write {right} instead, without quotes around it"))
        .fix(span, right)
}

/// A text with the name of a value of the request.
pub(crate) fn text_of_request(span: Span, value: &str, named: Span) -> Diagnostic {
    let right = format!("{{\"$arg\": \"{value}\"}}");
    Diagnostic::warning(
        Code::BadPlaceholder,
        format!("`{value}` is a plain text here, not a value of the request"),
    )
    .at(span, "taken literally")
    .near(named, "named here")
    .help(format!("write {right} instead, without quotes around it"))
    .fix(span, right)
}

pub(crate) fn bad_placeholder(span: Span, named: Span) -> Diagnostic {
    Diagnostic::error(Code::BadPlaceholder, "invalid placeholder in a pipeline")
        .at(span, "expected {\"$arg\": \"NAME\"}, and nothing else in the braces")
        .near(named, "named here")
        .help("write {\"$arg\": \"NAME\"}; for a regular expression, write {\"$arg\": \"NAME\", \"as\": \"regex\"}")
}

pub(crate) fn writes_on_read_lane(span: Span, call: Span, stage: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WritesOnReadLane,
        format!("the pipeline writes with `{stage}`, but the call is on the read lane"),
    )
    .at(span, "writes")
    .near(call, "this call")
    .help("add `lane = \"write\"` to the call")
}

pub(crate) fn commits_on_read(span: Span, lane: Span) -> Diagnostic {
    Diagnostic::error(Code::CommitsOnRead, "a call that commits cannot be on the read lane")
        .at(span, "commits")
        .near(lane, "reads")
        .help("write `lane = \"write\"`, or remove `commits`")
}
