#!/usr/bin/env bash
# What is read of the live cluster, from a real kube-apiserver with etcd: the generated ClusterRole, pages, Secrets.
# Both programs are in KUBEBUILDER_ASSETS, as envtest leaves them there; where that is not set, Go builds them here once.
set -euo pipefail

source tests/kubernetes/versions.sh
if [[ -z ${KUBEBUILDER_ASSETS:-} ]]; then
  KUBEBUILDER_ASSETS=${CONFORMANCE_CACHE:?}/kubernetes-$kubernetes
  if [[ ! -x $KUBEBUILDER_ASSETS/kube-apiserver || ! -x $KUBEBUILDER_ASSETS/etcd ]]; then
    if ! command -v go >/dev/null; then
      echo 'kube-apiserver and etcd are neither in KUBEBUILDER_ASSETS nor built here, for there is no Go'
      exit 77
    fi
    echo "building kube-apiserver $kubernetes and etcd $etcd, once, which takes some minutes"
    if ! timeout 2700 tests/kubernetes/build.sh "$KUBEBUILDER_ASSETS"; then
      echo "kube-apiserver $kubernetes and etcd $etcd could not be fetched or built with $(go version)"
      exit 77
    fi
  fi
fi
export KUBEBUILDER_ASSETS
"$KUBEBUILDER_ASSETS/kube-apiserver" --version
"$KUBEBUILDER_ASSETS/etcd" --version
python -m pytest -q tests/kubernetes
