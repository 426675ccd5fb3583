#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command beside `aws`: the examples of its documentation run unchanged, and all that is printed is laid
# out in the same way. aws asks a server, trent the same token.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
unset AWS_PROFILE AWS_DEFAULT_OUTPUT AWS_CA_BUNDLE AWS_SESSION_TOKEN AWS_PAGER
make_token
sed -i 's/^region .*/region = "us-west-2"/' trent.toml
start_server serve.out --insecure-as root --listen 127.0.0.1:0
AWS_ENDPOINT=$(sed -n 's/^listening on \(http:.*\)/\1/p' serve.out)
export AWS_ENDPOINT AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=us-west-2 TZ=UTC PYTHONDONTWRITEBYTECODE=1

# Both by the names that scripts call them by. Debian's aws is the reference; it takes a second to start, so
# bin/aws asks a process in which it has started (aws.py) for a child that does it.
mkdir bin
cat >bin/aws <<'PYTHON'
#!/usr/bin/python3 -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect(os.environ["AWS_STARTED"])
    socket.send_fds(server, [json.dumps([os.getcwd(), sys.argv[1:]]).encode()], [0, 1, 2])
    sys.exit(int(server.recv(8)))
PYTHON
chmod +x bin/aws
export AWS_STARTED="$work/aws.socket"
ln -s "$trent" bin/trent
export PATH="$work/bin:$PATH"

if [ -e /usr/bin/aws ]; then
  /usr/bin/python3 "$TRENT_SOURCE/tests/cli/aws.py" serve &
  echo $! >>servers
  until [ -e "$AWS_STARTED" ]; do kill -0 $! && sleep 0.1 || bail_out 'aws does not start'; done
fi
suite() { /usr/bin/python3 "$TRENT_SOURCE/tests/cli/aws.py" "$1"; }
case_with /usr/bin/aws 'the examples of the documentation' suite examples
case_with /usr/bin/aws 'what is printed, byte for byte' suite formats
case_with /usr/bin/aws 'skeletons' suite skeletons
case_with /usr/bin/aws 'JSON as input, and binary formats' suite inputs
done_testing
