#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/container.md, where no container engine runs: engine.py carries out the recipe in a
# Debian 12 in a directory.
#   sh tests/install/container_root.sh [BUILD]     as root, after packages.sh
. "$(dirname "$0")/root.sh"
require_packages

say 'a bare Debian 12'
make_root
# What the recipe asks of the packages' Build-Depends is there in Debian 12.
mkdir "$work/root/build"
cp -R "$root/debian" "$work/root/build"
quietly enter sh -c 'apt-get update && cd /build && apt-get build-dep --simulate ./'
rm -rf "$work/root/build"

say 'the commands of docs/container.md'
mkdir "$work/bin" "$work/page"
cat >"$work/bin/docker" <<END
#!/bin/sh
ROOT=$work/root PACKAGES=$packages exec python3 $root/tests/install/engine.py "\$@"
END
chmod +x "$work/bin/docker"
export PATH="$work/bin:$PATH" HOME="$work/page"
cd "$work/page"
# Files of the page are written here, and the recipe is named from the source tree.
ln -s "$root/conf" conf
docker build -f conf/container/Dockerfile . # it needs the mirror
make_network
alone timeout 120 sh -euc '. "$1"; run_examples "$2"' sh "$root/tests/docs/examples.sh" "$root/docs/container.md" || {
  cat "$work/root.log"
  fail 'the page does not do what it says'
}
grep -q '"operation":"Decrypt".*"code":"OK"' "$work/root.log" || fail 'no access log'
[ "$(stat -c '%a %U' "$work/root/var/lib/trent/kms")" = "700 $(stat -c %U "$work/root/var/lib/trent")" ] || fail 'modes'
echo 'the page does what it says'
echo '1 passed, 0 failed'
