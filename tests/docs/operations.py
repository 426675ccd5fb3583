#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md: the operations of AWS KMS, a line and an example of the command for each.

usage: operations.py MODEL_DUMP [--write]

The page follows from AWS's list of operations, Trent's own, and the help of the command, so this makes
it, and as a test finds out whether it is up to date. It also runs every example, each with what it
takes for granted; those of the help are so run as well.
"""

import os
import re
import subprocess
import sys
import tempfile

import made_page

build = os.path.abspath(os.environ.get("TRENT_BUILD", os.path.join(os.path.dirname(sys.argv[1]), "..", "..")))
TRENT = os.path.join(build, "src", "trent")

HEAD = """# Operations

The operations of AWS KMS: what each is for, and how the command says it. The same operation is
`aws kms VERB` and a call of the AWS SDKs through [a server](server.md). Members of requests and limits are KMS's
own, but for what [kms-compatibility.md](kms-compatibility.md) lists; `trent VERB --help` has the options.

This page is made of the tables of operations and the help of the command by `tests/docs/operations.py`, which
also runs every example. In them `alias/app` is a key for encryption, and `1234abcd-12ab-34cd-56ef-1234567890ab`
the ID of one.

"""

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "0987dcba-09fe-87dc-65ba-ab0987654321"
GRANT = "$GRANT"

BEGIN = """set -eu
cd "$WORK"
. kms/env
PASSWORD='a password'
key=$(trent create-key --output raw)
other=$(trent create-key --output raw)
"""
NAMED = 'trent create-alias --alias-name alias/app --target-key-id "$key"\n'
SEALED = ('echo secret > secret.txt\ntrent encrypt --key-id alias/app --plaintext fileb://secret.txt '
          '--encryption-context tenant=acme --output raw > secret.blob\n')


def made(name, spec, usage):
    return (f"trent create-alias --alias-name alias/{name} --target-key-id "
            f'"$(trent create-key --key-spec {spec} --key-usage {usage} --output raw)"\n')


SIGNER = "echo letter > letter.txt\n" + made("signer", "ECC_NIST_P256", "SIGN_VERIFY")
MAC = "echo letter > letter.txt\n" + made("mac", "HMAC_256", "GENERATE_VERIFY_MAC")
GRANTED = ('grant=$(trent create-grant --key-id "$key" --operations Decrypt --output raw '
           "--grantee-principal arn:aws:iam::111122223333:user/alice)\n")
IMPORTED = """key=$(trent create-key --origin EXTERNAL --output raw)
trent get-parameters-for-import --key-id "$key" --wrapping-algorithm RSAES_OAEP_SHA_1 \
  --wrapping-key-spec RSA_2048 > import.json
jq -r .PublicKey import.json | base64 -d > wrapping.der
jq -r .ImportToken import.json | base64 -d > import.token
openssl rand -out material.bin 32
openssl pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der -pkeyopt rsa_padding_mode:oaep \
  -in material.bin -out wrapped.bin
"""

TWO_REGIONS = """cp kms/pin kms/second-pin
softhsm2-util --init-token --free --label second --pin "$(cat kms/pin)" --so-pin 12345678 > log
printf '[[token]]\naccount = "111122223333"\nregion = "eu-west-1"\nmodule = "%s"\nuri = "%s"\npin-source = "%s"\n' \
  /usr/lib/softhsm/libsofthsm2.so pkcs11:token=second file:second-pin >> kms/trent.toml
"""

# What an example takes for granted, beside a key and another one.
PREPARE = {
    "create-key": """cp kms/so-pin so-pin
PIN=$(cat kms/pin) pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label kms --login --pin env:PIN \
  --keypairgen --key-type RSA:2048 --label legacy-rsa --id 01 2> log
""",
    "describe-key": NAMED,
    "cancel-key-deletion": 'trent schedule-key-deletion --key-id "$key" > log\n',
    "retire-grant": GRANTED,
    "revoke-grant": GRANTED,
    "import-key-material": IMPORTED,
    "delete-imported-key-material": IMPORTED +
    'trent import-key-material --key-id "$key" --import-token fileb://import.token --encrypted-key-material '
    "fileb://wrapped.bin --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE > log\n",
    "replicate-key": TWO_REGIONS,
    "update-primary-region": TWO_REGIONS + "mrk=$(trent create-key --multi-region --output raw)\n"
    'trent replicate-key --key-id "$mrk" --replica-region eu-west-1 > log\n',
    "update-alias": NAMED,
    "delete-alias": NAMED,
    "encrypt": NAMED + "echo secret > secret.txt\n",
    "decrypt": NAMED + SEALED,
    "re-encrypt": NAMED + SEALED + "cp secret.blob old.blob\n"
    'trent create-alias --alias-name alias/new --target-key-id "$other"\n',
    "generate-data-key": NAMED,
    "generate-data-key-without-plaintext": NAMED,
    "generate-data-key-pair": NAMED,
    "generate-data-key-pair-without-plaintext": NAMED,
    "derive-shared-secret": made("agree", "ECC_NIST_P256", "KEY_AGREEMENT") +
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer.key\n"
    "openssl pkey -in peer.key -pubout -out peer.pem\n",
    "get-public-key": SIGNER,
    "sign": SIGNER,
    "verify": SIGNER + "trent sign --key-id alias/signer --message fileb://letter.txt --signing-algorithm "
    "ECDSA_SHA_256 --output raw > letter.sig\n",
    "generate-mac": MAC,
    "verify-mac": MAC + "trent generate-mac --key-id alias/mac --message fileb://letter.txt --mac-algorithm "
    "HMAC_SHA_256 --output raw > letter.mac\n",
}


def verb_of(operation):
    """"ReEncrypt" as "re-encrypt"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", operation).lower()


