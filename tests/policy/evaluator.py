# SPDX-License-Identifier: Apache-2.0
"""IAM's policy language once more, after the IAM User Guide and docs/policies.md, and not after
Trent's source: what two implementations agree on is no slip of one.

A proposition is the set of the truth values that it may have: {True}, {False}, or both, where
nobody can say.
"""

import base64
import binascii
import datetime
import decimal
import functools
import ipaddress
import json
import re
from collections import Counter

YES, NO, EITHER = frozenset([True]), frozenset([False]), frozenset([True, False])


class Malformed(Exception):
    pass


def demand(condition, what):
    if not condition:
        raise Malformed(what)


def proposition(value):
    return YES if value else NO


def negation(p):
    return frozenset(not value for value in p)


def any_of(propositions):
    """Some are true: the possible worlds are all combinations."""
    worlds = {False}
    for p in propositions:
        worlds = {world or value for world in worlds for value in p}
    return frozenset(worlds)


def all_of(propositions):
    return negation(any_of(negation(p) for p in propositions))


# ---- JSON ---------------------------------------------------------------------------------------

def unique(pairs):
    names = [name for name, _ in pairs]
    demand(len(names) == len(set(names)), "a name twice")
    return dict(pairs)


def listed(value):
    return value if isinstance(value, list) else [value]


def strings(value):
    values = listed(value)
    demand(values and all(isinstance(v, str) for v in values), "not strings")
    return values


# ---- Variables and wildcards --------------------------------------------------------------------
# A template is a list of ("text", ...), ("any",), ("one",) and ("key", name, default).

PIECE = re.compile(r"""\$\{(?P<escaped>[*?$])\}
    | \$\{ (?P<key>[^ \t,'"{}$*?]+) \ * (?: , \ * '(?P<default>[^']*)' \ * )? \}
    | (?P<bad>\$\{)
    | (?P<wild>[*?])
    | (?P<text>.)""", re.VERBOSE | re.DOTALL)
FIXED = re.compile(r"(?:[^$]|\$(?!\{)|\$\{[*?$]\})*", re.DOTALL)  # up to the first variable
PLAIN = re.compile(r"(?P<wild>[*?])|(?P<text>.)", re.DOTALL)


def template(text, variables, wildcards):
    pieces = []
    for match in (PIECE if variables else PLAIN).finditer(text):
        found = match.groupdict()
        demand(not found.get("bad"), "a bad variable")
        if found.get("key"):
            pieces.append(("key", found["key"], found["default"]))
        elif found["wild"] and wildcards:
            pieces.append(("any",) if found["wild"] == "*" else ("one",))
        else:
            pieces.append(("text", found.get("escaped") or match[0]))
    return pieces


def fill(pieces, context):
    """None if a variable has no single value."""
    filled = []
    for piece in pieces:
        if piece[0] == "key":
            values = context.get(piece[1].lower(), [])
            if values is None or len(values) > 1:
                return None
            if not values and piece[2] is None:
                return None
            piece = ("text", values[0] if values else piece[2])
        filled.append(piece)
    return filled


def expression(filled):
    how = {"any": ".*", "one": "."}
    return "".join(how.get(p[0]) or re.escape(p[1]) for p in filled)


def matches(filled, text):
    return re.fullmatch(expression(filled), text, re.DOTALL) is not None


@functools.lru_cache
def arn_expression(filled):
    """Wildcards stay between colons, but in the resource. None if it is no ARN."""
    parts, colons = [[]], 0
    for piece in filled:
        for character in piece[1] if piece[0] == "text" else [None]:
            if character == ":" and colons < 5:
                parts.append([])
                colons += 1
            else:
                parts[-1].append(("text", character) if character is not None else piece)
    if colons < 5 or "".join(p[1] if p[0] == "text" else "*" for p in parts[0]) != "arn":
        return None
    how = {"any": "[^:]*", "one": "[^:]"}
    fixed = ["".join(how.get(p[0]) or re.escape(p[1]) for p in part) for part in parts[:5]]
    return ":".join(fixed + [expression(parts[5])])


