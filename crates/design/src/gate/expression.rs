//! Expressions: constants, names, listed operators and listed functions.

use beds_protocol::{nearest, shown};

use super::{
    Refused,
    functions::{self, RESERVED, UNITS, WITH_INTERVAL, WITH_UNIT},
    reader::{Reader, Result},
    tokens::Token,
};

const OPERATOR_WORDS: [&str; 8] = ["and", "or", "xor", "div", "mod", "like", "between", "is"];
const OPERATOR_MARKS: [&str; 13] = ["=", "<=>", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"];
/// The most items of a list.
const ITEMS_MAX: usize = 500;

/// Reads an expression. The server applies the precedence of operators: the rewritten expression has them in the same
/// order.
pub(super) fn expression(reader: &mut Reader<'_>) -> Result<()> {
    reader.deeper(|reader| {
        operand(reader)?;
        loop {
            if reader.word("not") {
                // `a not in (…)`, `a not like b`, `a not between b and c`
                match reader.peek() {
                    Some(Token::Word(word)) if matches!(word.as_str(), "in" | "like" | "between") => {}
                    _ => return Err(reader.unexpected("`in`, `like` or `between`")),
                }
            }
            if reader.word("in") {
                list_or_query(reader)?;
                continue;
            }
            if reader.word("is") {
                reader.word("not");
                if !["null", "true", "false"].iter().any(|word| reader.word(word)) {
                    return Err(reader.unexpected("`null`, `true` or `false`"));
                }
                continue;
            }
            let is_operator = OPERATOR_WORDS.iter().any(|word| reader.word(word))
                || OPERATOR_MARKS.iter().any(|mark| reader.mark(mark));
            if !is_operator {
                return Ok(());
            }
            operand(reader)?;
        }
    })
}

/// Expressions separated by commas; returns their number.
pub(super) fn expressions(reader: &mut Reader<'_>) -> Result<usize> {
    let mut count = 0;
    loop {
        expression(reader)?;
        count += 1;
        if count > ITEMS_MAX {
            return Err(Refused::new("a list is too long", format!("it may have {ITEMS_MAX} items")));
        }
        if !reader.mark(",") {
            return Ok(count);
        }
    }
}

fn list_or_query(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_mark("(")?;
    if reader.is_word("select") {
        reader.query()?;
    } else {
        expressions(reader)?;
    }
    reader.needs_mark(")")
}

fn operand(reader: &mut Reader<'_>) -> Result<()> {
    // At most two signs or `not`: a longer chain says no more.
    for _ in 0..2 {
        if !(reader.word("not") || reader.mark("-") || reader.mark("+")) {
            break;
        }
    }
    match reader.peek() {
        Some(Token::Number(number)) => {
            reader.skip();
            reader.write(number);
            Ok(())
        }
        Some(Token::Text(text)) => {
            reader.skip();
            reader.write_text(text);
            // The server reads two adjacent texts as one text.
            match reader.peek() {
                Some(Token::Text(_)) => Err(reader.unexpected("an operator")),
                _ => Ok(()),
            }
        }
        Some(Token::Mark("(")) => {
            reader.mark("(");
            if reader.is_word("select") {
                reader.query()?;
            } else {
                expression(reader)?;
            }
            reader.needs_mark(")")
        }
        Some(Token::Word(word)) => word_operand(reader, word),
        Some(Token::Name(_)) => name_operand(reader),
        Some(Token::Mark(_)) | None => Err(reader.unexpected("an expression")),
    }
}

fn word_operand(reader: &mut Reader<'_>, word: &str) -> Result<()> {
    let is_called = matches!(reader.ahead(1), Some(Token::Mark("(")));
    match word {
        "null" | "true" | "false" => {
            reader.word(word);
            Ok(())
        }
        "exists" => {
            reader.word("exists");
            reader.needs_mark("(")?;
            reader.query()?;
            reader.needs_mark(")")
        }
        "case" => case(reader),
        "interval" => interval(reader),
        "cast" if is_called => cast(reader),
        "values" if is_called && reader.in_duplicate => {
            reader.skip();
            reader.skip();
            reader.write("values(");
            let column = reader.name("a column")?;
            reader.write_name(&column);
            reader.refer(None, column);
            reader.needs_mark(")")
        }
        _ if is_called => call(reader, word),
        _ if RESERVED.contains(&word) => Err(reader.unexpected("an expression")),
        _ => name_operand(reader),
    }
}

/// `a`, or `t.a`.
fn name_operand(reader: &mut Reader<'_>) -> Result<()> {
    let first = reader.name("a name")?;
    if reader.is_mark("(") {
        let message = format!("{} is called as a function", shown(&first));
        return Err(Refused::new(message, "a body cannot call functions of the database itself"));
    }
    reader.write_name(&first);
    if !reader.mark(".") {
        reader.refer(None, first);
        return Ok(());
    }
    let second = reader.name("a column")?;
    reader.write_name(&second);
    if reader.is_mark(".") || reader.is_mark("(") {
        let message = format!("{} is a name of another database", shown(format!("{first}.{second}")));
        return Err(Refused::new(message, "name tables and columns without their database"));
    }
    reader.refer(Some(first), second);
    Ok(())
}

fn call(reader: &mut Reader<'_>, name: &str) -> Result<()> {
    let Some(function) = functions::named(name) else {
        let help = match functions::instead(name) {
            Some(other) => format!("use {other}"),
            None => match nearest(name, functions::all()) {
                Some(near) => format!("did you mean `{near}`? Only listed functions may be used"),
                None => format!("these may be used: {}", functions::all().collect::<Vec<_>>().join(", ")),
            },
        };
        return Err(Refused::new(format!("no body may call the function {}", shown(name)), help));
    };
    reader.skip();
    reader.skip();
    // Without a blank before the parenthesis: by that the server distinguishes a function from a name.
    reader.write(&format!("{name}("));
    if name == "count" && reader.mark("*") {
        return reader.needs_mark(")");
    }
    if matches!(name, "count" | "sum" | "avg" | "group_concat") {
        reader.word("distinct");
    }
    let mut count = 0;
    if name == WITH_UNIT {
        unit(reader)?;
        reader.needs_mark(",")?;
        count += 1;
    }
    if !reader.is_mark(")") {
        if WITH_INTERVAL.contains(&name) {
            expression(reader)?;
            reader.needs_mark(",")?;
            interval(reader)?;
            count += 2;
        } else {
            count += expressions(reader)?;
        }
    }
    if !(function.min..=function.max).contains(&count) {
        let message = format!("{} has {count} arguments", shown(name));
        return Err(Refused::new(message, format!("it takes {} to {}", function.min, function.max)));
    }
    reader.needs_mark(")")
}

fn unit(reader: &mut Reader<'_>) -> Result<()> {
    if UNITS.iter().any(|unit| reader.word(unit)) {
        Ok(())
    } else {
        Err(reader.unexpected(&format!("a unit: {}", UNITS.join(", "))))
    }
}

/// `interval 3 day`
fn interval(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("interval")?;
    reader.deeper(operand)?;
    unit(reader)
}

/// `case [a] when b then c else d end`
fn case(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("case")?;
    if !reader.is_word("when") {
        expression(reader)?;
    }
    if !reader.is_word("when") {
        return Err(reader.unexpected("`when`"));
    }
    while reader.word("when") {
        expression(reader)?;
        reader.needs_word("then")?;
        expression(reader)?;
    }
    if reader.word("else") {
        expression(reader)?;
    }
    reader.needs_word("end")
}

/// `cast(a as decimal(10, 2))`
fn cast(reader: &mut Reader<'_>) -> Result<()> {
    reader.skip();
    reader.skip();
    reader.write("cast(");
    expression(reader)?;
    reader.needs_word("as")?;
    if ["signed", "unsigned", "date", "double"].iter().any(|ty| reader.word(ty)) {
        return reader.needs_mark(")");
    }
    if reader.word("decimal") {
        digits(reader)?;
    } else if reader.word("char") {
        length(reader, TEXT_CHARACTERS_MAX)?;
    } else if reader.word("datetime") || reader.word("time") {
        if reader.is_mark("(") {
            length(reader, 6)?;
        }
    } else {
        return Err(reader
            .unexpected("signed, unsigned, decimal(p, s), char(n), date, datetime(6), time(6) or double"));
    }
    reader.needs_mark(")")
}

/// The longest text in a variable.
const TEXT_CHARACTERS_MAX: u32 = 4_000;

/// A type of a variable.
pub(super) fn ty(reader: &mut Reader<'_>) -> Result<()> {
    if reader.word("int") || reader.word("bigint") {
        reader.word("unsigned");
        return Ok(());
    }
    if reader.word("decimal") {
        return digits(reader);
    }
    if reader.word("varchar") || reader.word("char") {
        return length(reader, TEXT_CHARACTERS_MAX);
    }
    if reader.word("datetime") || reader.word("time") {
        return if reader.is_mark("(") { length(reader, 6) } else { Ok(()) };
    }
    if ["boolean", "double", "date", "uuid", "text", "json"].iter().any(|ty| reader.word(ty)) {
        return Ok(());
    }
    Err(reader.unexpected(
        "a type: int, bigint, decimal(p, s), varchar(n), char(n), boolean, double, date, time(6), datetime(6), uuid, text, json",
    ))
}

fn length(reader: &mut Reader<'_>, max: u32) -> Result<()> {
    reader.needs_mark("(")?;
    reader.whole(max)?;
    reader.needs_mark(")")
}

fn digits(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_mark("(")?;
    reader.whole(65)?;
    reader.needs_mark(",")?;
    reader.whole(38)?;
    reader.needs_mark(")")
}
