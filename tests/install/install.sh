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
  [ -e "$root/share/man/man1/trent.1" ]
  [ -e "$root/share/man/man5/trent.toml.5" ]
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
    # Nothing leaves the prefix.
    printf '%s' "$plan" | python3 -c '
import json, sys
prefix = sys.argv[1] + "/"
assert all(path.startswith(prefix) for path in json.load(sys.stdin).values())' "$other"
    module=$(sed -n 's/^module: //p' other/trent.module)
    assert_eq "${module%/*/pkcs11/trent.so}" "$other/lib"
  done
}

test_case 'the library is there once, with a link for PKCS#11 programs' library_is_there_once
test_case 'it exports nothing but its doors' library_exports_its_doors_only
test_case 'the manual pages are there' manuals_are_there
test_case 'the completion is where shells look for it' shells_find_the_completion
test_case 'trent init finds the installed library' init_finds_the_library
test_case 'and says so if there is none' incomplete_installation_is_told
test_case 'pkg-config knows the header and the module' pkg_config_knows_the_header_and_the_module
test_case 'p11-kit finds the module file in its own prefix' p11_kit_finds_the_module
done_testing
