//! Keys that are derived from the keys of raw objects. Pure.

/// Maximum length of an object key, in bytes of UTF-8
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
const MAX_KEY_BYTES: usize = 1024;

/// Returns `<prefix><raw key><suffix>`. If that would be too long, the raw key is truncated and `~<digest>`
/// replaces its end, so that keys stay distinct.
pub fn derived(prefix: &str, raw_key: &str, digest: &str, suffix: &str) -> String {
    if prefix.len() + raw_key.len() + suffix.len() <= MAX_KEY_BYTES {
        return format!("{prefix}{raw_key}{suffix}");
    }
    let room = MAX_KEY_BYTES.saturating_sub(prefix.len() + suffix.len() + 1 + digest.len());
    let cut = (0..=room.min(raw_key.len())).rev().find(|at| raw_key.is_char_boundary(*at)).unwrap_or(0);
    format!("{prefix}{}~{digest}{suffix}", &raw_key[..cut])
}

#[cfg(test)]
mod tests {
    use super::derived;

    #[test]
    fn keys_that_fit_stay_readable() {
        assert_eq!(derived("p/", "a b.xml", "00", ".error.json"), "p/a b.xml.error.json");
    }

    #[test]
    fn long_keys_are_cut_between_characters_and_stay_distinct() {
        let long = "ü".repeat(512);
        let key = derived("wire/", &long, "0123456789abcdef", ".error.json");
        assert!(key.len() <= 1024 && key.ends_with("~0123456789abcdef.error.json"), "{key}");
        assert_ne!(key, derived("wire/", &long, "fedcba9876543210", ".error.json"));
    }
}
