#!/usr/bin/env bash
# tools.sh DIR: unpacks Prometheus and promtool from this distribution's packages into DIR.
set -euo pipefail
# shellcheck source=../../../dev/engines/packages.sh
. "$(dirname "$0")/../../../dev/engines/packages.sh"

target=${1:?usage: tools.sh DIR}
complete() { [[ -x $target/bin/prometheus && -x $target/bin/promtool ]]; }
complete && exit 0

begin "$target"
unpack prometheus
wrap usr/bin/prometheus
wrap usr/bin/promtool
"$dir/bin/prometheus" --version >/dev/null 2>&1 && "$dir/bin/promtool" --version >/dev/null 2>&1 ||
  fail "the unpacked programs do not run here"
finish complete
