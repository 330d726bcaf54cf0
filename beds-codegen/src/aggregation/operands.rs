//! What operators of expressions want of their operands. MongoDB refuses a value of another kind whatever the documents
//! are; what is computed or read from a document is known only when it runs, and is not judged.

use super::Takes;

/// Which operands of an operator.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// Every one.
    All,
    /// Each entry of the list; a single operand gives the list.
    Each,
    /// The one at this place of the list; a single operand without a list is the one at 0.
    At(usize),
    /// The one of this name.
    Of(&'static str),
}

use Takes::{Amount, List, Moment, Number, Object, Text};
use Which::{All, At, Each, Of};

/// What the operands of an operator have to be, as far as one kind is certain.
pub(crate) fn operands(operator: &str) -> &'static [(Which, Takes)] {
    match operator {
        "$allElementsTrue" | "$anyElementTrue" | "$first" | "$last" | "$reverseArray" | "$size" => {
            &[(At(0), List)]
        }
        "$arrayElemAt" => &[(At(0), List), (At(1), Number)],
        "$slice" => &[(At(0), List), (At(1), Number), (At(2), Number)],
        "$concatArrays" | "$setDifference" | "$setEquals" | "$setIntersection" | "$setIsSubset"
        | "$setUnion" => &[(All, List)],
        "$in" => &[(At(1), List)],
        "$indexOfArray" => &[(At(0), List)],
        "$filter" | "$map" | "$reduce" | "$sortArray" => &[(Of("input"), List)],
        "$firstN" | "$lastN" | "$maxN" | "$minN" => &[(Of("input"), List), (Of("n"), Number)],
        "$zip" => &[(Of("inputs"), List)],
        "$objectToArray" => &[(At(0), Object)],
        "$mergeObjects" => &[(All, Object)],
        "$setField" | "$unsetField" => &[(Of("input"), Object)],
        "$abs" | "$ceil" | "$exp" | "$floor" | "$ln" | "$log" | "$log10" | "$sqrt" | "$pow" | "$mod"
        | "$multiply" | "$divide" | "$range" | "$round" | "$trunc" | "$sin" | "$cos" | "$tan"
        | "$degreesToRadians" | "$radiansToDegrees" | "$bitAnd" | "$bitNot" | "$bitOr" | "$bitXor" => {
            &[(All, Number)]
        }
        "$add" | "$subtract" => &[(All, Amount)],
        "$concat" | "$split" => &[(All, Text)],
        "$strLenBytes" | "$strLenCP" => &[(At(0), Text)],
        "$indexOfBytes" | "$indexOfCP" => &[(At(0), Text), (At(1), Text)],
        "$ltrim" | "$rtrim" | "$trim" => &[(Of("input"), Text), (Of("chars"), Text)],
        "$replaceAll" | "$replaceOne" => {
            &[(Of("input"), Text), (Of("find"), Text), (Of("replacement"), Text)]
        }
        "$regexFind" | "$regexFindAll" | "$regexMatch" => &[(Of("input"), Text)],
        "$dateFromString" => &[(Of("dateString"), Text)],
        "$dateAdd" | "$dateSubtract" => &[(Of("startDate"), Moment), (Of("amount"), Number)],
        "$dateDiff" => &[(Of("startDate"), Moment), (Of("endDate"), Moment)],
        "$dateToParts" | "$dateToString" | "$dateTrunc" => &[(Of("date"), Moment)],
        "$dayOfMonth" | "$dayOfWeek" | "$dayOfYear" | "$hour" | "$isoDayOfWeek" | "$isoWeek"
        | "$isoWeekYear" | "$millisecond" | "$minute" | "$month" | "$second" | "$week" | "$year" => {
            &[(At(0), Moment), (Of("date"), Moment)]
        }
        _ => &[],
    }
}

/// The same of stages that take an expression.
pub(crate) fn of_stage(stage: &str) -> &'static [(Which, Takes)] {
    match stage {
        "$replaceRoot" => &[(Of("newRoot"), Object)],
        "$replaceWith" => &[(At(0), Object)],
        "$documents" => &[(Each, Object)],
        _ => &[],
    }
}
