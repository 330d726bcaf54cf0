//! The operations of a MongoDB domain, as generated code calls them.

use beds_protocol::{
    CallRequest, CountRequest, CreateRequest, DeleteRequest, FetchRequest, Lane, OneOrMany, UpdateRequest,
};
use mongodb::{
    ClientSession,
    bson::{Bson, Document, RawDocumentBuf, doc},
    options::ReturnDocument,
};

use super::{
    Handle,
    convert::{self, to_bson},
    fault::Fault,
    filter, lookup, pipeline,
    spec::{Collection, Pipeline, Source},
};
use crate::{
    adapters::ops::{arguments, new_records, too_large},
    context::Context,
    core::Result,
    error::Error,
    outcome::Outcome,
    query::{self, Fields, Query, Selection},
    spec::{Call, Domain, Generated, Returns},
    validate::{self, Errors},
    value::{Value, write_record},
};

/// How many times a transaction that gave way to another is run again.
const TRANSACTION_RETRIES_MAX: u8 = 3;

/// Reads one record by key, or many by filter.
///
/// # Errors
/// `validation_failed` where the request contradicts the template; `not_found`; what the database answers.
pub async fn fetch(
    cx: &Context,
    domain: &'static Domain,
    source: &'static Source,
    request: FetchRequest,
) -> Result {
    match query::fetch(domain, &cx.limits, &request)? {
        Query::One { mut key, fields: Fields::All } if key.len() == 1 => {
            let key = key.remove(0);
            let found = cx.engines.mongodb(domain)?.look_up(domain, source, key, cx.deadline).await?;
            found.map(Outcome::data).ok_or_else(|| Error::not_found(domain))
        }
        Query::One { key, fields } => {
            let fields = fields.indices(domain);
            let work = move |handle: Handle| one(handle, domain, source, key, fields);
            cx.engines.mongodb(domain)?.run(domain, cx.deadline, false, work).await
        }
        Query::Many(selection) => {
            let bytes_max = cx.limits.reply_bytes_max;
            let work = move |handle: Handle| many(handle, domain, source, selection, bytes_max);
            cx.engines.mongodb(domain)?.run(domain, cx.deadline, false, work).await
        }
    }
}

async fn one(
    handle: Handle,
    domain: &'static Domain,
    source: &'static Source,
    key: Vec<Value>,
    fields: Vec<usize>,
) -> std::result::Result<Outcome, Fault> {
    let found = lookup::one(&handle, domain, source, &key, &fields).await?;
    found.map(Outcome::data).ok_or_else(|| Fault::Refused(Error::not_found(domain)))
}

async fn many(
    handle: Handle,
    domain: &'static Domain,
    source: &'static Source,
    selection: Selection,
    bytes_max: usize,
) -> std::result::Result<Outcome, Fault> {
    let fields = selection.fields.indices(domain);
    let mut wanted = fields.clone();
    wanted.extend(selection.sort.iter().map(|order| order.field));
    let collection = handle.collection(source.name);
    let mut cursor = collection
        .find(filter::page(domain, &selection)?)
        .sort(filter::sort(domain, &selection.sort))
        .limit(i64::from(selection.limit) + 1)
        .projection(filter::projection(domain, &wanted))
        .max_time(handle.budget)
        .await?;
    let mut json = vec![b'['];
    let (mut count, mut last, mut next, mut has_more) = (0, None, None, false);
    while cursor.advance().await? {
        let document = cursor.current();
        if count == selection.limit {
            has_more = true;
            next = last.take().and_then(|last| selection.cursor(domain, last));
            break;
        }
        if count > 0 {
            json.push(b',');
        }
        convert::write_document(document, domain, fields.iter().copied(), &mut json)
            .map_err(Fault::Disagrees)?;
        count += 1;
        if json.len() > bytes_max {
            return Err(Fault::Refused(too_large(bytes_max)));
        }
        if count == selection.limit {
            let value = |order: &query::Order| convert::field_value(document, &domain.fields[order.field]);
            let values = selection.sort.iter().map(value).collect::<std::result::Result<Vec<_>, _>>();
            last = Some(values.map_err(Fault::Disagrees)?);
        }
    }
    json.push(b']');
    let matching = if selection.count {
        let filter = filter::filter(domain, &selection.filter)?;
        Some(collection.count_documents(filter).max_time(handle.budget).await?)
    } else {
        None
    };
    let note = query::cut_note(has_more, next.as_ref());
    Ok(Outcome { next, count: matching, note, ..Outcome::data(json) })
}

/// Counts records by filter.
///
/// # Errors
/// As [`fetch`].
pub async fn count(
    cx: &Context,
    domain: &'static Domain,
    source: &'static Source,
    request: CountRequest,
) -> Result {
    let conditions = query::count(domain, &cx.limits, &request)?;
    let work = move |handle: Handle| async move {
        let filter = filter::filter(domain, &conditions)?;
        let count = handle.collection(source.name).count_documents(filter).max_time(handle.budget).await?;
        Ok(Outcome::count(count))
    };
    cx.engines.mongodb(domain)?.run(domain, cx.deadline, false, work).await
}

