#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares Trent's decisions with those of evaluator.py, on random policies and requests.

usage: comparison.py DECIDE [SEED [PAIRS]]
"""

import json
import random
import subprocess
import sys
from collections import Counter

import evaluator
from evaluator import EITHER, NO, OPERATORS, YES, Malformed, Policy

QUERIES = 5  # for each policy
# Pairs of a policy and a request, of which each operator has every outcome.
ENOUGH = 100000

ACCOUNTS = ["111122223333", "444455556666"]
PRINCIPALS = [
    {"arn": "arn:aws:iam::111122223333:root", "account": ACCOUNTS[0]},
    {"arn": "arn:aws:iam::111122223333:user/alice", "account": ACCOUNTS[0]},
    {"arn": "arn:aws:iam::111122223333:user/Alice", "account": ACCOUNTS[0]},
    {"arn": "arn:aws:iam::444455556666:user/alice", "account": ACCOUNTS[1]},
    {"arn": "arn:aws:sts::111122223333:assumed-role/admin/monday", "account": ACCOUNTS[0],
     "role": "arn:aws:iam::111122223333:role/team/admin"},
    {"arn": "arn:aws:sts::111122223333:assumed-role/admin/jörg", "account": ACCOUNTS[0],
     "role": "arn:aws:iam::111122223333:role/team/admin"},
    {"arn": "arn:aws:sts::444455556666:federated-user/bob", "account": ACCOUNTS[1]},
    {"arn": "", "account": "", "service": "logs.amazonaws.com"},
]
NAMES = {
    "AWS": ["*", *ACCOUNTS, "arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root",
            *(p["arn"] for p in PRINCIPALS if p["arn"]),
            "arn:aws:iam::111122223333:role/team/admin", "arn:aws:iam::111122223333:role/admin"],
    "Service": ["logs.amazonaws.com", "s3.amazonaws.com"],
    "Federated": ["cognito-identity.amazonaws.com"],
    "CanonicalUser": ["79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"],
}
BAD_NAMES = ["alice", "11112222333", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::*:root",
             "arn:aws:iam::111122223333:group/a", "", "arn:aws:iam::111122223333:user/"]
ACTIONS = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "KMS:encrypt",
           "s3:GetObject"]
ACTION_PATTERNS = ["*", "kms:*", "KMS:*", "kms:Encrypt", "kms:ENCRYPT", "kms:ReEncrypt*",
                   "kms:ReEncrypt", "kms:ReEncrypt??", "kms:?ncrypt", "kms:*crypt*", "kms:**T*o",
                   "s3:*", "kms:Decrypt"]
BAD_ACTIONS = ["", "Encrypt", "kms:", "k*:Encrypt", ":Encrypt", "kms:En crypt", "kms:${v:One}"]
RESOURCES = ["*", "arn:aws:kms:eu:111122223333:key/a", "arn:aws:kms:eu:111122223333:key/ab",
             "arn:aws:kms:us:111122223333:key/a", "arn:aws:kms:eu:111122223333:alias/é:x",
             "arn:aws:kms:eu:111122223333:key/one", "arn:aws:kms:eu:111122223333:key/a:x:y",
             "arn:aws-cn:kms::444455556666:key/*"]
RESOURCE_PATTERNS = [
    "*", "arn:aws:kms:*:*:*", "arn:aws:kms:eu:111122223333:key/a", "arn:aws:kms:e?:*:key/*",
    "arn:*:kms:*:111122223333:key/a?", "arn:aws:kms:*:*:alias/?:x", "arn:aws:kms:*:*:alias/*",
    "arn:aws:kms:eu:111122223333:key/${v:One}", "arn:aws:kms:*:*:key/${v:None, 'a'}",
    "arn:aws*:kms:*:*:key/${*}", "arn:aws:kms:*:*:key/${v:Star}", "arn:aws:kms:*:*:key/${v:None}",
    "arn:aws:kms:*:*:key/${v:Unknown}", "arn:aws:*:key/a:x:y", "arn:aws:kms:*:*:*/$a"]
BAD_RESOURCES = ["", "key/a", "arn:aws:kms:*", "arn:aws:kms:eu:${v:One}:key/a", "**",
                 "arn:aws:kms:eu:1:key/${v:One"]

# The first ones are the more frequent ones, so that something matches.
TEXTS = ["a", "ab", "A", "one", "", "abc", "ONE", "é", "É", "aéc", "a*c", "*", "?", "日本", "a b",
         "tru", "$", "${v:One}", "a\nb"]
TEXT_PATTERNS = ["a", "ab", "${v:One}", *TEXTS, "a*", "*b*", "a?c", "??", "*é*", "${V:one}*",
                 "${v:None}",
                 "${v:None, 'ab'}", "${v:None,''}", "${*}", "a${?}", "${$}", "${v:Star}",
                 "${v:Two}", "${v:Unknown, 'a'}", "*a*b*c*", "**", 7, True]
NUMBERS = ["1", "1.0", "10", "-2", "0", "-0", "+1", "01", "1.5", "-1.5", "9", "9.99",
           "9007199254740993", "9007199254740992", "123456789012345678901234567890"]
BAD_NUMBERS = ["", "x", "1e3", "1.", ".5", " 1", "--1", "٣", "1,0"]
DATES = ["2030-01-01T00:00:00Z", "2030-01-01", "2030-01", "1893456000", "2030-01-01T01:00:00+01:00",
         "2029-12-31T23:59Z", "2030-01-01T00:00:00.5Z", "2030-01-01T00:00:00.500000000Z",
         "2024-02-29", "-1", "1969-12-31T23:59:59Z", "0", "2029-12-31T18:30:00-05:30"]
BAD_DATES = ["", "tomorrow", "2030-02-29", "2030-13-01", "2030-01-01T00:00:00", "2030-1-1",
             "2030-01-01T24:00:00Z", "2030-01-01T00:60Z", "99999999999999999999", "2030-01-01Z",
             "2030-01-01T00:00:00.Z", "2030-01-01T00:00Z+01:00", "+5", "-"]
TRUTHS = ["true", "false", "TRUE", "False"]
BAD_TRUTHS = ["", "yes", "0", "true "]
BINARIES = ["AQID", "AQIE", "", "AQ==", "AQI="]
BAD_BINARIES = ["A", "AQ", "AR==", "AQ ==", "AQID\n", "====", "é"]
ADDRESSES = ["203.0.113.7", "203.0.113.255", "203.0.114.0", "192.0.2.1", "::1", "2001:db8::1",
             "2001:DB8:8000::1", "::ffff:203.0.113.7", "0.0.0.0", "::"]
BAD_ADDRESSES = ["", "unix", "203.0.113", "203.0.113.256", "fe80::1%eth0", "203.0.113.7 ", ":::",
                 "203.0.113.07", "192.0.2.1/24/3"]
RANGES = ["203.0.113.0/24", "203.0.113.9/25", "2001:db8::/33", "::/0", *ADDRESSES,
          "203.0.113.7/32", "0.0.0.0/0", "2001:db8::/32", "::ffff:203.0.113.0/120", "::/96",
          "192.0.2.0/31"]
BAD_RANGES = [*BAD_ADDRESSES, "203.0.113.0/33", "2001:db8::/129", "203.0.113.0/", "0.0.0.0/-1",
              "203.0.113.0/255.255.255.0"]
ARNS = RESOURCES[1:] + ["arn:aws:iam::111122223333:user/one", "arn:::::"]
ARN_PATTERNS = [*RESOURCE_PATTERNS, *ARNS, "arn:aws:iam::${v:Account}:user/${v:One}", "${v:Arn}",
                "${v:One}"]
BAD_ARNS = ["", "key/a", "arn:aws:kms:*", "ARN:aws:kms:a:b:c"]

# The type of a condition key: values of requests, of policies, and such as neither should have.
TYPES = {
    "String": (TEXTS, TEXT_PATTERNS, [], []),
    "Numeric": (NUMBERS, [*NUMBERS, 1, -2, 1.5], BAD_NUMBERS, BAD_NUMBERS),
    "Date": (DATES, [*DATES, 1893456000], BAD_DATES, BAD_DATES),
    "Bool": (TRUTHS, [*TRUTHS, True, False], BAD_TRUTHS, BAD_TRUTHS),
    "Binary": (BINARIES, BINARIES, BAD_BINARIES, BAD_BINARIES),
    "Ip": (ADDRESSES, RANGES, [*BAD_ADDRESSES, "203.0.113.0/24"], BAD_RANGES),
    "Arn": (ARNS, ARN_PATTERNS, BAD_ARNS, BAD_ARNS),
    "Null": (TEXTS, [*TRUTHS, True, False], [], BAD_TRUTHS),
}


def type_of(operator):
    return next((name for name in ("Numeric", "Date", "Bool", "Binary", "Ip", "Arn", "Null")
                 if name in operator), "String")


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.keys = set()  # that the policy has conditions on

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, values):
        return self.random.choice(values)

    def frequent(self, values):
        """The first ones more often."""
        return self.random.choice(values[:4] if self.chance(0.5) else values)

    def letters(self, text):
        """The same with other letters' case, at times."""
        return self.pick([text, text, text, text.upper(), text.lower()])

    def one_or_more(self, values, bad=(), mistakes=0.0):
        def one():
            return self.pick(bad) if bad and self.chance(mistakes) else self.frequent(values)
        if self.chance(0.5):
            return one()
        return [one() for _ in range(self.random.randint(1, 3))]

    def principals(self, excepted):
        if not excepted and self.chance(0.3):
            return "*"
        kinds = self.random.sample(list(NAMES), self.pick([1, 1, 1, 2]), counts=[6, 2, 1, 1])
        return {kind: self.one_or_more(NAMES[kind][excepted and kind == "AWS":], BAD_NAMES, 0.002)
                for kind in kinds}

    def condition(self):
        condition = {}
        for _ in range(self.pick([1, 1, 1, 1, 2])):
            base = self.pick(OPERATORS)
            _, patterns, _, bad = TYPES[type_of(base)]
            operator = base
            if base != "Null":
                operator = (self.pick(["", "", "", "ForAllValues:", "ForAnyValue:"]) + base +
                            self.pick(["", "", "IfExists"]))
            if self.chance(0.002):
                operator = self.pick(["StringSortOf", "stringequals", "NullIfExists",
                                      "ForAnyValue:Null", "IfExists", "ForAllValues:", ""])
            keys = condition.setdefault(operator, {})
            for _ in range(self.pick([1, 1, 1, 2])):
                key = f"k:{type_of(base)}{self.pick(['1', '2', '3'])}"
                keys[self.letters(key)] = self.one_or_more(patterns, bad, 0.001)
                self.keys.add(key)
        return condition

    def statement(self, kind):
        statement = {"Effect": self.pick(["Allow", "Deny"])}
        if self.chance(0.2):
            statement["Sid"] = self.pick([*map(str, range(20)), "Sid ü", ""])
        if kind == "Resource":
            excepted = self.chance(0.3) and statement["Effect"] == "Deny"
            statement["NotPrincipal" if excepted else "Principal"] = self.principals(excepted)
            if excepted and self.chance(0.4):  # one who is excepted, in full
                who = self.pick(PRINCIPALS[:-1])
                statement["NotPrincipal"] = {"AWS": [who["arn"], who["account"],
                                                     *filter(None, [who.get("role")])]}
        statement[self.pick(["Action", "Action", "Action", "NotAction"])] = self.one_or_more(
            ACTION_PATTERNS, BAD_ACTIONS, 0.002)
        statement[self.pick(["Resource"] * 9 + ["NotResource"])] = (
            "*" if self.chance(0.6) else self.one_or_more(RESOURCE_PATTERNS, BAD_RESOURCES, 0.002))
        if self.chance(0.7):
            statement["Condition"] = self.condition()
        if self.chance(0.01):
            self.spoil(statement)
        return statement

    def spoil(self, value):
        name = self.pick(list(value))
        how = self.pick(["drop", "rename", "retype", "add"])
        if how == "drop":
            del value[name]
        elif how == "rename":
            value[self.pick([name.lower(), name + "s"])] = value.pop(name)
        elif how == "retype":
            value[name] = self.pick([None, [], {}, 7, True, "x", [[]], [None]])
        else:
            value.setdefault(self.pick(["Extra", "Principal", "NotAction", "NotResource"]), "*")

    def policy(self):
        kind = self.pick(["Resource", "Resource", "Identity"])
        self.keys = set()
        statements = [self.statement(kind) for _ in range(self.pick([1, 1, 2, 3, 4]))]
        document = {"Version": self.pick(["2012-10-17"] * 6 + ["2008-10-17"]),
                    "Statement": self.pick(statements) if self.chance(0.1) else statements}
        if self.chance(0.1):
            del document["Version"]
        if self.chance(0.1):
            document["Id"] = "policy"
        if self.chance(0.01):
            self.spoil(document)
        text = json.dumps(document, ensure_ascii=self.chance(0.5))
        if self.chance(0.01):  # cut, or with a name twice
            text = self.pick([text[:self.random.randrange(len(text))],
                              text.replace("{", '{"Id":"x",', 1), text + "x",
                              text.replace('"Effect"', '"Effect":"Deny","Effect"', 1)])
        return {"policy": text, "kind": kind}

    def context(self):
        context = {"v:One": ["one"], "v:Star": ["*"], "v:Two": ["a", "b"], "v:Unknown": None,
                   "v:Account": ["111122223333"], "v:Arn": [self.pick(ARNS)]}
        for key in sorted(self.keys):
            values, _, bad, _ = TYPES[key[2:-1]]
            how = self.random.random()
            if how < 0.04:
                context[self.letters(key)] = None
            elif how < 0.60:
                context[self.letters(key)] = [self.frequent(values)]
            elif how < 0.64 and bad:
                context[self.letters(key)] = [self.pick(bad)]
            elif how < 0.80:
                context[self.letters(key)] = [self.frequent(values)
                                              for _ in range(self.pick([0, 2, 3]))]
        return context

    def query(self):
        principal = {"role": "", "service": "", **self.pick(PRINCIPALS)}
        return {"principal": principal, "action": self.pick(ACTIONS),
                "resource": self.pick(RESOURCES), "context": self.context()}

    def case(self):
        return {**self.policy(), "queries": [self.query() for _ in range(QUERIES)]}


