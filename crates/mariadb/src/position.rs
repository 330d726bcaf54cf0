//! [`Position`]: how far a server is in the order of all commits, by MariaDB's global transaction ids.

use std::{collections::BTreeMap, fmt};

/// The number of the last transaction in each domain of replication, as in `0-1-100,7-2-3`: domain, server, number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position(BTreeMap<u32, (u32, u64)>);

impl Position {
    /// Reads a position that a server reports, or that a client has from a server; `None` if the text is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut domains = BTreeMap::new();
        for id in text.split(',').filter(|id| !id.is_empty()) {
            let mut numbers = id.split('-');
            let (domain, server, number) = (numbers.next()?, numbers.next()?, numbers.next()?);
            if numbers.next().is_some() {
                return None;
            }
            domains.insert(domain.parse().ok()?, (server.parse().ok()?, number.parse().ok()?));
        }
        Some(Self(domains))
    }

    /// Whether no transaction has an id: the server writes no binary log.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this position includes everything up to the other one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(domain, (_, number))| self.0.get(domain).is_some_and(|(_, own)| own >= number))
    }

    /// The farther of both in each domain.
    pub(crate) fn advance(&mut self, other: &Self) {
        for (domain, (server, number)) in &other.0 {
            let own = self.0.entry(*domain).or_insert((*server, *number));
            if own.1 < *number {
                *own = (*server, *number);
            }
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (domain, (server, number))) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{domain}-{server}-{number}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str) -> Position {
        Position::parse(text).unwrap()
    }

    #[test]
    fn a_position_covers_what_it_is_behind_in_no_domain() {
        for (here, there, covers) in [
            ("0-1-5", "0-1-5", true),
            ("0-2-6", "0-1-5", true),
            ("0-1-4", "0-1-5", false),
            ("0-1-9", "0-1-5,7-1-1", false),
            ("0-1-9,7-3-1", "0-1-5,7-1-1", true),
            ("", "0-1-1", false),
            ("", "", true),
        ] {
            assert_eq!(position(here).covers(&position(there)), covers, "{here} {there}");
        }
        let mut both = position("0-1-5,7-1-9");
        both.advance(&position("0-2-6,7-1-2,8-1-1"));
        assert_eq!(both.to_string(), "0-2-6,7-1-9,8-1-1");
    }

    #[test]
    fn what_is_no_position_is_none() {
        for text in ["x", "0-1", "0-1-2-3", "0-1--2", "0-1-2;drop", "99999999999-1-1", "' or 1"] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
        assert!(position("").is_empty() && !position("0-1-1").is_empty());
    }
}
