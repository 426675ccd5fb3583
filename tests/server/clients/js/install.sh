#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the JavaScript clients, as package-lock.json has them, in a build directory:
#   sh tests/server/clients/js/install.sh [BUILD-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../../../build}
mkdir -p "$build/clients/js"
cp "$here/package.json" "$here/package-lock.json" "$build/clients/js"
cd "$build/clients/js"
npm ci --ignore-scripts --no-audit --no-fund --fetch-retries 1 --fetch-timeout 30000 \
  --loglevel error
