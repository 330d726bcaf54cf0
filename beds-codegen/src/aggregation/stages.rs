//! The stages.

use super::{
    CONSTANT, FIELD, Key, NAME, NOTHING, Named, Slot, Takes, UNITS, may, must, queries::GEOMETRY_KEYS,
};

/// The context of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// The call's own file.
    Call,
    Facet,
    Lookup,
    UnionWith,
    /// `whenMatched` of `$merge`, an update.
    Merge,
    /// The rankings of `$rankFusion` and `$scoreFusion`.
    Fusion,
}

/// A stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) slot: Slot,
    pub(crate) place: Place,
}

/// Where a stage may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    /// Only as the first stage of its pipeline, and not inside `$facet`.
    First,
    /// Not inside `$facet`.
    OutsideFacet,
    /// As the last stage of the call's own pipeline; it writes.
    Last,
    /// As the first stage of a pipeline inside `$lookup` or `$unionWith`. On its own it would run on a database, not on
    /// a collection.
    Inner,
    /// Anywhere, also in the update of `$merge`.
    Update,
}

impl Within {
    /// The place in words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "a call",
            Self::Facet => "`$facet`",
            Self::Lookup => "`$lookup`",
            Self::UnionWith => "`$unionWith`",
            Self::Merge => "`whenMatched`",
            Self::Fusion => "a ranking",
        }
    }
}

impl Stage {
    /// Why the stage cannot stand there, and the advice.
    pub(crate) fn misplaced(
        &self,
        within: Within,
        is_first: bool,
        is_last: bool,
    ) -> Option<(String, &'static str)> {
        let name = self.name;
        let refused = |why: &str, help| Some((format!("`{name}` {why}"), help));
        match (self.place, within) {
            (Place::Update, _) => None,
            (_, Within::Merge) => refused(
                "is not allowed in `whenMatched`",
                "an update has only `$set`, `$unset`, `$project`, `$replaceWith` and their other names",
            ),
            (Place::Last, Within::Call) if is_last => None,
            (Place::Last, Within::Call) => refused("must be the last stage", "move it to the end"),
            (Place::Last, _) => refused(
                &format!("is not allowed in {}", within.as_str()),
                "only the last stage of the call's own pipeline writes",
            ),
            (Place::First | Place::OutsideFacet | Place::Inner, Within::Facet) => {
                refused("is not allowed in `$facet`", "put it before `$facet`, or write a separate call")
            }
            (Place::First, _) if !is_first => refused("must be the first stage", "move it to the front"),
            (Place::Inner, Within::Lookup | Within::UnionWith) if is_first => None,
            (Place::Inner, _) => refused(
                "is not allowed here",
                "it may only be the first stage of a pipeline in `$lookup` or `$unionWith` that names no collection",
            ),
            (Place::Anywhere | Place::First | Place::OutsideFacet, _) => None,
        }
    }
}

/// Known stages that no call can run: they run on a database or a server, or never end.
pub(crate) const ELSEWHERE: &[&str] = &[
    "$changeStream",
    "$changeStreamSplitLargeEvent",
    "$currentOp",
    "$listClusterCatalog",
    "$listLocalSessions",
    "$listSampledQueries",
    "$listSessions",
    "$querySettings",
    "$queryStats",
    "$shardedDataDistribution",
];

/// Operators of updates, which a pipeline cannot contain.
pub(crate) const UPDATES: &[&str] = &[
    "$addToSet",
    "$bit",
    "$currentDate",
    "$inc",
    "$max",
    "$min",
    "$mul",
    "$pop",
    "$pull",
    "$pullAll",
    "$push",
    "$rename",
    "$setOnInsert",
];

