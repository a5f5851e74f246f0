# Sourced: none_skipped PYTEST-ARGUMENT… runs tests. One that is skipped has proven nothing, and none has a reason to.
# shellcheck shell=bash

none_skipped() {
  local work status=0
  work=$(mktemp -d)
  env --unset=PYTEST_ADDOPTS --unset=PYTEST_PLUGINS \
    python -m pytest "$@" --quiet --basetemp="$work/tests" --junitxml="$work/junit.xml" || status=$?
  ((status)) || python - "$work/junit.xml" <<'PY' || status=$?
import sys
from xml.etree import ElementTree as ET

suite = ET.parse(sys.argv[1]).getroot().find("testsuite")
ran, skipped = int(suite.get("tests")), int(suite.get("skipped"))
if skipped or not ran:
    sys.exit(f"{ran} tests, {skipped} of them skipped")
print(f"{ran} tests, none skipped")
PY
  rm -rf "$work"
  return "$status"
}
