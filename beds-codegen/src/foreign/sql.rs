//! Parses the definition of a column in SQL, word by word. A quoted text is a value, never a word of the language.

use std::{iter::Peekable, str::Chars};

use beds_protocol::{
    TypeName,
    value::{Date, DateTime, Time},
};

use super::Foreign;
use crate::names::quoted;

/// A piece of a definition.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A word or a number, in lower case.
    Word(String),
    /// A quoted text, unescaped.
    Text(String),
    /// The text in parentheses, as written.
    Group(String),
    /// Anything else.
    Sign,
}

/// An argument between commas in parentheses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    /// A value without its quotes.
    pub(super) text: String,
    pub(super) is_quoted: bool,
}

impl Argument {
    /// A number, and whether it counts characters, as here: `20`, `20 char`, `20 byte`.
    pub(super) fn number(&self) -> Option<(u64, bool)> {
        let mut words = self.text.split_whitespace();
        let number = words.next().filter(|_| !self.is_quoted)?.parse().ok()?;
        match words.next().map(str::to_ascii_lowercase).as_deref() {
            None | Some("char") => Some((number, true)),
            Some("byte") => Some((number, false)),
            Some(_) => None,
        }
    }
}

/// A type with its modifiers.
#[derive(Debug)]
pub(super) struct Definition {
    /// The name of the type, in lower case.
    pub(super) name: String,
    pub(super) arguments: Vec<Argument>,
    pub(super) modifiers: Modifiers,
}

impl Definition {
    /// Parses a definition; `None` if it does not begin with a name.
    pub(super) fn read(written: &str) -> Option<Self> {
        let tokens = tokens(written);
        let is_name = |(at, token): &(usize, &Token)| match token {
            Token::Word(word) => *at == 0 || !begins_modifier(word, tokens.get(at + 1)),
            Token::Text(_) | Token::Group(_) | Token::Sign => false,
        };
        let names: Vec<&str> =
            tokens.iter().enumerate().take_while(is_name).filter_map(|(_, token)| token.word()).collect();
        let (name, mut rest) = (names.join(" "), tokens.get(names.len()..)?);
        let mut arguments = Vec::new();
        if let Some((Token::Group(inside), behind)) = rest.split_first() {
            (arguments, rest) = (self::arguments(inside), behind);
        }
        (!name.is_empty()).then(|| Self { name, arguments, modifiers: Modifiers::read(rest) })
    }
}

impl Token {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) | Self::Group(_) | Self::Sign => None,
        }
    }
}

/// Whether a word modifies the column, not its type.
fn begins_modifier(word: &str, next: Option<&Token>) -> bool {
    match word {
        "character" => next.and_then(Token::word) == Some("set"),
        "unsigned" | "signed" | "zerofill" | "not" | "null" | "auto_increment" | "autoincrement"
        | "primary" | "unique" | "default" | "charset" | "collate" | "comment" | "check" | "references"
        | "generated" | "on" | "as" | "constraint" | "identity" | "invisible" => true,
        _ => false,
    }
}

fn tokens(written: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.peek().copied() {
        match letter {
            '\'' | '"' => out.push(text(&mut letters).map_or(Token::Sign, Token::Text)),
            '(' => out.push(group(&mut letters).map_or(Token::Sign, Token::Group)),
            letter if letter.is_whitespace() => {
                letters.next();
            }
            letter if is_of_word(letter) => {
                let mut word = String::new();
                while let Some(letter) = letters.next_if(|letter| is_of_word(*letter)) {
                    word.extend(letter.to_lowercase());
                }
                out.push(Token::Word(word));
            }
            _ => {
                letters.next();
                out.push(Token::Sign);
            }
        }
    }
    out
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_.<>&+-$:".contains(letter)
}

/// A text without its quotes. Two quotes are one, and a backslash escapes the next letter literally. `None` if the text
/// never ends or has other escapes.
fn text(letters: &mut Peekable<Chars<'_>>) -> Option<String> {
    let quote = letters.next()?;
    let (mut out, mut is_known) = (String::new(), true);
    loop {
        match letters.next()? {
            '\\' => match letters.next()? {
                letter @ ('\'' | '"' | '\\') => out.push(letter),
                _ => is_known = false,
            },
            letter if letter == quote => match letters.next_if_eq(&quote) {
                Some(letter) => out.push(letter),
                None => return is_known.then_some(out),
            },
            letter => out.push(letter),
        }
    }
}

