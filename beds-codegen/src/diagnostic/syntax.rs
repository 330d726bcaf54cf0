//! Mistakes in the text of a template, before its meaning matters. The wording is our own: the people who make these
//! mistakes know SQL, JSON, YAML or INI files, and not the grammar of TOML.

use super::Diagnostic;
use crate::{code::Code, foreign::Foreign, letters, names::quoted, part::Part, span::Span};

pub(super) fn syntax(span: Span, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::Syntax, message).at(span, label)
}

/// The beginning of a text, which may be as long as a file.
pub(super) fn brief(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// `count` is their total number, including the one shown.
pub(crate) fn invisible(span: Span, name: &str, code: u32, count: usize, is_blank: bool) -> Diagnostic {
    let more = if count > 1 { format!(", and {} more follow", count - 1) } else { String::new() };
    Diagnostic::error(
        Code::InvisibleCharacter,
        format!("there is {name}, U+{code:04X}, where TOML does not allow it{more}"),
    )
    .at(span, "invisible here")
    .help(if is_blank {
        "write an ordinary space in its place; word processors and web pages insert such characters"
    } else {
        "remove it, or run `bedsc fix` if the editor does not show it"
    })
}

/// Another character instead of `=` after a key. The last arguments are the key, the position of the following text,
/// and the correct text there.
pub(crate) fn equals(span: Span, written: &str, (key, rest, right): (&str, Span, &str)) -> Diagnostic {
    let message = if written == ":" {
        "a key is followed by `=`, not by a colon".to_owned()
    } else {
        format!("a key is followed by `=`, not by `{written}`")
    };
    let shown = if right.is_empty() || right.chars().count() > 60 { "…" } else { right };
    let space = if written == ":" { " " } else { "" };
    syntax(span, message, "write `=` here")
        .help(format!("write `{key} = {shown}`"))
        .fix(Span { end: rest.end, ..span }, format!("{space}= {right}"))
}

/// `key = key = value`. `again` is the second key with its `=`, and `right` is the text after it.
pub(crate) fn key_again(again: Span, key: &str, right: &str) -> Diagnostic {
    let shown = if right.is_empty() || right.chars().count() > 60 { "…" } else { right };
    syntax(again, format!("`{key} =` is written twice before one value"), "the second")
        .help(format!("write `{key} = {shown}`"))
        .fix(again, "")
}

/// `key = other = value`.
pub(crate) fn key_for_value(span: Span, key: &str, other: &str) -> Diagnostic {
    syntax(span, format!("`{key}` and `{other}` share one value"), format!("the value of `{key}`?"))
        .help(format!("write `{key} = …` and `{other} = …`, each with a value of its own"))
}

/// A key of several words. `name` is the key as one word.
pub(crate) fn key_of_words(span: Span, key: &str, name: &str) -> Diagnostic {
    syntax(span, format!("there is a blank in the key `{key}`"), "a key is one word")
        .help(format!("write `{name} = …`"))
        .fix(span, name)
}

/// A line of YAML, with its further lines. `right` is the template's form of them, if it is certain.
pub(crate) fn yaml(span: Span, right: &str, fix: Option<Span>) -> Diagnostic {
    let diagnostic = syntax(span, "this is YAML, and a template is TOML", "no key with its `=`")
        .help(format!("write `{right}`"));
    match fix {
        Some(whole) => diagnostic.fix(whole, right),
        None => diagnostic,
    }
}

/// A section as the value of a key. `fix` is the position that its header replaces, if nothing else has to change.
pub(crate) fn section_as_value(span: Span, name: &str, fix: Option<(Span, String)>) -> Diagnostic {
    let diagnostic = syntax(span, format!("`{name}` is a section, which needs a header"), "no header")
        .help(format!("write `[{name}]`, each key on a line of its own below it, without `}}` after them"));
    match fix {
        Some((whole, right)) => diagnostic.fix(whole, right),
        None => diagnostic,
    }
}

/// Keys with values in brackets other than { }. `right` is their correct form.
pub(crate) fn keys_in_brackets(span: Span, brackets: &str, right: Option<String>) -> Diagnostic {
    let diagnostic =
        syntax(span, format!("keys with values are written in {{ }}, not in {brackets}"), "not a table here");
    match right {
        Some(right) => diagnostic.help(format!("write `{right}`")).fix(span, right),
        None => diagnostic.help("write `{ key = value, … }`"),
    }
}

/// An item of a YAML list.
pub(crate) fn dash(span: Span, item: &str) -> Diagnostic {
    syntax(span, "the items of a list are written in [ ], with commas between them", "not a list here")
        .help(format!("write `[{}, …]` after the key and its `=`", quoted(item)))
}

pub(crate) fn missing_equals(at: Span, key: &str) -> Diagnostic {
    let diagnostic = syntax(at, format!("there is no `=` after the key `{key}`"), "expected `=`");
    if matches!(key, "include" | "import" | "extends" | "use") {
        return diagnostic.help("a template includes no other file: remove this line");
    }
    diagnostic.help(format!("write `{key} = …`")).fix(Span { end: at.start, ..at }, "= ")
}

pub(crate) fn lone_word(span: Span, word: &str) -> Diagnostic {
    let diagnostic = syntax(
        span,
        format!("`{}` is alone on its line", brief(word)),
        "neither a section nor a key with a value",
    );
    if Part::Sections.known().contains(&word) {
        return diagnostic.help(format!("write `[{word}]` for the section")).fix(span, format!("[{word}]"));
    }
    let word = brief(word);
    diagnostic.help(format!(
        "remove the line, or write `{word} = …` for a key, `[{word}]` for a section, `# {word}` for a comment"
    ))
}

pub(crate) fn missing_value(span: Span, key: &str) -> Diagnostic {
    syntax(span, format!("the key `{key}` has no value"), "expected a value after `=`")
        .help("write the value on the line of its key, or remove the key")
}

pub(crate) fn semicolon_end(span: Span) -> Diagnostic {
    syntax(span, "a line does not end with `;`", "remove it")
        .help("remove the semicolon: TOML needs none at the end of a line")
        .fix(span, "")
}

pub(crate) fn comma_end(span: Span) -> Diagnostic {
    syntax(span, "a line does not end with a comma", "remove it")
        .help("remove the comma: commas separate only the parts of { } and [ ]")
        .fix(span, "")
}

pub(crate) fn semicolon_between(span: Span) -> Diagnostic {
    syntax(span, "the parts of { } and [ ] are separated by commas, not by `;`", "write `,` here")
        .help("write `,`")
        .fix(span, ",")
}

/// A character that looks like a comma or a semicolon. `between` says whether a comma belongs there.
pub(crate) fn mark(span: Span, (name, letter): (&str, char), between: bool) -> Diagnostic {
    let message =
        format!("there is {name}, U+{:04X}, which is neither a comma nor a semicolon", u32::from(letter));
    if between {
        return syntax(span, message, "write `,` here").help("write a comma in its place").fix(span, ",");
    }
    syntax(span, message, "remove it")
        .help("remove it: TOML needs no sign at the end of a line")
        .fix(span, "")
}

pub(crate) fn comment(span: Span, marker: &str) -> Diagnostic {
    syntax(span, format!("a comment begins with `#`, not with `{marker}`"), "write `#` here")
        .help("write `# …`")
        .fix(span, "#")
}

pub(crate) fn comment_block(span: Span) -> Diagnostic {
    syntax(span, "a comment begins with `#`, and ends with its line", "not a comment here")
        .help("write `#` at the beginning of each line, and remove `/*` and `*/`")
}

/// The note on a line with three backquotes.
pub(crate) const OF_A_PAGE: &str = "this line belongs to a page that the template was copied from";

pub(crate) fn fence(span: Span) -> Diagnostic {
    syntax(span, OF_A_PAGE, "not part of the template").help("remove this line").fix(span, "")
}

/// A comment inside of a section's header. `rest` is the header without its first bracket.
pub(crate) fn comment_in_header(span: Span, name: &str, rest: &str) -> Diagnostic {
    let note = rest.split_once('#').map_or("", |(_, note)| note).trim().trim_end_matches(']').trim();
    let right = format!("[{name}] # {note}");
    syntax(span, "a comment comes after the header of a section, not inside it", "not closed before `#`")
        .help(format!("write `{right}`"))
        .fix(span, right)
}

/// A note that is not written as a comment.
pub(crate) fn note(span: Span, line: &str) -> Diagnostic {
    syntax(span, format!("`{}` is a note, not a comment", brief(line)), "not part of the template")
        .help("write `#` in front of it")
        .fix(Span { end: span.start, ..span }, "# ")
}

/// A field in the form of a program. `right` is its form in a template, if that is known.
pub(crate) fn field_of_program(span: Span, right: Option<&str>) -> Diagnostic {
    let right = right.unwrap_or("name = { type = \"…\" }");
    syntax(span, "this is a field of a program, not of a template", "no key with its `=`")
        .help(format!("write `{right}`"))
}

/// A line for a program that generates templates.
pub(crate) fn directive(span: Span, line: &str) -> Diagnostic {
    syntax(span, format!("nothing executes `{}`", brief(line)), "not part of the template").help(
        "remove the line, or write its result here: a template includes no other file, and has no conditions",
    )
}

pub(crate) fn section_brackets(span: Span, name: &str) -> Diagnostic {
    syntax(span, "the name of a section needs [ ]", format!("write `[{name}]`"))
        .help(format!("write `[{name}]`"))
        .fix(span, format!("[{name}]"))
}

pub(crate) fn section_unclosed(span: Span, name: &str) -> Diagnostic {
    let end = Span { start: span.end, ..span };
    syntax(span, "the header of a section is not closed", "`]` is missing")
        .help(format!("write `[{name}]`"))
        .fix(end, "]")
}

pub(crate) fn section_end(span: Span) -> Diagnostic {
    syntax(span, "a section ends where the next begins", "no end of a section")
        .help("remove this line")
        .fix(span, "")
}

pub(crate) fn section_unopened(span: Span, name: &str) -> Diagnostic {
    syntax(span, "the header of a section does not begin with `[`", "`[` is missing")
        .help(format!("write `[{name}]`"))
        .fix(span, format!("[{name}]"))
}

pub(crate) fn section_name(span: Span, written: &str, name: &str) -> Diagnostic {
    syntax(
        span,
        format!("`{written}` is not the header of a section"),
        "expected names with `.` between them",
    )
    .help(format!("write `[{name}]`"))
    .fix(span, format!("[{name}]"))
}

pub(crate) fn section_empty(span: Span) -> Diagnostic {
    syntax(span, "the header of a section has no name", "which section?")
        .help("write one of `[template]`, `[fields]`, `[objects]`, `[fetch]`, `[events]`, `[audit]`, `[lifecycle]`, `[access]` and `[calls.NAME]`")
}

/// A prefix from a prompt, a listing, a patch or another language.
pub(crate) fn prefix(span: Span, written: &str) -> Diagnostic {
    syntax(span, format!("`{written}` is in front of the line"), "not part of the template")
        .help("remove it")
        .fix(span, "")
}

/// A column in the form of `create table`. `right` is the field's value.
pub(crate) fn column_of_sql(span: Span, key: &str, ty: &Foreign) -> Diagnostic {
    let right = format!("{key} = {}", ty.value());
    let diagnostic =
        syntax(span, "this is a column of SQL, not a field", "no `=`").help(format!("write `{right}`"));
    let diagnostic = match ty.note {
        Some(note) => diagnostic.help(note),
        None => diagnostic,
    };
    if ty.is_sure { diagnostic.fix(span, right) } else { diagnostic }
}

/// `between` is the separator of the two.
pub(crate) fn two_keys(span: Span, between: Span) -> Diagnostic {
    syntax(span, "two keys are on one line", "the second")
        .help("write each key on a line of its own")
        .fix(between, "\n")
}

pub(crate) fn missing_comma(span: Span, next: Span) -> Diagnostic {
    let at = Span { start: span.end, ..span };
    syntax(next, "a comma is missing before this", "expected `,` or the end")
        .near(span, "write `,` after this")
        .help("write a comma between the parts of { } and [ ]")
        .fix(at, ",")
}

/// The mark of an optional part in other languages, `note? = "string"`.
pub(crate) fn key_suffix(span: Span) -> Diagnostic {
    syntax(span, "a key cannot end with `?`", "not part of the key")
        .help("remove it; if the value may be null, write `nullable = true`")
        .fix(span, "")
}

pub(crate) fn extra_comma(span: Span) -> Diagnostic {
    syntax(span, "there is one comma too many", "nothing is before it").help("remove it").fix(span, "")
}

pub(crate) fn unclosed_bracket(span: Span, open: &str) -> Diagnostic {
    let close = if open == "[" { "]" } else { "}" };
    syntax(span, format!("`{open}` is never closed"), "opened here")
        .help(format!("write `{close}` where it ends"))
}

pub(crate) fn wrong_bracket(span: Span, open: Span, (written, right): (&str, &str)) -> Diagnostic {
    syntax(span, format!("`{written}` does not close the open bracket"), format!("expected `{right}`"))
        .near(open, "this is open")
        .help(format!("write `{right}`"))
        .fix(span, right)
}

pub(crate) fn stray_bracket(span: Span, bracket: &str) -> Diagnostic {
    syntax(span, format!("`{bracket}` closes nothing"), "nothing is open here")
        .help("remove it, or open the bracket where the value begins")
}

pub(crate) fn list_of_keys(span: Span) -> Diagnostic {
    syntax(span, "keys with values are written in { }, not in [ ]", "not in a list")
        .help("write `{ key = value, … }`")
}

pub(crate) fn table_of_values(span: Span, open: Span) -> Diagnostic {
    syntax(span, "this has no value", "expected `=` and a value")
        .near(open, "in { }, each part is a key with its value")
        .help("write `name = …`, or a list in brackets, `[\"a\", \"b\"]`")
}

pub(crate) fn key_letters(span: Span, key: &str) -> Diagnostic {
    let is_mixed = key.chars().any(|letter| letter.is_ascii_alphabetic());
    if let Some((script, letter)) = letters::first_lookalike(key).filter(|_| is_mixed) {
        return syntax(
            span,
            format!("the letter `{letter}` in `{key}` is {script}"),
            "it only looks like an ASCII letter",
        )
        .help("type the name again");
    }
    let plain: String = key.chars().filter(char::is_ascii).collect();
    let example = if plain.is_empty() { "name".to_owned() } else { letters::ascii(key) };
    syntax(span, format!("`{key}` is not a name of ASCII letters"), "only letters a to z, digits and `_`")
        .help(format!("write `{example} = {{ type = …, column = \"{key}\" }}`: clients see the name, the database has the column"))
}

/// A sign that other languages put before a name.
pub(crate) fn key_prefix(span: Span, sign: char) -> Diagnostic {
    syntax(span, format!("a key has no `{sign}` in front"), "not part of the key")
        .help("remove it")
        .fix(span, "")
}

pub(crate) fn key_character(span: Span, character: &str) -> Diagnostic {
    syntax(span, format!("`{character}` is not allowed here"), "expected a key or a section")
        .help("write a key with its value, `name = \"invoice\"`, or a section, `[template]`, on each line")
}

pub(crate) fn after_value(span: Span, text: &str) -> Diagnostic {
    syntax(span, format!("`{}` follows a value", brief(text)), "expected the end of the line")
        .help("write each key on a line of its own, and a comment after `#`")
}

pub(crate) fn after_header(span: Span, text: &str) -> Diagnostic {
    syntax(span, format!("`{}` follows the header of a section", brief(text)), "expected the end of the line")
        .help("write keys on the lines below the header, and a comment after `#`")
}

pub(crate) fn too_deep(span: Span) -> Diagnostic {
    syntax(span, "this is nested too deeply", "too many levels")
        .help("a template has at most `[calls.NAME.args.NAME]`, and lists and objects of 8 levels")
}

/// Text that no other report describes.
pub(crate) fn unknown(span: Span) -> Diagnostic {
    syntax(span, "this is not TOML", "not understood from here on").help(
        "write strings in quotes, commas between the parts of { } and [ ], and each key on a line of its own",
    )
}
