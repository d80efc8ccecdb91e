//! PACs as they come from real KDCs, taken apart, judged and made again; and PACs that no KDC should make.

mod build;
mod content;
mod hostile;
mod identity;
mod rules;
mod rules_ndr;
mod samples;
mod signatures;
mod support;
