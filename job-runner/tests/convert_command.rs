//! The commands for developing a model, as a person runs them: the real program, its output and its exit status.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

const MODEL: &str = "record: //d\nfields:\n- {name: n, path: ['@n'], type: integer, required: true}\n";

/// A folder for one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("convert-command-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_job-runner"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = program(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn testdata(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path).display().to_string()
}

/// An object with one document for each number.
fn document(numbers: Range<u32>) -> String {
    let documents: Vec<String> = numbers.map(|n| format!("<d n='{n}'/>")).collect();
    format!("<r>{}</r>", documents.concat())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_exit_status_tells_good_from_refused_from_unusable() {
    let good = testdata("nitf/namespace-utf16.xml");
    let bad = testdata("nitf/undefined-entity.xml");
    let (status, out, err) = run(&["convert", "--preset", "nitf", &good]);
    assert_eq!((status, lines(&out).len(), err.as_str()), (0, 1, ""));
    assert_eq!(lines(&out)[0]["guid"], "urn:newsml:example.gr:20260102:1");

    let (status, out, err) = run(&["convert", "--preset", "nitf", &good, &bad, &good]);
    assert_eq!((status, lines(&out).len(), lines(&err).len()), (1, 2, 1));
    let refusal = &lines(&err)[0];
    assert_eq!(refusal["path"], bad);
    assert_eq!(refusal["reason"], "EntityRefused");
    assert_eq!(refusal["faults"][0]["line"], 5);

    for unusable in [
        &["convert", &good][..],
        &["convert", "--preset", "none", &good],
        &["convert", "--preset", "nitf"],
        &["convert", "--preset", "nitf", "--jobs", "0", &good],
        &["convert", "--model", "/none.yaml", &good],
    ] {
        assert_eq!(run(unusable).0, 2, "{unusable:?}");
    }
}

#[test]
fn a_path_that_is_not_there_is_named_and_swallows_nothing() {
    let good = testdata("nitf/namespace-utf16.xml");
    let (status, out, err) = run(&["convert", "--preset", "nitf", &good, "/none/such.xml", &good]);
    assert_eq!((status, lines(&out).len()), (2, 1));
    assert!(err.contains("/none/such.xml"), "{err}");
}

#[test]
fn the_order_is_that_of_the_input_whatever_the_number_of_jobs() {
    let folder = Folder::new();
    let model = folder.write("model.yaml", MODEL);
    let mut expected = String::new();
    for file in 0..40 {
        let count = if file % 13 == 0 { 20_000 } else { 3 };
        let numbers = file * 100_000..file * 100_000 + count;
        folder.write(&format!("in/{file:03}.xml"), &document(numbers.clone()));
        expected.extend(numbers.map(|n| format!("{{\"n\":{n}}}\n")));
    }
    let input = folder.0.join("in").display().to_string();
    for jobs in ["1", "4"] {
        let (status, out, _) = run(&["convert", "--model", &model, "--jobs", jobs, &input]);
        assert_eq!(status, 0);
        assert!(out == expected, "with {jobs} jobs");
    }
}

#[test]
fn a_dash_is_standard_input() {
    let folder = Folder::new();
    let model = folder.write("model.yaml", MODEL);
    let file = folder.write("a.xml", "<d n='2'/>");
    let mut child = program(&["convert", "--model", &model, "--records", &file, "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"<r><d n='3'/></r>").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let records = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(records[0]["path"], file.as_str());
    assert_eq!(records[1]["path"], "-");
    assert_eq!(records[1]["document"]["n"], 3);
}

#[test]
fn documents_come_before_the_next_file_is_there() {
    let folder = Folder::new();
    let model = folder.write("model.yaml", MODEL);
    let file = folder.write("a.xml", "<d n='2'/>");
    let mut child =
        program(&["convert", "--model", &model, &file, "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    assert_eq!(first, "{\"n\":2}\n", "while standard input is still open");
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(1), "standard input was empty");
}

#[test]
fn who_stops_reading_ends_the_work_quietly() {
    let folder = Folder::new();
    let model = folder.write("model.yaml", MODEL);
    let file = folder.write("a.xml", &document(0..200_000));
    let mut child =
        program(&["convert", "--model", &model, &file, "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    // Standard input stays open: nobody may wait for it.
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(std::time::Instant::now() < deadline, "it goes on although nobody reads");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn for_people_there_are_words_and_totals() {
    let bad = testdata("nitf/undefined-entity.xml");
    let (status, out, err) = run(&["convert", "--preset", "nitf", "--human", &bad]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.starts_with(&format!("{bad}:5:19: EntityRefused")), "{err}");
    let shown: Vec<&str> = err.lines().skip_while(|line| !line.starts_with(" 5 | ")).take(2).collect();
    let caret = shown[1].chars().position(|c| c == '^').unwrap();
    assert_eq!(shown[0].chars().nth(caret), Some('&'), "{err}");
    for total in ["documents", "refused", "EntityRefused", "bytes", "seconds", "documents/s"] {
        assert!(err.lines().any(|line| line.split_whitespace().next() == Some(total)), "{total}: {err}");
    }
}

#[test]
fn a_fault_of_the_model_is_shown_in_its_line() {
    let folder = Folder::new();
    let model = folder.write(
        "model.yaml",
        "kind: Secret\nstringData: {a: b}\n---\nkind: IngestSource\nspec:\n  conversion:\n    record: /a\n    fields:\n    - {name: x, path: [\"b[c=]\"]}\n",
    );
    for args in [&["convert", "--model", &model, "-"][..], &["model", "check", &model]] {
        let (status, out, err) = run(args);
        assert_eq!((status, out.as_str()), (2, ""));
        assert!(err.contains(&format!("{model}:9:29")), "{err}");
        let shown: Vec<&str> = err.lines().skip_while(|line| !line.starts_with(" 9 | ")).take(2).collect();
        let caret = shown[1].chars().position(|c| c == '^').unwrap();
        assert_eq!(shown[0].chars().nth(caret), Some(']'), "{err}");
    }
}

#[test]
fn a_preset_can_be_shown_checked_and_used() {
    let folder = Folder::new();
    let (status, yaml, _) = run(&["model", "show", "nitf"]);
    assert_eq!(status, 0);
    let model = folder.write("mine.yaml", &yaml);
    let (status, said, _) = run(&["model", "check", &model]);
    assert_eq!(status, 0);
    assert!(said.starts_with("ok: record /nitf, ") && said.contains("revision "), "{said}");
    let file = testdata("nitf/namespace-utf16.xml");
    assert_eq!(run(&["convert", "--model", &model, &file]).1, run(&["convert", "--preset", "nitf", &file]).1);
    assert_eq!(run(&["model", "show", "none"]).0, 2);
}

#[test]
fn of_files_of_any_kind_is_told_what_they_are() {
    let folder = Folder::new();
    let model = folder.write("model.yaml", "format: Binary\n");
    let photo = folder.write("photo.GIF", "GIF89a\0\u{1}\0");
    let packed = testdata("nitf/latin1-with-doctype.xml");
    let (status, out, err) = run(&["convert", "--model", &model, "--records", &photo, &packed]);
    assert_eq!((status, err.as_str(), lines(&out).len()), (0, "", 2));
    let record = &lines(&out)[0];
    assert_eq!(
        (&record["path"], &record["document"]["key"]),
        (&Value::from(photo.clone()), &Value::from(photo))
    );
    assert_eq!((&record["document"]["extension"], &record["document"]["size"]), (&"gif".into(), &9.into()));
    assert_eq!(record["document"]["contentType"], "image/gif");
    let (status, out, _) = run(&["model", "check", &model]);
    assert_eq!((status, out.as_str()), (0, "ok: a document about each object, revision be9e44ec5d50\n"));

    let model = folder.write("wrong.yaml", "format: Binary\nlimits:\n  maxDepth: 5\n");
    let (status, _, err) = run(&["model", "check", &model]);
    assert_eq!(status, 2);
    assert!(
        err.contains("limits.maxDepth: objects of format Binary") && err.contains("wrong.yaml:3:"),
        "{err}"
    );
}

#[test]
fn a_model_is_inferred_that_is_sound_and_refuses_none_of_its_samples() {
    let folder = Folder::new();
    let samples = [testdata("atom"), testdata("rss/podcast-and-escaped-html.xml"), testdata("jats")];
    for sample in samples {
        let listed: Vec<String> = if Path::new(&sample).is_dir() {
            let files = fs::read_dir(&sample).unwrap().map(|entry| entry.unwrap().path());
            let objects = files.filter(|path| path.extension().is_some_and(|extension| extension == "xml"));
            // An answer that says that there are no articles.
            let objects = objects.filter(|path| !path.ends_with("nothing-new.xml"));
            objects.map(|path| path.display().to_string()).collect()
        } else {
            vec![sample]
        };
        let with = |args: &[&str]| {
            let args: Vec<&str> = args.iter().copied().chain(listed.iter().map(String::as_str)).collect();
            run(&args)
        };
        let (status, yaml, err) = with(&["model", "infer"]);
        assert_eq!((status, err.as_str()), (0, ""), "{listed:?}");
        let model = folder.write("model.yaml", &yaml);
        assert_eq!(run(&["model", "check", &model]).0, 0, "{yaml}");
        let (status, out, err) = with(&["convert", "--model", &model]);
        assert_eq!((status, err.as_str()), (0, ""), "{yaml}");
        assert!(out.lines().count() >= listed.len(), "{yaml}");
    }
}

/// Two samples say little of what the next object lacks, has twice or writes in another way.
#[test]
fn a_model_of_two_samples_takes_others_of_their_kind() {
    let folder = Folder::new();
    let sample = |n: u32| format!("<a id='{n}'><t>x{n}</t><note>n</note><lang>en</lang><page>{n}</page></a>");
    let [one, two] = [1, 2].map(|n| folder.write(&format!("{n}.xml"), &sample(n)));
    let (status, yaml, err) = run(&["model", "infer", &one, &two]);
    assert_eq!((status, err.as_str()), (0, ""));
    let model = folder.write("model.yaml", &yaml);
    let convert = |other: &str| run(&["convert", "--model", &model, &folder.write("other.xml", other)]);
    for other in [
        "<a id='3'><t>z</t><lang>fr</lang></a>",
        "<a id='4'/>",
        "<a id='5'><t>z</t><lang>English language</lang></a>",
        "<a id='6'><page>iv</page></a>",
        "<a id='7'><t>one</t><t>two</t><more/></a>",
    ] {
        let (status, out, err) = convert(other);
        assert_eq!((status, lines(&out).len(), err.as_str()), (0, 1, ""), "{other}");
    }
    assert_eq!(convert("<a><t>no id</t></a>").0, 1);
}

#[test]
fn what_cannot_be_a_sample_is_told_and_passed_over() {
    let folder = Folder::new();
    let good = folder.write("good.xml", "<a><b>1</b></a>");
    let bad = folder.write("bad.xml", "<a>\n  <b>x</c></a>");
    let other = folder.write("other.xml", "<z><b>1</b></z>");
    let (status, yaml, err) = run(&["model", "infer", &good, &bad, &good]);
    assert_eq!(status, 1);
    assert!(yaml.contains("type: integer} # in all of 2 documents: \"1\""), "{yaml}");
    assert!(err.starts_with(&format!("{bad}:2:7: MalformedXml")), "{err}");
    assert!(
        err.ends_with("passed over: 1 that cannot be read, also with repairs, as shown above\n"),
        "{err}"
    );

    let (status, _, err) = run(&["model", "infer", &good, &other, &good]);
    assert_eq!((status, err.as_str()), (1, "passed over: 1 with the root element z, without a record /a\n"));

    // What a repair makes readable counts, and is told.
    let mendable = folder.write("mendable.xml", "<a>\n  <b>1 & 2</b></a>");
    let (status, yaml, err) = run(&["model", "infer", &good, &mendable]);
    assert_eq!(status, 0, "{err}");
    let needed = format!("needed by 1 of 2, first at {mendable}:2:8\n");
    assert!(yaml.contains(&format!("repairs:\n  - BareAmpersand # {needed}")), "{yaml}");
    assert_eq!(err, format!("mended: BareAmpersand, {needed}"));
    let model = folder.write("mending.yaml", &yaml);
    assert_eq!(run(&["convert", "--model", &model, &good, &mendable]).0, 0);

    let missing = folder.0.join("none.xml").display().to_string();
    for unusable in [&["model", "infer"][..], &["model", "infer", &missing], &["model", "infer", &bad]] {
        let (status, out, err) = run(unusable);
        assert_eq!((status, out.as_str()), (2, ""), "{unusable:?}");
        assert!(!err.is_empty(), "{unusable:?}");
    }
    for wrong in ["/a/@b", "a[", "//none"] {
        assert_eq!(run(&["model", "infer", "--record", wrong, &good]).0, 2, "{wrong}");
    }
}

#[test]
fn a_model_is_held_against_golden_files() {
    let folder = Folder::new();
    let spec = MODEL.trim_end().replace('\n', "\n  ");
    folder.write("m/model.yaml", &format!("kind: ConversionModel\nmetadata: {{name: m}}\nspec:\n  {spec}\n"));
    folder.write("m/one.xml", "<d n='1'/>");
    folder.write("m/in/many.xml", "<r><d n='1'/><d n='2'/><d/></r>");
    let path = |name: &str| folder.0.join(name).display().to_string();
    let m = path("m");
    let test = || run(&["model", "test", &m]);

    let (status, out, err) = test();
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert!(out.contains(&format!("{}: is missing", path("m/one.expected.json"))), "{out}");
    assert!(out.ends_with("2 inputs, 3 files are not as expected\n"), "{out}");

    assert_eq!(run(&["model", "test", "--update", &m]).0, 0);
    let read = |name: &str| fs::read_to_string(folder.0.join(name)).unwrap();
    assert_eq!(read("m/one.expected.json"), "{\n  \"n\": 1\n}\n");
    assert_eq!(read("m/in/many.expected.ndjson"), "{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(lines(&read("m/in/many.error.json").replace('\n', ""))[0][0]["reason"], "MissingField");
    let (status, out, _) = test();
    assert_eq!((status, out.as_str()), (0, "2 inputs, 0 files are not as expected\n"));

    folder.write("m/one.expected.json", "{\"n\": 2}");
    folder.write("m/gone.error.json", "[]");
    let (status, out, _) = test();
    assert_eq!(status, 1);
    assert!(out.contains("one.expected.json: is different"), "{out}");
    assert!(out.contains("  -   \"n\": 2\n  +   \"n\": 1\n"), "{out}");
    assert!(out.contains("gone.error.json: there is no input"), "{out}");

    folder.write("m/one.json", "{}");
    assert_eq!(test().0, 2, "two inputs of one name");
    assert_eq!(run(&["model", "test", &path("none")]).0, 2);
}

/// What real sources send and standards do not foresee, one kind in each folder.
#[test]
fn objects_of_every_kind_become_what_their_golden_files_say() {
    let folders = fs::read_dir(testdata("models")).unwrap();
    let mut folders: Vec<_> = folders.map(|entry| entry.unwrap().path().display().to_string()).collect();
    folders.sort();
    assert!(folders.len() >= 20, "only {folders:?}");
    let args: Vec<_> = ["model", "test"].into_iter().chain(folders.iter().map(String::as_str)).collect();
    let (status, out, err) = run(&args);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
}

#[test]
fn the_schema_of_models_is_json() {
    let (status, out, _) = run(&["model", "schema"]);
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &schema["definitions"]["model"]["type"]), (0, &"object".into()));
}

#[test]
fn samples_come_from_standard_input_too() {
    let mut child =
        program(&["model", "infer", "--record", "//d", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(document(0..1000).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let yaml = String::from_utf8(output.stdout).unwrap();
    assert!(yaml.contains("record: //d\n"), "{yaml}");
    assert!(yaml.contains("# in all of 1000 documents: \"0\""), "{yaml}");
}

#[test]
fn the_version_tells_what_was_built() {
    let output = program(&["--version"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(concat!("job-runner ", env!("CARGO_PKG_VERSION"), " (commit ")), "{text}");
}
