#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# trent init: what it makes, and that nothing is left of what it cannot make.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
PATH=$TRENT_BUILD/src:$PATH

makes_a_directory_of_its_own() {
  umask 022
  trent init kms >out
  assert_contains "$(cat out)" "Made the SoftHSM token \"kms\" in $work/kms"
  assert_eq "$(ls -A kms | tr '\n' ' ')" \
    'env modules openssl.cnf pin so-pin softhsm2.conf tokens tokens.backup trent.toml '
  for dir in kms kms/tokens kms/tokens.backup kms/modules; do assert_file_mode $dir 700; done
  for file in env openssl.cnf pin so-pin softhsm2.conf trent.toml; do
    assert_file_mode kms/$file 600
  done
  assert_eq "$(find kms/tokens kms/tokens.backup -perm /077)" ''
  assert_eq "$(ls kms/tokens.backup)" "$(basename kms/tokens/*-*).token.object"
}

pins_are_random_and_right() {
  trent init first >out
  trent init second >out
  for name in pin so-pin; do
    assert_eq "$(wc -c <first/$name)" 32
    if cmp -s first/$name second/$name; then return 1; fi
  done
  if cmp -s first/pin first/so-pin; then return 1; fi
  . first/env
  pkcs11-tool --module $softhsm_module --login --pin "$(cat first/pin)" -O
  pkcs11-tool --module $softhsm_module --login --login-type so --so-pin "$(cat first/so-pin)" \
    --init-pin --new-pin 1234
}

commands_that_it_prints_work() {
  trent init 'printed here' >out
  sed -n '/^Try it:/,$ s/^  //p' out >commands
  [ "$(wc -l <commands)" -ge 5 ]
  assert_eq "$(sh -eu commands)" 'a secret'
}

# use DIRECTORY: everything in a token of `trent init` works from anywhere.
use() {
  . "$1/env"
  mkdir -p elsewhere
  cd elsewhere
  make_key app
  printf 'a secret' >secret
  trent encrypt --key-id alias/app --plaintext fileb://secret --output raw >blob

  openssl list -providers >providers
  assert_eq "$(grep -c 'status: active' providers)" 2
  assert_eq "$(grep -E '^  (default|trent)$' providers | tr -d '\n')" '  default  trent'
  assert_eq "$(openssl pkeyutl -decrypt -inkey kms:alias/app -in blob)" 'a secret'
  assert_eq "$(openssl pkeyutl -provider trent -provider default -decrypt -inkey kms:alias/app \
    -in blob)" 'a secret'
  # The system's configuration, and its modules.
  openssl req -new -newkey rsa:2048 -nodes -keyout key.pem -subj /CN=test -out request.pem
  openssl req -in request.pem -verify -noout
  openssl list -providers -provider legacy >providers
  grep -qx '  legacy' providers
}

for name in plain 'with spaces' "it's" 'a"b$HOME`c\d' 'per%20cent;x' 'grün'; do
  works() {
    trent init "$name" >out
    use "./$name"
  }
  test_case "a token in $name works, also through openssl" works
done

openssl_without_the_rest_of_the_environment() {
  trent init conf-only >out
  . conf-only/env
  make_key app
  unset TRENT_CONF OPENSSL_MODULES
  assert_eq "$(openssl storeutl kms: | grep -c "$key")" 1
}

dir_is_made_absolute() {
  mkdir -p up/here
  (cd up/here && trent init ../there/ >out)
  assert_contains "$(cat up/there/env)" "TRENT_DIR='$work/up/there'"
  . up/there/env
  assert_eq "$TRENT_CONF" "$work/up/there/trent.toml"
  trent list-keys >out
}