def is_arn(text):
    return re.match(r"arn:([^:]*:){4}", text) is not None


def arn_matches(filled, text):
    if filled == [("any",)]:
        return YES
    pattern = arn_expression(tuple(filled))
    if pattern is None:
        return EITHER
    return proposition(re.fullmatch(pattern, text, re.DOTALL))


# ---- Values -------------------------------------------------------------------------------------
# Each returns None for what it cannot read.

def number(text):
    return decimal.Decimal(text) if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text) else None


DATE = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})"
                  r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
                  r"(Z|[-+][0-9]{2}:[0-9]{2}))?)?")


def date(text):
    """Nanoseconds since 1970."""
    if re.fullmatch(r"-?[0-9]+", text):
        seconds = int(text)
        return seconds * 10**9 if -2**63 <= seconds < 2**63 else None
    match = DATE.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        start = datetime.datetime(int(year), int(month), int(day or 1), int(hour or 0),
                                  int(minute or 0), int(second or 0))
    except ValueError:
        return None
    seconds = (start - datetime.datetime(1970, 1, 1)) // datetime.timedelta(seconds=1)
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 23 or minutes > 59:
            return None
        seconds -= int(zone[0] + "1") * (hours * 3600 + minutes * 60)
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))


def boolean(text):
    return {"true": True, "false": False}.get(ascii_lower(text))


def binary(text):
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if base64.b64encode(value).decode() == text else None


