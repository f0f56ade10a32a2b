//! Words, sentences and paragraphs.

use super::choices::Choices;

/// A language and words of it.
#[derive(Clone, Copy, Default)]
pub struct Language {
    /// Its tag (BCP 47).
    pub tag: &'static str,
    words: &'static str,
}

const ENGLISH: Language = Language {
    tag: "en",
    words: "the of and to in a that for on with as at by from said was is it will has are be government minister \
            market shares percent million company president report court police election budget growth inflation \
            trade talks agreement summit energy climate industry bank central rate policy month year week officials \
            analysts investors technology research university hospital patients study team match season league \
            striker coach city council residents fire storm water power supply prices workers union strike border \
            security forces army region capital parliament vote party leader opposition reform law bill committee \
            evidence witness trial charges appeal ruling aircraft railway port shipping harvest drought vaccine \
            satellite launch orbit mission",
};

const OTHERS: [Language; 8] = [
    Language {
        tag: "de",
        words: "Die Börse schloß höher während Händler größere Überraschungen für möglich hielten Änderung der \
                Gesetze über Grundstücke in München und Köln",
    },
    Language {
        tag: "fr",
        words: "Le ministère a annoncé l’été dernier une réforme où déjà les élèves français bénéficient d’un accès \
                élargi à la santé",
    },
    Language {
        tag: "pl",
        words: "Władze ogłosiły że śledztwo w sprawie wyborów będzie trwać dłużej niż żądała opozycja",
    },
    Language {
        tag: "el",
        words: "Η κυβέρνηση ανακοίνωσε νέα μέτρα για την οικονομία και την ενέργεια στην Αθήνα",
    },
    Language {
        tag: "ru",
        words: "Правительство сообщило о новых мерах поддержки экономики и энергетики в регионе",
    },
    Language {
        tag: "ar", words: "أعلنت الحكومة عن إجراءات جديدة لدعم الاقتصاد والطاقة في العاصمة"
    },
    Language {
        tag: "ja", words: "政府は 新しい 経済 対策 を 発表 した 市場 は 上昇 東京 で 会見"
    },
    Language { tag: "zh", words: "政府 宣布 新的 经济 措施 市场 上涨 北京 记者 报道" },
];

const EMOJI: [&str; 5] = ["📈", "🗳️", "⚽", "🌍", "👩‍🔬"];

/// English for seven of ten articles.
pub fn language(choices: &mut Choices) -> Language {
    if choices.percent(70) { ENGLISH } else { choices.of(&OTHERS) }
}

/// One English word.
pub fn word(choices: &mut Choices) -> &'static str {
    let words: Vec<&'static str> = ENGLISH.words.split_whitespace().collect();
    choices.of(&words)
}

/// So many words, with a capital letter first.
pub fn words(choices: &mut Choices, language: Language, count: usize) -> String {
    let pool: Vec<&'static str> = language.words.split_whitespace().collect();
    let chosen: Vec<&'static str> = (0..count).map(|_| choices.of(&pool)).collect();
    let text = chosen.join(" ");
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// Paragraphs of so many bytes together, as XML.
pub fn paragraphs(choices: &mut Choices, language: Language, bytes: usize) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let mut size = 0;
    while size < bytes {
        let length = choices.between(180, 620);
        let paragraph = paragraph(choices, language, length);
        size += paragraph.len();
        paragraphs.push(paragraph);
    }
    paragraphs
}

fn paragraph(choices: &mut Choices, language: Language, bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&sentence(choices, language));
    }
    match choices.between(0, 99) {
        0..5 => format!("<p><![CDATA[{text}]]></p>"),
        5..30 => format!("<p>{}</p>", with_inline_markup(choices, &escaped(&text))),
        30..40 => {
            let text =
                escaped(&text).replace('–', "&#8211;").replace('“', "&#x201C;").replace('”', "&#x201D;");
            format!("<p>{text} &#169; &#x1F4F0;</p>")
        }
        _ => format!("<p>{}</p>", escaped(&text)),
    }
}

fn sentence(choices: &mut Choices, language: Language) -> String {
    let count = choices.between(7, 22);
    let text = words(choices, language, count);
    match choices.between(0, 99) {
        0..6 => format!("{text}, at AT&T and Johnson & Johnson <sic>."),
        6..12 => format!("{text} – up {}.{}%, “so it seems”.", choices.between(1, 99), choices.between(0, 9)),
        12..14 => format!("{text} {}.", choices.of(&EMOJI)),
        _ => format!("{text}."),
    }
}

/// Puts an element around a word in the middle, which is there in every sentence.
fn with_inline_markup(choices: &mut Choices, text: &str) -> String {
    let (open, close) = match choices.between(0, 2) {
        0 => ("<em>".to_owned(), "</em>"),
        1 => ("<strong>".to_owned(), "</strong>"),
        _ => {
            let number = choices.between(1, 9_999);
            (format!(r#"<a href="https://example.org/q?a=1&amp;b={number}">"#), "</a>")
        }
    };
    let mut spaces = text.match_indices(' ').map(|(at, _)| at).skip(2);
    match (spaces.next(), spaces.next()) {
        (Some(start), Some(end)) => {
            let (before, inside, behind) = (&text[..=start], &text[start + 1..end], &text[end..]);
            format!("{before}{open}{inside}{close}{behind}")
        }
        _ => text.to_owned(),
    }
}

/// Text as it stands in an element or an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Choices, escaped, with_inline_markup};

    #[test]
    fn markup_stands_around_one_word() {
        let marked = with_inline_markup(&mut Choices::new(1), "one two three four five");
        let (before, rest) = marked.split_once('<').expect("an element");
        assert_eq!(before, "one two three ");
        assert!(rest.contains(">four</") && rest.ends_with("> five"), "{marked}");
    }

    #[test]
    fn text_is_escaped_once() {
        assert_eq!(escaped("AT&T <\"x\">"), "AT&amp;T &lt;&quot;x&quot;&gt;");
    }
}
