//! A condition of a statement as MariaDB reads it: what binds stronger, what weaker.
//!
//! What stands in functions, queries and sums is not looked into: only which names are in it.

mod reader;

pub(crate) use self::reader::condition;

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Xor(Box<[Expr; 2]>),
    Not(Box<Expr>),
    /// Two sides of a comparison.
    Compared(Sign, Box<[Expr; 2]>),
    /// One of a list.
    In(Box<Expr>, Vec<Expr>),
    /// `like`, `between`, `regexp`, with what it is held against.
    Matched(Box<Expr>, Vec<Expr>),
    Null(Box<Expr>),
    /// `(a, b)`
    Row(Vec<Expr>),
    /// A name with what it is qualified by.
    Name(Vec<String>),
    /// A number or a word as it is written; a text is not kept.
    Constant(Option<String>),
    Made(Made),
}

/// A value that is made of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) how: How,
    /// The names in it, each with what it is qualified by.
    pub(crate) names: Vec<Vec<String>>,
}

/// How a value is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A sum, a product, a sign: another value than what it is made of.
    Sum,
    /// A function, a case, another collation: nobody knows.
    Function,
    /// A query.
    Query,
}

/// How two sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Equal,
    Differs,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Sign {
    /// What holds where this does not.
    pub(crate) const fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Differs,
            Self::Differs => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    /// Whether it holds between a value and itself.
    pub(crate) const fn holds_of_itself(self) -> bool {
        matches!(self, Self::Equal | Self::LessOrEqual | Self::GreaterOrEqual)
    }
}

impl Expr {
    /// Whether it is true or false.
    pub(crate) const fn is_condition(&self) -> bool {
        match self {
            Self::All(_)
            | Self::Any(_)
            | Self::Xor(_)
            | Self::Not(_)
            | Self::Compared(..)
            | Self::In(..)
            | Self::Matched(..)
            | Self::Null(_) => true,
            Self::Row(_) | Self::Name(_) | Self::Constant(_) | Self::Made(_) => false,
        }
    }

    /// The names in it, each with what it is qualified by.
    pub(crate) fn names(&self) -> Vec<&[String]> {
        fn of(parts: &[Expr]) -> Vec<&[String]> {
            parts.iter().flat_map(Expr::names).collect()
        }
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Row(parts) => of(parts),
            Self::Xor(sides) | Self::Compared(_, sides) => of(&sides[..]),
            Self::Not(inner) | Self::Null(inner) => inner.names(),
            Self::In(inner, list) | Self::Matched(inner, list) => {
                let mut names = inner.names();
                names.extend(of(list));
                names
            }
            Self::Name(parts) => vec![parts.as_slice()],
            Self::Constant(_) => Vec::new(),
            Self::Made(made) => made.names.iter().map(Vec::as_slice).collect(),
        }
    }
}
