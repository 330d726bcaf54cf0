//! The findings of a run, and their output: rustc's layout for people, one JSON object per line for editors.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};
use serde::Serialize;

use crate::{
    code::Code,
    diagnostic::{Diagnostic, Errors, Fix, Label, Severity},
    names,
    span::{FileId, Position, Sources, Span},
};

/// The width of plain reports. Longer lines are shown in part.
const WIDTH: usize = 140;

/// Up to this many mistakes of one code are all shown to people.
const ALIKE_MAX: usize = 20;
/// Of more than that, this many are shown, and the rest is counted.
const ALIKE_SHOWN: usize = 10;
/// The most files that are named in a count of mistakes.
const FILES_SHOWN: usize = 5;

/// The findings of a run, in order of file and position.
#[derive(Debug, Clone, Default)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

/// A diagnostic for editors, one JSON object per line.
#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'a str,
    help: &'a [String],
    labels: Vec<LineLabel<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<LineFix<'a>>,
}

#[derive(Serialize)]
struct LineFix<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    replacement: &'a str,
}

#[derive(Serialize)]
struct LineLabel<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
    primary: bool,
}

/// Mistakes of one code that are not shown individually.
struct Rest<'a> {
    code: Code,
    severity: Severity,
    count: usize,
    files: BTreeSet<&'a str>,
}

impl Rest<'_> {
    const fn level(&self) -> Level<'static> {
        match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        }
    }

    fn text(&self) -> String {
        let mut names: Vec<&str> = self.files.iter().copied().take(FILES_SHOWN).collect();
        let others = format!("{} other files", self.files.len() - names.len());
        if self.files.len() > FILES_SHOWN {
            names.push(&others);
        }
        format!("and {} more of {} ({}) in {}", self.count, self.code, self.code.title(), names.join(", "))
    }
}

impl Report {
    /// Sorts the findings.
    #[must_use]
    pub fn new(errors: Errors, sources: Sources) -> Self {
        let mut diagnostics = errors.into_vec();
        let place = |diagnostic: &Diagnostic| {
            let file = diagnostic.primary().map(|label| label.span.file).or(diagnostic.file);
            let start = diagnostic.primary().map(|label| (label.span.start, label.span.end));
            (file.map(|file| sources.path(file).to_owned()), start, diagnostic.code)
        };
        diagnostics.sort_by_cached_key(place);
        Self { diagnostics, sources }
    }