/// Creates one record, or many of which all or none are created.
///
/// # Errors
/// `validation_failed`, `conflict`, `rejected_by_database`, and what the database answers.
pub async fn create(
    cx: &Context,
    domain: &'static Domain,
    collection: &'static Collection,
    request: CreateRequest,
) -> Result {
    let many = matches!(request.data, OneOrMany::Many(_));
    let mut errors = Errors::default();
    let (mut documents, mut json) = (Vec::new(), Vec::new());
    for (index, record) in new_records(domain, &cx.limits, &request.data)?.into_iter().enumerate() {
        let path = if many { format!("data[{index}].") } else { String::new() };
        let record: Vec<Value> = record
            .into_iter()
            .zip(domain.fields)
            .map(|(value, field)| convert::stored(value, field))
            .collect();
        documents.push(document(domain, &record, &path, &mut errors));
        if !json.is_empty() {
            json.push(b',');
        }
        // What is null stays out of the collection; the reply shows it, as a fetch does. What the database
        // generates is not known here.
        let members = domain
            .fields
            .iter()
            .zip(&record)
            .filter(|(field, value)| !(value.is_null() && field.generated == Some(Generated::Database)));
        write_record(&mut json, members.map(|(field, value)| (field.name, value)));
    }
    errors.or(domain, ())?;
    if many {
        json.insert(0, b'[');
        json.push(b']');
    }
    let work = move |handle: Handle| async move {
        insert(&handle, collection, documents, many).await?;
        Ok(Outcome::data(json))
    };
    cx.engines.mongodb(domain)?.run(domain, cx.deadline, true, work).await
}

fn document(domain: &'static Domain, record: &[Value], path: &str, errors: &mut Errors) -> Document {
    let mut document = Document::new();
    for (field, value) in domain.fields.iter().zip(record).filter(|(_, value)| !value.is_null()) {
        match to_bson(value) {
            Ok(bson) => {
                document.insert(field.column, bson);
            }
            Err(reason) => errors.push(format!("{path}{}", field.name), reason),
        }
    }
    document
}

/// One document needs no transaction: its insertion is atomic.
async fn insert(
    handle: &Handle,
    collection: &'static Collection,
    documents: Vec<Document>,
    many: bool,
) -> std::result::Result<(), Fault> {
    let collection = handle.database.collection::<Document>(collection.name);
    if let [document] = documents.as_slice() {
        if many {
            // The driver's errors of `insert_many` tell the position, as those of several documents do.
            collection.insert_many([document]).await?;
        } else {
            collection.insert_one(document).await?;
        }
        return Ok(());
    }
    let mut session = handle.client.start_session().await?;
    let mut retries = 0;
    loop {
        session.start_transaction().await?;
        match insert_all(&collection, &documents, &mut session).await {
            Err(fault) if fault.is_transient() && retries < TRANSACTION_RETRIES_MAX => {
                // The server has ended the transaction already; an error here says so.
                let _ = session.abort_transaction().await;
                retries += 1;
            }
            Err(fault) => {
                let _ = session.abort_transaction().await;
                return Err(fault);
            }
            Ok(()) => return Ok(session.commit_transaction().await?),
        }
    }
}

async fn insert_all(
    collection: &mongodb::Collection<Document>,
    documents: &[Document],
    session: &mut ClientSession,
) -> std::result::Result<(), Fault> {
    collection.insert_many(documents).session(session).await?;
    Ok(())
}

/// Changes one record.
///
/// # Errors
/// `validation_failed`, `not_found`, `version_mismatch`, `conflict`, and what the database answers.
pub async fn update(
    cx: &Context,
    domain: &'static Domain,
    collection: &'static Collection,
    request: UpdateRequest,
) -> Result {
    let UpdateRequest { key, data, if_version } = request;
    let mut errors = Errors::default();
    validate::if_version(domain, if_version, &mut errors);
    let key = validate::key(domain, &key, &mut errors);
    let (mut set, mut unset) = (Document::new(), Document::new());
    for (field, value) in validate::changes(domain, &data, &mut errors) {
        let field = &domain.fields[field];
        match to_bson(&value) {
            // Null and absent are one.
            Ok(Bson::Null) => {
                unset.insert(field.column, "");
            }
            Ok(bson) => {
                set.insert(field.column, bson);
            }
            Err(reason) => errors.push(field.name, reason),
        }
    }
    errors.or(domain, ())?;
    let mut change = Document::new();
    if !set.is_empty() {
        change.insert("$set", set);
    }
    if !unset.is_empty() {
        change.insert("$unset", unset);
    }
    if let Some(version) = domain.version {
        change.insert("$inc", doc! { domain.fields[version].column: 1_i64 });
    }
    let work = move |handle: Handle| async move {
        let collection = handle.collection(collection.name);
        let shown: Vec<usize> = domain.key.iter().copied().chain(domain.version).collect();
        let changed = collection
            .find_one_and_update(versioned(domain, &key, if_version)?, change)
            .return_document(ReturnDocument::After)
            .projection(filter::projection(domain, &shown))
            .max_time(handle.budget)
            .await?;
        match changed {
            Some(document) => {
                let mut json = Vec::with_capacity(64);
                convert::write_document(&document, domain, shown, &mut json).map_err(Fault::Disagrees)?;
                Ok(Outcome::data(json))
            }
            None => Err(missing(&collection, domain, &key, if_version).await?),
        }
    };
    cx.engines.mongodb(domain)?.run(domain, cx.deadline, true, work).await
}

