#!/usr/bin/env bash
# What the stand-in answers for Azure Resource Manager is what Microsoft specifies: every answer that reading takes, from
# every environment. oav, which Microsoft validates its services with, is installed here once; the specifications are in
# PULLREADY_CORPUS. Answers in a version that they do not hold are listed, and held to the models of the SDK instead.
set -euo pipefail

version=4.0.3
oav=${CONFORMANCE_CACHE:?}/oav-$version
specifications=${PULLREADY_CORPUS:-../shared}/wire/specs

if [[ ! -d $specifications ]]; then
  echo "there are no specifications in $specifications: PULLREADY_CORPUS is to name the folder that wire/specs is in"
  exit 77
fi
for tool in node npm; do
  if ! command -v "$tool" >/dev/null; then
    echo "oav $version is installed with npm and run with Node.js, and there is no $tool"
    exit 77
  fi
done
if [[ ! -e $oav/installed ]]; then
  mkdir -p "$oav"
  # No script of a package runs: none is needed.
  if ! timeout 300 npm install --prefix "$oav" --ignore-scripts --no-audit --no-fund --loglevel=error "oav@$version"; then
    echo "oav $version could not be fetched"
    exit 77
  fi
  touch "$oav/installed"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python -m tests.conformance.answers "$work/answers.jsonl"
printf 'the stand-in gave %d different answers\n\n' "$(wc -l <"$work/answers.jsonl")"

status=0
node tests/conformance/specifications.mjs "$oav" "$specifications" "$work/answers.jsonl" "$work/rest.jsonl" |
  tee "$work/specifications" || status=1
echo
python -m tests.conformance.models "$work/rest.jsonl" | tee "$work/models" || status=1
printf '\n'
grep -h '^FAILED' "$work/specifications" "$work/models" || true
grep -h '^specifications: ' "$work/specifications" || true
grep -h '^models: ' "$work/models" || true
exit $status
