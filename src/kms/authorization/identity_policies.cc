// SPDX-License-Identifier: Apache-2.0
// The directory of identity policies.
#include "kms/authorization/identity_policies.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "base/arn.h"
#include "base/file.h"
#include "kms/authorization/request_context.h"

namespace trent::kms {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestFile = 1 << 20;  // bytes of a file

// Names come from certificates and tokens of others: none may lead out of the directory.
bool is_plain_path(std::string_view path) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    if (name.empty() || name.front() == '.' || name.find('\0') != name.npos) return false;
    begin = end + 1;
  }
  return true;
}

// "111122223333/user/alice"; nullopt: it can have no policies.
std::optional<std::string> place_of(const policy::Principal& principal) {
  const auto arn = parse_arn(principal.role.empty() ? principal.arn : principal.role);
  if (!arn || !is_account(arn->account) || !is_plain_path(arn->resource)) return std::nullopt;
  if (!arn->resource.starts_with("user/") && !arn->resource.starts_with("role/"))
    return std::nullopt;
  return std::string(arn->account) + "/" + std::string(arn->resource);
}

std::string read_file(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  std::optional<std::string> text;
  if (file) text = read_up_to<std::string>(file.get(), kLargestFile + 1);
  if (!text) throw policy::Malformed("it cannot be read");
  if (text->size() > kLargestFile) throw policy::Malformed("it is larger than 1 MiB");
  return *std::move(text);
}

}  // namespace

IdentityPolicies::Stamps IdentityPolicies::look(const fs::path& directory) {
  Stamps stamps;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    struct stat facts {};
    if (name.front() == '.' || !name.ends_with(".json") ||
        ::stat(entry.path().c_str(), &facts) != 0)
      continue;
    stamps[name] = {facts.st_ino,
                    static_cast<std::uintmax_t>(facts.st_size),
                    {facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec}};
  }
  return stamps;
}

std::shared_ptr<const IdentityPolicies::Policies> IdentityPolicies::read(const fs::path& directory,
                                                                         Stamps stamps) {
  auto read = std::make_shared<Policies>();
  for (const auto& [name, stamp] : stamps) {
    try {
      read->policies.emplace(
          name, policy::Policy::parse(read_file(directory / name), policy::Kind::Identity));
    } catch (const policy::Malformed& error) {
      read->fault = "The policy " + name + " of the principal is no policy: " + error.what();
    }
  }
  read->stamps = std::move(stamps);
  return read;
}

std::shared_ptr<const IdentityPolicies::Policies> IdentityPolicies::policies_of(
    const policy::Principal& principal) {
  const auto place = place_of(principal);
  if (!place) return std::make_shared<Policies>();
  const auto now = Clock::now();
  std::shared_ptr<const Policies> known;
  {
    Lock lock(mutex_);
    const auto found = cache_.find(*place);
    if (found != cache_.end() && now - found->second.read < refresh_) return found->second.policies;
    if (found != cache_.end()) known = found->second.policies;
  }
  const fs::path directory = directory_ / *place;
  std::shared_ptr<const Policies> present;
  try {
    // A principal without a directory has no policies; one whose directory cannot be reached may
    // have one that denies.
    if (!fs::exists(directory_)) throw std::runtime_error("there is no directory of policies");
    Stamps stamps = fs::exists(directory) ? look(directory) : Stamps{};
    present = known && known->stamps == stamps && known->fault.empty()
                  ? known
                  : read(directory, std::move(stamps));
  } catch (const std::exception& error) {
    auto faulty = std::make_shared<Policies>();
    faulty->fault = std::string("The policies of the principal cannot be read: ") + error.what();
    present = std::move(faulty);
  }
  Lock lock(mutex_);
  cache_.insert_or_assign(*place, Cached{present, now});
  return present;
}

IdentityDecision IdentityPolicies::decide(const policy::Query& query) {
  IdentityDecision decision;
  if (!are_used() || is_root(query.principal)) {
    decision.allow.emplace();
    return decision;
  }
  const auto of_principal = policies_of(query.principal);
  decision.fault = of_principal->fault;
  for (const auto& [file, policy] : of_principal->policies) {
    const policy::Decision one = policy.decide(query);
    if (one.deny && !decision.deny) decision.deny = IdentityStatement{file, *one.deny};
    if (one.allow && !decision.allow) decision.allow = IdentityStatement{file, *one.allow};
  }
  if (!decision.fault.empty()) decision.allow.reset();
  return decision;
}

}  // namespace trent::kms
