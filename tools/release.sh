#!/bin/sh
# Packs the artefacts of both machines, which are built already: release.sh [DIRECTORY [INPUTS]], by
# default into release/. The same source, compilers and SOURCE_DATE_EPOCH give the same bytes.
set -eu
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:?}" LC_ALL=C
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
native=$(node -p process.arch)
release=${1:-release} inputs=${2:-tools/release-inputs.sha256}
stage=build/release
rm -rf "$release" "$stage"
mkdir -p "$release" "$stage"
release=$(realpath "$release") stage=$(realpath "$stage")

# pack ARCHIVE DIRECTORY...: a tar archive that tells nothing of this machine.
pack() {
  archive=$1
  shift
  tar -C "$stage" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode=u=rwX,go=rX --format=ustar -cf "$archive" "$@"
}

# What was downloaded must be what was looked at when it was written into release-inputs.sha256.
cat build/quickjs/packages.sha256 build/musl-*/packages.sha256 >"$stage/downloads"
sort -k 2 -o "$stage/downloads" "$stage/downloads"
unknown=0
grep -vxFf "$inputs" "$stage/downloads" || unknown=$?
# 1 means that there is none: grep ends with 0 where there is one, and with 2 where it could not look.
if [ "$unknown" -ne 1 ]; then
  echo "What is downloaded is not known to be what $inputs lists: the packages above are not there." >&2
  exit 1
fi
{
  cat "$stage/downloads"
  sha256sum package-lock.json
  for package in gcc gcc-aarch64-linux-gnu gcc-x86-64-linux-gnu libc6-dev libc6-dev-arm64-cross \
    libc6-dev-amd64-cross linux-libc-dev musl-dev; do
    dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "$package" 2>/dev/null |
      sed -n 's/^installed //p'
  done
  echo "node $(node --version)"
} >"$release/host-device-l3-$version-inputs.txt"

for machine in x64:amd64 arm64:arm64; do
  arch=${machine%:*} debian=${machine#*:}
  if [ "$arch" = "$native" ]; then dist=dist; else dist=dist/$arch; fi
  name=host-device-l3-$version-linux-$debian
  mkdir "$stage/$name"
  for file in host-device-l3 host-device-l3.cjs THIRD-PARTY-NOTICES build-info.json; do
    cp "$dist/$file" "$stage/$name"
  done
  cp -r "$dist/share" "$stage/$name"
  cp -r LICENSE README.md CHANGELOG.md SECURITY.md docs cni-conf deploy systemd "$stage/$name"
  for artefact in host-device-l3 host-device-l3.cjs; do
    cp "$dist/$artefact.cdx.json" "$stage/$name"
    cp "$dist/$artefact.cdx.json" "$release/$name${artefact#host-device-l3}.cdx.json"
  done
  pack "$release/$name.tar" "$name"
  zstd -q -19 "$release/$name.tar"
  gzip -9 -n "$release/$name.tar"
  # Not compressed: neither podman 4 nor ctr 1.6 loads an archive that is.
  tools/build-image.sh "$dist" "$debian" "$release/host-device-l3-$version-image-$debian.tar"
done

# As `helm package` names and lays out a chart.
cp -r deploy/chart "$stage/host-device-l3"
pack "$stage/chart.tar" host-device-l3
gzip -9 -n <"$stage/chart.tar" >"$release/host-device-l3-chart-$version.tgz"

cd "$release"
sha256sum -- * >"$stage/SHA256SUMS"
sha512sum -- * >"$stage/SHA512SUMS"
mv "$stage/SHA256SUMS" "$stage/SHA512SUMS" .
ls -l
