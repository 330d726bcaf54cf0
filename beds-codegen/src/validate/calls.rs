//! `[calls]`: procedures, functions and pipelines by name.

use beds_protocol::{Lane, RequestValue};

use super::{Cx, objects, pipeline, types};
use crate::{
    diagnostic::{access, calls as diagnostics, fields as field_diagnostics, shape},
    front::{Example, Whole},
    model::{Arg, ArgMode, Call, Engine, Field, Returns, Supply, Target, Type},
    names,
    part::Place,
    raw::{Given, RawCall, RawField, RawReturns},
    span::{Span, Spanned},
};

/// The kind of object that a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Procedure,
    Function,
    Pipeline,
    Method,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Procedure => "procedure",
            Self::Function => "function",
            Self::Pipeline => "pipeline",
            Self::Method => "method",
        }
    }

    /// The engine that runs it; `None` if the node runs it.
    const fn engine(self) -> Option<Engine> {
        match self {
            Self::Procedure | Self::Function => Some(Engine::MariaDb),
            Self::Pipeline => Some(Engine::MongoDb),
            Self::Method => None,
        }
    }

    /// Whether it needs another engine than the domain's.
    fn is_foreign(self, engine: Option<Engine>) -> bool {
        self.engine().zip(engine).is_some_and(|(its, engine)| its != engine)
    }
}

/// The valid calls. The others are reported. `has_module` is whether the template names the module of the functions.
pub(super) fn validate(raw: Given<Vec<RawCall>>, has_module: bool, cx: &mut Cx<'_>) -> Vec<Call> {
    match raw {
        Given::Is(entry) => {
            let calls = entry.value.value;
            let needs = |call: &RawCall| Some((call.method.get()?.span, call.name.value.clone()));
            if let Some((method, name)) = calls.iter().find_map(needs)
                && matches!(cx.whole, Whole::File(_))
                && !has_module
            {
                cx.errors.push(diagnostics::method_without_module(method, &name));
            }
            calls.into_iter().filter_map(|raw| call(raw, cx)).collect()
        }
        Given::Absent | Given::Broken => Vec::new(),
    }
}

fn call(raw: RawCall, cx: &mut Cx<'_>) -> Option<Call> {
    if raw.is_broken {
        return None;
    }
    let cx = &mut cx.part();
    cx.front = cx.front.inside();
    let name = &raw.name;
    if !names::is_lower_snake(&name.value) {
        cx.errors.push(diagnostics::call_name(name.span, "a call", &name.value));
    } else if name.value.len() > names::NAME_LEN_MAX {
        cx.errors.push(shape::name_too_long(name.span, "call", name.value.len()));
    }
    let description = types::description(&raw.description, cx);
    let runs = runs(&raw, cx);
    let kind = runs.as_ref().map(|(kind, _)| *kind);
    let lane = lane(&raw, kind, cx);
    check_keys(&raw, kind, cx);
    let args = args(&raw.args, kind, cx);
    let returns = returns(&raw, kind, cx);
    let (kind, object) = runs?;
    match kind {
        Kind::Procedure | Kind::Function => objects::check_name(&object, cx)?,
        Kind::Pipeline => objects::check_name(raw.on.get()?, cx)?,
        Kind::Method => check_function(&object, cx)?,
    }
    let (mut args, lane) = (args?, lane?);
    let target = match kind {
        Kind::Procedure => Target::Procedure { name: object, commits: raw.commits.is_true() },
        Kind::Function => Target::Function { name: object },
        Kind::Method => Target::Method { function: object },
        Kind::Pipeline => {
            // A pipeline may use a value of the request without an argument of another name.
            let declared = args.len();
            args.extend(RequestValue::ALL.iter().map(|asked| asked_arg(asked.as_str(), *asked, true)));
            let pipeline =
                pipeline::read(&object, raw.name.span, &args, raw.args.get().map(|args| &args.value), cx)?;
            let mut place = 0;
            args.retain(|arg| {
                place += 1;
                place <= declared || pipeline.stages.contains(&format!("{{\"$arg\":\"{}\"}}", arg.field.name))
            });
            if let Some((stage, at)) = &pipeline.writes
                && lane == Lane::Read
            {
                cx.errors.push(diagnostics::writes_on_read_lane(*at, raw.name.span, stage));
            }
            let on = raw.on.get()?.value.clone();
            Target::Pipeline {
                file: object.value,
                on,
                stages: pipeline.stages,
                writes: pipeline.writes.is_some(),
            }
        }
    };
    Some(Call { name: raw.name.value, description, lane, args, returns: returns?, target })
}