def network(text):
    if not re.fullmatch(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?", text):
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if found.version == 6 else None
    if mapped is not None and found.prefixlen >= 96:
        return ipaddress.ip_network((mapped, found.prefixlen - 96))
    return found


def address(text):
    return network(text).network_address if "/" not in text and network(text) else None


def ascii_lower(text):
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


# ---- Operators ----------------------------------------------------------------------------------
# Each takes a value of the policy and says how a value of the request is judged: (value, context)
# -> proposition.

def text_operator(compare, wildcards=False):
    def read(operand, variables):
        pieces = template(operand, variables, wildcards)

        def judge(value, context):
            filled = fill(pieces, context)
            return EITHER if filled is None else proposition(compare(filled, value))
        return judge
    return read


def literal(filled):
    return "".join(piece[1] for piece in filled)


def arn_operator(operand, variables):
    pieces = template(operand, variables, True)
    if not any(piece[0] == "key" for piece in pieces):
        demand(operand == "*" or is_arn(operand), "no ARN")

    def judge(value, context):
        filled = fill(pieces, context)
        return EITHER if filled is None or not is_arn(value) else arn_matches(filled, value)
    return judge


def typed_operator(read_operand, read_value, compare):
    def read(operand, _):
        wanted = read_operand(operand)
        demand(wanted is not None, "a value of another type")

        def judge(value, _):
            found = read_value(value)
            return EITHER if found is None else proposition(compare(found, wanted))
        return judge
    return read


def is_in(found, wanted):
    return found.version == wanted.version and found in wanted


equal = lambda filled, value: literal(filled) == value
equal_ignoring_case = lambda filled, value: ascii_lower(literal(filled)) == ascii_lower(value)
comparisons = {"Equals": lambda a, b: a == b, "LessThan": lambda a, b: a < b,
               "LessThanEquals": lambda a, b: a <= b, "GreaterThan": lambda a, b: a > b,
               "GreaterThanEquals": lambda a, b: a >= b}

POSITIVE = {
    "StringEquals": text_operator(equal),
    "StringEqualsIgnoreCase": text_operator(equal_ignoring_case),
    "StringLike": text_operator(matches, wildcards=True),
    "Bool": typed_operator(boolean, boolean, comparisons["Equals"]),
    "BinaryEquals": typed_operator(binary, binary, comparisons["Equals"]),
    "IpAddress": typed_operator(network, address, is_in),
    "ArnEquals": arn_operator,
    "ArnLike": arn_operator,
}
for suffix, comparison in comparisons.items():
    POSITIVE["Numeric" + suffix] = typed_operator(number, number, comparison)
    POSITIVE["Date" + suffix] = typed_operator(date, date, comparison)
OPPOSITES = {
    "StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike", "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals", "NotIpAddress": "IpAddress", "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
OPERATORS = sorted([*POSITIVE, *OPPOSITES, "Null"])


def condition_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    demand(isinstance(value, (str, int, float)), "no value of a condition")
    return str(value)


def read_condition(name, key, values, variables):
    """(request's context) -> proposition"""
    demand(key, "an empty key")
    operands = [condition_text(value) for value in listed(values)]
    demand(operands, "no values")
    key = key.lower()
    if name == "Null":
        wanted = [boolean(operand) for operand in operands]
        demand(None not in wanted, "no truth value")

        def holds_null(context):
            found = context.get(key, [])
            return EITHER if found is None else proposition((not found) in wanted)
        return holds_null

    prefix, base, suffix = re.fullmatch(r"(ForAllValues:|ForAnyValue:|)(.*?)(IfExists|)",
                                        name, re.DOTALL).groups()
    negated = base in OPPOSITES
    demand(negated or base in POSITIVE, "no operator")
    judges = [POSITIVE[OPPOSITES.get(base, base)](operand, variables) for operand in operands]

    def judge(value, context):
        found = any_of(one(value, context) for one in judges)
        return negation(found) if negated else found

    def holds(context):
        found = context.get(key, [])
        if found is None:
            return EITHER
        if not found:
            if suffix or prefix == "ForAllValues:":
                return YES
            return NO if prefix else proposition(negated)
        if not prefix:
            return judge(found[0], context) if len(found) == 1 else EITHER
        return (all_of if prefix == "ForAllValues:" else any_of)(judge(v, context) for v in found)
    return holds


# ---- Principals ---------------------------------------------------------------------------------

NAMED = re.compile(r"arn:aws[^:]*:(iam::(?P<iam>[0-9]{12}):(user|role)/[^*?]+"
                   r"|sts::(?P<sts>[0-9]{12}):(assumed-role|federated-user)/[^*?]+)", re.DOTALL)
ROOT = re.compile(r"arn:aws[^:]*:iam::([0-9]{12}):root")


def read_principals(member):
    """The names in it: "*", ("account", ...), ("arn", ...), ("service", ...)."""
    if member == "*":
        return {"*"}
    demand(isinstance(member, dict) and member, "nobody")
    names = set()
    for kind, values in member.items():
        demand(kind in ("AWS", "Service", "Federated", "CanonicalUser"), "no kind")
        for name in strings(values):
            if kind == "Service":
                demand(re.fullmatch(r"[a-z0-9.-]*\.[a-z0-9.-]*", name), "no service")
                names.add(("service", name))
            elif kind == "AWS":
                root = ROOT.fullmatch(name)
                if name == "*":
                    names.add("*")
                elif re.fullmatch("[0-9]{12}", name):
                    names.add(("account", name))
                elif root:
                    names.add(("account", root[1]))
                else:
                    demand(NAMED.fullmatch(name), "no principal")
                    names.add(("arn", name))
    return names


def names_of(principal):
    """Those by which a policy may mean the principal itself, and that of its account."""
    if principal["service"]:
        return {("service", principal["service"])}, None
    account = ("account", principal["account"])
    root = ROOT.fullmatch(principal["arn"])
    if root and root[1] == principal["account"]:
        return {account}, account
    return {("arn", principal["arn"])} | ({("arn", principal["role"])} if principal["role"]
                                          else set()), account


# ---- Statements ---------------------------------------------------------------------------------

MEMBERS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
           "NotResource", "Condition"}


def one_of_two(statement, name):
    demand((name in statement) != ("Not" + name in statement), f"{name} not once")
    return (statement.get(name, statement.get("Not" + name)), name not in statement)


class Statement:
    def __init__(self, statement, kind, variables, seen):
        demand(isinstance(statement, dict) and set(statement) <= MEMBERS, "a member")
        self.sid = statement.get("Sid", "")
        demand(isinstance(self.sid, str), "Sid")
        self.effect = statement.get("Effect")
        demand(self.effect in ("Allow", "Deny"), "Effect")

        self.principals = None
        if kind == "Resource":
            member, self.all_but = one_of_two(statement, "Principal")
            self.principals = read_principals(member)
            demand(not self.all_but or (self.effect == "Deny" and "*" not in self.principals),
                   "NotPrincipal")
        else:
            demand("Principal" not in statement and "NotPrincipal" not in statement, "Principal")

        actions, self.other_actions = one_of_two(statement, "Action")
        for action in strings(actions):
            demand(action == "*" or re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9_*?-]+", action),
                   "Action")
        self.actions = [template(action.lower(), False, True) for action in strings(actions)]

        resources, self.other_resources = one_of_two(statement, "Resource")
        for resource in strings(resources):
            fixed = FIXED.match(resource)[0] if variables else resource
            demand(resource == "*" or is_arn(fixed), "Resource")
        self.resources = [template(r, variables, True) for r in strings(resources)]

        self.conditions = []
        condition = statement.get("Condition", {})
        demand(isinstance(condition, dict), "Condition")
        for name, keys in condition.items():
            demand(isinstance(keys, dict) and keys, "no keys")
            demand(len({key.lower() for key in keys}) == len(keys), "a key twice")
            for key, values in keys.items():
                holds = read_condition(name, key, values, variables)
                self.conditions.append((name, key.lower(), holds))
        self.seen = seen

    def meant(self, principal):
        """Whom it concerns: {"itself", "account"} or less."""
        if self.principals is None:
            return {"itself"}
        own, account = names_of(principal)
        if self.all_but:
            every = own | ({account} if account else set())
            return set() if every <= self.principals else {"itself"}
        meant = set()
        if "*" in self.principals or own & self.principals:
            meant.add("itself")
        if account in self.principals and account not in own:
            meant.add("itself" if self.effect == "Deny" else "account")
        return meant

    def concerns(self, query):
        context = query["context"]
        action = any(matches(a, ascii_lower(query["action"])) for a in self.actions)
        if action == self.other_actions:
            return NO

        def is_resource(pieces):
            filled = fill(pieces, context)
            if filled is None:
                return EITHER
            # A resource that is no ARN is none that a pattern could mean, but "*".
            return arn_matches(filled, query["resource"])
        resource = any_of(is_resource(r) for r in self.resources)
        if self.other_resources:
            resource = negation(resource)
        propositions = [resource]
        for name, key, holds in self.conditions:
            found = holds(context)
            self.seen[name, found, bool(context.get(key, []))] += 1
            propositions.append(found)
        return all_of(propositions)


