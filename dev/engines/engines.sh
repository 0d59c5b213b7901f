#!/usr/bin/env bash
# engines.sh DIR: unpacks MySQL, MySQL Router and Redis from this distribution's packages into DIR, with the
# functions of packages.sh. Wrapper scripts in DIR/bin run the programs.
set -euo pipefail
# shellcheck source=packages.sh
. "$(dirname "$0")/packages.sh"

target=${1:?usage: engines.sh DIR}
complete() { [[ -x $target/bin/mysqld && -x $target/bin/redis-server ]]; }
complete && exit 0

# Uses Debian's suite sid, because the stable releases have MariaDB in place of MySQL.
begin "$target" sid
packages=(redis-server)
for package in mysql-server-core mysql-server-core-8.4 mysql-server-core-8.0; do
  available "$package" && { packages+=("$package"); break; }
done
[[ ${#packages[@]} == 2 ]] || fail "the distribution has no MySQL server package"
available mysql-router && packages+=(mysql-router)
unpack "${packages[@]}"
wrap usr/sbin/mysqld
wrap usr/bin/mysqlrouter
wrap usr/bin/redis-server
wrap usr/bin/redis-cli
"$dir/bin/mysqld" --version >/dev/null && "$dir/bin/redis-server" --version >/dev/null ||
  fail "the unpacked servers do not run here"
finish complete
