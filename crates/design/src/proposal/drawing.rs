//! The entities and their relations as a picture.

use std::cmp::Ordering;

use maud::{Markup, html};

use crate::model::{Entity, Model};

const BOX_WIDTH: usize = 220;
const GAP: usize = 90;
const LINE: usize = 18;
const TITLE: usize = 28;
/// The fields that a box shows.
const FIELDS_SHOWN: usize = 14;
/// How many boxes stand side by side.
const COLUMNS: usize = 3;

struct Placed<'m> {
    entity: &'m Entity,
    x: usize,
    y: usize,
    height: usize,
}

/// Draws a model.
pub(super) fn drawing(model: &Model) -> Markup {
    let mut bottoms = [GAP / 2; COLUMNS];
    let placed: Vec<Placed<'_>> = model
        .entities
        .iter()
        .enumerate()
        .map(|(index, entity)| {
            let column = index % COLUMNS;
            let lines =
                entity.fields.len().min(FIELDS_SHOWN) + usize::from(entity.fields.len() > FIELDS_SHOWN);
            let (x, y, height) =
                (GAP / 2 + column * (BOX_WIDTH + GAP), bottoms[column], TITLE + lines * LINE + 8);
            bottoms[column] += height + GAP / 2;
            Placed { entity, x, y, height }
        })
        .collect();
    let width = GAP / 2 + placed.len().min(COLUMNS) * (BOX_WIDTH + GAP);
    let height = bottoms.into_iter().max().unwrap_or_default();
    let find = |name: &str| placed.iter().find(|placed| placed.entity.name == name);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height) role="img" {
            title { "The entities and their relations" }
            @for relation in &model.relations {
                @if let (Some(from), Some(to)) = (find(&relation.from), find(&relation.to)) {
                    path class="relation" d=(curve(from, to, &relation.field)) {
                        title { (relation.from) "." (relation.field) " → " (relation.to) }
                    }
                }
            }
            @for placed in &placed { (boxed(placed)) }
        }
    }
}

/// The line from a field to the entity whose key it holds.
fn curve(from: &Placed<'_>, to: &Placed<'_>, field: &str) -> String {
    let at =
        from.entity.fields.iter().position(|other| other.name == field).unwrap_or_default().min(FIELDS_SHOWN);
    let y1 = from.y + TITLE + at * LINE + LINE / 2;
    let y2 = to.y + TITLE / 2;
    let (left, right) = (from.x, from.x + BOX_WIDTH);
    let half = GAP / 2;
    match to.x.cmp(&from.x) {
        Ordering::Greater => {
            let end = to.x;
            format!("M {right} {y1} C {} {y1}, {} {y2}, {end} {y2}", right + half, end - half)
        }
        Ordering::Less => {
            let end = to.x + BOX_WIDTH;
            format!("M {left} {y1} C {} {y1}, {} {y2}, {end} {y2}", left - half, end + half)
        }
        Ordering::Equal => {
            let bend = right + half;
            format!("M {right} {y1} C {bend} {y1}, {bend} {y2}, {right} {y2}")
        }
    }
}

fn boxed(placed: &Placed<'_>) -> Markup {
    let Placed { entity, x, y, height } = placed;
    let line = |index: usize| y + TITLE + index * LINE + 13;
    html! {
        rect class="entity" x=(x) y=(y) width=(BOX_WIDTH) height=(height) rx="6" {}
        text class="name" x=(x + 10) y=(y + 19) { (entity.name) }
        @for (index, field) in entity.fields.iter().take(FIELDS_SHOWN).enumerate() {
            text class=(if field.key { "field key" } else { "field" }) x=(x + 10) y=(line(index)) {
                (field.name) " " tspan class="type" { (field.kind.ty) }
            }
        }
        @if entity.fields.len() > FIELDS_SHOWN {
            text class="type" x=(x + 10) y=(line(FIELDS_SHOWN)) { "and " (entity.fields.len() - FIELDS_SHOWN) " more" }
        }
    }
}
