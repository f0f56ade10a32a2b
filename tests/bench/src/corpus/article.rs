//! One article, whatever its form.

use super::choices::Choices;
use super::fault::Fault;
use super::form::{self, Form};
use super::text::{self, Language};

const PROVIDERS: [&str; 6] = ["reuterlike", "apnorth", "dpax", "afpress", "localwire", "citydesk"];
const CITIES: [&str; 9] =
    ["London", "New York", "Zürich", "São Paulo", "Kraków", "Αθήνα", "Москва", "東京", "القاهرة"];
const NAMES: [&str; 7] =
    ["Anna Müller", "José García", "Zoë O’Neill", "Łukasz Nowak", "Li Wei", "Amina Diallo", "R. & D. Smith"];
const SUBJECTS: [(&str, &str); 8] = [
    ("medtop:04000000", "economy, business and finance"),
    ("medtop:11000000", "politics and government"),
    ("medtop:15000000", "sport"),
    ("medtop:07000000", "health"),
    ("medtop:13000000", "science and technology"),
    ("medtop:17000000", "weather"),
    ("medtop:02000000", "crime, law and justice"),
    ("medtop:16000000", "conflict & war"),
];
const PIXELS: [u32; 3] = [640, 1024, 2048];

/// The last of so many articles is faulty.
const FAULTY_OF: u32 = 100;

/// A picture of an article.
pub struct Media {
    /// Where it is.
    pub href: String,
    /// Its width in pixels.
    pub width: u32,
    /// What it shows.
    pub caption: String,
}

/// One article.
pub struct Article {
    number: u32,
    form: Form,
    fault: Option<Fault>,
    /// The language of its text.
    pub language: Language,
    /// Its id in all the world.
    pub id: String,
    /// Who made it.
    pub provider: &'static str,
    /// When it was published, in RFC 3339.
    pub published: String,
    /// When it was changed.
    pub updated: Option<String>,
    /// Its headline; none if it is missing.
    pub headline: Option<String>,
    /// Its second headline.
    pub subheadline: Option<String>,
    /// Who wrote it.
    pub byline: Option<String>,
    /// Where it was written.
    pub dateline: Option<&'static str>,
    /// 1 to 8.
    pub urgency: Option<usize>,
    /// Its slug.
    pub slugline: Option<String>,
    /// Who owns it.
    pub copyright: Option<String>,
    /// Codes and names of its subjects.
    pub subjects: Vec<(&'static str, &'static str)>,
    /// Its keywords.
    pub keywords: Vec<&'static str>,
    /// Its pictures.
    pub media: Vec<Media>,
    /// Its paragraphs, as XML.
    pub paragraphs: Vec<String>,
}

impl Article {
    /// The article of this number, of about so many bytes.
    pub fn generated(number: u32, bytes: usize) -> Self {
        let choices = &mut Choices::new(u64::from(number));
        let form = if choices.percent(50) { Form::Nitf } else { Form::NewsMlG2 };
        let fault = Self::fault(number);
        let language = text::language(choices);
        let provider = choices.of(&PROVIDERS);
        // Within a month, as news that land in these days are.
        let published = format!(
            "2026-01-{:02}T{:02}:{:02}:{:02}Z",
            choices.between(1, 28),
            choices.between(0, 22),
            choices.between(0, 59),
            choices.between(0, 59)
        );
        let share = choices.between(70, 130);
        let text = (bytes * share / 100).saturating_sub(form.frame_bytes()).max(250);
        let mut some = |percent: u64, count: usize, language: Language| {
            choices.percent(percent).then(|| text::words(choices, language, count))
        };
        let (headline, subheadline, slugline) =
            (some(100, 9, language), some(45, 9, language), some(85, 3, language));
        Self {
            number,
            form,
            fault,
            language,
            id: format!("urn:newsml:{provider}.example:20260101:{number:08}"),
            provider,
            updated: choices.percent(30).then(|| published.replace("2026-01", "2026-02")),
            published: if fault == Some(Fault::PhraseAsDate) { "today at noon".into() } else { published },
            headline: headline.filter(|_| fault != Some(Fault::NoHeadline)),
            subheadline,
            byline: choices.percent(80).then(|| format!("By {}", choices.of(&NAMES))),
            dateline: choices.percent(70).then(|| choices.of(&CITIES)),
            urgency: choices.percent(75).then(|| choices.between(1, 8)),
            slugline,
            copyright: choices.percent(60).then(|| format!("© 2026 {provider} <all rights>")),
            subjects: (0..choices.between(0, 4)).map(|_| choices.of(&SUBJECTS)).collect(),
            keywords: (0..choices.between(0, 6)).map(|_| text::word(choices)).collect(),
            media: (0..choices.between(0, 3).saturating_sub(1))
                .map(|place| Media {
                    href: format!("https://img.example.org/{number}/{place}.jpg?w=1&h=2"),
                    width: choices.of(&PIXELS),
                    caption: text::words(choices, language, 8),
                })
                .collect(),
            paragraphs: if fault == Some(Fault::NoText) {
                Vec::new()
            } else {
                text::paragraphs(choices, language, text)
            },
        }
    }

    /// Whether the article of this number has a fault.
    pub const fn is_faulty(number: u32) -> bool {
        number % FAULTY_OF == FAULTY_OF - 1
    }

    fn fault(number: u32) -> Option<Fault> {
        let turn = usize::try_from(number / FAULTY_OF).unwrap_or_default();
        let fault = Fault::ALL.get(turn % Fault::ALL.len()).copied().unwrap_or_default();
        Self::is_faulty(number).then_some(fault)
    }

    /// The key of its object.
    pub fn key(&self) -> String {
        format!("wire/2026/01/{:08}.xml", self.number)
    }

    /// The bytes of its object.
    pub fn write(&self) -> Vec<u8> {
        let xml = form::write(self, self.form);
        match self.fault {
            Some(fault) => fault.spoil(xml),
            None => xml.into_bytes(),
        }
    }
}
