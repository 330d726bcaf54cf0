//! The mistakes in a text that is not JSON, in words for people who write the shell's syntax.

use std::ops::Range;

/// A mistake: its position, its kind, and the advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
    pub(crate) label: &'static str,
    /// Another position that explains it.
    pub(crate) near: Option<(Range<usize>, &'static str)>,
    pub(crate) help: String,
    /// An automatic fix: a range, and the text that replaces it.
    pub(crate) fix: Option<(Range<usize>, String)>,
}

impl Mistake {
    pub(super) fn new(
        at: Range<usize>,
        message: impl Into<String>,
        label: &'static str,
        help: impl Into<String>,
    ) -> Box<Self> {
        Box::new(Self { at, message: message.into(), label, near: None, help: help.into(), fix: None })
    }

    pub(super) fn fix(mut self: Box<Self>, at: Range<usize>, replacement: impl Into<String>) -> Box<Self> {
        self.fix = Some((at, replacement.into()));
        self
    }

    pub(super) fn near(mut self: Box<Self>, at: Range<usize>, label: &'static str) -> Box<Self> {
        self.near = Some((at, label));
        self
    }
}

/// The mistake for a text that is not a value, where one was expected.
pub(super) fn no_value(text: &str, at: usize) -> Box<Mistake> {
    let rest = &text[at..];
    if let Some(mistake) = foreign(text, at) {
        return mistake;
    }
    if rest.starts_with(['.', '+']) {
        let end = at + word(&rest[1..]) + 1;
        let help = "write it with a digit before the point and without `+`, such as 0.5";
        return Mistake::new(at..end, "this is not how JSON writes a number", "this number", help);
    }
    let name = &rest[..word(rest)];
    let end = at + name.len();
    let called = rest[name.len()..].trim_start().starts_with('(');
    match name {
        "" => {
            let end = at + rest.chars().next().map_or(0, char::len_utf8);
            Mistake::new(
                at..end,
                "a value is missing",
                "expected a value here",
                "write a value, or remove the name or comma before it",
            )
        }
        _ if name.starts_with("db.") => Mistake::new(
            at..end,
            "a command of the shell instead of JSON",
            "the shell's",
            if rest.contains(".aggregate(") {
                "keep only the list of stages, from `[` to `]`, with every name in double quotes"
            } else {
                "write what it does as stages, with every name in double quotes: [{ \"$match\": { … } }, { \"$sort\": { … } }]"
            },
        ),
        "new" | "Date" => shell_value(at..end, "new Date(…)"),
        _ if called => shell_value(at..end, &format!("{name}(…)")),
        "True" | "TRUE" | "yes" => constant(at..end, name, "true"),
        "False" | "FALSE" | "no" => constant(at..end, name, "false"),
        "None" | "NULL" | "Null" | "nil" | "undefined" => constant(at..end, name, "null"),
        _ if text[..at].trim().is_empty() && is_sql(rest) => Mistake::new(
            at..end,
            "this is SQL, and a pipeline is JSON",
            "looks like a statement",
            "write the stages as JSON: [{ \"$match\": { \"name\": … } }, …]",
        ),
        "NaN" | "Infinity" => Mistake::new(
            at..end,
            format!("JSON has no `{name}`"),
            "not a value of JSON",
            "pass the value as an argument: {\"$arg\": \"NAME\"}",
        ),
        _ => Mistake::new(
            at..end,
            format!("`{name}` has no quotes"),
            "not a value of JSON",
            format!("write \"{name}\" in double quotes if it is a string"),
        ),
    }
}

/// Whether a statement of SQL begins here.
fn is_sql(rest: &str) -> bool {
    let mut words = rest.split_whitespace().map(str::to_ascii_lowercase);
    matches!(words.next().as_deref(), Some("select" | "insert" | "update" | "delete" | "with" | "call"))
        && words.next().is_some_and(|next| !next.starts_with([':', ',', '}', ']']))
}

/// A file that is YAML as a whole.
pub(super) fn yaml(text: &str, at: usize) -> Option<Box<Mistake>> {
    let line = text[at..].lines().next().unwrap_or_default().trim_end();
    let key = line.split(": ").next().unwrap_or_default().trim_end_matches(':');
    let is_key = key.len() < line.len() && !key.is_empty() && word(key) == key.len();
    let begins =
        line.starts_with("- ") || line == "-" || line == "---" || line.starts_with("%YAML") || is_key;
    begins.then(|| {
        Mistake::new(
            at..at + line.len(),
            "this file is YAML",
            "this is how YAML begins",
            "write the stages as JSON: [{ \"$match\": { \"name\": … } }, …]",
        )
    })
}

/// The mistake for a text where the name of a member was expected.
pub(super) fn no_name(text: &str, at: usize) -> Box<Mistake> {
    let rest = &text[at..];
    if let Some(mistake) = foreign(text, at) {
        return mistake;
    }
    let name = &rest[..word(rest)];
    if name.is_empty() {
        let end = at + rest.chars().next().map_or(0, char::len_utf8);
        return Mistake::new(
            at..end,
            "the name of a member is missing",
            "expected a name in double quotes",
            "write \"name\": value",
        );
    }
    Mistake::new(
        at..at + name.len(),
        format!("the name `{name}` has no quotes"),
        "the shell accepts this, JSON does not",
        format!("write \"{name}\" in double quotes, and likewise every name in the file"),
    )
    .fix(at..at + name.len(), format!("\"{name}\""))
}