/// The text in parentheses; `None` if they are never closed.
fn group(letters: &mut Peekable<Chars<'_>>) -> Option<String> {
    letters.next();
    let (mut out, mut depth, mut quote) = (String::new(), 1_usize, None);
    loop {
        let letter = letters.next()?;
        match (quote, letter) {
            (Some(_), '\\') => {
                out.push(letter);
                out.push(letters.next()?);
                continue;
            }
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(out);
        }
        out.push(letter);
    }
}

/// The texts between commas, or between semicolons if there is no comma.
fn arguments(inside: &str) -> Vec<Argument> {
    let separator = if inside.contains(',') { ',' } else { ';' };
    let mut out = Vec::new();
    let mut letters = inside.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let mut argument = Argument { text: String::new(), is_quoted: false };
        if letters.peek().is_some_and(|letter| matches!(letter, '\'' | '"')) {
            let mut probe = letters.clone();
            if let Some(text) = text(&mut probe) {
                letters = probe;
                argument = Argument { text, is_quoted: true };
            }
        }
        let mut rest = String::new();
        while let Some(letter) = letters.next_if(|letter| *letter != separator) {
            rest.push(letter);
        }
        if !rest.trim().is_empty() {
            // More text follows the quotes, so this is not a value.
            argument = Argument { text: format!("{}{}", argument.text, rest.trim()), is_quoted: false };
        }
        let is_last = letters.next().is_none();
        if !(is_last && out.is_empty() && argument.text.is_empty() && !argument.is_quoted) {
            out.push(argument);
        }
        if is_last {
            return out;
        }
    }
}

/// A default that is a constant.
#[derive(Debug, Clone, PartialEq)]
enum Constant {
    Text(String),
    Word(String),
}

/// The modifiers of a column after its type.
#[derive(Debug, Default)]
pub(super) struct Modifiers {
    pub(super) is_unsigned: bool,
    is_not_null: bool,
    is_null: bool,
    is_generated: bool,
    is_key: bool,
    is_unique: bool,
    has_default: bool,
    default: Option<Constant>,
    comment: Option<String>,
    /// A modifier without a counterpart here: people must judge the whole.
    doubt: Option<&'static str>,
}

const NOW: &str = "the database sets the time if no value is passed: write `generated = \"now\"` if the procedure takes the value, and `generated = \"database\"` if it does not";
const COMPUTED: &str =
    "the database computes the default: write `generated = \"database\"`, or a default that is a constant";
const ON_UPDATE: &str = "the database changes it at every update: write `generated = \"database\"`";
const CHECK: &str = "`check` stays in the database; write `min`, `max`, `pattern` or `values` for clients";
const DEFAULT: &str = "its default is not a constant of this type: write `default` yourself";
const MORE: &str = "the rest after the type has no counterpart here";

impl Modifiers {
    fn read(tokens: &[Token]) -> Self {
        let mut of = Self::default();
        let mut tokens = tokens.iter().peekable();
        while let Some(token) = tokens.next() {
            let Some(word) = token.word() else {
                of.doubt(MORE);
                continue;
            };
            let mut next_is = |word: &str| tokens.next_if(|token| token.word() == Some(word)).is_some();
            match word {
                "unsigned" | "zerofill" => of.is_unsigned = true,
                "not" if next_is("null") => of.is_not_null = true,
                "null" => of.is_null = true,
                "auto_increment" | "autoincrement" => of.is_generated = true,
                "primary" => of.is_key = next_is("key"),
                "unique" => {
                    next_is("key");
                    of.is_unique = true;
                }
                "signed" | "invisible" | "time" | "zone" | "with" | "without" | "local" => {}
                "collate" | "charset" | "constraint" => drop(tokens.next()),
                "character" if next_is("set") => drop(tokens.next()),
                "comment" => match tokens.next() {
                    Some(Token::Text(text)) => of.comment = Some(text.clone()),
                    _ => of.doubt(MORE),
                },
                "check" => {
                    tokens.next();
                    of.doubt(CHECK);
                }
                // The database enforces foreign keys, and they do not change what a client may write.
                "references" => while tokens.next().is_some() {},
                "generated" | "as" | "identity" => {
                    of.is_generated = true;
                    while tokens.next().is_some() {}
                }
                "on" if next_is("update") => {
                    while tokens.next().is_some() {}
                    of.doubt(ON_UPDATE);
                }
                "default" => of.read_default(&mut tokens),
                _ => of.doubt(MORE),
            }
        }
        of
    }

