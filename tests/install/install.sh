#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `meson install`: what it puts where, and whether everybody finds it there.
. "$TRENT_SOURCE/tests/support/lib.sh"
staging=$work/staging
DESTDIR=$staging meson install -C "$TRENT_BUILD" --no-rebuild --quiet || bail_out 'meson install failed'
introspected() { meson introspect "$TRENT_BUILD" "--$1" | python3 -c "$2"; }
option() {
  introspected buildoptions "
import json, sys
print(*(o['value'] for o in json.load(sys.stdin) if o['name'] == '$1'))"
}
prefix=$(option prefix)
root=$staging$prefix
libdir=$(option libdir)
lib=$root/$libdir

library_is_there_once() {
  [ ! -L "$lib/ossl-modules/trent.so" ]
  assert_eq "$(find "$staging" -name trent.so -type f | wc -l)" 1
  assert_eq "$(readlink "$lib/pkcs11/trent.so")" ../ossl-modules/trent.so
  assert_eq "$(realpath "$lib/pkcs11/trent.so")" "$(realpath "$lib/ossl-modules/trent.so")"
}

library_exports_its_doors_only() {
  assert_eq "$(nm -D --defined-only "$lib/ossl-modules/trent.so" | awk '{print $3}' | sort | xargs)" \
    'C_GetFunctionList C_GetInterface C_GetInterfaceList OSSL_provider_init'
}

manuals_are_there() {
  for page in "$TRENT_SOURCE"/docs/man/*; do
    name=${page##*/}
    assert_same_file "$root/share/man/man${name##*.}/$name" "$page"
  done
}

documentation_is_there() {
  [ -s "$root/share/doc/trent/LICENSE" ]
  for page in "$TRENT_SOURCE"/docs/*.md; do [ -s "$root/share/doc/trent/docs/${page##*/}" ]; done
  python3 "$TRENT_SOURCE/tests/docs/links.py" "$root/share/doc/trent"
  # The example is a configuration.
  assert_contains "$("$root/bin/trent" version --config "$root/share/doc/trent/conf/trent.toml")" \
    "configuration: $root/share/doc/trent/conf/trent.toml"
}

command_has_its_own_kms() {
  assert_eq "$(PATH=$root/bin:$PATH "$root/bin/trent-with-kms" trent list-aliases --output raw | xargs)" \
    'alias/app alias/new alias/old'
}

units_name_the_installed_command() {
  units=$staging$(directory systemdunitdir)
  for unit in "$TRENT_SOURCE"/conf/trent-*.service "$TRENT_SOURCE"/conf/trent-*.socket "$TRENT_SOURCE"/conf/trent-*.timer; do
    [ -s "$units/${unit##*/}" ]
  done
  for unit in "$units"/*.service; do
    assert_contains "$(cat "$unit")" "
ExecStart=$prefix/bin/trent "
    grep -qx 'User=trent' "$unit"
    assert_lacks "$(cat "$unit")" @bindir@
  done
  for log in serve audit; do grep -q "^/var/log/trent/" "$staging$(directory sysconfdir)/logrotate.d/trent-$log"; done
}
# The directory of that option, in the prefix unless it is an absolute one.
directory() { case $(option "$1") in /*) option "$1" ;; *) echo "$prefix/$(option "$1")" ;; esac; }

# As `systemd-sysusers && systemd-tmpfiles --create` make them.
user_and_directories_are_made() {
  mkdir -p "system$prefix" system/etc
  cp -R "$root/lib" "system$prefix"
  systemd-sysusers --root "$work/system"
  grep '^trent:.*:/var/lib/trent:' system/etc/passwd
  systemd-tmpfiles --root "$work/system" --create trent.conf
  user=$(sed -n 's/^trent:x:\([0-9]*\):.*/\1/p' system/etc/passwd)
  assert_eq "$(stat -c '%a %u' system/var/lib/trent)" "700 $user"
  assert_eq "$(stat -c '%a %u' system/var/log/trent)" "750 $user"
  assert_eq "$(stat -c '%a %u' system/etc/trent)" '755 0'
}

