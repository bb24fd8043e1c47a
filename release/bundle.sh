#!/usr/bin/env bash
# Makes dist/kho-xu-lang-<version>-<commit>-<platform>.tar: the source as committed, every wheel of the
# lock for this platform, and what installs them on a machine without a network.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?usage: release/bundle.sh PYTHON}

if [[ -n $(git status --porcelain) ]]; then
    echo "bundle: there are changes that are not committed; a bundle is of a commit" >&2
    exit 1
fi
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
commit=$(git rev-parse --short=12 HEAD)
platform=$("$python" -c 'import sysconfig; print(sysconfig.get_platform().replace("-", "_"))')
name="kho-xu-lang-$version-$commit-$platform"
mkdir -p dist
work=$(mktemp -d "$PWD/dist/.bundle-XXXXXX")
trap 'rm -rf "$work"' EXIT
folder="$work/$name"
mkdir -p "$folder/wheels"

git archive --format=tar --output "$folder/source.tar" HEAD
cp release/install.sh "$folder/install.sh"
cp release/README.md "$folder/README.md"
# --only-binary: what must be built would need a compiler, and more packages, on the other machine
"$python" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --dest "$folder/wheels" -r requirements.lock
(cd "$folder" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
tar --create --file "$work/$name.tar" --directory "$work" --sort=name --owner=0 --group=0 \
    --numeric-owner --mtime="@$(git log -1 --format=%ct)" "$name"
mv "$work/$name.tar" "dist/$name.tar"
echo "dist/$name.tar: $(du -h "dist/$name.tar" | cut -f1), $(ls "$folder/wheels" | wc -l) wheels"
