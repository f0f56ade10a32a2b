//! News articles made to order, the same ones every time: in NewsML-G2 or in NITF, sound or with one fault.

use std::fmt::Write as _;

/// How an article is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A NewsML-G2 news item with an XHTML body.
    NewsMlG2,
    /// A NITF 3.x document.
    Nitf,
}

/// What is wrong with an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An end tag that does not match its start tag.
    Malformed,
    /// No headline, which every article needs.
    NoHeadline,
    /// A word where the date of issue belongs, without which no preset takes an article.
    WordAsDate,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Malformed, Self::NoHeadline, Self::WordAsDate];

    /// The reason code by which the product is to refuse it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "MalformedXml",
            Self::NoHeadline => "MissingField",
            Self::WordAsDate => "WrongType",
        }
    }

    /// A word that the refusal's `.error.json` has to say to be of use: what or where the fault is.
    pub const fn names(self) -> &'static str {
        match self {
            Self::Malformed => "line",
            Self::NoHeadline => "headline",
            Self::WordAsDate => "publishedAt",
        }
    }
}

/// An article, whatever its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Its id in all the world.
    pub guid: String,
    /// Its headline.
    pub headline: String,
    /// RFC 3339, in UTC.
    pub published: String,
    /// 1 to 8.
    pub urgency: String,
    /// Its paragraphs.
    pub paragraphs: Vec<String>,
}

const SUBJECTS: [&str; 8] = [
    "Parliament",
    "The central bank",
    "A court in Zürich",
    "The port authority",
    "The weather service",
    "The national team",
    "The university hospital",
    "The railway union",
];
const VERBS: [&str; 8] =
    ["approves", "rejects", "welcomes", "postpones", "celebrates", "regrets", "reviews", "announces"];
const OBJECTS: [&str; 8] = [
    "the new budget",
    "a rise in interest rates",
    "the appeal of two growers",
    "a second quay",
    "the storm warning",
    "the coach's farewell",
    "a wonderful recovery",
    "a terrible delay",
];
const TAILS: [&str; 8] = [
    "after weeks of talks",
    "despite protests & petitions",
    "in a late session",
    "for the third time",
    "with great joy",
    "amid rising costs",
    "as winter begins",
    "without giving a reason",
];

/// A stream of choices that depends on its seed alone (SplitMix64).
struct Choices(u64);

impl Choices {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn of(&mut self, words: &[&'static str; 8]) -> &'static str {
        // The remainder is below 8.
        words[usize::try_from(self.next() % 8).unwrap_or_default()]
    }

    fn sentence(&mut self) -> String {
        [&SUBJECTS, &VERBS, &OBJECTS, &TAILS].map(|words| self.of(words)).join(" ")
    }
}

impl Article {
    /// The article of this number in a series.
    pub fn generated(series: &str, number: usize) -> Self {
        let mut choices = Choices(number as u64);
        let paragraphs = 2 + number % 4;
        Self {
            guid: format!("urn:newsml:docmill.example:{series}:{number:05}"),
            headline: choices.sentence(),
            published: format!("2026-01-{:02}T{:02}:{:02}:00Z", 1 + number % 28, number % 24, number % 60),
            urgency: (1 + number % 8).to_string(),
            paragraphs: (0..paragraphs)
                .map(|_| format!("{}. {}.", choices.sentence(), choices.sentence()))
                .collect(),
        }
    }

    /// The article as an object's bytes.
    pub fn write(&self, form: Form) -> Vec<u8> {
        match form {
            Form::NewsMlG2 => self.newsml_g2().into_bytes(),
            Form::Nitf => self.nitf().into_bytes(),
        }
    }

    /// The article with a fault, as an object's bytes.
    pub fn write_broken(&self, form: Form, fault: Fault) -> Vec<u8> {
        let mut broken = self.clone();
        match fault {
            Fault::Malformed => {
                let text = String::from_utf8_lossy(&self.write(form)).into_owned();
                return text.replacen("</p>", "</q>", 1).into_bytes();
            }
            Fault::NoHeadline => broken.headline.clear(),
            Fault::WordAsDate => broken.published = "tomorrow".into(),
        }
        broken.write(form)
    }

    fn newsml_g2(&self) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{guid}" version="1" standard="NewsML-G2" standardversion="2.33" conformance="power" xml:lang="en">
  <catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_38.xml"/>
  <rightsInfo><copyrightNotice>Made up for tests</copyrightNotice></rightsInfo>
  <itemMeta>
    <itemClass qcode="ninat:text"/>
    <provider qcode="docmill:example"><name>Docmill Example Wire</name></provider>
    <versionCreated>{published}</versionCreated>
    <pubStatus qcode="stat:usable"/>
  </itemMeta>
  <contentMeta>
    <urgency>{urgency}</urgency>
    <language tag="en"/>
    <keyword>generated</keyword>
    <headline>{headline}</headline>
  </contentMeta>
  <contentSet>
    <inlineXML contenttype="application/xhtml+xml">
      <html xmlns="http://www.w3.org/1999/xhtml"><head><title>{headline}</title></head><body>
{body}      </body></html>
    </inlineXML>
  </contentSet>
</newsItem>
"#,
            guid = escaped(&self.guid),
            published = self.published,
            urgency = self.urgency,
            headline = escaped(&self.headline),
            body = self.body(),
        )
    }

    /// NITF's own title stands in for a missing `hl1`, so both hold the headline.
    fn nitf(&self) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<nitf version="-//IPTC//DTD NITF 3.6//EN" xml:lang="en">
  <head>
    <title>{headline}</title>
    <docdata>
      <doc-id id-string="{guid}" regsrc="EX"/>
      <urgency ed-urg="{urgency}"/>
      <date.issue norm="{published}"/>
      <key-list><keyword key="generated"/></key-list>
    </docdata>
  </head>
  <body>
    <body.head><hedline><hl1>{headline}</hl1></hedline></body.head>
    <body.content>
{body}    </body.content>
  </body>
</nitf>
"#,
            guid = escaped(&self.guid),
            published = self.published,
            urgency = self.urgency,
            headline = escaped(&self.headline),
            body = self.body(),
        )
    }

    fn body(&self) -> String {
        self.paragraphs.iter().fold(String::new(), |mut body, paragraph| {
            // Writing to a String cannot fail.
            let _ = writeln!(body, "        <p>{}</p>", escaped(paragraph));
            body
        })
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Article, Fault, Form};

    #[test]
    fn the_same_number_gives_the_same_article_and_another_one_another() {
        assert_eq!(Article::generated("a", 7), Article::generated("a", 7));
        assert_ne!(Article::generated("a", 7).paragraphs, Article::generated("a", 8).paragraphs);
    }

    #[test]
    fn each_fault_changes_what_it_says_and_leaves_the_id() {
        let article = Article::generated("a", 1);
        for form in [Form::NewsMlG2, Form::Nitf] {
            let sound = article.write(form);
            for fault in Fault::ALL {
                let broken = article.write_broken(form, fault);
                assert_ne!(broken, sound, "{fault:?}");
                assert!(String::from_utf8(broken).expect("UTF-8").contains(&article.guid));
            }
        }
    }
}
