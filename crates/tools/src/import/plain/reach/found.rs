//! What a condition says of the records that it finds.

use super::Names;
use crate::routine::{Expr, How, Made, Sign};

/// How many alternatives a condition may have. A condition with more is not read.
const WAYS_MAX: usize = 32;

/// What must all hold for a record that is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The columns that are equal to a parameter or a constant.
    pub(crate) equal: Vec<String>,
    /// The columns that are equal to a parameter, each with the parameter.
    pub(crate) given: Vec<(String, String)>,
    /// The columns that are compared in another way.
    pub(crate) compared: Vec<String>,
    /// Those of them that are compared with a parameter by `<`, `>` and the like.
    pub(crate) ordered: Vec<String>,
    /// The columns that are compared with a computed value, or that are part of a computation.
    pub(crate) computed: Vec<String>,
    /// The columns that are compared with an unknown value, each with the parameters that the value is made of; none if
    /// it is made of more than parameters.
    pub(crate) made: Vec<(String, Option<Vec<String>>)>,
    /// Those of them that stand by themselves and are compared with what a function makes of parameters alone.
    pub(crate) converted: Vec<String>,
    /// The parameters that are compared with themselves: a bare name that is a column as well means the parameter.
    pub(crate) hidden: Vec<String>,
    /// The parameters that must be null.
    pub(crate) nulls: Vec<String>,
    /// Whether the condition asks anything that is not always true.
    pub(crate) is_bound: bool,
    /// Whether nothing of the condition could be read.
    pub(crate) is_unread: bool,
}

impl Found {
    pub(super) fn unread() -> Self {
        Self { is_unread: true, ..Self::bound() }
    }

    fn bound() -> Self {
        Self { is_bound: true, ..Self::default() }
    }

    /// A comparison that proves nothing: it is equal only if another one is not true.
    fn turned(self) -> Self {
        let Self { equal, made, .. } = self;
        let made = made.into_iter().chain(equal.into_iter().map(|column| (column, None))).collect();
        Self { equal: Vec::new(), given: Vec::new(), made, ..self }
    }

    /// What is found if both hold.
    fn and(&self, other: &Self) -> Self {
        let both = |of: fn(&Self) -> &Vec<String>| [of(self).as_slice(), of(other)].concat();
        Self {
            equal: both(|found| &found.equal),
            given: [self.given.as_slice(), &other.given].concat(),
            compared: both(|found| &found.compared),
            ordered: both(|found| &found.ordered),
            computed: both(|found| &found.computed),
            made: [self.made.as_slice(), &other.made].concat(),
            converted: both(|found| &found.converted),
            hidden: both(|found| &found.hidden),
            nulls: both(|found| &found.nulls),
            is_bound: self.is_bound || other.is_bound,
            is_unread: self.is_unread || other.is_unread,
        }
    }
}

/// One side of a comparison.
enum Side {
    Column(String),
    Parameter(String),
    /// A number or a word as it is written. The value of a string is not kept.
    Constant(Option<String>),
    /// A variable, or a column of another table.
    Other,
    /// A computed value, with its columns and its parameters; no parameters if another variable is in it.
    Made(How, Vec<String>, Option<Vec<String>>),
}

