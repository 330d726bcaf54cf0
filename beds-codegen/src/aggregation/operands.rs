//! The kinds of operands that operators of expressions require. MongoDB refuses a constant of another kind for any
//! documents. An operand that is computed or read from a document is known only at run time, and is not checked.

use super::Takes;

/// Which operands of an operator.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// Every one.
    All,
    /// Each entry of the list. A single operand yields the list itself.
    Each,
    /// The operand at this place of the list. A single operand without a list is at 0.
    At(usize),
    /// The operand with this name.
    Of(&'static str),
}

use Takes::{Amount, List, Moment, Number, Object, Text};
use Which::{All, At, Each, Of};

/// The required kinds of an operator's operands, where one kind is certain.
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

/// The same for stages that take an expression.
pub(crate) fn of_stage(stage: &str) -> &'static [(Which, Takes)] {
    match stage {
        "$replaceRoot" => &[(Of("newRoot"), Object)],
        "$replaceWith" => &[(At(0), Object)],
        "$documents" => &[(Each, Object)],
        _ => &[],
    }
}
