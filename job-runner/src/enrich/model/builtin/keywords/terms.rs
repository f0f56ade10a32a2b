//! How significant each word of a text is. A lower score means more significant.

use std::collections::{HashMap, HashSet};

use super::sentences::{Sentence, SentenceWord, Vocabulary};

/// The statistics of a text's words; positions are those of the vocabulary.
#[derive(Debug, Default)]
pub(crate) struct Scores {
    /// The score of each word.
    pub(crate) of: Vec<f64>,
    /// How often each word occurs.
    pub(crate) counts: Vec<f64>,
    /// How often a word directly follows another, in one chunk.
    pub(crate) pairs: HashMap<(usize, usize), f64>,
}

/// What is counted of one word.
#[derive(Clone, Debug, Default)]
struct TermCounts {
    all: u32,
    acronyms: u32,
    names: u32,
    /// Numbers of the sentences that contain it, in order, each once.
    sentences: Vec<u32>,
    lefts: u32,
    rights: u32,
    different_lefts: HashSet<usize>,
    different_rights: HashSet<usize>,
}

/// Counts and weighs every word.
pub(crate) fn scores(sentences: &[Sentence], vocabulary: &Vocabulary) -> Scores {
    let mut counts = vec![TermCounts::default(); vocabulary.terms.len()];
    let mut pairs = HashMap::new();
    for (number, sentence) in (0..).zip(sentences) {
        for chunk in sentence {
            for word in chunk {
                count(&mut counts[word.term], *word, number);
            }
            for pair in chunk.windows(2) {
                let [left, right] = [pair[0].term, pair[1].term];
                *pairs.entry((left, right)).or_insert(0.0) += 1.0;
                neighbours(&mut counts, left, right);
            }
        }
    }
    let usual = usual_count(&counts, vocabulary);
    let most = counts.iter().map(|counts| counts.all).max().unwrap_or(1);
    let total = u32::try_from(sentences.len()).unwrap_or(u32::MAX);
    let of = counts.iter().map(|counts| score(counts, usual, most, total)).collect();
    Scores { of, counts: counts.iter().map(|counts| f64::from(counts.all)).collect(), pairs }
}

fn count(counts: &mut TermCounts, word: SentenceWord, sentence: u32) {
    counts.all += 1;
    counts.acronyms += u32::from(word.is_acronym);
    counts.names += u32::from(word.is_name);
    if counts.sentences.last() != Some(&sentence) {
        counts.sentences.push(sentence);
    }
}

fn neighbours(counts: &mut [TermCounts], left: usize, right: usize) {
    counts[left].rights += 1;
    counts[left].different_rights.insert(right);
    counts[right].lefts += 1;
    counts[right].different_lefts.insert(left);
}

/// Mean plus standard deviation of the counts of words that are not stop words. At least 1.
fn usual_count(counts: &[TermCounts], vocabulary: &Vocabulary) -> f64 {
    let telling = counts.iter().zip(&vocabulary.terms).filter(|(_, term)| !term.is_stop_word);
    let numbers: Vec<f64> = telling.map(|(counts, _)| f64::from(counts.all)).collect();
    if numbers.is_empty() {
        return 1.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "a text has fewer words than 2^52")]
    let total = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / total;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / total;
    mean + variance.sqrt()
}

/// The features of the paper, combined as in the paper.
fn score(counts: &TermCounts, usual: f64, most: u32, sentences: u32) -> f64 {
    let all = f64::from(counts.all);
    let casing = f64::from(counts.acronyms.max(counts.names)) / (1.0 + all.ln());
    let position = (3.0 + median(&counts.sentences)).ln().ln();
    let frequency = all / usual;
    let variety =
        variety(counts.lefts, &counts.different_lefts) + variety(counts.rights, &counts.different_rights);
    let relatedness = 1.0 + variety * all / f64::from(most);
    let spread = count_of(counts.sentences.len()) / f64::from(sentences);
    (relatedness * position) / (casing + (frequency + spread) / relatedness)
}

/// 0 if the neighbours are always the same one, 1 if they always differ.
fn variety(all: u32, different: &HashSet<usize>) -> f64 {
    if all == 0 { 0.0 } else { count_of(different.len()) / f64::from(all) }
}

fn median(sorted: &[u32]) -> f64 {
    let middle = |position: usize| sorted.get(position).copied().map_or(0.0, f64::from);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        middle(half)
    } else {
        f64::midpoint(middle(half.saturating_sub(1)), middle(half))
    }
}

fn count_of(length: usize) -> f64 {
    f64::from(u32::try_from(length).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::sentences::sentences;
    use super::{median, scores};

    #[test]
    fn a_median_is_the_middle_one() {
        for (sorted, middle) in [(&[][..], 0.0), (&[4], 4.0), (&[1, 2], 1.5), (&[1, 5, 9], 5.0)] {
            assert!((median(sorted) - middle).abs() < f64::EPSILON, "{sorted:?}");
        }
    }

    #[test]
    fn early_frequent_and_capital_words_tell_most() {
        let text = "Yesterday Oslo voted. Then Oslo counted votes. Later somebody mentioned rain.";
        let (sentences, vocabulary) = sentences(text, &HashSet::new());
        let scores = scores(&sentences, &vocabulary);
        let of = |text: &str| {
            scores.of[vocabulary.terms.iter().position(|term| term.text == text).expect("a term")]
        };
        assert!(of("oslo") < of("counted") && of("voted") < of("rain"), "{:?}", scores.of);
        assert!(scores.of.iter().all(|score| score.is_finite() && *score > 0.0));
    }
}
