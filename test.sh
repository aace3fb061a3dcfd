#!/usr/bin/env bash
# Installs what the tests need, runs all of them (C#, client, browser), and ends with one line: N passed, N failed, N skipped
set -uo pipefail
cd "$(dirname "$0")"
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 PATH="$PATH:/usr/sbin" # where mariadbd is

stop() { echo "$*" >&2; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

# :: 1. What must be there. Debian's packages where the machine has them to give, and leave to install them.
install() { # command, package
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "== installing $2"
    { [ -e "$results/updated" ] || apt-get update -qq; touch "$results/updated"; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; } >"$results/apt.log" 2>&1 \
      || command -v "$1" >/dev/null || { tail -5 "$results/apt.log" >&2; return 1; } # a service that the package could not start is no matter: tests start their own
  else
    return 1
  fi
}
command -v dotnet >/dev/null || stop "The .NET SDK 10 is needed: install it, so that 'dotnet --version' answers."
install node nodejs || stop "Node.js 20 or newer is needed for the client's tests: install it, so that 'node --version' answers."
node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || stop "Node.js 20 or newer is needed for the client's tests; this is $(node --version)."
install npm npm || stop "npm is needed for the client's tests: install it, so that 'npm --version' answers."
install chromium chromium || echo "== no Chromium: the browser's tests will be skipped. Install it, so that 'chromium --version' answers."
install mariadbd mariadb-server || echo "== no MariaDB: the tests of Items.MySql will be skipped. Install mariadb-server, so that 'mariadbd --version' answers."
install redis-server redis-server || echo "== no Redis: the tests of Items.Redis will be skipped. Install redis-server, so that 'redis-server --version' answers."
install haproxy haproxy || echo "== no HAProxy: the tests of hosts behind a proxy will be skipped. Install it, so that 'haproxy -v' answers."
(cd client && npm ci --silent) || stop "The client's packages could not be installed: 'npm ci' in client/ says why."

# :: 2. C#, with the real program as a process of its own. The client's tests, which one of these would run, come by themselves below.
dotnet restore SharedState.sln --locked-mode -v quiet || stop "The packages are not those of the lock files: 'dotnet restore' after a change of Directory.Packages.props, and commit what it changes."
dotnet build SharedState.sln --no-restore -v quiet -clp:ErrorsOnly || stop "The build failed."
failed=0
run_tests() { dotnet test SharedState.sln --no-build -m:1 --filter "$1" --logger "trx" --results-directory "$2" --logger "console;verbosity=minimal"; }
run_tests "Category!=Client" "$results" || failed=1
# What failed is run once more by itself, if it is little: beside others, on a machine that stands still for seconds, a deadline may be missed. Who needs that is
# named at the end, with what went wrong, and is to be looked into.
node tests/failures.js --filter "$results" >"$results/filter"
if [ -s "$results/filter" ]; then
  echo "== once more: what failed"
  run_tests "$(cat "$results/filter")" "$results/again" || true
fi

# :: 3. The client: on fakes, against the real program, and in a browser.
client_failed=0
(cd client && npm test) 2>&1 | tee "$results/client.log" || client_failed=1
[ "$client_failed" = 0 ] || failed=1

# :: 4. What failed, once more, where it is seen; and the count.
node tests/failures.js "$results"
grep -a "^✖ " "$results/client.log" | grep -v "failing tests" | sort -u | sed "s/^/failed: /"
sum() { awk -v n=0 '{n += $1} END {print n}'; }
trx() { grep -ho "<Counters[^>]*" "$results"/*.trx 2>/dev/null | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | sum; }
node_count() { grep -aE "^# $1 [0-9]+|^ℹ $1 [0-9]+" "$results/client.log" | grep -oE '[0-9]+$' | sum; }
mended=$(node tests/failures.js --mended "$results")
cs_total=$(trx total) cs_passed=$(($(trx passed) + mended)) cs_failed=$(($(trx failed) - mended)) cs_executed=$(trx executed)
# Where all has run and nothing failed twice, the C# tests have passed; a run that was cut short has not.
whole() { [ "$(ls "$results"/*.trx | wc -l)" = "$(grep -l Microsoft.NET.Test.Sdk tests/*/*.csproj samples/*/*.csproj 2>/dev/null | wc -l)" ] && ! grep -q '<ResultSummary outcome="\(Aborted\|Error\)"' "$results"/*.trx; }
[ "$mended" -gt 0 ] && [ "$cs_failed" = 0 ] && whole && failed=$client_failed
passed=$((cs_passed + $(node_count pass)))
skipped=$((cs_total - cs_executed + $(node_count skipped)))
bad=$((cs_failed + $(node_count fail)))
# A run that broke before it could count its failures has failed all the same.
[ "$failed" = 1 ] && [ "$bad" = 0 ] && bad=1
echo "$passed passed, $bad failed, $skipped skipped"
[ "$bad" = 0 ] && [ "$passed" -gt 0 ]
