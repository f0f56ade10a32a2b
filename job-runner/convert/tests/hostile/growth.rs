//! An attack of eight times the size costs about eight times the work, whatever it is made of.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::xml::article;
use super::{alone, converter, greedy};

/// How many times as large an attack becomes.
const TIMES: usize = 8;

/// Work may grow by so much: fresh memory costs more than memory at hand. What is quadratic grows by 64.
const MOST: f64 = 40.0;

/// A measurement is taken again when the machine had other things to do.
const ATTEMPTS: u32 = 6;

struct Growing {
    name: &'static str,
    model: Value,
    of: fn(usize) -> String,
    size: usize,
}

fn nitf() -> Value {
    json!({"preset": "nitf"})
}

/// XML documents one after the other.
fn several() -> Value {
    json!({"record": "/r", "concatenated": true, "fields": [{"name": "x", "path": ["."]}]})
}

/// An article with this in its text.
fn within(text: &str) -> String {
    let (start, end) = article("");
    format!("{start}{text}{end}")
}

fn numbered(count: usize, of: impl Fn(usize) -> String) -> String {
    (0..count).map(of).collect::<Vec<_>>().concat()
}

fn all() -> Vec<Growing> {
    let of = |name, model, size, of| Growing { name, model, of, size };
    vec![
        of("elements", greedy(), 12_000, |n| within(&"<p/>".repeat(n))),
        of("elements apart", nitf(), 12_000, |n| within(&"<br/> x".repeat(n))),
        of("references", greedy(), 12_000, |n| within(&"&lt;".repeat(n))),
        of("brackets", nitf(), 1 << 18, |n| within(&"]] ".repeat(n))),
        of("returns", greedy(), 1 << 17, |n| within(&"\r\n\r".repeat(n))),
        of("blanks", nitf(), 1 << 18, |n| within(&" \t\n".repeat(n))),
        of("comments", nitf(), 12_000, |n| within(&"<!-- - -->x".repeat(n))),
        of("one comment", nitf(), 1 << 19, |n| within(&format!("<!--{}-->", "- ".repeat(n)))),
        of("one CDATA", nitf(), 1 << 19, |n| within(&format!("<![CDATA[{}]]>", "]]".repeat(n)))),
        of("one instruction", nitf(), 1 << 19, |n| within(&format!("<?x {}?>", "? ".repeat(n)))),
        of("one tag", nitf(), 1 << 19, |n| within(&format!("<p{}/>", " ".repeat(n)))),
        of("one value", nitf(), 1 << 14, |n| within(&format!("<p a='{}'/>", "&lt;>".repeat(n)).repeat(8))),
        of("attributes", greedy(), 50, |n| {
            within(&format!("<p{}/>", numbered(250, |k| format!(" a{k}='v'"))).repeat(n))
        }),
        of("prefixes", nitf(), 50, |n| {
            let declared = numbered(200, |k| format!(" xmlns:p{k}='u{k}'"));
            let used = numbered(200, |k| format!("<p{k}:a p{k}:b=''/>"));
            within(&format!("<a{declared}>{}</a>", used.repeat(n)))
        }),
        of("declarations", nitf(), 50, |n| {
            within(&format!("<p{}/>", numbered(200, |k| format!(" xmlns:p{k}='u{k}'"))).repeat(n))
        }),
        of("depths", greedy(), 25, |n| {
            within(&format!("{}{}", "<a>".repeat(200), "</a>".repeat(200)).repeat(n))
        }),
        of("names", nitf(), 12_000, |n| within(&numbered(n, |k| format!("<n{k}/>")))),
        of("a DOCTYPE", nitf(), 5_000, |n| {
            format!("<!DOCTYPE nitf [{}]>{}", "<!ELEMENT a ANY>".repeat(n), within("x"))
        }),
        of("keywords", nitf(), 5_000, |n| {
            let list = "<keyword key='x'/>".repeat(n);
            format!("<nitf><head><docdata><key-list>{list}</key-list></docdata></head></nitf>")
        }),
        of("objects", nitf(), 5_000, |n| {
            within(&"<media><media-caption>x</media-caption></media>".repeat(n))
        }),
        of("documents", several(), 2_000, |n| "<r/>".repeat(n)),
        of("items", json!({"preset": "rss"}), 5_000, |n| {
            format!(
                "<rss><channel><title>x</title>{}</channel></rss>",
                "<item><guid>1</guid></item>".repeat(n)
            )
        }),
    ]
}

fn time(growing: &Growing, size: usize) -> Duration {
    let converter = converter(growing.model.clone());
    let object = (growing.of)(size);
    let started = Instant::now();
    let verdicts = converter.documents(object.as_bytes()).map(Result::unwrap).count();
    assert!(verdicts > 0, "{}", growing.name);
    started.elapsed()
}

#[test]
fn work_grows_with_the_size_and_no_faster() {
    let _alone = alone();
    for growing in all() {
        let ratio = |_| {
            let least = |size| (0..3).map(|_| time(&growing, size)).min().unwrap_or_default();
            least(TIMES * growing.size).as_secs_f64() / least(growing.size).as_secs_f64()
        };
        let ratios: Vec<_> = (0..ATTEMPTS)
            .map(ratio)
            .scan(false, |done, ratio| {
                let go_on = !*done;
                *done |= ratio < MOST;
                go_on.then_some(ratio)
            })
            .collect();
        println!("{}: {ratios:.1?}", growing.name);
        assert!(ratios.last().is_some_and(|last| *last < MOST), "{}: {ratios:?}", growing.name);
    }
}
