#!/usr/bin/env bash
# Build kube-apiserver and etcd into the folder that is named, once: a small Go module that has both as its commands.
#
# k8s.io/kubernetes names the modules of its own repository by paths within it. Each is published under the same version
# with a leading 0, which is what they are replaced by here.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/versions.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd)

if [[ -x $folder/kube-apiserver && -x $folder/etcd ]]; then
  exit 0
fi
module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
cd "$module"

cat >go.mod <<MODULE
module pullready.test/kubernetes

go 1.26.0

require (
	go.etcd.io/etcd/server/v3 v$etcd
	k8s.io/kubernetes v$kubernetes
)
MODULE
requirements=$(go mod download -json "k8s.io/kubernetes@v$kubernetes" | sed -n 's/^\t"GoMod": "\(.*\)",\{0,1\}$/\1/p')
sed -n 's/^\t\(k8s\.io\/[a-z-]*\) => \.\/staging\/.*/\1/p' "$requirements" | while read -r staged; do
  go mod edit -replace "$staged=$staged@v0.${kubernetes#*.}"
done

mkdir apiserver etcd
cat >apiserver/main.go <<'MAIN'
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
MAIN
cat >etcd/main.go <<'MAIN'
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
MAIN

export CGO_ENABLED=0 GOWORK=off
IFS=. read -r major minor _ <<<"$kubernetes"
version=k8s.io/component-base/version
stamp="-s -w -X $version.gitVersion=v$kubernetes -X $version.gitMajor=$major -X $version.gitMinor=$minor"
# Under another name first: a build that is broken off leaves nothing that looks whole.
go build -mod=mod -o "$folder/etcd.new" -ldflags '-s -w' ./etcd
go build -mod=mod -o "$folder/kube-apiserver.new" -ldflags "$stamp" ./apiserver
mv "$folder/etcd.new" "$folder/etcd"
mv "$folder/kube-apiserver.new" "$folder/kube-apiserver"
