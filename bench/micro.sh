#!/usr/bin/env bash
# Measures parts of the host and the SQLite plugin by themselves, on one core: bench/micro.sh [filter]   e.g. '*Collection*'
# bench/micro.sh views [rounds] measures what a change costs with many views, against one that is told to one plain subscriber.
# bench/micro.sh durable [rounds] measures commits to a file against the disk and bare SQLite, in the folder DURABLE (default: the temporary one).
set -euo pipefail
cd "$(dirname "$0")/Micro"
dotnet build -c Release -v quiet -clp:ErrorsOnly --nologo >&2
cd bin/Release/net10.0
if [ "${1:-}" = durable ]; then shift; exec ./SharedState.Micro durable "$@"; fi
if [ "${1:-}" = views ]; then exec taskset -c "${CORE:-0}" ./SharedState.Micro "$@"; fi
exec taskset -c "${CORE:-0}" ./SharedState.Micro --filter "${1:-*}"