def expected(case, seen):
    """None if the policy is malformed."""
    try:
        policy = Policy(case["policy"], case["kind"], seen)
    except Malformed:
        return None
    decisions = []
    for query in case["queries"]:
        context = {key.lower(): values for key, values in query["context"].items()}
        decisions.append(policy.decide({**query, "context": context}))
    return decisions


def differences(cases, answers, seen, classes):
    for case, answer in zip(cases, answers):
        wanted, found = expected(case, seen), json.loads(answer)
        if wanted is None or isinstance(found, str):
            classes["malformed"] += QUERIES
            if not (wanted is None and isinstance(found, str)):
                yield {"policy": case["policy"], "kind": case["kind"]}, wanted, found
            continue
        for query, right, ours in zip(case["queries"], wanted, found):
            deny, allow, account = right
            classes["deny" if deny is not None else "allow" if allow is not None else
                    "account" if account is not None else "none"] += 1
            if right != ours:
                yield ({"policy": case["policy"], "kind": case["kind"], "query": query}, right,
                       ours)


def too_few(seen):
    """Operators that were not seen to hold, to fail and to be undecided, with and without a key."""
    counts = Counter()
    for (name, outcome, exists), count in seen.items():
        counts[name, outcome] += count
        counts[name, "without"] += 0 if exists else count
    missing = []
    for base in OPERATORS:
        names = [base] if base == "Null" else [
            prefix + base + suffix for prefix in ("", "ForAllValues:", "ForAnyValue:")
            for suffix in ("", "IfExists")]
        for name in names:
            for what in (YES, NO, EITHER, "without"):
                if counts[name, what] < 5:
                    missing.append(f"{name} {what if what == 'without' else sorted(what)}")
    return missing


