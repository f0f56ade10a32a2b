#!/usr/bin/env bash
# Writes crds.yaml (the CustomResourceDefinitions) and install.yaml (everything, for `kubectl apply --server-side`) of one
# image into a folder.
#
#   release/manifests.sh VERSION REPOSITORY DIGEST FOLDER
set -euo pipefail
export LC_ALL=C

if [ $# -ne 4 ]; then
  echo "usage: $0 VERSION REPOSITORY DIGEST FOLDER" >&2
  exit 2
fi
version=$1 repository=$2 digest=$3 folder=$4
checkout=$(cd "$(dirname "$0")/.." && pwd)
namespace=docmill-system

for file in "$checkout"/charts/docmill/files/crds/*.yaml; do
  echo "---"
  cat "$file"
done >"$folder/crds.yaml"

{
  echo "# Docmill $version. Install it with: kubectl apply --server-side --filename install.yaml"
  cat <<YAML
---
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels:
    app.kubernetes.io/part-of: docmill
    pod-security.kubernetes.io/enforce: restricted
YAML
  # The oldest version that the chart supports, so that the result does not depend on the Helm that renders it.
  "${HELM:-helm}" template docmill "$checkout/charts/docmill" --namespace "$namespace" --kube-version 1.31.0 --skip-tests \
    --set-string "image.repository=$repository,image.digest=$digest"
} >"$folder/install.yaml"
