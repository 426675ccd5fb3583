# SPDX-License-Identifier: Apache-2.0
# For aws.sh: aws and trent do the same, and say the same.
import base64
import glob
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap

EXAMPLES = "/usr/lib/python3/dist-packages/awscli/examples/kms"
ACCOUNT = "111122223333"
UUID = r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
CLIENTS = ("aws", "trent")
# What KMS tells by now, and the aws of Debian 12 does not know yet: it leaves it out.
NEWER = {"KeyMaterialId", "CurrentKeyMaterialId", "RotationPeriodInDays", "NextRotationDate", "PolicyName",
         "SourceKeyMaterialId", "DestinationKeyMaterialId", "SourceArn"}


def run(command, directory=".", check=True):
    result = subprocess.run(["sh", "-c", command], cwd=directory, capture_output=True, timeout=120)
    if check and result.returncode != 0:
        sys.exit(f"{command}\n{result.stdout.decode()}{result.stderr.decode()}")
    return result


def output(command, **options):
    return run(command, **options).stdout.decode().strip()


class World:
    """Keys and files for one of the two, so that each finds what the other has changed for itself only."""

    def __init__(self, client):
        self.client = client
        self.keys = {name: output(f"trent create-key {options} --output raw") for name, options in {
            "key": "", "other": "", "pending": "", "doomed": "", "external": "--origin EXTERNAL",
            "rsa": "--key-spec RSA_2048 --key-usage ENCRYPT_DECRYPT",
            "signer": "--key-spec RSA_2048 --key-usage SIGN_VERIFY"}.items()}
        run(f"trent schedule-key-deletion --key-id {self.keys['pending']}")
        self.aliases = {alias: f"alias/{alias}-{client}" for alias in ("example-alias", "test-key", "ExampleAlias")}
        for alias in ("test-key", "ExampleAlias"):
            run(f"trent create-alias --alias-name {self.aliases[alias]} --target-key-id {self.keys['other']}")
        self.grants = {verb: output(
            f"trent create-grant --key-id {self.keys['key']} --operations Decrypt --output raw "
            f"--grantee-principal arn:aws:iam::{ACCOUNT}:user/a --retiring-principal arn:aws:iam::{ACCOUNT}:user/b")
            for verb in ("retire-grant", "revoke-grant")}
        self.directory = os.path.abspath(f"world-{client}")
        os.mkdir(self.directory)
        policy = output(f"trent get-key-policy --key-id {self.keys['key']} --output raw")
        for name, content in {"ExamplePlaintextFile": "hello", "UnsignedMessage": "a message",
                              "EncodedMessage": "a message", "EncryptedKeyMaterial.bin": "x" * 256,
                              "ImportToken.bin": "y" * 100, "key_policy.json": policy}.items():
            with open(f"{self.directory}/{name}", "w", encoding="utf-8") as file:
                file.write(content)

    def key_for(self, verb, command):
        if "RSAES_OAEP" in command and verb in ("encrypt", "decrypt"):
            return self.keys["rsa"]
        return self.keys[{"sign": "signer", "verify": "signer", "get-public-key": "signer",
                          "get-parameters-for-import": "external", "import-key-material": "external",
                          "delete-imported-key-material": "external", "cancel-key-deletion": "pending",
                          "schedule-key-deletion": "doomed"}.get(verb, "key")]

    def command(self, verb, example):
        """The example with this world's keys for those in the documentation."""
        text = example.replace("123456789012", ACCOUNT)
        text = text.replace("1234abcd-12ab-34cd-56ef-1234567890ab", self.key_for(verb, example))
        rsa = "RSAES_OAEP" in example
        text = text.replace("0987dcba-09fe-87dc-65ba-ab0987654321", self.keys["rsa" if rsa else "other"])
        for alias, name in self.aliases.items():
            text = text.replace(f"alias/{alias}", name)
        if verb in self.grants:
            text = re.sub(r"\b[0-9a-f]{64}\b", self.grants[verb], text)
        return re.sub(r"\\ +\n", "\\\n", text).replace("aws kms ", f"{self.client} kms ")

    def normalised(self, text):
        for names in (self.keys, self.aliases, self.grants):
            for name, value in names.items():
                text = text.replace(value, f"<{name}>")
        return text


