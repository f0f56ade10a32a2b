#!/usr/bin/env python3
"""Compares what the presets make of real documents with what lxml's XPath finds in them.

Nothing is shared with the program but docs/reference/model-language.md: the XPath of each field, the text rule and the
reading of dates are written a second time here. Exit status 0: all agree, or there is nothing to run with, which
standard error says; 1: something differs; 2: the program did not run.
"""

import argparse
import collections
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Folder of the data -> the presets it is for.
DATA = {
    "newsml-g2/iptc-examples": ["newsml-g2"], "newsml-g2/iptc-unit-tests": ["newsml-g2"],
    "newsml-g2/python-newsmlg2": ["newsml-g2"], "newsml-g2/dpa": ["newsml-g2"],
    "jats/plos": ["jats"], "jats/jose": ["jats"],
    "feeds/feedparser-wellformed": ["rss", "atom"], "feeds/feedvalidator": ["rss", "atom"],
}
# Golden files: a folder for each preset.
TESTDATA = ROOT / "job-runner/testdata"
SHOWN = 5
# Fields with a type of their own.
TYPED = ("publishedAt", "updatedAt", "urgency")


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(0)


try:
    from lxml import etree
except ImportError:
    skip("lxml is not there: pip install -r tests/differential/requirements.txt")

import actual  # noqa: E402
import entities  # noqa: E402
import oracle  # noqa: E402
from expected import PRESETS, comparable  # noqa: E402
from text_rule import NAMES, TextRule, read_blocks  # noqa: E402


@dataclass
class Tally:
    """What came of a folder with one preset."""

    files: int = 0
    documents: int = 0
    converted: int = 0
    compared: int = 0
    refused: collections.Counter = field(default_factory=collections.Counter)
    differences: list = field(default_factory=list)

    def differs(self, *what):
        self.differences.append(" ".join(str(part) for part in what))


@dataclass
class Verdicts:
    """What the program said of one file."""

    documents: dict = field(default_factory=dict)
    refusals: dict = field(default_factory=dict)
    ended: dict | None = None


def convert(program, model, paths):
    """Runs the program over files; gives its verdicts by path."""
    verdicts = collections.defaultdict(Verdicts)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        command = [program, "convert", *model, "--records", *map(str, paths)]
        status = subprocess.run(command, stdout=out, stderr=err, check=False).returncode
        out.seek(0)
        err.seek(0)
        if status > 1:
            print(err.read(), file=sys.stderr)
            sys.exit(2)
        for line in map(json.loads, out):
            verdicts[line["path"]].documents[line["index"]] = line["document"]
        for line in map(json.loads, err):
            if line.get("document") is None:
                verdicts[line["path"]].ended = line
            else:
                verdicts[line["path"]].refusals[line["document"]] = line
    return verdicts


