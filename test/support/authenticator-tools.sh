#!/usr/bin/env bash
# authenticator-tools.sh DIR: unpacks oathtool and zbarimg from this distribution's packages into DIR.
set -euo pipefail
# shellcheck source=../../dev/engines/packages.sh
. "$(dirname "$0")/../../dev/engines/packages.sh"

target=${1:?usage: authenticator-tools.sh DIR}
complete() { [[ -x $target/bin/oathtool && -x $target/bin/zbarimg ]]; }
complete && exit 0

begin "$target"
unpack oathtool zbar-tools
# zbarimg reads pictures with ImageMagick. These variables show ImageMagick where its modules were unpacked.
modules=$(cd "$root" && find usr/lib -type d -path '*/ImageMagick-*/modules-*' -prune -print -quit)
config=$(cd "$root" && find etc -type d -name 'ImageMagick-*' -print -quit)
wrap usr/bin/oathtool
wrap usr/bin/zbarimg "MAGICK_CODER_MODULE_PATH=\"\$root/$modules/coders\"" \
  "MAGICK_FILTER_MODULE_PATH=\"\$root/$modules/filters\"" "MAGICK_CONFIGURE_PATH=\"\$root/$config\""
"$dir/bin/oathtool" --version >/dev/null && "$dir/bin/zbarimg" --version >/dev/null ||
  fail "the unpacked programs do not run here"
finish complete
