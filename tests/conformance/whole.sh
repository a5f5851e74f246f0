#!/usr/bin/env bash
# One run over a real API server, a real registry, and manifests at once; then each single fault, which its own check finds.
set -euo pipefail

source tests/kubernetes/fetch.sh
source tests/registry/fetch.sh
source tests/conformance/none_skipped.bash
none_skipped tests/conformance/whole.py tests/conformance/whole_landing_zone.py