def parse(path):
    """The tree of a file, or why lxml has none. Nothing outside of the file is read."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        return etree.parse(str(path), parser).getroot(), None
    except (etree.XMLSyntaxError, OSError) as error:
        return None, str(error)


def uses_entities(root):
    """Whether a document declares entities, or uses some that are no names of characters: the program refuses it."""
    subset = root.getroottree().docinfo.internalDTD
    declared = [] if subset is None else list(subset.iterentities())
    return bool(declared) or any(entity.name not in NAMES for entity in root.iter(etree.Entity))


def compare_file(preset, rules, path, verdicts, tally, lenient=False):
    root, malformed = parse(path)
    ended = verdicts.ended
    tally.files += 1
    if ended:
        tally.refused[ended["reason"]] += 1
    if root is None:
        tally.documents += len(verdicts.documents) + len(verdicts.refusals)
        tally.converted += len(verdicts.documents)
        if not ended:
            tally.differs(path, "is not well-formed for lxml, but converted:", malformed)
        return
    records = rules.records(root)
    tally.documents += len(records)
    tally.converted += len(verdicts.documents)
    if ended:
        check_ended(path, root, records, ended, tally)
        return
    said = len(verdicts.documents) + len(verdicts.refusals)
    if said != len(records):
        tally.differs(path, f"has {len(records)} documents, the program found {said}")
        return
    for index, record in enumerate(records):
        fields = rules.fields(record).items()
        wanted = {name: comparable(name, value, rules.UTC, rules.PARTIAL) for name, value in fields if value}
        if index in verdicts.refusals:
            check_refusal(f"{path}#{index}", wanted, verdicts.refusals[index], tally, () if lenient else rules.required(record))
        else:
            compare_document(preset, f"{path}#{index}", wanted, verdicts.documents[index], rules, record, tally)


def check_ended(path, root, records, ended, tally):
    reason = ended["reason"]
    right = {
        "NoRecord": not records,
        "EntityRefused": uses_entities(root),
        "UnsupportedEncoding": True,
        "InvalidBytes": True,
    }.get(reason, False)
    if not right:
        tally.differs(path, "is refused, but lxml reads it:", reason, ended["faults"][0])


def check_refusal(place, wanted, refusal, tally, required):
    """One fault at least has to be right; the others may be of fields that are not compared, or are left out."""
    right = False
    for fault in refusal["faults"]:
        name = fault.get("field", "")
        tally.refused[f"{fault['reason']} {name}"] += 1
        missing = fault["reason"] == "MissingField" and name in required and name not in wanted
        # What is a date or a number on this side is not a string any more.
        wrong = fault["reason"] == "WrongType" and name in TYPED and isinstance(wanted.get(name), str)
        right = right or missing or wrong
    if not right:
        tally.differs(place, "is refused without reason:", refusal["faults"][0])


def compare_document(preset, place, wanted, document, rules, record, tally):
    found = {name: comparable(name, value) for name, value in actual.fields(preset, document).items() if value}
    tally.compared += 1
    for name in rules.fields(record):
        # What is no date or number is left out where it is not required.
        is_dropped = name in TYPED and isinstance(wanted.get(name), str) and name not in found
        if wanted.get(name) != found.get(name) and not is_dropped:
            tally.differs(place, name, "\n    lxml    ", shorten(wanted.get(name), found.get(name)),
                          "\n    program ", shorten(found.get(name), wanted.get(name)))


def shorten(value, other):
    """A value from shortly before the place where it differs from another."""
    value, other = repr(value), repr(other)
    start = next((at for at, (a, b) in enumerate(zip(value, other)) if a != b), min(len(value), len(other)))
    return value[max(0, start - 60):start + 100]


def run_folder(options, preset, folder, marks):
    """Compares every file of a folder; of feeds, also with a model that requires nothing."""
    rules = PRESETS[preset](marks)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".json")
    tally = Tally()
    verdicts = convert(options.program, ["--preset", preset], paths)
    for path in paths:
        compare_file(preset, rules, path, verdicts[str(path)], tally)
    if preset in ("rss", "atom"):
        lenient = Tally()
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as model:
            text = (ROOT / f"crds/presets/{preset}.yaml").read_text(encoding="utf-8")
            model.write(text.replace(", required: true", ""))
            model.flush()
            verdicts = convert(options.program, ["--model", model.name], paths)
        for path in paths:
            compare_file(preset, rules, path, verdicts[str(path)], lenient, lenient=True)
            oracle.check(path, verdicts[str(path)].documents, lenient)
        tally.compared = lenient.compared
        tally.differences += [line for line in lenient.differences if line not in set(tally.differences)]
    return tally


def check_blocks(options, marks):
    """Every element of the page's table sets text apart as the page says, and no other one does."""
    tally, names = Tally(), [*sorted(marks), "span", "b", "em", "italic", "xref", "person", "q", "a"]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.yaml"
        model.write_text("record: /r/d\nfields:\n  - {name: t, path: [.], type: text}\n", encoding="utf-8")
        source = Path(folder) / "blocks.xml"
        source.write_text("<r>" + "".join(f"<d>a<{name}>b</{name}>c</d>" for name in names) + "</r>", encoding="utf-8")
        documents = convert(options.program, ["--model", str(model)], [source])[str(source)].documents
        rule = TextRule(marks)
        for index, element in enumerate(parse(source)[0]):
            tally.compared += 1
            if documents[index]["t"] != rule.text(element):
                tally.differs(f"<{names[index]}>", repr(documents[index]["t"]), "is not", repr(rule.text(element)))
    return tally


