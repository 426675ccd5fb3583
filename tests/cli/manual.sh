#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages know every verb and every option that the command knows.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
page=$TRENT_SOURCE/docs/man/trent.1

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

# The part of the page on a verb, with plain hyphens.
section() { awk -v verb="$(words "$1")" '/^\.S[SH]/ { on = ($0 == ".SS " verb) } on' "$page" | sed 's/\\-/-/g'; }

every_verb_and_option() {
  [ "$(verbs | wc -l)" -ge 20 ]
  for verb in $(verbs); do
    [ -n "$(section "$verb")" ] || { echo "no section on $verb"; return 1; }
    for option in $(options "$verb"); do
      case $option in
        --help) continue ;;
        --output | --output-file | --config | --endpoint-url | --query | --cli-input-json | \
          --generate-cli-skeleton | --cli-binary-format | --account | --region | --profile | --debug | \
          --no-cli-pager | --color)
          case $verb in init | check | version | */*) ;; *) continue ;; esac ;;
      esac
      section "$verb" | grep -qE -e "(^|[^a-z-])$option([^a-z-]|\$)" ||
        { echo "$verb: no $option"; return 1; }
    done
  done
}

# Each option is explained once.
every_option_is_explained() {
  for verb in $(verbs); do options "$verb"; done | sort -u >all
  [ "$(wc -l <all)" -ge 30 ]
  sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' "$page" | sed 's/\\-/-/g' | grep '^\.B' |
    grep -oE -- '--[a-z-]+' | sort -u >explained
  comm -23 all explained >missing
  assert_eq "$(cat missing)" ''
  comm -13 all explained >superfluous
  assert_eq "$(cat superfluous)" '--version'
}

# troff has nothing to complain of.
pages_are_well_formed() {
  for name in trent.1 trent.toml.5; do
    groff -man -ww -Tutf8 "$TRENT_SOURCE/docs/man/$name" 2>complaints >text
    assert_eq "$(cat complaints)" ''
    [ "$(wc -l <text)" -gt 20 ]
  done
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
    sed 's/\\-/-/g' "$TRENT_SOURCE/docs/man/trent.toml.5" | grep -qxE "\.(B|SS) $key" ||
      { echo "no $key"; return 1; }
  done
}

test_case 'every verb with every option' every_verb_and_option
test_case 'every option is explained' every_option_is_explained
if command -v groff >/dev/null; then
  test_case 'the pages are well-formed' pages_are_well_formed
fi
test_case 'every key of the configuration' configuration_keys
done_testing
