use std::fmt::Write as _;

use crate::{Code, Compiler, diagnostic::Severity, model::Target};

mod reach;

/// A template with one call, which has an argument of every type that matters.
const TEMPLATE: &str = r#"[template]
name = "memo"
service = "app_server"
engine = "mongodb"
database = "journal"

[calls.find]
pipeline = "find.json"
on = "memos"
lane = "write"

[calls.find.args]
text = { type = "string", max = 40 }
int = { type = "int", min = 1 }
any = "json"
list = { type = "list", items = { type = "json" } }
flag = "bool"
maybe = { type = "int", nullable = true }
"#;

/// All arguments, so that none is unused.
const REST: &str = r#"{ "$match": { "text": { "$arg": "text" }, "int": { "$arg": "int" }, "any": { "$arg": "any" },
    "list": { "$arg": "list" }, "flag": { "$arg": "flag" }, "maybe": { "$arg": "maybe" } } }"#;

/// The stages that the runtime gets, or the codes of the errors.
fn compiled(stages: &str) -> Result<String, Vec<Code>> {
    let text = format!("[{stages}]");
    let compiler = Compiler::new().template_text("memo_rec.toml", TEMPLATE).pipeline_text("find.json", text);
    match compiler.domains("nowhere").compile() {
        Ok(output) => match &output.domains[0].calls[0].target {
            Target::Pipeline { stages, .. } => Ok(stages.clone()),
            other => panic!("{other:?}"),
        },
        Err(report) => {
            let errors = report.diagnostics().iter().filter(|found| found.severity == Severity::Error);
            Err(errors.map(|found| found.code).collect())
        }
    }
}

/// A stage with the placeholder `@NAME@` written out, in the form that the runtime gets.
fn bound(stage: &str) -> Result<String, Vec<Code>> {
    let all = compiled(&format!("{}, {REST}", written(stage)))?;
    let end = all.find(",{\"$match\":{\"text\":{\"$eq\":{\"$arg\":\"text\"}}").unwrap();
    Ok(all[1..end].to_owned())
}

fn written(stage: &str) -> String {
    let mut out = String::new();
    for (index, part) in stage.split('@').enumerate() {
        if index % 2 == 0 {
            out.push_str(part);
        } else {
            write!(out, "{{\"$arg\": \"{part}\"}}").unwrap();
        }
    }
    out
}

