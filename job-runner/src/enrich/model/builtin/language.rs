//! The language of a text, by its script and its most frequent trigrams (whatlang).

use serde_json::{Map, Value, json};
use whatlang::{Info, Lang, Script};

use super::beginning::beginning;

/// More text does not improve the result.
const LOOKED_AT: usize = 16 * 1024;
/// With fewer letters, languages of one script are indistinguishable.
const LETTERS: usize = 20;

/// `language`, `confidence` and `script`, if the language can be determined.
pub(crate) fn results(text: &str) -> Map<String, Value> {
    let Some(info) = detect(text) else { return Map::new() };
    let confidence = (info.confidence() * 1000.0).round() / 1000.0;
    Map::from_iter([
        ("language".to_owned(), json!(code(info.lang()))),
        ("confidence".to_owned(), json!(confidence)),
        ("script".to_owned(), json!(script_code(info.script(), info.lang()))),
    ])
}

/// The ISO 639-1 code of a text's language.
pub(crate) fn of(text: &str) -> Option<&'static str> {
    detect(text).map(|info| code(info.lang()))
}

fn detect(text: &str) -> Option<Info> {
    let text = beginning(text, LOOKED_AT);
    let enough = text.chars().filter(|c| c.is_alphabetic()).take(LETTERS).count() == LETTERS;
    // Without letters, whatlang would divide by their number.
    whatlang::detect_script(text).filter(|script| enough || !is_shared(*script))?;
    whatlang::detect(text)
}

/// Whether several languages use a script that only their words tell apart.
const fn is_shared(script: Script) -> bool {
    matches!(script, Script::Arabic | Script::Cyrillic | Script::Devanagari | Script::Hebrew | Script::Latin)
}

const fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
    }
}

/// ISO 15924. Japanese is written in three scripts at once, which has a code of its own.
const fn script_code(script: Script, lang: Lang) -> &'static str {
    match script {
        Script::Arabic => "Arab",
        Script::Armenian => "Armn",
        Script::Bengali => "Beng",
        Script::Cyrillic => "Cyrl",
        Script::Devanagari => "Deva",
        Script::Ethiopic => "Ethi",
        Script::Georgian => "Geor",
        Script::Greek => "Grek",
        Script::Gujarati => "Gujr",
        Script::Gurmukhi => "Guru",
        Script::Hangul => "Hang",
        Script::Hebrew => "Hebr",
        Script::Hiragana | Script::Katakana => "Jpan",
        Script::Kannada => "Knda",
        Script::Khmer => "Khmr",
        Script::Latin => "Latn",
        Script::Malayalam => "Mlym",
        Script::Mandarin if matches!(lang, Lang::Jpn) => "Jpan",
        Script::Mandarin => "Hani",
        Script::Myanmar => "Mymr",
        Script::Oriya => "Orya",
        Script::Sinhala => "Sinh",
        Script::Tamil => "Taml",
        Script::Telugu => "Telu",
        Script::Thai => "Thai",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;
    use whatlang::Lang;

    use super::{code, of, results};

    #[test]
    fn languages_are_told_with_script_and_confidence() {
        for (text, language, script) in [
            ("The parliament voted on Tuesday to raise the tax on fuel by two percent.", "en", "Latn"),
            ("Das Parlament stimmte am Dienstag für eine höhere Steuer auf Kraftstoff.", "de", "Latn"),
            ("Le parlement a voté mardi une hausse de la taxe sur les carburants.", "fr", "Latn"),
            ("Парламент во вторник проголосовал за повышение налога на топливо.", "ru", "Cyrl"),
            ("議会は火曜日、燃料税の引き上げを可決した。", "ja", "Jpan"),
            ("议会周二投票决定将燃油税提高百分之二。", "zh", "Hani"),
            ("Η βουλή", "el", "Grek"),
        ] {
            let found = results(text);
            assert_eq!((&found["language"], &found["script"]), (&json!(language), &json!(script)), "{text}");
            let confidence = found["confidence"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&confidence), "{confidence}");
        }
    }

    #[test]
    fn too_little_text_has_no_language() {
        for text in ["", "  \n", "12.5 % – 2026", "OK", "Ja, gut", "👍👍👍", "'''"] {
            assert!(results(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn every_language_has_a_code_of_its_own() {
        let codes: BTreeSet<&str> = Lang::all().iter().map(|lang| code(*lang)).collect();
        assert_eq!(codes.len(), Lang::all().len());
        assert!(codes.iter().all(|code| code.len() == 2));
    }

    #[test]
    fn the_beginning_of_a_text_tells_its_language() {
        let text =
            "The parliament voted on Tuesday. ".repeat(1000) + &"Das Parlament stimmte ab. ".repeat(5000);
        assert_eq!(of(&text), Some("en"));
    }
}
