//! The groups of a pattern to which a replacement refers. Pure.

use regex::Regex;

use super::constraints::{ConstraintFault, fault, regex};
use super::edits::Replace;

/// The pattern, and what stands in place of its matches.
pub(super) fn compile(replace: &Replace) -> Result<(Regex, String), ConstraintFault> {
    let Replace { pattern, with } = replace;
    let pattern = regex(".replace.pattern", pattern)?;
    if let Some(name) = unknown_group(&pattern, with) {
        let advice = "${1} is a group before letters and digits, $$ a dollar sign";
        return fault(".replace.with", format!("the pattern has no group {name:?}; {advice}"));
    }
    Ok((pattern, with.clone()))
}

/// The first reference to a group that there is not. The crate would put nothing in its place.
fn unknown_group<'w>(pattern: &Regex, with: &'w str) -> Option<&'w str> {
    let mut rest = with;
    while let Some((_, after)) = rest.split_once('$') {
        let (name, next) = match after.strip_prefix('$') {
            Some(next) => ("", next),
            None => reference(after),
        };
        if !name.is_empty() && !has_group(pattern, name) {
            return Some(name);
        }
        rest = next;
    }
    None
}

/// The name or the number that follows a dollar sign, and the rest. Without braces, it is as long as possible.
fn reference(after: &str) -> (&str, &str) {
    if let Some(named) = after.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
        return named;
    }
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    after.split_at(end.unwrap_or(after.len()))
}

fn has_group(pattern: &Regex, name: &str) -> bool {
    match name.parse::<usize>() {
        Ok(number) => number < pattern.captures_len(),
        Err(_) => pattern.capture_names().flatten().any(|known| known == name),
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::unknown_group;

    #[test]
    fn a_replacement_refers_to_groups_of_its_pattern() {
        let pattern = Regex::new("(?P<day>[0-9]+)-([a-z]+)").unwrap();
        for known in ["", "x", "$1.$2", "$0", "${1}st", "$day $2", "${day}", "$$5", "5 $", "$ 1", "${1"] {
            assert_eq!(unknown_group(&pattern, known), None, "{known}");
        }
        for (with, unknown) in
            [("$3", "3"), ("$1st", "1st"), ("$1_$2", "1_"), ("a ${month}", "month"), ("$$$5.00", "5")]
        {
            assert_eq!(unknown_group(&pattern, with), Some(unknown), "{with}");
        }
    }
}
