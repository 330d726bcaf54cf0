//! Mistakes in the constants of a text that is not TOML: strings, numbers, booleans, lists, and words that are none of
//! these.

use super::{
    Diagnostic,
    syntax::{brief, syntax},
};
use crate::{
    duration::Duration,
    foreign::Foreign,
    json::{SWALLOWED, Swallowed},
    names::quoted,
    span::Span,
};

pub(crate) fn typographic(span: Span, inner: &str) -> Diagnostic {
    let right = quoted(inner);
    syntax(span, "these are not the quotes of TOML", "a string needs straight quotes")
        .help(format!("write `{right}`"))
        .fix(span, right)
}

pub(crate) fn unclosed_string(span: Span, quote: &str) -> Diagnostic {
    syntax(span, "a string is not closed", "this string has no end on its line")
        .help(format!("write `{quote}` at the end of the string"))
}

/// A string without its closing quote. It contains the following text, up to the quote that opens another string.
pub(crate) fn swallowed(open: Span, quote: Span) -> Diagnostic {
    let Swallowed { message, label, near, help } = SWALLOWED;
    syntax(open, message, label).near(quote, near).help(help)
}

pub(crate) fn unclosed_block(span: Span, quotes: &str) -> Diagnostic {
    syntax(span, "a string over several lines is not closed", "this string has no end")
        .help(format!("write `{quotes}` where it ends, or write the string on one line in single quotes"))
}

pub(crate) fn quote_inside(span: Span, quote: &str) -> Diagnostic {
    let diagnostic =
        syntax(span, "there is a quote inside a string", "the string ends here, and text follows");
    if quote == "'" {
        return diagnostic
            .help("write the string in \"double quotes\", in which a single quote is an ordinary character");
    }
    diagnostic.help("write the string in 'single quotes', or `\\\"` for a quote inside \"double quotes\"")
}

pub(crate) fn escape(span: Span, string: Span, escape: &str, right: Option<String>) -> Diagnostic {
    let diagnostic = syntax(span, format!("`{escape}` is not valid in \"double quotes\""), "not an escape");
    match right {
        Some(right) => {
            diagnostic.help(format!("write `{right}`: in 'single quotes' every \\ stays")).fix(string, right)
        }
        None => diagnostic.help("write `\\\\` for each `\\`"),
    }
}

pub(crate) fn boolean(span: Span, word: &str, right: &str) -> Diagnostic {
    syntax(span, format!("`{word}` is not a boolean"), format!("write `{right}`"))
        .help(format!("write `{right}`: the booleans are `true` and `false`"))
        .fix(span, right)
}

pub(crate) fn null(span: Span, word: &str, section: &str, key: &str) -> Diagnostic {
    let diagnostic = syntax(span, format!("there is no `{word}` in TOML"), "not a value");
    match key {
        "default" => diagnostic
            .help("remove `default`: a field that is neither required nor has a default is null if the client sends no value"),
        // Every template needs these.
        "name" | "service" | "engine" | "database" if section == "template" => {
            diagnostic.help(format!("write a text, such as `{key} = \"…\"`: every template needs this key"))
        }
        _ => diagnostic.help(format!("remove `{key}`: a key without a value is left out")),
    }
}

/// `right` is the correct form of the number.
pub(crate) fn number(span: Span, why: &str, right: &str) -> Diagnostic {
    syntax(span, why, format!("write `{right}`")).help(format!("write `{right}`")).fix(span, right)
}

/// A number with a comma, where only whole numbers are allowed.
pub(crate) fn no_fraction(span: Span, whole: &str, is_sure: bool) -> Diagnostic {
    let diagnostic = syntax(span, "a whole number has no comma", "looks like a whole number")
        .help(format!("write `{whole}`: a whole number is expected"));
    if is_sure { diagnostic.fix(span, whole) } else { diagnostic }
}

/// A number with a comma of unclear meaning.
pub(crate) fn number_with_comma(span: Span, whole: &str, fraction: &str) -> Diagnostic {
    syntax(span, "a number has no comma", "looks like one number")
        .help(format!("write `{whole}`, or `{fraction}` if the comma begins a fraction"))
}

/// A string with a closing but no opening quote.
pub(crate) fn missing_quote(span: Span, quote: &str) -> Diagnostic {
    syntax(span, "a string has no opening quote", format!("write `{quote}` in front of this"))
        .help(format!("write `{quote}` where the string begins"))
        .fix(Span { end: span.start, ..span }, quote)
}

pub(crate) fn extra_quote(span: Span) -> Diagnostic {
    syntax(span, "there is a quote too many", "the string is closed already").help("remove it").fix(span, "")
}

