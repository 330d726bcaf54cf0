//! Clients' values that take a detour: through the documents and fields that stages and operators create.

use super::{REST, compiled, written};
use crate::Code;

fn refused(stages: &str) {
    let stages = format!("{}, {REST}", written(stages));
    assert_eq!(compiled(&stages), Err(vec![Code::ValueNotHere]), "{stages}");
}

fn accepted(stages: &str) {
    let stages = format!("{}, {REST}", written(stages));
    assert!(compiled(&stages).is_ok(), "{stages}: {:?}", compiled(&stages));
}

/// The same for a stage that must be the last.
fn last(stages: &str) -> Result<String, Vec<Code>> {
    compiled(&format!("{REST}, {}", written(stages)))
}

#[test]
fn the_fields_that_a_stage_makes_hold_what_gets_into_them() {
    for stages in [
        r#"{"$set": {"q": @text@}}, {"$sortByCount": "$q"}, {"$project": {"z": {"$getField": {"field": "$_id", "input": "$l"}}}}"#,
        r#"{"$sortByCount": @text@}, {"$project": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$sortByCount": {"$concat": ["$a", @text@]}}, {"$project": {"z": {"$regexMatch": {"input": "$a", "regex": "$_id"}}}}"#,
        r#"{"$bucketAuto": {"groupBy": @text@, "buckets": 1}}, {"$set": {"z": {"$getField": "$_id.min"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$bucketAuto": {"groupBy": "$q", "buckets": 1}}, {"$set": {"z": {"$getField": "$_id.max"}}}"#,
        r#"{"$bucketAuto": {"groupBy": @text@, "buckets": 1}}, {"$set": {"z": {"$regexMatch": {"input": "a", "regex": "$_id.min"}}}}"#,
        r#"{"$bucketAuto": {"groupBy": @any@, "buckets": 1}}, {"$replaceRoot": {"newRoot": "$_id.min"}}"#,
        r#"{"$bucketAuto": {"groupBy": "$a", "buckets": 1, "output": {"o": {"$first": @text@}}}}, {"$set": {"z": {"$getField": "$o"}}}"#,
        r#"{"$bucket": {"groupBy": "$a", "boundaries": [1, 2], "default": @text@}}, {"$set": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$bucket": {"groupBy": "$q", "boundaries": [1, 2]}}, {"$set": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$bucket": {"groupBy": "$a", "boundaries": ["a", @text@]}}, {"$set": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$bucket": {"groupBy": "$a", "boundaries": [1, 2], "output": {"o": {"$push": "$$ROOT"}}}}, {"$set": {"z": {"$getField": {"$first": "$o.q"}}}}"#,
        r#"{"$densify": {"field": "a", "range": {"step": 1, "bounds": [@any@, @any@]}}}, {"$set": {"z": {"$getField": "$a"}}}"#,
        r#"{"$geoNear": {"near": @list@, "distanceField": "d.e"}}, {"$set": {"z": {"$getField": "$d.e"}}}"#,
        r#"{"$fill": {"output": {"a": {"value": @text@}}}}, {"$set": {"z": {"$getField": "$a"}}}"#,
        r#"{"$fill": {"sortBy": {"b": 1}, "output": {"a": {"method": "locf"}, "b": {"value": @text@}}}}, {"$set": {"z": {"$getField": "$b"}}}"#,
        r#"{"$graphLookup": {"from": "x", "startWith": @text@, "connectFromField": "a", "connectToField": "b", "as": "g"}}, {"$set": {"z": {"$getField": {"$first": "$g.b"}}}}"#,
        r#"{"$set": {"q": @text@}}, {"$unwind": {"path": "$q", "includeArrayIndex": "i"}}, {"$set": {"z": {"$getField": "$q"}}}"#,
        r#"{"$setWindowFields": {"sortBy": {"a": 1}, "output": {"o": {"$shift": {"output": "$a", "by": 1, "default": @text@}}}}}, {"$set": {"z": {"$getField": "$o"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$setWindowFields": {"sortBy": {"a": 1}, "output": {"o": {"$top": {"sortBy": {"a": 1}, "output": "$q"}}}}}, {"$set": {"z": {"$getField": "$o"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$group": {"_id": 1, "t": {"$topN": {"n": 1, "sortBy": {"a": 1}, "output": "$q"}}}}, {"$set": {"z": {"$getField": {"$first": "$t"}}}}"#,
        r#"{"$replaceWith": {"a": {"b": @text@}}}, {"$set": {"z": {"$getField": "$a.b"}}}"#,
        r#"{"$redact": {"$cond": [{"$eq": ["$a", {"$getField": @text@}]}, "$$KEEP", "$$PRUNE"]}}"#,
        // Whole documents are gathered without a path to their fields.
        r#"{"$set": {"q": @text@}}, {"$facet": {"f": [{"$limit": 1}]}}, {"$set": {"z": {"$getField": {"$first": "$f.q"}}}}"#,
        r#"{"$set": {"q": @any@}}, {"$facet": {"f": [{"$limit": 1}]}}, {"$replaceWith": {"$first": "$f.q"}}"#,
        r#"{"$facet": {"f": [{"$sortByCount": @text@}]}}, {"$set": {"z": {"$getField": {"$first": "$f._id"}}}}"#,
    ] {
        refused(stages);
    }
    for stages in [
        r#"{"$sortByCount": "$a"}, {"$set": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$sortByCount": "$a"}, {"$set": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$sortByCount": @text@}, {"$set": {"z": {"$toUpper": "$_id"}}}, {"$match": {"$expr": {"$eq": ["$_id", @text@]}}}"#,
        r#"{"$bucket": {"groupBy": "$a", "boundaries": [1, 2], "default": "other"}}, {"$set": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$bucket": {"groupBy": "$a", "boundaries": [1, 2], "output": {"o": {"$push": @text@}}}}, {"$set": {"z": {"$getField": "$_id"}}}"#,
        r#"{"$bucketAuto": {"groupBy": "$a", "buckets": @int@}}, {"$replaceWith": "$_id"}"#,
        r#"{"$bucketAuto": {"groupBy": @text@, "buckets": 1}}, {"$set": {"z": {"$concat": ["$_id.min", "$_id.max"]}}}"#,
        r#"{"$densify": {"field": "a", "range": {"step": @int@, "bounds": "full"}}}, {"$set": {"z": {"$getField": "$b"}}}"#,
        r#"{"$geoNear": {"near": @list@, "distanceField": "d"}}, {"$set": {"z": {"$round": ["$d", 0]}}}"#,
        r#"{"$facet": {"f": [{"$limit": @int@}]}}, {"$unwind": "$f"}, {"$replaceWith": "$f"}"#,
    ] {
        accepted(stages);
    }
}