def main(decide, seed="20261130", pairs=str(ENOUGH)):
    generator = Generator(int(seed))
    cases = [generator.case() for _ in range(int(pairs) // QUERIES)]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    answers = subprocess.run([decide], input=lines, capture_output=True, text=True,
                             check=True).stdout.splitlines()
    seen, classes = Counter(), Counter()
    print(f"# seed {seed}, {len(cases)} policies, {len(cases) * QUERIES} pairs")
    reports = []

    def report(good, what):
        reports.append(good)
        print(f"{'ok' if good else 'not ok'} {len(reports)} - {what}")

    count = 0
    for case, wanted, found in differences(cases, answers, seen, classes):
        count += 1
        if count <= 5:
            print(f"# {json.dumps(case)}\n#   expected {wanted}, Trent has {found}")
    report(len(answers) == len(cases) and count == 0, f"no difference ({count} found)")

    total = sum(classes.values())
    print("# " + ", ".join(f"{name} {number}" for name, number in sorted(classes.items())))
    report(all(classes[name] * 100 > total
               for name in ("deny", "allow", "account", "none", "malformed")),
           "each decision is more than one in a hundred")

    if int(pairs) >= ENOUGH:
        missing = too_few(seen)
        for name in missing:
            print(f"# too seldom: {name}")
        report(not missing, "each operator holds, fails and is undecided, with and without the key")
    print(f"1..{len(reports)}")
    return 0 if all(reports) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