/// The object that the call runs.
fn runs(raw: &RawCall, cx: &mut Cx<'_>) -> Option<(Kind, Spanned<String>)> {
    let candidates = [
        (Kind::Procedure, &raw.procedure),
        (Kind::Function, &raw.function),
        (Kind::Pipeline, &raw.pipeline),
        (Kind::Method, &raw.method),
    ];
    let mut chosen: Option<(Kind, Span, &Spanned<String>)> = None;
    let mut is_reported = false;
    for (kind, given) in candidates {
        match given {
            Given::Absent => {}
            Given::Broken => is_reported = true,
            Given::Is(entry) => match chosen {
                None => chosen = Some((kind, entry.key, &entry.value)),
                Some((other, first, _)) => {
                    let missing = [other, kind].into_iter().filter_map(|kind| missing(raw, kind, cx));
                    let diagnostic =
                        diagnostics::call_two_objects(entry.key, first, &raw.name.value, missing);
                    cx.errors.push(diagnostic);
                    return None;
                }
            },
        }
    }
    let Some((kind, key, object)) = chosen else {
        if !is_reported {
            cx.errors.push(diagnostics::call_without_object(raw.name.span, &raw.name.value, cx.engine));
        }
        return None;
    };
    if let Some(engine) = cx.engine.filter(|_| kind.is_foreign(cx.engine)) {
        cx.errors.push(diagnostics::call_engine(key, kind.as_str(), engine));
        return None;
    }
    Some((kind, object.clone()))
}

/// A required property that the call lacks, or a contradiction, for an object of this kind.
fn missing(raw: &RawCall, kind: Kind, cx: &Cx<'_>) -> Option<String> {
    let name = kind.as_str();
    if let Some(engine) = cx.engine.filter(|_| kind.is_foreign(cx.engine)) {
        return Some(format!("the {name} cannot be kept: {} runs none", engine.title()));
    }
    let returns = raw.returns.get().map(|returns| &returns.value);
    let scalar = cx.front.key("returns", Example::Keys(&[("type", Example::Is("\"int\""))]));
    match kind {
        Kind::Procedure | Kind::Method if raw.lane.is_absent() => Some(format!(
            "to keep the {name}, add `lane = \"write\"` if it changes data, and `lane = \"read\"` if it does not"
        )),
        Kind::Function if raw.returns.is_absent() => {
            Some(format!("to keep the function, add the type of its value, `{scalar}`"))
        }
        Kind::Function if matches!(returns, Some(RawReturns::Word(_) | RawReturns::Rows(_))) => {
            Some(format!("to keep the function, write the type of its value, `{scalar}`, as `returns`"))
        }
        Kind::Pipeline if raw.on.is_absent() => {
            Some("to keep the pipeline, add the collection that it reads, `on = \"…\"`".to_owned())
        }
        Kind::Procedure | Kind::Function | Kind::Pipeline | Kind::Method => None,
    }
}

/// Reports an invalid function name. In a template the function belongs to the template's module.
fn check_function(function: &Spanned<String>, cx: &mut Cx<'_>) -> Option<()> {
    let is_template = matches!(cx.whole, Whole::File(_));
    let is_one =
        names::is_rust_path(&function.value) && (!is_template || names::is_rust_name(&function.value));
    if !is_one {
        cx.errors.push(diagnostics::not_a_path(function.span, "method", &function.value));
        return None;
    }
    Some(())
}

