//! [`Positions`]: the positions of the databases after a request's writes, and those that its reads require.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use beds_protocol::ErrorCode;

use crate::error::{Error, Result};

/// The positions of one request: by the names of databases, each in its engine's form.
#[derive(Debug, Default)]
pub struct Positions {
    after: BTreeMap<String, String>,
    reached: Mutex<BTreeMap<&'static str, String>>,
}

impl Positions {
    /// For a request whose header `beds-after` names some, such as `catalog=0-1-100`, with semicolons between.
    ///
    /// # Errors
    /// `bad_request`, if the header has another form.
    pub fn of(after: std::result::Result<Option<&str>, ()>) -> Result<Self> {
        let after = after.map_err(|()| malformed())?.unwrap_or_default();
        let parts = after.split(';').filter(|part| !part.is_empty());
        let parts = parts.map(|part| part.split_once('=').ok_or_else(malformed));
        let after = parts.map(|part| part.map(|(database, at)| (database.to_owned(), at.to_owned())));
        Ok(Self { after: after.collect::<Result<_>>()?, reached: Mutex::default() })
    }

    /// The position that a database must have reached for a read.
    #[must_use]
    pub fn after(&self, database: &str) -> Option<&str> {
        self.after.get(database).map(String::as_str)
    }

    /// Notes the position of a database after a write of the request. `now` makes it of the position known before, if
    /// there was one.
    pub fn reach(&self, database: &'static str, now: impl FnOnce(Option<&str>) -> String) {
        let mut reached = self.reached();
        let now = now(reached.get(database).map(String::as_str));
        reached.insert(database, now);
    }

    /// The positions of the databases into which the request has written, for the header `beds-position` of its reply.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let reached = self.reached();
        let parts: Vec<_> = reached.iter().map(|(database, at)| format!("{database}={at}")).collect();
        (!parts.is_empty()).then(|| parts.join(";"))
    }

    fn reached(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of an invalid header `beds-after`.
#[must_use]
pub fn malformed() -> Error {
    Error::new(ErrorCode::BadRequest, "the header `beds-after` is not a position")
        .hint("send the value of the header `beds-position` from the reply to a write")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reply_tells_is_what_a_request_names() {
        let positions = Positions::default();
        assert_eq!(positions.told(), None);
        positions.reach("catalog", |before| {
            assert_eq!(before, None);
            "0-1-5".to_owned()
        });
        positions.reach("harbour", |_| "7-1-1,0-2-3".to_owned());
        positions.reach("catalog", |before| format!("{}0", before.unwrap()));
        let told = positions.told().unwrap();
        assert_eq!(told, "catalog=0-1-50;harbour=7-1-1,0-2-3");
        let after = Positions::of(Ok(Some(&told))).unwrap();
        assert_eq!(after.after("harbour"), Some("7-1-1,0-2-3"));
        assert_eq!((after.after("yard"), after.told()), (None, None));
    }

    #[test]
    fn another_text_is_refused() {
        for after in [Ok(Some("0-1-5")), Err(())] {
            assert_eq!(Positions::of(after).unwrap_err().code, ErrorCode::BadRequest);
        }
        assert!(Positions::of(Ok(None)).is_ok() && Positions::of(Ok(Some(""))).is_ok());
    }
}