const EXPRESSIONS: Slot = Slot::Map(&Slot::Expression);
const FIELDS: Slot = Slot::List(&FIELD);
const FIELD_OR_FIELDS: Slot = Slot::Either(&[FIELD, FIELDS]);
const SOURCE: Slot = Slot::Name(Named::Collection);
const COLLECTION: Slot = Slot::Name(Named::Target);
const OBJECT: Slot = Slot::Constant(Takes::Object);
const BOOL: Slot = Slot::Constant(Takes::Bool);
const COUNT: Slot = Slot::Value(Takes::Positive);
const NATURAL: Slot = Slot::Value(Takes::Natural);
const FROM: Slot = Slot::Either(&[SOURCE, Slot::Keys(&[may("db", NAME), must("coll", SOURCE)])]);
const TARGET: Slot = Slot::Either(&[COLLECTION, Slot::Keys(&[may("db", NAME), must("coll", COLLECTION)])]);
const OUT: Slot = Slot::Either(&[
    COLLECTION,
    Slot::Keys(&[may("db", NAME), must("coll", COLLECTION), may("timeseries", OBJECT)]),
]);
/// The series of preferred numbers.
const SERIES: Slot = Slot::Word(&[
    "R5",
    "R10",
    "R20",
    "R40",
    "R80",
    "1-2-5",
    "E6",
    "E12",
    "E24",
    "E48",
    "E96",
    "E192",
    "POWERSOF2",
]);

const BUCKET: &[Key] = &[
    must("groupBy", Slot::By),
    must("boundaries", Slot::List(&Slot::Expression)),
    may("default", Slot::Expression),
    may("output", Slot::Map(&Slot::Accumulator)),
];
const BUCKET_AUTO: &[Key] = &[
    must("groupBy", Slot::By),
    must("buckets", COUNT),
    may("output", Slot::Map(&Slot::Accumulator)),
    may("granularity", SERIES),
];
const DENSIFY: &[Key] = &[
    must("field", FIELD),
    may("partitionByFields", FIELDS),
    must(
        "range",
        Slot::Keys(&[
            must("step", Slot::Value(Takes::Number)),
            may("unit", Slot::Word(UNITS)),
            must(
                "bounds",
                Slot::Either(&[Slot::Word(&["full", "partition"]), Slot::List(&Slot::Value(Takes::Any))]),
            ),
        ]),
    ),
];
const FILL: &[Key] = &[
    may("partitionBy", Slot::Expression),
    may("partitionByFields", FIELDS),
    may("sortBy", Slot::Sort),
    must(
        "output",
        Slot::Map(&Slot::Keys(&[
            may("value", Slot::Expression),
            may("method", Slot::Word(&["linear", "locf"])),
        ])),
    ),
];
const GEO_NEAR: &[Key] = &[
    must("near", Slot::Either(&[GEOMETRY_KEYS, Slot::Value(Takes::Composite)])),
    may("distanceField", FIELD),
    may("spherical", BOOL),
    may("maxDistance", Slot::Value(Takes::Number)),
    may("minDistance", Slot::Value(Takes::Number)),
    may("query", Slot::Query),
    may("distanceMultiplier", Slot::Value(Takes::Number)),
    may("includeLocs", FIELD),
    may("key", FIELD),
];
const GRAPH_LOOKUP: &[Key] = &[
    must("from", SOURCE),
    must("startWith", Slot::Expression),
    must("connectFromField", FIELD),
    must("connectToField", FIELD),
    must("as", FIELD),
    may("maxDepth", NATURAL),
    may("depthField", FIELD),
    may("restrictSearchWithMatch", Slot::Query),
];
const LOOKUP: &[Key] = &[
    may("from", FROM),
    may("localField", FIELD),
    may("foreignField", FIELD),
    may("let", EXPRESSIONS),
    may("pipeline", Slot::Pipeline(Within::Lookup)),
    must("as", FIELD),
];
const MERGE: &[Key] = &[
    must("into", TARGET),
    may("on", FIELD_OR_FIELDS),
    may("let", EXPRESSIONS),
    may(
        "whenMatched",
        Slot::Either(&[
            Slot::Word(&["replace", "keepExisting", "merge", "fail"]),
            Slot::Pipeline(Within::Merge),
        ]),
    ),
    may("whenNotMatched", Slot::Word(&["insert", "discard", "fail"])),
];
const FUSION: &[Key] = &[
    must(
        "input",
        Slot::Keys(&[
            must("pipelines", Slot::Map(&Slot::Pipeline(Within::Fusion))),
            may("normalization", NAME),
        ]),
    ),
    may("combination", CONSTANT),
    may("scoreDetails", BOOL),
];
const WINDOW_FIELDS: &[Key] = &[
    may("partitionBy", Slot::Expression),
    may("sortBy", Slot::Sort),
    must("output", Slot::Map(&Slot::Window)),
];
const UNION_WITH: Slot = Slot::Either(&[
    SOURCE,
    Slot::Keys(&[may("coll", SOURCE), may("db", NAME), may("pipeline", Slot::Pipeline(Within::UnionWith))]),
]);
const UNWIND: Slot = Slot::Either(&[
    Slot::Path,
    Slot::Keys(&[
        must("path", Slot::Path),
        may("includeArrayIndex", FIELD),
        may("preserveNullAndEmptyArrays", BOOL),
    ]),
]);
const VECTOR_SEARCH: &[Key] = &[
    must("index", NAME),
    must("path", NAME),
    may("queryVector", Slot::Value(Takes::List)),
    may("query", Slot::Value(Takes::Any)),
    may("model", NAME),
    may("numCandidates", COUNT),
    may("exact", BOOL),
    must("limit", COUNT),
    may("filter", Slot::Query),
    may("explainOptions", OBJECT),
];