fn lane(raw: &RawCall, kind: Option<Kind>, cx: &mut Cx<'_>) -> Option<Lane> {
    match &raw.lane {
        Given::Absent if matches!(kind, Some(Kind::Procedure | Kind::Method)) => {
            let kind = if kind == Some(Kind::Method) { "function" } else { "procedure" };
            cx.errors.push(diagnostics::lane_missing(raw.name.span, &raw.name.value, kind));
            None
        }
        Given::Absent => Some(Lane::Read),
        Given::Broken => None,
        Given::Is(entry) => {
            let Spanned { value, span } = &entry.value;
            let lane = Lane::from_name(value);
            if lane.is_none() {
                cx.errors.push(diagnostics::unknown_lane(*span, value));
            }
            lane
        }
    }
}

/// Reports keys that belong to other kinds of calls.
fn check_keys(raw: &RawCall, kind: Option<Kind>, cx: &mut Cx<'_>) {
    let Some(kind) = kind else { return };
    match raw.on.key() {
        Some(on) if kind != Kind::Pipeline => {
            cx.errors.push(diagnostics::call_key_not_here(on, "on", kind.as_str(), "a pipeline"));
        }
        None if kind == Kind::Pipeline && raw.on.is_absent() => {
            let at = raw.pipeline.key().unwrap_or(raw.name.span);
            cx.errors.push(diagnostics::pipeline_on(at));
        }
        _ => {}
    }
    let Some(commits) = raw.commits.key() else { return };
    if kind != Kind::Procedure {
        cx.errors.push(diagnostics::call_key_not_here(commits, "commits", kind.as_str(), "a procedure"));
    } else if let Some(lane) = raw.lane.get()
        && Lane::from_name(&lane.value) == Some(Lane::Read)
        && raw.commits.is_true()
    {
        cx.errors.push(diagnostics::commits_on_read(commits, lane.span));
    }
}

fn args(raw: &Given<Vec<RawField>>, kind: Option<Kind>, cx: &mut Cx<'_>) -> Option<Vec<Arg>> {
    match raw {
        Given::Absent => Some(Vec::new()),
        Given::Broken => None,
        Given::Is(entry) => {
            let args: Vec<_> = entry.value.value.iter().map(|raw| arg(raw, kind, cx)).collect();
            args.into_iter().collect()
        }
    }
}

/// An argument that the request gives: `owner = "@user"`.
fn asked(raw: &RawField, kind: Option<Kind>, cx: &mut Cx<'_>) -> Option<Arg> {
    let ty = raw.ty.get()?;
    let Some(asked) = RequestValue::from_name(&ty.value) else {
        cx.errors.push(access::unknown_value(ty.span, &ty.value));
        return None;
    };
    let others = [
        ("mode", raw.mode.key()),
        ("default", raw.default.key()),
        ("nullable", raw.nullable.key()),
        ("max", raw.max.key()),
    ];
    for (key, span) in others.into_iter().filter_map(|(key, span)| Some((key, span?))) {
        cx.errors.push(access::asked_keys(span, key, asked.as_str()));
    }
    if !names::is_lower_snake(&raw.name.value) {
        cx.errors.push(diagnostics::call_name(raw.name.span, "an argument", &raw.name.value));
        return None;
    }
    Some(asked_arg(&raw.name.value, asked, kind == Some(Kind::Pipeline)))
}

/// An argument of this name that takes a value of the request. Roles are a list if the object can take lists, and
/// otherwise the text of a JSON array.
fn asked_arg(name: &str, asked: RequestValue, has_lists: bool) -> Arg {
    let ty = match asked {
        RequestValue::Now => Type::DateTime,
        RequestValue::Roles if has_lists => {
            let item = asked_arg("item", RequestValue::User, false).field;
            Type::List { item: Box::new(item), max: u32::MAX }
        }
        RequestValue::Roles => Type::Text { min: 0, max: u32::MAX },
        RequestValue::User | RequestValue::Session | RequestValue::Node | RequestValue::RequestId => {
            Type::String { min: 0, max: 255, pattern: None }
        }
    };
    let field = Field {
        name: name.to_owned(),
        ident: names::identifier(name.trim_start_matches('@')),
        column: name.to_owned(),
        description: String::new(),
        ty,
        supply: Supply::Optional,
        nullable: true,
        is_key: false,
        immutable: false,
        unique: false,
        sensitive: false,
    };
    Arg { field, mode: ArgMode::In, asked: Some(asked) }
}

