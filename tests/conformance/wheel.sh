#!/usr/bin/env bash
# The wheel is built from the sdist, holds what it should, and judges the healthy example in an environment of its own
# that has the base dependencies and nothing that reads live.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python -m build --no-isolation --outdir "$work/dist" . >"$work/build.log" 2>&1 || {
  cat "$work/build.log"
  exit 1
}
wheel=("$work"/dist/*.whl)

python - "${wheel[0]}" <<'PY'
import pathlib
import sys
import zipfile

names = set(zipfile.ZipFile(sys.argv[1]).namelist())
stray = {name for name in names if not name.startswith(("pullready/", "pullready-")) or "__pycache__" in name}
if stray:
    sys.exit(f"the wheel holds what it should not: {sorted(stray)}")
for root, inside in (("checks", "pullready/checks"), ("src/pullready", "pullready")):
    for path in pathlib.Path(root).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            name = f"{inside}/{path.relative_to(root).as_posix()}"
            if name not in names:
                sys.exit(f"the wheel lacks {name}")
print(f"the wheel holds {len(names)} files")
PY

# The versions of the lock, without the hashes: pip takes those for requirements only.
sed -n 's/^\([A-Za-z0-9._-]*==[^\\]*\).*/\1/p' requirements.lock >"$work/constraints.txt"
python -m venv "$work/venv"
if ! "$work/venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet \
  --constraint "$work/constraints.txt" "${wheel[0]}"; then
  echo 'the base dependencies could not be fetched'
  exit 77
fi
if "$work/venv/bin/python" -c 'import azure.core' 2>/dev/null; then
  echo 'the base install brings Azure packages'
  exit 1
fi

cp -R manifests_examples/healthy "$work/healthy"
cd "$work"
venv/bin/pullready run --config healthy/pullready.yaml --report-dir "$work/reports"
for report in junit.xml report.html report.json report.md report.sarif; do
  [[ -s reports/$report ]] || {
    echo "no $report"
    exit 1
  }
done
