#!/usr/bin/env bash
# Builds in Release, and measures Shared State beside its ceilings: ./bench/run.sh [CELL...] [--quick] [--rounds N] [--host LABEL=DIR]... ; see README.md
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
bin=bench/bin # ignored, as all folders of that name

platform=$(dotnet --info | awk '$1 == "RID:" { print $2; exit }')
dotnet publish Host -c Release -r "$platform" -o "$bin/Host" -v quiet -clp:ErrorsOnly
for project in Ceilings Load; do
  dotnet publish "bench/$project" -c Release -o "$bin/$project" -v quiet -clp:ErrorsOnly
done

# Databases go onto the disk of this folder, since /tmp may be in memory.
export TMPDIR=$PWD/$bin/data
rm -rf "$TMPDIR"
mkdir -p "$TMPDIR"

# Where a run was killed, the shares of its hosts are left.
rmdir /sys/fs/cgroup/cpu/sharedstate-bench-* 2>/dev/null || true

# Two times ten thousand connections need more descriptors than a shell has. The load runs on the last core; it puts the servers onto the first.
ulimit -n "$(ulimit -Hn)"
exec taskset -c "$(($(nproc --all) - 1))" dotnet "$bin/Load/load.dll" --ceilings "$bin/Ceilings" --host "shared=$bin/Host" "$@"
