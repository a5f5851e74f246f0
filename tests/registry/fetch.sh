# Sourced: docker-registry and skopeo are on the path, or the script ends with 77 and says which could not be had. Both are
# Debian's and Ubuntu's packages, and are fetched where they are absent. shellcheck shell=bash

folder=${CONFORMANCE_CACHE:?}/registry
export PATH=$PATH:$folder/usr/bin:/usr/sbin:/sbin

# as_root COMMAND…: run it as root, where that needs no password.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo --non-interactive "$@"
  fi
}
# fetch PACKAGE: skopeo is installed, for it needs libraries. Installing docker-registry would start it on this machine, open
# to anybody; it needs nothing but itself, so it is unpacked here.
fetch() {
  if [[ $1 == skopeo ]]; then
    as_root env DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install --quiet --yes --no-install-recommends skopeo
    return
  fi
  mkdir -p "$folder"
  (cd "$folder" && rm -f ./*.deb && timeout 300 apt-get download --quiet "$1" && dpkg-deb --extract ./*.deb .)
}

for tool in docker-registry skopeo; do
  command -v "$tool" >/dev/null && continue
  if ! command -v apt-get >/dev/null; then
    echo "there is no $tool, and no apt-get to fetch it with"
    exit 77
  fi
  if ! fetch "$tool" && ! { as_root timeout 300 apt-get update --quiet && fetch "$tool"; }; then
    echo "there is no $tool, and its package could not be fetched"
    exit 77
  fi
  if ! command -v "$tool" >/dev/null; then
    echo "the package of $tool was fetched, and holds no program of that name"
    exit 1
  fi
done
