#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# TLS handshakes per second of nginx with a key of KMS (a KMS KEY URI file), with a key file, and with a
# key of the same SoftHSM token by libp11's engine, with 1 and 2 workers. Prints the ratios; beside the
# rate, which the client's part of the work is in, the processor time that the workers take for one.
#
#   sh conf/install-deps.sh clients
#   meson setup --buildtype=release build-bench && ninja -C build-bench src/trent src/trent.so
#   TRENT_BUILD=$PWD/build-bench sh tests/bench/tls.sh [SECONDS [ROUNDS]]
seconds=${1:-3} rounds=${2:-3}
export TRENT_BENCH_SECONDS="$seconds" TRENT_BENCH_ROUNDS="$rounds"
TRENT_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${TRENT_OWN_LOOPBACK-}" ] || [ "$(id -u)" -eq 0 ]; then
  . "$TRENT_SOURCE/tests/pkcs11/clients/own_loopback.sh"
  exec unshare --user --map-user=1000 --map-group=1000 -- sh "$0" "$@"
fi
. "$TRENT_SOURCE/tests/provider/pairs.sh"
PIN=$(cat "$kms/pin")
export PIN

{ make_pair kms-rsa RSA && make_pair kms-ec EC -pkeyopt group:P-256; } 2>/dev/null || bail_out 'cannot make keys'
openssl genpkey -quiet -algorithm RSA -out file-rsa.key && openssl pkey -in file-rsa.key -pubout -out file-rsa.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out file-ec.key &&
  openssl pkey -in file-ec.key -pubout -out file-ec.pem
for type in rsa:rsa:2048 ec:EC:prime256v1; do
  name=engine-${type%%:*}
  pkcs11-tool --module $softhsm_module --token-label kms --login --pin "$PIN" --keypairgen \
    --key-type "${type#*:}" --label "$name" --id "$(printf %s "$name" | xxd -p)" --usage-sign >/dev/null 2>&1
  pkcs11-tool --module $softhsm_module --token-label kms --read-object --type pubkey --label "$name" \
    --output-file "$name.der" >/dev/null 2>&1
  openssl pkey -pubin -inform DER -in "$name.der" -out "$name.pem" || bail_out "no key for the engine"
done
for way in kms file engine; do for type in rsa ec; do certify $way-$type; done; done

for engine in /usr/lib/*/engines-3/pkcs11.so; do :; done
cat >engine.cnf <<CNF
openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
dynamic_path = $engine
MODULE_PATH = $softhsm_module
init = 1
CNF

cat >measure.py <<'PYTHON'
import os
import re
import subprocess
import time

CONFIGURATION = """\
daemon off;
worker_processes %(workers)d;
pid nginx.pid;
error_log stderr;
env SOFTHSM2_CONF;
env TRENT_CONF;
env OPENSSL_CONF;
events {}
http {
  access_log off;
  client_body_temp_path temporary;
  proxy_temp_path temporary;
  fastcgi_temp_path temporary;
  uwsgi_temp_path temporary;
  scgi_temp_path temporary;
  ssl_session_cache off;
  ssl_session_tickets off;
  server {
    listen 127.0.0.1:4433 ssl reuseport;
    ssl_certificate %(name)s.crt;
    ssl_certificate_key "%(key)s";
    return 200;
  }
}
"""
SECONDS, ROUNDS = int(os.environ["TRENT_BENCH_SECONDS"]), int(os.environ["TRENT_BENCH_ROUNDS"])
CLIENT = ["openssl", "s_time", "-connect", "127.0.0.1:4433", "-new", "-time", str(SECONDS)]


def processor_time(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# Handshakes per second, and milliseconds of processor time of the workers for each.
def measure(way, kind, workers):
    environment = dict(os.environ)
    if way == "kms":
        environment["OPENSSL_CONF"] = environment["KMS_CNF"]
    elif way == "engine":
        environment["OPENSSL_CONF"] = "engine.cnf"
    name = f"{way}-{kind}"
    key = f"{name}.key"
    if way == "engine":
        key = f"engine:pkcs11:pkcs11:token=kms;object={name};type=private?pin-value={os.environ['PIN']}"
    with open("nginx.conf", "w") as file:
        file.write(CONFIGURATION % dict(workers=workers, name=name, key=key))
    server = subprocess.Popen(["/usr/sbin/nginx", "-p", os.getcwd(), "-c", "nginx.conf", "-e", "stderr"],
                              env=environment)
    try:
        while subprocess.run(["curl", "-so", "/dev/null", "--cacert", "ca.pem", "https://localhost:4433/"]).returncode:
            if server.poll() is not None:
                raise SystemExit(f"nginx did not start: {way} {kind}")
            time.sleep(0.1)
        pids = subprocess.check_output(["pgrep", "-P", str(server.pid)], text=True).split()
        before = sum(map(processor_time, pids))
        clients = [subprocess.Popen(CLIENT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [client.communicate()[0] for client in clients]
        count = sum(int(re.search(r"(\d+) connections in \d+ real seconds", text)[1]) for text in said)
        return count / SECONDS, 1000 * (sum(map(processor_time, pids)) - before) / count
    finally:
        server.terminate()
        server.wait()


WAYS = ("file", "engine", "kms")
for kind in ("ec", "rsa"):
    for workers in (1, 2):
        # In turns, and the best of each, so that what else the machine does is in none.
        rounds = [[measure(way, kind, workers) for way in WAYS] for _ in range(ROUNDS)]
        rate = {way: max(column[i][0] for column in rounds) for i, way in enumerate(WAYS)}
        cost = {way: min(column[i][1] for column in rounds) for i, way in enumerate(WAYS)}
        print(f"{dict(ec='EC P-256', rsa='RSA-2048')[kind]}, {workers} worker(s): "
              + ", ".join(f"{way} {rate[way]:.0f}/s ({cost[way]:.2f} ms)" for way in WAYS)
              + f"; kms {rate['kms'] / rate['file']:.2f} of file, {rate['kms'] / rate['engine']:.2f} of engine"
              + f" (by processor time {cost['file'] / cost['kms']:.2f}, {cost['engine'] / cost['kms']:.2f})",
              flush=True)
PYTHON
/usr/bin/python3 measure.py
