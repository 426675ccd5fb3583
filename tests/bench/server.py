# SPDX-License-Identifier: Apache-2.0
"""What the network door costs: signed ReEncrypts of 32 bytes over HTTP, compared with what as many
processes of the core do without HTTP, on tokens of SoftHSM's, in one run. The secret of the access
key is in the token.

  meson setup -Dbench=true --buildtype=release build-bench && ninja -C build-bench
  TRENT_BUILD=$PWD/build-bench python3 tests/bench/server.py [SECONDS] [--memory REQUESTS]

Good: at least 0.6 of the core's throughput; less than 60 us of processor time for HTTP, signature
and JSON; at 80 % load, p99 below 5 times the median; a worker that grows by no more than the 0.8 KiB
that SoftHSM keeps of each ReEncrypt (--memory, with a million requests).

Times at 80 % load are those of a server that leaves one processor to who measures: where they share
one, p99 is how long the kernel lets the one wait for the other. In short rounds, of which the median
counts, for a machine that others use has stalls; how often a worker was interrupted tells of them.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "server"))
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from harness import BUILD, Home
from programs import access_key

WORKERS = 2
CONNECTIONS = 8


def core(home, seconds):
    """Requests per second of WORKERS processes together, and microseconds of CPU for each."""
    repetitions = 5  # as the benchmark itself says
    outputs = [home.path / f"core-{number}.json" for number in range(WORKERS)]
    running = [subprocess.Popen(
        [BUILD / "tests/bench/reencrypt-bench", "--benchmark_filter=through_service/32/",
         f"--benchmark_min_time={seconds / repetitions}", f"--benchmark_out={output}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=dict(os.environ, TRENT_BUILD=str(BUILD))) for output in outputs]
    results = []
    for process, output in zip(running, outputs):
        assert process.wait() == 0
        results += [result for result in json.loads(output.read_text())["benchmarks"]
                    if result.get("aggregate_name") == "median"]
    assert len(results) == WORKERS and all(each["time_unit"] == "us" for each in results), results
    return (sum(1e6 / result["real_time"] for result in results),
            sum(result["cpu_time"] for result in results) / len(results))


def cpu_seconds(server):
    """Of all workers, since they started."""
    ticks = 0
    for pid in server.workers():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def interruptions(server):
    """How often the kernel gave a worker's processor to somebody else."""
    return sum(int(line.split()[1]) for pid in server.workers()
               for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
               if line.startswith("nonvoluntary_ctxt_switches"))


def resident_bytes(server):
    return sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
               for pid in server.workers()) * os.sysconf("SC_PAGESIZE")


def signed(server, key, operation, members):
    """The bytes of a request."""
    headers = {"Content-Type": "application/x-amz-json-1.1",
               "X-Amz-Target": "TrentService." + operation, "Host": f"127.0.0.1:{server.port}"}
    body = json.dumps(members)
    request = AWSRequest("POST", server.url + "/", headers, body)
    SigV4Auth(Credentials(*key), "kms", "us-east-1").add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST / HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def load(home, server, request, seconds, rate=0):
    path = home.path / "request"
    path.write_bytes(request)
    done = subprocess.run([BUILD / "tests/bench/load", str(server.port), path, str(CONNECTIONS),
                           str(seconds), str(rate)], check=True, stdout=subprocess.PIPE, text=True)
    result = json.loads(done.stdout)
    assert result["failures"] == 0, result
    return result


def serve(home, workers):
    return home.serve("--workers", str(workers), "--requests-per-worker", "1000000000",
                      "--clock-skew", "86400", insecure=False)


def print_waiting(home, server, request, seconds):
    """How long answers take at 80 % of the rate that was reached just before."""
    load(home, server, request(server), 1)
    rounds = []
    for _ in range(10):
        rate = 0.8 * load(home, server, request(server), seconds / 20)["perSecond"]
        before = interruptions(server)
        took = load(home, server, request(server), seconds / 10, rate)["microseconds"]
        rounds.append((took["p99"] / took["median"], took["median"], took["p99"],
                       interruptions(server) - before))
    ratios, medians, p99s, interrupted = zip(*sorted(rounds))
    print(f"at 80 % load, {len(rounds)} rounds: median {statistics.median(medians):.0f} us, p99 "
          f"{statistics.median(p99s):.0f} us: {statistics.median(ratios):.1f} "
          f"({' '.join(f'{ratio:.1f}' for ratio in ratios)}; interrupted "
          f"{' '.join(str(times) for times in interrupted)} times)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", nargs="?", type=float, default=10)
    parser.add_argument("--memory", type=int, default=0, metavar="REQUESTS")
    options = parser.parse_args()
    home = Home()
    key_pair = access_key(home).values()
    keys = [home.trent("create-key", "--output", "raw").strip() for _ in range(2)]
    blob = json.loads(home.trent("encrypt", "--key-id", keys[0], "--plaintext",
                                 "x" * 32, "--encryption-context", "tenant=a",
                                 "--output", "json"))["CiphertextBlob"]

    def re_encrypt(server):
        return signed(server, key_pair, "ReEncrypt", {
            "CiphertextBlob": blob, "DestinationKeyId": keys[1],
            "SourceEncryptionContext": {"tenant": "a"},
            "DestinationEncryptionContext": {"tenant": "b"}})

    server = serve(home, WORKERS)
    try:
        request = re_encrypt(server)
        load(home, server, request, 1)
        rounds = []
        # In turns, so that what else the machine does is in both.
        for _ in range(3):
            core_rate, core_cpu = core(home, options.seconds / 3)
            before = cpu_seconds(server)
            served = load(home, server, request, options.seconds / 3)
            cpu = (cpu_seconds(server) - before) / served["requests"] * 1e6
            rounds.append((core_rate, core_cpu, served["perSecond"], cpu))
        core_rate, core_cpu, rate, cpu = (sum(column) / len(rounds) for column in zip(*rounds))
        print(f"throughput: {rate:.0f}/s over HTTP, {core_rate:.0f}/s by {WORKERS} processes of the "
              f"core: {rate / core_rate:.2f}")
        print(f"by processor time, wherever the load comes from: {1e6 / cpu:.0f} requests a second of "
              f"a worker's, {1e6 / core_cpu:.0f} ReEncrypts of the core's: {core_cpu / cpu:.2f}")
        print(f"processor time: {cpu:.0f} us a request, {core_cpu:.0f} us of it the core's: "
              f"{cpu - core_cpu:.0f} us")
        if options.memory:
            before = resident_bytes(server)
            grown = load(home, server, request, options.memory / rate)
            growth = resident_bytes(server) - before
            print(f"memory: {growth / 1024 / grown['requests']:.2f} KiB for each of "
                  f"{grown['requests']} requests")
        server.stop()
        server = serve(home, max(1, os.cpu_count() - 1))
        print_waiting(home, server, re_encrypt, options.seconds)
    finally:
        home.close()


main()