/// A unit behind the digits of the value of `key`.
pub(crate) fn unit(span: Span, key: &str, word: &str, digits: &str) -> Diagnostic {
    if matches!(key, "ttl" | "after") {
        return bare_duration(span, word);
    }
    let diagnostic = syntax(span, format!("`{word}` is not a number"), "a number has only digits");
    let factor = match word.get(digits.len()..).map(str::to_ascii_lowercase).as_deref() {
        Some("k") => "000",
        Some("m") => "000000",
        _ => "",
    };
    diagnostic.help(format!("write `{digits}{factor}`, or the intended number without a unit"))
}

fn bare_duration(span: Span, word: &str) -> Diagnostic {
    let diagnostic = syntax(span, "a duration needs quotes", "not in quotes");
    match Duration::read(word) {
        Some(duration) => {
            let right = quoted(&duration.to_string());
            diagnostic.help(format!("write `{right}`")).fix(span, right)
        }
        None => diagnostic.help("write a number and its unit, `s`, `m`, `h`, `d` or `y`, such as `\"400d\"`"),
    }
}

/// A computation in the place of a number.
pub(crate) fn computed(span: Span, text: &str) -> Diagnostic {
    syntax(span, format!("`{text}` is not a number"), "a template cannot compute a value").help(
        match product(text) {
            Some(number) => format!("write `{number}`"),
            None => "write the result as one number".to_owned(),
        },
    )
}

/// The product of two whole numbers, `2 * 1000`.
fn product(text: &str) -> Option<i64> {
    let (left, right) = text.split_once('*')?;
    left.trim().parse::<i64>().ok()?.checked_mul(right.trim().parse().ok()?)
}

/// Both bounds in one value, `1..100`.
pub(crate) fn range(span: Span, text: &str, (least, most): (&str, &str)) -> Diagnostic {
    syntax(span, format!("`{text}` is not a value"), "each bound has a key")
        .help(format!("write `min = {least}, max = {most}` in place of this key"))
}

/// Lists with a sign between them.
pub(crate) fn joined_lists(span: Span) -> Diagnostic {
    syntax(span, "a template cannot join lists", "several lists").help("write one list with the items of all")
}

pub(crate) fn unquoted(span: Span, text: &str) -> Diagnostic {
    let right = quoted(text);
    syntax(span, "a string needs quotes", format!("write `{right}`"))
        .help(format!("write `{right}`"))
        .fix(span, right)
}

/// A word with the name of a value of the request.
pub(crate) fn asked(span: Span, word: &str, value: &str) -> Diagnostic {
    syntax(span, "a string needs quotes", "not in quotes").help(format!(
        "write `\"{value}\"` for the value of the request, and `{}` for this text",
        quoted(word)
    ))
}

/// A word in the place of a boolean.
pub(crate) fn no_flag(span: Span, word: &str) -> Diagnostic {
    syntax(span, format!("`{word}` is not a boolean"), "`true` or `false`").help("write `true` or `false`")
}

/// A flag without its value.
pub(crate) fn flag_alone(span: Span, key: &str) -> Diagnostic {
    let end = Span { start: span.end, ..span };
    syntax(span, "this has no value", "expected `= true`")
        .help(format!("write `{key} = true`"))
        .fix(end, " = true")
}

/// A word in the place of a number.
pub(crate) fn no_number(span: Span, word: &str, key: &str) -> Diagnostic {
    syntax(span, format!("`{word}` is not a number"), "a number has digits").help(format!(
        "write the number itself, `{key} = 100`; a template has no variables and no infinite numbers"
    ))
}

/// `right` replaces a type without quotes.
pub(crate) fn unquoted_type(span: Span, right: &str, ty: &Foreign) -> Diagnostic {
    let diagnostic = syntax(span, "the name of a type needs quotes", format!("write `{right}`"))
        .help(format!("write `{right}`"));
    let diagnostic = match ty.note {
        Some(note) => diagnostic.help(note),
        None => diagnostic,
    };
    if ty.is_sure { diagnostic.fix(span, right) } else { diagnostic }
}

pub(crate) fn function(span: Span, written: &str) -> Diagnostic {
    let diagnostic = syntax(
        span,
        format!("`{written}` is a function, but a template has only constants"),
        "not a constant",
    );
    let name = written.split('(').next().unwrap_or_default().to_ascii_lowercase();
    match name.as_str() {
        "now" | "current_timestamp" | "curdate" | "current_date" | "sysdate" | "getdate" => diagnostic
            .help("write `generated = \"now\"` in place of the default, for a field of the type `datetime`"),
        "uuid" | "newid" | "gen_random_uuid" | "uuidv4" | "uuid_v4" => diagnostic
            .help("write `generated = \"uuid_v7\"` in place of the default, for a field of the type `uuid`"),
        _ => diagnostic
            .help("write a constant, or `generated = \"database\"` if the database computes the value"),
    }
}

