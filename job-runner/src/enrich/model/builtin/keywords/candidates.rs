//! Phrases that can be keywords, and the best of them.

use std::collections::HashMap;

use super::sentences::{Sentence, SentenceWord, Vocabulary};
use super::terms::Scores;

/// Maximum words in a phrase.
const WORDS: usize = 3;

/// The best phrases, up to a limit, the best first. None of them contains another one.
pub(crate) fn best(
    sentences: &[Sentence],
    vocabulary: &Vocabulary,
    scores: &Scores,
    most: usize,
) -> Vec<String> {
    let mut phrases: Vec<(f64, Vec<usize>)> = candidates(sentences, vocabulary)
        .into_iter()
        .map(|(phrase, count)| (score(&phrase, count, vocabulary, scores), phrase))
        .collect();
    // Those with the same score stay in the order of the text.
    phrases.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    for (_, phrase) in phrases {
        if chosen.len() == most {
            break;
        }
        if !chosen.iter().any(|other| is_part(other, &phrase) || is_part(&phrase, other)) {
            chosen.push(phrase);
        }
    }
    let text = |phrase: &Vec<usize>| {
        let words: Vec<&str> = phrase.iter().map(|&term| vocabulary.terms[term].text.as_str()).collect();
        words.join(" ")
    };
    chosen.iter().map(text).collect()
}

/// Every phrase that could be a keyword and how often it occurs, in the order of the text.
fn candidates(sentences: &[Sentence], vocabulary: &Vocabulary) -> Vec<(Vec<usize>, f64)> {
    let mut positions: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut found: Vec<(Vec<usize>, f64)> = Vec::new();
    for chunk in sentences.iter().flatten() {
        for phrase in (0..chunk.len()).flat_map(|start| phrases_from(&chunk[start..])) {
            let phrase: Vec<usize> = phrase.iter().map(|word| word.term).collect();
            if !is_candidate(&phrase, vocabulary) {
                continue;
            }
            let position = *positions.entry(phrase).or_insert_with_key(|phrase| {
                found.push((phrase.clone(), 0.0));
                found.len() - 1
            });
            found[position].1 += 1.0;
        }
    }
    found
}

fn phrases_from(words: &[SentenceWord]) -> impl Iterator<Item = &[SentenceWord]> {
    (1..=WORDS.min(words.len())).map(|length| &words[..length])
}

fn is_candidate(phrase: &[usize], vocabulary: &Vocabulary) -> bool {
    let is_stop_word = |term: Option<&usize>| term.is_none_or(|&term| vocabulary.terms[term].is_stop_word);
    !is_stop_word(phrase.first())
        && !is_stop_word(phrase.last())
        && phrase.iter().all(|&term| vocabulary.terms[term].is_wording)
}

/// As in the paper. A stop word inside counts by how firmly it belongs between its neighbours.
fn score(phrase: &[usize], count: f64, vocabulary: &Vocabulary, scores: &Scores) -> f64 {
    let (mut product, mut sum) = (1.0, 0.0);
    for (position, &term) in phrase.iter().enumerate() {
        if vocabulary.terms[term].is_stop_word {
            let loose = 1.0 - bond(phrase, position, scores);
            product *= 1.0 + loose;
            sum -= loose;
        } else {
            product *= scores.of[term];
            sum += scores.of[term];
        }
    }
    // A sum near -1 would make a loose phrase the best or the worst by chance.
    product / (count * (1.0 + sum).max(0.1))
}

/// How likely the word before is followed by this one, and this one by the word after.
fn bond(phrase: &[usize], position: usize, scores: &Scores) -> f64 {
    let (Some(&before), Some(&after)) =
        (position.checked_sub(1).and_then(|at| phrase.get(at)), phrase.get(position + 1))
    else {
        return 0.0;
    };
    let pair = |left, right| scores.pairs.get(&(left, right)).copied().unwrap_or(0.0);
    pair(before, phrase[position]) / scores.counts[before]
        * (pair(phrase[position], after) / scores.counts[after])
}

/// Whether a phrase is contained in another one.
fn is_part(phrase: &[usize], other: &[usize]) -> bool {
    other.windows(phrase.len()).any(|window| window == phrase)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::sentences::sentences;
    use super::super::terms::scores;
    use super::{best, candidates, is_part};

    #[test]
    fn phrases_begin_and_end_with_words_that_tell_something() {
        let stop_words = HashSet::from(["the", "of"]);
        let (sentences, vocabulary) = sentences("The bank of Norway paid 27 men, late.", &stop_words);
        let found: Vec<String> = candidates(&sentences, &vocabulary)
            .iter()
            .map(|(phrase, _)| {
                phrase.iter().map(|&term| vocabulary.terms[term].text.as_str()).collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(found, ["bank", "bank of norway", "norway", "norway paid", "paid", "men", "late"]);
    }

    #[test]
    fn so_many_are_given_as_are_asked_for() {
        let (sentences, vocabulary) = sentences("alpha. beta. gamma. delta.", &HashSet::new());
        let scores = scores(&sentences, &vocabulary);
        assert_eq!(best(&sentences, &vocabulary, &scores, 2), ["alpha", "beta"]);
        assert_eq!(best(&sentences, &vocabulary, &scores, 9).len(), 4);
    }

    #[test]
    fn a_part_is_a_run_of_words() {
        assert!(is_part(&[1, 2], &[0, 1, 2]) && is_part(&[1], &[1]));
        assert!(!is_part(&[0, 2], &[0, 1, 2]) && !is_part(&[0, 1, 2], &[1, 2]));
    }
}
