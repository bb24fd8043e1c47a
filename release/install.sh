#!/usr/bin/env bash
# Installs Kho Xứ Lạng from this bundle alone, without a network: ./install.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: ./install.sh FOLDER (new or empty)}

for tool in make sha256sum tar; do
    command -v "$tool" >/dev/null || { echo "install: $tool is missing" >&2; exit 1; }
done
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
"$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "install: Python 3.11 with venv is needed (Debian 12: python3 python3-venv)" >&2
    exit 1
}
if [[ -e $target && -n $(ls -A "$target") ]]; then
    echo "install: $target is not empty" >&2
    exit 1
fi
(cd "$here" && sha256sum --quiet --check SHA256SUMS) || {
    echo "install: the bundle is damaged; copy it again" >&2
    exit 1
}
mkdir -p "$target"
tar --extract --file "$here/source.tar" --directory "$target"
make --no-print-directory -C "$target" setup PYTHON="$python" WHEELS="$here/wheels"
echo "installed in $target; try: make -C $target nightly"
