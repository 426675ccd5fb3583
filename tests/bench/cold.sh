#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a whole process costs: one ReEncrypt by `openssl pkeyutl`, from start to end, compared with one
# AES decryption by `pkcs11-tool` on the same SoftHSM token. Prints the ratio; up to 1.5 is good.
#
#   meson setup --buildtype=release build-bench && ninja -C build-bench
#   TRENT_BUILD=$PWD/build-bench sh tests/bench/cold.sh [RUNS]
runs=${1:-30}
. "$(dirname "$0")/../support/lib.sh"
make_token

for alias in old new; do
  "$trent" create-alias --alias-name alias/$alias --target-key-id "$("$trent" create-key --output raw)"
done
head -c 32 /dev/urandom >secret
openssl pkeyutl -provider default -provider trent -encrypt -inkey kms:alias/old -in secret -out blob

cat >tool <<TOOL
#!/bin/sh
exec pkcs11-tool --module $softhsm_module --token-label kms --login --pin 1234 "\$@"
TOOL
chmod +x tool
iv=000102030405060708090a0b0c0d0e0f
./tool --keygen --key-type aes:32 --id 77 --usage-decrypt >/dev/null 2>&1
./tool --encrypt --mechanism AES-CBC-PAD --iv $iv --id 77 --input-file secret --output-file cbc \
  >/dev/null 2>&1

cat >reencrypt <<REENCRYPT
#!/bin/sh
exec openssl pkeyutl -provider default -provider trent -encrypt -inkey kms:alias/new -in blob \
  -out moved -pkeyopt reencrypt:1
REENCRYPT
cat >decrypt <<DECRYPT
#!/bin/sh
exec ./tool --decrypt --mechanism AES-CBC-PAD --iv $iv --id 77 --input-file cbc --output-file plain
DECRYPT
chmod +x reencrypt decrypt
./reencrypt && ./decrypt >/dev/null 2>&1 && cmp secret plain || bail_out 'the commands do not work'

python3 - "$runs" <<'PYTHON'
import subprocess, sys, time

def run(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)

# In turns, and the best of each, so that what else the machine does is in neither.
times = [(run("./reencrypt"), run("./decrypt")) for _ in range(int(sys.argv[1]))]
ours, theirs = (min(column) for column in zip(*times))
print(f"ReEncrypt by openssl {ours:.1f} ms, AES decryption by pkcs11-tool {theirs:.1f} ms: "
      f"ratio {ours / theirs:.2f}")
PYTHON
