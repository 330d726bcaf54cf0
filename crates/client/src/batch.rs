//! [`Batch`]: many requests in one message, and [`Answers`]: the replies to its items.

use beds_protocol::{BatchItem, BatchKey, BatchRequest, ErrorBody, Lane, Mode, Reply, Service};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    client::Client,
    error::ClientError,
    reply::{Answer, RawReply},
    request::Request,
};

/// Many requests to the templates of one service in one message.
///
/// ```
/// use beds_client::{Batch, Client, ClientError, Request, protocol::{Mode, Service}};
/// use serde_json::{Value, json};
///
/// # async fn run(client: Client) -> Result<(), ClientError> {
/// let batch = Batch::read(Service::AppServer)
///     .item(&Request::fetch("country", "NO"))
///     .item(&Request::fetch("currency", "NOK"));
/// let answers = client.batch(batch).await?;
/// let country = answers.get::<Value>(0)?;
///
/// // A write that is repeated keeps its message id: make the request once.
/// let batch = Batch::write(Service::AppServer, Mode::Atomic)
///     .item(&Request::create("note", &json!({"subject": "one"})))
///     .item(&Request::create("note", &json!({"subject": "two"})));
/// let request = Request::from(batch);
/// let answers = match client.batch(request.clone()).await {
///     Err(error) if error.is_retryable() => client.batch(request).await?,
///     other => other?,
/// };
/// answers.ok()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Batch {
    key: BatchKey,
    mode: Option<Mode>,
    items: Vec<Request>,
}

impl Batch {
    /// A batch that only reads. Its items run side by side, and each succeeds or fails by itself.
    #[must_use]
    pub const fn read(service: Service) -> Self {
        Self { key: BatchKey { service, lane: Lane::Read }, mode: None, items: Vec::new() }
    }

    /// A batch that writes, and may read. With [`Mode::Atomic`] all of its items happen, or none.
    #[must_use]
    pub const fn write(service: Service, mode: Mode) -> Self {
        Self { key: BatchKey { service, lane: Lane::Write }, mode: Some(mode), items: Vec::new() }
    }

    /// Sets how the items depend on each other.
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Adds a request: its template, its operation and its body. Its own options, such as a timeout or a message id, do
    /// not apply: set them on the batch.
    #[must_use]
    pub fn item(mut self, request: &Request) -> Self {
        self.items.push(request.clone());
        self
    }

    /// Adds requests.
    #[must_use]
    pub fn items(mut self, requests: impl IntoIterator<Item = Request>) -> Self {
        self.items.extend(requests);
        self
    }

    fn body(&self) -> Result<Vec<u8>, String> {
        let bodies: Vec<Box<RawValue>> = self.items.iter().map(body).collect::<Result<_, _>>()?;
        let items = self.items.iter().zip(&bodies).map(|(request, body)| {
            let (template, op) = request.routing_key.split_once('.').unwrap_or((&request.routing_key, ""));
            BatchItem { template: template.into(), op: op.into(), body: Some(&**body) }
        });
        let request = BatchRequest { mode: self.mode, items: items.collect() };
        serde_json::to_vec(&request).map_err(|error| format!("the batch has no JSON form: {error}"))
    }
}

fn body(request: &Request) -> Result<Box<RawValue>, String> {
    let body = request.body.as_ref().map_err(Clone::clone)?;
    let wrong = |reason: String| format!("the body of `{}` is not JSON: {reason}", request.routing_key);
    let text = std::str::from_utf8(body).map_err(|error| wrong(error.to_string()))?;
    if text.is_empty() {
        return to_raw_value(&serde_json::json!({})).map_err(|error| wrong(error.to_string()));
    }
    RawValue::from_string(text.to_owned()).map_err(|error| wrong(error.to_string()))
}

impl From<Batch> for Request {
    /// The request of a batch. Its message id covers all items. A batch that cannot be written is reported when the
    /// request is sent.
    fn from(batch: Batch) -> Self {
        let body = batch.body();
        Self::assembled(batch.key.to_string(), body, batch.key.lane)
    }
}

/// The answers to the items of a batch.
#[derive(Debug)]
pub struct Answers {
    items: Vec<RawReply>,
    /// How many items failed, and the place of the first of them, in words.
    pub note: Option<String>,
}

impl Answers {
    pub(crate) fn of(reply: &RawReply) -> Result<Self, ClientError> {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            items: Vec<&'a RawValue>,
            note: Option<String>,
        }

        #[derive(Deserialize)]
        struct Head {
            ok: bool,
        }

