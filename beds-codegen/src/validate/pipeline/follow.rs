//! Follows clients' values through the stages, and refuses a value at a position where it would control the pipeline.

use super::{check::Check, names, reach::first, shape::Naming, shape::is_placeholder};
use crate::{
    aggregation::VARIABLES,
    diagnostic::{placeholders, stages},
    json::{Json, Member, Node, member},
    span::Span,
};

impl Check<'_, '_> {
    /// A string in an expression. It is a path if it begins with `$`.
    pub(super) fn text(&mut self, text: &str, span: Span) {
        let is_broken = text.strip_prefix('$').is_some_and(|path| path.split('.').any(str::is_empty));
        if is_broken {
            self.errors.push(stages::broken_path(span, text, self.named));
        } else {
            self.follow(text, span);
        }
    }

    /// Follows the path in a string: it may lead to a client's value.
    pub(super) fn follow(&mut self, text: &str, span: Span) {
        if let Some(variable) = text.strip_prefix("$$") {
            self.declared(variable, span);
        }
        let Some(path) = text.strip_prefix('$').filter(|path| self.reach.values.holds(path)) else { return };
        let is_open = self.reach.open.holds(path);
        let names_fields = self.namings().into_iter().any(|naming| match naming {
            Naming::Pairs | Naming::Entry | Naming::Anything => true,
            // No client names the fields of a document: they may become the fields of another document.
            Naming::Document => is_open && !self.reach.is_document(path),
            Naming::Member => is_open,
            Naming::Nothing => false,
        });
        if names_fields && !self.is_steered && std::mem::replace(&mut self.naming_is_told, true) {
            return;
        }
        if self.is_steered || names_fields {
            // A variable is shown as written.
            let shown = if path.starts_with('$') { text } else { path };
            self.errors.push(placeholders::steered_by(span, shown, self.named));
        } else {
            self.reach.read(is_open);
        }
    }

    /// Refuses an undeclared variable. The scope is not checked.
    fn declared(&mut self, path: &str, span: Span) {
        let name = path.split('.').next().unwrap_or_default();
        if VARIABLES.contains(&name) || self.variables.contains(name) {
            return;
        }
        let known = self.variables.iter().map(String::as_str).chain(VARIABLES.iter().copied());
        let is_argument = self.args.iter().any(|arg| arg.field.name == path);
        self.errors.push(stages::unknown_variable(span, name, is_argument, known, self.named));
    }

    /// Notes the variables that the pipeline declares.
    pub(super) fn declare(&mut self, node: &Node) {
        match &node.value {
            Json::List(items) => items.iter().for_each(|item| self.declare(item)),
            Json::Object(members) => {
                for member in members {
                    match (member.name.value.as_str(), &member.value.value) {
                        ("let" | "vars", Json::Object(variables)) => {
                            self.variables
                                .extend(variables.iter().map(|variable| variable.name.value.clone()));
                        }
                        ("as" | "arrayIndexAs", Json::Text(name)) => {
                            self.variables.insert(name.clone());
                        }
                        _ => {}
                    }
                    self.declare(&member.value);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }

    /// Runs the check of one member, and remembers the field if a client's value got into it.
    pub(super) fn of_field(&mut self, name: &str, work: impl FnOnce(&mut Self)) {
        let before = self.counts();
        work(self);
        for (held, before) in self.reach.kinds().into_iter().zip(before) {
            if held.count > before {
                held.fields.insert(first(name).to_owned());
            }
        }
    }

    /// The same for a stage that makes whole documents.
    pub(super) fn of_document(&mut self, work: impl FnOnce(&mut Self)) {
        let before = self.counts();
        work(self);
        for (held, before) in self.reach.kinds().into_iter().zip(before) {
            held.everywhere |= held.count > before;
        }
    }

    /// Runs the check of a condition or a variable. Its value is not part of the result here, and decides no name.
    pub(super) fn apart(&mut self, work: impl FnOnce(&mut Self)) {
        let counts = self.counts();
        let is_steered = std::mem::take(&mut self.is_steered);
        self.naming(Naming::Nothing, work);
        self.is_steered = is_steered;
        for (held, count) in self.reach.kinds().into_iter().zip(counts) {
            held.count = count;
        }
    }

    /// `$getField` without `input` reads the document, like a path.
    pub(super) fn current(&mut self, operator: &Member) {
        if let Some(path) = read_field(&operator.value) {
            self.follow(&format!("${path}"), operator.value.span);
        }
    }

    /// A constant that an operator interprets, although it looks like a path.
    pub(super) fn interpreted(&mut self, text: &str, span: Span) {
        if let Some(path) = text.strip_prefix('$').filter(|path| self.reach.values.holds(path)) {
            self.errors.push(placeholders::steered_by(span, path, self.named));
        }
    }

    fn counts(&self) -> [usize; 2] {
        [self.reach.values.count, self.reach.open.count]
    }

    /// Remembers the variables of an operator or a stage that hold clients' values, before any expression reads them.
    pub(super) fn bind(&mut self, of: &str, members: &[Member]) {
        let find = |name: &str| member(members, name);
        let named = |default: &str| {
            let name = find("as").and_then(|name| name.value.value.text());
            name.unwrap_or(default).to_owned()
        };
        match of {
            "$map" | "$filter" => {
                if let Some(input) = find("input") {
                    self.variable(named("this"), &input.value);
                }
            }
            // The result of one round is the input of the next.
            "$reduce" => {
                for member in members {
                    self.variable("this".to_owned(), &member.value);
                    self.variable("value".to_owned(), &member.value);
                }
            }
            "$let" | "$lookup" | "$merge" => {
                let variables = find(if of == "$let" { "vars" } else { "let" });
                for variable in variables.and_then(|all| all.value.value.members()).unwrap_or_default() {
                    self.variable(variable.name.value.clone(), &variable.value);
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, name: String, node: &Node) {
        if self.may_hold(node) {
            // It is not checked which of them have members that clients name.
            self.reach.values.variables.insert(name.clone());
            if self.args.iter().any(|arg| names::has_open(&arg.field.ty)) {
                self.reach.open.variables.insert(name);
            }
        }
    }

    /// Whether a node contains a client's value, or a path to one.
    fn may_hold(&self, node: &Node) -> bool {
        match &node.value {
            _ if is_placeholder(node) => true,
            Json::Text(text) => text.strip_prefix('$').is_some_and(|path| self.reach.values.holds(path)),
            Json::List(items) => items.iter().any(|item| self.may_hold(item)),
            Json::Object(members) => members.iter().any(|member| {
                let read = (member.name.value == "$getField").then(|| read_field(&member.value)).flatten();
                read.is_some_and(|path| self.reach.values.holds(&path)) || self.may_hold(&member.value)
            }),
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }
}

/// The path that `$getField` without `input` reads. If the field is computed, it is the whole document.
fn read_field(operand: &Node) -> Option<String> {
    let find = |name: &str| {
        let members = operand.value.members().unwrap_or_default();
        member(members, name).map(|member| &member.value)
    };
    if find("input").is_some() {
        return None;
    }
    let field = find("field").unwrap_or(operand).value.text();
    Some(field.filter(|field| !field.starts_with('$')).unwrap_or("$CURRENT").to_owned())
}