def ask(*arguments):
    return subprocess.run([TRENT, *arguments], check=True, capture_output=True, text=True).stdout


def summaries():
    """The groups of the help, in its order: [(group, [(verb, summary)])]."""
    groups = []
    for line in ask("--help").split("\nSetup:\n")[1].split("\nStart here:")[0].splitlines():
        if line.endswith(":"):
            groups.append((line[:-1], []))
        elif match := re.fullmatch(r"  (\S+)(?: +(\S.*))?", line):
            if groups:
                groups[-1][1].append([match[1], match[2] or ""])
        elif line.strip() and groups:
            groups[-1][1][-1][1] += " " + line.strip()
    return groups


def help_of(verb):
    """The remark and the examples in the help of a verb."""
    footer = ask(verb, "--help").split("--endpoint-url")[1].split("\n\n", 1)[1]
    remark, examples = ("\n" + footer).split("\nExamples:\n")
    return remark.strip(), re.sub(r"(?m)^  ", "", examples.rstrip()) + "\n"


def in_markdown(remark):
    """Options and verbs as code."""
    remark = re.sub(r"(?<![\w-])(--[a-z-]+(?: (?:raw|text)\b)?)", r"`\1`", remark)
    remark = re.sub(r"(?<!`)\btrent ([a-z]+(?:-[a-z]+)+)", r"`trent \1`", remark)
    return re.sub(r"\bdocs/([a-z-]+\.md)", r"[\1](\1)", remark)


def page(ours, aws):
    of_verb = {verb_of(name): name for name in ours}
    text = HEAD + f"{len(ours)} of {len(aws)} operations are there.\n"
    seen = set()
    for group, verbs in summaries():
        verbs = [(verb, summary) for verb, summary in verbs if verb in of_verb]
        if not verbs:  # the command's own
            continue
        text += f"\n## {group}\n"
        for verb, summary in verbs:
            remark, examples = help_of(verb)
            seen.add(of_verb[verb])
            text += f"\n### {of_verb[verb]}\n\n{summary}.\n"
            if remark:
                text += in_markdown(remark) + "\n"
            text += f"\n```sh\n{examples}```\n"
    if seen != set(ours):
        raise SystemExit(f"no verb for {set(ours) - seen}")
    text += "\n## Not there\n\n"
    text += ", ".join(name for name in aws if name not in ours) + ".\n"
    return text + "\nAn operation that is not there is an `UnknownOperationException`; " \
        "[kms-compatibility.md](kms-compatibility.md) says why.\n"


def examples_of(text):
    return re.findall(r"\n### (\w+)\n.*?```sh\n(.*?)```", text, re.S)


def run(operation, examples):
    """What went wrong, or None."""
    with tempfile.TemporaryDirectory() as work:
        environment = {"WORK": work, "HOME": work, "PATH": os.path.dirname(TRENT) + ":/usr/bin:/bin",
                       "LC_ALL": "C.UTF-8"}
        subprocess.run([TRENT, "init", work + "/kms"], check=True, env=environment, capture_output=True)
        script = examples.replace(KEY, "$key").replace(OTHER_KEY, "$other").replace(GRANT, "$grant")
        script = re.sub("mrk-[0-9a-f]{32}", "$mrk", script)
        verb = verb_of(operation)
        # A ciphertext that is bound to a context needs it; the second example has one without.
        if verb == "decrypt":
            first, second = script.split("trent decrypt --key-id")
            again = SEALED.replace("--encryption-context tenant=acme ", "")
            script = first + again + "trent decrypt --key-id" + second
        script = BEGIN + PREPARE.get(verb, "") + script
        done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, errors="replace")
        return None if done.returncode == 0 else done.stderr


def main():
    text = page(*made_page.tables())
    made_page.check(os.path.join(made_page.source, "docs", "operations.md"), text)
    examples = examples_of(text)
    for number, (operation, commands) in enumerate(examples, 2):
        fault = run(operation, commands)
        for line in (fault or "").splitlines():
            print("# " + line)
        print(("not ok" if fault else "ok") + f" {number} - {operation}")
    print(f"1..{1 + len(examples)}")


main()
