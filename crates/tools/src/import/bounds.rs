//! The bounds of numbers that a validator sets.

use beds_core::inspect::Asks;
use beds_protocol::value::Decimal;

use super::{
    literal::string,
    types::{Place, Ty},
};

/// The least and the greatest number that a validator accepts, each with whether it refuses the number itself.
#[derive(Debug, Clone, Default)]
struct Bounds {
    least: Option<(Decimal, bool)>,
    greatest: Option<(Decimal, bool)>,
}

impl Bounds {
    /// The bounds at a place, of which the narrowest count.
    fn at(place: &Place<'_>) -> Self {
        let mut bounds = Self::default();
        for rule in place.rules.iter().filter(|rule| rule.path == place.path) {
            match &rule.asks {
                Asks::Least { bound, exclusive } => {
                    let is_narrower = |(known, is_exclusive): &(Decimal, bool)| {
                        bound > known || (*exclusive && !is_exclusive && bound >= known)
                    };
                    if bounds.least.as_ref().is_none_or(is_narrower) {
                        bounds.least = Some((bound.clone(), *exclusive));
                    }
                }
                Asks::Greatest { bound, exclusive } => {
                    let is_narrower = |(known, is_exclusive): &(Decimal, bool)| {
                        bound < known || (*exclusive && !is_exclusive && bound <= known)
                    };
                    if bounds.greatest.as_ref().is_none_or(is_narrower) {
                        bounds.greatest = Some((bound.clone(), *exclusive));
                    }
                }
                _ => {}
            }
        }
        bounds
    }
}

impl Place<'_> {
    /// The integers of a range that the validator accepts.
    pub(super) fn integers(&self, min: i128, max: i128) -> (i128, i128) {
        let Bounds { least, greatest } = Bounds::at(self);
        let least = least.and_then(|(bound, is_exclusive)| {
            let (whole, has_fraction) = whole(&bound)?;
            let is_above = has_fraction && !bound.as_str().starts_with('-');
            Some(whole + i128::from(is_above || (is_exclusive && !has_fraction)))
        });
        let greatest = greatest.and_then(|(bound, is_exclusive)| {
            let (whole, has_fraction) = whole(&bound)?;
            let is_below = has_fraction && bound.as_str().starts_with('-');
            Some(whole - i128::from(is_below || (is_exclusive && !has_fraction)))
        });
        let asked = (least.unwrap_or(min).max(min), greatest.unwrap_or(max).min(max));
        // A validator that accepts no integer at all is reported separately.
        if asked.0 <= asked.1 { asked } else { (min, max) }
    }

    /// A float with the bounds of the validator.
    pub(super) fn float(&self, is_unsigned: bool) -> Ty {
        let Bounds { least, greatest } = Bounds::at(self);
        // The neighbour of a bound that is no float itself, or that the validator refuses.
        let min = least.and_then(|(bound, is_exclusive)| {
            let near: f64 = bound.as_str().parse().ok()?;
            let is_refused = |near| {
                Decimal::of_double(near).is_some_and(|near| near < bound || (is_exclusive && near <= bound))
            };
            Some(if is_refused(near) { near.next_up() } else { near })
        });
        let max = greatest.and_then(|(bound, is_exclusive)| {
            let near: f64 = bound.as_str().parse().ok()?;
            let is_refused = |near| {
                Decimal::of_double(near).is_some_and(|near| near > bound || (is_exclusive && near >= bound))
            };
            Some(if is_refused(near) { near.next_down() } else { near })
        });
        let mut ty = Ty::plain("float");
        if let Some(min) = min.or_else(|| is_unsigned.then_some(0.0)) {
            ty = ty.key("min", format!("{min:?}"));
        }
        if let Some(max) = max {
            ty = ty.key("max", format!("{max:?}"));
        }
        ty
    }

    /// A decimal with the bounds of the validator, as far as its digits express them.
    pub(super) fn decimal(&mut self, precision: u8, scale: u8, is_unsigned: bool) -> Ty {
        let Bounds { least, greatest } = Bounds::at(self);
        let mut ty = Ty::plain("decimal").key("precision", precision).key("scale", scale);
        let digits = usize::from(precision - scale);
        let mut said = |bound: Option<(Decimal, bool)>, what: &str| {
            let (bound, is_exclusive) = bound?;
            if bound.digits().0 > digits {
                return None;
            }
            if is_exclusive || bound.cut(scale.into()).is_some() {
                let name = self.name();
                self.lost
                    .refused
                    .push(format!("numbers {what} {bound} in {name}, which the validator refuses"));
                return None;
            }
            Some(string(bound.as_str()))
        };
        let min = said(least, "down to").or_else(|| is_unsigned.then(|| string("0")));
        let max = said(greatest, "up to");
        for (key, bound) in [("min", min), ("max", max)] {
            if let Some(bound) = bound {
                ty = ty.key(key, bound);
            }
        }
        ty
    }
}

/// The digits before the point as an integer, and whether any but 0 follow.
fn whole(bound: &Decimal) -> Option<(i128, bool)> {
    let (whole, fraction) = bound.as_str().split_once('.').unwrap_or((bound.as_str(), ""));
    let whole = if matches!(whole, "" | "-") { 0 } else { whole.parse().ok()? };
    Some((whole, fraction.bytes().any(|digit| digit != b'0')))
}
