#!/usr/bin/env bash
# The wheel is built from the sdist, holds what it should, and judges in an environment of its own, which has the locked
# base dependencies and nothing that reads live: through each of its doors, and beside hostile files and variables.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  printf '%s\n' "$*"
  exit 1
}
unset PYTEST_ADDOPTS PYTEST_PLUGINS PYTHONPATH

python -m build --no-isolation --outdir "$work/dist" . >"$work/build.log" 2>&1 || fail "$(cat "$work/build.log")"
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

# What the base install needs, out of the lock, with its hashes.
python - >"$work/base.txt" <<'PY'
import re
from importlib.metadata import requires
from pathlib import Path

entries = {}
for block in re.split(r"^(?=[A-Za-z0-9])", Path("requirements.lock").read_text(), flags=re.MULTILINE)[1:]:
    entries[re.match(r"[A-Za-z0-9._-]+", block)[0].lower().replace("_", "-").replace(".", "-")] = block
wanted, found = ["pullready"], {}
while wanted:
    for line in requires(wanted.pop()) or ():
        name = re.match(r"[A-Za-z0-9._-]+", line)[0].lower().replace("_", "-").replace(".", "-")
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        if name not in found and (extra is None or extra[1] == "oldlibyaml") and name in entries:
            found[name] = entries[name]
            wanted += [] if "os_name ==" in entries[name] else [name]
print("".join(found.values()))
PY
python -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }
if ! pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement "$work/base.txt"; then
  echo 'the base dependencies could not be fetched'
  exit 77
fi
pip install --quiet --no-deps "${wheel[0]}"
pip check
"$work/venv/bin/python" -c 'import azure.core' 2>/dev/null && fail 'the base install brings Azure packages'

mkdir "$work/user"
cp -R manifests_examples "$work/examples"
cd "$work/user"
find ../venv -name site-packages -exec find {} -type f -not -name '*.pyc' \; | sort >../installed

# expect CODE WHAT COMMAND…: the command ends with CODE and, unless nothing is judged, leaves the five reports.
expect() {
  local code=$1 what=$2 status=0
  shift 2
  rm -rf reports
  "$@" >../output 2>&1 </dev/null || status=$?
  [[ $status == "$code" ]] || fail "$what: exit code $status and not $code$(printf '\n' && cat ../output)"
  ! grep -q Traceback ../output || fail "$what: $(cat ../output)"
  if [[ $code != 4 ]]; then
    for report in junit.xml report.html report.json report.md report.sarif; do
      [[ -s reports/$report ]] || fail "$what: no $report"
    done
  fi
  printf 'exit code %s as it should be: %s\n' "$status" "$what"
}
says() { grep -q -- "$1" ../output || fail "it does not say $1: $(cat ../output)"; }
notice='^EMBEDDED EXAMPLE'
broken=../examples/broken/kubelet-pull-role-missing/pullready.yaml
healthy=../examples/healthy/pullready.yaml
bin=../venv/bin

for example in "0 $healthy" "1 $broken"; do
  read -r code config <<<"$example"
  expect "$code" "pullready run, $config" $bin/pullready run --config "$config"
  head -n 1 ../output | grep -q "$notice" || fail 'the first line does not say that it is an example'
  expect "$code" "python -m pullready run, $config" $bin/python -m pullready run --config "$config"
  expect "$code" "pytest --pyargs, $config" $bin/pytest --pyargs pullready.checks --pullready-config "$config"
  head -n 1 ../output | grep -q "$notice" || fail 'the first line does not say that it is an example'
done

expect 4 'no configuration' $bin/pullready run
says 'there is no pullready.yaml'
cluster=/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/prod
expect 4 'a live target without the packages' $bin/pullready run --cluster $cluster --registry shop
says "pip install 'pullready\[azure\]'"

# Nothing of the user's own changes `pullready run`.
printf '[pytest]\naddopts = --no-such-option\npython_files = nothing_*.py\n' | tee pytest.ini >tox.ini
echo 'raise RuntimeError("the conftest of the user")' >conftest.py
expect 0 'hostile files' $bin/pullready run --config $healthy
PYTEST_ADDOPTS='--maxfail=1 -k nothing' expect 0 'PYTEST_ADDOPTS' $bin/pullready run --config $healthy
PYTEST_PLUGINS=nonexistent_plugin expect 0 'PYTEST_PLUGINS' $bin/pullready run --config $healthy
cat >app.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {nodeSelector: {kubernetes.io/os: linux}, containers: [{name: web, image: shopprod.azurecr.io/web:1.0}]}
YAML
expect 0 'manifests alone' $bin/pullready run --manifests app.yaml

# The checks join in with the user's own tests.
rm pytest.ini tox.ini
echo 'def test_own(): pass' >test_own.py
printf 'def pytest_report_header(): return "the conftest of the user"\n' >conftest.py
expect 0 'beside tests of the user' $bin/pytest --pyargs . pullready.checks --pullready-config $healthy
says 'the conftest of the user'

find ../venv -name site-packages -exec find {} -type f -not -name '*.pyc' \; | sort | diff ../installed - ||
  fail 'the runs wrote into the installation'