class Policy:
    def __init__(self, text, kind, seen=None):
        try:
            document = json.loads(text, object_pairs_hook=unique)
        except ValueError as error:
            raise Malformed("JSON") from error
        demand(isinstance(document, dict) and set(document) <= {"Version", "Id", "Statement"},
               "the document")
        version = document.get("Version", "2008-10-17")
        demand(version in ("2008-10-17", "2012-10-17"), "Version")
        demand(isinstance(document.get("Id", ""), str), "Id")
        # A user's policy may say nothing; a key's would lock everybody out.
        demand("Statement" in document and (kind == "Identity" or document["Statement"] != []), "Statement")
        seen = Counter() if seen is None else seen
        self.statements = [Statement(s, kind, version == "2012-10-17", seen)
                           for s in listed(document["Statement"])]
        sids = [s.sid for s in self.statements if s.sid]
        demand(len(sids) == len(set(sids)), "a Sid twice")

    def decide(self, query):
        """The numbers of the first statements that deny, allow, allow the account; or None."""
        first = {}
        for i, statement in enumerate(self.statements):
            found = statement.concerns(query)
            if found == NO or (found == EITHER and statement.effect == "Allow"):
                continue
            for who in statement.meant(query["principal"]):
                what = "account" if who == "account" else statement.effect.lower()
                first.setdefault(what, i)
        return [first.get(what) for what in ("deny", "allow", "account")]
