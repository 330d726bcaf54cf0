//! The meaning of MongoDB's error codes: <https://www.mongodb.com/docs/manual/reference/error-codes/>.

/// The meaning of an error code for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A unique value is taken.
    Duplicate,
    /// The validator of the collection refused the document.
    Invalid,
    /// The server gave up when the time of the request was over.
    Late,
    /// Others kept changing the same documents.
    Contended,
    /// The node's user lacks a privilege.
    Unauthorized,
    /// The server does not know the node's user, or the password is wrong.
    Unauthenticated,
    /// The template and the database disagree.
    Disagrees,
    /// A document is longer than MongoDB's 16 MiB.
    TooLong,
    /// The server cannot do it now, and did not begin.
    Unavailable,
    /// The server went away or lost its role, perhaps in the middle of the work. If it had not begun, newer servers say
    /// so by a label.
    Interrupted,
    /// The document is written, but too few servers confirmed it in time.
    Unconfirmed,
    /// The server has no transactions.
    NoTransactions,
    /// The meaning is unknown.
    Strange,
}

/// There is no such collection.
pub(super) const NAMESPACE_NOT_FOUND: i32 = 26;

/// Code, name, meaning. The name identifies the meaning if a server sends another number.
const CODES: &[(i32, &str, Meaning)] = &[
    (6, "HostUnreachable", Meaning::Interrupted),
    (7, "HostNotFound", Meaning::Interrupted),
    (11, "UserNotFound", Meaning::Unauthenticated),
    (13, "Unauthorized", Meaning::Unauthorized),
    (14, "TypeMismatch", Meaning::Disagrees),
    (18, "AuthenticationFailed", Meaning::Unauthenticated),
    (20, "IllegalOperation", Meaning::NoTransactions),
    (24, "LockTimeout", Meaning::Contended),
    (NAMESPACE_NOT_FOUND, "NamespaceNotFound", Meaning::Disagrees),
    (43, "CursorNotFound", Meaning::Interrupted),
    (46, "LockBusy", Meaning::Contended),
    (50, "MaxTimeMSExpired", Meaning::Late),
    (63, "StaleShardVersion", Meaning::Interrupted),
    (64, "WriteConcernTimeout", Meaning::Unconfirmed),
    (79, "UnknownReplWriteConcern", Meaning::Unconfirmed),
    (89, "NetworkTimeout", Meaning::Interrupted),
    (91, "ShutdownInProgress", Meaning::Interrupted),
    (100, "UnsatisfiableWriteConcern", Meaning::Unconfirmed),
    (112, "WriteConflict", Meaning::Contended),
    (121, "DocumentValidationFailure", Meaning::Invalid),
    (133, "FailedToSatisfyReadPreference", Meaning::Unavailable),
    (134, "ReadConcernMajorityNotAvailableYet", Meaning::Unavailable),
    (136, "CappedPositionLost", Meaning::Interrupted),
    (150, "StaleEpoch", Meaning::Interrupted),
    (166, "CommandNotSupportedOnView", Meaning::Disagrees),
    (175, "QueryPlanKilled", Meaning::Interrupted),
    (189, "PrimarySteppedDown", Meaning::Interrupted),
    (202, "NetworkInterfaceExceededTimeLimit", Meaning::Interrupted),
    (225, "TransactionTooOld", Meaning::Contended),
    (237, "CursorKilled", Meaning::Interrupted),
    (244, "TransactionAborted", Meaning::Contended),
    (246, "SnapshotUnavailable", Meaning::Contended),
    (251, "NoSuchTransaction", Meaning::Contended),
    (262, "ExceededTimeLimit", Meaning::Late),
    (263, "OperationNotSupportedInTransaction", Meaning::NoTransactions),
    (267, "PreparedTransactionInProgress", Meaning::Contended),
    (290, "TransactionExceededLifetimeLimitSeconds", Meaning::Contended),
    (365, "TemporarilyUnavailable", Meaning::Unavailable),
    (371, "UserWritesBlocked", Meaning::Unavailable),
    (9001, "SocketException", Meaning::Interrupted),
    (10058, "LegacyNotPrimary", Meaning::Interrupted),
    (10107, "NotWritablePrimary", Meaning::Interrupted),
    (10334, "BSONObjectTooLarge", Meaning::TooLong),
    (11000, "DuplicateKey", Meaning::Duplicate),
    (11001, "DuplicateKey", Meaning::Duplicate),
    (11600, "InterruptedAtShutdown", Meaning::Interrupted),
    (11601, "Interrupted", Meaning::Interrupted),
    (11602, "InterruptedDueToReplStateChange", Meaning::Interrupted),
    (13388, "StaleConfig", Meaning::Interrupted),
    (13435, "NotPrimaryNoSecondaryOk", Meaning::Interrupted),
    (13436, "NotPrimaryOrSecondary", Meaning::Interrupted),
    (14031, "OutOfDiskSpace", Meaning::Unavailable),
    (17280, "KeyTooLong", Meaning::TooLong),
    (17419, "ResultingDocumentTooLarge", Meaning::TooLong),
];

impl Meaning {
    /// The meaning of a code, or of its name.
    pub(super) fn of(code: i32, name: &str) -> Self {
        let known = CODES.iter().find(|(known, ..)| *known == code);
        let known = known.or_else(|| CODES.iter().find(|(_, known, _)| *known == name));
        known.map_or(Self::Strange, |(.., meaning)| *meaning)
    }
}

#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (i32, &'static str)> {
    CODES.iter().map(|(code, name, _)| (*code, *name))
}
