# What the real API server is made of, for build.sh and the workflow; shellcheck shell=bash disable=SC2034
# etcd is the one that this version of Kubernetes requires.
kubernetes=1.36.3
etcd=3.6.8
# The tool that fetches the same two programs, built, on a machine of GitHub's.
setup_envtest=0.25.1
