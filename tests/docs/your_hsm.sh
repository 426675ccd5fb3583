#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/your-hsm.md: its commands work one after another, and print what it says.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
PATH=$TRENT_BUILD/src:$PATH
page=$TRENT_SOURCE/docs/your-hsm.md

whole_page() {
  mkdir whole && cd whole
  HOME=$PWD run_examples "$page"
}

# What the page takes away in the end is all that Trent can make, and nothing else.
takes_away_all() {
  mkdir all && cd all
  {
    sed '/^## /q' "$page"
    for title in '1. The module and the token' '2. The PIN' '3. The configuration' '5. The first key' \
      '7. What Trent writes into the token'; do
      section "$page" "$title"
    done
    cat <<-'MORE'
	```sh
	trent rotate-key-on-demand --key-id "$KEY" >log
	trent create-key --key-spec RSA_2048 --key-usage SIGN_VERIFY >log
	trent create-key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC >log
	trent create-grant --key-id "$KEY" --grantee-principal arn:aws:iam::111122223333:user/a \
	  --operations Decrypt >log
	trent credential create --principal arn:aws:iam::111122223333:user/a >log 2>&1
	trent get-parameters-for-import --key-id "$(trent create-key --origin EXTERNAL --output raw)" \
	  --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 >log
	hsm --list-objects | grep 'label:' | sort -u | wc -l
	```
	```text
	12
	```
	MORE
    section "$page" '11. Take it away again'
  } >page.md
  HOME=$PWD run_examples page.md
}

# The drop-in that gives a service its PIN is one that systemd takes, and the path is where it puts it.
systemd_hands_over_the_pin() {
  mkdir -p units/trent-serve.service.d && cd units
  sed -n '/^```ini/,/^```/p' "$page" | sed '/^```/d' >trent-serve.service.d/pin.conf
  grep -q '^LoadCredential=pin:/' trent-serve.service.d/pin.conf
  grep -qF 'file:/run/credentials/trent-serve.service/pin' "$page"
  units_are_right trent-serve trent-serve.socket
  sed -i s/LoadCredential/LoadCredentials/ trent-serve.service.d/pin.conf
  if (units_are_right trent-serve trent-serve.socket) >log; then return 1; fi
}

test_case 'the commands of the page' whole_page
test_case 'all that Trent makes is taken away' takes_away_all
if command -v systemd-analyze >/dev/null; then
  test_case 'systemd takes the drop-in' systemd_hands_over_the_pin
fi
done_testing
