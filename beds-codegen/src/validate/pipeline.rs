//! The files of MongoDB pipelines: a JSON array of stages in which `{"$arg": "name"}` stands for an argument.
//!
//! The file is checked as a whole and kept as text: the order of members means something to MongoDB, so nothing
//! is parsed and printed again.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use beds_protocol::strict::Strict;
use serde_json::Value;

use super::Cx;
use crate::{
    diagnostic::{ErrorSink, calls as diagnostics},
    load,
    model::Arg,
    raw::RawField,
    span::{FileId, Sources, Span, Spanned},
};

/// Where pipelines come from: a folder, and texts in memory which go before it.
#[derive(Debug, Clone, Default)]
pub struct Pipelines {
    /// The folder.
    pub folder: PathBuf,
    /// Texts by the name of their file.
    pub texts: BTreeMap<String, String>,
    /// Files that were used, for `rerun-if-changed`.
    pub used: Vec<PathBuf>,
    loaded: HashMap<String, Option<FileId>>,
}

/// A pipeline that was read.
pub(super) struct Pipeline {
    pub(super) stages: String,
    /// The stage that writes, and where it is.
    pub(super) writes: Option<(String, Span)>,
}

impl Pipelines {
    /// Those of a folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// Reads a file once; `None` when it cannot be used, which is reported at the first place that names it.
    fn file(
        &mut self,
        name: &Spanned<String>,
        sources: &mut Sources,
        errors: &mut ErrorSink<'_>,
    ) -> Option<FileId> {
        if let Some(known) = self.loaded.get(&name.value) {
            return *known;
        }
        let file = self.load(name, sources, errors);
        self.loaded.insert(name.value.clone(), file);
        file
    }

    fn load(
        &mut self,
        name: &Spanned<String>,
        sources: &mut Sources,
        errors: &mut ErrorSink<'_>,
    ) -> Option<FileId> {
        let folder = load::shown(&self.folder);
        let is_plain =
            !name.value.is_empty() && !name.value.starts_with('.') && !name.value.contains(['/', '\\', '\0']);
        if !is_plain {
            let help = format!("write the name of a file in `{folder}`, without a path");
            errors.push(diagnostics::pipeline_missing(name.span, "has no plain name", help));
            return None;
        }
        let path = self.folder.join(&name.value);
        if let Some(text) = self.texts.get(&name.value) {
            return Some(sources.add(load::shown(&path), text.clone()));
        }
        if !path.is_file() {
            let there = self.names();
            let why = format!("is not in `{folder}`");
            let help = match beds_protocol::nearest(&name.value, there.iter().map(String::as_str)) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("create `{}`, a JSON array of stages", load::shown(&path)),
            };
            errors.push(diagnostics::pipeline_missing(name.span, &why, help));
            return None;
        }
        self.used.push(path.clone());
        load::read(&path, sources, errors)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .chain(self.texts.keys().cloned())
            .collect();
        names.sort();
        names
    }
}

/// Reads the pipeline of a call and checks its placeholders against the call's arguments.
pub(super) fn read(
    name: &Spanned<String>,
    call: Span,
    args: &[Arg],
    raw_args: Option<&Vec<RawField>>,
    cx: &mut Cx<'_>,
) -> Option<Pipeline> {
    let file = cx.pipelines.file(name, cx.sources, &mut cx.errors)?;
    let text = cx.sources.text(file);
    // A byte order mark is no more part of it than of a template.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = match serde_json::from_str(bare) {
        Ok(Strict(value)) => value,
        Err(error) => {
            let skipped = if error.line() == 1 { text.len() - bare.len() } else { 0 };
            let start = offset(text, error.line(), error.column() + skipped);
            let message = error.to_string();
            let message = message.split(" at line").next().unwrap_or_default();
            let at = Span { file, start, end: (start + 1).min(text.len()).max(start) };
            cx.errors.push(diagnostics::pipeline_syntax(at, name.span, message));
            return None;
        }
    };
    let writes = match stages(&value) {
        Ok(writes) => writes,
        Err(why) => {
            let start = text.len() - text.trim_start().len();
            let at = Span { file, start, end: (start + 1).min(text.len()) };
            cx.errors.push(diagnostics::pipeline_shape(at, name.span, &why));
            return None;
        }
    };
    let writes = writes.map(|stage| {
        let quoted = format!("\"{stage}\"");
        let start = text.rfind(&quoted).unwrap_or(0);
        (stage, Span { file, start, end: start + quoted.len() })
    });
    let stages = compact(bare);
    check_placeholders(&placeholders(text, file), count(&value), file, name, call, args, raw_args, cx);
    Some(Pipeline { stages, writes })
}