/// The alternatives for which a condition is true, or is false; one of them is enough.
pub(super) fn ways(expr: &Expr, wanted: bool, names: &Names<'_>) -> Vec<Found> {
    let found = match (expr, wanted) {
        (Expr::Not(inner), _) => ways(inner, !wanted, names),
        (Expr::All(parts), true) | (Expr::Any(parts), false) => all(parts, wanted, names),
        (Expr::Any(parts), true) | (Expr::All(parts), false) => {
            parts.iter().flat_map(|part| ways(part, wanted, names)).collect()
        }
        (Expr::Xor(sides), _) => {
            let [one, other] = &**sides;
            let of = |is: bool| product(&ways(one, is, names), &ways(other, is != wanted, names));
            [of(true), of(false)].concat()
        }
        (Expr::In(of, list), _) => {
            let equals = |item: &Expr| compared(Sign::Equal, of, item, wanted, names);
            if wanted {
                list.iter().flat_map(equals).collect()
            } else {
                list.iter().map(equals).fold(vec![Found::default()], |ways, more| product(&ways, &more))
            }
        }
        (Expr::Compared(sign, sides), _) => compared(*sign, &sides[0], &sides[1], wanted, names),
        (Expr::Matched(of, against), _) => {
            let mentioned = against.iter().chain([&**of]).flat_map(Expr::names);
            let compared = mentioned.filter_map(|name| names.column(name)).collect();
            vec![Found { compared, ..Found::bound() }]
        }
        (Expr::Null(inner), false) if inner.is_condition() => vec![Found::default()],
        (Expr::Null(inner), _) => match names.side(inner) {
            Side::Parameter(parameter) if wanted => {
                vec![Found { nulls: vec![parameter], ..Found::bound() }]
            }
            _ => vec![Found::bound()],
        },
        (Expr::Constant(Some(word)), _) if is_true(word).is_some() => {
            let is_always = is_true(word) == Some(wanted);
            is_always.then(Found::default).into_iter().collect()
        }
        (Expr::Made(_), _) => match names.side(expr) {
            Side::Made(How::Sum, computed, _) => vec![Found { computed, ..Found::bound() }],
            Side::Made(_, columns, parameters) => {
                let made = columns.into_iter().map(|column| (column, parameters.clone())).collect();
                vec![Found { made, ..Found::bound() }]
            }
            _ => vec![Found::bound()],
        },
        (Expr::Constant(_) | Expr::Name(_) | Expr::Row(_), _) => vec![Found::bound()],
    };
    if found.len() > WAYS_MAX { vec![Found::unread()] } else { found }
}

fn all(parts: &[Expr], wanted: bool, names: &Names<'_>) -> Vec<Found> {
    let each = parts.iter().map(|part| ways(part, wanted, names));
    each.fold(vec![Found::default()], |ways, more| product(&ways, &more))
}

fn product(ways: &[Found], others: &[Found]) -> Vec<Found> {
    if ways.len() * others.len() > WAYS_MAX {
        return vec![Found::unread()];
    }
    ways.iter().flat_map(|way| others.iter().map(|other| way.and(other))).collect()
}

fn compared(sign: Sign, left: &Expr, right: &Expr, wanted: bool, names: &Names<'_>) -> Vec<Found> {
    let (written, sign) = (sign, if wanted { sign } else { sign.turned() });
    match (left, right) {
        // `(a, b) = (p_a, p_b)`, which is `a = p_a and b = p_b`.
        (Expr::Row(left), Expr::Row(right)) if left.len() == right.len() => {
            let pairs =
                left.iter().zip(right).map(|(left, right)| compared(written, left, right, wanted, names));
            match sign {
                Sign::Equal => pairs.fold(vec![Found::default()], |ways, more| product(&ways, &more)),
                _ => pairs.flatten().collect(),
            }
        }
        // `(a = p_a) = 0`
        (inner, Expr::Constant(Some(word))) | (Expr::Constant(Some(word)), inner)
            if inner.is_condition()
                && matches!(sign, Sign::Equal | Sign::Differs)
                && is_true(word).is_some() =>
        {
            ways(inner, (is_true(word) == Some(true)) == (sign == Sign::Equal), names)
        }
        _ if left.is_condition() || right.is_condition() => {
            let mentioned = left.names().into_iter().chain(right.names());
            let computed = mentioned.filter_map(|name| names.column(name)).collect();
            vec![Found { computed, ..Found::bound() }]
        }
        _ => {
            let found = sides(sign, names.side(left), names.side(right));
            vec![if wanted { found } else { found.turned() }]
        }
    }
}

