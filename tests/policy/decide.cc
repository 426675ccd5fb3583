// SPDX-License-Identifier: Apache-2.0
// Decides what it reads, for the comparison with another implementation. A line of input is
// {"policy": TEXT, "kind": "Resource"|"Identity", "queries": [{"principal": {"arn", "account",
// "role", "service"}, "action", "resource", "context": {KEY: [VALUE...]|null}}]}; the line of
// output is a list of [DENY, ALLOW, ACCOUNT], the numbers of statements or null; or a string, why
// the policy is malformed.
#include <iostream>

#include "policy/policy.h"
#include "request.h"

using namespace trent::policy;
using nlohmann::json;

static json number_of(const std::optional<Reason>& reason) {
  return reason ? json(reason->statement) : json();
}

static json decide(const json& line) {
  const Kind kind = line.at("kind") == "Resource" ? Kind::Resource : Kind::Identity;
  json decisions = json::array();
  try {
    const Policy policy = Policy::parse(line.at("policy").get<std::string>(), kind);
    for (const json& query : line.at("queries")) {
      const json& who = query.at("principal");
      const Principal principal{who.at("arn"), who.at("account"), who.at("role"),
                                who.at("service")};
      const auto action = query.at("action").get<std::string>();
      const auto resource = query.at("resource").get<std::string>();
      const trent::test::MapContext context(query.at("context"));
      const Decision decision = policy.decide({principal, action, resource, context});
      decisions.push_back(
          {number_of(decision.deny), number_of(decision.allow), number_of(decision.allow_account)});
    }
  } catch (const Malformed& fault) {
    return fault.what();
  }
  return decisions;
}

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << decide(json::parse(line)).dump() << '\n';
}