# in_shell SHELL DIRECTORY: what this shell has by sourcing DIRECTORY/env is there, and works.
in_shell() (
  unset TRENT_CONF SOFTHSM2_CONF OPENSSL_CONF OPENSSL_MODULES
  # shellcheck disable=SC2016
  set -- "$1" "$2" 'set -eu; . "$1/env"; [ "$TRENT_CONF" -ef "$1/trent.toml" ]; [ "$OPENSSL_CONF" -ef "$1/openssl.cnf" ]
    [ "$SOFTHSM2_CONF" -ef "$1/softhsm2.conf" ]; openssl storeutl kms: | grep -c "$2"; "$3" list-keys --output raw'
  assert_eq "$("$1" -c "$3" "$1" "$2" "$key" "$trent" | tail -n 1)" "$key"
)

moved_and_copied() {
  trent init before >out
  (. before/env && trent create-key --output raw >key)
  key=$(cat key)
  mkdir 'a place'
  mv before 'a place/after'
  for shell in sh bash zsh; do
    ! command -v $shell >/dev/null || in_shell $shell 'a place/after'
  done
  (cd 'a place/after' && in_shell bash .)
  grep -qxF "directories.tokendir = $work/a place/after/tokens" 'a place/after/softhsm2.conf'
  assert_file_mode 'a place/after/softhsm2.conf' 600
  # A copy is a token of its own.
  cp -rp 'a place/after' copy
  for shell in bash sh; do in_shell $shell copy; done
  other=$(. copy/env && trent create-key --output raw)
  (. 'a place/after/env' && trent list-keys --output raw) | assert_eq "$(cat)" "$key"
  [ -n "$other" ]
  # And nothing but the configuration is needed.
  (
    unset TRENT_CONF SOFTHSM2_CONF OPENSSL_CONF OPENSSL_MODULES TRENT_DIR
    mv copy again
    trent list-keys --output raw --config again/trent.toml | grep -qx "$other"
    cd / && TRENT_CONF="$work/again/trent.toml" trent check >/dev/null
  )
  # Where it cannot be written anew, that is said.
  mv again more
  (
    unset SOFTHSM2_CONF
    (
      trap '' XFSZ # so that the limit is an error of the write
      ulimit -f 0
      "$trent" list-keys --config more/trent.toml 2>&1 || :
    ) | cat >err
    grep -q 'softhsm2.conf names .*again/tokens, from where it was moved, and cannot be corrected' err
  )
  # What a person has written there stays, and what is set in the environment.
  sed -i '1d' more/softhsm2.conf
  unset SOFTHSM2_CONF
  fails 254 KeyUnavailableException list-keys --config more/trent.toml
  grep -q again/tokens more/softhsm2.conf
  SOFTHSM2_CONF="$work/a place/after/softhsm2.conf" trent list-keys --output raw --config more/trent.toml |
    assert_eq "$(cat)" "$key"
}

# The configuration that is written anew is still its owner's, and where it was.
moved_configuration_stays_as_it_was() {
  unset SOFTHSM2_CONF
  trent init made >out
  mv made moved
  mkdir apart
  mv moved/softhsm2.conf apart
  ln -s ../apart/softhsm2.conf moved
  chmod 640 apart/softhsm2.conf
  [ "$(id -u)" -ne 0 ] || chown nobody:nogroup apart/softhsm2.conf
  stat -c '%U %G %a' apart/softhsm2.conf >before
  trent list-keys --config moved/trent.toml >out
  grep -qxF "directories.tokendir = $work/moved/tokens" apart/softhsm2.conf
  assert_eq "$(readlink moved/softhsm2.conf)" ../apart/softhsm2.conf
  stat -c '%U %G %a' apart/softhsm2.conf | cmp before -
  assert_eq "$(ls -A apart)" softhsm2.conf
}

account_region_label() {
  trent init named --account 999988887777 --region eu-central-1 --label 'Büro; 2 %' >out
  . named/env
  key=$(trent create-key --output raw)
  trent describe-key --key-id "$key" >out
  assert_eq "$(field out KeyMetadata Arn)" "arn:aws:kms:eu-central-1:999988887777:key/$key"
  softhsm2-util --show-slots | grep -q 'Büro; 2 %'
}

