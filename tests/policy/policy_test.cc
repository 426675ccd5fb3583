// SPDX-License-Identifier: Apache-2.0
// What policies decide, a row for each rule of the language.
#include "policy/policy.h"

#include <string>

#include "check.h"
#include "request.h"

namespace {

using namespace trent;
using namespace trent::policy;
using nlohmann::json;
using test::MapContext;

// ---- Conditions -------------------------------------------------------------------------------

// 'T': holds, 'F': does not, 'U': cannot be found out, so that a Deny denies and an Allow does not
// allow.
char outcome(const std::string& operator_name, const json& values, const json& keys) {
  bool applies[2];
  for (const char* effect : {"Allow", "Deny"}) {
    const json statement = {{"Effect", effect},
                            {"Action", "*"},
                            {"Resource", "*"},
                            {"Condition", {{operator_name, {{"k:K", values}}}}}};
    const json document = {{"Version", "2012-10-17"}, {"Statement", statement}};
    const Principal alice{"arn:aws:iam::111122223333:user/alice", "111122223333"};
    const MapContext context(keys);
    const Decision decision = Policy::parse(document.dump(), Kind::Identity)
                                  .decide({alice, "kms:Encrypt", "arn:aws:kms:::key/x", context});
    const bool denies = effect == std::string_view("Deny");
    applies[denies] = (denies ? decision.deny : decision.allow).has_value();
  }
  if (applies[0]) return applies[1] ? 'T' : '?';
  return applies[1] ? 'U' : 'F';
}

struct ConditionRow {
  const char* operator_name;
  const char* policy;   // the values, as JSON
  const char* request;  // those of k:K, as JSON; "": the request does not have it; null: not known
  char expected;
};

const ConditionRow kConditions[] = {
    {"StringEquals", R"("a")", R"("a")", 'T'},
    {"StringEquals", R"("a")", R"("A")", 'F'},
    {"StringEquals", R"("a")", R"("ab")", 'F'},
    {"StringEquals", R"("a*")", R"("ab")", 'F'},
    {"StringEquals", R"("é")", R"("é")", 'T'},
    {"StringEquals", R"("")", R"("")", 'T'},
    {"StringEquals", R"(["a","b"])", R"("b")", 'T'},
    {"StringEquals", R"(["a","b"])", R"("c")", 'F'},
    {"StringEquals", "true", R"("true")", 'T'},
    {"StringEquals", "15", R"("15")", 'T'},
    {"StringEquals", R"("a")", "", 'F'},
    {"StringEquals", R"("a")", "[]", 'F'},
    {"StringEquals", R"("a")", "null", 'U'},
    // Several values want ForAnyValue or ForAllValues.
    {"StringEquals", R"("a")", R"(["a","a"])", 'U'},

    {"StringNotEquals", R"("a")", R"("a")", 'F'},
    {"StringNotEquals", R"("a")", R"("b")", 'T'},
    {"StringNotEquals", R"(["a","b"])", R"("b")", 'F'},
    {"StringNotEquals", R"(["a","b"])", R"("c")", 'T'},
    {"StringNotEquals", R"("a")", "", 'T'},
    {"StringNotEquals", R"("a")", "null", 'U'},

    {"StringEqualsIgnoreCase", R"("aBc")", R"("AbC")", 'T'},
    {"StringEqualsIgnoreCase", R"("abc")", R"("abd")", 'F'},
    {"StringEqualsIgnoreCase", R"("é")", R"("É")", 'F'},
    {"StringNotEqualsIgnoreCase", R"("aBc")", R"("AbC")", 'F'},
    {"StringNotEqualsIgnoreCase", R"("abc")", R"("abd")", 'T'},
    {"StringNotEqualsIgnoreCase", R"("abc")", "", 'T'},

    {"StringLike", R"("a*c")", R"("abbbc")", 'T'},
    {"StringLike", R"("a*c")", R"("ac")", 'T'},
    {"StringLike", R"("a*c")", R"("acd")", 'F'},
    {"StringLike", R"("a?c")", R"("abc")", 'T'},
    {"StringLike", R"("a?c")", R"("ac")", 'F'},
    {"StringLike", R"("a?c")", R"("aéc")", 'T'},
    {"StringLike", R"("a??c")", R"("aéc")", 'F'},
    {"StringLike", R"("*")", R"("")", 'T'},
    {"StringLike", R"("?")", R"("")", 'F'},
    {"StringLike", R"("**a**")", R"("bab")", 'T'},
    {"StringLike", R"("*ab*ab")", R"("abab")", 'T'},
    {"StringLike", R"("*ab*ab")", R"("abb")", 'F'},
    {"StringLike", R"("A*")", R"("ab")", 'F'},
    {"StringLike", R"("a*")", "", 'F'},
    {"StringNotLike", R"("a*")", R"("ab")", 'F'},
    {"StringNotLike", R"("a*")", R"("ba")", 'T'},
    {"StringNotLike", R"("a*")", "", 'T'},

    {"NumericEquals", R"("10")", R"("10")", 'T'},
    {"NumericEquals", R"("10")", R"("+010.00")", 'T'},
    {"NumericEquals", R"("0")", R"("-0.0")", 'T'},
    {"NumericEquals", "10", R"("10")", 'T'},
    {"NumericEquals", "-1.5", R"("-1.50")", 'T'},
    {"NumericEquals", R"("9007199254740993")", R"("9007199254740992")", 'F'},
    {"NumericEquals", R"("10")", R"("ten")", 'U'},
    {"NumericEquals", R"("10")", R"("")", 'U'},
    {"NumericEquals", R"("10")", R"("1e1")", 'U'},
    {"NumericEquals", R"("10")", R"(" 10")", 'U'},
    {"NumericEquals", R"("10")", R"("10.")", 'U'},
    {"NumericEquals", R"("10")", R"(".5")", 'U'},
    {"NumericEquals", R"("10")", "", 'F'},
    {"NumericNotEquals", R"("10")", R"("10.0")", 'F'},
    {"NumericNotEquals", R"("10")", R"("11")", 'T'},
    {"NumericNotEquals", R"("10")", R"("ten")", 'U'},
    {"NumericNotEquals", R"("10")", "", 'T'},
    {"NumericLessThan", R"("10")", R"("9.99")", 'T'},
    {"NumericLessThan", R"("10")", R"("10")", 'F'},
    {"NumericLessThan", R"("-10")", R"("-11")", 'T'},
    {"NumericLessThan", R"("10")", R"("-11")", 'T'},
    {"NumericLessThan", R"("0.5")", R"("0.49")", 'T'},
    {"NumericLessThan", R"("10")", "", 'F'},
    {"NumericLessThanEquals", R"("10")", R"("10")", 'T'},
    {"NumericLessThanEquals", R"("10")", R"("10.01")", 'F'},
    {"NumericGreaterThan", R"("10")", R"("10.01")", 'T'},
    {"NumericGreaterThan", R"("10")", R"("10")", 'F'},
    {"NumericGreaterThan", R"("10")", R"("9")", 'F'},
    {"NumericGreaterThanEquals", R"("10")", R"("10")", 'T'},
    {"NumericGreaterThanEquals", R"("10")", R"("9.99")", 'F'},

    {"DateEquals", R"("2030-01-01T00:00:00Z")", R"("1893456000")", 'T'},
    {"DateEquals", R"("2030-01-01T00:00:00Z")", R"("2030-01-01T01:30:00+01:30")", 'T'},
    {"DateEquals", R"("2030-01-01T00:00:00Z")", R"("2029-12-31T23:00-01:00")", 'T'},
    {"DateEquals", R"("2030-01-01")", R"("2030-01-01T00:00:00.000Z")", 'T'},
    {"DateEquals", R"("2030-01")", R"("2030-01-01")", 'T'},
    {"DateEquals", R"("2030-01-01")", R"("2030-01-01T00:00:00.5Z")", 'F'},
    {"DateEquals", "1893456000", R"("2030-01-01")", 'T'},
    {"DateEquals", R"("-1")", R"("1969-12-31T23:59:59Z")", 'T'},
    {"DateEquals", R"("2030-01-01")", R"("2030-02-30")", 'U'},
    {"DateEquals", R"("2030-01-01")", R"("2030-01-01T00:00:00")", 'U'},
    {"DateEquals", R"("2030-01-01")", R"("2030-01-01 00:00:00Z")", 'U'},
    {"DateEquals", R"("2030-01-01")", R"("2030-01-01T24:00:00Z")", 'U'},
    {"DateEquals", R"("2030-01-01")", R"("99999999999999999999")", 'U'},
    {"DateEquals", R"("2030-01-01")", R"("tomorrow")", 'U'},
    {"DateEquals", R"("2030-01-01")", "", 'F'},
    {"DateNotEquals", R"("2030-01-01")", R"("2030-01-02")", 'T'},
    {"DateNotEquals", R"("2030-01-01")", R"("2030-01-01")", 'F'},
    {"DateNotEquals", R"("2030-01-01")", "", 'T'},
    {"DateLessThan", R"("2030-01-01")", R"("2029-12-31T23:59:59.999Z")", 'T'},
    {"DateLessThan", R"("2030-01-01")", R"("2030-01-01")", 'F'},
    {"DateLessThan", R"("2024-02-29")", R"("2024-02-28")", 'T'},
    {"DateLessThanEquals", R"("2030-01-01")", R"("2030-01-01")", 'T'},
    {"DateLessThanEquals", R"("2030-01-01")", R"("2030-01-01T00:00:01Z")", 'F'},
    {"DateGreaterThan", R"("2030-01-01")", R"("2030-01-01T00:00:01Z")", 'T'},
    {"DateGreaterThan", R"("2030-01-01")", R"("2030-01-01")", 'F'},
    {"DateGreaterThanEquals", R"("2030-01-01")", R"("2030-01-01")", 'T'},
    {"DateGreaterThanEquals", R"("2030-01-01")", R"("2029-12-31")", 'F'},

    {"Bool", R"("true")", R"("true")", 'T'},
    {"Bool", R"("true")", R"("TRUE")", 'T'},
    {"Bool", "true", R"("true")", 'T'},
    {"Bool", R"("true")", R"("false")", 'F'},
    {"Bool", R"("false")", R"("false")", 'T'},
    {"Bool", R"("true")", R"("yes")", 'U'},
    {"Bool", R"("false")", "", 'F'},
    {"BoolIfExists", R"("true")", "", 'T'},

    {"BinaryEquals", R"("AQID")", R"("AQID")", 'T'},
    {"BinaryEquals", R"("AQID")", R"("AQIE")", 'F'},
    {"BinaryEquals", R"("AQID")", R"("AQI")", 'U'},
    {"BinaryEquals", R"("AQID")", "", 'F'},

    {"IpAddress", R"("203.0.113.0/24")", R"("203.0.113.255")", 'T'},
    {"IpAddress", R"("203.0.113.0/24")", R"("203.0.114.0")", 'F'},
    {"IpAddress", R"("203.0.113.128/25")", R"("203.0.113.127")", 'F'},
    {"IpAddress", R"("203.0.113.7/24")", R"("203.0.113.9")", 'T'},
    {"IpAddress", R"("203.0.113.7")", R"("203.0.113.7")", 'T'},
    {"IpAddress", R"("203.0.113.7")", R"("203.0.113.8")", 'F'},
    {"IpAddress", R"("203.0.113.7/32")", R"("::ffff:203.0.113.7")", 'T'},
    {"IpAddress", R"("::ffff:203.0.113.0/120")", R"("203.0.113.7")", 'T'},
    {"IpAddress", R"("0.0.0.0/0")", R"("192.0.2.1")", 'T'},
    {"IpAddress", R"("0.0.0.0/0")", R"("::1")", 'F'},
    {"IpAddress", R"("::/0")", R"("192.0.2.1")", 'F'},
    {"IpAddress", R"("::/0")", R"("::1")", 'T'},
    {"IpAddress", R"("2001:db8::/33")", R"("2001:DB8:7fff::1")", 'T'},
    {"IpAddress", R"("2001:db8::/33")", R"("2001:db8:8000::1")", 'F'},
    {"IpAddress", R"(["192.0.2.0/24","2001:db8::/32"])", R"("2001:db8::1")", 'T'},
    {"IpAddress", R"("192.0.2.0/24")", R"("192.0.2.1/32")", 'U'},
    {"IpAddress", R"("192.0.2.0/24")", R"("localhost")", 'U'},
    {"IpAddress", R"("192.0.2.0/24")", "", 'F'},
    {"NotIpAddress", R"("203.0.113.0/24")", R"("203.0.113.1")", 'F'},
    {"NotIpAddress", R"("203.0.113.0/24")", R"("192.0.2.1")", 'T'},
    {"NotIpAddress", R"("203.0.113.0/24")", R"("unix")", 'U'},
    {"NotIpAddress", R"("203.0.113.0/24")", "", 'T'},

    {"ArnEquals", R"("arn:aws:kms:eu:1:key/a")", R"("arn:aws:kms:eu:1:key/a")", 'T'},
    {"ArnEquals", R"("arn:aws:kms:eu:1:key/a")", R"("arn:aws:kms:eu:1:key/A")", 'F'},
    {"ArnEquals", R"("arn:aws:kms:*:1:key/*")", R"("arn:aws:kms:eu:1:key/a:b")", 'T'},
    {"ArnLike", R"("arn:aws:kms:*:1:key/*")", R"("arn:aws:kms:eu:1:key/a")", 'T'},
    {"ArnLike", R"("arn:aws:kms:e?:1:key/*")", R"("arn:aws:kms:eu:1:key/a")", 'T'},
    // Part by part.
    {"ArnLike", R"("arn:aws:kms:*:key:x")", R"("arn:aws:kms:eu:1:key:x")", 'F'},
    {"ArnLike", R"("*")", R"("arn:aws:kms:eu:1:key/a")", 'T'},
    {"ArnLike", R"("arn:aws:kms:eu:1:key/a")", R"("key/a")", 'U'},
    {"ArnLike", R"("arn:aws:kms:eu:1:key/a")", "", 'F'},
    {"ArnNotEquals", R"("arn:aws:kms:eu:1:key/a")", R"("arn:aws:kms:eu:1:key/a")", 'F'},
    {"ArnNotEquals", R"("arn:aws:kms:eu:1:key/a")", R"("arn:aws:kms:eu:1:key/b")", 'T'},
    {"ArnNotLike", R"("arn:aws:kms:*:1:key/a")", R"("arn:aws:kms:eu:1:key/a")", 'F'},
    {"ArnNotLike", R"("arn:aws:kms:*:1:key/a")", R"("arn:aws:kms:eu:2:key/a")", 'T'},
    {"ArnNotLike", R"("arn:aws:kms:*:1:key/a")", "", 'T'},

    {"Null", R"("true")", "", 'T'},
    {"Null", R"("true")", "[]", 'T'},
    {"Null", R"("true")", R"("a")", 'F'},
    {"Null", R"("false")", R"("a")", 'T'},
    {"Null", R"("false")", R"(["a","b"])", 'T'},
    {"Null", "false", "", 'F'},
    {"Null", R"("true")", "null", 'U'},
    {"Null", R"("false")", "null", 'U'},

    {"StringEqualsIfExists", R"("a")", R"("a")", 'T'},
    {"StringEqualsIfExists", R"("a")", R"("b")", 'F'},
    {"StringEqualsIfExists", R"("a")", "", 'T'},
    {"StringEqualsIfExists", R"("a")", "null", 'U'},
    {"StringNotEqualsIfExists", R"("a")", "", 'T'},
    {"NumericLessThanIfExists", R"("5")", "", 'T'},
    {"NumericLessThanIfExists", R"("5")", R"("6")", 'F'},

    {"ForAllValues:StringEquals", R"(["a","b"])", R"(["a","b","a"])", 'T'},
    {"ForAllValues:StringEquals", R"(["a","b"])", R"(["a","c"])", 'F'},
    {"ForAllValues:StringEquals", R"("a")", "", 'T'},
    {"ForAllValues:StringEquals", R"("a")", "[]", 'T'},
    {"ForAllValues:StringEquals", R"("a")", "null", 'U'},
    {"ForAllValues:StringNotEquals", R"(["a","b"])", R"(["c","d"])", 'T'},
    {"ForAllValues:StringNotEquals", R"(["a","b"])", R"(["c","a"])", 'F'},
    {"ForAllValues:StringNotEquals", R"("a")", "", 'T'},
    {"ForAllValues:NumericLessThan", R"("5")", R"(["1","x"])", 'U'},
    {"ForAllValues:NumericLessThan", R"("5")", R"(["9","x"])", 'F'},
    {"ForAnyValue:StringEquals", R"(["a","b"])", R"(["c","b"])", 'T'},
    {"ForAnyValue:StringEquals", R"(["a","b"])", R"(["c","d"])", 'F'},
    {"ForAnyValue:StringEquals", R"("a")", "", 'F'},
    {"ForAnyValue:StringEquals", R"("a")", "[]", 'F'},
    {"ForAnyValue:StringEquals", R"("a")", "null", 'U'},
    {"ForAnyValue:StringNotEquals", R"("a")", R"(["a","b"])", 'T'},
    {"ForAnyValue:StringNotEquals", R"("a")", R"(["a","a"])", 'F'},
    {"ForAnyValue:StringNotEquals", R"("a")", "", 'F'},
    {"ForAnyValue:NumericLessThan", R"("5")", R"(["1","x"])", 'T'},
    {"ForAnyValue:NumericLessThan", R"("5")", R"(["9","x"])", 'U'},
    {"ForAnyValue:StringLikeIfExists", R"("a*")", "", 'T'},
    {"ForAnyValue:StringLikeIfExists", R"("a*")", R"(["b","c"])", 'F'},
    {"ForAllValues:StringLikeIfExists", R"("a*")", "", 'T'},

    // Variables. The request has v:One = "one", v:Star = "*" and v:Two with two values; v:Unknown
    // nobody knows.
    {"StringEquals", R"("x-${v:One}-y")", R"("x-one-y")", 'T'},
    {"StringEquals", R"("${V:ONE}")", R"("one")", 'T'},
    {"StringEquals", R"("${v:One}${v:One}")", R"("oneone")", 'T'},
    {"StringEquals", R"("${v:None}")", R"("one")", 'U'},
    {"StringNotEquals", R"("${v:None}")", R"("one")", 'U'},
    {"StringEquals", R"("${v:Two}")", R"("one")", 'U'},
    {"StringEquals", R"("${v:Unknown}")", R"("one")", 'U'},
    {"StringEquals", R"("${v:Unknown, 'one'}")", R"("one")", 'U'},
    {"StringEquals", R"(["${v:None}","one"])", R"("one")", 'T'},
    {"StringEquals", R"("${v:None, 'some one'}")", R"("some one")", 'T'},
    {"StringEquals", R"("${v:None,''}")", R"("")", 'T'},
    {"StringEquals", R"("${v:One, 'two'}")", R"("two")", 'F'},
    {"StringEquals", R"("${*}${?}${$}")", R"("*?$")", 'T'},
    {"StringEquals", R"("$x{}")", R"("$x{}")", 'T'},
    {"StringLike", R"("${*}*")", R"("*ab")", 'T'},
    {"StringLike", R"("${*}*")", R"("ab")", 'F'},
    {"StringLike", R"("${?}")", R"("a")", 'F'},
    // A wildcard in a variable's value is none.
    {"StringLike", R"("${v:Star}")", R"("ab")", 'F'},
    {"StringLike", R"("${v:Star}")", R"("*")", 'T'},
    {"StringLike", R"("${v:None, '*'}")", R"("ab")", 'F'},
    {"StringLike", R"("${v:One}*")", R"("one more")", 'T'},
    {"ArnLike", R"("arn:aws:iam::1:user/${v:One}")", R"("arn:aws:iam::1:user/one")", 'T'},
    {"ArnLike", R"("arn:aws:iam::1:user/${v:Star}")", R"("arn:aws:iam::1:user/one")", 'F'},
    {"ArnLike", R"("${v:One}")", R"("arn:aws:iam::1:user/one")", 'U'},
};

void conditions() {
  for (const ConditionRow& row : kConditions) {
    json keys = {{"v:One", "one"},
                 {"v:Star", "*"},
                 {"v:Two", json::array({"one", "two"})},
                 {"v:Unknown", nullptr}};
    if (*row.request != '\0') keys["K:k"] = json::parse(row.request);
    const char found = outcome(row.operator_name, json::parse(row.policy), keys);
    if (found != row.expected)
      throw test::Failure(std::string(row.operator_name) + ' ' + row.policy + " over " +
                          row.request + " is " + found + ", expected " + row.expected);
  }
}

// ---- Statements -------------------------------------------------------------------------------

const std::string kRoot = "arn:aws:iam::111122223333:root";
const std::string kAlice = "arn:aws:iam::111122223333:user/alice";
const std::string kSession = "arn:aws:sts::111122223333:assumed-role/admin/monday";
const std::string kRole = "arn:aws:iam::111122223333:role/team/admin";
const std::string kKey = "arn:aws:kms:eu-west-1:111122223333:key/1234";

Principal principal_of(std::string_view name) {
  if (name == "alice") return {kAlice, "111122223333"};
  if (name == "root") return {kRoot, "111122223333"};
  if (name == "session") return {kSession, "111122223333", kRole};
  if (name == "stranger") return {"arn:aws:iam::444455556666:user/alice", "444455556666"};
  return {"", "", "", "logs.amazonaws.com"};
}

// "deny 0, allow 1, account 2", as far as there are statements that say so.
std::string show(const Decision& decision) {
  std::string text;
  const auto add = [&text](const char* name, const std::optional<Reason>& reason) {
    if (reason)
      text +=
          (text.empty() ? "" : ", ") + std::string(name) + ' ' + std::to_string(reason->statement);
  };
  add("deny", decision.deny);
  add("allow", decision.allow);
  add("account", decision.allow_account);
  return text;
}

std::string decide(Kind kind, const std::string& statements, std::string_view who,
                   std::string_view action = "kms:Encrypt", std::string_view resource = kKey,
                   const json& keys = json::object(), const char* version = "2012-10-17") {
  const std::string document =
      std::string(R"({"Version":")") + version + R"(","Statement":)" + statements + '}';
  const Principal principal = principal_of(who);
  const MapContext context(keys);
  return show(Policy::parse(document, kind).decide({principal, action, resource, context}));
}

struct PrincipalRow {
  const char* statement;  // its Effect and Principal
  const char* alice;
  const char* root;
  const char* session;
  const char* stranger;
  const char* service;
};

#define ALLOW R"("Effect":"Allow",)"
#define DENY R"("Effect":"Deny",)"
const PrincipalRow kPrincipals[] = {
    {ALLOW R"("Principal":"*")", "allow 0", "allow 0", "allow 0", "allow 0", "allow 0"},
    {ALLOW R"("Principal":{"AWS":"*"})", "allow 0", "allow 0", "allow 0", "allow 0", "allow 0"},
    {ALLOW R"("Principal":{"AWS":"111122223333"})", "account 0", "allow 0", "account 0", "", ""},
    {ALLOW R"("Principal":{"AWS":"arn:aws:iam::111122223333:root"})", "account 0", "allow 0",
     "account 0", "", ""},
    {ALLOW R"("Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"})", "allow 0", "", "", "",
     ""},
    {ALLOW R"("Principal":{"AWS":"arn:aws:iam::111122223333:user/Alice"})", "", "", "", "", ""},
    {ALLOW R"("Principal":{"AWS":["444455556666","arn:aws:iam::111122223333:user/alice"]})",
     "allow 0", "", "", "account 0", ""},
    {ALLOW R"("Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"]})",
     "allow 0, account 0", "allow 0", "account 0", "", ""},
    {ALLOW R"("Principal":{"AWS":"arn:aws:iam::111122223333:role/team/admin"})", "", "", "allow 0",
     "", ""},
    {ALLOW R"("Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/admin/monday"})", "", "",
     "allow 0", "", ""},
    {ALLOW R"("Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/admin/tuesday"})", "", "",
     "", "", ""},
    {ALLOW R"("Principal":{"Service":"logs.amazonaws.com"})", "", "", "", "", "allow 0"},
    {ALLOW R"("Principal":{"Service":["s3.amazonaws.com"],"AWS":"444455556666"})", "", "", "",
     "account 0", ""},
    {ALLOW R"("Principal":{"Federated":"cognito-identity.amazonaws.com","CanonicalUser":"79a5"})",
     "", "", "", "", ""},
    {DENY R"("Principal":"*")", "deny 0", "deny 0", "deny 0", "deny 0", "deny 0"},
    {DENY R"("Principal":{"AWS":"111122223333"})", "deny 0", "deny 0", "deny 0", "", ""},
    {DENY R"("Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"})", "deny 0", "", "", "",
     ""},
    {DENY R"("Principal":{"AWS":"arn:aws:iam::111122223333:role/team/admin"})", "", "", "deny 0",
     "", ""},
    // It takes all the names that a principal has to except it.
    {DENY R"("NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/alice"})", "deny 0", "deny 0",
     "deny 0", "deny 0", "deny 0"},
    {DENY R"("NotPrincipal":{"AWS":["arn:aws:iam::111122223333:user/alice","111122223333"]})", "",
     "", "deny 0", "deny 0", "deny 0"},
    {DENY R"("NotPrincipal":{"AWS":"111122223333"})", "deny 0", "", "deny 0", "deny 0", "deny 0"},
    {DENY R"("NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/team/admin",
     "arn:aws:sts::111122223333:assumed-role/admin/monday"]})",
     "deny 0", "", "", "deny 0", "deny 0"},
    {DENY R"("NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/team/admin"]})",
     "deny 0", "", "deny 0", "deny 0", "deny 0"},
    {DENY R"("NotPrincipal":{"Service":"logs.amazonaws.com"})", "deny 0", "deny 0", "deny 0",
     "deny 0", ""},
};

void principals() {
  for (const PrincipalRow& row : kPrincipals) {
    const std::string statement =
        std::string("{") + row.statement + R"(,"Action":"kms:*","Resource":"*"})";
    const std::pair<const char*, const char*> expected[] = {{"alice", row.alice},
                                                            {"root", row.root},
                                                            {"session", row.session},
                                                            {"stranger", row.stranger},
                                                            {"service", row.service}};
    for (const auto& [who, decision] : expected)
      if (const auto found = decide(Kind::Resource, statement, who); found != decision)
        throw test::Failure(std::string(row.statement) + " for " + who + ": \"" + found +
                            "\", expected \"" + decision + '"');
  }
}

struct RequestRow {
  const char* statement;  // its Action, Resource and Condition
  const char* action;
  const char* resource;
  bool expected;
};

#define ANY_RESOURCE R"(,"Resource":"*")"
const RequestRow kRequests[] = {
    {R"("Action":"*")" ANY_RESOURCE, "kms:Encrypt", "*", true},
    {R"("Action":"kms:*")" ANY_RESOURCE, "kms:Encrypt", "*", true},
    {R"("Action":"kms:*")" ANY_RESOURCE, "s3:GetObject", "*", false},
    {R"("Action":"KMS:eNCRYPT")" ANY_RESOURCE, "kms:Encrypt", "*", true},
    {R"("Action":"kms:Encrypt")" ANY_RESOURCE, "KMS:ENCRYPT", "*", true},
    {R"("Action":"kms:ReEncrypt*")" ANY_RESOURCE, "kms:ReEncryptFrom", "*", true},
    {R"("Action":"kms:ReEncrypt")" ANY_RESOURCE, "kms:ReEncryptFrom", "*", false},
    {R"("Action":"kms:ReEncrypt??")" ANY_RESOURCE, "kms:ReEncryptTo", "*", true},
    {R"("Action":"kms:*crypt")" ANY_RESOURCE, "kms:Decrypt", "*", true},
    {R"("Action":["kms:Sign","kms:Encrypt"])" ANY_RESOURCE, "kms:Encrypt", "*", true},
    {R"("Action":["kms:Sign","kms:Verify"])" ANY_RESOURCE, "kms:Encrypt", "*", false},
    {R"("NotAction":"kms:Encrypt")" ANY_RESOURCE, "kms:Encrypt", "*", false},
    {R"("NotAction":["kms:Encrypt","kms:S*"])" ANY_RESOURCE, "kms:Sign", "*", false},
    {R"("NotAction":["kms:Encrypt","kms:S*"])" ANY_RESOURCE, "kms:Decrypt", "*", true},
    {R"("Action":"*","Resource":"*")", "kms:X", "arn:aws:kms:eu:1:key/a", true},
    {R"("Action":"*","Resource":"arn:aws:kms:eu:1:key/a")", "kms:X", "arn:aws:kms:eu:1:key/a",
     true},
    {R"("Action":"*","Resource":"arn:aws:kms:eu:1:key/a")", "kms:X", "arn:aws:kms:eu:1:key/b",
     false},
    {R"("Action":"*","Resource":"arn:aws:kms:eu:1:key/a")", "kms:X", "*", false},
    {R"("Action":"*","Resource":"arn:aws:kms:*:*:key/*")", "kms:X", "arn:aws:kms:eu:1:key/a", true},
    {R"("Action":"*","Resource":"arn:aws:kms:*:*:key/*")", "kms:X", "arn:aws:kms:eu:1:alias/a",
     false},
    {R"("Action":"*","Resource":"arn:*:*:*:*:*")", "kms:X", "arn:aws:kms:eu:1:key/a", true},
    {R"("Action":"*","Resource":"arn:aws:kms:e?:1:key/?")", "kms:X", "arn:aws:kms:eu:1:key/a",
     true},
    {R"("Action":"*","Resource":"arn:aws:kms:eu:1:KEY/a")", "kms:X", "arn:aws:kms:eu:1:key/a",
     false},
    // A wildcard stays in its part, save in the last.
    {R"("Action":"*","Resource":"arn:aws:*:1:key:a")", "kms:X", "arn:aws:kms:eu:1:key:a", false},
    {R"("Action":"*","Resource":"arn:aws:kms:eu:1:key*a")", "kms:X", "arn:aws:kms:eu:1:key:b:a",
     true},
    {R"("Action":"*","Resource":["arn:aws:kms:eu:1:key/a","arn:aws:kms:eu:1:key/b"])", "kms:X",
     "arn:aws:kms:eu:1:key/b", true},
    {R"("Action":"*","NotResource":"arn:aws:kms:eu:1:key/a")", "kms:X", "arn:aws:kms:eu:1:key/a",
     false},
    {R"("Action":"*","NotResource":"arn:aws:kms:eu:1:key/a")", "kms:X", "arn:aws:kms:eu:1:key/b",
     true},
    {R"("Action":"*","NotResource":"arn:aws:kms:eu:1:key/a")", "kms:X", "*", true},
    {R"("Action":"*","NotResource":"*")", "kms:X", "*", false},
    {R"("Action":"*","Resource":"arn:aws:kms:eu:1:key/${v:One}")", "kms:X",
     "arn:aws:kms:eu:1:key/one", true},
    {R"("Action":"*","Resource":"arn:aws:kms:eu:1:key/${v:Star}")", "kms:X",
     "arn:aws:kms:eu:1:key/one", false},
    {R"("Action":"*","Resource":"*","Condition":{})", "kms:X", "*", true},
    // All operators, and all keys of each.
    {R"("Action":"*","Resource":"*","Condition":{"StringEquals":{"v:One":"one","v:Star":"*"}})",
     "kms:X", "*", true},
    {R"("Action":"*","Resource":"*","Condition":{"StringEquals":{"v:One":"one","v:Star":"x"}})",
     "kms:X", "*", false},
    {R"("Action":"*","Resource":"*","Condition":{"StringEquals":{"v:One":"one"},
     "StringLike":{"v:One":"two"}})",
     "kms:X", "*", false},
    {R"("Action":"*","Resource":"*","Condition":{"StringEquals":{"v:One":"one"},
     "StringLike":{"v:One":"o*"}})",
     "kms:X", "*", true},
};

void requests() {
  const json keys = {{"v:One", "one"}, {"v:Star", "*"}};
  for (const RequestRow& row : kRequests)
    for (const char* effect : {"allow", "deny"}) {
      const std::string statement = std::string(R"({"Effect":")") +
                                    (*effect == 'a' ? "Allow" : "Deny") + "\"," + row.statement +
                                    '}';
      const std::string expected = row.expected ? std::string(effect) + " 0" : "";
      const std::string found =
          decide(Kind::Identity, statement, "alice", row.action, row.resource, keys);
      if (found != expected)
        throw test::Failure(statement + " over " + row.action + " of " + row.resource + ": \"" +
                            found + "\", expected \"" + expected + '"');
    }
}

// ---- Documents --------------------------------------------------------------------------------

std::string allow(const std::string& action) {
  return R"({"Effect":"Allow","Principal":"*","Resource":"*","Action":")" + action + "\"}";
}
std::string deny(const std::string& action) {
  return R"({"Effect":"Deny","Principal":"*","Resource":"*","Action":")" + action + "\"}";
}

void first_statement_of_each_kind_is_the_reason() {
  CHECK_EQ(decide(Kind::Resource, '[' + allow("kms:Sign") + ']', "alice"), "");
  CHECK_EQ(decide(Kind::Resource,
                  '[' + allow("kms:Sign") + ',' + allow("kms:*") + ',' + deny("kms:Sign") + ',' +
                      deny("kms:Encrypt") + ',' + deny("*") + ',' + allow("*") + ']',
                  "alice"),
           "deny 3, allow 1");
  CHECK_EQ(decide(Kind::Resource,
                  R"([{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*",
                  "Resource":"*"},)" +
                      allow("*") + ']',
                  "alice"),
           "allow 1, account 0");
  const MapContext none(json::object());
  const Principal alice = principal_of("alice");
  const Decision decision =
      Policy::parse(R"({"Statement":{"Sid":"Not to be denied","Effect":"Allow","Principal":"*",
                    "Action":"*","Resource":"*"}})",
                    Kind::Resource)
          .decide({alice, "kms:Encrypt", kKey, none});
  CHECK_EQ(decision.allow->sid, "Not to be denied");
}

// Another one of the principal's may allow what this one does not.
void no_statement_decides_nothing() {
  CHECK_EQ(decide(Kind::Identity, "[]", "alice"), "");
}

void variables_are_of_the_newer_version() {
  const std::string statement = R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":
      {"StringEquals":{"v:One":"${v:One}"}}})";
  const json keys = {{"v:One", "${v:One}"}};
  CHECK_EQ(decide(Kind::Identity, statement, "alice", "kms:X", "*", {{"v:One", "one"}}), "allow 0");
  CHECK_EQ(
      decide(Kind::Identity, statement, "alice", "kms:X", "*", {{"v:One", "one"}}, "2008-10-17"),
      "");
  CHECK_EQ(decide(Kind::Identity, statement, "alice", "kms:X", "*", keys, "2008-10-17"), "allow 0");
  // There they are texts like others.
  const std::string like = R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":
      {"StringLike":{"v:One":"${*}"}}})";
  CHECK_EQ(decide(Kind::Identity, like, "alice", "kms:X", "*", {{"v:One", "${x}"}}, "2008-10-17"),
           "allow 0");
}

void what_cannot_be_found_out_does_not_matter_where_it_decides_nothing() {
  const std::string denies = R"({"Effect":"Deny","Action":"kms:Sign","Resource":"*","Condition":
      {"StringEquals":{"v:Unknown":"x"}}})";
  const json keys = {{"v:Unknown", nullptr}, {"v:One", "one"}};
  CHECK_EQ(decide(Kind::Identity, denies, "alice", "kms:Encrypt", kKey, keys), "");
  CHECK_EQ(decide(Kind::Identity, denies, "alice", "kms:Sign", kKey, keys), "deny 0");
  const std::string both = R"({"Effect":"Deny","Action":"*","Resource":"*","Condition":
      {"StringEquals":{"v:Unknown":"x","v:One":"two"}}})";
  CHECK_EQ(decide(Kind::Identity, both, "alice", "kms:Sign", kKey, keys), "");
}

void a_key_is_asked_for_once() {
  struct : Context {
    Values find(std::string_view) const override {
      ++asked;
      return {};
    }
    mutable int asked = 0;
  } context;
  const Principal alice = principal_of("alice");
  const auto policy = Policy::parse(
      R"({"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:b":"x"}}},
      {"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"A:B":"${a:B}"}}}]})",
      Kind::Identity);
  CHECK_EQ(show(policy.decide({alice, "kms:X", "*", context})), "");
  CHECK_EQ(context.asked, 1);
}

// ---- What is refused --------------------------------------------------------------------------

struct FaultRow {
  Kind kind;
  const char* document;
  const char* expected;  // a part of the sentence
};

#define REST R"("Effect":"Allow","Action":"*","Resource":"*")"
#define IDENTITY(members) R"({"Version":"2012-10-17","Statement":[{)" members "}]}"
#define CONDITION(text) IDENTITY(REST R"(,"Condition":)" text)
#define RESOURCE(principal) \
  R"({"Statement":[{"Effect":"Allow","Action":"*","Resource":"*",)" principal "}]}"

const FaultRow kFaults[] = {
    {Kind::Identity, "", "not JSON at byte 1"},
    {Kind::Identity, "{", "not JSON at byte 2"},
    {Kind::Identity, "[]", "not a JSON object"},
    {Kind::Identity, "{}", "no statement"},
    {Kind::Resource, R"({"Statement":[]})", "no statement"},
    {Kind::Identity, R"({"Statement":"x"})", "Statement[0]: it is not an object"},
    {Kind::Identity, R"({"Statement":[{)" REST R"(}],"statement":[]})", R"(member "statement")"},
    {Kind::Identity, R"({"Statement":[{)" REST R"(}],"Statement":[]})", R"("Statement" twice)"},
    {Kind::Identity, R"({"Id":7,"Statement":[{)" REST "}]}", "Id"},
    {Kind::Identity, R"({"Version":"2012-10-18","Statement":[{)" REST "}]}", "Version"},
    {Kind::Identity, R"({"Version":20121017,"Statement":[{)" REST "}]}", "Version"},
    {Kind::Identity, R"({"Version":"2020-01-01","Statement":[{)" REST "}]}", "2012-10-17"},
    {Kind::Identity, IDENTITY(REST R"(,"Conditions":{})"), R"(member "Conditions")"},
    {Kind::Identity, IDENTITY(REST R"(,"Sid":1)"), "Sid: it is a string"},
    {Kind::Identity, R"({"Statement":[{"Sid":"a",)" REST R"(},{"Sid":"a",)" REST "}]}",
     R"(Statement[1] ("a"): another statement has the same Sid)"},
    {Kind::Identity, IDENTITY(R"("Action":"*","Resource":"*")"), "no Effect"},
    {Kind::Identity, IDENTITY(R"("Effect":"allow","Action":"*","Resource":"*")"), "Effect: it is"},
    {Kind::Identity, IDENTITY(R"("Effect":["Allow"],"Action":"*","Resource":"*")"),
     "Effect: it is"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Resource":"*")"), "no Action"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"*")"), "no Resource"},
    {Kind::Identity, IDENTITY(REST R"(,"NotAction":"kms:X")"), "both Action and NotAction"},
    {Kind::Identity, IDENTITY(REST R"(,"NotResource":"*")"), "both Resource and NotResource"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":[],"Resource":"*")"), "empty list"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"*","Resource":[])"), "empty list"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":7,"Resource":"*")"), "Action: it is"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":["kms:X",null],"Resource":"*")"),
     "Action: it is"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"Encrypt","Resource":"*")"), "action"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"kms:","Resource":"*")"), "action"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"","Resource":"*")"), "action"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"k*:X","Resource":"*")"), "action"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"kms:X ","Resource":"*")"), "action"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"kms:${a:b}","Resource":"*")"),
     "action"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"*","Resource":"key/a")"), "ARN"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"*","Resource":"arn:aws:kms:*")"),
     "ARN"},
    {Kind::Identity, IDENTITY(R"("Effect":"Allow","Action":"*","Resource":"")"), "ARN"},
    {Kind::Identity,
     IDENTITY(R"("Effect":"Allow","Action":"*","Resource":"arn:aws:kms:eu:${a:b}:key/x")"), "ARN"},
    {Kind::Identity, IDENTITY(REST R"(,"Principal":"*")"), "Principal"},
    {Kind::Identity, IDENTITY(REST R"(,"NotPrincipal":"*")"), "Principal"},

    {Kind::Resource, IDENTITY(REST), "no Principal"},
    {Kind::Resource, RESOURCE(R"("Principal":"*","NotPrincipal":"*")"), "both Principal"},
    {Kind::Resource, RESOURCE(R"("NotPrincipal":{"AWS":"111122223333"})"), "Deny"},
    {Kind::Resource, R"({"Statement":{"Effect":"Deny","Action":"*","Resource":"*",
     "NotPrincipal":"*"}})",
     "excepts everybody"},
    {Kind::Resource, RESOURCE(R"("Principal":"arn:aws:iam::111122223333:root")"), "names nobody"},
    {Kind::Resource, RESOURCE(R"("Principal":{})"), "names nobody"},
    {Kind::Resource, RESOURCE(R"("Principal":["*"])"), "names nobody"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":[]})"), "empty list"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":{"a":"b"}})"), "a string"},
    {Kind::Resource, RESOURCE(R"("Principal":{"aws":"*"})"), R"("aws" is no kind)"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"alice"})"), R"("alice" is no principal)"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"11112222333"})"), "no principal"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"arn:aws:iam::111122223333:user/*"})"),
     "no principal"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"arn:aws:iam::111122223333:user/"})"),
     "no principal"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"arn:aws:iam::111122223333:group/a"})"),
     "no principal"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"arn:aws:iam::*:root"})"), "no principal"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"arn:aws:s3:::bucket"})"), "no principal"},
    {Kind::Resource, RESOURCE(R"("Principal":{"AWS":"arn:aws:sts::111122223333:root"})"),
     "no principal"},
    {Kind::Resource, RESOURCE(R"("Principal":{"Service":"*"})"), "no service"},
    {Kind::Resource, RESOURCE(R"("Principal":{"Service":"logs"})"), "no service"},

    {Kind::Identity, CONDITION("[]"), "Condition: it is not an object"},
    {Kind::Identity, CONDITION(R"({"StringEquals":{}})"), "no condition keys"},
    {Kind::Identity, CONDITION(R"({"StringEquals":"a"})"), "no condition keys"},
    {Kind::Identity, CONDITION(R"({"StringEquals":{"":"a"}})"), "key is empty"},
    {Kind::Identity, CONDITION(R"({"StringEquals":{"a:b":[]}})"), "empty list"},
    {Kind::Identity, CONDITION(R"({"StringEquals":{"a:b":null}})"), "value of a condition"},
    {Kind::Identity, CONDITION(R"({"StringEquals":{"a:b":[["x"]]}})"), "value of a condition"},
    {Kind::Identity, CONDITION(R"({"StringEquals":{"a:b":{"x":"y"}}})"), "value of a condition"},
    {Kind::Identity, CONDITION(R"({"StringEquals":{"a:b":"x","A:B":"x"}})"), "twice"},
    {Kind::Identity, CONDITION(R"({"StringSortOf":{"a:b":"x"}})"), R"("StringSortOf" is no)"},
    {Kind::Identity, CONDITION(R"({"stringequals":{"a:b":"x"}})"), "no condition operator"},
    {Kind::Identity, CONDITION(R"({"NullIfExists":{"a:b":"true"}})"), "no condition operator"},
    {Kind::Identity, CONDITION(R"({"ForAnyValue:Null":{"a:b":"true"}})"), "no condition operator"},
    {Kind::Identity, CONDITION(R"({"ForAnyValue:ForAllValues:StringLike":{"a:b":"x"}})"),
     "no condition operator"},
    {Kind::Identity, CONDITION(R"({"StringLikeIfExistsIfExists":{"a:b":"x"}})"),
     "no condition operator"},
    {Kind::Identity, CONDITION(R"({"NumericEquals":{"a:b":"abc"}})"), R"("abc" is no number)"},
    {Kind::Identity, CONDITION(R"({"NumericEquals":{"a:b":["1","1e3"]}})"), "no number"},
    {Kind::Identity, CONDITION(R"({"NumericEquals":{"a:b":"${v:One}"}})"), "no number"},
    {Kind::Identity, CONDITION(R"({"DateEquals":{"a:b":"2030-13-01"}})"), "no date"},
    {Kind::Identity, CONDITION(R"({"DateEquals":{"a:b":"2030-02-29"}})"), "no date"},
    {Kind::Identity, CONDITION(R"({"DateEquals":{"a:b":"2030-01-01T00:00:00"}})"), "no date"},
    {Kind::Identity, CONDITION(R"({"DateEquals":{"a:b":""}})"), "no date"},
    {Kind::Identity, CONDITION(R"({"Bool":{"a:b":"yes"}})"), "no truth value"},
    {Kind::Identity, CONDITION(R"({"Null":{"a:b":"maybe"}})"), "no truth value"},
    {Kind::Identity, CONDITION(R"({"BinaryEquals":{"a:b":"A"}})"), "no base64"},
    {Kind::Identity, CONDITION(R"({"IpAddress":{"a:b":"192.0.2.0/33"}})"), "no range"},
    {Kind::Identity, CONDITION(R"({"IpAddress":{"a:b":"2001:db8::/129"}})"), "no range"},
    {Kind::Identity, CONDITION(R"({"IpAddress":{"a:b":"192.0.2.0/"}})"), "no range"},
    {Kind::Identity, CONDITION(R"({"IpAddress":{"a:b":"192.0.2"}})"), "no range"},
    {Kind::Identity, CONDITION(R"({"IpAddress":{"a:b":"192.0.2.0/24/8"}})"), "no range"},
    {Kind::Identity, CONDITION(R"({"ArnLike":{"a:b":"arn:aws:kms:*"}})"), "no ARN"},
    {Kind::Identity, CONDITION(R"({"StringLike":{"a:b":"${v:One"}})"), "variable"},
    {Kind::Identity, CONDITION(R"({"StringLike":{"a:b":"${}"}})"), "variable"},
    {Kind::Identity, CONDITION(R"({"StringLike":{"a:b":"${v:One,two}"}})"), "variable"},
    {Kind::Identity, CONDITION(R"({"StringLike":{"a:b":"${v:One, 'two}"}})"), "variable"},
    {Kind::Identity, CONDITION(R"({"StringLike":{"a:b":"${${v:One}}"}})"), "variable"},
};

std::string fault_of(const std::string& document, Kind kind) {
  try {
    Policy::parse(document, kind);
  } catch (const Malformed& fault) {
    return fault.what();
  }
  return "";
}

void faults_are_refused_with_a_sentence() {
  for (const FaultRow& row : kFaults) {
    const std::string fault = fault_of(row.document, row.kind);
    if (fault.find(row.expected) == fault.npos || fault.empty())
      throw test::Failure(std::string(row.document) + ": \"" + fault + "\", expected \"..." +
                          row.expected + "...\"");
  }
}

void deep_documents_are_refused() {
  const std::string deep = std::string(100000, '[');
  CHECK(fault_of(R"({"Statement":)" + deep, Kind::Identity).find("deep") != std::string::npos);
}

}  // namespace

int main() {
  return RUN_TESTS("policy", TEST(conditions), TEST(principals), TEST(requests),
                   TEST(first_statement_of_each_kind_is_the_reason),
                   TEST(no_statement_decides_nothing), TEST(variables_are_of_the_newer_version),
                   TEST(what_cannot_be_found_out_does_not_matter_where_it_decides_nothing),
                   TEST(a_key_is_asked_for_once), TEST(faults_are_refused_with_a_sentence),
                   TEST(deep_documents_are_refused));
}