        if !reply.is_ok() {
            reply.reply()?;
        }
        let body: Body<'_> = serde_json::from_slice(&reply.body).map_err(ClientError::Decode)?;
        let item = |json: &RawValue| {
            let Head { ok } = serde_json::from_str(json.get()).map_err(ClientError::Decode)?;
            let status = if ok { "ok".to_owned() } else { String::new() };
            Ok(RawReply { status, template_hash: None, position: None, body: json.get().as_bytes().to_vec() })
        };
        let items = body.items.into_iter().map(item).collect::<Result<_, ClientError>>()?;
        Ok(Self { items, note: body.note })
    }

    /// How many items there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The answer to the item at this place, whose `data` is read as a `T`.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the item failed; [`ClientError::Decode`] if there is no such item, or its data is
    /// not a `T`.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<Answer<T>, ClientError> {
        self.item(index)?.answer()
    }

    /// The reply to the item at this place.
    ///
    /// # Errors
    /// As [`Answers::get`].
    pub fn reply(&self, index: usize) -> Result<Reply, ClientError> {
        self.item(index)?.reply()
    }

    /// The items that failed, each with its place.
    pub fn failures(&self) -> impl Iterator<Item = (usize, Box<ErrorBody>)> {
        let failed = self.items.iter().enumerate().filter(|(_, item)| !item.is_ok());
        failed.filter_map(|(index, item)| match item.reply() {
            Err(ClientError::Refused(error)) => Some((index, error)),
            _ => None,
        })
    }

    /// The same answers, if every item succeeded.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the error of the first item that failed.
    pub fn ok(self) -> Result<Self, ClientError> {
        if let Some(failed) = self.items.iter().find(|item| !item.is_ok()) {
            failed.reply()?;
        }
        Ok(self)
    }

    fn item(&self, index: usize) -> Result<&RawReply, ClientError> {
        self.items.get(index).ok_or_else(|| {
            let message = format!("the batch has {} items, and none at {index}", self.items.len());
            ClientError::Decode(serde::de::Error::custom(message))
        })
    }
}

impl Client {
    /// Sends a batch, and waits for the answers to its items. A failed item is not an error of the batch: see its
    /// answer.
    ///
    /// # Errors
    /// As [`Client::execute`]: an `atomic` batch fails as a whole.
    pub async fn batch(&self, batch: impl Into<Request>) -> Result<Answers, ClientError> {
        Answers::of(&self.execute_raw(batch.into()).await?)
    }
}

#[cfg(test)]
mod tests {
    use beds_protocol::ErrorCode;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_batch_is_what_the_protocol_reads() {
        let batch = Batch::write(Service::AppServer, Mode::Ordered)
            .item(&Request::create("note", &json!({"subject": "x"})))
            .items([Request::describe("note"), Request::call("country", "summary", &json!({}))]);
        let request = Request::from(batch);
        assert_eq!((request.routing_key(), request.lane), ("app_server.batch.write", Lane::Write));
        let read: BatchRequest<'_> = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        let items: Vec<_> = read.items.iter().map(|item| (&*item.template, &*item.op)).collect();
        assert_eq!(read.mode, Some(Mode::Ordered));
        assert_eq!(items, [("note", "create"), ("note", "describe"), ("country", "call.summary")]);
        assert_eq!(read.items[0].body.unwrap().get(), r#"{"data":{"subject":"x"}}"#);

        let read = Request::from(Batch::read(Service::Admin).item(&Request::fetch("logger", "k")));
        assert_eq!((read.routing_key(), read.lane), ("admin.batch.read", Lane::Read));
        assert_eq!(Request::raw("admin.batch.read", "{}").lane, Lane::Read);
    }

    #[test]
    fn an_item_without_json_is_reported_when_the_batch_is_sent() {
        let batch = Batch::read(Service::AppServer).item(&Request::raw("note.fetch", "{"));
        let error = Request::from(batch).check().unwrap_err();
        assert!(error.to_string().contains("the body of `note.fetch` is not JSON"), "{error}");
    }

    #[test]
    fn each_item_has_its_answer() {
        let body = r#"{"ok":true,"note":"items[1] failed","items":[{"ok":true,"data":{"a":1}},
            {"ok":false,"error":{"code":"not_found","message":"none","retryable":false}}]}"#;
        let reply = RawReply { status: "ok".into(), template_hash: None, position: None, body: body.into() };
        let answers = Answers::of(&reply).unwrap();
        assert_eq!((answers.len(), answers.note.as_deref()), (2, Some("items[1] failed")));
        assert_eq!(answers.get::<Value>(0).unwrap().data, Some(json!({"a": 1})));
        assert_eq!(answers.get::<Value>(1).unwrap_err().code(), Some(ErrorCode::NotFound));
        assert!(matches!(answers.reply(2), Err(ClientError::Decode(_))));
        assert_eq!(answers.failures().map(|(index, _)| index).collect::<Vec<_>>(), [1]);
        assert_eq!(answers.ok().unwrap_err().code(), Some(ErrorCode::NotFound));
    }
}