#[test]
fn the_new_document_of_a_merge_holds_what_the_stages_put_into_it() {
    for stages in [
        r#"{"$set": {"q": @any@}}, {"$merge": {"into": "x", "whenMatched": [{"$replaceWith": "$$new.q"}]}}"#,
        r#"{"$set": {"q": @text@}}, {"$merge": {"into": "x", "whenMatched": [{"$set": {"z": {"$getField": "$$new.q"}}}]}}"#,
        r#"{"$set": {"q": @list@}}, {"$merge": {"into": "x", "whenMatched": [{"$set": {"z": {"$arrayToObject": "$$new.q"}}}]}}"#,
        r#"{"$merge": {"into": "x", "let": {"new": @text@}, "whenMatched": [{"$set": {"z": {"$getField": "$$new"}}}]}}"#,
        r#"{"$merge": {"into": "x", "let": {"new": {"a": @any@}}, "whenMatched": [{"$replaceWith": "$$new.a"}]}}"#,
        r#"{"$set": {"q": @text@}}, {"$merge": {"into": "x", "let": {"v": "$$ROOT"}, "whenMatched": [{"$set": {"z": {"$getField": "$$v.q"}}}]}}"#,
    ] {
        assert_eq!(last(stages), Err(vec![Code::ValueNotHere]), "{stages}");
    }
    for stages in [
        r#"{"$set": {"q": @any@}}, {"$merge": {"into": "x", "whenMatched": [{"$set": {"z": "$$new.q"}}]}}"#,
        r#"{"$set": {"q": @any@}}, {"$merge": {"into": "x", "whenMatched": [{"$replaceWith": {"$mergeObjects": ["$$ROOT", "$$new"]}}]}}"#,
        r#"{"$set": {"q": @any@}}, {"$merge": {"into": "x", "whenMatched": [{"$replaceWith": "$$new.r"}]}}"#,
    ] {
        assert!(last(stages).is_ok(), "{stages}: {:?}", last(stages));
    }
}

