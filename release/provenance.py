#!/usr/bin/env python3
"""Writes the provenance of a release: an in-toto statement with a SLSA 1.0 predicate, not signed.

It says which files came from which commit, which inputs and which tools. Whoever publishes the release signs it, for
example with `cosign attest-blob`. Equal inputs give equal output.

    release/provenance.py --version 0.1.0 --commit SHA --image-digest sha256:… \\
      --input Cargo.lock --tool "rustc=rustc 1.95.0" dist/*.tgz
"""

import argparse
import hashlib
import json
import os
import sys

BUILD_TYPE = "https://docmill.io/docs/operations/release.html"
SOURCE = "https://docmill.io"


def sha256(path):
    """A file's digest."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def described(path, name):
    """A file as in-toto describes resources."""
    return {"name": name, "digest": {"sha256": sha256(path)}}


def statement(arguments):
    """The whole statement."""
    subjects = [described(path, os.path.basename(path)) for path in sorted(arguments.files)]
    subjects.append({"name": arguments.image, "digest": {"sha256": arguments.image_digest.removeprefix("sha256:")}})
    commit = {"uri": f"git+{arguments.source}@refs/tags/v{arguments.version}", "digest": {"gitCommit": arguments.commit}}
    inputs = [described(path, path) for path in sorted(arguments.input)]
    tools = dict(tool.split("=", 1) for tool in arguments.tool)
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"script": "release/release.sh", "version": arguments.version},
                "internalParameters": {"tools": tools},
                "resolvedDependencies": [commit, *inputs],
            },
            "runDetails": {"builder": {"id": arguments.builder}},
        },
    }


def main():
    parser = argparse.ArgumentParser(description="Writes an unsigned SLSA provenance to standard output.")
    parser.add_argument("--version", required=True, help="version of the release")
    parser.add_argument("--commit", required=True, help="git commit")
    parser.add_argument("--source", default=SOURCE, help="address of the repository")
    parser.add_argument("--image", required=True, help="name of the image")
    parser.add_argument("--image-digest", required=True, help="digest of the image")
    parser.add_argument("--builder", default=f"{SOURCE}/builders/local", help="identifies who built it")
    parser.add_argument("--input", action="append", default=[], help="a file that decides what is built")
    parser.add_argument("--tool", action="append", default=[], help="a tool and its version: name=version")
    parser.add_argument("files", nargs="+", help="files of the release")
    json.dump(statement(parser.parse_args()), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
