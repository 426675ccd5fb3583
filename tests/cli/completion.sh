#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion: what `trent __complete` says of a line, and what bash, zsh and fish make of it.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
export PATH="$TRENT_BUILD/src:$PATH"
make_token
make_key app
app=$key
make_key other
other=$key
mkdir -p 'my dir/inner'
echo x >'my dir/secret'
echo y >plain

# candidates WORD...: of the last word, in alphabetical order. Nothing is an error.
candidates() {
  trent __complete "$@" >candidates.out 2>candidates.err || return
  assert_eq "$(cat candidates.err)" ''
  cut -f 1 candidates.out | sort | xargs
}

verbs() {
  assert_eq "$(candidates update-k)" update-key-description
  assert_contains "$(cat candidates.out)" '	Say anew what a key is for'
  trent --help | sed -n '/^Setup:/,/^Start here:/ s/^  \([a-z-]\{4,\}\)\( .*\)\{0,1\}$/\1/p' | sort >all
  assert_eq "$(candidates '')" "$(xargs <all)"
  assert_eq "$(candidates kms re-)" 're-encrypt re-encrypt-file'
  assert_eq "$(candidates help re-)" 're-encrypt re-encrypt-file'
  assert_eq "$(candidates --config=x --output raw re-)" 're-encrypt re-encrypt-file'
  assert_eq "$(candidates credential cr)" create
  assert_eq "$(candidates nonsense '')" "$(xargs <all)"
  assert_eq "$(candidates --conf)" --config
}

options() {
  while read -r verb; do
    trent "$verb" --help | sed -n 's/^  \(-[^ ]*\).*/\1/p' | sed 's/,--no-.*//' | tr , '\n' | grep -e '^--' |
      sort >of-verb
    assert_eq "$verb $(candidates "$verb" --)" "$verb $(xargs <of-verb)"
  done <all
  assert_eq "$(candidates encrypt '')" "$(candidates encrypt -)"
  assert_eq "$(candidates encrypt --plain)" --plaintext
  assert_contains "$(cat candidates.out)" '	1 to 4096 bytes: fileb://PATH'
  # What was given is not offered again.
  assert_eq "$(candidates encrypt --plaintext x --plain)" ''
  assert_eq "$(candidates encrypt --dry-run --plaintext=x --dry)" ''
  assert_eq "$(candidates encrypt --no-d)" --no-dry-run
  assert_eq "$(candidates credential create --princ)" --principal
}

values() {
  assert_eq "$(candidates list-keys --output '')" 'json list raw table text yaml'
  assert_eq "$(candidates list-keys --output=te)" --output=text
  assert_eq "$(candidates encrypt --output '')" 'json raw table text yaml'
  assert_eq "$(candidates re-encrypt --source-encryption-algorithm R)" 'RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256'
  assert_eq "$(candidates create-key --key-spec RSA)" 'RSA_2048 RSA_3072 RSA_4096'
  assert_eq "$(candidates create-grant --operations Decrypt ReEn)" 'ReEncryptFrom ReEncryptTo'
  assert_eq "$(candidates create-grant --operations Decrypt --key)" --key-id
  assert_eq "$(candidates encrypt --plaintext '')" fileb://
  assert_eq "$(candidates encrypt --encryption-context '')" file://
  assert_eq "$(candidates create-key --description '')" ''
  assert_eq "$(candidates create-key --description f)" file://
}

files() {
  for words in 'encrypt --plaintext fileb://x' 'encrypt --plaintext=fileb://x' 'put-key-policy --policy file://x' \
    'encrypt --config x' '--config x' 'list-keys --output-file=' 'init x' 'audit verify x y'; do
    # shellcheck disable=SC2086
    trent __complete $words
  done >out
  assert_eq "$(cat out)" ":files	fileb://
:files	--plaintext=fileb://
:files	file://
:files	
:files	
:files	--output-file=
:files	
:files	"
}

