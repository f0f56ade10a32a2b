#!/usr/bin/env bash
# Builds everything that a release consists of into dist/: image, chart packages, manifests, archives of job-runner and of
# the plugin of kubectl, bill of materials, provenance and checksums. One commit gives one result, byte for byte: see docs/operations/release.md.
set -euo pipefail
export LC_ALL=C TZ=UTC

usage() {
  cat <<'TEXT'
usage: release/release.sh [OPTIONS]

  --repository NAME   image repository that chart and manifests name with its registry
                      (default: localhost/docmill)
  --tag TAG           git tag of the release; has to be v<version>
  --arch ARCH         amd64 or arm64 (default: what this machine is). Programs for the other one are cross-compiled, and
                      the tests with the image are left out.
  --image-builder B   testbed (default): from Debian's packages, without Docker; buildah: from release/Containerfile
  --base IMAGE        base image, with buildah only
  --skip-tests        run neither `cargo testbed test` first nor tests with the image that was built
  --allow-dirty       build although there are changes that are not committed

The environment may set SOURCE_DATE_EPOCH (default: time of the commit), HELM (default: helm), CARGO_TARGET_DIR.
TEXT
}

fail() {
  echo "release: $*" >&2
  exit 1
}

repository=localhost/docmill tag='' arch='' builder=testbed base='' tests=yes dirty=no
while [ $# -gt 0 ]; do
  case $1 in
    --repository | --tag | --arch | --image-builder | --base)
      [ $# -ge 2 ] || fail "$1 needs a value (see --help)"
      case $1 in
        --repository) repository=$2 ;;
        --tag) tag=$2 ;;
        --arch) arch=$2 ;;
        --image-builder) builder=$2 ;;
        --base) base=$2 ;;
      esac
      shift
      ;;
    --skip-tests) tests=no ;;
    --allow-dirty) dirty=yes ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

cd "$(dirname "$0")/.."
checkout=$PWD
dist=$checkout/dist
target=${CARGO_TARGET_DIR:-$checkout/target}
helm=${HELM:-helm}

need() {
  command -v "$1" >/dev/null || fail "$1 is not on the PATH: $2"
}

# Which architecture the programs are for, and what compiles and links C for it.
case $(uname -m) in
  x86_64) own_arch=amd64 ;;
  aarch64) own_arch=arm64 ;;
  *) fail "no release for $(uname -m): build on x86-64 or arm64" ;;
esac
arch=${arch:-$own_arch}
case $arch in
  amd64) cpu=x86_64 cross_packages='gcc-x86-64-linux-gnu libc6-dev-amd64-cross' ;;
  arm64) cpu=aarch64 cross_packages='gcc-aarch64-linux-gnu libc6-dev-arm64-cross' ;;
  *) fail "unknown architecture $arch: amd64 and arm64 are known" ;;
esac
target_triple=$cpu-unknown-linux-gnu
compiler=cc
is_foreign() {
  [ "$arch" != "$own_arch" ]
}

need git 'install it'
need cargo 'install Rust from https://rustup.rs'
need python3 'install Python 3.11 or newer'
# shellcheck disable=SC2016
need "$helm" 'install Helm 3, or run eval "$(cargo testbed env)"'
case $builder in
  testbed) [ -z "$base" ] || fail '--base needs --image-builder buildah' ;;
  buildah) need buildah 'apt-get install buildah, or leave --image-builder out' ;;
  *) fail "unknown image builder $builder: testbed and buildah are known" ;;
esac

case $repository in
  localhost/?* | *.*/?* | *:*/?*) ;;
  *) fail "the repository $repository has no registry: write registry.example.com/docmill" ;;
esac
if is_foreign; then
  compiler=$cpu-linux-gnu-gcc
  need "$compiler" "apt-get install $cross_packages"
  [ -d "$(rustc --print target-libdir --target "$target_triple")" ] ||
    fail "Rust has no standard library for $arch: run rustup target add $target_triple in $checkout"
fi

# What is released.
version=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
[ -n "$version" ] || fail 'Cargo.toml has no version in [workspace.package]'
for chart in docmill docmill-sandbox; do
  for field in version appVersion; do
    grep -qx "$field: \"\?$version\"\?" "charts/$chart/Chart.yaml" ||
      fail "$field in charts/$chart/Chart.yaml is not $version, as Cargo.toml says: make them equal"
  done
done
[ -z "$tag" ] || [ "$tag" = "v$version" ] || fail "the tag $tag is not v$version: set the version in Cargo.toml first"
commit=$(git rev-parse HEAD)
if [ -n "$(git status --porcelain)" ]; then
  [ "$dirty" = yes ] || fail 'there are changes that are not committed: commit them, or use --allow-dirty'
  commit=$commit-dirty
fi
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
created=$(date --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)

# Packs the files of a folder so that equal content makes equal archives: pack FOLDER ARCHIVE NAME...
pack() {
  local folder=$1 archive=$2
  shift 2
  tar --create --format=gnu --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode='a+rX,u+w,go-w' --directory="$folder" "$@" | gzip --no-name --best >"$archive"
}

test_all() {
  cargo testbed test
}

# In pods, with the image and the plugin that ship.
test_image() {
  if is_foreign; then
    echo "release: LEFT OUT: tests with the image, as this machine runs no programs for $arch" >&2
  elif [ "$builder" = buildah ]; then
    echo "release: LEFT OUT: tests with the image, as the archives of buildah do not have its full name" >&2
  else
    cargo testbed test --image "$image" --programs "$dist/programs/$arch"
  fi
}

