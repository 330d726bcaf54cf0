//! A condition of a statement, read with the operator precedence of MariaDB.
//!
//! The inside of functions, queries and sums is not analysed: only the names in it are collected.

mod reader;

pub(crate) use self::reader::condition;

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Xor(Box<[Expr; 2]>),
    Not(Box<Expr>),
    /// A comparison of two sides.
    Compared(Sign, Box<[Expr; 2]>),
    /// A value in a list.
    In(Box<Expr>, Vec<Expr>),
    /// `like`, `between`, `regexp`, with the operands that the value is compared with.
    Matched(Box<Expr>, Vec<Expr>),
    Null(Box<Expr>),
    /// `(a, b)`
    Row(Vec<Expr>),
    /// A name with its qualifiers.
    Name(Vec<String>),
    /// A number or a word as it is written. The value of a string is not kept.
    Constant(Option<String>),
    Made(Made),
}

/// A value that is computed from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) how: How,
    /// The names in the value, each with its qualifiers.
    pub(crate) names: Vec<Vec<String>>,
}

/// How a value is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A sum, a product, a sign: the value differs from its operands.
    Sum,
    /// A function, a case, another collation: the value is unknown.
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
    /// The comparison that holds if this one does not.
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

    /// Whether the comparison holds between a value and itself.
    pub(crate) const fn holds_of_itself(self) -> bool {
        matches!(self, Self::Equal | Self::LessOrEqual | Self::GreaterOrEqual)
    }
}

impl Expr {
    /// Whether the expression is true or false.
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

    /// The names in the expression, each with its qualifiers.
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