const fn stage(name: &'static str, place: Place, slot: Slot) -> Stage {
    Stage { name, slot, place }
}

/// The stages that a call can run.
pub(crate) const STAGES: &[Stage] = &[
    stage("$addFields", Place::Update, EXPRESSIONS),
    stage("$bucket", Place::Anywhere, Slot::Keys(BUCKET)),
    stage("$bucketAuto", Place::Anywhere, Slot::Keys(BUCKET_AUTO)),
    stage("$collStats", Place::First, OBJECT),
    stage("$count", Place::Anywhere, Slot::Name(Named::Member)),
    stage("$densify", Place::Anywhere, Slot::Keys(DENSIFY)),
    stage("$documents", Place::Inner, Slot::Document),
    stage("$facet", Place::OutsideFacet, Slot::Map(&Slot::Pipeline(Within::Facet))),
    stage("$fill", Place::Anywhere, Slot::Keys(FILL)),
    stage("$geoNear", Place::First, Slot::Keys(GEO_NEAR)),
    stage("$graphLookup", Place::Anywhere, Slot::Keys(GRAPH_LOOKUP)),
    stage("$group", Place::Anywhere, Slot::Group),
    stage("$indexStats", Place::First, NOTHING),
    stage("$limit", Place::Anywhere, COUNT),
    stage("$listSearchIndexes", Place::First, OBJECT),
    stage("$lookup", Place::Anywhere, Slot::Keys(LOOKUP)),
    stage("$match", Place::Anywhere, Slot::Query),
    stage("$merge", Place::Last, Slot::Either(&[COLLECTION, Slot::Keys(MERGE)])),
    stage("$out", Place::Last, OUT),
    stage("$planCacheStats", Place::First, OBJECT),
    stage("$project", Place::Update, EXPRESSIONS),
    stage("$rankFusion", Place::First, Slot::Keys(FUSION)),
    stage("$redact", Place::Anywhere, Slot::Condition),
    stage("$replaceRoot", Place::Update, Slot::Keys(&[must("newRoot", Slot::Document)])),
    stage("$replaceWith", Place::Update, Slot::Document),
    stage("$sample", Place::Anywhere, Slot::Keys(&[must("size", COUNT)])),
    stage("$score", Place::Anywhere, OBJECT),
    stage("$scoreFusion", Place::First, Slot::Keys(FUSION)),
    stage("$search", Place::First, Slot::Search),
    stage("$searchMeta", Place::First, Slot::Search),
    stage("$set", Place::Update, EXPRESSIONS),
    stage("$setWindowFields", Place::Anywhere, Slot::Keys(WINDOW_FIELDS)),
    stage("$skip", Place::Anywhere, NATURAL),
    stage("$sort", Place::Anywhere, Slot::Sort),
    stage("$sortByCount", Place::Anywhere, Slot::By),
    stage("$unionWith", Place::Anywhere, UNION_WITH),
    stage("$unset", Place::Update, FIELD_OR_FIELDS),
    stage("$unwind", Place::Anywhere, UNWIND),
    stage("$vectorSearch", Place::First, Slot::Keys(VECTOR_SEARCH)),
];
