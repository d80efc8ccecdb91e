//! The shapes that repeat: a SEQUENCE of explicitly tagged fields, a CHOICE between tagged values, an open code point
//! and a set of flags.

#[macro_use]
mod flags;

/// Declares a struct whose wire form is a SEQUENCE of `[n] EXPLICIT` fields, optionally inside an
/// APPLICATION tag, with both directions of the codec.
///
/// `must [n] field: Type` is mandatory, `may [n] field: Type` becomes `Option<Type>`. Fields that have
/// one legal value (`version [n]`, `msg_type [n] NAME`) come first; they are checked and written, not stored.
macro_rules! message {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(<$lt:lifetime>)? $(: APPLICATION $app:literal)? {
            $(@$const_kind:ident [$const_tag:literal] $($const_value:ident)?,)*
            $($(#[$field_meta:meta])* $mode:ident [$tag:literal] $field:ident: $ty:ty,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $name $(<$lt>)? {
            $($(#[$field_meta])* pub $field: message!(@type $mode $ty),)*
        }

        impl $(<$lt>)? $name $(<$lt>)? {
            fn fields_len(&self) -> der::Result<der::Length> {
                let len = der::Length::ZERO;
                $(let len = $crate::codec::add(len, $crate::codec::field_len($const_tag, &message!(@const $const_kind $($const_value)?))?)?;)*
                $(let len = $crate::codec::add(len, message!(@len $mode, $tag, &self.$field)?)?;)*
                Ok(len)
            }
        }

        impl<'a> der::DecodeValue<'a> for message!(@lifetime $name $($lt)?) {
            type Error = $crate::DecodeError;

            fn decode_value<R: der::Reader<'a>>(
                reader: &mut R,
                _header: der::Header,
            ) -> Result<Self, $crate::DecodeError> {
                let fields = |reader: &mut R| {
                    $($crate::codec::$const_kind(reader, $const_tag $(, $crate::MessageType::$const_value)?)?;)*
                    $(let $field = message!(@decode $mode, reader, $tag, stringify!($name), stringify!($field));)*
                    Ok(Self { $($field),* })
                };
                message!(@body reader fields $($app)?)
            }
        }

        impl $(<$lt>)? der::EncodeValue for $name $(<$lt>)? {
            fn value_len(&self) -> der::Result<der::Length> {
                message!(@body_len self $($app)?)
            }

            fn encode_value(&self, writer: &mut impl der::Writer) -> der::Result<()> {
                message!(@header self writer $($app)?);
                $($crate::codec::put(writer, $const_tag, &message!(@const $const_kind $($const_value)?))?;)*
                $(message!(@encode $mode, writer, $tag, &self.$field)?;)*
                Ok(())
            }
        }

        impl $(<$lt>)? der::FixedTag for $name $(<$lt>)? {
            const TAG: der::Tag = message!(@tag $($app)?);
        }

        impl $crate::Message for message!(@static $name $($lt)?) {
            type View<'a> = message!(@lifetime $name $($lt)?);
            const NAME: &'static str = stringify!($name);
        }
    };

    (@type must $ty:ty) => { $ty };
    (@type may $ty:ty) => { Option<$ty> };
    (@lifetime $name:ident) => { $name };
    (@lifetime $name:ident $lt:lifetime) => { $name<'a> };
    (@static $name:ident) => { $name };
    (@static $name:ident $lt:lifetime) => { $name<'static> };
    (@const version) => { $crate::PVNO };
    (@const msg_type $value:ident) => { $crate::MessageType::$value };
    (@len must, $tag:literal, $value:expr) => { $crate::codec::field_len($tag, $value) };
    (@len may, $tag:literal, $value:expr) => { $crate::codec::opt_field_len($tag, $value) };
    (@decode must, $reader:ident, $tag:literal, $name:expr, $field:expr) => {
        $crate::codec::required($reader, $tag, $name, $field)?
    };
    (@decode may, $reader:ident, $tag:literal, $name:expr, $field:expr) => {
        $crate::codec::optional($reader, $tag)?
    };
    (@encode must, $writer:ident, $tag:literal, $value:expr) => { $crate::codec::put($writer, $tag, $value) };
    (@encode may, $writer:ident, $tag:literal, $value:expr) => { $crate::codec::put_opt($writer, $tag, $value) };
    (@body $reader:ident $fields:ident) => { $fields($reader) };
    (@body $reader:ident $fields:ident $app:literal) => { $reader.sequence($fields) };
    (@body_len $self:ident) => { $self.fields_len() };
    (@body_len $self:ident $app:literal) => { $self.fields_len()?.for_tlv(der::Tag::Sequence) };
    (@header $self:ident $writer:ident) => {};
    (@header $self:ident $writer:ident $app:literal) => {
        der::Encode::encode(&der::Header::new(der::Tag::Sequence, $self.fields_len()?), $writer)?
    };
    (@tag) => { der::Tag::Sequence };
    (@tag $app:literal) => {
        der::Tag::Application { constructed: true, number: der::TagNumber($app) }
    };
}

/// Declares an enum whose wire form is a CHOICE between `[n] EXPLICIT` values, with both directions of the codec.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident<$lt:lifetime> {
            $($(#[$variant_meta:meta])* [$tag:literal] $variant:ident($ty:ty),)*
        }
    ) => {
        $(#[$meta])*
        pub enum $name<$lt> {
            $($(#[$variant_meta])* $variant($ty),)*
        }

        impl<'a> der::Decode<'a> for $name<'a> {
            type Error = $crate::DecodeError;

            fn decode<R: der::Reader<'a>>(reader: &mut R) -> Result<Self, $crate::DecodeError> {
                let position = reader.position();
                $(if let Some(value) = $crate::codec::optional(reader, $tag)? {
                    return Ok(Self::$variant(value));
                })*
                Err($crate::codec::no_alternative(reader, position, stringify!($name)))
            }
        }

        impl der::Encode for $name<'_> {
            fn encoded_len(&self) -> der::Result<der::Length> {
                match self {
                    $(Self::$variant(value) => $crate::codec::field_len($tag, value),)*
                }
            }

            fn encode(&self, writer: &mut impl der::Writer) -> der::Result<()> {
                match self {
                    $(Self::$variant(value) => $crate::codec::put(writer, $tag, value),)*
                }
            }
        }

        impl $crate::Message for $name<'static> {
            type View<'a> = $name<'a>;
            const NAME: &'static str = stringify!($name);
        }
    };
}

/// Declares an open Int32 newtype: names for what is known, and any other value round-trips.
macro_rules! code_points {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$const_meta:meta])* $const:ident = $value:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub i32);

        impl $name {
            $($(#[$const_meta])* pub const $const: Self = Self($value);)*

            /// The name of the code point as its registry spells it, if it has one here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($const)),)*
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            /// Name and number, `KRB_AP_ERR_SKEW (37)`, or the number alone.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{name} ({})", self.0),
                    None => write!(f, "{}", self.0),
                }
            }
        }

        int_newtype!($name);
    };
}

/// `Debug`, conversions and codec of an Int32 newtype.
macro_rules! int_newtype {
    ($name:ident) => {
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, concat!(stringify!($name), "({} {})"), self.0, name),
                    None => write!(f, concat!(stringify!($name), "({})"), self.0),
                }
            }
        }

        impl From<i32> for $name {
            fn from(value: i32) -> Self {
                Self(value)
            }
        }

        impl From<$name> for i32 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl<'a> der::DecodeValue<'a> for $name {
            type Error = $crate::DecodeError;

            fn decode_value<R: der::Reader<'a>>(
                reader: &mut R,
                header: der::Header,
            ) -> Result<Self, $crate::DecodeError> {
                Ok(Self(i32::decode_value(reader, header)?))
            }
        }

        impl der::EncodeValue for $name {
            fn value_len(&self) -> der::Result<der::Length> {
                self.0.value_len()
            }

            fn encode_value(&self, writer: &mut impl der::Writer) -> der::Result<()> {
                self.0.encode_value(writer)
            }
        }

        impl der::FixedTag for $name {
            const TAG: der::Tag = der::Tag::Integer;
        }
    };
}