    fn read_default<'t>(&mut self, tokens: &mut Peekable<impl Iterator<Item = &'t Token>>) {
        let constant = match tokens.next() {
            Some(Token::Text(text)) => Constant::Text(text.clone()),
            // `b'1'`
            Some(Token::Word(word)) if word == "b" => match tokens.next() {
                Some(Token::Text(text)) => Constant::Word(text.clone()),
                _ => return self.doubt(COMPUTED),
            },
            Some(Token::Word(word)) if word == "null" => return,
            Some(Token::Word(word)) => Constant::Word(word.clone()),
            _ => {
                self.has_default = true;
                return self.doubt(COMPUTED);
            }
        };
        self.has_default = true;
        let is_call = tokens.next_if(|token| matches!(token, Token::Group(_))).is_some();
        match constant {
            Constant::Word(word)
                if matches!(
                    word.as_str(),
                    "current_timestamp"
                        | "now"
                        | "localtimestamp"
                        | "localtime"
                        | "sysdate"
                        | "utc_timestamp"
                        | "getdate"
                ) =>
            {
                self.doubt(NOW);
            }
            Constant::Word(word)
                if is_call
                    || (word.parse::<f64>().is_err() && !matches!(word.as_str(), "true" | "false")) =>
            {
                self.doubt(COMPUTED);
            }
            constant => self.default = Some(constant),
        }
    }

    /// Remembers the first part without a counterpart.
    fn doubt(&mut self, why: &'static str) {
        self.doubt = self.doubt.or(Some(why));
    }

    pub(super) fn apply(mut self, mut ty: Foreign) -> Foreign {
        let default = self.default.take().filter(|_| !self.is_generated);
        let default = default.map(|default| written_as(ty.ty, &default));
        if default == Some(None) {
            self.doubt(DEFAULT);
        }
        // A type that is signed by definition gets a bound instead.
        let (is_unsigned, least) = match ty.ty {
            TypeName::Decimal => (false, self.is_unsigned.then_some("\"0\"")),
            TypeName::Float => (false, self.is_unsigned.then_some("0.0")),
            _ => (self.is_unsigned, None),
        };
        ty.keys.extend(least.map(|least| ("min", least.to_owned())));
        let mut flag = |key, is_set| {
            if is_set {
                ty.keys.push((key, "true".to_owned()));
            }
        };
        flag("unsigned", is_unsigned);
        flag("key", self.is_key);
        flag("unique", self.is_unique);
        flag("required", self.is_not_null && !self.is_generated && !self.is_key && !self.has_default);
        flag("nullable", self.is_null && !self.is_key);
        ty.keys.extend(default.flatten().map(|default| ("default", default)));
        if self.is_generated {
            ty.keys.push(("generated", "\"database\"".to_owned()));
        }
        ty.keys.extend(
            self.comment.filter(|text| !text.trim().is_empty()).map(|text| ("description", quoted(&text))),
        );
        match self.doubt {
            Some(why) => ty.unsure(why),
            None => ty,
        }
    }
}

/// A default in the form of a template, for a type; `None` if it is not a constant of the type.
fn written_as(ty: TypeName, constant: &Constant) -> Option<String> {
    let (Constant::Text(text) | Constant::Word(text)) = constant;
    let is_text = matches!(constant, Constant::Text(_));
    let number = text.trim().trim_start_matches('+');
    let is = |is_right: bool| is_right.then(|| quoted(text));
    match ty {
        TypeName::String | TypeName::Text => is(is_text || text.parse::<i64>().is_ok()),
        TypeName::Enum => is(is_text),
        TypeName::Bool => match text.as_str() {
            "0" | "false" => Some("false".to_owned()),
            "1" | "true" => Some("true".to_owned()),
            _ => None,
        },
        TypeName::Int => number.parse::<i128>().ok().map(|number| number.to_string()),
        TypeName::Float => {
            number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| format!("{number:?}"))
        }
        TypeName::Decimal => number.parse::<beds_protocol::value::Decimal>().ok().map(|_| quoted(number)),
        TypeName::Date => is(text.parse::<Date>().is_ok()),
        TypeName::Time => is(text.parse::<Time>().is_ok()),
        TypeName::DateTime => is(text.parse::<DateTime>().is_ok()),
        TypeName::Uuid
        | TypeName::Bytes
        | TypeName::Json
        | TypeName::List
        | TypeName::Object
        | TypeName::ObjectId => None,
    }
}