/// Checks that the value is a list of stages; gives the stage that writes, if there is one.
fn stages(value: &Value) -> Result<Option<String>, String> {
    let Value::Array(stages) = value else { return Err("it is not a list".to_owned()) };
    let mut writes = None;
    for (index, stage) in stages.iter().enumerate() {
        let number = index + 1;
        let Value::Object(members) = stage else { return Err(format!("stage {number} is not an object")) };
        let mut keys = members.keys();
        match (keys.next(), keys.next()) {
            (Some(key), None) if key == "$arg" => {
                return Err(format!("stage {number} is a placeholder, which stands for a value"));
            }
            (Some(key), None) if key.starts_with('$') => {
                if let Some(why) = stage.get(key).and_then(|body| unbindable(key, body)) {
                    return Err(format!("stage {number} {why}"));
                }
                if key == "$out" || key == "$merge" {
                    writes = Some(key.clone());
                }
            }
            _ => return Err(format!("stage {number} is not an object with one key that begins with `$`")),
        }
    }
    if stages.is_empty() { Err("it has no stages".to_owned()) } else { Ok(writes) }
}

/// Why what a stage says cannot be run, whatever the arguments are.
fn unbindable(stage: &str, body: &Value) -> Option<String> {
    // Only these two are a value and nothing else.
    if body.get("$arg").is_some() && !matches!(stage, "$limit" | "$skip") {
        return Some(format!(
            "has a placeholder in the place of all of `{stage}`: it stands for a single value"
        ));
    }
    if let Some(operator) = steered(body) {
        return Some(format!(
            "has a placeholder in `{operator}`, which takes conditions or code: a client's value is never either"
        ));
    }
    extended(body).map(|form| {
        format!(
            "has `{form}`, a form of Extended JSON, which is not interpreted: pass the value as an argument"
        )
    })
}

