# For scripts that source this file: functions that unpack programs from this distribution's packages into a
# folder, with their libraries and loader. They need no root, and change nothing in the system. apt reports
# its progress on file descriptor 3, if it is open.

fail() { echo "$*" >&2; exit 1; }

# begin TARGET [SUITE]: makes the folder $dir beside TARGET, with $dir/bin for wrapper scripts and $dir/root
# for files. On Debian, reads the package lists of SUITE (default: the running release). On Ubuntu, ignores
# SUITE and reads the lists of the running release.
begin() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "there is no apt-get here"
  { true >&3; } 2>/dev/null || exec 3>/dev/null
  mkdir -p "$(dirname "$1")"
  target=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
  # `finish` renames this folder to TARGET when it is complete, so that TARGET is never partial.
  dir=$(mktemp -d "$target.XXXXXX")
  trap 'rm -rf "$dir"' EXIT
  trap 'exit 130' INT TERM HUP
  root=$dir/root work=$dir/apt
  mkdir -p "$dir/bin" "$root" "$work"/lists/partial "$work"/cache/archives/partial
  : >"$work/status"
  sources "${2:-}" >"$work/sources.list"
  options=(-q -o "Dir::State=$work" -o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status"
    -o "Dir::Cache=$work/cache" -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Debug::NoLocking=1 -o APT::Install-Recommends=false -o "APT::Sandbox::User=$(id -un)" -o Acquire::Retries=3)
  apt update
}

# sources SUITE: prints lines for apt's sources.list. Ubuntu ignores SUITE and uses the running release.
sources() {
  local from keyring suites components suite
  # shellcheck source=/dev/null
  . /etc/os-release
  if [[ -n ${UBUNTU_CODENAME:-} || ${ID:-} == ubuntu ]]; then
    from=$(mirror 'ubuntu(-ports)?')
    [[ -n $from ]] || fail "no Ubuntu mirror is among apt's sources"
    keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
    suites=("${UBUNTU_CODENAME:-$VERSION_CODENAME}" "${UBUNTU_CODENAME:-$VERSION_CODENAME}-updates")
    components="main universe"
  elif [[ " ${ID:-} ${ID_LIKE:-} " == *" debian "* ]]; then
    from=$(mirror debian)
    from=${from:-http://deb.debian.org/debian}
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    suites=("${1:-${VERSION_CODENAME:-sid}}")
    components=main
  else
    fail "this is neither Debian nor Ubuntu"
  fi
  for suite in "${suites[@]}"; do
    echo "deb ${keyring:+[signed-by=$keyring] }$from $suite $components"
  done
}

# mirror PATTERN: prints the first URL in apt's sources that ends with PATTERN. Reads *.list and *.sources
# files.
mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    sed -nE 's/^(deb|URIs:) +(\[[^]]*\] *)?([^ ]+).*/\3/p' | grep -E "/$1/?$" | head -n 1 || true
}

apt() { # ARG ...: apt-get, quiet unless it fails
  apt-get "${options[@]}" "$@" >"$work/log" 2>&1 || fail "$(grep '^E:' "$work/log" | head -n 1 || tail -n 1 "$work/log")"
}

available() { apt-cache "${options[@]}" show "$1" >/dev/null 2>&1; }

# unpack PACKAGE ...: unpacks the packages with all their dependencies into $root.
unpack() {
  local package
  apt install --download-only -y -o APT::Status-Fd=3 "$@"
  for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
  rm -rf "$work" "$root"/usr/share/{doc,man,locale,info} "$root"/var
}

# wrap BINARY [SETTING ...]: writes a script to $dir/bin that runs BINARY with the unpacked loader and
# libraries. The script still works after TARGET is moved. Each SETTING is an environment variable,
# NAME=VALUE. In VALUE, "\$root" is the folder of the unpacked files.
wrap() {
  [[ -e $root/$1 ]] || return 0
  local loader libraries binary=$1
  shift
  loader=$(cd "$root" && find . -type f -name 'ld-linux*.so.*' -print -quit)
  libraries=$(uname -m)-linux-gnu
  cat >"$dir/bin/${binary##*/}" <<WRAPPER
#!/bin/sh
root=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
${*:+export $*}
exec "\$root/$loader" --library-path "\$root/usr/lib/$libraries:\$root/lib/$libraries:\$root/usr/lib/mysql-router" \\
  "\$root/$binary" "\$@"
WRAPPER
  chmod +x "$dir/bin/${binary##*/}"
}

# finish COMMAND ...: renames $dir to TARGET. If TARGET already exists, keeps the existing folder if COMMAND
# succeeds, and fails otherwise. COMMAND checks whether another process has completed the folder.
finish() {
  chmod 755 "$dir"
  mv -T "$dir" "$target" 2>/dev/null || "$@" || fail "$target holds something else"
}