bad_arguments_make_nothing() {
  fails 252 'required: DIR' init
  fails 252 'There is no .*/missing, in which DIR would be' init missing/dir
  fails 252 'DIR: it is empty' init ''
  fails 252 'account' init bad --account 12345
  fails 252 'region' init bad --region 'a b'
  fails 252 '1 to 32 bytes' init bad --label ''
  fails 252 '1 to 32 bytes' init bad --label '123456789012345678901234567890123'
  fails 252 'There is no .*/nowhere.so.*apt install softhsm2' init bad --module nowhere.so
  fails 252 "no '#'" init 'ba#d'
  fails 252 "no '='" init 'ba=d'
  fails 252 'too long' init "bad$(printf %01000d 0)"
  fails 252 'no control character' init "$(printf 'ba\nd')"
  fails 252 'no control character' init "$(printf 'ba\302\233d')"
  fails 252 '--config' init bad --config trent.toml # it makes one
  assert_eq "$(ls -d ba*d* 2>/dev/null)" ''
}

twice() {
  trent init again >out
  find again -type f -exec sha256sum {} + | sort >before
  fails 252 'again is not empty.*/again/env' init again
  fails 252 'is not empty' init again/
  find again -type f -exec sha256sum {} + | sort | assert_same_file before -
}

places_that_are_taken() {
  echo precious >file
  fails 252 'is there already, and is no directory' init file
  assert_eq "$(cat file)" precious
  fails 252 'There is no .*/no/such, in which DIR would be' init no/such/parent
  mkdir -m 755 empty
  trent init empty >out
  assert_file_mode empty 700
  . empty/env
  trent list-keys >out
}

# Whoever can rename what is on the way to it can give the user another token.
places_that_others_can_change() {
  mkdir -m 777 open
  fails 252 "$work/open can be written by everybody.*chmod o-w '$work/open'" init open/kms
  fails 252 "$work/open can be written by everybody" init open/a/b
  mkdir open/closed
  fails 252 "$work/open can be written by everybody" init open/closed/kms
  mkdir -m 1777 sticky
  trent init sticky/kms >out
  for mode in 770 707; do
    mkdir -m $mode shared
    fails 252 "Others can write in $work/shared: chmod go-w '$work/shared'" init shared
    rmdir shared
  done
  mkdir real
  ln -s real link
  ln -s nowhere dangling
  trent init link/kms >out
  fails 252 'is there already, and is no directory' init dangling
  if [ "$(id -u)" -eq 0 ]; then
    mkdir theirs sticky/theirs
    chown 65534 theirs sticky/theirs
    fails 252 "$work/theirs belongs to nobody.*: choose a new DIR" init theirs
    fails 252 "$work/theirs belongs to nobody.*a directory of your own" init theirs/kms
    ln -s real sticky/link
    chown -h 65534 sticky/link
    fails 252 "$work/sticky/link belongs to nobody" init sticky/link/kms
    assert_eq "$(ls -A theirs)" ''
  fi
  assert_eq "$(ls -A open open/closed | tr -d '\n')" 'open:closedopen/closed:'
}

# One of them makes it, the others touch nothing of it.
at_once() {
  for pair in 1 2 3 4 5 6 7 8 9 10 11 12; do
    [ $((pair % 2)) -eq 0 ] || mkdir -m 700 pair.$pair
    "$trent" init pair.$pair >out.1 2>err.1 &
    first=$!
    "$trent" init pair.$pair >out.2 2>err.2 &
    second=$!
    one=0 two=0
    wait $first || one=$?
    wait $second || two=$?
    case $one.$two in
      0.252) loser=2 ;;
      252.0) loser=1 ;;
      *)
        echo "exit codes $one and $two"
        cat err.1 err.2
        return 1
        ;;
    esac
    grep -Eq 'is just being made by another|is not empty' err.$loser
    assert_eq "$(cat out.$loser)" ''
    # shellcheck disable=SC1090 # made by the command above
    (. pair.$pair/env && "$trent" list-keys >out)
    assert_eq "$(find pair.$pair -name '*unfinished*')" ''
  done
}