names() {
  assert_eq "$(candidates describe-key --key-id alias/)" 'alias/app alias/other'
  assert_contains "$(cat candidates.out)" "alias/app	$app"
  assert_eq "$(candidates describe-key --key-id=alias/a)" --key-id=alias/app
  assert_eq "$(candidates describe-key --key-id "$other")" "$other"
  assert_eq "$(cat candidates.out)" "$other	alias/other"
  both=$(printf '%s\n' "$app" "$other" | sort | xargs)
  assert_eq "$(candidates encrypt --key-id '' | tr ' ' '\n' | sort | xargs)" \
    "$(printf '%s\n' "$app" "$other" alias/app alias/other | sort | xargs)"
  for option in --source-key-id --destination-key-id; do
    assert_eq "$(candidates re-encrypt $option alias/o)" alias/other
  done
  assert_eq "$(candidates simulate-policy --key-id alias/o)" alias/other
  # KMS takes no alias here.
  assert_eq "$(candidates enable-key --key-id '')" "$both"
  assert_eq "$(candidates update-alias --target-key-id '')" "$both"
  assert_eq "$(candidates list-aliases --key-id '')" "$both"
  assert_eq "$(candidates delete-alias --alias-name '')" 'alias/app alias/other'
  assert_eq "$(candidates create-alias --alias-name '')" alias/
  assert_eq "$(candidates describe-key --key-id arn:aws:kms:local:111122223333:a)" \
    "$arn_prefix:alias/app $arn_prefix:alias/other"
  assert_contains "$(candidates enable-key --key-id arn)" "$arn_prefix:key/$app"
}

where_the_line_says() {
  export TRENT_CONF=/nowhere
  assert_eq "$(candidates describe-key --config trent.toml --key-id alias/a)" alias/app
  assert_eq "$(candidates --config trent.toml describe-key --key-id alias/a)" alias/app
  # As it is typed.
  # shellcheck disable=SC2088
  assert_eq "$(candidates describe-key --config '~/trent.toml' --key-id alias/a)" alias/app
  start_server serve.out --config trent.toml --insecure-as root --listen "unix:$work/socket"
  assert_eq "$(candidates describe-key --endpoint-url "unix:$work/socket" --key-id alias/a)" alias/app
  assert_eq "$(TRENT_ENDPOINT=unix:$work/socket candidates enable-key --key-id "$app")" "$app"
  kill "$server"
}

# Neither a question nor a complaint.
nobody_is_asked() {
  grep -v pin-source trent.toml >asking.toml
  python3 "$TRENT_SOURCE/tests/cli/terminal.py" '' '' \
    "$trent" __complete describe-key --config asking.toml --key-id alias/a >shown
  assert_eq "$(cat shown)" ''
  assert_eq "$(candidates describe-key --config asking.toml --k)" --key-id
}

nothing_is_an_error() {
  sed "s|file:$work/pin|file:$work/wrong|" trent.toml >wrong.toml
  echo 4321 >wrong
  echo nonsense >nonsense.toml
  for config in wrong.toml nonsense.toml /nowhere; do
    assert_eq "$(candidates describe-key --config $config --key-id '')" ''
  done
  for url in unix:/nowhere http://127.0.0.1:1 nonsense; do
    assert_eq "$(candidates describe-key --endpoint-url $url --key-id '')" ''
  done
  assert_eq "$(candidates describe-key --nonsense '' '' --key-id --key-id)" ''
  trent __complete >out 2>&1
  # The right PIN again, for the counter of the token.
  assert_eq "$(candidates describe-key --key-id alias/a)" alias/app
}

# What never answers, as an HSM behind a network that is down.
quick() {
  start python3 -c '
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind("silent")
server.listen()
time.sleep(60)'
  eventually test -S silent
  before=$(date +%s)
  assert_eq "$(candidates describe-key --endpoint-url "unix:$PWD/silent" --key-id '')" ''
  [ $(($(date +%s) - before)) -lt 30 ]
}

# The last case: what looks into the token goes on, under its lock.
slow_token() {
  sed "s|^module.*|module = \"$TRENT_BUILD/tests/fault.so\"|" trent.toml >slow.toml
  assert_eq "$(candidates describe-key --config slow.toml --key-id alias/a)" alias/app
  # A third of a second for each call into it.
  export TRENT_HOSTILE=latency=300000
  before=$(date +%s)
  assert_eq "$(candidates describe-key --config slow.toml --key-id alias/a)" ''
  [ $(($(date +%s) - before)) -lt 30 ]
}

