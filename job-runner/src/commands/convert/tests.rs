use std::path::PathBuf;
use std::time::Duration;

use docmill_crds::reason::Reason;
use serde_json::Value;

use super::totals::ConvertTally;
use super::{ConvertArgs, convert};
use crate::commands::scratch::Scratch;

const MODEL: &str = "record: //d\nfields:\n- {name: n, path: ['@n'], type: integer, required: true}\n";

fn args(scratch: &Scratch, paths: &[&str]) -> ConvertArgs {
    ConvertArgs {
        model: Some(scratch.write("model.yaml", MODEL)),
        preset: None,
        id: None,
        records: false,
        human: false,
        loss_report: None,
        jobs: None,
        paths: paths.iter().map(|path| scratch.path(path)).collect::<Vec<PathBuf>>(),
    }
}

/// The totals, standard output and standard error.
fn run(args: &ConvertArgs) -> (ConvertTally, String, String) {
    let (mut tally, mut out, mut refusals) = (ConvertTally::default(), Vec::new(), Vec::new());
    convert(args, &mut tally, &mut out, &mut refusals).unwrap();
    (tally, String::from_utf8(out).unwrap(), String::from_utf8(refusals).unwrap())
}

#[test]
fn documents_and_refusals_come_as_lines_in_the_order_of_the_input() {
    let scratch = Scratch::with(&[]);
    scratch.write("in/a.xml", "<r><d n='1'/><d n='x'/><d n='2'/></r>");
    scratch.write("in/b.xml", "<r><d n='3'/><d/>");
    scratch.write("in/c.xml", "<r/>");
    let (tally, out, refusals) = run(&args(&scratch, &["in"]));
    assert_eq!(out, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    let refusals: Vec<Value> = refusals.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons: Vec<_> = refusals.iter().map(|refusal| refusal["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["WrongType", "MissingField", "MalformedXml", "NoRecord"]);
    assert!(refusals[0]["path"].as_str().unwrap().ends_with("in/a.xml"));
    assert_eq!(refusals[0]["faults"][0]["field"], "n");
    assert_eq!((tally.files, tally.documents, tally.refusals()), (3, 3, 4));
    assert_eq!(tally.bytes, 37 + 17 + 4);
}

#[test]
fn records_tell_where_a_document_is_from() {
    let scratch = Scratch::with(&[]);
    scratch.write("a.xml", "<r><d/><d n='1'/></r>");
    let (_, out, _) = run(&ConvertArgs { records: true, ..args(&scratch, &["a.xml"]) });
    let record: Value = serde_json::from_str(&out).unwrap();
    assert!(record["path"].as_str().unwrap().ends_with("a.xml"));
    assert_eq!(record["index"], 1, "refused documents count");
    assert_eq!(record["document"]["n"], 1);
}

#[test]
fn many_files_at_a_time_keep_their_order() {
    let scratch = Scratch::with(&[]);
    let mut expected = String::new();
    for file in 0..60 {
        let count = if file % 9 == 0 { 3000 } else { 2 };
        let numbers = file * 10_000..file * 10_000 + count;
        let documents: Vec<String> = numbers.clone().map(|n| format!("<d n='{n}'/>")).collect();
        scratch.write(&format!("in/{file:03}.xml"), format!("<r>{}</r>", documents.concat()));
        expected.extend(numbers.map(|n| format!("{{\"n\":{n}}}\n")));
    }
    for jobs in [1, 4] {
        let (_, out, _) = run(&ConvertArgs { jobs: jobs.try_into().ok(), ..args(&scratch, &["in"]) });
        assert!(out == expected, "with {jobs} jobs");
    }
}

#[test]
fn for_people_a_refusal_is_shown_with_its_line() {
    let scratch = Scratch::with(&[]);
    let latin1 = b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<r>\n  \xe9<d n='x'/><d/>\n</r>";
    let path = scratch.write("a.xml", latin1);
    let (_, _, refusals) = run(&ConvertArgs { human: true, ..args(&scratch, &["a.xml"]) });
    let path = path.display();
    let expected = format!(
        "{path}:3:10: WrongType in n (//d/@n)\n  expected an integer of at most 64 bits, found \"x\"\n   |\n 3 |   é<d n='x'/><d/>\n   |          ^\n\n\
         {path}:3:14: MissingField in n (//d/@n)\n  expected a value of type integer\n   |\n 3 |   é<d n='x'/><d/>\n   |              ^\n\n"
    );
    assert_eq!(refusals, expected);
}

#[test]
fn the_totals_are_one_number_a_line() {
    let mut tally = ConvertTally { files: 3, bytes: 1000, documents: 12, ..ConvertTally::default() };
    tally.refuse(Reason::WrongType);
    tally.refuse(Reason::WrongType);
    let text = tally.for_people(Duration::from_millis(1500));
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        words,
        [
            ["files", "3"],
            ["documents", "12"],
            ["refused", "2"],
            ["WrongType", "2"],
            ["bytes", "1000"],
            ["seconds", "1.50"],
            ["documents/s", "8"],
        ]
    );
}

#[test]
fn what_was_mended_is_among_the_totals() {
    let scratch = Scratch::with(&[]);
    scratch.write("a.xml", b"<r><d n='1' n='2'/>& caf\xe9</r>\0\0");
    scratch.write("b.xml", "<r><d n='3'/></r>");
    let repairs = "repairs: [TrailingData, BareAmpersand, Encoding, DuplicateAttributes]\n";
    let model = Some(scratch.write("lenient.yaml", format!("{MODEL}{repairs}")));
    let (tally, out, refusals) = run(&ConvertArgs { model, ..args(&scratch, &["a.xml", "b.xml"]) });
    assert_eq!((out.as_str(), refusals.as_str()), ("{\"n\":1}\n{\"n\":3}\n", ""));
    let text = tally.for_people(Duration::from_secs(1));
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        words[2..8],
        [
            ["refused", "0"],
            ["repaired", "4"],
            ["TrailingData", "1"],
            ["BareAmpersand", "1"],
            ["Encoding", "1"],
            ["DuplicateAttributes", "1"],
        ]
    );
}

#[test]
fn documents_of_one_file_with_the_same_id_are_told_to_people() {
    let scratch = Scratch::with(&[]);
    scratch.write("a.xml", "<r><d n='1'/><d n='2'/><d n='1'/><d n='1'/></r>");
    scratch.write("b.xml", "<r><d n='1'/></r>");
    let with = |id: &str| ConvertArgs {
        human: true,
        id: Some(id.to_owned()),
        ..args(&scratch, &["a.xml", "b.xml"])
    };
    let (tally, out, told) = run(&with("{n}"));
    assert_eq!((out.lines().count(), tally.documents, tally.overwritten), (5, 5, 2));
    let duplicates = "a.xml: DuplicateId\n  documents with the id of a later one in this file, which alone is stored: 2, with ids such as \"1\"\n\n";
    assert!(told.ends_with(duplicates), "{told}");
    let text = tally.for_people(Duration::from_secs(1));
    assert!(text.contains("overwritten") && text.contains("  DuplicateId"), "{text}");
    assert_eq!(run(&with("{n}-{none}")).0.overwritten, 0, "what has no id is told where it is stored");
    let wrong = convert(&with("{"), &mut ConvertTally::default(), &mut Vec::new(), &mut Vec::new());
    assert!(wrong.unwrap_err().to_string().contains("the id \"{\""));
}

#[test]
fn small_and_large_files_and_one_that_is_no_file_keep_their_order() {
    let scratch = Scratch::with(&["in/0.xml"]);
    let large: Vec<_> = (0..40_000).map(|n| format!("<d n='{n}'/>")).collect();
    scratch.write("in/1.xml", "<r><d n='1'/></r>");
    scratch.write("in/2.xml", format!("<r>{}</r>", large.concat()));
    scratch.write("in/3.xml", "<r><d n='3'/></r>");
    let (tally, out, refusals) = run(&args(&scratch, &["in"]));
    assert_eq!((tally.files, tally.documents), (4, 40_002));
    assert!(out.starts_with("{\"n\":1}\n{\"n\":0}\n") && out.ends_with("{\"n\":39999}\n{\"n\":3}\n"));
    assert!(refusals.contains("EmptyObject"), "a file without bytes holds up no other: {refusals}");
}

#[test]
fn what_comes_before_a_path_that_is_not_there_stands() {
    let scratch = Scratch::with(&[]);
    scratch.write("a.xml", "<r><d n='1'/></r>");
    let (mut tally, mut out) = (ConvertTally::default(), Vec::new());
    let args = args(&scratch, &["a.xml", "none.xml", "a.xml"]);
    let error = convert(&args, &mut tally, &mut out, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("none.xml"), "{error}");
    assert_eq!(out, b"{\"n\":1}\n");
}

#[test]
fn what_the_model_does_not_name_is_reported_by_path() {
    let scratch = Scratch::with(&[]);
    scratch.write("a.xml", "<r><d n='1' more='x'><e>text</e></d><d n='2' more='y'/></r>");
    let report = scratch.path("losses.json");
    let (_, out, _) = run(&ConvertArgs { loss_report: Some(report.clone()), ..args(&scratch, &["a.xml"]) });
    assert_eq!(out.lines().count(), 2);
    let losses: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(losses["documents"], 2);
    let more = serde_json::json!(
        {"path": "/r/d/@more", "kind": "attribute", "documents": 2, "occurrences": 2, "example": "x"}
    );
    assert_eq!(losses["paths"][0], more);
    let nowhere = ConvertArgs { loss_report: Some(scratch.path("no/such")), ..args(&scratch, &["a.xml"]) };
    let error = convert(&nowhere, &mut ConvertTally::default(), &mut Vec::new(), &mut Vec::new())
        .unwrap_err()
        .to_string();
    assert!(error.contains("no/such"), "{error}");
}

/// One member, of a name and a content that fit a block each, and the end of the archive.
fn tar(name: &str, content: &str) -> String {
    let header =
        format!("{name:\0<124}{:011o}\0{:\0<12}        0{:\0<100}ustar\x0000", content.len(), "", "");
    let mut header = format!("{header:\0<512}");
    let sum: u32 = header.bytes().map(u32::from).sum();
    header.replace_range(148..156, &format!("{sum:06o}\0 "));
    format!("{header}{content:\0<512}{:\0<1024}", "")
}

#[test]
fn members_of_archives_are_converted_and_named() {
    let scratch = Scratch::with(&[]);
    scratch.write("a.tar", tar("x/b.xml", "<r><d n='1'/><d/></r>"));
    let model = scratch.write("archive.yaml", format!("{MODEL}archive: {{members: ['*.xml']}}\n"));
    let args = ConvertArgs { model: Some(model), records: true, ..args(&scratch, &["a.tar"]) };
    let (tally, out, refusals) = run(&args);
    let record: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&record["member"], &record["document"]["n"]), (&"x/b.xml".into(), &1.into()));
    let refusal: Value = serde_json::from_str(&refusals).unwrap();
    assert_eq!((&refusal["member"], &refusal["reason"]), (&"x/b.xml".into(), &"MissingField".into()));
    assert_eq!((tally.files, tally.documents, tally.refusals()), (1, 1, 1));
    let (_, _, refusals) = run(&ConvertArgs { human: true, ..args });
    assert!(refusals.contains("a.tar/x/b.xml:1:"), "{refusals}");
}
