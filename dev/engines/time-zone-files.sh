#!/usr/bin/env bash
# time-zone-files.sh DIR: unpacks tzdata from this distribution's packages into DIR.
set -euo pipefail
# shellcheck source=packages.sh
. "$(dirname "$0")/packages.sh"

target=${1:?usage: time-zone-files.sh DIR}
complete() { [[ -f $target/root/usr/share/zoneinfo/tzdata.zi ]]; }
complete && exit 0

begin "$target"
unpack tzdata
finish complete
