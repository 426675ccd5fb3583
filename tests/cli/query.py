#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# --query against the library that `aws` asks: the same expression of the same document gives the same.
import json
import random
import subprocess
import sys
import warnings

import jmespath

warnings.simplefilter("ignore")

KEYS = {
    "Keys": [
        {"KeyId": "a1", "KeyArn": "arn:a1", "Enabled": True, "Days": 30, "Tags": [{"TagKey": "x", "TagValue": "1"}]},
        {"KeyId": "b2", "KeyArn": "arn:b2", "Enabled": False, "Days": 7, "Tags": []},
        {"KeyId": "c3", "KeyArn": None, "Days": 365, "Tags": [{"TagKey": "y"}, {"TagKey": "x", "TagValue": "2"}]},
    ],
    "Truncated": False,
    "NextMarker": "",
    "Nested": [[1, 2, [3]], [], [4, [5, 6]], 7],
    "Map": {"one": {"v": 1}, "two": {"v": 2}, "thrée": {"w": "ü"}, "with space": "s", 'q"uote': "z"},
    "Numbers": [3, 1.5, -2, 10],
    "Strings": ["b", "a", "ä", "", "c"],
    "Text": "äbc",
}

EXPRESSIONS = r'''
Keys
Keys[0]
Keys[-1].KeyId
Keys[5]
Keys[*].KeyId
Keys[].KeyId
Keys[*].Tags[*].TagKey
Keys[*].Tags[].TagKey
Keys[].Tags[].TagKey
Keys[*].[KeyId, Enabled]
Keys[*].{Id: KeyId, "Is on": Enabled, n: Days}
Keys[?KeyId=='b2'].KeyArn | [0]
Keys[?KeyId=='b2'] | [0].KeyArn
Keys[?KeyId==`b2`]
Keys[?KeyId==`"b2"`]
Keys[?Enabled]
Keys[?!Enabled].KeyId
Keys[?Enabled==`true`].KeyId
Keys[?Enabled!=`true`].KeyId
Keys[?Days>`10`].KeyId
Keys[?Days>=`30` && Days<`365`].KeyId
Keys[?Days<=`7` || KeyId=='c3'].KeyId
Keys[?KeyArn>'a']
Keys[?Tags[?TagKey=='x']].KeyId
Keys[?Tags[?TagKey=='x' && TagValue=='2']].KeyId
Keys[?starts_with(KeyId, 'b')].KeyId
Keys[?contains(KeyId, '3')].KeyId
Keys[?ends_with(KeyId, '1')].KeyId
Keys[?KeyArn].KeyId
Keys[?KeyArn==null]
Keys[?KeyArn==`null`].KeyId
Keys[0:2].KeyId
Keys[::2].KeyId
Keys[::-1].KeyId
Keys[-2:].KeyId
Keys[:1]
Keys[5:9]
Keys[2:0:-1].KeyId
Numbers[1:-1]
Numbers[::9223372036854775807]
Numbers[::-9223372036854775807]
Numbers[:]
Nested[]
Nested[][]
Nested[*][0]
Nested[*][]
Nested[].[@]
Nested[0][2][0]
[*]
[]
*
*.*
Map.*
Map.*.v
Map.*.v | [0]
Map."with space"
Map."q\"uote"
Map."thr\u00e9e".w
"Keys"[0]
@
@.Keys[0].KeyId
Keys.length(@)
length(Keys)
length(Map)
length(Text)
length(Truncated)
length()
length(Keys, Keys)
nonsense(Keys)
keys(Map)
keys(Keys[0])
keys(Keys)
values(Keys[1])
type(Keys)
type(Map)
type(Text)
type(Truncated)
type(Numbers[0])
type(Nothing)
abs(Numbers[2])
abs(`-1.5`)
abs(Text)
avg(Numbers)
avg(Nested[1])
avg(Strings)
sum(Numbers)
sum(`[]`)
sum(Keys[*].Days)
ceil(`1.2`)
ceil(`2`)
floor(`-1.2`)
max(Numbers)
max(Strings)
max(Nested[1])
max(Nested)
min(Numbers)
min(Strings)
max_by(Keys, &Days).KeyId
min_by(Keys, &Days).KeyId
max_by(Keys, &KeyArn)
sort(Numbers)
sort(Strings)
sort(Nested)
sort_by(Keys, &Days)[*].KeyId
sort_by(Keys, &Tags)
sort_by(Keys, Days)
reverse(Keys)[*].KeyId
reverse(Text)
reverse(Truncated)
reverse(sort_by(Keys, &Days))[0].KeyId
join(', ', Keys[*].KeyId)
join('', Numbers)
join(Text, `[]`)
contains(Strings, 'a')
contains(Numbers, `10`)
contains(Text, 'b')
contains(Text, `1`)
contains(Truncated, 'a')
merge(Map, {b: `2`})
merge(Map.one, Map.two)
merge(Keys)
not_null(Nothing, Text)
not_null(Nothing)
map(&KeyId, Keys)
map(&Nothing, Keys)
map(&length(Tags), Keys)
to_array(Text)
to_array(Numbers)
to_string(Numbers)
to_string(Map)
to_string(Text)
to_number('12')
to_number('-1.5')
to_number('x')
to_number(Truncated)
to_number(Days)
Text || 'x'
NextMarker || 'none'
Nothing || Truncated || Text
`0` || 'x'
!`0`
Keys && Text
Nothing && Text
!Keys
!Nothing
!NextMarker
!!Text
Keys | [0] | KeyId
Keys[*] | [0]
Keys[*].KeyId | [0]
(Keys[*].KeyId)[0]
(Keys[0].KeyId || 'x') && 'y'
Truncated == `false`
Numbers == `[3, 1.5, -2, 10.0]`
Map.one == `{"v": 1}`
`{"a": 1, "b": 2}` == `{"b": 2, "a": 1}`
Keys[0] == Keys[0]
Days < `1`
{a: Keys[0].KeyId, b: {c: Truncated}}
{"a b": Text}
[Text, Truncated]
[Keys[0].KeyId, Map.*.v]
Nothing.[a]
Nothing.{a: b}
Nothing[0]
Nothing[*].a
Nothing.*
Nothing[]
Text[0]
Text.a
Text[*]
'raw string'
'it\'s'
'back\slash'
''
`"json"`
`[1, {"a": null}]`
`text`
` spaced`
`tick\`tick`
`
"
'
Keys[
Keys[0
Keys]
Keys.
.Keys
Keys..KeyId
Keys KeyId
Keys[a]
Keys[0:1:2:3]
Keys[::0]
Keys[?]
Keys[?KeyId=='a'
Keys[?KeyId='a']
Keys[*
Keys[*].
Keys.[
Keys.{
Keys.{a}
Keys.{a:}
Keys.{:a}
{}
Keys.[]
[?Keys]
foo-bar
-
-1
[-1]
Keys[--1]
#
a b
&Keys
length(&Keys)
"length"(Keys)
Keys[*].length(KeyId)
Keys[*].KeyId.length(@)
Map.*.[v]
Map.*.{x: v}
Keys[0].Tags[0].{k: TagKey, v: TagValue}
Keys[*].Tags[0].TagKey
Keys[].[KeyId, Tags[].TagKey]
Keys[].[KeyId, Tags[].TagKey][]
Keys[?length(Tags) > `1`].KeyId | [0]
Keys[?to_string(Days) == '7'].KeyId
Keys[*].not_null(KeyArn, KeyId)
'''


