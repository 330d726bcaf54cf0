//! The text of a routine as words, names and marks, by MariaDB's rules.
//!
//! Tried instead: `sqlparser` 0.64 with its MySQL dialect. It takes `/*M! … */` for a comment, and so misses a
//! statement that MariaDB runs. It stops at a comment, or at `*/` in a string, inside of `/*! … */`. It does not know
//! that `--` also begins a comment before a control character and at the end of the text. The tests have these cases.

use std::{iter::Peekable, str::Chars};

use super::SqlMode;

/// A piece of a routine's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A bare word as it is written. A variable of the session keeps its `@`, a variable of the server does not.
    Word(String),
    /// A quoted name.
    Name(String),
    /// A string, without its quotes.
    Text(String),
    /// Anything else but white space and comments.
    Mark(char),
    /// A string, a name or a comment that does not end. MariaDB would have refused such a text. So the routine was made
    /// in another SQL mode, and its text is not understood here.
    Unended,
}

impl Token {
    /// The name that the token may be.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Name(text) => Some(text),
            Self::Text(_) | Self::Mark(_) | Self::Unended => None,
        }
    }

    /// Whether the token is this word, in any case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text.eq_ignore_ascii_case(word))
    }

    /// Whether the token is a number without a sign. A quoted name of digits is a name.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Word(word) if word.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Whether the token is a string.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether the token is this mark.
    #[must_use]
    pub fn is_mark(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }
}

/// Words, names and marks. Comments are left out. The text in `/*! … */` and `/*M! … */`, which MariaDB runs, is
/// included for any version: MariaDB stores a routine without the text that it did not run.
#[must_use]
pub fn tokens(body: &str, mode: SqlMode) -> Vec<Token> {
    let mut text = Text { chars: body.chars().peekable(), mode, is_executable: false };
    std::iter::from_fn(|| text.token()).collect()
}

struct Text<'t> {
    chars: Peekable<Chars<'t>>,
    mode: SqlMode,
    /// Whether the current place is inside of `/*! … */`.
    is_executable: bool,
}

impl Text<'_> {
    fn token(&mut self) -> Option<Token> {
        loop {
            let c = self.chars.next()?;
            match c {
                '#' => self.skip_line(),
                '-' if self.begins_line_comment() => self.skip_line(),
                '/' if self.chars.next_if_eq(&'*').is_some() => {
                    if !self.is_executed() && !self.skip_comment() {
                        return Some(Token::Unended);
                    }
                }
                '*' if self.is_executable && self.chars.next_if_eq(&'/').is_some() => {
                    self.is_executable = false;
                }
                '"' if self.mode.ansi_quotes => {
                    return Some(self.quoted(c, false).map_or(Token::Unended, Token::Name));
                }
                '\'' | '"' => {
                    let escapes = !self.mode.no_backslash_escapes;
                    return Some(self.quoted(c, escapes).map_or(Token::Unended, Token::Text));
                }
                '`' => return Some(self.quoted(c, false).map_or(Token::Unended, Token::Name)),
                '@' => {
                    let is_server = self.chars.next_if_eq(&'@').is_some();
                    if self.chars.peek().is_some_and(|&c| in_word(c)) {
                        return Some(Token::Word(self.word(if is_server { "" } else { "@" })));
                    }
                    return Some(Token::Mark('@'));
                }
                c if in_word(c) => return Some(Token::Word(self.word(&c.to_string()))),
                c if is_blank(c) => {}
                c => return Some(Token::Mark(c)),
            }
        }
    }

    /// Whether a `-` begins a comment: another `-` follows, and then a blank or the end. `5--5` is ten.
    fn begins_line_comment(&self) -> bool {
        let mut ahead = self.chars.clone();
        ahead.next() == Some('-') && ahead.next().is_none_or(is_blank)
    }

    fn skip_line(&mut self) {
        self.chars.by_ref().find(|&c| c == '\n');
    }

    /// Whether MariaDB runs the text after `/*`. Skips the sign, and the version that it asks for.
    fn is_executed(&mut self) -> bool {
        let mut ahead = self.chars.clone();
        let is_executed = match ahead.next() {
            Some('!') => true,
            Some('M') => ahead.next() == Some('!'),
            _ => false,
        };
        if is_executed {
            self.chars = ahead;
            self.is_executable = true;
            // A version has five or six digits; fewer are a number.
            let digits = self.chars.clone().take(6).take_while(char::is_ascii_digit).count();
            if digits >= 5 {
                self.chars.by_ref().take(digits).for_each(drop);
            }
        }
        is_executed
    }

    /// Skips a comment, in which no other can nest. False if it does not end.
    fn skip_comment(&mut self) -> bool {
        while self.chars.by_ref().any(|c| c == '*') {
            while let Some(c) = self.chars.next_if(|&c| c == '/' || c == '*') {
                if c == '/' {
                    return true;
                }
            }
        }
        false
    }

    /// The text between quotes. A doubled quote stands for one. In strings, a `\` escapes the next character. `None` if
    /// the text does not end.
    fn quoted(&mut self, quote: char, escapes: bool) -> Option<String> {
        let mut inner = String::new();
        loop {
            match self.chars.next()? {
                '\\' if escapes => inner.push(self.chars.next()?),
                c if c == quote && self.chars.next_if_eq(&quote).is_none() => return Some(inner),
                c => inner.push(c),
            }
        }
    }

    fn word(&mut self, begin: &str) -> String {
        let mut word = begin.to_owned();
        while let Some(c) = self.chars.next_if(|&c| in_word(c)) {
            word.push(c);
        }
        word
    }
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

