#!/usr/bin/env bash
# actionlint finds nothing to say about the workflows. It is a Go program and built here once.
set -euo pipefail

version=v1.7.12
binary=${CONFORMANCE_CACHE:?}/actionlint-$version/actionlint

if [[ ! -x $binary ]]; then
  if ! command -v go >/dev/null; then
    echo 'actionlint is built with Go, and there is none'
    exit 77
  fi
  if ! GOBIN=$(dirname "$binary") timeout 300 go install "github.com/rhysd/actionlint/cmd/actionlint@$version"; then
    echo "actionlint $version could not be fetched or built with $(go version)"
    exit 77
  fi
fi
"$binary" -version
"$binary" -color .github/workflows/*.yml
