//! Sets of flags: KerberosFlags on the wire, or four little-endian bytes where Windows leaves DER.

/// Declares a set of 32 flags with names, without a codec.
macro_rules! bit_set {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$const_meta:meta])* $const:ident = $value:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub u32);

        impl $name {
            /// No flag set.
            pub const NONE: Self = Self(0);
            $($(#[$const_meta])* pub const $const: Self = Self($value);)*

            /// Whether every flag of `other` is set here.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The flags of both.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The flags of this set that `other` lacks.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Names of the set flags that have one, in the order above.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                [$((Self::$const, stringify!($const))),*]
                    .into_iter()
                    .filter(move |(flag, _)| self.contains(*flag))
                    .map(|(_, name)| name)
            }
        }

        impl core::ops::BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#010x}"), self.0)?;
                for name in self.names() {
                    write!(f, " {name}")?;
                }
                f.write_str(")")
            }
        }
    };
}

/// Declares a [`bit_set!`] that is a KerberosFlags on the wire.
macro_rules! flag_set {
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        bit_set! {
            $(#[$meta])*
            pub struct $name { $($body)* }
        }

        impl<'a> der::DecodeValue<'a> for $name {
            type Error = $crate::DecodeError;

            fn decode_value<R: der::Reader<'a>>(
                reader: &mut R,
                header: der::Header,
            ) -> Result<Self, $crate::DecodeError> {
                Ok(Self($crate::KerberosFlags::decode_value(reader, header)?.0))
            }
        }

        impl der::EncodeValue for $name {
            fn value_len(&self) -> der::Result<der::Length> {
                $crate::KerberosFlags(self.0).value_len()
            }

            fn encode_value(&self, writer: &mut impl der::Writer) -> der::Result<()> {
                $crate::KerberosFlags(self.0).encode_value(writer)
            }
        }

        impl der::FixedTag for $name {
            const TAG: der::Tag = der::Tag::BitString;
        }
    };
}

/// Declares a [`bit_set!`] that is four bytes on the wire, least significant first, and not DER.
macro_rules! little_endian_flags {
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        bit_set! {
            $(#[$meta])*
            pub struct $name { $($body)* }
        }

        impl $name {
            /// Reads the content; `None` unless it is four bytes.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(u32::from_le_bytes).map(Self)
            }

            /// The content.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 4] {
                self.0.to_le_bytes()
            }
        }
    };
}