build_programs() {
  # Paths of this machine must not be part of the programs.
  local home=${CARGO_HOME:-$HOME/.cargo} built=$target/release variable=${target_triple//-/_} options=() sysroot
  sysroot=$(rustc --print sysroot)
  if is_foreign; then
    export "CARGO_TARGET_${variable^^}_LINKER=$compiler" "CC_$variable=$compiler"
    options=(--target "$target_triple")
    built=$target/$target_triple/release
  fi
  RUSTFLAGS="--remap-path-prefix=$checkout=docmill --remap-path-prefix=$target=target \
    --remap-path-prefix=$home=cargo --remap-path-prefix=$sysroot=rust" \
  CFLAGS="-ffile-prefix-map=$home=cargo -ffile-prefix-map=$target=target" \
  DOCMILL_COMMIT=$commit CARGO_INCREMENTAL=0 \
    cargo build --release --locked --package docmill-operator --package docmill-job-runner \
    --package kubectl-docmill "${options[@]}"
  install -D --mode=0755 --target-directory="$dist/programs/$arch" "$built/operator" "$built/job-runner" \
    "$built/kubectl-docmill"
}

# Sets `digest`.
build_image() {
  local name=$repository:$version
  image=$dist/docmill-$version-image-linux-$arch.tar
  if [ "$builder" = testbed ]; then
    digest=$(cargo testbed release-image --programs "$dist/programs/$arch" --architecture "$arch" --name "$name" \
      --version "$version" --revision "$commit" --created "$created" "$image")
  else
    local arguments=(--file release/Containerfile --target prebuilt --timestamp "$SOURCE_DATE_EPOCH" --tag "$name"
      --build-arg "TARGETARCH=$arch" --build-arg "VERSION=$version" --build-arg "REVISION=$commit"
      --build-arg "CREATED=$created")
    [ -z "$base" ] || arguments+=(--build-arg "BASE=$base")
    # Nothing of that image is run to build it.
    ! is_foreign || arguments+=(--arch "$arch")
    buildah build "${arguments[@]}" .
    buildah push --digestfile "$dist/digest" "$name" "oci-archive:$image:$version"
    digest=$(cat "$dist/digest")
    rm "$dist/digest"
  fi
  [ "$(stat --format=%s "$image")" -le 60000000 ] || fail "$image has more than 60 MB: look for what has grown"
}

# Helm notes the time in its packages, so they are packed again.
package_charts() {
  local work=$dist/work chart
  for chart in docmill docmill-sandbox; do
    rm -rf "$work" && mkdir -p "$work"
    "$helm" package "charts/$chart" --destination "$work" >/dev/null
    tar --extract --gzip --warning=no-timestamp --file "$work/$chart-$version.tgz" --directory "$work"
    pack "$work" "$dist/$chart-$version.tgz" "$chart"
  done
  rm -rf "$work"
}

package_runner() {
  local name=job-runner-$version-linux-$arch
  local work=$dist/work
  rm -rf "$work" && mkdir -p "$work/$name"
  cp "$dist/programs/$arch/job-runner" LICENSE docs/reference/cli.md "$work/$name/"
  pack "$work" "$dist/$name.tar.gz" "$name"
  rm -rf "$work"
}

# The man page says nothing of the architecture, so that a plugin for this machine prints it.
man_page() {
  if is_foreign; then
    cargo run --quiet --profile testing --locked --package kubectl-docmill -- man
  else
    "$dist/programs/$arch/kubectl-docmill" man
  fi
}

package_plugin() {
  local name=kubectl-docmill-$version-linux-$arch
  local work=$dist/work
  rm -rf "$work" && mkdir -p "$work/$name"
  cp "$dist/programs/$arch/kubectl-docmill" release/kubectl_complete-docmill LICENSE "$work/$name/"
  man_page >"$work/$name/kubectl-docmill.1"
  pack "$work" "$dist/$name.tar.gz" "$name"
  rm -rf "$work"
}

write_bill() {
  local work=$dist/work
  mkdir -p "$work"
  cargo metadata --locked --format-version 1 >"$work/all.json"
  cargo metadata --locked --format-version 1 --filter-platform "$target_triple" >"$work/platform.json"
  release/sbom.py --lock Cargo.lock --metadata "$work/all.json" --platform-metadata "$work/platform.json" \
    --version "$version" --timestamp "$created" >"$dist/docmill-$version-linux-$arch.cdx.json"
  rm -rf "$work"
}

# The provenance of all files of the release, and then the checksums of these and of the provenance.
write_evidence() {
  local provenance=docmill-$version-linux-$arch.provenance.json files
  cd "$dist"
  mapfile -t files < <(find . -maxdepth 1 -type f -printf '%f\n' | sort)
  cd "$checkout"
  release/provenance.py --version "$version" --commit "$commit" --image "$repository" --image-digest "$digest" \
    --input Cargo.lock --input rust-toolchain.toml --tool "rustc=$(rustc --version)" \
    --tool "cc=$("$compiler" --version | sed -n 1p)" --tool "helm=$("$helm" version --short)" \
    --tool "image=$builder${base:+ $base}" \
    "${files[@]/#/$dist/}" >"$dist/$provenance"
  cd "$dist"
  sha256sum --binary "${files[@]}" "$provenance" >SHA256SUMS
  cd "$checkout"
}

[ "$tests" = no ] || test_all
rm -rf "$dist" && mkdir -p "$dist"
build_programs
build_image
[ "$tests" = no ] || test_image
package_charts
package_runner
package_plugin
HELM=$helm release/manifests.sh "$version" "$repository" "$digest" "$dist"
write_bill
write_evidence
echo "docmill $version, commit $commit, image $repository@$digest"
cat "$dist/SHA256SUMS"
