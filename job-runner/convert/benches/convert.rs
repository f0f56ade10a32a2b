//! How fast objects become documents, and how that grows: `cargo bench -p docmill-convert`.
//!
//! `articles` are made to order at three sizes; `real` are the samples of each preset; `bytes`, `fields` and `depth` are
//! curves: what is measured for each element must stay the same along them.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing better to do than to end")]

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, hint};

use divan::Bencher;
use divan::counter::BytesCount;
use docmill_convert::Converter;
use docmill_crds::conversion::{Conversion, Field, Preset};

fn compile(conversion: &Conversion) -> Converter {
    Converter::new(&conversion.resolve().unwrap()).unwrap()
}

fn converter(yaml: &str) -> Converter {
    compile(&serde_saphyr::from_str(yaml).unwrap())
}

/// The number of documents, so that nothing can be left out by the compiler.
fn convert(converter: &Converter, object: &[u8]) -> usize {
    let mut documents = 0;
    converter.convert(object, |verdict| documents += usize::from(hint::black_box(verdict).is_ok())).unwrap();
    documents
}

/// A NITF article of about so many bytes.
fn article(bytes: usize) -> String {
    let mut body = String::new();
    for number in 0.. {
        if body.len() + 900 > bytes {
            break;
        }
        let _ = writeln!(
            body,
            "<p>Paragraph {number} says that the <em>central bank</em> raised rates &amp; that São Paulo’s markets fell by \
             <num>{number}.5</num> percent, as <person value=\"urn:p:{number}\">Zoë O’Neill</person> told reporters.</p>"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<nitf xml:lang=\"en\"><head><meta name=\"provider\" \
         content=\"citydesk\"/><docdata><doc-id id-string=\"urn:example:1\"/><urgency ed-urg=\"4\"/><date.issue \
         norm=\"20260102T101112+0100\"/><du-key key=\"rates\"/><identified-content><classifier idsrc=\"medtop:04000000\" \
         value=\"economy\"/></identified-content><key-list><keyword key=\"bank\"/><keyword key=\"rates\"/></key-list></docdata>\
         </head><body><body.head><hedline><hl1>Rates rise &amp; markets fall</hl1></hedline><byline>By Li Wei</byline>\
         </body.head><body.content>{body}</body.content></body></nitf>"
    )
}

#[divan::bench(args = [3_000, 10_000, 50_000])]
fn articles(bencher: Bencher, size: usize) {
    let (converter, object) = (converter(include_str!("articles.yaml")), article(size));
    assert_eq!(convert(&converter, object.as_bytes()), 1);
    bencher.counter(BytesCount::of_str(&object)).bench_local(|| convert(&converter, object.as_bytes()));
}

#[divan::bench(args = Preset::ALL.map(Preset::as_str))]
fn real(bencher: Bencher, preset: &str) {
    let known = Preset::ALL.into_iter().find(|known| known.as_str() == preset);
    let converter = compile(&Conversion { preset: known, ..Conversion::default() });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(preset);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let samples = files.filter(|path| path.extension().is_some_and(|extension| extension == "xml"));
    let objects: Vec<_> = samples.map(|path| fs::read(path).unwrap()).collect();
    bencher
        .counter(BytesCount::new(objects.iter().map(Vec::len).sum::<usize>()))
        .bench_local(|| objects.iter().map(|object| convert(&converter, object)).sum::<usize>());
}

fn curve(bencher: Bencher, converter: &Converter, object: &str) {
    assert!(convert(converter, object.as_bytes()) > 0);
    bencher.counter(BytesCount::of_str(object)).bench_local(|| convert(converter, object.as_bytes()));
}

/// Documents of one object.
#[divan::bench(args = [100, 1_000, 10_000, 100_000])]
fn bytes(bencher: Bencher, documents: usize) {
    let items = "<item id='7'><title>Rates &amp; markets</title><p>Some text.</p></item>".repeat(documents);
    let model = "{record: //item, fields: [{name: id, path: ['@id']}, {name: title, path: [title]}]}";
    curve(bencher, &converter(model), &format!("<list>{items}</list>"));
}

/// Fields of a model that speak of other elements than the object has: they must cost nothing.
#[divan::bench(args = [0, 10, 50, 180])]
fn fields(bencher: Bencher, fields: usize) {
    let field = |number: usize| Field {
        name: format!("f{number}"),
        path: vec![format!("head/part{number}/@value")],
        ..Field::default()
    };
    let mut conversion: Conversion = serde_saphyr::from_str(include_str!("articles.yaml")).unwrap();
    conversion.fields.extend((0..fields).map(field));
    curve(bencher, &compile(&conversion), &article(10_000));
}

/// Levels of elements, each with a path that looks for something below it.
#[divan::bench(args = [2, 20, 100, 200])]
fn depth(bencher: Bencher, depth: usize) {
    let nest = format!("{}<b>text</b>{}", "<a>".repeat(depth), "</a>".repeat(depth)).repeat(2_000 / depth);
    let model = "{record: /r, fields: [{name: x, path: [.//a//b], repeated: true}]}";
    curve(bencher, &converter(model), &format!("<r>{nest}</r>"));
}

fn main() {
    divan::main();
}