def check_entities(options, marks):
    """Every name of a character is what lxml makes of it with a DTD that declares it."""
    tally, characters = Tally(), NAMES
    parser = etree.XMLParser(resolve_entities=True, no_network=True, load_dtd=False, huge_tree=True)
    text = entities.content(characters)
    root = etree.fromstring(entities.declarations(characters) + text, parser)
    with tempfile.TemporaryDirectory() as folder:
        model, source = Path(folder) / "model.yaml", Path(folder) / "names.xml"
        model.write_text("record: /r/d\nentities: Named\nfields:\n  - {name: t, path: [.]}\n", encoding="utf-8")
        source.write_text(text, encoding="utf-8")
        verdicts = convert(options.program, ["--model", str(model)], [source])[str(source)]
    rule = TextRule(marks)
    if verdicts.ended:
        tally.differs("names of characters:", verdicts.ended)
    for index, (name, element) in enumerate(zip(characters, root)):
        tally.compared += 1
        found, wanted = verdicts.documents.get(index, {}).get("t"), rule.string(element)
        if found != wanted:
            tally.differs(f"&{name};", repr(found), "is not", repr(wanted))
    return tally


def report(title, tally):
    refused = ", ".join(f"{count} {reason}" for reason, count in tally.refused.most_common()) or "none"
    print(f"{title}: {tally.files} files, {tally.documents} documents, {tally.converted} converted, "
          f"{tally.compared} compared, refused: {refused}; {len(tally.differences)} differences")
    for line in tally.differences[:SHOWN]:
        print("  " + line)


def generated(options):
    """A folder of generated articles for each flavour, made by the generator; the manifest says which is which."""
    folder = Path(options.scratch.name)
    subprocess.run([sys.executable, options.generator, "--out", folder, "--name", "mix", "--mix", "--files",
                    "--count", str(options.count), "--invalid", "0.02"], check=True, stdout=subprocess.DEVNULL)
    for line in map(json.loads, (folder / "mix.manifest.jsonl").open(encoding="utf-8")):
        preset = "nitf" if line["flavour"] == "nitf" else "newsml-g2"
        target = folder / preset / line["key"]
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / "mix" / line["key"]).rename(target)
    return [(preset, folder / preset) for preset in ("nitf", "newsml-g2")]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default=ROOT / "target/testing/job-runner", help="the job-runner to test")
    arguments.add_argument("--data", type=Path, help="a folder of real documents, beside testdata")
    arguments.add_argument("--generator", type=Path, default=ROOT / "tests/benchmark/generate.py",
                           help="the program that generates NITF and NewsML-G2 articles")
    arguments.add_argument("--count", type=int, default=2000, help="generated articles (0: none)")
    arguments.add_argument("--preset", choices=sorted(PRESETS), help="with folders: the preset to convert them with")
    arguments.add_argument("folders", nargs="*", type=Path, help="compare these folders only")
    options = arguments.parse_args()
    if not Path(options.program).is_file():
        skip(f"{options.program} is not there: cargo build --profile testing -p docmill-job-runner --bin job-runner")
    if options.folders and not options.preset:
        arguments.error("folders need --preset")
    work = [(options.preset, folder) for folder in options.folders]
    options.scratch = tempfile.TemporaryDirectory()
    if not work:
        if options.data and not options.data.is_dir():
            skip(f"{options.data} is not there: name the folder of real documents with --data")
        work = [(preset, TESTDATA / preset) for preset in PRESETS]
        if options.data:
            work += [(preset, options.data / name) for name, presets in DATA.items() for preset in presets]
        if options.count and options.generator.is_file():
            work += generated(options)
    marks = read_blocks(ROOT / "docs/reference/model-language.md")
    differences = 0
    for title, check in (("elements that set text apart", check_blocks), ("names of characters", check_entities)):
        tally = check(options, marks)
        report(title, tally)
        differences += len(tally.differences)
    for preset, folder in work:
        tally = run_folder(options, preset, folder, marks)
        report(f"{preset} {folder}", tally)
        differences += len(tally.differences)
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
