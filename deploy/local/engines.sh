#!/usr/bin/env bash
# engines.sh DIR: unpacks a MySQL server, MySQL Router and Redis out of this distribution's packages into DIR, with every
# library they need and their own loader, beside the system and not into it. No root is needed. DIR/bin then holds
# wrappers that run as ordinary programs. apt's progress goes to descriptor 3, where there is one.
set -euo pipefail

target=${1:?usage: engines.sh DIR}
fail() { echo "$*" >&2; exit 1; }
complete() { [[ -x $target/bin/mysqld && -x $target/bin/redis-server ]]; }

complete && exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "there is no apt-get here"
{ true >&3; } 2>/dev/null || exec 3>/dev/null

mkdir -p "$(dirname "$target")"
target=$(cd "$(dirname "$target")" && pwd)/$(basename "$target")
# Filled beside the target and renamed when complete, so that nobody ever sees half of it.
dir=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
root=$dir/root work=$dir/apt
mkdir -p "$dir/bin" "$root" "$work"/lists/partial "$work"/cache/archives/partial
: >"$work/status"

# mirror PATTERN: the first mirror among apt's sources whose address ends with PATTERN, in either file format.
mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    sed -nE 's/^(deb|URIs:) +(\[[^]]*\] *)?([^ ]+).*/\3/p' | grep -E "/$1/?$" | head -n 1 || true
}

# shellcheck source=/dev/null
. /etc/os-release
if [[ -n ${UBUNTU_CODENAME:-} || ${ID:-} == ubuntu ]]; then
  from=$(mirror 'ubuntu(-ports)?')
  [[ -n $from ]] || fail "no Ubuntu mirror is among apt's sources"
  keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
  suites=("${UBUNTU_CODENAME:-$VERSION_CODENAME}" "${UBUNTU_CODENAME:-$VERSION_CODENAME}-updates")
  components="main universe"
elif [[ " ${ID:-} ${ID_LIKE:-} " == *" debian "* ]]; then
  # Debian's stable releases carry MariaDB in MySQL's place.
  from=$(mirror debian)
  from=${from:-http://deb.debian.org/debian}
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  suites=(sid)
  components=main
else
  fail "this is neither Debian nor Ubuntu"
fi
for suite in "${suites[@]}"; do
  echo "deb ${keyring:+[signed-by=$keyring] }$from $suite $components"
done >"$work/sources.list"

options=(-q -o "Dir::State=$work" -o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status"
  -o "Dir::Cache=$work/cache" -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
  -o Debug::NoLocking=1 -o APT::Install-Recommends=false -o "APT::Sandbox::User=$(id -un)" -o Acquire::Retries=3)
apt() { # ARG ...: apt-get, quiet unless it fails
  apt-get "${options[@]}" "$@" >"$work/log" 2>&1 || fail "$(grep '^E:' "$work/log" | head -n 1 || tail -n 1 "$work/log")"
}
available() { apt-cache "${options[@]}" show "$1" >/dev/null 2>&1; }

apt update
packages=(redis-server)
for package in mysql-server-core mysql-server-core-8.4 mysql-server-core-8.0; do
  available "$package" && { packages+=("$package"); break; }
done
[[ ${#packages[@]} == 2 ]] || fail "the distribution has no MySQL server package"
available mysql-router && packages+=(mysql-router)
apt install --download-only -y -o APT::Status-Fd=3 "${packages[@]}"
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
rm -rf "$work" "$root"/usr/share/{doc,man,locale,info} "$root"/var

loader=$(cd "$root" && find . -type f -name 'ld-linux*.so.*' -print -quit)
libraries=$(uname -m)-linux-gnu
wrap() { # BINARY: a wrapper that runs it with its own loader and libraries, wherever DIR is moved to
  [[ -e $root/$1 ]] || return 0
  cat >"$dir/bin/${1##*/}" <<WRAPPER
#!/bin/sh
root=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
exec "\$root/$loader" --library-path "\$root/usr/lib/$libraries:\$root/lib/$libraries:\$root/usr/lib/mysql-router" \\
  "\$root/$1" "\$@"
WRAPPER
  chmod +x "$dir/bin/${1##*/}"
}
wrap usr/sbin/mysqld
wrap usr/bin/mysqlrouter
wrap usr/bin/redis-server
wrap usr/bin/redis-cli
"$dir/bin/mysqld" --version >/dev/null && "$dir/bin/redis-server" --version >/dev/null ||
  fail "the unpacked servers do not run here"

# Whoever else did the same meanwhile has won; theirs is as good.
chmod 755 "$dir"
mv -T "$dir" "$target" 2>/dev/null || complete || fail "$target holds something else"
