#!/usr/bin/env bash
# The real az reads environments from the stand-in, prints what they say, and takes its refusals for Azure's.
# Microsoft publishes azure-cli as a Python package; it has a virtual environment of its own, made here once.
set -euo pipefail

version=2.91.0
folder=${CONFORMANCE_CACHE:?}/azure-cli-$version
python=$folder/bin/python

if [[ ! -e $folder/installed ]]; then
  rm -rf "$folder"
  if ! python3 -m venv "$folder"; then
    echo "azure-cli $version needs a virtual environment, and python3 -m venv makes none"
    exit 77
  fi
  if ! timeout 1200 "$python" -m pip --disable-pip-version-check --no-input install --quiet "azure-cli==$version"; then
    echo "azure-cli $version could not be installed for $("$python" --version)"
    exit 77
  fi
  touch "$folder/installed"
fi
python -m tests.conformance.azure_cli "$python"
