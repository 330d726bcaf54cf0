//! Mistakes of a text as a whole: another language, a merge conflict, additions to every line, the escapes of another
//! format.

use super::{Diagnostic, syntax::syntax};
use crate::{code::Code, span::Span};

/// A file in another language than TOML.
pub(crate) fn other_language(span: Span, language: &str) -> Diagnostic {
    Diagnostic::error(Code::OtherLanguage, format!("this file is {language}, and a template is TOML"))
        .at(span, format!("this is how {language} begins"))
        .help(if language == "a pointer of Git LFS" {
            "run `git lfs pull`, which puts the file itself in its place; templates are small, and need no LFS"
        } else {
            "write a section in brackets, `[template]`, and below it a line for each key, `name = \"invoice\"`; \
             `bedsc new NAME` writes a template to start from"
        })
}

pub(crate) fn configuration(span: Span) -> Diagnostic {
    Diagnostic::error(Code::OtherLanguage, "this file is a node's configuration, not a template")
        .at(span, "a section of the configuration")
        .help("keep it in the folder `config`; `bedsc new NAME` writes a template to start from")
}

pub(crate) fn merge_conflict(ours: Span, middle: Option<Span>, theirs: Option<Span>) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(Code::MergeConflict, "a merge conflict is not resolved")
        .at(ours, "one version begins here");
    if let Some(middle) = middle {
        diagnostic = diagnostic.near(middle, "the other version begins here");
    }
    if let Some(theirs) = theirs {
        diagnostic = diagnostic.near(theirs, "it ends here");
    }
    diagnostic.help("keep the lines that are right, and remove the others and the lines of `<`, `=` and `>`")
}

/// A line of a merge conflict whose other lines are gone.
pub(crate) fn merge_rest(line: Span) -> Diagnostic {
    Diagnostic::error(Code::MergeConflict, "a line of a merge conflict is left")
        .at(line, "Git wrote this line")
        .help("check the lines around it, and remove it")
}

/// Text before or after every line, and what it is. `right` is the whole text without it.
pub(crate) fn every_line(span: Span, what: &str, whole: Span, right: String) -> Diagnostic {
    syntax(span, what, "not part of the template")
        .help("remove it from every line: it was copied with the text")
        .fix(whole, right)
}

/// A text with the escapes of another format. `who` names the format; `right` is the whole text with the plain signs.
pub(crate) fn of_letters(
    span: Span,
    whole: Span,
    (sign, plain, who): (&str, &str, &str),
    right: String,
) -> Diagnostic {
    let plain = match plain {
        "\n" => "the end of a line".to_owned(),
        "\t" => "a tab".to_owned(),
        plain => format!("`{plain}`"),
    };
    syntax(span, format!("{who} `{sign}` for {plain}, but a template does not"), format!("{plain} is meant"))
        .help(format!("write {plain} instead, and likewise for all such signs"))
        .fix(whole, right)
}

/// A text with the colour codes of a terminal. `right` is the whole text without them.
pub(crate) fn of_terminal(span: Span, whole: Span, right: String) -> Diagnostic {
    Diagnostic::error(Code::InvisibleCharacter, "this file contains the colour codes of a terminal")
        .at(span, "the first of them")
        .help("remove them: they were copied from a terminal with its text")
        .fix(whole, right)
}

/// A file with NUL bytes in a part that was never written. `at` is the byte position of the first one.
pub(crate) fn half_written(span: Span, count: usize, at: usize) -> Diagnostic {
    let bytes = if count == 1 { "is a NUL byte".to_owned() } else { format!("are {count} NUL bytes") };
    Diagnostic::error(Code::InvisibleCharacter, format!("there {bytes} from byte {} of the file on", at + 1))
        .at(span, "the text breaks off here")
        .help("the file was not written to its end: get a complete copy, such as from version control")
}

/// Lines that end with CR: all lines of the file, or some of them.
pub(crate) fn cr_line_ends(span: Span, whole: Span, mended: &str, is_all: bool) -> Diagnostic {
    let lines = if is_all { "the lines of this file end" } else { "some lines of this file end" };
    Diagnostic::error(Code::InvisibleCharacter, format!("{lines} with only CR, U+000D"))
        .at(span, "the first such end")
        .help("save the file with line ends of Unix (LF) or Windows (CR LF)")
        .fix(whole, mended)
}
