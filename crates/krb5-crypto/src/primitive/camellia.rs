//! Camellia (RFC 3713) and CMAC over it (NIST SP 800-38B).

pub(crate) use camellia::{Camellia128, Camellia256};

pub(crate) type CmacCamellia128 = cmac::Cmac<Camellia128>;
pub(crate) type CmacCamellia256 = cmac::Cmac<Camellia256>;
