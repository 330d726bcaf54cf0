//! Procedures and functions, with their parameters and their texts.
//!
//! `information_schema` has the text with its escapes undone, which makes it another text: `'\\'` reads `'\'` there. So
//! the text comes from `show create`.

use std::collections::HashMap;

use super::{Look, option, relations::quoted, text, types::kind};
use beds_core::inspect::{Direction, Parameter, Routine, RoutineKind, SqlMode};

impl Look<'_> {
    pub(super) async fn routines(&mut self) -> sqlx::Result<(Vec<Routine>, Vec<(String, String)>)> {
        let here = self.here("routine_schema");
        let rows = self
            .rows(&format!(
                "select routine_name, routine_type, sql_data_access, cast(routine_definition is not null as char), \
                 routine_comment, sql_mode, definer, security_type from information_schema.routines \
                 where {here} order by binary routine_name, routine_type"
            ))
            .await?;
        let (mut routines, mut others) = (Vec::new(), Vec::new());
        for row in &rows {
            let (name, access) = (text(row, 0), text(row, 2));
            let kind = match text(row, 1).as_str() {
                "PROCEDURE" => RoutineKind::Procedure,
                "FUNCTION" => RoutineKind::Function,
                other => {
                    others.push((name, format!("a {}", other.to_lowercase())));
                    continue;
                }
            };
            let mode = mode(&text(row, 5));
            let is_readable = text(row, 3) == "1" && !mode.oracle;
            let body = if is_readable { self.body(kind, &name, mode).await } else { None };
            routines.push(Routine {
                name,
                kind,
                parameters: Vec::new(),
                returns: None,
                declares_read: access == "READS SQL DATA" || access == "NO SQL",
                declares_write: access == "MODIFIES SQL DATA",
                body,
                comment: text(row, 4),
                mode,
                definer: (text(row, 7) == "DEFINER").then(|| text(row, 6)),
            });
        }
        self.parameters(&mut routines).await?;
        Ok((routines, others))
    }

    async fn body(&mut self, kind: RoutineKind, name: &str, mode: SqlMode) -> Option<String> {
        let rows = self.rows(&format!("show create {} {}", kind.as_str(), quoted(name))).await.ok()?;
        let created = rows.first().and_then(|row| option(row, 2))?;
        body(&created, mode).map(str::to_owned)
    }

    async fn parameters(&mut self, routines: &mut [Routine]) -> sqlx::Result<()> {
        let here = self.here("specific_schema");
        let rows = self
            .rows(&format!(
                "select specific_name, routine_type, parameter_mode, parameter_name, dtd_identifier, \
                 cast(ordinal_position as char), collation_name from information_schema.parameters \
                 where {here} order by binary specific_name, routine_type, ordinal_position"
            ))
            .await?;
        let places: HashMap<(RoutineKind, String), usize> = routines
            .iter()
            .enumerate()
            .map(|(at, routine)| ((routine.kind, routine.name.clone()), at))
            .collect();
        for row in &rows {
            let routine = match text(row, 1).as_str() {
                "FUNCTION" => RoutineKind::Function,
                _ => RoutineKind::Procedure,
            };
            let written = text(row, 4);
            let Some(routine) = places.get(&(routine, text(row, 0))).and_then(|at| routines.get_mut(*at))
            else {
                continue;
            };
            if text(row, 5) == "0" {
                routine.returns = Some((kind(&written), written));
                continue;
            }
            routine.parameters.push(Parameter {
                name: text(row, 3),
                direction: match text(row, 2).as_str() {
                    "OUT" => Direction::Out,
                    "INOUT" => Direction::InOut,
                    _ => Direction::In,
                },
                kind: kind(&written),
                written,
                collation: option(row, 6),
            });
        }
        Ok(())
    }
}

/// What the SQL mode of a routine means for its text.
pub(super) fn mode(written: &str) -> SqlMode {
    let has = |name: &str| written.split(',').any(|flag| flag.trim() == name);
    SqlMode {
        ansi_quotes: has("ANSI_QUOTES"),
        pipes_concat: has("PIPES_AS_CONCAT"),
        no_backslash_escapes: has("NO_BACKSLASH_ESCAPES"),
        strict: has("STRICT_TRANS_TABLES") || has("STRICT_ALL_TABLES"),
        oracle: has("ORACLE"),
    }
}

/// The text of a routine, out of the statement that creates it: it follows the parameters and the lines of declared
/// characteristics, which are indented by four blanks.
fn body(created: &str, mode: SqlMode) -> Option<&str> {
    let open = end(created, 0, mode, |c, _| c == '(')?;
    let close = end(created, open, mode, |c, depth| c == ')' && depth == 0)?;
    let line = end(created, close, mode, |c, _| c == '\n')?;
    let mut rest = &created[line..];
    while let Some((_, next)) = rest.split_once('\n').filter(|(line, _)| line.starts_with("    ")) {
        rest = next;
    }
    Some(rest)
}

/// The place after the first character outside of quotes for which `is` holds. `is` also gets the number of open
/// parentheses.
fn end(text: &str, from: usize, mode: SqlMode, is: impl Fn(char, usize) -> bool) -> Option<usize> {
    let (mut quote, mut depth, mut is_escaped) = (None, 0_usize, false);
    for (at, c) in text[from..].char_indices() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(open) if open != '`' && c == '\\' => {
                let is_name = open == '"' && mode.ansi_quotes;
                is_escaped = !is_name && !mode.no_backslash_escapes;
            }
            Some(open) => quote = (c != open).then_some(open),
            None if is(c, depth) => return Some(from + at + c.len_utf8()),
            None => match c {
                '`' | '\'' | '"' => quote = Some(c),
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_follows_the_declarations() {
        let cases = [
            ("CREATE DEFINER=`a(`@`%` PROCEDURE `p`(p int)\nbegin select 1; end", "begin select 1; end"),
            ("CREATE DEFINER=`a`@`%` PROCEDURE `p`()\n    MODIFIES SQL DATA\nselect 1", "select 1"),
            (
                "CREATE DEFINER=`a`@`%` FUNCTION `f`(`a)b` enum(')','''','\\'') ) RETURNS enum('x\ny') CHARSET latin1\n    \
                 READS SQL DATA\n    COMMENT 'q\\n  d'\nreturn 'b'\n    or 'c'",
                "return 'b'\n    or 'c'",
            ),
        ];
        for (created, expected) in cases {
            assert_eq!(body(created, SqlMode::default()), Some(expected), "{created}");
        }
        let plain = SqlMode { no_backslash_escapes: true, ..SqlMode::default() };
        assert_eq!(body("CREATE PROCEDURE `p`(p enum('\\'))\nselect 1", plain), Some("select 1"));
    }
}
