#!/usr/bin/env python3
"""Writes a software bill of materials of the programs: CycloneDX 1.5 as JSON.

Every package of Cargo.lock is a component, with its checksum. The output of `cargo metadata` adds licences, and tells
what is linked into the programs (scope `required`) from what only builds or tests them (`excluded`). Equal inputs give
equal output.

    cargo metadata --locked --format-version 1 > all.json
    cargo metadata --locked --format-version 1 --filter-platform x86_64-unknown-linux-gnu > linux.json
    release/sbom.py --lock Cargo.lock --metadata all.json --platform-metadata linux.json \\
      --version 0.1.0 --timestamp 2026-01-02T03:04:05Z
"""

import argparse
import json
import sys
import tomllib
import uuid

PROGRAMS = ("docmill-job-runner", "docmill-operator", "kubectl-docmill")
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
PRODUCT = "docmill"


def purl(package):
    """The package URL, which is also the reference within the document."""
    return f"pkg:cargo/{package['name']}@{package['version']}"


def licence(expression):
    """An SPDX expression. Old packages write `MIT/Apache-2.0` for a choice."""
    return " OR ".join(part.strip() for part in expression.split("/"))


def licences(metadata):
    """SPDX expressions by package URL."""
    return {purl(package): licence(package["license"]) for package in metadata["packages"] if package.get("license")}


def linked(metadata):
    """Package URLs of what is linked into the programs: the programs and their normal dependencies, at any depth."""
    urls = {package["id"]: purl(package) for package in metadata["packages"]}
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, waiting = set(), [package for package, name in names.items() if name in PROGRAMS]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            # A normal dependency has no kind.
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return {urls[package] for package in found}


def component(package, expressions, required):
    """A package of Cargo.lock. The checksum is the one that cargo verifies when it downloads the package."""
    url = purl(package)
    part = {
        "type": "application" if package["name"] in PROGRAMS else "library",
        "bom-ref": url,
        "name": package["name"],
        "version": package["version"],
        "scope": "required" if required is None or url in required else "excluded",
        "purl": url,
    }
    if "checksum" in package:
        part["hashes"] = [{"alg": "SHA-256", "content": package["checksum"]}]
    if url in expressions:
        part["licenses"] = [{"expression": expressions[url]}]
    if package.get("source") == REGISTRY:
        reference = f"https://crates.io/crates/{package['name']}/{package['version']}"
        part["externalReferences"] = [{"type": "distribution", "url": reference}]
    return part


def dependencies(packages):
    """Who depends on whom. Cargo.lock names a package by `name`, or by `name version` where the name is not unique."""
    by_name = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)

    def reference(text):
        name, *rest = text.split(" ")
        found = [one for one in by_name[name] if not rest or one["version"] == rest[0]]
        return purl(found[0])

    return [
        {"ref": purl(package), "dependsOn": sorted(reference(text) for text in package.get("dependencies", []))}
        for package in packages
    ]


def bom(lock, expressions, required, version, timestamp):
    """The whole document. `required` has the package URLs of what is linked into the programs; None if that is unknown."""
    packages = sorted(lock["package"], key=lambda package: (package["name"], package["version"]))
    root = f"pkg:generic/{PRODUCT}@{version}"
    programs = [purl(package) for package in packages if package["name"] in PROGRAMS]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": timestamp,
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": PRODUCT,
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
                "purl": root,
            },
        },
        "components": [component(package, expressions, required) for package in packages],
        "dependencies": [{"ref": root, "dependsOn": programs}, *dependencies(packages)],
    }
    # A name made from the content, so that equal documents have equal numbers.
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return {"serialNumber": f"urn:uuid:{number}", **document}


def read_json(path):
    """What a file says."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    parser = argparse.ArgumentParser(description="Writes a CycloneDX 1.5 bill of materials to standard output.")
    parser.add_argument("--lock", required=True, help="Cargo.lock")
    parser.add_argument("--metadata", help="output of cargo metadata --format-version 1: licences")
    parser.add_argument("--platform-metadata", help="the same with --filter-platform: what is linked into the programs")
    parser.add_argument("--version", required=True, help="version of the product")
    parser.add_argument("--timestamp", required=True, help="time of the commit (RFC 3339)")
    arguments = parser.parse_args()
    with open(arguments.lock, "rb") as file:
        lock = tomllib.load(file)
    expressions = licences(read_json(arguments.metadata)) if arguments.metadata else {}
    required = linked(read_json(arguments.platform_metadata)) if arguments.platform_metadata else None
    json.dump(bom(lock, expressions, required, arguments.version, arguments.timestamp), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