def shape(value, name=""):
    """A result, with what is never the same twice replaced by its kind."""
    if isinstance(value, dict):
        return {key: shape(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        # Grants come in the order of their random IDs.
        found = [shape(inner, name) for inner in value]
        return sorted(found, key=json.dumps) if name == "Grants" else found
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00", value):
        return "<date>"
    if name in ("CiphertextBlob", "Plaintext", "PublicKey", "Signature", "PrivateKeyPlaintext", "ImportToken",
                "PrivateKeyCiphertextBlob", "GrantToken"):
        decoded = len(base64.b64decode(value))
        # DER leaves out the zero bytes that a number happens to begin with.
        is_der = name in ("PrivateKeyPlaintext", "PrivateKeyCiphertextBlob", "Signature")
        return "<bytes>" if is_der else f"<{decoded} bytes>"
    value = re.sub(UUID, "<id>", value)
    return re.sub(r"[0-9a-f]{64}", "<hash>", value)


def without_newer(value):
    if isinstance(value, dict):
        return {name: without_newer(inner) for name, inner in value.items() if name not in NEWER}
    return [without_newer(inner) for inner in value] if isinstance(value, list) else value


# Whole answers that it does not know.
NO_ANSWER = {"delete-imported-key-material"}


def same(verb, results):
    (code, error, out, _), (our_code, our_error, ours, is_refused) = results
    # An option that Trent does not have is refused by the command already.
    if is_refused and error and error[0] == "UnsupportedOperationException":
        return our_code == 252
    if verb == "get-key-rotation-status":
        ours = {name: value for name, value in ours.items() if name != "KeyId"}
    elif verb in NO_ANSWER and our_code == 0:
        ours = ""
    elif verb == "get-key-policy" and isinstance(ours, str) and ours.endswith("\tdefault\n"):
        ours = json.loads(ours.split("\t", maxsplit=1)[0])
    return (code, error, out) == (our_code, our_error, without_newer(ours))


def said(world, result):
    """Exit code, error, and output, as they can be compared."""
    error = re.search(r"An error occurred \((\w+)\) when calling the (\w+) operation", result.stderr.decode())
    text = world.normalised(result.stdout.decode())
    try:
        out = shape(json.loads(text))
    except ValueError:
        out = text
    return result.returncode, error and error.groups(), out, b" is not available. " in result.stderr


def examples():
    """Verb and command of each example of the documentation for a verb that Trent has, but those for Windows."""
    verbs = set(re.findall(r"^  ([a-z-]{4,})", output("trent --help"), re.M))
    for path in sorted(glob.glob(f"{EXAMPLES}/*.rst")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in re.finditer(r"^( +)aws kms .*(?:\n\1 +.*)*", text, re.M):
            command = textwrap.dedent(match[0]).strip()
            verb = command.split()[2]
            if verb in verbs and "^" not in command and "C:\\" not in command:
                yield verb, command


def run_examples():
    worlds = [World(client) for client in CLIENTS]
    # What others need comes first.
    first = ["encrypt", "generate-random", "create-alias", "get-key-policy", "put-key-policy", "sign", "get-parameters-for-import"]
    last = ["list-keys", "list-aliases", "delete-alias", "disable-key", "schedule-key-deletion"]
    # The RSA example overwrites the ciphertext of the one before.
    rank = lambda each: (each[0] in last, each[0] not in first,  # noqa: E731
                         "RSAES_OAEP" in each[1] and each[0] in ("encrypt", "decrypt"))
    order = sorted(examples(), key=rank)
    failures, verbs, successes = [], set(), 0
    for verb, example in order:
        if verb == "decrypt" and "RSAES_OAEP" in example:
            rsa = next(each for each in order if each[0] == "encrypt" and "RSAES_OAEP" in each[1])
            for world in worlds:
                run(world.command(*rsa), directory=world.directory)
        elif verb in ("decrypt", "re-encrypt"):
            plain = next(each for each in order if each[0] == "encrypt" and "RSAES_OAEP" not in each[1])
            for world in worlds:
                run(world.command(*plain), directory=world.directory)
        # In whole lists each sees both, and it is the same that they see.
        of = worlds[:1] * 2 if verb in ("list-keys", "list-aliases") else worlds
        results = [said(as_seen_by, run(world.command(verb, example).replace(world.keys["key"], as_seen_by.keys["key"]),
                                        directory=world.directory, check=False))
                   for world, as_seen_by in zip(worlds, of)]
        verbs.add(verb)
        successes += results[0][0] == 0
        if not same(verb, results):
            failures.append(f"{example}\naws:   {results[0]}\ntrent: {results[1]}")
        files = [{name: os.path.getsize(f"{world.directory}/{name}") for name in sorted(os.listdir(world.directory))}
                 for world in worlds]
        if files[0] != files[1]:
            failures.append(f"{example}\nfiles of aws:   {files[0]}\nfiles of trent: {files[1]}")
    for world in worlds:
        with open(f"{world.directory}/ExamplePlaintextFile", encoding="utf-8") as file:
            assert file.read() == "hello"
    print("\n\n".join(failures))
    print(f"{len(order)} examples of {len(verbs)} verbs, of which {successes} succeed")
    return not failures and len(order) >= 50 and len(verbs) >= 35 and successes >= 45


class Aws:
    """aws within this process: to start it takes a second each time."""

    def __init__(self):
        os.environ.pop("OPENSSL_MODULES", None)
        from awscli import clidriver  # pylint: disable=import-outside-toplevel
        self.driver = clidriver.create_clidriver()

    def main(self, arguments):
        try:
            return self.driver.main(["--endpoint-url", os.environ["AWS_ENDPOINT"], "--no-cli-pager"] + arguments)
        except SystemExit as end:
            return end.code

    def __call__(self, command):
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in streams)
        try:
            code = self.main(shlex.split(command))
        finally:
            texts = []
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
                texts.append(stream.buffer.getvalue())
            sys.stdout, sys.stderr = streams
        return subprocess.CompletedProcess(command, code, *texts)


def serve():
    """What bin/aws of aws.sh asks: each command in a child, which has that one's directory and streams."""
    aws = Aws()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(os.environ["AWS_STARTED"])
        listener.listen()
        while True:
            connection = listener.accept()[0]
            message, streams, _, _ = socket.recv_fds(connection, 1 << 17, 3)
            if os.fork() == 0:
                directory, arguments = json.loads(message)
                os.chdir(directory)
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                code = aws.main(arguments)
                sys.stdout.flush()
                sys.stderr.flush()
                connection.send(str(code).encode())
                os._exit(0)
            for descriptor in (connection.detach(), *streams):
                os.close(descriptor)


def compare(commands):
    failures = []
    aws = Aws()
    for command in commands:
        results = [aws(f"kms {command}"), run(f"trent kms {command}", check=False)]
        for result in results:  # the one token of aws is its own, the other that of the service
            result.stdout = re.sub(rb'(NextToken"?: |NEXTTOKEN\t)"?[A-Za-z0-9+/=]+"?', rb"\1TOKEN", result.stdout)
        if results[0].stdout != results[1].stdout or results[0].returncode != results[1].returncode:
            failures.append("\n".join([command] + [f"{client}: exit code {result.returncode}\n"
                                                   f"{result.stdout.decode()}{result.stderr.decode()[-300:]}"
                                                   for client, result in zip(CLIENTS, results)]))
    print("\n".join(failures))
    return not failures


def run_formats():
    key = output("trent create-key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC "
                 "--description 'what it is for' --tags TagKey=Team,TagValue=Pay TagKey=Env,TagValue=t "
                 "--output raw")
    other = output("trent create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY --output raw")
    for alias in ("one", "two"):
        run(f"trent create-alias --alias-name alias/{alias} --target-key-id {key}")
    for user in ("a", "b"):
        run(f"trent create-grant --key-id {key} --grantee-principal arn:aws:iam::{ACCOUNT}:user/{user} "
            f"--operations GenerateMac VerifyMac --name grant-{user}")
    commands = [f"describe-key --key-id {key}", f"describe-key --key-id {other}", "list-keys", "list-aliases",
                f"list-grants --key-id {key}", f"list-resource-tags --key-id {key}",
                f"list-key-policies --key-id {key}",
                f"get-public-key --key-id {other}", f"list-resource-tags --key-id {other}",
                f"enable-key --key-id {key}", "describe-key --key-id alias/nobody"]
    queries = {
        f"describe-key --key-id {key}": ["KeyMetadata.Arn", "KeyMetadata.[KeyId, Enabled, MultiRegion]", "KeyMetadata.Nothing",
                                         "KeyMetadata.{Id: KeyId, Algorithms: MacAlgorithms}", "KeyMetadata.CreationDate",
                                         "length(KeyMetadata.KeyId)", "KeyMetadata.MacAlgorithms", "keys(@)"],
        "list-keys": ["Keys[].KeyId", "Keys[*].[KeyId, KeyArn]", f"Keys[?KeyId=='{key}'] | [0]", "Keys[0].KeyId",
                      "length(Keys)", "Keys[*].{b: KeyId, a: KeyArn}", "Keys[9]", "Keys[?KeyId=='x']"],
        "list-aliases": ["Aliases[?AliasName=='alias/one'].TargetKeyId", "Aliases[*].[AliasName, [TargetKeyId]]"],
        f"list-grants --key-id {key}": ["Grants[*].Operations", "Grants[*].Operations[]", "Grants[].{G: GranteePrincipal, O: Operations}",
                                        "Grants[?Name=='grant-a'].Operations | [0]", "Grants[*].Constraints"],
        f"get-key-policy --key-id {key} --policy-name default": ["Policy"],
    }
    commands += [f"{command} --query \"{query}\"" for command, each in queries.items() for query in each]
    commands = [f"{command} --output {form}" for command in commands for form in ("json", "text", "table", "yaml")]
    commands += [f"list-keys --max-items 1 --output {form}" for form in ("json", "text", "yaml")]
    commands += ["list-keys --max-items 1 --output table --query Keys"]
    commands += [f"list-aliases --max-items 1 --page-size 1 --output {form}" for form in ("json", "text")]
    commands += ["list-keys --no-paginate", "list-keys --limit 1 --query Truncated", f"describe-key --key-id {key} --color off"]
    return compare(commands)


def run_skeletons():
    """Of what both know: the one has newer fields, the other has none for custom key stores."""
    failures, count = [], 0
    for verb in sorted({verb for verb, _ in examples()}):
        # For others, aws makes output that it refuses itself: an ARN that is too short, a blob that is none.
        whiches = ["input"] + ["output"] * (verb in ("list-grants", "list-key-policies"))
        for which in whiches:
            options = "--key-id x " * (which == "output")
            command = f"kms {verb} {options}--generate-cli-skeleton {which}"
            # A session goes on to print those that it was asked for before.
            theirs = Aws()(command)
            if not theirs.stdout:
                failures.append(f"{command}: {theirs}")
                continue
            results = [json.loads(theirs.stdout), without_newer(json.loads(output(f"trent {command}")))]
            count += 1
            common = set(results[0]) & set(results[1])
            both = [{name: each[name] for name in each if name in common} for each in results]
            if both[0] != both[1] or (results[0] and not common):
                failures.append(f"{verb}\naws:   {both[0]}\ntrent: {both[1]}")
    print("\n".join(failures), f"{count} skeletons")
    return not failures and count >= 35


def run_inputs():
    key = output("trent create-key --output raw")
    with open("input.json", "w", encoding="utf-8") as file:
        json.dump({"KeyId": key, "Plaintext": base64.b64encode(b"by file").decode(), "EncryptionContext": {"a": "b"}}, file)
    for client in CLIENTS:
        for command, plain in {
            "--cli-input-json file://input.json": "by file",
            f"--cli-input-json file://input.json --plaintext {base64.b64encode(b'over it').decode()}": "over it",
            f"--key-id {key} --plaintext 'as it is' --cli-binary-format raw-in-base64-out --encryption-context a=b": "as it is",
            f"""--cli-binary-format raw-in-base64-out --cli-input-json '{{"KeyId":"{key}","Plaintext":"raw","EncryptionContext":{{"a":"b"}}}}'""": "raw",
        }.items():
            blob = output(f"{client} kms encrypt {command} --query CiphertextBlob --output text")
            other = CLIENTS[client == "aws"]
            got = output(f"{other} kms decrypt --ciphertext-blob {blob} --encryption-context a=b --query Plaintext --output text")
            if base64.b64decode(got).decode() != plain:
                print(client, command, got)
                return False
    return compare([
        f"list-resource-tags --cli-input-json '{{\"KeyId\":\"{key}\",\"Limit\":1}}'",
        f"describe-key --cli-input-json '{{\"KeyId\":\"{key}\"}}' --query KeyMetadata.KeyId",
        "describe-key --cli-input-json '{}'",
        f"describe-key --cli-input-json '{{\"KeyId\":\"{key}\",\"Foo\":1}}'",
        "describe-key --cli-input-json '{'",
        "describe-key --cli-input-json '[]'",
        "describe-key",
        "describe-key --nonsense",
        "list-keys --query 'Keys['",
        "list-keys --output nonsense",
        "encrypt",
    ])


sys.exit(0 if {"serve": serve, "examples": run_examples, "formats": run_formats, "skeletons": run_skeletons,
               "inputs": run_inputs}[sys.argv[1]]() else 1)