#[test]
fn no_script_and_no_metadata_is_named_by_a_field_with_a_value() {
    for stages in [
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$function": {"body": "$q", "args": [], "lang": "js"}}}}"#,
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$meta": "$q"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$sort": {"z": {"$meta": "$q"}}}"#,
    ] {
        refused(stages);
    }
    for script in ["init", "accumulate", "merge", "finalize"] {
        let part = |name| if name == script { "$q" } else { "function () {}" };
        refused(&format!(
            r#"{{"$set": {{"q": @text@}}}}, {{"$group": {{"_id": 1, "z": {{"$accumulator": {{"init": "{}", "accumulate": "{}", "accumulateArgs": [], "merge": "{}", "finalize": "{}", "lang": "js"}}}}}}}}"#,
            part("init"),
            part("accumulate"),
            part("merge"),
            part("finalize"),
        ));
    }
    accepted(
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$function": {"body": "function (q) { return q; }", "args": ["$q"], "lang": "js"}}}}"#,
    );
}

#[test]
fn a_field_is_read_by_its_name_too() {
    for stages in [
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$getField": {"$getField": "q"}}}}"#,
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$getField": "q"}}}, {"$set": {"y": {"$getField": "$z"}}}"#,
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$regexMatch": {"input": "$a", "regex": {"$getField": {"field": "q"}}}}}}"#,
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$getField": {"$getField": {"$concat": ["q", ""]}}}}}"#,
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$let": {"vars": {"x": {"$getField": "q"}}, "in": {"$getField": "$$x"}}}}}"#,
        r#"{"$set": {"q": @any@}}, {"$replaceWith": {"$getField": "q"}}"#,
        r#"{"$set": {"q": @list@}}, {"$set": {"z": {"$arrayToObject": {"$getField": "q"}}}}"#,
    ] {
        refused(stages);
    }
    accepted(
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$getField": {"$getField": "p"}}, "y": {"$getField": "q"}}}"#,
    );
}

