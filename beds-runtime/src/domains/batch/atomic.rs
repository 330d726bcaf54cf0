//! `atomic`: all items in one transaction of one database, or none.

use beds_core::{
    Error, Factory, Outcome, Result, Work,
    items::Items,
    ledger::fitting_items,
    plan::{Action, Item, Plan, Write},
    spec::Domain,
};
use beds_protocol::{BatchItem, ErrorCode, FieldError, Lane};

use super::{super::perform, Batch, decoded};

/// How many further items an error names when it refuses a batch.
const NAMED_MAX: usize = 100;

/// Answers all items, after all of them were found to be valid.
pub(super) async fn answer<F: Factory>(batch: &Batch<'_, F>, items: &[BatchItem<'_>]) -> Result<Outcome> {
    let mut planned = Vec::with_capacity(items.len());
    let mut refused = Vec::new();
    let mut first = None;
    for (index, item) in items.iter().enumerate() {
        match plan(batch, item).and_then(|item| in_one_database(item, index, &mut first)) {
            Ok(item) => planned.push(item),
            Err(error) => refused.push(error.of_item(index)),
        }
    }
    if let Some(error) = all_of(refused) {
        return Err(error);
    }
    let Some((_, first)) = first else {
        // The batch has only `describe` items.
        let known = planned.iter().filter_map(|item| match item {
            Item::Known(outcome) => Some(outcome),
            Item::Plan(_) => None,
        });
        let (outcome, most) = (Items::together(known), batch.cx.limits.reply_bytes_max);
        return if outcome.size() > most { Err(Error::reply_too_large(most)) } else { Ok(outcome) };
    };
    // The batch has a claim if any of its writes is to happen once.
    let written = planned.iter().map(|item| match item {
        Item::Plan(Plan { domain, action: Action::Write(_), .. }) => Some(*domain),
        Item::Plan(_) | Item::Known(_) => None,
    });
    let written: Vec<Option<&'static Domain>> = written.collect();
    let domain = written.iter().flatten().find(|domain| domain.once).copied().unwrap_or(first);
    let plan = Plan::new(domain, Action::Write(Write::All(planned)));
    let outcome = perform(&batch.cx, Lane::Write, Ok(Work::Plan(plan))).await?;
    // The batch is done. A duplicate may find a stored reply that is longer than the present limit.
    Ok(fitting_items(outcome, written, batch.cx.limits.reply_bytes_max))
}

/// The plan or the known outcome of an item.
fn plan<F: Factory>(batch: &Batch<'_, F>, item: &BatchItem<'_>) -> Result<Item> {
    let address = batch.address(item)?;
    let request = decoded(item, &address)?;
    match F::dispatch(address.template, &batch.cx, request)? {
        Work::Done(outcome) => Ok(Item::Known(outcome)),
        Work::Plan(plan) => Ok(Item::Plan(plan)),
        Work::Method(_) => {
            let message = format!(
                "`{}.{}` is a method of the node, which cannot be part of a transaction",
                address.domain.name, item.op
            );
            Err(Error::new(ErrorCode::BadRequest, message).hint(ANOTHER_MODE))
        }
    }
}

const ANOTHER_MODE: &str = "send the batch as \"ordered\", or without this item";

/// Refuses an item that uses another database than the first item that uses one.
fn in_one_database(item: Item, index: usize, first: &mut Option<(usize, &'static Domain)>) -> Result<Item> {
    let Item::Plan(plan) = &item else { return Ok(item) };
    let (first, of) = *first.get_or_insert((index, plan.domain));
    if of.home() == plan.domain.home() {
        return Ok(item);
    }
    let message = format!(
        "`{}` is not in the database of `{}`, the template of items[{first}], but an atomic batch uses one database",
        plan.domain.name, of.name
    );
    Err(Error::new(ErrorCode::BadRequest, message).hint(ANOTHER_MODE))
}

/// One error for all: the first error, with the faults of the others in its details.
fn all_of(refused: Vec<Error>) -> Option<Error> {
    let others = refused.len().saturating_sub(1);
    let mut refused = refused.into_iter();
    let first = refused.next()?;
    if others == 0 {
        return Some(first);
    }
    let details = refused.flat_map(|error| {
        if !error.details.is_empty() {
            return error.details;
        }
        let (place, reason) = error.message.split_once(": ").unwrap_or_default();
        vec![FieldError { field: place.to_owned(), reason: reason.to_owned() }]
    });
    let items =
        if others == 1 { "one further item is".to_owned() } else { format!("{others} further items are") };
    let message = format!("{}; {items} refused", first.message);
    let details = first.details.into_iter().chain(details).take(NAMED_MAX).collect();
    Some(Error { message, details, ..first })
}
