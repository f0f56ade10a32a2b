//! How two texts differ, line by line. Pure.

use std::fmt::Write as _;

/// Equal lines that are shown around those that differ.
const CONTEXT: usize = 2;
/// The size of the table by which equal lines are found; beyond it, everything between the first and the last
/// difference counts as different.
const MOST_CELLS: usize = 4_000_000;

/// A line with its mark: `-` if it is only in the old text, `+` if it is only in the new one, else a space.
type Marked<'a> = (char, &'a str);

/// The differences, with a few equal lines around them; empty if there are none.
pub(super) fn diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let script = script(&old, &new);
    let differs = |at: usize| {
        let near = at.saturating_sub(CONTEXT)..script.len().min(at + CONTEXT + 1);
        script[near].iter().any(|(mark, _)| *mark != ' ')
    };
    let mut text = String::new();
    for (_, (mark, line)) in script.iter().enumerate().filter(|(at, _)| differs(*at)) {
        // Writing to a text does not fail.
        let _ = writeln!(text, "  {mark} {line}");
    }
    text
}

/// All lines of both texts, with their marks.
fn script<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Marked<'a>> {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let (gone, come) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);
    let equal = |line: &&'a str| (' ', *line);
    let mut script: Vec<_> = old[..start].iter().map(equal).collect();
    if gone.len().saturating_mul(come.len()) > MOST_CELLS {
        script.extend(gone.iter().map(|line| ('-', *line)));
        script.extend(come.iter().map(|line| ('+', *line)));
    } else {
        script.extend(aligned(gone, come));
    }
    script.extend(old[old.len() - end..].iter().map(equal));
    script
}

/// The lines of both, aligned by their longest common subsequence.
fn aligned<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Marked<'a>> {
    // The length of that of the rests from each pair of lines on.
    let mut lengths = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for (i, gone) in old.iter().enumerate().rev() {
        for (j, come) in new.iter().enumerate().rev() {
            lengths[i][j] = if gone == come {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut script = Vec::with_capacity(old.len() + new.len());
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            script.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            script.push(('-', old[i]));
            i += 1;
        } else {
            script.push(('+', new[j]));
            j += 1;
        }
    }
    script.extend(old[i..].iter().map(|line| ('-', *line)));
    script.extend(new[j..].iter().map(|line| ('+', *line)));
    script
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn lines_that_differ_are_shown_with_those_around_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n";
        let expected = "    3\n    4\n  - 5\n  + five\n    6\n    7\n    8\n    9\n  + 10\n";
        assert_eq!(diff(old, new), expected);
    }

    #[test]
    fn equal_texts_do_not_differ_and_an_empty_one_does_in_every_line() {
        assert_eq!(diff("a\nb", "a\nb\n"), "");
        assert_eq!(diff("", "a\nb"), "  + a\n  + b\n");
        assert_eq!(diff("a\nb\nc", "b"), "  - a\n    b\n  - c\n");
    }
}