/// Deletes one record.
///
/// # Errors
/// As [`update`].
pub async fn delete(
    cx: &Context,
    domain: &'static Domain,
    collection: &'static Collection,
    request: DeleteRequest,
) -> Result {
    let DeleteRequest { key, if_version } = request;
    let mut errors = Errors::default();
    validate::if_version(domain, if_version, &mut errors);
    let key = validate::key(domain, &key, &mut errors);
    errors.or(domain, ())?;
    let work = move |handle: Handle| async move {
        let collection = handle.collection(collection.name);
        let result = collection.delete_one(versioned(domain, &key, if_version)?).await?;
        if result.deleted_count == 0 {
            return Err(missing(&collection, domain, &key, if_version).await?);
        }
        let mut json = Vec::with_capacity(64);
        write_record(
            &mut json,
            domain.key.iter().zip(&key).map(|(&field, value)| (domain.fields[field].name, value)),
        );
        Ok(Outcome::data(json))
    };
    cx.engines.mongodb(domain)?.run(domain, cx.deadline, true, work).await
}

/// The record with this key, while it is at this version.
fn versioned(
    domain: &'static Domain,
    key: &[Value],
    if_version: Option<i64>,
) -> std::result::Result<Document, Fault> {
    let mut filter = filter::key(domain, key)?;
    if let Some((field, version)) = domain.version.zip(if_version) {
        filter.insert(domain.fields[field].column, doc! { "$eq": version });
    }
    Ok(filter)
}

/// Why nothing matched: the record is gone, or at another version.
async fn missing(
    collection: &mongodb::Collection<RawDocumentBuf>,
    domain: &'static Domain,
    key: &[Value],
    if_version: Option<i64>,
) -> std::result::Result<Fault, Fault> {
    let error = match if_version {
        Some(expected) if collection.find_one(filter::key(domain, key)?).await?.is_some() => {
            Error::version_mismatch(domain, expected)
        }
        _ => Error::not_found(domain),
    };
    Ok(Fault::Refused(error))
}

/// Runs a named pipeline.
///
/// # Errors
/// `validation_failed`, and what the database answers.
pub async fn call(
    cx: &Context,
    domain: &'static Domain,
    call: &'static Call,
    pipeline: &'static Pipeline,
    request: CallRequest,
) -> Result {
    let args = arguments(domain, call, &request.args.unwrap_or_default())?;
    let bytes_max = cx.limits.reply_bytes_max;
    let work = move |handle: Handle| async move {
        let stages = pipeline::bind(pipeline, call, &args).map_err(Fault::Disagrees)?;
        let mut cursor = handle.collection(pipeline.on).aggregate(stages).max_time(handle.budget).await?;
        let mut rows = vec![b'['];
        let mut first = true;
        while cursor.advance().await? {
            if !first {
                rows.push(b',');
            }
            first = false;
            write_row(cursor.current(), call, &mut rows).map_err(Fault::Disagrees)?;
            if rows.len() > bytes_max {
                return Err(Fault::Refused(too_large(bytes_max)));
            }
            // A scalar is the first field of the first document.
            if matches!(call.returns, Returns::Scalar(_)) {
                return Ok(Outcome::data(rows.split_off(1)));
            }
        }
        rows.push(b']');
        Ok(match call.returns {
            Returns::Nothing => Outcome::default(),
            Returns::Scalar(_) => Outcome::data(b"null".to_vec()),
            Returns::Rows(_) => Outcome::data(rows),
            Returns::AsItComes => {
                Outcome { sets: Some([b"[", rows.as_slice(), b"]"].concat()), ..Outcome::default() }
            }
        })
    };
    let writes = matches!(call.lane, Lane::Write);
    cx.engines.mongodb(domain)?.run(domain, cx.deadline, writes, work).await
}

fn write_row(
    document: &mongodb::bson::raw::RawDocument,
    call: &'static Call,
    out: &mut Vec<u8>,
) -> std::result::Result<(), String> {
    match &call.returns {
        Returns::Nothing => {}
        Returns::Scalar(ty) => {
            let value = document.iter().next().transpose().map_err(|error| error.to_string())?;
            let value = value.map(|(_, bson)| convert::typed(bson, ty)).transpose()?.unwrap_or(Value::Null);
            value.write_json(out);
        }
        Returns::Rows(fields) => {
            let mut members = Vec::with_capacity(fields.len());
            for field in *fields {
                members.push((field.name, convert::field_value(document, field)?));
            }
            write_record(out, members.iter().map(|(name, value)| (*name, value)));
        }
        Returns::AsItComes => {
            let json = convert::bson_to_json(mongodb::bson::RawBsonRef::Document(document));
            Value::Json(json.ok_or("a document has a type that JSON cannot show")?).write_json(out);
        }
    }
    Ok(())
}
