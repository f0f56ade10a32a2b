use std::io::Cursor;

use docmill_crds::conversion::Repair;

use super::super::print::yaml;
use super::super::proposal::Proposal;
use super::super::samples::Samples;
use super::{read, refusals, shown};

/// The proposal from these objects, all of which can be read; the first is `0.xml`.
fn proposal(objects: &[&[u8]]) -> Proposal {
    let mut samples = Samples::new(None);
    for (number, object) in objects.iter().enumerate() {
        let refused = samples.add_object(&format!("{number}.xml"), &mut Cursor::new(object)).unwrap();
        assert!(refused.is_empty(), "{number}: {refused:?}");
    }
    samples.propose().unwrap().0
}

#[test]
fn each_repair_is_proposed_where_a_sample_needs_it_and_nowhere_else() {
    use Repair::{
        BareAmpersand, ControlCharacters, DuplicateAttributes, Encoding, LeadingSpace, TrailingData,
        UnclosedAtEnd, UndeclaredPrefix,
    };
    let good = &b"<a id='1'><t>R&amp;D</t></a>"[..];
    let samples: [(&[u8], &[Repair]); 12] = [
        (b"<a id='2'><t>x</t></a>\n\n<!-- end -->\n", &[]),
        (b"\n<?xml version='1.0'?><a id='2'><t>x</t></a>", &[LeadingSpace]),
        (b"<a id='2'><t>x</t></a>\0\0", &[TrailingData]),
        (b"<a id='2'><t>x\x0b</t></a>", &[ControlCharacters]),
        (b"<a id='2'><t>R & D</t></a>", &[BareAmpersand]),
        (b"<a id='2'><own:t>x</own:t></a>", &[UndeclaredPrefix]),
        (b"<a id='2' id='3'><t>x</t></a>", &[DuplicateAttributes]),
        (b"<a id='2'><t>caf\xe9</t></a>", &[Encoding]),
        (b"<?xml version='1.0' encoding='utf-16'?><a id='2'><t>x</t></a>", &[Encoding]),
        (b"<a id='2'><t>x</t><u>cut", &[UnclosedAtEnd]),
        (b"<a id='2'><t>caf\xe9 & x</t></a>\0", &[TrailingData, BareAmpersand, Encoding]),
        (b"<a id='2' id='3'><t>R & D</t><u>c", &[BareAmpersand, DuplicateAttributes, UnclosedAtEnd]),
    ];
    for (sample, expected) in samples {
        let name = String::from_utf8_lossy(sample);
        let proposal = proposal(&[good, sample]);
        let conversion = read(&proposal);
        assert_eq!(conversion.repairs, expected, "{name}");
        let refused = refusals(&conversion, [good]);
        assert_eq!(refused, [""; 0], "{name}");
        // What has to be read again in another encoding is so by a worker.
        if !expected.contains(&Encoding) {
            assert_eq!(refusals(&conversion, [sample]), [""; 0], "{name}");
        }
        assert_eq!(proposal.mended().count(), expected.len(), "{name}");
    }
}

#[test]
fn a_repair_comes_with_the_number_of_samples_and_the_first_place() {
    let proposal = proposal(&[
        b"<a><t>x</t></a>",
        b"<a>\n<t>R & D</t></a>",
        b"<a><t>AT&T</t></a>",
        b"<a><t>caf\xe9</t></a>",
    ]);
    let text = yaml(&proposal);
    for part in [
        "\nrepairs:\n  - BareAmpersand # needed by 2 of 4, first at 1.xml:2:6\n",
        "  - Encoding # needed by 1 of 4, first at 3.xml:1:10; what is not UTF-8 is read as windows-1252",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    read(&proposal);
    let first = proposal.mended().next().unwrap();
    assert_eq!(first, "BareAmpersand, needed by 2 of 4, first at 1.xml:2:6");
}

#[test]
fn text_that_windows_1252_makes_no_words_of_is_pointed_out() {
    // "Привет, мир" in windows-1251, and "Überprüfung der Größe" in windows-1252.
    let cyrillic = b"<a><t>\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0</t></a>";
    let german = b"<a><t>\xdcberpr\xfcfung der Gr\xf6\xdfe, \xdcberpr\xfcfung</t></a>";
    for (sample, is_doubtful) in [(&cyrillic[..], true), (&german[..], false)] {
        let text = yaml(&proposal(&[sample]));
        assert_eq!(text.contains("makes no words of them"), is_doubtful, "{text}");
    }
}

#[test]
fn what_a_sample_lacks_that_was_cut_off_says_nothing() {
    let whole = ["<a id='1'><t>x</t></a>", "<a id='2'><t>y</t></a>"].map(str::as_bytes);
    let conversion = read(&proposal(&[whole[0], b"<a>", whole[1]]));
    assert_eq!(shown(&conversion.fields), ["id @id string!", "t t string"]);
    assert_eq!(conversion.repairs, [Repair::UnclosedAtEnd]);
    let alone = read(&proposal(&[b"<a id='1'><t>x</t>"]));
    assert_eq!(shown(&alone.fields), ["id @id string!", "t t string"], "it is better than nothing");
}

#[test]
fn a_refusal_is_about_what_no_repair_mends() {
    let mut samples = Samples::new(None);
    let place = |refusal: docmill_convert::Refusal| (refusal.faults[0].line, refusal.faults[0].column);
    let refusal = samples.add(&b"<a>R & D\n<b></c></a>"[..]).unwrap().unwrap_err();
    assert_eq!(place(refusal), (2, 4));
    let refusal = samples.add(&b"<a>&wire;</a>"[..]).unwrap().unwrap_err();
    assert_eq!((refusal.reason.as_str(), place(refusal)), ("EntityRefused", (1, 4)));
}

/// The encoding that the model names is what a worker tries in the end.
#[test]
fn a_sample_is_read_in_every_way_in_which_a_worker_reads_it() {
    // A character of UTF-8 and of the declared encoding, and in the end a byte that neither has.
    let start = b"<?xml version='1.0' encoding='gb2312'?><a id='1'><t>\xc2\xb7".as_slice();
    let filler = "x".repeat(64 * 1024);
    let sample = [start, filler.as_bytes(), b"\xff</t></a>"].concat();
    assert_eq!(proposal(&[sample.as_slice()]).conversion().repairs, [Repair::Encoding]);
}
