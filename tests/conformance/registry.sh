#!/usr/bin/env bash
# The product reads a real registry, which verifies every token itself: Debian's docker-registry, behind the stand-in's
# front, with images that skopeo has pushed.
set -euo pipefail

source tests/registry/fetch.sh
source tests/conformance/none_skipped.bash
docker-registry --version
skopeo --version
none_skipped tests/conformance/registry.py
