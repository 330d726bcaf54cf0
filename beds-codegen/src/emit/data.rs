//! Fields, types and calls as constant data of the runtime's `spec`.

use std::collections::HashSet;

use beds_protocol::{Broker, Lane};
use proc_macro2::{Literal as Token, TokenStream};
use quote::{format_ident, quote};

use super::{engine, text};
use crate::{
    model::{Arg, ArgMode, Call, Field, Generated, Literal, Returns, Supply, Type},
    names,
};

/// The statics of one domain. A static stands after the statics that it refers to.
///
/// Fields hold compiled patterns, so references to them are not promoted to constants: each list of fields is a
/// static with a name.
#[derive(Default)]
pub(super) struct Statics {
    text: String,
    /// The names in use: `tags` of a list and a field `tags_item` may need the same name.
    names: HashSet<String>,
}

impl Statics {
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A name that no other static has.
    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 1;
        while !self.names.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        unique
    }

    /// Adds a list of fields, preceded by the statics that their types need. The name must be unique.
    pub(super) fn fields(&mut self, name: &str, fields: &[Field]) {
        if fields.is_empty() {
            return;
        }
        let entries: Vec<_> = fields
            .iter()
            .map(|field| self.field(field, &format!("{name}_{}", names::screaming(&field.name))))
            .collect();
        self.text.push_str(&text::table(name, "rt::Field", &entries));
    }

    /// Adds the calls, preceded by their arguments and rows.
    pub(super) fn calls(&mut self, calls: &[Call]) {
        if calls.is_empty() {
            return;
        }
        let entries: Vec<_> = calls.iter().map(|call| self.call(call)).collect();
        self.text.push_str(&text::list("CALLS", "rt::Call", &entries));
    }

    /// A field. `name` is for the statics that its type needs.
    fn field(&mut self, field: &Field, name: &str) -> TokenStream {
        let Field {
            name: wire,
            ident: _,
            column,
            description,
            ty,
            supply,
            nullable,
            is_key: _,
            immutable,
            unique,
            sensitive,
        } = field;
        let ty = self.ty(ty, name);
        let supply = match supply {
            Supply::Required => quote!(.required()),
            Supply::Optional | Supply::Version => TokenStream::new(),
            Supply::Default(value) => {
                let value = literal(value);
                quote!(.default(#value))
            }
            Supply::Generated(by) => {
                let by = generated(*by);
                quote!(.generated(#by))
            }
        };
        let flags: TokenStream = [
            (*nullable, quote!(.nullable())),
            (*immutable, quote!(.immutable())),
            (*unique, quote!(.unique())),
            (*sensitive, quote!(.sensitive())),
        ]
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, call)| call)
        .collect();
        let description = (!description.is_empty()).then(|| quote!(.described(#description)));
        quote!(rt::Field::new(#wire, #column, #ty) #supply #flags #description)
    }

    fn ty(&mut self, ty: &Type, name: &str) -> TokenStream {
        match ty {
            Type::Bool => quote!(rt::Type::Bool),
            Type::Int { min: i64::MIN, max: i64::MAX } => quote!(rt::Type::INT),
            Type::Int { min, max } => {
                let (min, max) = (signed(*min), signed(*max));
                quote!(rt::Type::int(#min, #max))
            }
            Type::UInt { min, max } => {
                let min = Token::u64_unsuffixed(*min);
                let max =
                    if *max == u64::MAX { quote!(rt::u64::MAX) } else { number(Token::u64_unsuffixed(*max)) };
                quote!(rt::Type::uint(#min, #max))
            }
            Type::Float { min, max } if is_least(*min) && is_greatest(*max) => quote!(rt::Type::FLOAT),
            Type::Float { min, max } => {
                let (min, max) = (float(*min), float(*max));
                quote!(rt::Type::float(#min, #max))
            }
            Type::Decimal { precision, scale, min, max } => {
                let (precision, scale) = (Token::u8_unsuffixed(*precision), Token::u8_unsuffixed(*scale));
                let (min, max) = (option(min.as_deref()), option(max.as_deref()));
                quote!(rt::Type::decimal(#precision, #scale, #min, #max))
            }
            Type::String { min, max, pattern } => {
                let (min, max) = (Token::u32_unsuffixed(*min), Token::u32_unsuffixed(*max));
                if let Some(pattern) = pattern {
                    quote!(rt::Type::matching(#min, #max, #pattern))
                } else {
                    quote!(rt::Type::string(#min, #max))
                }
            }
            Type::Text { min, max } => {
                let (min, max) = (Token::u32_unsuffixed(*min), Token::u32_unsuffixed(*max));
                quote!(rt::Type::text(#min, #max))
            }
            Type::Bytes { max } => {
                let max = Token::u32_unsuffixed(*max);
                quote!(rt::Type::bytes(#max))
            }
            Type::Uuid => quote!(rt::Type::Uuid),
            Type::Date => quote!(rt::Type::Date),
            Type::Time => quote!(rt::Type::Time),
            Type::DateTime => quote!(rt::Type::DateTime),
            Type::Enum { values } => quote!(rt::Type::one_of(&[#(#values),*])),
            Type::Json => quote!(rt::Type::Json),
            Type::ObjectId => quote!(rt::Type::ObjectId),
            Type::List { item, max } => {
                let (item_name, max) = (self.unique(&format!("{name}_ITEM")), Token::u32_unsuffixed(*max));
                let item = self.field(item, &item_name);
                self.text.push_str(&text::chain(&format!("static {item_name}: rt::Field"), &item, &[]));
                let item = format_ident!("{item_name}");
                quote!(rt::Type::list(&#item, #max))
            }
            Type::Object { fields } => {
                let name = self.unique(name);
                self.fields(&name, fields);
                let members = format_ident!("{name}");
                quote!(rt::Type::object(&#members))
            }
        }
    }

    /// A call, one property per line.
    fn call(&mut self, call: &Call) -> String {
        let Call { name, description, lane, args, returns, target: _ } = call;
        let suffix = names::screaming(name);
        let args = self.args(&format!("ARGS_{suffix}"), args);
        let returns = match returns {
            Returns::Nothing => quote!(rt::Returns::Nothing),
            Returns::AsItComes => quote!(rt::Returns::AsItComes),
            Returns::Scalar(ty) => {
                let ty = self.ty(ty, &format!("RETURNS_{suffix}"));
                quote!(rt::Returns::Scalar(#ty))
            }
            Returns::Rows(rows) => {
                let name = self.unique(&format!("ROWS_{suffix}"));
                self.fields(&name, rows);
                let rows = format_ident!("{name}");
                quote!(rt::Returns::Rows(&#rows))
            }
        };
        let lane = match lane {
            Lane::Read => quote!(rt::Lane::Read),
            Lane::Write => quote!(rt::Lane::Write),
        };
        let members = [
            ("name", quote!(#name)),
            ("description", quote!(#description)),
            ("lane", lane),
            ("args", args),
            ("returns", returns),
            ("routine", engine::routine(call)),
        ];
        text::record("rt::Call", members)
    }

    fn args(&mut self, name: &str, args: &[Arg]) -> TokenStream {
        if args.is_empty() {
            return quote!(&[]);
        }
        let name = &self.unique(name);
        let entries: Vec<_> = args
            .iter()
            .map(|Arg { field, mode, asked }| {
                // A pipeline's value of the request has the name with which it appears there: `@user`.
                let own = names::screaming(field.name.trim_start_matches('@'));
                let field = self.field(field, &format!("{name}_{own}"));
                if let Some(asked) = asked {
                    let asked = text::asked(*asked);
                    return quote!(rt::Arg::asked(#field, #asked));
                }
                match mode {
                    ArgMode::In => quote!(rt::Arg::given(#field)),
                    ArgMode::Out => quote!(rt::Arg::returned(#field)),
                    ArgMode::InOut => quote!(rt::Arg::both(#field)),
                }
            })
            .collect();
        self.text.push_str(&text::table(name, "rt::Arg", &entries));
        let name = format_ident!("{name}");
        quote!(&#name)
    }
}

pub(super) fn broker(broker: Broker) -> TokenStream {
    match broker {
        Broker::AppRead => quote!(rt::Broker::AppRead),
        Broker::AppWrite => quote!(rt::Broker::AppWrite),
        Broker::AppJobs => quote!(rt::Broker::AppJobs),
        Broker::AdminIn => quote!(rt::Broker::AdminIn),
        Broker::AdminOut => quote!(rt::Broker::AdminOut),
        Broker::AdminLogs => quote!(rt::Broker::AdminLogs),
        Broker::AdminSyslog => quote!(rt::Broker::AdminSyslog),
        Broker::AdminGraph => quote!(rt::Broker::AdminGraph),
        Broker::SegundoWarehouse => quote!(rt::Broker::SegundoWarehouse),
        Broker::SegundoCool => quote!(rt::Broker::SegundoCool),
        Broker::TerceroUsers => quote!(rt::Broker::TerceroUsers),
        Broker::TerceroSessions => quote!(rt::Broker::TerceroSessions),
    }
}

fn generated(by: Generated) -> TokenStream {
    match by {
        Generated::UuidV4 => quote!(rt::Generated::UuidV4),
        Generated::UuidV7 => quote!(rt::Generated::UuidV7),
        Generated::Now => quote!(rt::Generated::Now),
        Generated::Database => quote!(rt::Generated::Database),
    }
}

pub(super) fn literal(value: &Literal) -> TokenStream {
    match value {
        Literal::Bool(value) => quote!(rt::Literal::Bool(#value)),
        Literal::Int(value) => {
            let value = signed(*value);
            quote!(rt::Literal::Int(#value))
        }
        Literal::Float(value) => {
            let value = float(*value);
            quote!(rt::Literal::Float(#value))
        }
        Literal::Text(value) => quote!(rt::Literal::Text(#value)),
    }
}

fn number(token: Token) -> TokenStream {
    proc_macro2::TokenTree::Literal(token).into()
}

fn signed(value: i64) -> TokenStream {
    match value {
        i64::MIN => quote!(rt::i64::MIN),
        i64::MAX => quote!(rt::i64::MAX),
        _ => number(Token::i64_unsuffixed(value)),
    }
}

fn float(value: f64) -> TokenStream {
    if is_least(value) {
        quote!(rt::f64::MIN)
    } else if is_greatest(value) {
        quote!(rt::f64::MAX)
    } else {
        number(Token::f64_unsuffixed(value))
    }
}

fn is_least(value: f64) -> bool {
    value.total_cmp(&f64::MIN).is_le()
}

fn is_greatest(value: f64) -> bool {
    value.total_cmp(&f64::MAX).is_ge()
}

fn option(value: Option<&str>) -> TokenStream {
    value.map_or_else(|| quote!(rt::None), |value| quote!(rt::Some(#value)))
}