# Those that are killed leave what the next one takes away.
killed() {
  for name in killed new; do
    [ $name = new ] || mkdir -m 700 $name
    # A slow token, so that there is time to stop it half way.
    TRENT_HOSTILE=latency=300000 "$trent" init $name --module "$TRENT_BUILD/tests/fault.so" \
      >out 2>&1 &
    pid=$!
    tries=0
    until [ -e $name/softhsm2.conf ] && [ -n "$(ls $name/tokens)" ]; do
      tries=$((tries + 1))
      [ $tries -lt 500 ]
      sleep 0.02
    done
    kill -STOP $pid
    fails 252 'is just being made by another' init $name
    kill -KILL $pid
    wait $pid || :
    [ ! -e $name/env ]
    echo precious >$name/mine
    fails 252 'is not empty' init $name
    assert_eq "$(cat $name/mine)" precious
    rm $name/mine
    trent init $name >out
    assert_eq "$(find $name/tokens -mindepth 1 -maxdepth 1 -type d | wc -l)" 1
    assert_eq "$(find $name/tokens.backup -name '*.object' | wc -l)" 1
    (. $name/env && trent create-key >out)
  done
}

# fault.so is SoftHSM, but for the call that is told to fail.
failures_leave_nothing() {
  for call in C_Initialize C_InitToken C_OpenSession C_Login C_InitPIN; do
    export TRENT_FAULT="1 $call 0x30"
    fails 255 'CKR_DEVICE_ERROR' init broken --module "$TRENT_BUILD/tests/fault.so"
    assert_eq "$(ls -d broken 2>/dev/null)" ''
  done
  mkdir there
  fails 255 'CKR_DEVICE_ERROR' init there --module "$TRENT_BUILD/tests/fault.so"
  assert_eq "$(ls -A there)" ''
  unset TRENT_FAULT
  fails 255 'libc.so.6' init broken --module "$(ldd "$trent" | sed -n 's/.* \(.*libc\.so\.6\) .*/\1/p')"
  assert_eq "$(ls -d broken 2>/dev/null)" ''
  trent init there >out
}

# Results that cannot be printed do not undo what was made.
full_disk_for_the_message() {
  status=0
  trent init kept >/dev/full 2>err || status=$?
  assert_eq $status 255
  . kept/env
  trent list-keys >out
}

without_the_library() {
  mkdir alone
  cp "$TRENT_BUILD/src/trent" alone
  status=0
  alone/trent init lonely 2>err || status=$?
  assert_eq $status 255
  assert_contains "$(cat err)" "trent.so is neither $work/alone/trent.so nor /"
  assert_eq "$(ls -d lonely 2>/dev/null)" ''
  cp "$TRENT_BUILD/src/trent.so" alone
  alone/trent init lonely >out
  assert_eq "$(readlink lonely/modules/trent.so)" "$work/alone/trent.so"
}

test_case 'makes one directory, for its owner only' makes_a_directory_of_its_own
test_case 'PINs are random, and those of the token' pins_are_random_and_right
test_case 'the commands that it prints work' commands_that_it_prints_work
test_case 'OPENSSL_CONF and SOFTHSM2_CONF are enough for openssl' \
  openssl_without_the_rest_of_the_environment
test_case 'DIR is made absolute' dir_is_made_absolute
test_case 'a directory that was moved or copied works' moved_and_copied
test_case 'the configuration of a directory that was moved stays as it was' moved_configuration_stays_as_it_was
test_case 'account, region and label' account_region_label
test_case 'bad arguments are refused before anything is made' bad_arguments_make_nothing
test_case 'a second time is refused, and changes nothing' twice
test_case 'places that are taken, and those that are free' places_that_are_taken
test_case 'places that others can change' places_that_others_can_change
test_case 'several at once' at_once
test_case 'one that was killed' killed
test_case 'nothing is left of an init that failed' failures_leave_nothing
test_case 'what was made stays if the message cannot be printed' full_disk_for_the_message
test_case 'trent.so is looked for beside the command' without_the_library
done_testing