/// The first operator that would take an argument for a part of the pipeline instead of a value.
fn steered(value: &Value) -> Option<&str> {
    /// Their value is conditions or a program.
    const BODIES: [&str; 6] = ["$and", "$or", "$nor", "$elemMatch", "$jsonSchema", "$where"];
    /// All but their arguments is a program.
    const PROGRAMS: [&str; 2] = ["$function", "$accumulator"];
    let is_program = |(member, body): (&String, &Value)| {
        !matches!(member.as_str(), "args" | "initArgs" | "accumulateArgs") && count(body) > 0
    };
    match value {
        Value::Object(members) => members.iter().find_map(|(name, body)| {
            let is_steered = BODIES.contains(&name.as_str()) && body.get("$arg").is_some()
                || PROGRAMS.contains(&name.as_str())
                    && body.as_object().is_some_and(|members| members.iter().any(is_program));
            if is_steered { Some(name.as_str()) } else { steered(body) }
        }),
        Value::Array(items) => items.iter().find_map(steered),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The first object that only Extended JSON would take for a value.
fn extended(value: &Value) -> Option<&'static str> {
    const FORMS: &[&str] = &[
        "$date",
        "$oid",
        "$numberInt",
        "$numberLong",
        "$numberDouble",
        "$numberDecimal",
        "$binary",
        "$uuid",
        "$timestamp",
        "$regularExpression",
        "$minKey",
        "$maxKey",
    ];
    match value {
        Value::Object(members) => {
            let form = FORMS.iter().find(|form| members.len() == 1 && members.contains_key(**form));
            form.copied().or_else(|| members.values().find_map(extended))
        }
        Value::Array(items) => items.iter().find_map(extended),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A place where `"$arg"` is written as a key, and the name it binds if it is well-formed.
struct Placeholder {
    span: Span,
    name: Option<String>,
}

/// All placeholders of a text that is known to be JSON.
fn placeholders(text: &str, file: FileId) -> Vec<Placeholder> {
    const MARK: &str = "\"$arg\"";
    text.match_indices(MARK)
        .filter_map(|(start, _)| {
            // A string value `"$arg"` is a path to a member named so, and no placeholder.
            let after = text[start + MARK.len()..].trim_start().strip_prefix(':')?.trim_start();
            let opens = text[..start].trim_end().ends_with('{');
            let name = after.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            let closes = name.is_some_and(|(_, rest)| rest.trim_start().starts_with('}'));
            let name = name.filter(|_| opens && closes).map(|(name, _)| name.to_owned());
            let at = |end: usize| Span { file, start, end };
            let span = match &name {
                Some(name) => {
                    let name_start = text.len() - after.len();
                    Span { file, start: name_start, end: name_start + name.len() + 2 }
                }
                None => at(start + MARK.len()),
            };
            Some(Placeholder { span, name })
        })
        .collect()
}

/// How many objects with a member `$arg` there are, however it is escaped.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            usize::from(members.contains_key("$arg")) + members.values().map(count).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[expect(clippy::too_many_arguments, reason = "one check over everything that is known of a pipeline")]
fn check_placeholders(
    placeholders: &[Placeholder],
    count: usize,
    file: FileId,
    name: &Spanned<String>,
    call: Span,
    args: &[Arg],
    raw_args: Option<&Vec<RawField>>,
    cx: &mut Cx<'_>,
) {
    let cx = &mut cx.part();
    for placeholder in placeholders {
        match &placeholder.name {
            None => cx.errors.push(diagnostics::bad_placeholder(placeholder.span, name.span)),
            Some(used) if !args.iter().any(|arg| arg.field.name == *used) => {
                let known = args.iter().map(|arg| arg.field.name.as_str());
                cx.errors.push(diagnostics::unknown_arg(placeholder.span, call, used, known));
            }
            Some(_) => {}
        }
    }
    if count > placeholders.len() {
        cx.errors.push(diagnostics::bad_placeholder(Span { file, start: 0, end: 0 }, name.span));
    }
    // A misspelt placeholder is likely to be the one that an argument lacks.
    if cx.errors.has_errors() {
        return;
    }
    for arg in args {
        let is_used =
            placeholders.iter().any(|placeholder| placeholder.name.as_ref() == Some(&arg.field.name));
        let declared = raw_args.into_iter().flatten().find(|raw| raw.name.value == arg.field.name);
        if let Some(raw) = declared.filter(|_| !is_used) {
            cx.errors.push(diagnostics::unused_arg(raw.name.span, name.span, &arg.field.name));
        }
    }
}

/// The byte at a line and a column, both from 1; the column counts bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// JSON without the blanks between its tokens.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for c in text.chars() {
        if in_string {
            out.push(c);
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
        } else if !c.is_ascii_whitespace() {
            in_string = c == '"';
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_keeps_strings() {
        let text = "[ { \"a b\" : \"c \\\" d\" } ,\n 1 ]";
        assert_eq!(compact(text), "[{\"a b\":\"c \\\" d\"},1]");
    }

    #[test]
    fn a_path_named_arg_is_no_placeholder() {
        let file = Sources::default().add("a", "");
        let text = r#"[{"$match": {"a": {"$arg": "x"}, "b": "$arg", "c": {"$arg": 1}}}]"#;
        let names: Vec<_> =
            placeholders(text, file).into_iter().map(|placeholder| placeholder.name).collect();
        assert_eq!(names, [Some("x".to_owned()), None]);
    }
}
