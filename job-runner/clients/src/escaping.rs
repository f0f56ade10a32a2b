//! What URLs keep unescaped.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// In a segment of a path, and in a value of a query: the unreserved characters of RFC 3986 (section 2.3).
pub const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// In a path, the slashes too.
pub const PATH: &AsciiSet = &UNRESERVED.remove(b'/');
