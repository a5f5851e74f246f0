#!/usr/bin/env bash
# What is read of the live cluster, from a real kube-apiserver with etcd: the generated ClusterRole, pages, Secrets.
set -euo pipefail

source tests/kubernetes/fetch.sh
source tests/conformance/none_skipped.bash
"$KUBEBUILDER_ASSETS/kube-apiserver" --version
"$KUBEBUILDER_ASSETS/etcd" --version
none_skipped tests/kubernetes