#[test]
fn the_variables_of_operators_hold_what_they_are_given() {
    for expression in [
        r#"{"$getField": {"$let": {"vars": {"x": {"$concat": ["a", @text@]}}, "in": "$$x"}}}"#,
        r#"{"$map": {"input": [@text@], "as": "e", "in": {"$getField": "$$e"}}}"#,
        r#"{"$filter": {"input": [@text@], "cond": {"$getField": "$$this"}}}"#,
        r#"{"$reduce": {"input": [@text@], "initialValue": "", "in": {"$concat": ["$$value", {"$getField": "$$this"}]}}}"#,
        r#"{"$reduce": {"input": ["a"], "initialValue": @text@, "in": {"$getField": "$$value"}}}"#,
        r#"{"$getField": {"$switch": {"branches": [{"case": true, "then": @text@}], "default": "a"}}}"#,
        r#"{"$getField": {"$switch": {"branches": [{"case": true, "then": "a"}], "default": @text@}}}"#,
        r#"{"$getField": {"$cond": [true, @text@, "a"]}}"#,
        r#"{"$getField": {"$first": {"$objectToArray": @any@}}}"#,
        r#"{"$setField": {"field": {"$cond": {"if": true, "then": @text@, "else": "a"}}, "input": "$$ROOT", "value": 1}}"#,
        r#"{"$unsetField": {"field": {"$ifNull": ["$a", @text@]}, "input": "$$ROOT"}}"#,
    ] {
        refused(&format!(r#"{{"$set": {{"z": {expression}}}}}"#));
    }
}

#[test]
fn a_choice_among_constants_is_the_pipelines_own() {
    for stages in [
        r#"{"$set": {"z": {"$getField": {"$switch": {"branches": [{"case": {"$eq": [@text@, "a"]}, "then": "a"}], "default": "b"}}}}}"#,
        r#"{"$set": {"q": @text@}}, {"$set": {"z": {"$getField": {"$cond": [{"$eq": ["$q", "a"]}, "a", "b"]}}}}"#,
        r#"{"$set": {"z": {"$cond": {"if": {"$eq": [@text@, "a"]}, "then": "a", "else": "b"}}}}, {"$set": {"y": {"$getField": "$z"}}}"#,
    ] {
        accepted(stages);
    }
    for stages in [
        r#"{"$set": {"z": {"$cond": {"if": {"$getField": @text@}, "then": 1, "else": 2}}}}"#,
        // A selection by name among the documents' values is controlled by the client.
        r#"{"$set": {"z": {"$getField": {"$first": {"$filter": {"input": "$l", "cond": {"$eq": ["$$this", @text@]}}}}}}}"#,
    ] {
        refused(stages);
    }
}

#[test]
fn a_member_of_a_value_names_no_fields_either() {
    for stages in [
        r#"{"$replaceWith": {"$getField": {"field": "x", "input": {"x": @any@}}}}"#,
        r#"{"$replaceWith": {"$getField": {"field": "x", "input": {"$mergeObjects": [{"x": @any@}]}}}}"#,
        r#"{"$replaceWith": {"$getField": {"field": "x", "input": {"$setField": {"field": "x", "input": {}, "value": @any@}}}}}"#,
        r#"{"$replaceWith": {"$getField": {"field": "x", "input": {"$arrayToObject": [[{"k": "x", "v": @any@}]]}}}}"#,
        r#"{"$replaceWith": {"$getField": {"field": "v", "input": {"$first": {"$objectToArray": {"x": @any@}}}}}}"#,
        r#"{"$replaceWith": {"$let": {"vars": {"o": {"x": @any@}}, "in": "$$o.x"}}}"#,
        r#"{"$replaceWith": {"$arrayToObject": {"$objectToArray": @any@}}}"#,
        r#"{"$set": {"z": {"$arrayToObject": {"$getField": {"field": "p", "input": {"p": @list@}}}}}}"#,
        // A list of two pairs, of which one comes from the client.
        r#"{"$set": {"z": {"$arrayToObject": [["$pair", @list@]]}}}"#,
        r#"{"$set": {"z": {"$arrayToObject": {"$arrayElemAt": [["$pairs", @list@], 0]}}}}"#,
        r#"{"$set": {"z": {"$arrayToObject": {"$map": {"input": "$l", "in": {"$reverseArray": [["$$this", @text@]]}}}}}}"#,
        // Texts that are read as objects.
        r#"{"$replaceWith": {"$convert": {"input": @text@, "to": "object"}}}"#,
        r#"{"$replaceWith": {"$convert": {"input": @text@, "to": 3}}}"#,
        r#"{"$replaceWith": {"$convert": {"input": @text@, "to": {"type": "object"}}}}"#,
        r#"{"$replaceWith": {"$first": {"$toArray": @text@}}}"#,
    ] {
        refused(stages);
    }
    for stages in [
        r#"{"$replaceWith": {"$getField": {"field": "x", "input": {"x": {"a": @text@}}}}}"#,
        r#"{"$set": {"q": @any@}}, {"$replaceWith": {"$mergeObjects": ["$$ROOT", {"a": @any@}]}}, {"$replaceWith": {"$mergeObjects": ["$$ROOT", {"b": 1}]}}"#,
        r#"{"$set": {"q": @any@}}, {"$replaceWith": {"$arrayToObject": {"$objectToArray": "$$ROOT"}}}"#,
        r#"{"$set": {"z": {"$arrayToObject": [[["a", @any@], ["b", @text@]]]}}}"#,
        r#"{"$set": {"z": {"$arrayToObject": {"$map": {"input": "$l", "in": ["$$this", @any@]}}}}}"#,
        r#"{"$set": {"z": {"$arrayToObject": {"$zip": {"inputs": ["$names", @list@]}}}}}"#,
        r#"{"$set": {"z": {"$arrayToObject": {"$concatArrays": ["$pairs", [{"k": "a", "v": @any@}]]}}}}"#,
        r#"{"$set": {"z": {"$convert": {"input": @text@, "to": "int"}}, "y": {"$toArray": "$tags"}}}"#,
    ] {
        accepted(stages);
    }
}
