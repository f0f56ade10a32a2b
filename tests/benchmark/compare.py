"""Converts the same generated articles with Docmill and with what it is measured against, by turns and on one core.

Prints a table of documents a second of CPU time, best of all turns, and how many times as fast Docmill is. Every verdict of
Docmill is held against the generator's manifest, every field against what lxml and pydantic make of the document; with a
difference, the exit status is 1. See README.md beside this file.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODEL = ROOT / "job-runner/convert/benches/articles.yaml"
SIZES = {"3 KB": (3_000, 2_000), "10 KB": (10_000, 800), "50 KB": (50_000, 200)}
SEED = 7


def main():
    options = arguments()
    corpus = options.work / "corpus"
    packs = {name: generate(corpus, name) for name in SIZES}
    wrong = sum(check(options, name, pack) for name, pack in packs.items())
    best = {}
    for turn in range(options.turns):
        for size, pack in packs.items():
            for name, command in contenders(options).items():
                rate = measure(command, pack)
                if rate:
                    best[name, size] = max(rate, best.get((name, size), 0))
        print(f"turn {turn + 1} of {options.turns} is done", file=sys.stderr)
    table(best)
    sys.exit(1 if wrong else 0)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="where the peers' programs are, and the corpus goes")
    parser.add_argument("--docmill", type=Path, default=ROOT / "target/release/examples/pack")
    parser.add_argument("--turns", type=int, default=8)
    return parser.parse_args()


def generate(corpus, name):
    """The pack of one size; one document in a hundred has a fault, of 13 kinds."""
    size, count = SIZES[name]
    short = name.replace(" ", "").lower()
    pack = corpus / f"{short}.pack"
    if not pack.exists():
        command = [sys.executable, HERE / "generate.py", "--out", corpus, "--name", short]
        command += ["--size", size, "--count", count, "--seed", SEED]
        subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr)
    return pack


def contenders(options):
    """Everybody who is there, by name: a command that takes a pack between these words."""
    python = [str(options.work / "venv/bin/python"), str(HERE / "python/bench.py")]
    go, node = str(options.work / "go-peers"), str(options.work / "node/bench.mjs")
    found = {
        "Docmill": ([str(options.docmill), str(MODEL)], ["3"]),
        "strict Rust probe, fields hard-coded": ([str(options.work / "probe/release/ceiling"), "convert-strict"], ["3"]),
        "Vector's `parse_xml`, tree only": ([str(options.work / "vector/release/vrl-peer"), "tree"], ["2"]),
        "Python, lxml tuned + pydantic": ([*python, "tuned"], ["--rounds", "1"]),
        "Python, lxml idiomatic + pydantic": ([*python, "idiomatic"], ["--rounds", "1"]),
        "Go, mxj, tree only": ([go, "mxj-tree"], ["1"]),
        "Benthos, typed": ([go, "benthos-typed"], ["1"]),
        "Filebeat's decoder, tree only": ([str(options.work / "filebeat-peer")], ["1"]),
        "fast-xml-parser + ajv": ([shutil.which("node") or "node", node, "fxp-typed"], ["1"]),
    }
    # Programs and scripts of those who are installed; the words behind them are no files.
    return {name: command for name, command in found.items() if all(map(installed, command[0]))}


def installed(word):
    return "/" not in word or Path(word).exists()


def measure(command, pack):
    """Documents a second of CPU time, by the program's own clock of its process."""
    before, after = command
    said = subprocess.run([*before, str(pack), *after], check=True, capture_output=True, text=True, env=environment())
    result = json.loads(said.stdout)
    return result["objects"] / result["seconds"] if "seconds" in result else result["docs_per_cpu_s_best"]


def environment():
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "GOMAXPROCS": "1"}


def check(options, name, pack):
    """How many documents Docmill judged or converted otherwise than manifest and lxml do."""
    manifest = [json.loads(line) for line in pack.with_suffix(".manifest.jsonl").open(encoding="utf-8")]
    ours = documents([str(options.docmill), str(MODEL), str(pack)])
    python = options.work / "venv/bin/python"
    dump = pack.with_suffix(".lxml.jsonl")
    bench = [python, HERE / "python/bench.py", "tuned", pack, "--dump", dump]
    subprocess.run([str(word) for word in bench], check=True, env=environment())
    theirs = [json.loads(line) for line in dump.open(encoding="utf-8")]
    wrong = 0
    for told, our, their in zip(manifest, ours, theirs, strict=True):
        if told["valid"] != (our is not None) or (our is not None and comparable(our) != comparable(their)):
            wrong += 1
            print(f"{name}: {told['key']} ({told['fault'] or 'sound'}) differs:\n  {our}\n  {their}", file=sys.stderr)
    sound = sum(told["valid"] for told in manifest)
    print(f"{name}: {sound} sound, {len(manifest) - sound} faulty, {wrong} judged or converted wrongly")
    return wrong


def documents(command):
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def comparable(document):
    """Without what one of them leaves out: the name of the format, empty lists; white space as one space."""
    left = {name: value for name, value in document.items() if value and name != "format"}
    return json.loads(" ".join(json.dumps(left, sort_keys=True).replace("\\n", " ").split()).replace("+00:00", "Z"))


def table(best):
    sizes = list(SIZES)
    names = sorted({name for name, _ in best}, key=lambda name: -best[name, sizes[1]])
    print("\n| | " + " | ".join(sizes) + " | Docmill at 10 KB |\n|---|---|---|---|---|")
    for name in names:
        rates = " | ".join(f"{best[name, size]:,.0f}" for size in sizes)
        print(f"| {name} | {rates} | {best['Docmill', sizes[1]] / best[name, sizes[1]]:.2f} times |")


if __name__ == "__main__":
    main()
