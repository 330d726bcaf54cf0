//! Checks over AMQP that a node does what the templates promise. Each sentence of the promise is a request, and its
//! reply is compared with the records that were made before.

mod bus;
mod calls;
mod reads;
mod writes;

use beds_codegen::model::Supply;
use beds_design::model::Operation;
use serde_json::{Map, Value};

pub(crate) use self::bus::{Bus, Lost, error, ok, short};
use crate::{
    value::Extreme,
    world::{Keys, Kind, World},
};

/// How many records of each entity are made.
const RECORDS: u64 = 24;

/// A record that was made, with the reply to its creation.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) key: Value,
    pub(crate) shown: Map<String, Value>,
}

/// What was checked, and what was wrong.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The promises that hold, one on each line.
    pub(crate) right: Vec<String>,
    /// The promises that do not hold.
    pub(crate) wrong: Vec<String>,
    /// The log of the node, if anything is wrong.
    pub(crate) log: Vec<String>,
}

impl Told {
    pub(crate) fn right(&mut self, line: impl Into<String>) {
        self.right.push(line.into());
    }

    pub(crate) fn wrong(&mut self, line: impl Into<String>) {
        self.wrong.push(line.into());
    }
}

/// Checks everything that the templates promise.
pub(crate) async fn ask(world: &World<'_>, bus: &Bus) -> Result<Told, Lost> {
    let mut told = Told::default();
    let mut keys = Keys::new();
    let mut all: Vec<(Kind<'_>, Vec<Made>)> = Vec::new();
    for kind in &world.kinds {
        let mut made = writes::create(world, kind, &mut keys, bus, &mut told).await?;
        reads::ask(world, kind, &made, bus, &mut told).await?;
        writes::refuse(world, kind, (&made, &keys), bus, &mut told).await?;
        writes::update(world, kind, (&mut made, &keys), bus, &mut told).await?;
        all.push((kind.clone(), made));
    }
    for (kind, made) in &all {
        calls::ask(world, kind, (made, &all), bus, &mut told).await?;
    }
    for (kind, made) in all.iter().rev() {
        writes::delete(world, kind, (made, &all), bus, &mut told).await?;
    }
    Ok(told)
}

/// The values that a client gives for new records.
fn data(
    world: &World<'_>,
    kind: &Kind<'_>,
    keys: &Keys,
    operation: Operation,
) -> Vec<Result<Map<String, Value>, String>> {
    let count = RECORDS.min(kind.room());
    let extreme = |number: u64| match number {
        0 => Extreme::Least,
        1 => Extreme::Most,
        _ => Extreme::Some,
    };
    (0..count).map(|number| world.data(kind, (number, extreme(number)), keys, operation)).collect()
}

/// Whether a client may change a field of an existing record.
fn is_changeable(field: &beds_codegen::model::Field) -> bool {
    let is_given = matches!(field.supply, Supply::Required | Supply::Optional | Supply::Default(_));
    is_given && !field.immutable && !field.is_key
}
