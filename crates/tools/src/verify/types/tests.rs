use super::*;

const READ: Against = Against { engine: Engine::MariaDb, written: false, shown: true };
const WRITE: Against = Against { written: true, ..READ };

const fn decimal(precision: u8, scale: u8) -> Kind {
    Kind::Decimal { precision, scale, unsigned: false }
}

const fn ty(precision: u8, scale: u8) -> Type {
    Type::decimal(precision, scale, None, None)
}

#[test]
fn what_fits_is_fine() {
    let cases = [
        (decimal(32, 0), Type::INT, READ),
        (Kind::Int { min: 0, max: i128::from(u64::MAX) }, Type::uint(0, u64::MAX), WRITE),
        (Kind::string(40), Type::string(0, 40), WRITE),
        (Kind::string(0), Type::matching(0, 1, ""), WRITE),
        (Kind::Year, Type::int(1901, 2155), WRITE),
        (Kind::Year, Type::int(0, 2155), WRITE),
        // A rule for the values of clients is not a type.
        (Kind::Int { min: -128, max: 127 }, Type::int(0, 100), WRITE),
        (Kind::Enum(vec![UNKNOWN.to_owned()]), Type::one_of(&["😀"]), WRITE),
    ];
    for (kind, ty, against) in cases {
        assert_eq!(fit(&kind, &ty, against), Fit::Fine, "{kind:?} {ty:?}");
    }
}

#[test]
fn what_changes_a_value_is_wrong() {
    let int = |bits: u32| Kind::Int { min: -(1 << (bits - 1)), max: (1 << (bits - 1)) - 1 };
    let cases = [
        (Kind::Date, Type::Bool, READ),
        (Kind::Date, Type::DateTime, READ),
        (Kind::moment(0), Type::Date, WRITE),
        (decimal(5, 2), ty(7, 3), WRITE),
        (Kind::float(false, false), ty(5, 2), WRITE),
        (int(32), ty(5, 2), WRITE),
        (int(32), Type::FLOAT, WRITE),
        (decimal(5, 2), Type::FLOAT, WRITE),
        (Kind::Enum(vec!["a".into()]), Type::one_of(&["a", "b"]), WRITE),
    ];
    for (kind, ty, against) in cases {
        assert!(matches!(fit(&kind, &ty, against), Fit::Wrong(_)), "{kind:?} {ty:?}");
    }
}

#[test]
fn what_is_narrower_is_doubted() {
    let cases = [
        (Kind::Int { min: 0, max: i128::from(u64::MAX) }, Type::INT, READ),
        (
            Kind::Int { min: i128::from(i64::MIN), max: i128::from(i64::MAX) },
            Type::int(-2_147_483_648, 2_147_483_647),
            WRITE,
        ),
        (Kind::string(10), Type::string(0, 40), WRITE),
        (Kind::string(80), Type::string(0, 40), WRITE),
        (decimal(7, 3), ty(5, 2), WRITE),
        (decimal(7, 3), ty(5, 2), READ),
        (decimal(5, 2), ty(7, 2), WRITE),
        (Kind::Bool, Type::int(0, 255), WRITE),
        (Kind::Flag { min: -128, max: 127 }, Type::int(0, 255), WRITE),
        (Kind::Year, Type::int(50, 2155), WRITE),
        (Kind::Year, Type::int(0, 99), WRITE),
    ];
    for (kind, ty, against) in cases {
        assert!(matches!(fit(&kind, &ty, against), Fit::Doubt(_)), "{kind:?} {ty:?}");
    }
}

#[test]
fn what_no_template_can_say_is_noted() {
    let cases = [
        (Kind::moment(0), Type::DateTime),
        (Kind::Time { digits: 3 }, Type::Time),
        (Kind::String { max: 4, trims: true }, Type::string(0, 4)),
        (Kind::Bytes { max: 4, fixed: true }, Type::Bytes { max: 4 }),
        (Kind::float(false, true), Type::FLOAT),
        (Kind::Float { unsigned: false, single: false, digits: Some((10, 1)) }, Type::FLOAT),
        (Kind::DateTime { digits: 6, stamp: true }, Type::DateTime),
    ];
    for (kind, ty) in cases {
        assert!(matches!(fit(&kind, &ty, WRITE), Fit::Noted(_)), "{kind:?} {ty:?}");
        assert_eq!(fit(&kind, &ty, READ), Fit::Fine, "{kind:?} {ty:?}");
    }
}

/// A validator's `number` appears as a decimal; the node writes a long or a double there.
#[test]
fn a_number_of_mongodb_may_be_an_integer_or_a_float() {
    let against = Against { engine: Engine::MongoDb, ..WRITE };
    for ty in [Type::INT, Type::uint(0, 9), Type::FLOAT] {
        let item: &Field = Box::leak(Box::new(Field::new("a", "a", ty)));
        let member = Column { nullable: true, ..Column::new("a", decimal(34, 10), "number") };
        for (kind, ty) in [
            (decimal(34, 10), &item.ty),
            (Kind::List(Box::new(decimal(34, 10))), &Type::List { item, max: 5 }),
            (Kind::Object(vec![member]), &Type::Object { fields: std::slice::from_ref(item) }),
        ] {
            assert!(matches!(fit(&kind, ty, against), Fit::Doubt(_)), "{ty:?}");
        }
    }
}