# One version for all: meson.build has it.
packages_have_the_version() {
  version=$(introspected projectinfo 'import json, sys
print(json.load(sys.stdin)["version"])')
  assert_eq "$(sed -n '1s/^trent (\(.*\)) .*/\1/p' "$TRENT_SOURCE/debian/changelog")" "$version"
  assert_eq "$("$root/bin/trent" --version)" "trent $version"
}

# As `ninja uninstall` does it; comes last.
uninstallation_leaves_no_file() {
  DESTDIR=$staging ninja -C "$TRENT_BUILD" uninstall >log 2>&1 || { cat log; return 1; }
  assert_eq "$(find "$staging" ! -type d)" ''
}

dependencies_are_named_without_apt() {
  mkdir empty
  for tool in sh dirname cat; do ln -s "$(command -v $tool)" empty; done
  status=0
  PATH=$work/empty sh "$TRENT_SOURCE/conf/install-deps.sh" 2>err || status=$?
  assert_eq $status 1
  for word in Fedora 'openssl-devel' Arch 'base-devel' softhsm; do assert_contains "$(cat err)" "$word"; done
}

shells_find_the_completion() {
  grep -q '^complete -F _trent trent' "$root/share/bash-completion/completions/trent"
  grep -q '^#compdef trent' "$root/share/zsh/site-functions/_trent"
  grep -q '^complete -c trent' "$root/share/fish/vendor_completions.d/trent.fish"
}

# The installed command, library and configuration work together, and without the build.
init_finds_the_library() {
  "$root/bin/trent" init kms
  assert_eq "$(readlink kms/modules/trent.so)" "$lib/ossl-modules/trent.so"
  . kms/env
  key=$("$root/bin/trent" create-key --output raw)
  echo secret >secret
  openssl pkeyutl -encrypt -inkey "kms:$key" -in secret -out blob
  assert_eq "$("$root/bin/trent" decrypt --ciphertext-blob fileb://blob --output raw)" secret
  assert_contains "$(pkcs11-tool --module "$lib/pkcs11/trent.so" -O 2>/dev/null)" "label:      $key"
}

incomplete_installation_is_told() {
  mkdir -p half/bin
  cp "$root/bin/trent" half/bin
  status=0
  output=$(half/bin/trent init incomplete 2>&1) || status=$?
  assert_contains "$output" 'Install Trent completely'
  assert_eq $status 255
  [ ! -e incomplete ]
}

pkg_config_knows_the_header_and_the_module() {
  export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$staging"
  assert_eq "$(pkg-config --modversion trent)" "$(introspected projectinfo '
import json, sys
print(json.load(sys.stdin)["version"])')"
  cat >program.c <<-'C'
	#include <p11-kit/pkcs11.h>
	#include <trent/pkcs11.h>
	int main(void) { return CKM_TRENT_REENCRYPT == 0xD4520002UL ? 0 : 1; }
	C
  # shellcheck disable=SC2046
  cc -std=c99 -pedantic-errors -Wall -Wextra -Werror $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --cflags p11-kit-1) \
    $(pkg-config --cflags trent) -o program program.c
  ./program
  # pkg-config puts the sysroot before paths of variables itself.
  module=$(pkg-config --variable=p11_module trent)
  [ "${module#"$staging"}" = "$prefix/$libdir/pkcs11/trent.so" ]
}

p11_kit_finds_the_module() {
  for prefix_and_directory in '/usr /usr/share/p11-kit/modules' '/opt/trent /opt/trent/share/p11-kit/modules'; do
    other=${prefix_and_directory% *}
    directory=${prefix_and_directory#* }
    rm -rf other
    meson setup --prefix "$other" -Dtests=false other "$TRENT_SOURCE" >/dev/null
    plan=$(meson introspect other --installed)
    assert_contains "$plan" "\"$directory/trent.module\""
    # Nothing leaves the prefix; that of the system has its configuration in /etc.
    printf '%s' "$plan" | python3 -c '
import json, sys
prefix = sys.argv[1] + "/"
assert all(path.startswith((prefix, "/etc/") if prefix == "/usr/" else prefix)
           for path in json.load(sys.stdin).values())' "$other"
    module=$(sed -n 's/^module: //p' other/trent.module)
    assert_eq "${module%/*/pkcs11/trent.so}" "$other/lib"
  done
}

test_case 'the library is there once, with a link for PKCS#11 programs' library_is_there_once
test_case 'it exports nothing but its doors' library_exports_its_doors_only
test_case 'the manual pages are there' manuals_are_there
test_case 'the documentation is there, and its links lead to what is installed' documentation_is_there
test_case 'a command has a KMS of its own' command_has_its_own_kms
test_case 'the units name the installed command' units_name_the_installed_command
if command -v systemd-sysusers >/dev/null && [ "$(id -u)" -eq 0 ]; then
  test_case 'the user and the directories are made' user_and_directories_are_made
fi
test_case 'one version for all' packages_have_the_version
test_case 'install-deps.sh names packages where there is no apt' dependencies_are_named_without_apt
test_case 'the completion is where shells look for it' shells_find_the_completion
test_case 'trent init finds the installed library' init_finds_the_library
test_case 'and says so if there is none' incomplete_installation_is_told
test_case 'pkg-config knows the header and the module' pkg_config_knows_the_header_and_the_module
test_case 'p11-kit finds the module file in its own prefix' p11_kit_finds_the_module
test_case 'uninstallation leaves no file' uninstallation_leaves_no_file
done_testing
