#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages know every verb and every option that the command knows.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
man=$TRENT_SOURCE/docs/man

# Those that have verbs of their own as credential/create, to be one word here.
verbs() {
  for verb in $(trent --help | listed 'Start here:'); do
    nested=$(trent "$verb" --help | listed)
    [ -n "$nested" ] || echo "$verb"
    for name in $nested; do echo "$verb/$name"; done
  done
}
# The verbs in a help, up to this line.
listed() { sed -n "/^Setup:/,/^${1:-\$}/ s/^  \([a-z-]\{4,\}\)\( .*\)\{0,1\}\$/\1/p"; }
words() { echo "$1" | tr / ' '; }

# The options in the help of a verb.
# shellcheck disable=SC2046 # two words are two arguments
options() { trent $(words "$1") --help | sed -n 's/^  \(-[^ ]*\).*/\1/p' | tr , '\n' | grep -e '^--' | sort -u; }

# What the pages say of a verb, with plain hyphens: a page of its own, or its part of trent(1).
section() {
  if [ "$1" = serve ]; then sed '/^\.SH OPTIONS/q' "$man/trent-serve.8"; else
    awk -v verb="$(words "$1")" '/^\.S[SH]/ { on = ($0 == ".SS " verb) } on' "$man/trent.1"
  fi | sed 's/\\-/-/g'
}
# The options that a page explains.
explained() {
  sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/p' "$man/$1" | sed 's/\\-/-/g' | grep '^\.B' | grep -oE -- '--[a-z-]+' | sort -u
}

every_verb_and_option() {
  [ "$(verbs | wc -l)" -ge 20 ]
  for verb in $(verbs); do
    [ -n "$(section "$verb")" ] || { echo "no section on $verb"; return 1; }
    for option in $(options "$verb"); do
      case $option in
        --help) continue ;;
        --output | --output-file | --config | --endpoint-url | --query | --cli-input-json | \
          --generate-cli-skeleton | --cli-binary-format | --account | --region | --profile | --debug | \
          --no-cli-pager | --color | --ca-bundle)
          case $verb in init | check | version | */*) ;; *) continue ;; esac ;;
      esac
      section "$verb" | grep -qE -e "(^|[^a-z-])$option([^a-z-]|\$)" ||
        { echo "$verb: no $option"; return 1; }
    done
  done
}

# Each option is explained once.
every_option_is_explained() {
  for verb in $(verbs); do [ "$verb" = serve ] || options "$verb"; done | sort -u >all
  [ "$(wc -l <all)" -ge 30 ]
  explained trent.1 >in_page
  comm -23 all in_page >missing
  assert_eq "$(cat missing)" ''
  comm -13 all in_page >superfluous
  assert_eq "$(cat superfluous)" '--version'
  options serve | grep -vx -e --help >all
  [ "$(wc -l <all)" -ge 15 ]
  explained trent-serve.8 | diff all -
}

# trent-pkcs11(7) has every mechanism and attribute of the header, mechanisms with their numbers.
every_name_of_the_header() {
  sed -n 's/^#define \(CK[MA]_TRENT_[A-Z_]*\) \(0x[0-9A-F]*\)UL/\1 \2/p' "$TRENT_SOURCE/include/trent/pkcs11.h" >names
  [ "$(wc -l <names)" -ge 6 ]
  while read -r name number; do
    case $name in
      CKM_*) grep -qF ".BR $name \" ($number)\"" "$man/trent-pkcs11.7" ;;
      *) grep -qxF ".BR $name" "$man/trent-pkcs11.7" ;;
    esac || { echo "no $name ($number)"; return 1; }
  done <names
}

# troff has nothing to complain of.
pages_are_well_formed() {
  for page in "$man"/*; do
    groff -man -ww -Tutf8 "$page" 2>complaints >text
    assert_eq "$(cat complaints)" ''
    [ "$(wc -l <text)" -gt 20 ]
  done
}
mandoc_finds_no_error() { mandoc -Tlint -W error "$man"/*; }

# Every page of Trent's that a page refers to is there, and is installed.
references_lead_somewhere() {
  sed 's/\\-/-/g' "$man"/* | grep -oE '^\.BR trent[a-z0-9.-]* "?\([0-9]' | sed 's/\.BR //; s/ "*(/./' | sort -u >references
  [ "$(wc -l <references)" -ge 5 ]
  while read -r page; do
    [ -e "$man/$page" ] || { echo "no $page"; return 1; }
    grep -qF "'docs/man/$page'" "$TRENT_SOURCE/meson.build"
  done <references
}

# trent.toml(5) names the keys that the configuration knows.
configuration_keys() {
  echo 'x = 1' >bad.toml
  trent list-keys --config bad.toml 2>err || :
  keys=$(sed -n 's/.*the keys known here are \(.*\)\./\1/p' err | tr -d ,)
  [ "$(echo $keys | wc -w)" -ge 5 ]
  printf '[[token]]\nx = 1\n' >bad.toml
  trent list-keys --config bad.toml 2>err || :
  keys="$keys $(sed -n 's/.*the keys known here are \(.*\)\./\1/p' err | tr -d ,)"
  [ "$(echo $keys | wc -w)" -ge 10 ]
  for key in $keys; do
    [ "$key" = token ] && key='\[\[token\]\]'
    sed 's/\\-/-/g' "$man/trent.toml.5" | grep -qxE "\.(B|SS) $key" ||
      { echo "no $key"; return 1; }
  done
}

test_case 'every verb with every option' every_verb_and_option
test_case 'every option is explained' every_option_is_explained
if command -v groff >/dev/null; then
  test_case 'the pages are well-formed' pages_are_well_formed
fi
if command -v mandoc >/dev/null; then
  test_case 'mandoc finds no error' mandoc_finds_no_error
fi
test_case 'the references of the pages lead somewhere' references_lead_somewhere
test_case 'every name of the header' every_name_of_the_header
test_case 'every key of the configuration' configuration_keys
done_testing
