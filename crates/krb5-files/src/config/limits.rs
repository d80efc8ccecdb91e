//! Limits, far above any real configuration and low enough that no file costs much.

/// Most bytes of a file and all it includes.
pub const MAX_SIZE: usize = 4 << 20;
/// Most files that one file includes, itself counted.
pub const MAX_FILES: usize = 1024;
/// Deepest nesting of includes; the first file is at 1.
pub const MAX_INCLUDE_DEPTH: usize = 16;
/// Deepest nesting of sections; `[name]` is at 1.
pub const MAX_DEPTH: usize = 32;
/// Most sections and relations of a file and all it includes.
pub const MAX_ENTRIES: usize = 1 << 16;
/// Longest line in bytes, without its end. MIT krb5 reads into 2048 bytes and takes the rest for another line.
pub const MAX_LINE: usize = 2046;
/// Most warnings that are kept. What comes after these is not recorded.
pub const MAX_WARNINGS: usize = 1000;
