#!/usr/bin/env bash
# Writes the manifest of krew, the plugin manager of kubectl, for the archives of the plugin in a folder.
#
#   release/krew.sh VERSION URL FOLDER
#
# URL is where the archives will be, without their names.
set -euo pipefail
export LC_ALL=C

if [ $# -ne 3 ]; then
  echo "usage: $0 VERSION URL FOLDER" >&2
  exit 2
fi
version=$1 url=${2%/} folder=$3

cat <<YAML
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: docmill
spec:
  version: v$version
  shortDescription: Find documents, see failures, start and follow runs
  description: |
    Shows every stage of a document from its object in the bucket to its enriched copy, what was refused and why, and
    starts and follows runs of Docmill. It uses the kubeconfig and needs no other credentials.
  platforms:
YAML
for archive in "$folder"/kubectl-docmill-"$version"-linux-*.tar.gz; do
  [ -e "$archive" ] || { echo "krew.sh: no archive of the plugin in $folder: run release/release.sh" >&2; exit 1; }
  name=$(basename "$archive" .tar.gz)
  cat <<YAML
  - selector:
      matchLabels:
        os: linux
        arch: ${name##*-}
    uri: $url/$name.tar.gz
    sha256: $(sha256sum "$archive" | cut -d ' ' -f 1)
    files:
    - from: $name/kubectl-docmill
      to: .
    - from: $name/LICENSE
      to: .
    bin: kubectl-docmill
YAML
done
