//! The values that MongoDB accepts as a geometry: `GeoJSON`, and pairs of numbers in searches by distance. Servers
//! report an invalid value of a client in different ways, some of them as a mistake of the pipeline. So the node checks
//! it first.

use mongodb::bson::{Bson, Document};

/// How deep the coordinates of the deepest geometry are: a list of polygons, of rings, of positions, of numbers.
const DEPTH_MAX: usize = 8;

/// Why a value is no geometry; `None` where it is one.
pub(super) fn refusal(value: &Bson) -> Option<&'static str> {
    let Bson::Document(geometry) = value else { return Some("must be an object of GeoJSON") };
    shape(geometry, 0)
}

/// The same for a place from which distances are measured: a point, or a pair of numbers.
pub(super) fn place_refusal(value: &Bson) -> Option<&'static str> {
    const PLACE: &str = "must be a point of GeoJSON, or a list of two numbers";
    match value {
        Bson::Array(pair) => (!is_pair(pair)).then_some(PLACE),
        // The numbers of a pair under any names, as older clients write it.
        Bson::Document(place) if !place.contains_key("type") && !place.contains_key("coordinates") => {
            let numbers: Vec<Bson> = place.values().cloned().collect();
            (!is_pair(&numbers)).then_some(PLACE)
        }
        Bson::Document(place) if place.get_str("type").is_ok_and(|ty| ty == "Point") => refusal(value),
        _ => Some(PLACE),
    }
}

fn shape(geometry: &Document, depth: usize) -> Option<&'static str> {
    let coordinates = geometry.get_array("coordinates");
    let (least, list): (usize, fn(&Bson) -> bool) = match geometry.get_str("type").unwrap_or_default() {
        "Point" => {
            return (!geometry.get("coordinates").is_some_and(is_position)).then_some(POSITION);
        }
        "MultiPoint" => (1, is_position),
        "LineString" => (2, is_position),
        "MultiLineString" => (1, |line| is_list(line, 2, is_position)),
        "Polygon" => (1, is_ring),
        "MultiPolygon" => (1, |polygon| is_list(polygon, 1, is_ring)),
        "GeometryCollection" if depth < DEPTH_MAX => {
            let Ok(parts) = geometry.get_array("geometries") else {
                return Some("must have its parts in `geometries`, a list");
            };
            let refused = |part: &Bson| match part {
                Bson::Document(part) => shape(part, depth + 1),
                _ => Some("must have its parts in `geometries`, a list of geometries"),
            };
            return parts.iter().find_map(refused);
        }
        _ => {
            return Some(
                "must have a `type` of GeoJSON: Point, MultiPoint, LineString, MultiLineString, Polygon, MultiPolygon or \
                 GeometryCollection",
            );
        }
    };
    let is_shape = coordinates.is_ok_and(|items| items.len() >= least && items.iter().all(list));
    (!is_shape).then_some("must have the `coordinates` that its `type` has: positions, or lists of them")
}

const POSITION: &str =
    "must have a position as its `coordinates`: a longitude from -180 to 180, and a latitude from -90 to 90";

fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Double(number) => Some(*number).filter(|number| number.is_finite()),
        Bson::Int32(number) => Some(f64::from(*number)),
        #[allow(clippy::cast_precision_loss, reason = "its size alone counts")]
        Bson::Int64(number) => Some(*number as f64),
        _ => None,
    }
}

fn is_pair(numbers: &[Bson]) -> bool {
    numbers.len() == 2 && numbers.iter().all(|value| number(value).is_some())
}

/// A longitude and a latitude. Further numbers, such as a height, are not checked.
fn is_position(value: &Bson) -> bool {
    let Bson::Array(numbers) = value else { return false };
    match numbers.as_slice() {
        [longitude, latitude, others @ ..] => {
            let is_within =
                |value: &Bson, most: f64| number(value).is_some_and(|number| number.abs() <= most);
            is_within(longitude, 180.0)
                && is_within(latitude, 90.0)
                && others.iter().all(|value| number(value).is_some())
        }
        _ => false,
    }
}

fn is_list(value: &Bson, least: usize, is_item: fn(&Bson) -> bool) -> bool {
    matches!(value, Bson::Array(items) if items.len() >= least && items.iter().all(is_item))
}

/// A line that ends where it begins.
fn is_ring(value: &Bson) -> bool {
    let Bson::Array(positions) = value else { return false };
    let ends = |position: Option<&Bson>| {
        position.and_then(Bson::as_array).map(|numbers| numbers.iter().map(number).collect::<Vec<_>>())
    };
    is_list(value, 4, is_position) && ends(positions.first()) == ends(positions.last())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::convert::json_to_bson;

    #[test]
    fn what_is_a_geometry_passes_and_what_is_none_is_told() {
        let bson = |json: &serde_json::Value| json_to_bson(&json.clone().into()).unwrap();
        let ring = json!([[0, 0], [4, 0], [4, 4], [0, 0]]);
        for geometry in [
            json!({ "type": "Point", "coordinates": [10.4, 59.9] }),
            json!({ "type": "Point", "coordinates": [10, 59, 120.5] }),
            json!({ "type": "LineString", "coordinates": [[0, 0], [1, 1]] }),
            json!({ "type": "MultiPoint", "coordinates": [[0, 0]] }),
            json!({ "type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]]] }),
            json!({ "type": "Polygon", "coordinates": [ring] }),
            json!({ "type": "MultiPolygon", "coordinates": [[ring], [ring, ring]] }),
            json!({ "type": "GeometryCollection", "geometries": [{ "type": "Point", "coordinates": [1, 2] }] }),
            json!({ "type": "Point", "coordinates": [1, 2], "crs": { "type": "name" } }),
        ] {
            assert_eq!(refusal(&bson(&geometry)), None, "{geometry}");
        }
        for rubbish in [
            json!({}),
            json!([1, 2]),
            json!({ "type": "point", "coordinates": [1, 2] }),
            json!({ "type": "Point" }),
            json!({ "type": "Point", "coordinates": [1] }),
            json!({ "type": "Point", "coordinates": ["1", "2"] }),
            json!({ "type": "Point", "coordinates": [200, 0] }),
            json!({ "type": "Point", "coordinates": [0, 91] }),
            json!({ "type": "LineString", "coordinates": [[0, 0]] }),
            json!({ "type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 1]]] }),
            json!({ "type": "Polygon", "coordinates": [[0, 0], [1, 1]] }),
            json!({ "type": "GeometryCollection", "geometries": [{ "type": "Point" }] }),
            json!({ "$where": "1" }),
        ] {
            assert!(refusal(&bson(&rubbish)).is_some(), "{rubbish}");
        }
        for place in
            [json!([1, 2]), json!({ "x": 1, "y": 2 }), json!({ "type": "Point", "coordinates": [1, 2] })]
        {
            assert_eq!(place_refusal(&bson(&place)), None, "{place}");
        }
        for rubbish in
            [json!([1]), json!(["a", "b"]), json!({ "type": "Polygon", "coordinates": [] }), json!("x")]
        {
            assert!(place_refusal(&bson(&rubbish)).is_some(), "{rubbish}");
        }
    }
}
