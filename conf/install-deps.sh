#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian 12 packages that are missing:
#   sh conf/install-deps.sh           to build and use Trent
#   sh conf/install-deps.sh test      and to run its tests
#   sh conf/install-deps.sh ci        and for everything that CI does
#   sh conf/install-deps.sh clients   to run its tests, with other people's SDKs, programs and shells,
#                                     and of the documentation
set -eu

# meson asks dpkg-dev where the libraries of this system are.
build='dpkg-dev g++ libc6-dev meson ninja-build pkg-config libssl-dev libp11-kit-dev libtomlplusplus-dev libboost1.81-dev
  nlohmann-json3-dev libcli11-dev openssl p11-kit softhsm2'
test='awscli curl haproxy libcmocka-dev opensc opensc-pkcs11 gnutls-bin libengine-pkcs11-openssl libnss3-tools logrotate
  openjdk-17-jre-headless openssh-client mandoc osslsigncode p11-kit-modules python3-boto3 python3-botocore python3-pykcs11
  util-linux xxd'
ci='autopkgtest clang clang-format clang-tidy debhelper libclang-rt-14-dev lintian mmdebstrap gcovr shellcheck'
# Where systemd runs, openssh-server starts a server on port 22, and nginx-light one on port 80.
clients='apache2-bin chromium chromium-driver codespell fish golang-go golang-github-aws-aws-sdk-go-dev golang-github-aws-aws-sdk-go-v2-dev
  golang-github-miekg-pkcs11-dev golang-github-thalesignite-crypto11-dev libmongocrypt-dev mandoc mkdocs
  mkdocs-material nginx-light nodejs openjdk-17-jdk-headless openssh-server python3-cryptography python3-jsonschema
  ruby-aws-sdk-kms zsh'
# A newer Node.js, from elsewhere, has its npm in it.
command -v npm >/dev/null || clients="$clients npm"

case ${1:-build} in
  build) wanted=$build ;;
  test) wanted="$build $test" ;;
  ci) wanted="$build $test $ci" ;;
  clients) wanted="$build $test $clients" ;;
  *)
    echo "usage: $0 [build|test|ci|clients]" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null; then
  cat >&2 <<'END'
There is no apt-get here: this script installs packages of Debian 12. To build and use Trent, install

  Fedora:  dnf install gcc-c++ meson ninja-build pkgconf-pkg-config openssl-devel openssl p11-kit-devel \
             tomlplusplus-devel boost-devel json-devel cli11-devel softhsm
  Arch:    pacman -S base-devel meson openssl p11-kit tomlplusplus boost nlohmann-json cli11 softhsm

Elsewhere: a compiler for C++20, meson 1.0, ninja, pkg-config, OpenSSL 3, p11-kit 0.24, toml++, Boost 1.81,
nlohmann-json and CLI11, with their headers, and SoftHSM 2.
END
  exit 1
fi

missing=
for package in $wanted; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing, and only root can install them. As root, run:" >&2
    echo "  apt-get update && apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "Installing$missing"
# Another apt may be at work: wait for it.
set -- -qq -o DPkg::Lock::Timeout=300
$as_root apt-get "$@" update
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" install -y --no-install-recommends \
  $missing </dev/null >/dev/null
