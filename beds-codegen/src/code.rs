//! The registry of diagnostic codes. A code is permanent: it may fall out of use, but is never reused for another
//! mistake. Each has an explanation in `src/explain/`, which `bedsc explain` prints.

use std::fmt;

macro_rules! codes {
    ($($text:ident $name:ident = $title:literal;)*) => {
        /// What kind of mistake a diagnostic reports; `bedsc explain` tells more about each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $name,)* }

        impl Code {
            /// All codes, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code, such as `B0101`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($text),)* }
            }

            /// The mistake in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The explanation from `src/explain/`, in Markdown.
            pub(crate) const fn markdown(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("explain/", stringify!($text), ".md")),)* }
            }
        }
    };
}

codes! {
    // Files.
    B0001 NoTemplates = "no templates";
    B0002 PathMissing = "path does not exist";
    B0003 Unreadable = "file cannot be read";
    B0004 FileTooLarge = "file is too large";
    B0005 NotUtf8 = "file is not UTF-8";
    B0006 EmptyFile = "template is empty";
    B0007 Syntax = "invalid TOML";
    B0008 DuplicateKey = "duplicate key";
    B0009 FileName = "invalid file name";
    B0010 NotRust = "invalid Rust";
    B0011 MergeConflict = "merge conflict";
    B0012 OtherLanguage = "not TOML but another language";
    B0013 InvisibleCharacter = "invisible character";
    // Shape.
    B0101 UnknownKey = "unknown key";
    B0102 UnknownSection = "unknown section";
    B0103 WrongShape = "value of the wrong kind";
    B0104 MissingSection = "section is missing";
    B0105 MissingKey = "key is missing";
    B0106 TooMany = "too many entries";
    B0107 EmptyText = "text is empty";
    // [template].
    B0201 TemplateName = "invalid template name";
    B0202 NameTooLong = "name is too long";
    B0203 ReservedName = "name is reserved";
    B0204 UnknownService = "unknown service";
    B0205 UnknownBroker = "unknown broker";
    B0206 BrokerMissing = "broker is missing";
    B0207 UnknownEngine = "unknown engine";
    B0208 DatabaseName = "invalid database name";
    B0209 OffersNothing = "template offers nothing";
    B0210 Fingerprint = "invalid fingerprint";
    B0211 NotAWarning = "not a warning that can be allowed";
    // [fields].
    B0301 FieldName = "invalid field name";
    B0302 UnknownType = "unknown type";
    B0303 KeyNotOfType = "key does not suit the type";
    B0304 KeyNotHere = "key is not allowed here";
    B0305 ColumnTaken = "duplicate column";
    B0306 ColumnName = "invalid column name";
    B0307 IdentifierTaken = "duplicate Rust name";
    B0308 DecimalDigits = "decimal without its digits";
    B0309 DigitsRange = "digits out of range";
    B0310 EnumValues = "invalid enum value";
    B0311 EnumValueTwice = "duplicate enum value";
    B0312 BoundsCrossed = "bounds are crossed";
    B0313 BoundKind = "bound of the wrong kind";
    B0314 BoundRange = "bound out of range";
    B0315 BadPattern = "invalid regular expression";
    B0316 ListItems = "list without items";
    B0317 ObjectFields = "object without fields";
    B0318 TypeNotOnEngine = "type is not on this engine";
    B0319 UnknownGenerated = "unknown generator";
    B0320 GeneratedType = "generator does not suit the type";
    B0321 DefaultKind = "default of the wrong kind";
    B0322 DefaultRefused = "default breaks the field's own rules";
    B0323 DefaultImpossible = "type has no default";
    B0324 Contradiction = "keys contradict each other";
    B0325 KeyNullable = "key field may not be null";
    B0326 KeyType = "type cannot be a key";
    B0327 VersionType = "version field is not an int";
    B0328 TwoVersions = "two version fields";
    B0329 VersionSet = "version field cannot be set";
    B0330 TooDeep = "nested too deep";
    B0331 UniqueType = "type cannot be unique";
    B0332 MemberColumn = "member of a JSON object has a column";
    B0333 FlagUnheld = "flag that does not hold";
    // [objects].
    B0401 ObjectEngine = "object is not of this engine";
    B0402 ObjectMissing = "no database object is named";
    B0403 TwoObjects = "two database objects are named";
    B0404 ObjectName = "invalid name of a database object";
    B0405 ArgsMissing = "procedure without args";
    B0406 UnknownField = "unknown field";
    B0407 NamedTwice = "duplicate field";
    B0408 KeyArgMissing = "args lack the key";
    B0409 RequiredArgMissing = "args lack a required field";
    B0410 VersionArgMissing = "args lack the version";
    B0411 NoKey = "no key to find the record by";
    B0412 NothingToUpdate = "nothing to update";
    B0413 ArgWithoutValue = "there is no value to pass";
    B0414 ManyNotHere = "`many` is not for this object";
    B0415 ManyRange = "`many` out of range";
    // [fetch].
    B0501 FetchWithoutRead = "fetch without a read object";
    B0502 NotFilterable = "type cannot be filtered";
    B0503 NotSortable = "type cannot be sorted";
    B0504 LimitCrossed = "default limit above the maximum";
    B0505 LimitRange = "limit out of range";
    // [calls].
    B0601 CallName = "invalid name of a call or argument";
    B0602 CallWithoutObject = "call names nothing to run";
    B0603 CallTwoObjects = "call names two things to run";
    B0604 CallEngine = "call is not for this engine";
    B0605 LaneMissing = "lane is missing";
    B0606 UnknownLane = "unknown lane";
    B0607 UnknownMode = "unknown mode";
    B0608 ModeNotHere = "mode needs a procedure";
    B0609 ReturnsMissing = "function without returns";
    B0610 ReturnsUnknown = "unknown way to return";
    B0611 ReturnsNotHere = "this cannot be returned here";
    B0612 CallKeyNotHere = "key is not for this kind of call";
    B0613 PipelineOn = "pipeline without a collection";
    B0614 PipelineMissing = "pipeline's file cannot be read";
    B0615 PipelineSyntax = "invalid JSON in a pipeline";
    B0616 PipelineShape = "invalid pipeline";
    B0617 UnknownArg = "unknown argument";
    B0618 UnusedArg = "argument is not used";
    B0619 BadPlaceholder = "invalid placeholder";
    B0620 WritesOnReadLane = "pipeline writes on the read lane";
    B0621 CommitsOnRead = "read call commits";
    B0622 PipelineOperator = "unknown stage or operator";
    B0623 StagePlace = "stage or operator in a forbidden place";
    B0624 PipelineValue = "value of the wrong kind in a pipeline";
    B0625 ValueNotHere = "value of a client in a forbidden place";
    B0626 RegexNotDeclared = "regular expression of a client is not declared";
    B0627 ArgumentKind = "argument does not suit its place";
    B0628 ExtendedJson = "Extended JSON in a pipeline";
    B0629 ServerScript = "JavaScript in the server";
    // Across templates.
    B0701 SameTemplate = "duplicate template name";
    B0702 SameStruct = "duplicate Rust name of a domain";
    B0703 ArgumentCount = "procedure with two argument counts";
    B0704 SameModule = "duplicate Rust module";
    // Hand-written domains.
    B0801 NotADomain = "not a struct with named fields";
    B0802 AttributeForm = "attribute of the wrong form";
    B0803 NotAMethod = "unknown operation for a method";
    B0804 HalfRead = "fetch without count, or count without fetch";
    B0805 NotPublic = "struct is not public";
    B0806 NotAPath = "not a name of Rust";
    B0807 MethodMissing = "no Rust function behind a call";
    // Warnings.
    B0901 NotCompiled = "file is not compiled";
    B0902 EnumCase = "enum values differ by case alone";
    B0903 OddPattern = "pattern matches hardly any text";
    B0904 DefaultUnused = "default is never applied";
    B0905 KeyDefault = "key has a constant default";
    B0906 KeyIndex = "key needs an index of its own";
    B0907 OddObjectName = "name of an object looks like something else";
    B0908 OddEnumValue = "enum value is hardly what it seems";
    // [events].
    B1001 EventUnknown = "event of an operation that is not offered";
    B1002 EventOfRead = "event of what changes nothing";
    B1003 EventWithoutKey = "event without a key";
    B1004 EventSensitive = "sensitive field in an event";
    B1005 EventUnread = "fields of an event that cannot be read";
    B1006 NothingPublished = "events without operations";
    // [access], and values of a request.
    B1101 AccessUnknown = "access to what the domain does not offer";
    B1102 RoleName = "invalid name of a role";
    B1103 NothingAllowed = "access that allows nothing";
    B1104 RequestValueUnknown = "unknown value of a request";
    B1105 RequestValueType = "value of a request in a field of another type";
    B1106 RowValue = "condition on records that never holds";
    B1107 RowField = "field that cannot decide who reaches a record";
    B1108 FieldRule = "field that cannot be hidden or readonly";
    B1109 RoleCannotWrite = "role that may write records and cannot";
    B1110 RowsUnchecked = "condition on records that no write is held to";
    B1111 RoleIdle = "role that may do nothing";
    // [lifecycle].
    B1201 Duration = "invalid length of time";
    B1202 TtlField = "ttl without a moment to count from";
    B1203 TtlUnkept = "ttl that nothing keeps";
    B1204 AgeUnkept = "records that cannot go elsewhere when they are old";
    B1205 WarehouseTarget = "warehouse that cannot take the records";
    // [audit].
    B1301 AuditUnknown = "audit of an operation that is not offered";
    B1302 AuditOfRead = "audit of what changes nothing";
    B1303 AuditSensitive = "sensitive key of an audited record";
    B1304 NothingAudited = "audit without operations";
}

impl Code {
    /// Whether the reported text may be correct, so that a template can allow it.
    #[must_use]
    pub const fn may_warn(self) -> bool {
        matches!(
            self,
            Self::EnumCase
                | Self::OddPattern
                | Self::DefaultUnused
                | Self::KeyDefault
                | Self::KeyIndex
                | Self::OddObjectName
                | Self::OddEnumValue
                | Self::DefaultRefused
                | Self::RowValue
                | Self::RoleIdle
                | Self::BadPlaceholder
                | Self::PipelineValue
                | Self::ServerScript
        )
    }

    /// The code with this spelling, in either case, with or without its `B` and leading zeros.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().trim_start_matches(['b', 'B']).parse::<u16>().ok();
        let wanted = number(text)?;
        Self::ALL.iter().copied().find(|code| number(code.as_str()) == Some(wanted))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_so_are_unique() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        for &code in Code::ALL {
            assert_eq!(Code::from_text(&code.as_str().to_lowercase()), Some(code));
            assert_eq!(code.as_str().len(), 5);
        }
    }
}