pub(crate) fn not_a_value(span: Span, text: &str) -> Diagnostic {
    let diagnostic = syntax(
        span,
        format!("`{}` is not a value", brief(text)),
        "expected a string, a number, true, false, [ ] or { }",
    );
    if text.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
        && (text.contains(['*', '^', '<', '+']) || text.starts_with("--"))
    {
        return diagnostic.help("write the number itself in digits: a template computes nothing");
    }
    if text.starts_with(|letter: char| letter.is_ascii_digit()) && text.contains(['-', '/', '.']) {
        return diagnostic.help("write a date as `2026-01-31`, a time as `08:30:00`, a number as `12.50`");
    }
    if text.starts_with(|letter: char| letter.is_ascii_digit()) {
        return diagnostic.help("write a number with digits only, or a string in quotes");
    }
    match text {
        "=" => diagnostic.help("remove it: one `=` is enough"),
        "…" => diagnostic.help(OMITTED),
        _ => diagnostic.help(format!("write a string in quotes, `{}`", quoted(&brief(text)))),
    }
}

const OMITTED: &str = "write the omitted text, or remove it";

/// A comma at the end of a string, before its last quote. It is missing after the quote.
pub(crate) fn comma_inside(span: Span, quote: &str) -> Diagnostic {
    let right = format!("{quote},");
    syntax(span, "a comma is inside a string, not after it", "inside the quotes")
        .help(format!("write the comma after the quote, `{right}`"))
        .fix(span, right)
}

/// Strings that are joined by a sign, as in other languages.
pub(crate) fn joined(span: Span) -> Diagnostic {
    syntax(span, "a template cannot join strings", "several strings").help("write one string")
}

/// A text over several lines, in the form of YAML or a shell.
pub(crate) fn text_of_lines(span: Span, text: &str) -> Diagnostic {
    let right = if text.contains('\n') { "\"\"\"".to_owned() } else { quoted(text) };
    let help = if text.contains('\n') {
        format!("write `{right}` here, the text below it, and `{right}` after it")
    } else {
        format!("write `{right}`")
    };
    syntax(span, "a text over several lines begins with `\"\"\"`", "the text is below").help(help)
}

/// Dots in the place of an omitted text.
pub(crate) fn omitted(span: Span, text: &str) -> Diagnostic {
    syntax(span, format!("`{text}` is not a value"), "something is left out here").help(OMITTED)
}

/// The first key of a table whose `{` is missing.
pub(crate) fn unopened_table(span: Span, right: &str) -> Diagnostic {
    syntax(span, "`{` is missing in front of the keys of this value", "the first key")
        .help(format!("write `{right}`"))
        .fix(Span { end: span.start, ..span }, "{ ")
}

/// Values with commas between them, without brackets.
pub(crate) fn list_without_brackets(span: Span, right: &str) -> Diagnostic {
    syntax(span, "a list is written in [ ]", "several values")
        .help(format!("write `{right}`"))
        .fix(span, right)
}

/// A value below its key. `gap` is the text between the two.
pub(crate) fn value_below(span: Span, gap: Span, key: &str) -> Diagnostic {
    syntax(span, format!("the value of `{key}` is on the next line"), "the value")
        .help("write it on the line of its key, after `=`")
        .fix(gap, "= ")
}

/// `right` is the correct list, if it is certain.
pub(crate) fn not_a_list(span: Span, brackets: &str, right: Option<String>) -> Diagnostic {
    let diagnostic = syntax(span, format!("a list is written in [ ], not in {brackets}"), "not a list here");
    match right {
        Some(right) => diagnostic.help(format!("write `{right}`")).fix(span, right),
        None => diagnostic.help("write `[\"a\", \"b\"]`"),
    }
}

pub(crate) fn bare_list(span: Span, right: String) -> Diagnostic {
    syntax(span, "strings need quotes", "quotes are missing")
        .help(format!("write `{right}`"))
        .fix(span, right)
}

/// A placeholder of another template engine.
pub(crate) fn placeholder(span: Span, written: &str) -> Diagnostic {
    syntax(span, format!("`{written}` is a placeholder, which nothing replaces"), "not a value").help(
        "write the value itself: a template is the same in every environment, only the configuration differs",
    )
}

pub(crate) fn string_prefix(span: Span, letter: char, right: &str) -> Diagnostic {
    syntax(span, format!("a string has no `{letter}` in front"), format!("write `{right}`"))
        .help(format!("write `{right}`: in 'single quotes' every \\ stays"))
        .fix(span, right)
}

pub(crate) fn pattern_of_script(span: Span, right: &str) -> Diagnostic {
    syntax(span, "a pattern is a string, and needs quotes", format!("write `{right}`"))
        .help(format!("write `{right}`; flags come first, such as `(?i)`"))
        .fix(span, right)
}

pub(crate) fn string_of_lines(span: Span, quote: &str) -> Diagnostic {
    let three = quote.repeat(3);
    syntax(span, format!("a string in `{quote}` ends on its line"), "this one goes on")
        .help(format!("write it on one line, or `{three}` at both ends"))
}
