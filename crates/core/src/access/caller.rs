//! [`Caller`]: who asks, and how a node knows.

use std::{collections::BTreeMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use beds_protocol::{ErrorCode, value::DateTime};
use futures_util::future::BoxFuture;

use crate::{
    error::{Error, Result},
    service::Incoming,
    spec::RequestValue,
    value::{Value, microseconds},
};

/// The longest name of a session's user, in characters: the ledger keeps it behind a sign that no name of RabbitMQ's begins with.
const USER_CHARACTERS_MAX: usize = 254;
/// What the name of a session's user begins with in the ledger, so that none is taken for a user of RabbitMQ's.
const OF_SESSION: char = '\u{1f}';

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The name; none of a caller whom nobody vouches for.
    pub user: Option<Box<str>>,
    /// The roles.
    pub roles: Vec<Box<str>>,
    /// The id of the session, which is not its token; none of a user of RabbitMQ's.
    pub session: Option<Box<str>>,
}

impl Caller {
    /// The name.
    ///
    /// # Errors
    /// `unauthenticated` of a caller whom nobody vouches for.
    pub fn known(&self) -> Result<&str> {
        self.user.as_deref().ok_or_else(unknown)
    }

    /// The name under which the ledger keeps what the caller writes.
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
    /// Whose session it is.
    ///
    /// # Errors
    /// `unauthenticated` where it is none, or none any more.
    fn identify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Caller>>;
}

/// By what a node judges who may do what. Clones share the users, so that all of them hear of others.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The node's name.
    pub node: Box<str>,
    /// Whether domains without `[access]` are open to all; otherwise they are closed.
    pub opens_undeclared: bool,
    /// The users of RabbitMQ that have roles.
    users: Arc<ArcSwap<Users>>,
    /// As whom nodes log in to RabbitMQ.
    nodes: Vec<Box<str>>,
    /// What knows sessions.
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

    /// The same with the users as whom nodes log in to RabbitMQ.
    #[must_use]
    pub fn with_nodes<'a>(self, nodes: impl IntoIterator<Item = &'a str>) -> Self {
        Self { nodes: nodes.into_iter().map(Into::into).collect(), ..self }
    }

    /// From now on these users of RabbitMQ have roles, and no others. What is under way goes on as it began.
    pub fn give<'a>(&self, roles: impl IntoIterator<Item = (&'a str, &'a [String])>) {
        self.users.store(Arc::new(users(roles)));
    }

    /// Whether a node tells of itself: RabbitMQ vouches for it, and the queue is one of those for that alone.
    fn is_of_node(&self, incoming: &Incoming<'_>) -> bool {
        incoming.broker.is_ingest()
            && incoming.user_id.is_some_and(|user| self.nodes.iter().any(|node| **node == *user))
    }

    /// The same with what knows sessions.
    #[must_use]
    pub fn with_sessions(self, sessions: Arc<dyn Sessions>) -> Self {
        Self { sessions: Some(sessions), ..self }
    }

    /// Who sends a request: the session that it names, else the user for whom RabbitMQ vouches.
    ///
    /// # Errors
    /// `unauthenticated` where the session is none.
    pub async fn caller(&self, incoming: &Incoming<'_>) -> Result<Arc<Caller>> {
        let session = incoming.session.map_err(|()| {
            Error::new(ErrorCode::BadRequest, "the header `beds-session` is not a string")
                .hint("send the token of a session, or leave the header out")
        })?;
        match (session, incoming.user_id) {
            (Some(token), _) => self.of_session(token).await,
            (None, None) => Ok(Arc::clone(&self.anonymous)),
            (None, Some(user)) => Ok(self
                .users
                .load()
                .get(user)
                .cloned()
                .unwrap_or_else(|| Arc::new(Caller { user: Some(user.into()), ..Caller::default() }))),
        }
    }

    async fn of_session(&self, token: &str) -> Result<Arc<Caller>> {
        let Some(sessions) = &self.sessions else {
            let message = "the header `beds-session` names a session, and this node knows no sessions";
            return Err(Error::new(ErrorCode::Unauthenticated, message).hint(
                "leave the header out: the node then knows the caller by the `user_id` of the message",
            ));
        };
        let caller = sessions.identify(token).await?;
        let is_whole = caller.session.is_some()
            && caller.user.as_ref().is_some_and(|user| user.chars().count() <= USER_CHARACTERS_MAX);
        if !is_whole {
            return Err(Error::internal("a session has no id, or no user whose name could be kept"));
        }
        Ok(Arc::new(caller))
    }
}

/// Who asks, and by what rules it is judged.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The user for whom RabbitMQ vouches, where the caller is that of a session.
    pub(crate) vouched: Option<Arc<str>>,
    /// The node's rules.
    pub rules: Arc<Rules>,
    /// Whether a method of the node asks in its own name, or a node tells of itself: no domain is closed to it.
    pub(crate) is_trusted: bool,
    /// Whether records are carried from elsewhere: what a node generates otherwise may be given, and of what is read is told what
    /// the template does not name.
    pub(crate) carries: bool,
}

impl Standing {
    /// Of a caller in whose name a job goes on, long after the request that began it.
    #[must_use]
    pub const fn of_job(caller: Arc<Caller>, rules: Arc<Rules>) -> Self {
        Self { is_trusted: false, carries: false, caller, vouched: None, rules }
    }

    /// Of the caller that sends a request, by these rules.
    #[must_use]
    pub fn new(caller: Arc<Caller>, rules: Arc<Rules>, incoming: &Incoming<'_>) -> Self {
        let vouched = incoming.user_id.filter(|_| caller.session.is_some()).map(Into::into);
        Self { is_trusted: rules.is_of_node(incoming), carries: false, caller, vouched, rules }
    }
}

/// What the request says of itself, as an argument. What there is not is null, but for the caller, whom the argument needs.
///
/// # Errors
/// `unauthenticated`, where the caller is not known.
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

/// The operation is for callers who are known.
pub(super) fn unknown() -> Error {
    Error::new(ErrorCode::Unauthenticated, "this is only for callers who are known").hint(
        "set `user_id` of the message to the user of the connection, or send a session in `beds-session`",
    )
}
