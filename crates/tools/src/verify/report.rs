//! The result of a verification, as a table for people and as JSON for machines.

use std::{collections::BTreeSet, fmt::Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Finding, Severity, Unchecked};
use beds_protocol::OneLine;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();
const HINT: Style = Style::new().dimmed();

/// The result of a verification.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The templates that were compared with their databases.
    pub checked: Vec<String>,
    /// The disagreements, the most severe first.
    pub findings: Vec<Finding>,
    /// Values that are partly not kept, and objects that could not be seen. Nobody has to mend anything.
    pub notes: Vec<Finding>,
    /// Databases that could not be inspected.
    pub unchecked: Vec<Unchecked>,
}

impl Report {
    pub(super) fn sort(&mut self) {
        self.checked.sort();
        for list in [&mut self.findings, &mut self.notes] {
            list.sort_by(|a, b| {
                (a.severity, &a.template, &a.place, &a.message).cmp(&(
                    b.severity,
                    &b.template,
                    &b.place,
                    &b.message,
                ))
            });
            // Two uses of one object may have the same finding.
            list.dedup();
        }
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The templates with an error.
    #[must_use]
    pub fn failed(&self) -> BTreeSet<&str> {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.filter_map(|finding| finding.template.as_deref()).collect()
    }

    /// The report as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let value = serde_json::json!({
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "templates": self.checked,
            "findings": self.findings,
            "notes": self.notes,
            "unchecked": self.unchecked,
        });
        format!("{value:#}\n")
    }

    /// The report as a table, with styles; the printer removes them if they cannot be shown. The notes are included on
    /// demand.
    #[must_use]
    pub fn table(&self, notes: bool) -> String {
        let shown = self.findings.iter().chain(self.notes.iter().filter(|_| notes));
        let subject =
            |finding: &Finding| finding.template.clone().unwrap_or_else(|| format!("({})", finding.database));
        let width = |text: &dyn Fn(&Finding) -> usize| shown.clone().map(text).max().unwrap_or(0);
        let (templates, places) = (
            width(&|finding| subject(finding).chars().count()),
            width(&|finding| finding.place.chars().count()),
        );
        let mut out = String::new();
        for finding in shown.clone() {
            let style = match finding.severity {
                Severity::Error => ERROR,
                Severity::Warning => WARNING,
                Severity::Note => HINT,
            };
            let _ = writeln!(
                out,
                "{style}{:7}{style:#}  {:templates$}  {:places$}  {}",
                finding.severity.as_str(),
                subject(finding),
                finding.place,
                OneLine(&finding.message)
            );
            if let Some(hint) = &finding.hint {
                let indent = " ".repeat(9 + templates + 2 + places + 2);
                let _ = writeln!(out, "{indent}{HINT}{}{HINT:#}", OneLine(hint));
            }
        }
        for Unchecked { database, reason, hint, templates } in &self.unchecked {
            let (list, reason, hint) = (templates.join(", "), OneLine(reason), OneLine(hint));
            let _ = writeln!(
                out,
                "{ERROR}not checked{ERROR:#}  the database `{database}`: {reason}; {hint}
             templates: {list}"
            );
        }
        let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let _ = writeln!(
            out,
            "{} verified: {}, {}",
            plural(self.checked.len(), "template"),
            plural(self.count(Severity::Error), "error"),
            plural(self.count(Severity::Warning), "warning")
        );
        if !notes && !self.notes.is_empty() {
            let _ = writeln!(
                out,
                "{} on stored and shown values: --notes shows them",
                plural(self.notes.len(), "note")
            );
        }
        out
    }
}