#[test]
fn a_value_is_a_literal_wherever_it_may_stand() {
    for (stage, expected) in [
        (r#"{"$match": {"a": @any@}}"#, r#"{"$match":{"a":{"$eq":{"$arg":"any"}}}}"#),
        (r#"{"$match": {"a": {"$gte": @any@}}}"#, r#"{"$match":{"a":{"$gte":{"$arg":"any"}}}}"#),
        (r#"{"$match": {"a": {"$in": @list@}}}"#, r#"{"$match":{"a":{"$in":{"$arg":"list"}}}}"#),
        (r#"{"$match": {"a": {"$in": [1, @any@]}}}"#, r#"{"$match":{"a":{"$in":[1,{"$arg":"any"}]}}}"#),
        (r#"{"$match": {"a": {"$all": [@any@]}}}"#, r#"{"$match":{"a":{"$all":[{"$arg":"any"}]}}}"#),
        (r#"{"$match": {"a": {"$not": @any@}}}"#, r#"{"$match":{"a":{"$not":{"$eq":{"$arg":"any"}}}}}"#),
        (
            r#"{"$match": {"a": {"b": @any@}, "c": [@any@]}}"#,
            r#"{"$match":{"a":{"b":{"$arg":"any"}},"c":[{"$arg":"any"}]}}"#,
        ),
        (
            r#"{"$match": {"$or": [{"a": @any@}, {"b": {"$elemMatch": {"c": @any@}}}]}}"#,
            r#"{"$match":{"$or":[{"a":{"$eq":{"$arg":"any"}}},{"b":{"$elemMatch":{"c":{"$eq":{"$arg":"any"}}}}}]}}"#,
        ),
        (
            r#"{"$match": {"a": {"$elemMatch": {"$gt": @int@}}}}"#,
            r#"{"$match":{"a":{"$elemMatch":{"$gt":{"$arg":"int"}}}}}"#,
        ),
        (
            r#"{"$match": {"$expr": {"$eq": ["$a", @any@]}}}"#,
            r#"{"$match":{"$expr":{"$eq":["$a",{"$literal":{"$arg":"any"}}]}}}"#,
        ),
        (
            r#"{"$project": {"a": @any@, "b": "$arg"}}"#,
            r#"{"$project":{"a":{"$literal":{"$arg":"any"}},"b":"$arg"}}"#,
        ),
        (
            r#"{"$set": {"a": {"$literal": {"x": @any@}}}}"#,
            r#"{"$set":{"a":{"$literal":{"x":{"$arg":"any"}}}}}"#,
        ),
        (
            r#"{"$group": {"_id": @text@, "n": {"$sum": @int@}}}"#,
            r#"{"$group":{"_id":{"$literal":{"$arg":"text"}},"n":{"$sum":{"$literal":{"$arg":"int"}}}}}"#,
        ),
        (r#"{"$set": {"y": {"$year": @any@}}}"#, r#"{"$set":{"y":{"$year":{"$literal":{"$arg":"any"}}}}}"#),
        (r#"{"$limit": @int@}"#, r#"{"$limit":{"$arg":"int"}}"#),
        (r#"{"$sample": {"size": @int@}}"#, r#"{"$sample":{"size":{"$arg":"int"}}}"#),
        (
            r#"{"$match": {"a": {"$regex": {"$arg": "text", "as": "regex"}}}}"#,
            r#"{"$match":{"a":{"$regex":{"$arg":"text"}}}}"#,
        ),
        (
            r#"{"$set": {"a": {"$regexMatch": {"input": "$a", "regex": {"as": "regex", "$arg": "text"}}}}}"#,
            r#"{"$set":{"a":{"$regexMatch":{"input":"$a","regex":{"$literal":{"$arg":"text"}}}}}}"#,
        ),
        (
            r#"{"$lookup": {"from": "a", "let": {"x": @text@}, "pipeline": [{"$match": {"b": @text@}}], "as": "c"}}"#,
            r#"{"$lookup":{"from":"a","let":{"x":{"$literal":{"$arg":"text"}}},"pipeline":[{"$match":{"b":{"$eq":{"$arg":"text"}}}}],"as":"c"}}"#,
        ),
        (
            r#"{"$search": {"compound": {"must": [{"text": {"query": @text@, "path": "a"}}]}}}"#,
            r#"{"$search":{"compound":{"must":[{"text":{"query":{"$arg":"text"},"path":"a"}}]}}}"#,
        ),
        (
            r#"{"$geoNear": {"near": @any@, "key": "at"}}"#,
            r#"{"$geoNear":{"near":{"$arg":"any"},"key":"at"}}"#,
        ),
        (
            r#"{"$graphLookup": {"from": "a", "startWith": @text@, "connectFromField": "b", "connectToField": "c", "as": "d", "restrictSearchWithMatch": {"e": @any@}}}"#,
            r#"{"$graphLookup":{"from":"a","startWith":{"$literal":{"$arg":"text"}},"connectFromField":"b","connectToField":"c","as":"d","restrictSearchWithMatch":{"e":{"$eq":{"$arg":"any"}}}}}"#,
        ),
    ] {
        assert_eq!(bound(stage).as_deref(), Ok(expected), "{stage}");
    }
}

#[test]
fn a_value_never_stands_for_a_part_of_the_pipeline() {
    for stage in [
        // Conditions.
        r#"{"$match": {"$expr": @any@}}"#,
        r#"{"$match": {"$or": [{"$expr": @flag@}]}}"#,
        r#"{"$redact": @text@}"#,
        r#"{"$match": @any@}"#,
        r#"{"$match": {"$and": @list@}}"#,
        r#"{"$match": {"$and": [@any@]}}"#,
        r#"{"$match": {"$or": [{"a": 1}, @any@]}}"#,
        r#"{"$match": {"$nor": [@any@]}}"#,
        r#"{"$match": {"a": {"$elemMatch": @any@}}}"#,
        r#"{"$match": {"a": {"$all": [{"$elemMatch": @any@}]}}}"#,
        r#"{"$match": {"$jsonSchema": @any@}}"#,
        r#"{"$match": {"$jsonSchema": {"required": @list@}}}"#,
        r#"{"$match": {"$comment": @text@}}"#,
        r#"{"$match": {"a": {"$type": @text@}}}"#,
        r#"{"$match": {"a": {"$regex": "a", "$options": @text@}}}"#,
        r#"{"$graphLookup": {"from": "a", "startWith": "$a", "connectFromField": "b", "connectToField": "c", "as": "d", "restrictSearchWithMatch": @any@}}"#,
        // Stages.
        "@any@",
        r#"{"$facet": @any@}"#,
        r#"{"$facet": {"a": @list@}}"#,
        r#"{"$facet": {"a": [@any@]}}"#,
        r#"{"$lookup": {"from": "a", "pipeline": @list@, "as": "b"}}"#,
        r#"{"$unionWith": {"coll": "a", "pipeline": [@any@]}}"#,
        // Names.
        r#"{"$unionWith": @text@}"#,
        r#"{"$unionWith": {"coll": @text@}}"#,
        r#"{"$lookup": {"from": @text@, "pipeline": [], "as": "b"}}"#,
        r#"{"$lookup": {"from": {"db": @text@, "coll": "a"}, "pipeline": [], "as": "b"}}"#,
        r#"{"$lookup": {"from": "a", "localField": @text@, "foreignField": "x", "as": "b"}}"#,
        r#"{"$lookup": {"from": "a", "pipeline": [], "as": @text@}}"#,
        r#"{"$graphLookup": {"from": @text@, "startWith": "$a", "connectFromField": "b", "connectToField": "c", "as": "d"}}"#,
        r#"{"$count": @text@}"#,
        r#"{"$unset": @text@}"#,
        r#"{"$unset": [@text@]}"#,
        r#"{"$unwind": @text@}"#,
        r#"{"$unwind": {"path": @text@}}"#,
        r#"{"$project": @any@}"#,
        r#"{"$set": @any@}"#,
        r#"{"$group": @any@}"#,
        r#"{"$group": {"_id": 1, "n": @any@}}"#,
        r#"{"$sort": @any@}"#,
        r#"{"$sort": {"a": @int@}}"#,
        r#"{"$setWindowFields": {"sortBy": @any@, "output": {"n": {"$sum": 1}}}}"#,
        r#"{"$setWindowFields": {"output": {"n": {"$sum": 1, "window": @any@}}}}"#,
        r#"{"$densify": {"field": @text@, "range": {"step": 1, "bounds": "full"}}}"#,
        r#"{"$fill": {"output": {"a": {"method": @text@}}}}"#,
        // Positions that control others.
        r#"{"$set": {"a": {"$getField": @text@}}}"#,
        r#"{"$set": {"a": {"$getField": {"field": @text@}}}}"#,
        r#"{"$set": {"a": {"$getField": {"field": {"$concat": ["a", @text@]}}}}}"#,
        r#"{"$set": {"a": {"$setField": {"field": @text@, "input": "$$ROOT", "value": 1}}}}"#,
        r#"{"$set": {"a": {"$unsetField": {"field": @text@, "input": "$$ROOT"}}}}"#,
        r#"{"$set": {"a": {"$meta": @text@}}}"#,
        r#"{"$set": {"a": {"$convert": {"input": 1, "to": @text@}}}}"#,
        r#"{"$set": {"a": {"$dateToString": {"date": "$a", "format": @text@}}}}"#,
        r#"{"$set": {"a": {"$sortArray": {"input": "$a", "sortBy": @any@}}}}"#,
        r#"{"$set": {"a": {"$switch": {"branches": @list@}}}}"#,
        r#"{"$set": {"a": {"$let": {"vars": @any@, "in": 1}}}}"#,
        r#"{"$set": {"a": {"$map": {"input": "$a", "as": @text@, "in": 1}}}}"#,
        r#"{"$set": {"a": {"$filter": @any@}}}"#,
        r#"{"$set": {"a": {"$eq": @list@}}}"#,
        r#"{"$set": {"a": {"$cond": @list@}}}"#,
        // The same through an intermediate field.
        r#"{"$set": {"a": @text@, "b": {"$getField": "$a"}}}"#,
        r#"{"$set": {"a": {"$let": {"vars": {"x": @text@}, "in": {"$getField": "$$x"}}}}}"#,
        r#"{"$set": {"a": {"$map": {"input": @list@, "in": {"$getField": "$$this"}}}}}"#,
        r#"{"$set": {"a": {"$regexMatch": {"input": "$b", "regex": {"$concat": ["^", @text@]}}}}}"#,
        // Scripts.
        r#"{"$set": {"a": {"$function": {"body": @text@, "args": [], "lang": "js"}}}}"#,
        r#"{"$set": {"a": {"$function": @any@}}}"#,
        r#"{"$group": {"_id": 1, "a": {"$accumulator": {"init": @text@, "accumulate": "", "accumulateArgs": [], "merge": "", "lang": "js"}}}}"#,
        // Ways to search.
        r#"{"$search": @any@}"#,
        r#"{"$search": {"text": @any@}}"#,
        r#"{"$search": {"text": {"query": "a", "path": @text@}}}"#,
        r#"{"$search": {"queryString": {"query": @text@, "defaultPath": "a"}}}"#,
        r#"{"$search": {"regex": {"query": @text@, "path": "a"}}}"#,
        r#"{"$vectorSearch": {"index": @text@, "path": "a", "queryVector": [1], "limit": 1}}"#,
        r#"{"$geoNear": {"near": [1, 2], "distanceField": @text@}}"#,
        r#"{"$match": {"a": {"$gt": {"$arg": "text", "as": "regex"}}}}"#,
    ] {
        assert_eq!(bound(stage), Err(vec![Code::ValueNotHere]), "{stage}");
    }
    for last in [
        r#"{"$out": @text@}"#,
        r#"{"$out": {"db": @text@, "coll": "a"}}"#,
        r#"{"$merge": @text@}"#,
        r#"{"$merge": {"into": @text@}}"#,
        r#"{"$merge": {"into": {"db": "a", "coll": @text@}}}"#,
        r#"{"$merge": {"into": "a", "on": @text@}}"#,
        r#"{"$merge": {"into": "a", "whenMatched": @text@}}"#,
        r#"{"$merge": {"into": "a", "whenMatched": [@any@]}}"#,
    ] {
        assert_eq!(compiled(&format!("{REST}, {}", written(last))), Err(vec![Code::ValueNotHere]), "{last}");
    }
}

#[test]
fn what_holds_a_clients_value_decides_nothing_either() {
    for stages in [
        r#"{"$set": {"a": @text@}}, {"$set": {"b": {"$getField": "$a"}}}"#,
        r#"{"$set": {"a.x": @text@}}, {"$set": {"c": "$a.x"}}, {"$project": {"b": {"$getField": "$c"}}}"#,
        r#"{"$group": {"_id": @text@}}, {"$set": {"b": {"$getField": "$_id"}}}"#,
        r#"{"$replaceWith": {"x": @text@}}, {"$set": {"b": {"$convert": {"input": 1, "to": "$x"}}}}"#,
        r#"{"$set": {"a": @text@}}, {"$match": {"$expr": {"$regexMatch": {"input": "$b", "regex": "$a"}}}}"#,
        r#"{"$set": {"a": @text@}}, {"$set": {"b": {"$getField": "$$ROOT.a"}}}"#,
    ] {
        let stages = format!("{}, {REST}", written(stages));
        assert_eq!(compiled(&stages), Err(vec![Code::ValueNotHere]), "{stages}");
    }
    for stages in [
        r#"{"$set": {"a": @text@}}, {"$set": {"b": {"$getField": "$c"}}}"#,
        r#"{"$match": {"a": @text@}}, {"$set": {"b": {"$getField": "$c"}}}"#,
        r#"{"$set": {"a": @text@}}, {"$set": {"b": {"$toUpper": "$a"}}}"#,
    ] {
        let stages = format!("{}, {REST}", written(stages));
        assert!(compiled(&stages).is_ok(), "{stages}: {:?}", compiled(&stages));
    }
}

#[test]
fn no_client_names_a_field() {
    for stages in [
        r#"{"$replaceWith": {"$arrayToObject": [[{"k": @text@, "v": 1}]]}}"#,
        r#"{"$replaceWith": {"$arrayToObject": [[[@text@, 1]]]}}"#,
        r#"{"$set": {"a": {"$arrayToObject": @list@}}}"#,
        r#"{"$set": {"a": {"$arrayToObject": {"$map": {"input": "$b", "in": {"k": {"$concat": ["x", @text@]}, "v": 1}}}}}}"#,
        r#"{"$set": {"a": {"$arrayToObject": {"$map": {"in": {"k": "$$this", "v": 1}, "input": @list@}}}}}"#,
        r#"{"$set": {"a": {"$arrayToObject": {"$zip": {"inputs": [@list@, "$b"]}}}}}"#,
        r#"{"$set": {"a": {"$arrayToObject": {"$literal": [{"k": @text@, "v": 1}]}}}}"#,
        r#"{"$set": {"a": [{"k": @text@, "v": 1}]}}, {"$set": {"b": {"$arrayToObject": "$a"}}}"#,
        r#"{"$replaceWith": @any@}"#,
        r#"{"$replaceRoot": {"newRoot": {"$mergeObjects": ["$$ROOT", @any@]}}}"#,
        r#"{"$replaceRoot": {"newRoot": {"$ifNull": ["$a", @any@]}}}"#,
        r#"{"$set": {"a": @any@}}, {"$replaceWith": "$a"}"#,
        r#"{"$set": {"a": {"$toObject": @text@}}}"#,
    ] {
        let stages = format!("{}, {REST}", written(stages));
        assert_eq!(compiled(&stages), Err(vec![Code::ValueNotHere]), "{stages}");
    }
    for stages in [
        r#"{"$set": {"a": {"$arrayToObject": [[{"k": "b", "v": @any@}]]}}}"#,
        r#"{"$set": {"a": {"$arrayToObject": {"$slice": ["$pairs", @int@]}}}}"#,
        r#"{"$set": {"a": {"$arrayToObject": {"$map": {"input": "$b", "in": {"k": "$$this.k", "v": @any@}}}}}}"#,
        r#"{"$set": {"a": {"$arrayToObject": {"$filter": {"input": {"$objectToArray": "$$ROOT"}, "cond": {"$ne": ["$$this.v", @text@]}}}}}}"#,
        r#"{"$set": {"n": {"$add": ["$n", @int@]}}}, {"$replaceRoot": {"newRoot": "$doc"}}"#,
        r#"{"$replaceWith": {"$mergeObjects": ["$$ROOT", {"a": @any@, "b": @text@}]}}"#,
        r#"{"$set": {"at": {"$dateTrunc": {"date": "$at", "unit": @text@, "timezone": @text@}}}}"#,
    ] {
        let stages = format!("{}, {REST}", written(stages));
        assert!(compiled(&stages).is_ok(), "{stages}: {:?}", compiled(&stages));
    }
}

#[test]
fn what_always_fails_is_told() {
    for stage in [
        r#"{"$limit": 0}"#,
        r#"{"$limit": -1}"#,
        r#"{"$skip": -1}"#,
        r#"{"$sample": {"size": 0}}"#,
        r#"{"$project": {"a": 1, "b": 0}}"#,
        r#"{"$project": {"a": {"b": false}, "c": "$d"}}"#,
        r#"{"$project": {}}"#,
        r#"{"$addFields": {}}"#,
        r#"{"$unset": []}"#,
        r#"{"$facet": {}}"#,
    ] {
        assert_eq!(bound(stage), Err(vec![Code::PipelineValue]), "{stage}");
    }
    for stage in
        [r#"{"$skip": 0}"#, r#"{"$project": {"_id": 0, "a": 1}}"#, r#"{"$project": {"a": 0, "b.c": false}}"#]
    {
        assert!(bound(stage).is_ok(), "{stage}");
    }
}

#[test]
fn a_regular_expression_is_declared() {
    for stage in [
        r#"{"$match": {"a": {"$regex": @text@}}}"#,
        r#"{"$set": {"a": {"$regexMatch": {"input": "$a", "regex": @text@}}}}"#,
        r#"{"$set": {"a": {"$regexFindAll": {"input": "$a", "regex": @text@}}}}"#,
    ] {
        assert_eq!(bound(stage), Err(vec![Code::RegexNotDeclared]), "{stage}");
    }
}

#[test]
fn an_argument_suits_its_place() {
    for stage in [
        r#"{"$limit": @text@}"#,
        r#"{"$skip": @any@}"#,
        r#"{"$limit": @maybe@}"#,
        r#"{"$match": {"a": {"$in": @text@}}}"#,
        r#"{"$match": {"a": {"$nin": @any@}}}"#,
        r#"{"$match": {"a": {"$exists": @int@}}}"#,
        r#"{"$match": {"a": {"$size": @text@}}}"#,
        r#"{"$match": {"a": {"$regex": {"$arg": "int", "as": "regex"}}}}"#,
    ] {
        assert_eq!(bound(stage), Err(vec![Code::ArgumentKind]), "{stage}");
    }
}

#[test]
fn each_mistake_has_its_code() {
    use Code::{ExtendedJson, PipelineOperator, PipelineShape, PipelineSyntax, PipelineValue, StagePlace};
    for (stage, code) in [
        (r#"{"$mach": {}}"#, PipelineOperator),
        (r#"{"match": {}}"#, PipelineOperator),
        (r#"{"$inc": {"a": 1}}"#, PipelineOperator),
        (r#"{"$set": {"a": {"$ad": [1, 2]}}}"#, PipelineOperator),
        (r#"{"$match": {"a": {"$gtt": 1}}}"#, PipelineOperator),
        (r#"{"$match": {"$xor": []}}"#, PipelineOperator),
        (r#"{"$group": {"_id": 1, "n": {"$add": [1]}}}"#, PipelineOperator),
        (r#"{"$lookup": {"form": "a", "as": "b", "pipeline": []}}"#, PipelineOperator),
        (r#"{"$fill": {"output": {"a": {"method": "loaf"}}}}"#, PipelineOperator),
        (r#"{"$set": {"$a": 1}}"#, PipelineOperator),
        (r#"{"$match": {"a": {"$oid": "507f1f77bcf86cd799439011"}}}"#, ExtendedJson),
        (r#"{"$set": {"a": {"$date": "2026-01-01T00:00:00Z"}}}"#, ExtendedJson),
        (r#"{"$match": {"a": {"$in": [{"$numberLong": "1"}]}}}"#, ExtendedJson),
        (r#"{"$out": "a"}, {"$match": {}}"#, StagePlace),
        (r#"{"$facet": {"a": [{"$out": "b"}]}}"#, StagePlace),
        (r#"{"$facet": {"a": [{"$facet": {}}]}}"#, StagePlace),
        (r#"{"$lookup": {"from": "a", "as": "b", "pipeline": [{"$merge": "c"}]}}"#, StagePlace),
        (r#"{"$unionWith": {"coll": "a", "pipeline": [{"$out": "c"}]}}"#, StagePlace),
        (r#"{"$match": {}}, {"$geoNear": {"near": [1, 2]}}"#, StagePlace),
        (r#"{"$documents": [{"a": 1}]}"#, StagePlace),
        (r#"{"$currentOp": {}}"#, StagePlace),
        (r#"{"$match": {"$where": "true"}}"#, StagePlace),
        (r#"{"$match": {"a": {"$near": [1, 2]}}}"#, StagePlace),
        (r#"{"$match": {}}, {"$match": {"$text": {"$search": "a"}}}"#, StagePlace),
        (r#"{"$match": {"$gt": 1}}"#, StagePlace),
        (r#"{"$match": {"a": {"b": {"$gt": 1}}}}"#, StagePlace),
        (r#"{"$match": {}, "$limit": 1}"#, PipelineShape),
        (r#"{"$set": {"a": {"$sum": 1, "$avg": 2}}}"#, PipelineShape),
        (r#"{"$match": {"a": {"$gt": 1, "b": 2}}}"#, PipelineShape),
        ("{}", PipelineShape),
        (r#""$match""#, PipelineShape),
        (r#"{"$limit": "10"}"#, PipelineValue),
        (r#"{"$limit": 1.5}"#, PipelineValue),
        (r#"{"$sort": "a"}"#, PipelineValue),
        (r#"{"$sort": {"a": "desc"}}"#, PipelineValue),
        (r#"{"$sort": {}}"#, PipelineValue),
        (r#"{"$match": []}"#, PipelineValue),
        (r#"{"$match": {"$or": []}}"#, PipelineValue),
        (r#"{"$match": {"a": {"$in": 1}}}"#, PipelineValue),
        (r#"{"$set": {"a": {"$subtract": [1, 2, 3]}}}"#, PipelineValue),
        (r#"{"$set": {"a": {"$divide": 1}}}"#, PipelineValue),
        (r#"{"$group": {"n": {"$sum": 1}}}"#, PipelineValue),
        (r#"{"$group": {"_id": 1, "n": "$a"}}"#, PipelineValue),
        (r#"{"$lookup": {"from": "a", "as": "b"}}"#, PipelineValue),
        (r#"{"$unwind": "tags"}"#, PipelineValue),
        (r#"{"$count": 1}"#, PipelineValue),
        (r#"{"$set": {"a": {"$cond": {"if": 1, "then": 2}}}}"#, PipelineValue),
        ("{'$match': {}}", PipelineSyntax),
    ] {
        assert_eq!(compiled(&format!("{stage}, {REST}")), Err(vec![code]), "{stage}");
    }
}