/// What a comparison of two values says.
fn sides(sign: Sign, left: Side, right: Side) -> Found {
    use Side::{Column, Constant, Made, Other, Parameter};
    let bound = Found::bound();
    let is_equal = sign == Sign::Equal;
    match (left, right) {
        (Column(column), Parameter(parameter)) | (Parameter(parameter), Column(column)) => {
            if is_equal {
                Found { given: vec![(column.clone(), parameter)], equal: vec![column], ..bound }
            } else {
                Found { compared: vec![column.clone()], ordered: vec![column], ..bound }
            }
        }
        (Column(column), Constant(_)) | (Constant(_), Column(column)) if is_equal => {
            Found { equal: vec![column], ..bound }
        }
        (Column(column), Constant(_)) | (Constant(_), Column(column)) => {
            Found { compared: vec![column], ..bound }
        }
        (Column(one), Column(other)) => Found { compared: vec![one, other], ..bound },
        (Column(column), Other) | (Other, Column(column)) if is_equal => {
            Found { made: vec![(column, None)], ..bound }
        }
        (Column(column), Other | Made(..)) | (Other | Made(..), Column(column)) if !is_equal => {
            Found { compared: vec![column], ..bound }
        }
        (Column(column), Made(how, within, parameters)) | (Made(how, within, parameters), Column(column)) => {
            match how {
                How::Query => Found { made: vec![(column, parameters)], ..bound },
                How::Function if within.is_empty() => {
                    let converted = parameters.as_ref().map(|_| column.clone()).into_iter().collect();
                    Found { made: vec![(column, parameters)], converted, ..bound }
                }
                How::Function | How::Sum => Found { computed: vec![column], ..bound },
            }
        }
        (Made(how, columns, parameters), other) | (other, Made(how, columns, parameters)) => {
            if !is_equal {
                Found { compared: columns, ..bound }
            } else if how == How::Sum || columns.len() > 1 {
                Found { computed: columns, ..bound }
            } else {
                let parameters = match other {
                    Parameter(parameter) => parameters.map(|mut all| {
                        all.push(parameter);
                        all
                    }),
                    Made(_, _, more) => parameters.zip(more).map(|(all, more)| [all, more].concat()),
                    Constant(_) | Column(_) => parameters,
                    Other => None,
                };
                let made = columns.into_iter().map(|column| (column, parameters.clone())).collect();
                Found { made, ..bound }
            }
        }
        (Parameter(one), Parameter(other)) if one == other => {
            Found { hidden: vec![one], is_bound: !sign.holds_of_itself(), ..bound }
        }
        (Constant(Some(one)), Constant(Some(other))) if one == other => {
            Found { is_bound: !sign.holds_of_itself(), ..bound }
        }
        (Parameter(_) | Constant(_) | Other, Parameter(_) | Constant(_) | Other)
        | (Other, Column(_))
        | (Column(_), Other) => bound,
    }
}

impl Names<'_> {
    fn side(&self, expr: &Expr) -> Side {
        match expr {
            Expr::Name(name) => match (self.is_variable(name), self.parameter(name), self.column(name)) {
                (true, _, _) | (_, None, None) => Side::Other,
                (_, Some(parameter), _) => Side::Parameter(parameter),
                (_, None, Some(column)) => Side::Column(column),
            },
            Expr::Constant(written) => Side::Constant(written.clone()),
            Expr::Made(Made { how, .. }) => self.made(*how, expr),
            Expr::Row(_) => self.made(How::Function, expr),
            Expr::All(_)
            | Expr::Any(_)
            | Expr::Xor(_)
            | Expr::Not(_)
            | Expr::Compared(..)
            | Expr::In(..)
            | Expr::Matched(..)
            | Expr::Null(_) => self.made(How::Sum, expr),
        }
    }

    fn made(&self, how: How, expr: &Expr) -> Side {
        let all = expr.names();
        let parameters = all.iter().filter_map(|name| self.parameter(name)).collect();
        let is_known = !all.iter().any(|name| self.is_variable(name));
        let mut columns: Vec<String> = all.iter().filter_map(|name| self.column(name)).collect();
        columns.sort_unstable();
        columns.dedup();
        Side::Made(how, columns, is_known.then_some(parameters))
    }
}

/// Whether a constant that stands alone as a condition is true of every record, or of none.
fn is_true(word: &str) -> Option<bool> {
    match word {
        "true" => Some(true),
        "false" => Some(false),
        number => number.parse::<u64>().ok().map(|number| number > 0),
    }
}
