#!/usr/bin/env bash
# Installs what the tests need, runs all of them (C#, client, browser), and ends with one line: N passed, N failed, N skipped
set -uo pipefail
cd "$(dirname "$0")"
export results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# English messages: tests of the packages read those of dotnet. Debian has mariadbd in /usr/sbin.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en PATH="$PATH:/usr/sbin"

stop() { echo "$*" >&2; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

# :: 1. The programs that the tests use. A missing one is installed where the machine has Debian's packages and we are root.
has() { PATH="$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin)" command -v "$1" >/dev/null; } # Debian keeps PostgreSQL's programs apart, by version

install() { # program, package
  has "$1" && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return
  echo "== installing $2"
  [ -e "$results/apt.log" ] || apt-get update -qq >"$results/apt.log" 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >>"$results/apt.log" 2>&1
  has "$1" && return # even if apt failed to start a service: tests start their own
  tail -5 "$results/apt.log" >&2
  return 1
}

install_postgresql() {
  # Debian's package would create a database cluster and run it from now on; the tests create their own.
  local setting=/etc/postgresql-common/createcluster.d/sharedstate.conf
  has initdb && return
  if [ "$(id -u)" = 0 ]; then mkdir -p "${setting%/*}" && echo "create_main_cluster = false" >"$setting"; fi
  install initdb postgresql
  local installed=$?
  rm -f "$setting"
  return $installed
}

has dotnet || stop "The .NET SDK 10 is needed: install it, so that 'dotnet --version' answers."
install node nodejs && install npm npm || stop "Node.js 20 or newer and npm are needed for the client's tests: install them, so that 'node --version' and 'npm --version' answer."
node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || stop "Node.js 20 or newer is needed for the client's tests; this is $(node --version)."
install chromium chromium || echo "== no Chromium: the browser's tests will be skipped. Install it, so that 'chromium --version' answers."
install mariadbd mariadb-server || echo "== no MariaDB: the tests of Items.MySql will be skipped. Install mariadb-server, so that 'mariadbd --version' answers."
install redis-server redis-server || echo "== no Redis: the tests of Items.Redis will be skipped. Install redis-server, so that 'redis-server --version' answers."
install_postgresql || echo "== no PostgreSQL: the tests of the sample Items.Postgres will be skipped. Install postgresql, so that /usr/lib/postgresql or the PATH has initdb."
install haproxy haproxy || echo "== no HAProxy: the tests of hosts behind a proxy will be skipped. Install it, so that 'haproxy -v' answers."

# :: 2. The build.
(cd client && npm ci --silent) || stop "The client's packages could not be installed: 'npm ci' in client/ says why."
(cd tests/Sift && npm ci --silent) || stop "The package that conditions are compared with could not be installed: 'npm ci' in tests/Sift says why."
dotnet restore SharedState.sln --locked-mode -v quiet || stop "The packages are not those of the lock files: 'dotnet restore' after a change of Directory.Packages.props, and commit what it changes."
dotnet build SharedState.sln --no-restore -v quiet -clp:ErrorsOnly || stop "The build failed."
for project in Ceilings Load Micro; do # use the insides of the host, and are not in the solution
  dotnet build "bench/$project" -v quiet -clp:ErrorsOnly || stop "The build of bench/$project failed."
done

# :: 3. All runs: a name, the folder of a C# test project or of the client, and a filter. Most tests wait more than they compute, so that two runs go on at a time; the
# longest ones begin first. Tests that measure delays (Category=Alone) come last, with the machine to themselves.
run() { # name, folder, filter, folder of the results
  local results=${4:-$results}
  if [ "$1" = client ]; then
    npm test --prefix client --silent
  else
    dotnet test "$2" --no-build --filter "$3" --logger "console;verbosity=minimal" --logger "trx;LogFileName=$1.trx" --results-directory "$results"
  fi 2>&1 </dev/null | tee "$results/$1.log" | sed -u "s/^/$1: /"
  echo "${PIPESTATUS[0]}" >"$results/$1.exit"
}
export -f run

beside="Host.Tests tests/Host.Tests Category!=Client
EndToEnd.Tests tests/EndToEnd.Tests Category!=Client&Category!=Alone
client client -"
for project in $(grep -l Microsoft.NET.Test.Sdk tests/*/*.csproj samples/*/*.csproj); do
  folder=${project%/*}
  grep -qF " $folder " <<<"$beside" || beside+=$'\n'"${folder##*/} $folder Category!=Client"
done
alone="Alone tests/EndToEnd.Tests Category=Alone"
xargs -P 2 -L 1 bash -c 'run "$@"' run <<<"$beside"
run $alone
names=$(cut -d " " -f 1 <<<"$beside"$'\n'"$alone")

# :: 4. A few failed C# tests run once more, by themselves: on a machine that stands still for seconds even a generous deadline passes. The report names them all the same.
mkdir "$results/again"
node tests/results.mjs again "$results" $names | while read -r name filter; do
  echo "== once more: what failed in $name"
  run "$name" "$(grep "^$name " <<<"$beside"$'\n'"$alone" | cut -d " " -f 2)" "$filter" "$results/again"
done

# :: 5. The failures and the counts.
node tests/results.mjs report "$results" $names
