//! Where a list goes on: the place of its last unit in the order of all of them, as an opaque token. Pure.

use docmill_crds::digest::hex;
use serde_json::Value;

use super::query::SORTED_BY;
use crate::records_api::answer::Failure;

/// Longest token: a key may have 1024 bytes.
const TOKEN_BYTES: usize = 8192;

/// The token of a place: the values by which units are sorted.
pub fn token(place: &Value) -> String {
    hex(place.to_string().as_bytes())
}

/// The place of a token.
pub fn place(token: &str) -> Result<Value, Failure> {
    let failure = || Failure::bad_request("continue is not a token of a list; list again without it");
    let text = Some(token).filter(|token| token.len() <= TOKEN_BYTES).and_then(bytes).ok_or_else(failure)?;
    let place: Value = serde_json::from_slice(&text).map_err(|_| failure())?;
    let values = place.as_array().filter(|values| values.len() == SORTED_BY).ok_or_else(failure)?;
    if values.iter().all(|value| value.is_i64() || value.is_string() || value.is_null()) {
        Ok(place)
    } else {
        Err(failure())
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{place, token};

    #[test]
    fn a_token_is_the_place_where_a_list_goes_on() {
        let last = json!([1_767_323_045_678_i64, "wire/ä.xml", "v1"]);
        assert_eq!(place(&token(&last)), Ok(last));
    }

    #[test]
    fn other_tokens_are_refused() {
        let long = "5b".repeat(10_000);
        for wrong in ["", "5", "zz", "5b5d", &token(&json!([1, {"a": 1}, "v"])), &token(&json!({})), &long] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
