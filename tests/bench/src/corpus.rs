//! News articles in NITF and NewsML-G2, the same ones every time: markup inside of paragraphs, character references,
//! CDATA sections, nine languages, and about one article in a hundred with one fault.

mod article;
mod choices;
mod fault;
mod form;
mod text;

pub use article::Article;
pub use choices::Choices;

/// Bytes of an article on average.
pub const BYTES: usize = 5_000;

/// How many of the first `count` articles have no fault.
pub fn sound(count: u32) -> u32 {
    let sound = (0..count).filter(|number| !Article::is_faulty(*number)).count();
    u32::try_from(sound).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Article, BYTES, sound};

    fn articles(count: u32) -> impl Iterator<Item = Article> {
        (0..count).map(|number| Article::generated(number, BYTES))
    }

    #[test]
    fn the_same_numbers_give_the_same_bytes() {
        let bytes = |article: Article| (article.key(), article.write());
        assert!(articles(50).map(bytes).eq(articles(50).map(bytes)));
        assert_ne!(Article::generated(1, BYTES).write(), Article::generated(3, BYTES).write());
    }

    #[test]
    fn articles_have_the_size_that_was_asked_for() {
        let total: usize = articles(1_000).map(|article| article.write().len()).sum();
        let mean = total / 1_000;
        assert!((4_000..6_500).contains(&mean), "{mean} bytes");
    }

    #[test]
    fn about_one_in_a_hundred_is_faulty() {
        assert_eq!((sound(100), sound(10_000)), (99, 9_900));
    }
}