def expected(expression, document):
    try:
        return jmespath.search(expression, document), None
    except Exception as error:  # of many kinds
        return None, error


def same(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return type(a) in (int, float) and type(b) in (int, float) and abs(a - b) < 1e-9
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


# Expressions out of the parts of the language, most of which are well-formed.
def made(chance, depth):
    pick = chance.choice
    inner = lambda: made(chance, depth - 1)  # noqa: E731
    if depth == 0:
        return pick(["Keys", "Map", "Nested", "Numbers", "Strings", "Text", "@", "KeyId", "Tags", "Days", "one.v",
                     "Nothing", "`2`", "'a'", "`true`", "`[1, \"a\", null]`"])
    return pick([
        lambda: f"{inner()}.{pick(['KeyId', 'v', 'Tags', '*'])}",
        lambda: f"{inner()}[{pick(['0', '-1', '*', '', '1:', '::-1', ':2'])}]",
        lambda: f"{inner()}[?{inner()}]",
        lambda: f"{inner()} | {inner()}",
        lambda: f"{inner()} {pick(['==', '!=', '<', '>=', '&&', '||'])} {inner()}",
        lambda: f"({inner()})",
        lambda: f"!{inner()}",
        lambda: f"[{inner()}, {inner()}]",
        lambda: f"{inner()}.[{inner()}]",
        lambda: f"{{a: {inner()}, b: {inner()}}}",
        lambda: f"{pick(['length', 'keys', 'type', 'sort', 'max', 'reverse', 'to_array', 'to_string', 'values'])}({inner()})",
        lambda: f"{pick(['contains', 'starts_with', 'not_null'])}({inner()}, {inner()})",
        lambda: f"map(&{inner()}, {inner()})",
        lambda: f"sort_by({inner()}, &{inner()})",
    ])()


def main():
    # What jmespath gives for a reference alone is a Python object. It finds out about functions only when
    # they are called, but the command before anything is done. A quirk is left to it: in a list, true is 1.
    refused = {"&Keys", "length(&Keys)"}
    given = [(line, KEYS) for line in EXPRESSIONS.strip("\n").split("\n")]
    chance = random.Random(1)
    given += [(made(chance, chance.randint(1, 4)), KEYS) for _ in range(3000)]
    process = subprocess.run([sys.argv[1]], input="".join(json.dumps([e, d]) + "\n" for e, d in given),
                             capture_output=True, text=True, check=True)
    lines = process.stdout.splitlines()
    failures = []
    found = {"result": 0, "null": 0, "error": 0}
    for (expression, document), line in zip(given, lines, strict=True):
        want, error = expected(expression, document)
        if expression in refused:
            error = error or "a reference"
        if line.startswith("! "):
            found["error"] += 1
            if error is None:
                failures.append(f"{expression}\n#   {line}\n#   expected {want!r}")
            continue
        got = json.loads(line)
        found["null" if got is None else "result"] += 1
        if error is not None or not same(got, want):
            failures.append(f"{expression}\n#   {line}\n#   expected {want!r} {error or ''}")
    print("1..2")
    for failure in failures[:20]:
        print(f"# {failure}")
    print(f"{'not ' if failures else ''}ok 1 - {len(given)} queries are answered as by jmespath")
    few = min(found.values()) < 300
    print(f"{'not ' if few else ''}ok 2 - results, nothing, and errors all come up {found}")
    return bool(failures) or few


sys.exit(main())