fn is_blank(c: char) -> bool {
    c == ' ' || c.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens with blanks between them, words in lower case, names in backquotes, `'` for a string, `…` for a token
    /// that does not end.
    fn shown(body: &str) -> String {
        shown_in(body, SqlMode::default())
    }

    fn shown_in(body: &str, mode: SqlMode) -> String {
        let shown = |token: Token| match token {
            Token::Word(word) => word.to_lowercase(),
            Token::Name(name) => format!("`{name}`"),
            Token::Text(_) => "'".to_owned(),
            Token::Mark(mark) => mark.to_string(),
            Token::Unended => "…".to_owned(),
        };
        tokens(body, mode).into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// Compared with MariaDB 10.11.
    #[test]
    fn a_text_is_read_as_mariadb_reads_it() {
        let cases = [
            // Comments to the end of the line.
            ("a -- x\n b", "a b"),
            ("a --\tx\n b", "a b"),
            ("a --\nb", "a b"),
            ("a --\u{1}x\n b", "a b"),
            ("a --", "a"),
            ("a --x", "a - - x"),
            ("a --5", "a - - 5"),
            ("a--b", "a - - b"),
            ("a - -- x", "a -"),
            ("a --\u{a0}x", "a - - \u{a0}x"),
            ("a # x\n b", "a b"),
            ("a #x\r b", "a"),
            // Comments.
            ("a /* b */ c", "a c"),
            ("a/**/b", "a b"),
            ("a /*** b ***/ c", "a c"),
            ("/*/ a */ b", "b"),
            ("/* ' */ b", "b"),
            ("/* a /* b */ c */ d", "c * / d"),
            ("/* M! a */ /* ! a */ /*m! a */ b", "b"),
            // Text that MariaDB runs.
            ("/*! a */ b", "a b"),
            ("/*M! a */ b", "a b"),
            ("/*!50001 a*/b", "a b"),
            ("/*M!100100 a */ b", "a b"),
            ("/*M!100100a*/ b", "a b"),
            ("/*!1234 a*/ b", "1234 a b"),
            ("/*!1001001 a*/ b", "1 a b"),
            ("/*! a /* b */ c */ d", "a c d"),
            ("/*! a 'b*/' */ c", "a ' c"),
            ("/*! a -- */ b\n c */ d", "a c d"),
            ("/*! a # */ b\n c */ d", "a c d"),
            ("3 */*! 5 */", "3 * 5"),
            ("/*! a */ b */ c", "a b * / c"),
            // Strings and names.
            ("'it''s' b", "' b"),
            ("'it\\'s' b", "' b"),
            ("'\\\\' b", "' b"),
            ("\"a\"\"b\" c", "' c"),
            ("\"a\\\"b\" c", "' c"),
            ("'-- a' /* b */", "'"),
            ("'a' 'b'", "' '"),
            ("N'a' _utf8'b' x'4a'", "n ' _utf8 ' x '"),
            ("`a``b` c", "`a`b` c"),
            ("`a\\` b", "`a\\` b"),
            ("`-- A`.`B`", "`-- A` . `B`"),
            // Words.
            ("Ärger 2nd a$b X_1", "ärger 2nd a$b x_1"),
            ("a.b", "a . b"),
            ("@X := @@session.autocommit", "@x : = session . autocommit"),
            ("@@AutoCommit @`x y` @'z'", "autocommit @ `x y` @ '"),
            // Text that does not end.
            ("a /* b", "a …"),
            ("a /* b *", "a …"),
            ("/*! a", "a"),
            ("a 'b", "a …"),
            ("a 'b\\'", "a …"),
            ("a \"b", "a …"),
            ("a `b", "a …"),
        ];
        for (body, expected) in cases {
            assert_eq!(shown(body), expected, "{body:?}");
        }
    }

    /// Also compared with MariaDB 10.11: each routine keeps the mode in which it was made.
    #[test]
    fn a_text_is_read_in_its_own_mode() {
        let names = SqlMode { ansi_quotes: true, ..SqlMode::default() };
        let plain = SqlMode { no_backslash_escapes: true, ..SqlMode::default() };
        let cases = [
            (names, "\"a\"\"b\" 'c\\'' d", "`a\"b` ' d"),
            (names, "\"a\\\" b", "`a\\` b"),
            (plain, "'c:\\'; \"d\\\" e", "' ; ' e"),
            (plain, "'it''s\\' b", "' b"),
        ];
        for (mode, body, expected) in cases {
            assert_eq!(shown_in(body, mode), expected, "{body:?}");
        }
    }
}
