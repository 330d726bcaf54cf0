//! [`Caller`]: who asks, and how a node identifies the caller.

use std::{collections::BTreeMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use beds_protocol::{ErrorCode, value::DateTime};
use futures_util::future::BoxFuture;

use crate::{
    error::{Error, Result},
    plan::Asker,
    service::Incoming,
    spec::RequestValue,
    value::{Value, microseconds},
};

/// The longest name of a session's user, in characters: the ledger keeps it behind a sign with which no name in
/// RabbitMQ begins.
const USER_CHARACTERS_MAX: usize = 254;
/// The sign before the name of a session's user in the ledger. So nobody is taken for a user of RabbitMQ.
const OF_SESSION: char = '\u{1f}';

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The name; `None` if nobody vouches for the caller.
    pub user: Option<Box<str>>,
    /// The roles.
    pub roles: Vec<Box<str>>,
    /// The id of the session, which is not its token; `None` for a user of RabbitMQ.
    pub session: Option<Box<str>>,
}

impl Caller {
    /// The name.
    ///
    /// # Errors
    /// `unauthenticated`, if nobody vouches for the caller.
    pub fn known(&self) -> Result<&str> {
        self.user.as_deref().ok_or_else(unknown)
    }

    /// The name under which the ledger keeps the caller's writes.
    #[must_use]
    pub fn ledger_name(&self) -> String {
        let user = self.user.as_deref().unwrap_or_default();
        match self.session {
            Some(_) => format!("{OF_SESSION}{user}"),
            None => user.to_owned(),
        }
    }
}

/// Knows sessions by their tokens.
pub trait Sessions: fmt::Debug + Send + Sync + 'static {
    /// The caller of a session. A look-up counts to the share of this client.
    ///
    /// # Errors
    /// `unauthenticated`, if there is no such session, or it has ended.
    fn identify<'a>(&'a self, token: &'a str, asker: Asker) -> BoxFuture<'a, Result<Caller>>;
}

/// The rules by which a node judges what callers may do. Clones share the users, so a change reaches all of them.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The node's name.
    pub node: Box<str>,
    /// Whether domains without `[access]` are open to all; otherwise they are closed.
    pub opens_undeclared: bool,
    /// The users of RabbitMQ that have roles.
    users: Arc<ArcSwap<Users>>,
    /// The users as which nodes log in to RabbitMQ.
    nodes: Vec<Box<str>>,
    /// The source of sessions.
    pub sessions: Option<Arc<dyn Sessions>>,
    anonymous: Arc<Caller>,
}

/// Users of RabbitMQ, by their names.
type Users = BTreeMap<Box<str>, Arc<Caller>>;

/// Users with their roles.
fn users<'a>(users: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Users {
    let caller = |(user, roles): (&str, &[String])| {
        let roles = roles.iter().map(|role| role.as_str().into()).collect();
        (user.into(), Arc::new(Caller { user: Some(user.into()), roles, session: None }))
    };
    users.into_iter().map(caller).collect()
}

impl Default for Rules {
    fn default() -> Self {
        Self::new("", true, [])
    }
}

