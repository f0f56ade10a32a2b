//! How articles are written down.

use std::fmt::Write as _;

use super::article::{Article, Media};
use super::text::escaped;

/// How an article is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A NITF 3.x document.
    Nitf,
    /// A NewsML-G2 news item with an XHTML body.
    NewsMlG2,
}

impl Form {
    /// About how many bytes are not text.
    pub const fn frame_bytes(self) -> usize {
        match self {
            Self::Nitf => 1_500,
            Self::NewsMlG2 => 2_000,
        }
    }
}

/// The article as XML.
pub fn write(article: &Article, form: Form) -> String {
    match form {
        Form::Nitf => nitf(article),
        Form::NewsMlG2 => newsml_g2(article),
    }
}

fn nitf(article: &Article) -> String {
    let headline = article.headline.as_deref();
    let mut xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<nitf version="-//IPTC//DTD NITF 3.4//EN" xml:lang="{language}">
 <head>
  <title>{title}</title>
  <meta name="provider" content="{provider}"/>
  <docdata>
   <doc-id id-string="{id}" regsrc="EX"/>
   <date.issue norm="{published}"/>
"#,
        language = article.language.tag,
        title = escaped(headline.unwrap_or_default()),
        provider = article.provider,
        id = escaped(&article.id),
        published = article.published,
    );
    if let Some(urgency) = article.urgency {
        line(&mut xml, &format!(r#"   <urgency ed-urg="{urgency}"/>"#));
    }
    attribute(&mut xml, "date.release", "norm", article.updated.as_deref());
    attribute(&mut xml, "du-key", "key", article.slugline.as_deref());
    attribute(&mut xml, "doc.copyright", "holder", article.copyright.as_deref());
    let keywords = article.keywords.iter().fold(String::new(), |mut keywords, word| {
        // Writing to a String cannot fail.
        let _ = write!(keywords, r#"<keyword key="{word}"/>"#);
        keywords
    });
    line(&mut xml, &format!("   <key-list>{keywords}</key-list>"));
    for (code, name) in &article.subjects {
        let name = escaped(name);
        line(
            &mut xml,
            &format!(
                r#"   <identified-content><classifier type="subject" idsrc="{code}" value="{name}"/></identified-content>"#
            ),
        );
    }
    line(&mut xml, "  </docdata>\n </head>\n <body>\n  <body.head>\n   <hedline>");
    element(&mut xml, "hl1", headline);
    element(&mut xml, "hl2", article.subheadline.as_deref());
    line(&mut xml, "   </hedline>");
    element(&mut xml, "byline", article.byline.as_deref());
    if let Some(city) = article.dateline {
        line(&mut xml, &format!("   <dateline><location>{city}</location></dateline>"));
    }
    line(&mut xml, "  </body.head>\n  <body.content>");
    article.paragraphs.iter().for_each(|paragraph| line(&mut xml, paragraph));
    for Media { href, width, caption } in &article.media {
        let (href, caption) = (escaped(href), escaped(caption));
        line(
            &mut xml,
            &format!(
                r#"   <media media-type="image"><media-reference source="{href}" mime-type="image/jpeg" width="{width}" height="480"/><media-caption>{caption}</media-caption></media>"#
            ),
        );
    }
    line(&mut xml, "  </body.content>\n  <!-- end of story -->\n </body>\n</nitf>");
    xml
}

fn newsml_g2(article: &Article) -> String {
    let mut xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" standard="NewsML-G2" standardversion="2.29" conformance="power" guid="{id}" version="1" xml:lang="{language}">
 <catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_38.xml"/>
"#,
        id = escaped(&article.id),
        language = article.language.tag,
    );
    if let Some(holder) = &article.copyright {
        let holder = escaped(holder);
        line(&mut xml, &format!(" <rightsInfo><copyrightNotice>{holder}</copyrightNotice></rightsInfo>"));
    }
    line(&mut xml, " <itemMeta>\n  <itemClass qcode=\"ninat:text\"/>");
    line(&mut xml, &format!(r#"  <provider literal="{}"/>"#, article.provider));
    element(&mut xml, "versionCreated", Some(&article.published));
    element(&mut xml, "firstUpdated", article.updated.as_deref());
    line(&mut xml, "  <pubStatus qcode=\"stat:usable\"/>\n </itemMeta>\n <contentMeta>");
    let urgency = article.urgency.map(|urgency| urgency.to_string());
    element(&mut xml, "urgency", urgency.as_deref());
    element(&mut xml, "by", article.byline.as_deref());
    element(&mut xml, "dateline", article.dateline);
    element(&mut xml, "slugline", article.slugline.as_deref());
    element(&mut xml, "headline", article.headline.as_deref());
    element(&mut xml, "subheadline", article.subheadline.as_deref());
    article.keywords.iter().for_each(|word| element(&mut xml, "keyword", Some(*word)));
    for (code, name) in &article.subjects {
        let name = escaped(name);
        line(
            &mut xml,
            &format!(
                r#"  <subject type="cpnat:abstract" qcode="{code}"><name xml:lang="en">{name}</name></subject>"#
            ),
        );
    }
    line(&mut xml, " </contentMeta>\n <contentSet>\n  <inlineXML contenttype=\"application/xhtml+xml\">");
    // What the Python stack takes a body from: the last child of `html`.
    line(&mut xml, r#"<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>"#);
    article.paragraphs.iter().for_each(|paragraph| line(&mut xml, paragraph));
    line(&mut xml, "</body></html></inlineXML>");
    for Media { href, width, caption } in &article.media {
        let (href, caption) = (escaped(href), escaped(caption));
        line(
            &mut xml,
            &format!(
                r#"  <remoteContent href="{href}" contenttype="image/jpeg" width="{width}" height="480"><altText>{caption}</altText></remoteContent>"#
            ),
        );
    }
    line(&mut xml, " </contentSet>\n</newsItem>");
    xml
}

fn element(xml: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        line(xml, &format!("  <{name}>{}</{name}>", escaped(text)));
    }
}

fn attribute(xml: &mut String, element: &str, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        line(xml, &format!(r#"   <{element} {name}="{}"/>"#, escaped(value)));
    }
}

fn line(xml: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(xml, "{text}");
}