/// A text that is not valid in JSON in any position.
pub(super) fn foreign(text: &str, at: usize) -> Option<Box<Mistake>> {
    let rest = &text[at..];
    let line = at + rest.lines().next().unwrap_or_default().trim_end().len();
    let first = rest.chars().next()?;
    let is_line_start = text[..at].ends_with('\n') || at == 0;
    if is_line_start && ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| rest.starts_with(mark)) {
        return Some(Mistake::new(
            at..line,
            "the file has a merge conflict",
            "a mark of the conflict",
            "resolve the conflict, and remove the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`",
        ));
    }
    if rest.starts_with("=>") {
        let help = "write members with a colon and in braces: { \"$match\": { \"name\": … } }; lists are written in [ ]";
        return Some(Mistake::new(at..at + 2, "`=>` is how PHP writes a member", "not JSON", help));
    }
    let comment = |end: usize| {
        let help = "remove the comment; use the `description` of the call instead";
        Some(Mistake::new(at..end, "JSON has no comments", "a comment", help).fix(at..end, ""))
    };
    match first {
        '/' if rest.starts_with("/*") => {
            return comment(rest.find("*/").map_or(line, |end| at + end + 2).min(line.max(at + 2)));
        }
        '/' if rest.starts_with("//") => return comment(line),
        '#' => return comment(line),
        '-' if rest.starts_with("--") => return comment(line),
        '/' => {
            return Some(Mistake::new(
                at..at + 1,
                "JSON has no regular expressions between slashes",
                "the shell's way to write one",
                "write {\"$regex\": \"…\", \"$options\": \"i\"}, with `\\\\` for each backslash",
            ));
        }
        _ => {}
    }
    let quote = match first {
        '`' => "backticks",
        '\'' | '\u{2018}' | '\u{2019}' | '\u{b4}' => "single quotes",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => "typographic quotes",
        _ => "",
    };
    if !quote.is_empty() {
        let mistake = Mistake::new(
            at..at + first.len_utf8(),
            format!("a string in {quote}"),
            "not a quote of JSON",
            "write strings and names in double quotes: \"…\"",
        );
        return Some(match in_foreign_quotes(rest, first) {
            Some((length, inner)) => mistake.fix(at..at + length, format!("\"{inner}\"")),
            None => mistake,
        });
    }
    let is_unseen = first.is_control()
        || (first.is_whitespace() && !first.is_ascii())
        || matches!(first, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    is_unseen.then(|| {
        let name = match first {
            '\u{a0}' => "a no-break space",
            '\u{feff}' => "a byte order mark",
            '\u{200b}' => "a zero-width space",
            _ => "a character that cannot be seen",
        };
        Mistake::new(
            at..at + first.len_utf8(),
            format!("{name} (U+{:04X}) is between the values", u32::from(first)),
            "this character",
            "replace it by a plain space; it often comes from a copied web page",
        )
        .fix(at..at + first.len_utf8(), " ")
    })
}

/// The length of a string in quotes that JSON does not have, and its content, if that needs no escape.
fn in_foreign_quotes(rest: &str, open: char) -> Option<(usize, &str)> {
    let line = rest.lines().next()?;
    let closes: &[char] = match open {
        '\u{2018}' => &['\u{2019}'],
        '\u{201c}' | '\u{201d}' | '\u{201e}' => &['\u{201c}', '\u{201d}'],
        '\'' => &['\''],
        _ => return None,
    };
    let inner = line.get(open.len_utf8()..)?;
    let end = inner.find(closes)?;
    let close = inner[end..].chars().next()?;
    let inner = &inner[..end];
    let is_plain = !inner.contains(['"', '\\']) && !inner.contains(char::is_control);
    is_plain.then_some((open.len_utf8() + end + close.len_utf8(), inner))
}

fn shell_value(at: Range<usize>, form: &str) -> Box<Mistake> {
    Mistake::new(
        at,
        format!("`{form}` is a value of the shell, which JSON does not have"),
        "the shell's",
        "pass the value as an argument: declare it in `args`, and write {\"$arg\": \"NAME\"} here",
    )
}

fn constant(at: Range<usize>, name: &str, right: &str) -> Box<Mistake> {
    Mistake::new(at.clone(), format!("JSON has no `{name}`"), "not a value of JSON", format!("write {right}"))
        .fix(at, right)
}

/// The length in bytes of the word at the beginning.
pub(super) fn word(text: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '-');
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// What is said of a string without its closing quote, in a template and in a pipeline.
pub(crate) struct Swallowed {
    pub(crate) message: &'static str,
    pub(crate) label: &'static str,
    pub(crate) near: &'static str,
    pub(crate) help: &'static str,
}

pub(crate) const SWALLOWED: Swallowed = Swallowed {
    message: "a string is not closed",
    label: "this string goes on to the next quote",
    near: "this quote ends it",
    help: "write the closing quote where the string ends",
};