impl Rules {
    /// The rules of a node: whether domains without `[access]` are open, and the roles of users of RabbitMQ.
    pub fn new<'a>(
        node: &str,
        opens_undeclared: bool,
        given: impl IntoIterator<Item = (&'a str, &'a [String])>,
    ) -> Self {
        Self {
            node: node.into(),
            opens_undeclared,
            users: Arc::new(ArcSwap::from_pointee(users(given))),
            nodes: Vec::new(),
            sessions: None,
            anonymous: Arc::default(),
        }
    }

    /// The same with the users as which nodes log in to RabbitMQ.
    #[must_use]
    pub fn with_nodes<'a>(self, nodes: impl IntoIterator<Item = &'a str>) -> Self {
        Self { nodes: nodes.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets the users of RabbitMQ that have roles from now on. Requests under way keep the roles with which they began.
    pub fn give<'a>(&self, roles: impl IntoIterator<Item = (&'a str, &'a [String])>) {
        self.users.store(Arc::new(users(roles)));
    }

    /// Whether a node reports about itself: RabbitMQ vouches for it, and the queue serves such reports alone.
    fn is_of_node(&self, incoming: &Incoming<'_>) -> bool {
        incoming.broker.is_ingest()
            && incoming.user_id.is_some_and(|user| self.nodes.iter().any(|node| **node == *user))
    }

    /// The same with a source of sessions.
    #[must_use]
    pub fn with_sessions(self, sessions: Arc<dyn Sessions>) -> Self {
        Self { sessions: Some(sessions), ..self }
    }

    /// The sender of a request: the user of the session that it names, else the user for whom RabbitMQ vouches.
    ///
    /// # Errors
    /// `unauthenticated`, if the session is invalid.
    pub async fn caller(&self, incoming: &Incoming<'_>) -> Result<Arc<Caller>> {
        let session = incoming.session.map_err(|()| {
            Error::new(ErrorCode::BadRequest, "the header `beds-session` is not a string")
                .hint("send the token of a session, or leave the header out")
        })?;
        match (session, incoming.user_id) {
            (Some(token), _) => self.of_session(token, Asker::named(incoming.client)).await,
            (None, None) => Ok(Arc::clone(&self.anonymous)),
            (None, Some(user)) => Ok(self
                .users
                .load()
                .get(user)
                .cloned()
                .unwrap_or_else(|| Arc::new(Caller { user: Some(user.into()), ..Caller::default() }))),
        }
    }

    async fn of_session(&self, token: &str, asker: Asker) -> Result<Arc<Caller>> {
        let Some(sessions) = &self.sessions else {
            let message = "the header `beds-session` names a session, and this node knows no sessions";
            return Err(Error::new(ErrorCode::Unauthenticated, message).hint(
                "leave the header out: the node then knows the caller by the `user_id` of the message",
            ));
        };
        let caller = sessions.identify(token, asker).await?;
        let is_whole = caller.session.is_some()
            && caller.user.as_ref().is_some_and(|user| user.chars().count() <= USER_CHARACTERS_MAX);
        if !is_whole {
            return Err(Error::internal("a session has no id, or no user whose name could be kept"));
        }
        Ok(Arc::new(caller))
    }
}

/// The caller, and the rules by which the caller is judged.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The user for whom RabbitMQ vouches, if the caller comes from a session.
    pub(crate) vouched: Option<Arc<str>>,
    /// The node's rules.
    pub rules: Arc<Rules>,
    /// Whether a method of the node asks in its own name, or a node reports about itself. No domain is closed to it.
    pub(crate) is_trusted: bool,
    /// Whether the request carries records from one place to another. Then it may give what a node generates otherwise,
    /// and a fetch reports the members that the template does not name.
    pub(crate) carries: bool,
}

impl Standing {
    /// For a caller in whose name a job goes on, long after the request that began it.
    #[must_use]
    pub const fn of_job(caller: Arc<Caller>, rules: Arc<Rules>) -> Self {
        Self { is_trusted: false, carries: false, caller, vouched: None, rules }
    }

    /// For the caller that sends a request, by these rules.
    #[must_use]
    pub fn new(caller: Arc<Caller>, rules: Arc<Rules>, incoming: &Incoming<'_>) -> Self {
        let vouched = incoming.user_id.filter(|_| caller.session.is_some()).map(Into::into);
        Self { is_trusted: rules.is_of_node(incoming), carries: false, caller, vouched, rules }
    }
}

/// A value of the request itself, as an argument. A missing value is null, except the caller, whom the argument needs.
///
/// # Errors
/// `unauthenticated`, if the caller is not known.
pub(crate) fn asked(wanted: RequestValue, standing: &Standing, request_id: &str) -> Result<Value> {
    let Caller { user: _, roles, session } = &*standing.caller;
    let text = |text: &str| Value::Text(text.to_owned());
    Ok(match wanted {
        RequestValue::User => text(standing.caller.known()?),
        // A list of texts always has a JSON form.
        RequestValue::Roles => Value::Text(serde_json::to_string(roles).unwrap_or_default()),
        RequestValue::Session => session.as_deref().map_or(Value::Null, text),
        RequestValue::Node => text(&standing.rules.node),
        RequestValue::RequestId => text(request_id),
        RequestValue::Now => Value::DateTime(microseconds(DateTime::now())),
    })
}

/// The error of an operation that requires a known caller.
pub(super) fn unknown() -> Error {
    Error::new(ErrorCode::Unauthenticated, "only identified callers may do this").hint(
        "set `user_id` of the message to the user of the connection, or send a session in `beds-session`",
    )
}