    /// The findings.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The texts that the diagnostics point into.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Whether there are no findings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// How many errors there are, warnings not counted.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// The report for people, with or without colours.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
        let mut out = String::new();
        let (shown, counted) = self.alike();
        for diagnostic in shown {
            out.push_str(&renderer.render(&[self.group(diagnostic)]));
            out.push_str("\n\n");
        }
        for rest in counted {
            let title = rest.level().primary_title(rest.text()).id(rest.code.as_str());
            let help = "correct the mistakes above first; `--format json` lists all";
            out.push_str(&renderer.render(&[Group::with_title(title).element(Level::HELP.message(help))]));
            out.push_str("\n\n");
        }
        out
    }

    /// The diagnostics to show individually, and the counts of the others if hundreds are alike.
    fn alike(&self) -> (Vec<&Diagnostic>, Vec<Rest<'_>>) {
        let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
        for diagnostic in &self.diagnostics {
            *counts.entry(diagnostic.code).or_default() += 1;
        }
        let mut seen: BTreeMap<Code, usize> = BTreeMap::new();
        let mut rests: BTreeMap<Code, Rest<'_>> = BTreeMap::new();
        let mut shown = Vec::new();
        for diagnostic in &self.diagnostics {
            let code = diagnostic.code;
            let number = seen.entry(code).or_default();
            *number += 1;
            if counts[&code] <= ALIKE_MAX || *number <= ALIKE_SHOWN {
                shown.push(diagnostic);
                continue;
            }
            let rest = rests.entry(code).or_insert_with(|| Rest {
                code,
                severity: diagnostic.severity,
                count: 0,
                files: BTreeSet::new(),
            });
            rest.count += 1;
            rest.files.insert(self.path(diagnostic));
        }
        (shown, rests.into_values().collect())
    }

    /// How many warnings there are.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.diagnostics.len() - self.errors()
    }

    /// One line per diagnostic: its position and message. Of hundreds that are alike, the first ones, and the number of
    /// the others.
    #[must_use]
    pub fn summary(&self) -> Vec<String> {
        let line = |diagnostic: &Diagnostic| {
            let (path, start, _) = self.place(diagnostic);
            let Diagnostic { code, message, .. } = diagnostic;
            // Cargo reads each line of a build script's output as a directive, and the message may quote any text.
            let message = message.replace(char::is_control, " ");
            match start {
                Some(Position { line, column }) => format!("[{code}] {path}:{line}:{column}: {message}"),
                None => format!("[{code}] {path}: {message}"),
            }
        };
        let (shown, counted) = self.alike();
        let mut lines: Vec<String> = shown.into_iter().map(line).collect();
        lines.extend(counted.iter().map(|rest| format!("[{}] {}", rest.code, rest.text())));
        lines
    }

    /// The report for editors: one JSON object per line.
    #[must_use]
    pub fn json(&self) -> String {
        let mut out = String::new();
        for diagnostic in &self.diagnostics {
            let (file, start, end) = self.place(diagnostic);
            let (start, end) = (
                start.unwrap_or(Position { line: 1, column: 1 }),
                end.unwrap_or(Position { line: 1, column: 1 }),
            );
            let line = Line {
                code: diagnostic.code.as_str(),
                severity: diagnostic.severity.as_str(),
                file,
                line: start.line,
                column: start.column,
                end_line: end.line,
                end_column: end.column,
                message: &diagnostic.message,
                help: &diagnostic.help,
                labels: diagnostic.labels.iter().map(|label| self.label(label)).collect(),
                fix: diagnostic.fix.as_ref().map(|fix| self.fix(fix)),
            };
            // Serialization of strings and numbers cannot fail.
            out.push_str(&serde_json::to_string(&line).unwrap_or_default());
            out.push('\n');
        }
        out
    }

    fn label<'a>(&'a self, label: &'a Label) -> LineLabel<'a> {
        let Span { file, start, end } = label.span;
        let (start, end) = (self.sources.position(file, start), self.sources.position(file, end));
        LineLabel {
            file: self.sources.path(file),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            text: &label.text,
            primary: label.is_primary,
        }
    }

    fn fix<'a>(&'a self, fix: &'a Fix) -> LineFix<'a> {
        let Span { file, start, end } = fix.span;
        let (start, end) = (self.sources.position(file, start), self.sources.position(file, end));
        LineFix {
            file: self.sources.path(file),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            replacement: &fix.replacement,
        }
    }

    /// Path, beginning and end of a diagnostic.
    fn place(&self, diagnostic: &Diagnostic) -> (&str, Option<Position>, Option<Position>) {
        let at = |byte: fn(Span) -> usize| {
            diagnostic.primary().map(|label| self.sources.position(label.span.file, byte(label.span)))
        };
        (self.path(diagnostic), at(|span| span.start), at(|span| span.end))
    }

    /// The path of a diagnostic.
    fn path(&self, diagnostic: &Diagnostic) -> &str {
        let file = diagnostic.primary().map(|label| label.span.file).or(diagnostic.file);
        file.map_or("", |file| self.sources.path(file))
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(
            level.primary_title(names::without_password(&diagnostic.message)).id(diagnostic.code.as_str()),
        );
        let mut files: Vec<FileId> = Vec::new();
        for label in &diagnostic.labels {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        for file in &files {
            let text = self.sources.text(*file);
            let annotations =
                diagnostic.labels.iter().filter(|label| label.span.file == *file).map(|label| {
                    let kind =
                        if label.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
                    kind.span(within(text, label.span)).label(label.text.as_str())
                });
            group = group.element(
                Snippet::source(names::without_password(text))
                    .path(self.sources.path(*file))
                    .annotations(annotations),
            );
        }
        if let (true, Some(file)) = (files.is_empty(), diagnostic.file) {
            group = group.element(annotate_snippets::Origin::path(self.sources.path(file)));
        }
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        group
    }
}

/// The range of a span, on whole characters inside the text: the renderer slices the text by it.
fn within(text: &str, span: Span) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}