# completes LINE COMPLETED...: in the shell that `interactive` starts.
completes() {
  : >typed
  : >expected
  while [ $# -gt 0 ]; do
    printf '%s\n' "$1" >>typed
    printf '%s\n' "$2" >>expected
    shift 2
  done
  interactive <typed >completed 2>shown || { cat shown; return 1; }
  diff expected completed || { cat shown; return 1; }
  # An error of a script's is shown at the prompt.
  assert_lacks "$(cat shown)" rror
}

in_every_shell() {
  completes 'trent update-k' 'trent update-key-description |' \
    'trent encrypt --plain' 'trent encrypt --plaintext |' \
    'trent describe-key --key-id alias/a' 'trent describe-key --key-id alias/app |' \
    'trent describe-key --key-id=alias/a' 'trent describe-key --key-id=alias/app |' \
    'trent describe-key --key-id arn:aws:kms:local:111122223333:alias/a' \
    "trent describe-key --key-id $arn_prefix:alias/app |" \
    'trent encrypt --encryption-context a=b --key-id alias/o' \
    'trent encrypt --encryption-context a=b --key-id alias/other |' \
    'trent describe-key --key-id "alias/a' 'trent describe-key --key-id "alias/app" |' \
    'trent encrypt --plaintext f' 'trent encrypt --plaintext fileb://|' \
    'trent encrypt --plaintext fileb://pl' 'trent encrypt --plaintext fileb://plain |' \
    'trent encrypt --plaintext=fileb://pl' 'trent encrypt --plaintext=fileb://plain |' \
    'trent encrypt --plaintext fileb://~/pl' 'trent encrypt --plaintext fileb://~/plain |' \
    'trent encrypt --plaintext fileb://m' 'trent encrypt --plaintext fileb://my\ dir/|' \
    'trent encrypt --plaintext fileb://my\ dir/s' 'trent encrypt --plaintext fileb://my\ dir/secret |' \
    'trent encrypt --config ~/tr' 'trent encrypt --config ~/trent.toml |' \
    'trent encrypt --config=tr' 'trent encrypt --config=trent.toml |' \
    'trent create-alias --alias-name ' 'trent create-alias --alias-name alias/|' \
    'trent describe-key --key-id nonsense' 'trent describe-key --key-id nonsense|'
}

# As docs/cli.md has it.
in_bash() {
  {
    echo "cd '$TRENT_SOURCE'"
    awk '/^```/ { on = $0 == "```bash"; next } on' "$TRENT_SOURCE/docs/cli.md"
    echo 'cd "$HOME"'
  } >bashrc
  cat >>bashrc <<-'BASH'
	record() {
	  printf '%s\n' "$READLINE_LINE" >>lines
	  READLINE_LINE=
	}
	bind -x '"\C-t": record'
	BASH
  interactive() { python3 "$TRENT_SOURCE/tests/cli/completed.py" lines bash --rcfile bashrc -i; }
  in_every_shell
}

in_zsh() {
  cat >.zshrc <<-'ZSH'
	fpath=($TRENT_SOURCE/conf/completion $fpath)
	autoload -U compinit && compinit -u -D
	record() {
	  print -r -- "$BUFFER" >>lines
	  BUFFER=
	}
	zle -N record
	bindkey '^T' record
	bindkey '^I' complete-word
	ZSH
  interactive() { ZDOTDIR=$work python3 "$TRENT_SOURCE/tests/cli/completed.py" lines zsh -d -i; }
  in_every_shell
}

# fish shows what it would offer.
in_fish() {
  offers() {
    fish --no-config -c '
      source $TRENT_SOURCE/conf/completion/trent.fish
      complete -C $argv[1]' "$1" >offered 2>offered.err
    assert_eq "$(cat offered.err)" ''
    assert_eq "$(cut -f 1 offered | xargs -d '\n')" "$2"
  }
  offers 'trent update-k' update-key-description
  assert_contains "$(cat offered)" '	Say anew'
  offers 'trent encrypt --plain' --plaintext
  offers 'trent describe-key --key-id alias/' 'alias/app alias/other'
  offers 'trent describe-key --key-id=alias/a' --key-id=alias/app
  offers "trent describe-key --key-id $arn_prefix:alias/a" "$arn_prefix:alias/app"
  offers 'trent encrypt --plaintext f' fileb://
  offers 'trent encrypt --plaintext fileb://pl' fileb://plain
  offers 'trent encrypt --plaintext=fileb://pl' --plaintext=fileb://plain
  offers 'trent encrypt --plaintext fileb://~/pl' fileb://~/plain
  offers 'trent encrypt --plaintext fileb://m' 'fileb://my dir/'
  offers 'trent encrypt --plaintext fileb://my\ dir/s' 'fileb://my dir/secret'
  offers 'trent encrypt --config ~/tr' \~/trent.toml
  offers 'trent describe-key --key-id nonsense' ''
}

test_case 'verbs' verbs
test_case 'options' options
test_case 'values of enumerations, and how a file is given' values
test_case 'where a file comes next' files
test_case 'keys and aliases' names
test_case 'they are looked up where the line says' where_the_line_says
test_case 'nobody is asked for a PIN' nobody_is_asked
test_case 'nothing is an error' nothing_is_an_error
test_case 'it is quick' quick
case_with /bin/bash 'in bash' in_bash
case_with /usr/bin/zsh 'in zsh' in_zsh
case_with /usr/bin/fish 'in fish' in_fish
test_case 'a token that is slow' slow_token
done_testing
