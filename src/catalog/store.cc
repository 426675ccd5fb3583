#include "catalog/store.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "base/encoding.h"
#include "base/error.h"
#include "base/openssl.h"

namespace trent::catalog {

namespace {

constexpr int kAttempts = 40;

struct Versioned {
  Revision revision;
  hsm::DataObject object;
};

// Highest revision first; of two writers' equal ones (neither is committed yet) every reader takes
// the same.
std::vector<Versioned> sort_revisions(std::vector<hsm::DataObject> objects) {
  std::vector<Versioned> versions;
  for (hsm::DataObject& object : objects) {
    try {
      versions.push_back({parse_revision(object.value), std::move(object)});
    } catch (const std::runtime_error&) {  // no record of ours; `trent check` names it
    }
  }
  std::sort(versions.begin(), versions.end(), [](const Versioned& a, const Versioned& b) {
    if (a.revision.number != b.revision.number) return a.revision.number > b.revision.number;
    return a.revision.nonce < b.revision.nonce;
  });
  return versions;
}

void pause(int attempt) {
  std::uint8_t random[2];
  fill_random(random);
  int limit = 5 << std::min(attempt, 6);
  std::this_thread::sleep_for(
      std::chrono::microseconds(1000 + (random[0] << 8 | random[1]) % (1000 * limit)));
}

// A token's search is no snapshot: one that runs while the record is replaced may meet neither the
// new revision nor the old one. So nothing is gone before it was looked for several times.
std::vector<hsm::DataObject> find_objects(hsm::Token& token, const std::string& label) {
  constexpr int kLooks = 4;
  auto objects = hsm::find_data(token, kApplication, label);
  for (int look = 1; objects.empty() && look < kLooks; ++look) {
    pause(0);
    objects = hsm::find_data(token, kApplication, label);
  }
  return objects;
}

std::vector<Versioned> find_revisions(hsm::Token& token, const std::string& label) {
  return sort_revisions(find_objects(token, label));
}

// Empty only if there is no such record: one of which nothing can be read is there, but damaged.
std::vector<Versioned> find_readable(hsm::Token& token, const std::string& label) {
  auto objects = find_objects(token, label);
  bool any = !objects.empty();
  auto versions = sort_revisions(std::move(objects));
  if (versions.empty() && any)
    throw Error(ErrorCode::KMSInternal, "The record " + label + " in the token is damaged.",
                "Restore it from the backup of the HSM; `trent check` shows what is wrong.");
  return versions;
}

Error too_busy(const std::string& label) {
  return Error(ErrorCode::KMSInternal,
               "The record " + label + " is being changed by too many others at once.",
               "Try again.");
}

// Creates `text` as a candidate and decides whether it holds. On any failure it is gone again.
bool commit(hsm::Token& token, const std::string& label, const std::string& text,
            const std::optional<Versioned>& previous) {
  hsm::DataObject own{hsm::create_data(token, kApplication, label, text), label, text};
  bool previous_is_there = !previous;
  bool alone = true;
  try {
    Revision revision = parse_revision(text);
    for (const Versioned& other : find_revisions(token, label)) {
      if (other.revision.nonce == revision.nonce) continue;
      if (other.revision.number >= revision.number) alone = false;
      if (previous && other.revision.nonce == previous->revision.nonce) previous_is_there = true;
    }
  } catch (const Error&) {
    hsm::destroy_data(token, kApplication, own);
    throw;
  }
  if (alone && previous_is_there) return true;
  hsm::destroy_data(token, kApplication, own);
  return false;
}

// Housekeeping after the commit point: a failure leaves an old revision that nobody reads and
// `trent check --repair` removes, and must not turn a change that was made into one that failed.
void destroy_old(hsm::Token& token, const hsm::DataObject& object) noexcept {
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      hsm::destroy_data(token, kApplication, object);
      return;
    } catch (const std::exception&) {
      continue;
    }
  }
}

}  // namespace

std::string random_nonce() {
  std::uint8_t random[8];
  fill_random(random);
  return to_hex(random);
}

std::optional<hsm::DataObject> find_record(hsm::Token& token, const std::string& label) {
  auto versions = find_readable(token, label);
  if (versions.empty()) return std::nullopt;
  return std::move(versions.front().object);
}

std::vector<hsm::DataObject> list_records(hsm::Token& token) {
  std::map<std::string, std::vector<hsm::DataObject>> by_label;
  for (hsm::DataObject& object : hsm::list_data(token, kApplication))
    by_label[object.label].push_back(std::move(object));
  std::vector<hsm::DataObject> records;
  for (auto& [label, objects] : by_label) {
    auto versions = sort_revisions(std::move(objects));
    if (!versions.empty()) records.push_back(std::move(versions.front().object));
  }
  return records;
}

bool create_record(const hsm::ChangeLock& /*lock*/, hsm::Token& token, const std::string& label,
                   const std::string& text) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (find_record(token, label)) return false;
    if (commit(token, label, text, std::nullopt)) return true;
    pause(attempt);
  }
  throw too_busy(label);
}

bool change_record(
    const hsm::ChangeLock& /*lock*/, hsm::Token& token, const std::string& label,
    const std::function<std::string(const std::string& text, Revision next)>& change) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto versions = find_readable(token, label);
    if (versions.empty()) return false;
    const Versioned& previous = versions.front();
    Revision next{previous.revision.number + 1, previous.revision.lineage, random_nonce()};
    if (commit(token, label, change(previous.object.value, next), previous)) {
      for (const Versioned& old : versions) destroy_old(token, old.object);
      return true;
    }
    pause(attempt);
  }
  throw too_busy(label);
}

Deletion delete_record(const hsm::ChangeLock& /*lock*/, hsm::Token& token, const std::string& label,
                       const std::function<bool(const std::string& text)>& condition) {
  std::optional<std::string> lineage;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::vector<Versioned> versions;
    try {
      versions = lineage ? find_revisions(token, label) : find_readable(token, label);
    } catch (const Error&) {
      // Once the record is destroyed, a look that fails must not make it a deletion that failed.
      if (!lineage) throw;
      versions = find_revisions(token, label);
    }
    if (!lineage) {
      if (versions.empty()) return Deletion::NotThere;
      if (!condition(versions.front().object.value)) return Deletion::Declined;
      lineage = versions.front().revision.lineage;
    }
    // A change that committed meanwhile is deleted too; a record that was made anew is not ours.
    std::erase_if(versions, [&](const Versioned& v) { return v.revision.lineage != *lineage; });
    if (versions.empty()) return Deletion::Done;
    // The highest last: what a crash leaves must not be an older state.
    std::reverse(versions.begin(), versions.end());
    for (const Versioned& version : versions)
      hsm::destroy_data(token, kApplication, version.object);
  }
  throw too_busy(label);
}

}  // namespace trent::catalog
