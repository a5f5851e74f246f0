#!/usr/bin/env bash
# Every query that Azure Resource Graph is sent parses with Microsoft's own language service, and names columns that exist.
# The language is all of Kusto's, of which Resource Graph takes a part: what fails here fails there.
set -euo pipefail

version=12.4.1
folder=${CONFORMANCE_CACHE:?}/kusto-$version

for tool in node npm; do
  if ! command -v "$tool" >/dev/null; then
    echo "the language service of Kusto $version is installed with npm and run with Node.js, and there is no $tool"
    exit 77
  fi
done
if [[ ! -e $folder/installed ]]; then
  mkdir -p "$folder"
  # No script of a package runs: none is needed.
  if ! timeout 300 npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error \
    "@kusto/language-service-next@$version"; then
    echo "@kusto/language-service-next $version could not be fetched"
    exit 77
  fi
  touch "$folder/installed"
fi
python -m tests.conformance.kusto | NODE_PATH=$folder/node_modules node tests/conformance/kusto.mjs
