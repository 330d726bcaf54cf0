//! One method per operation, for the most common requests.

use beds_protocol::{CountRequest, FetchRequest, Reply};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    client::Client,
    error::ClientError,
    reply::{Answer, Page},
    request::Request,
};

impl Client {
    /// Fetches one record by its key.
    ///
    /// # Errors
    /// As [`Client::request`]; a key without a record is [`ClientError::Refused`] with `not_found`.
    pub async fn fetch<T: DeserializeOwned>(
        &self,
        template: &str,
        key: &(impl Serialize + ?Sized),
    ) -> Result<T, ClientError> {
        let answer = self.execute_as(Request::fetch(template, key)).await?;
        answer.data.ok_or_else(|| missing("data"))
    }

    /// Fetches the records that a filter matches, one page at a time.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn fetch_where<T: DeserializeOwned>(
        &self,
        template: &str,
        query: &FetchRequest,
    ) -> Result<Page<T>, ClientError> {
        let answer: Answer<Vec<T>> = self.execute_as(Request::fetch_where(template, query)).await?;
        let records = answer.data.ok_or_else(|| missing("data"))?;
        Ok(Page { records, next: answer.next, count: answer.count })
    }

    /// Counts the records that a filter matches.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn count(&self, template: &str, query: &CountRequest) -> Result<u64, ClientError> {
        let reply = self.execute(Request::count(template, query)).await?;
        reply.count.ok_or_else(|| missing("count"))
    }

    /// Creates one record from an object, or all or none of several from an array. If you may have to repeat a write,
    /// build a [`Request`] instead: it keeps its message id.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn create(
        &self,
        template: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Reply, ClientError> {
        self.execute(Request::create(template, data)).await
    }

    /// Changes the fields of one record that `data` names.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn update(
        &self,
        template: &str,
        key: &(impl Serialize + ?Sized),
        data: &(impl Serialize + ?Sized),
    ) -> Result<Reply, ClientError> {
        self.execute(Request::update(template, key, data)).await
    }

    /// Creates one record from an object, or changes the record with its key. An array writes several, all or none.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn upsert(
        &self,
        template: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Reply, ClientError> {
        self.execute(Request::upsert(template, data)).await
    }

    /// Changes the fields that `data` names in all records that a filter matches, and returns their count.
    /// [`Request::dry_run`] only counts them.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn update_where(
        &self,
        template: &str,
        filter: &(impl Serialize + ?Sized),
        data: &(impl Serialize + ?Sized),
    ) -> Result<u64, ClientError> {
        let reply = self.execute(Request::update_where(template, filter, data)).await?;
        reply.count.ok_or_else(|| missing("count"))
    }

    /// Deletes all records that a filter matches, and returns their count.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn delete_where(
        &self,
        template: &str,
        filter: &(impl Serialize + ?Sized),
    ) -> Result<u64, ClientError> {
        let reply = self.execute(Request::delete_where(template, filter)).await?;
        reply.count.ok_or_else(|| missing("count"))
    }

    /// Deletes one record.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn delete(
        &self,
        template: &str,
        key: &(impl Serialize + ?Sized),
    ) -> Result<Reply, ClientError> {
        self.execute(Request::delete(template, key)).await
    }

    /// Asks what a domain offers.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn describe(&self, template: &str) -> Result<Reply, ClientError> {
        self.execute(Request::describe(template)).await
    }

    /// Runs a call by name, as a write. For a call that reads, use [`Request::lane`]: then the bus does not store it.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn call(
        &self,
        template: &str,
        name: &str,
        args: &(impl Serialize + ?Sized),
    ) -> Result<Reply, ClientError> {
        self.execute(Request::call(template, name, args)).await
    }
}

fn missing(member: &'static str) -> ClientError {
    ClientError::Decode(serde::de::Error::missing_field(member))
}
