"""Measures one conversion over one pack, in CPU seconds of this process: best and median of some rounds, as a line of JSON.

`--dump FILE` writes a line for each document instead: its JSON, or null where it is refused.
"""

import argparse
import json
import statistics
import struct
import sys
import time
from pathlib import Path

# The conversion of the stack that the whole pipeline is measured beside.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench/python"))

import convert  # noqa: E402
import idiomatic  # noqa: E402

CONVERSIONS = {"tuned": convert.convert, "idiomatic": idiomatic.convert}


def main():
    options = arguments()
    documents, convert_one = read(options.pack), CONVERSIONS[options.conversion]
    if options.dump:
        with options.dump.open("wb") as out:
            out.writelines(converted(convert_one, document) + b"\n" for document in documents)
        return
    rounds = [measure(convert_one, documents) for _ in range(options.rounds)]
    print(json.dumps({
        "docs": len(documents),
        "docs_per_cpu_s_best": round(len(documents) / min(rounds)),
        "docs_per_cpu_s_median": round(len(documents) / statistics.median(rounds)),
    }))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("conversion", choices=sorted(CONVERSIONS))
    parser.add_argument("pack", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dump", type=Path)
    return parser.parse_args()


def read(pack):
    """The documents of a pack, each behind its length (32 bits, little-endian)."""
    data, documents, at = pack.read_bytes(), [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        documents.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return documents


def measure(convert_one, documents):
    began = time.process_time()
    for document in documents:
        converted(convert_one, document)
    return time.process_time() - began


def converted(convert_one, document):
    try:
        return convert_one(document)[1]
    except Exception:
        return b"null"


if __name__ == "__main__":
    main()