fn arg(raw: &RawField, kind: Option<Kind>, cx: &mut Cx<'_>) -> Option<Arg> {
    if raw.ty.get().is_some_and(|ty| ty.value.starts_with('@')) {
        return asked(raw, kind, cx);
    }
    let mode = match &raw.mode {
        Given::Absent => Some(ArgMode::In),
        Given::Broken => None,
        Given::Is(entry) => {
            let mode = ArgMode::from_name(&entry.value.value);
            match (mode, kind) {
                (None, _) => cx.errors.push(diagnostics::unknown_mode(entry.value.span, &entry.value.value)),
                (
                    Some(mode @ (ArgMode::Out | ArgMode::InOut)),
                    Some(kind @ (Kind::Function | Kind::Pipeline | Kind::Method)),
                ) => {
                    cx.errors.push(diagnostics::mode_not_here(entry.value.span, mode, kind.as_str()));
                }
                (Some(_), _) => {}
            }
            mode
        }
    };
    if mode == Some(ArgMode::Out)
        && let (Some(default), Some(out)) = (raw.default.key(), raw.mode.key())
    {
        cx.errors.push(field_diagnostics::contradiction(
            default,
            out,
            ("default", "mode = \"out\""),
            "an OUT parameter takes no value",
        ));
    }
    let field = types::field(raw.clone(), Place::Arg, 0, cx);
    Some(Arg { field: field?, mode: mode?, asked: None })
}

fn returns(raw: &RawCall, kind: Option<Kind>, cx: &mut Cx<'_>) -> Option<Returns> {
    let entry = match &raw.returns {
        Given::Absent if kind == Some(Kind::Function) => {
            cx.errors.push(diagnostics::returns_missing(raw.name.span, &raw.name.value, cx.front));
            return None;
        }
        Given::Absent if kind == Some(Kind::Method) => return Some(Returns::Nothing),
        Given::Absent => return Some(Returns::AsItComes),
        Given::Broken => return None,
        Given::Is(entry) => entry,
    };
    let at = entry.key;
    match &entry.value.value {
        RawReturns::Word(word) if word == "nothing" => {
            refuse_for(Kind::Function, kind, at, "a function always returns a value", cx)?;
            Some(Returns::Nothing)
        }
        RawReturns::Word(word) => {
            cx.errors.push(diagnostics::returns_unknown(entry.value.span, word, cx.front));
            None
        }
        RawReturns::Scalar(field) => {
            refuse_for(Kind::Pipeline, kind, at, "a pipeline returns documents, not one value", cx)?;
            types::field((**field).clone(), Place::Scalar, 0, cx).map(|field| Returns::Scalar(field.ty))
        }
        RawReturns::Rows(rows) => {
            refuse_for(Kind::Function, kind, at, "a function returns one value, not rows", cx)?;
            if rows.is_empty() {
                cx.errors.push(diagnostics::returns_not_here(
                    entry.value.span,
                    "`rows` has no columns",
                    "name the columns in order, or remove `returns` to return rows as the database gives them",
                ));
                return None;
            }
            let place = if kind == Some(Kind::Pipeline) { Place::Document } else { Place::Row };
            let rows: Vec<_> = rows.iter().map(|row| types::field(row.clone(), place, 0, cx)).collect();
            rows.into_iter().collect::<Option<_>>().map(Returns::Rows)
        }
    }
}

/// Reports a way of returning that this kind of call does not have.
fn refuse_for(refused: Kind, kind: Option<Kind>, at: Span, why: &str, cx: &mut Cx<'_>) -> Option<()> {
    if kind != Some(refused) {
        return Some(());
    }
    let scalar = cx.front.key("returns", Example::Keys(&[("type", Example::Is("\"…\""))]));
    let rows = cx.front.key("returns", Example::Keys(&[("rows", Example::Any)]));
    let help = match refused {
        Kind::Function => format!("write `{scalar}`"),
        Kind::Procedure | Kind::Pipeline | Kind::Method => format!("write `{rows}`, or remove `returns`"),
    };
    cx.errors.push(diagnostics::returns_not_here(at, why, &help));
    None
}
