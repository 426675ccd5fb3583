// SPDX-License-Identifier: Apache-2.0
// Records with revisions: see store.h.
#include "catalog/store.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "base/encoding.h"
#include "base/openssl.h"

namespace trent::catalog {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A change that loses for so long gives up.
constexpr std::chrono::seconds kPatience{30};
// A live writer takes milliseconds from one step of the protocol to the next.
constexpr milliseconds kSurvivorSettles{500};
constexpr std::chrono::seconds kDead{2};
// A search in the middle of changes may miss both the old and the new revision, more than once
// where they come thick and fast: that something is not there is believed after so many.
constexpr int kLooks = 8;
// A marker without a candidate is of a writer that is about to make it, or died.
constexpr std::chrono::minutes kStrayMarker{10};

void pause(milliseconds at_least, int attempt) {
  std::uint8_t random[2];
  fill_random(random);
  int limit = 5 << std::min(attempt, 6);
  std::this_thread::sleep_for(
      at_least + std::chrono::microseconds((random[0] << 8 | random[1]) % (1000 * limit)));
}

// The attempts of one change.
class Attempts {
 public:
  explicit Attempts(const std::string& label) : label_(label) {}
  // After one that failed because of others.
  void again() {
    if (Clock::now() - start_ > kPatience)
      throw Error(ErrorCode::DependencyTimeout,
                  "The record " + label_ + " is being changed by too many others at once.",
                  "Try again.");
    pause(milliseconds(1), attempt_++);
  }

 private:
  const std::string& label_;
  const Clock::time_point start_ = Clock::now();
  int attempt_ = 0;
};

Versions look_for(hsm::Token& token, const std::string& label) {
  return Versions(hsm::find_data(token, kApplication, label));
}

bool any_record(const Versions& versions) {
  return !versions.committed.empty() || !versions.survivors.empty();
}

template <class Visit>
void for_each_version(const Versions& versions, Visit visit) {
  for (const auto* list :
       {&versions.committed, &versions.survivors, &versions.pending, &versions.creations})
    for (const Version& version : *list) visit(version);
}

const Version* find_nonce(const Versions& versions, const std::string& nonce) {
  const Version* found = nullptr;
  for_each_version(versions, [&](const Version& version) {
    if (version.revision.nonce == nonce) found = &version;
  });
  return found;
}

bool is_based_on(const Revision& revision, const std::string& nonce) {
  return std::find(revision.based_on.begin(), revision.based_on.end(), nonce) !=
         revision.based_on.end();
}

bool is_carried_on(const Versions& versions, const std::string& nonce) {
  bool result = false;
  for_each_version(versions, [&](const Version& version) {
    if (is_based_on(version.revision, nonce)) result = true;
  });
  return result;
}

// Whether this was made when `base` was gone, or to replace it. A revision names the last before it
// only, and a writer may be held up for longer: the number tells as well. Another lineage is of a
// record that was made again.
bool is_after(const Revision& revision, const Revision& base) {
  return revision.lineage != base.lineage || revision.number > base.number;
}

const Marker* marker_of(const Versions& versions, const std::string& nonce) {
  for (const Marker& marker : versions.markers)
    if (marker.nonce == nonce) return &marker;
  return nullptr;
}

// A search is no snapshot: one during which a candidate is made can show the candidate and not its
// marker, which was made before. One that begins afterwards shows both.
bool is_doubtful(const Versions& versions, Timestamp began) {
  constexpr std::chrono::seconds kFromTextToObject{1};
  if (versions.committed.empty()) return false;
  const Revision& revision = versions.committed.front().revision;
  return !revision.based_on.empty() && (revision.made > began - kFromTextToObject ||
                                        find_nonce(versions, revision.based_on.front()) != nullptr);
}

Versions find_versions(hsm::Token& token, const std::string& label) {
  const Timestamp began = now();
  Versions versions = look_for(token, label);
  if (is_doubtful(versions, began)) versions = look_for(token, label);
  return versions;
}

bool destroy(hsm::Token& token, const hsm::DataObject& object) {
  return hsm::destroy_data(token, kApplication, object);
}

// Whether it is gone for sure. Twice: what failed once need not fail again.
bool try_destroy(hsm::Token& token, const hsm::DataObject& object) noexcept {
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      destroy(token, object);
      return true;
    } catch (const std::exception&) {
      continue;
    }
  }
  return false;
}

// A candidate with its marker, of one's own.
class Candidate {
 public:
  // On any failure nothing of it is left, or nothing that is in effect. Withdrawn at the end of its
  // life, unless it is to be kept.
  Candidate(hsm::Token& token, const std::string& label, std::string nonce, std::string text)
      : token_(token),
        nonce_(std::move(nonce)),
        marker_{{}, label, marker_text(nonce_, now())},
        record_{{}, label, std::move(text)} {
    marker_.handle = hsm::create_data(token, kApplication, label, marker_.value);
    try {
      record_.handle = hsm::create_data(token, kApplication, label, record_.value);
    } catch (const Error&) {
      withdraw();
      throw;
    }
  }
  ~Candidate() {
    if (!keep_) withdraw();
  }
  Candidate(const Candidate&) = delete;
  Candidate& operator=(const Candidate&) = delete;

  const std::string& nonce() const { return nonce_; }

  // The marker last: without it, the candidate would be in effect.
  void withdraw() noexcept {
    keep_ = true;
    if (try_destroy(token_, record_)) try_destroy(token_, marker_);
  }
  // From here on it may be what holds.
  void keep() { keep_ = true; }
  // True: nobody else has destroyed it. Throws if that is not known.
  bool destroy_marker() { return destroy(token_, marker_); }

 private:
  hsm::Token& token_;
  std::string nonce_;
  hsm::DataObject marker_;
  hsm::DataObject record_;
  bool keep_ = false;
};

// Ends the candidate of a writer that seems to be dead, and has nothing to win any more but by
// destroying its marker. False: it lives.
bool end(hsm::Token& token, const Versions& versions, const Version& candidate) {
  const Marker* marker = marker_of(versions, candidate.revision.nonce);
  return marker != nullptr && destroy(token, marker->object) && destroy(token, candidate.object);
}

// After the base was won: everything that the find before it had shown is superseded, or was made
// for nothing. A failure leaves what nobody reads, and must not turn a change that was made into
// one that failed.
void remove_rest(hsm::Token& token, const Versions& versions, const std::string& own) noexcept {
  try {
    std::set<std::string> gone;
    for_each_version(versions, [&](const Version& version) {
      if (version.revision.nonce != own && try_destroy(token, version.object))
        gone.insert(version.revision.nonce);
    });
    for (const Marker& marker : versions.markers) {
      const bool stray = find_nonce(versions, marker.nonce) == nullptr;
      if (gone.contains(marker.nonce) || (stray && now() - marker.made > kStrayMarker))
        try_destroy(token, marker.object);
    }
  } catch (const std::exception&) {  // no memory
  }
}

// What a writer starts from: a base that is committed, or nothing.
struct Found {
  Versions versions;
  std::optional<Version> base;
};

// `seen`: this process has seen the record. `expected`: there was one a moment ago.
Found find_base(hsm::Token& token, const std::string& label, bool seen, bool expected) {
  bool fresh = false;
  int in_vain = 0;
  Clock::time_point survivors_since;
  int survivors_looks = 0;
  std::set<std::string> survivors_seen;
  for (;;) {
    Versions versions = find_versions(token, label);
    if (!versions.committed.empty()) {
      Version base = versions.committed.front();
      return {std::move(versions), std::move(base)};
    }
    if (versions.survivors.empty()) {
      if (!versions.damaged.empty()) return {std::move(versions), std::nullopt};
      // What was made for a change shows that there is a record.
      if (!versions.markers.empty()) expected = true;
      if (++in_vain < (expected ? kLooks : seen ? 6 : 4)) {
        pause(milliseconds(1), in_vain);
        continue;
      }
      if (!std::exchange(fresh, true)) {
        // What is known to have been there may be hidden from this process: see hsm::ChangeLock.
        const bool known = expected || seen;
        const bool afresh = known || token.ensure_presence();
        if (known) token.start_afresh();
        if (afresh) {
          in_vain = 0;
          continue;
        }
      }
      return {std::move(versions), std::nullopt};
    }
    in_vain = 0;
    std::set<std::string> survivors;
    for (const Version& version : versions.survivors) survivors.insert(version.revision.nonce);
    const auto moment = Clock::now();
    if (survivors != survivors_seen) {
      survivors_seen = std::move(survivors);
      survivors_since = moment;
      survivors_looks = 0;
    }
    ++survivors_looks;
    const bool alone = versions.survivors.size() == 1;
    const auto age = moment - survivors_since;
    if (survivors_looks < kLooks ||
        age < (alone ? milliseconds(kSurvivorSettles) : milliseconds(kDead))) {
      pause(milliseconds(5), 1);
      continue;
    }
    // Its writer is dead. But what has taken its place may be hidden from this process.
    if (!std::exchange(fresh, true)) {
      token.start_afresh();
      continue;
    }
    Version& lowest = versions.survivors.front();
    if (!alone) {
      for (std::size_t i = 1; i < versions.survivors.size(); ++i)
        if (!end(token, versions, versions.survivors[i])) break;
      survivors_seen.clear();
      continue;
    }
    if (const Marker* marker = marker_of(versions, lowest.revision.nonce))
      destroy(token, marker->object);
    Version base = lowest;
    return {std::move(versions), std::move(base)};
  }
}

enum class Outcome { Done, Lost };

// A look after `error`, which is the one to report if this fails too. `afresh`: the module is
// started again, so that nothing is hidden from it.
Versions look_after(hsm::Token& token, const std::string& label, bool afresh, const Error& error) {
  try {
    if (afresh) token.start_afresh();
    return find_versions(token, label);
  } catch (const Error&) {
    throw Error(error);
  }
}

// Whether the destruction of `base` by the writer of `own` took place, which failed with `error`.
Outcome find_out(hsm::Token& token, const std::string& label, const Version& base, Candidate& own,
                 const Error& error) {
  const auto start = Clock::now();
  int alone = 0;
  int absent = 0;
  for (;;) {
    pause(milliseconds(5), 0);
    // Once, where it matters: what has won may be hidden from this process.
    const Versions versions = look_after(token, label, alone == 1, error);
    if (find_nonce(versions, base.revision.nonce) != nullptr) {
      own.withdraw();
      throw Error(error);
    }
    const bool carried_on = is_carried_on(versions, own.nonce());
    bool other_won = false;
    int others = 0;
    for_each_version(versions, [&](const Version& version) {
      const Revision& revision = version.revision;
      if (revision.nonce == own.nonce() || !is_after(revision, base.revision)) return;
      ++others;
      if (marker_of(versions, revision.nonce) == nullptr) other_won = true;
    });
    if (carried_on) return Outcome::Done;
    // Whoever won has removed it; but one search may miss it.
    if (find_nonce(versions, own.nonce()) == nullptr) {
      if (++absent == kLooks) return Outcome::Lost;
      continue;
    }
    absent = 0;
    if (marker_of(versions, own.nonce()) == nullptr) return Outcome::Done;
    if (other_won) {
      own.withdraw();
      return Outcome::Lost;
    }
    if (others == 0) {
      if (++alone == kLooks) return Outcome::Done;
      continue;
    }
    alone = 0;
    // One of the others has won and is about to destroy its marker, or has lost and withdraws.
    if (Clock::now() - start < kDead) continue;
    if (versions.survivors.front().revision.nonce != own.nonce()) {
      own.withdraw();
      return Outcome::Lost;
    }
    for (std::size_t i = 1; i < versions.survivors.size(); ++i)
      if (!end(token, versions, versions.survivors[i])) break;
  }
}

// Looks several times, until `look`, which gets their number from 0, has seen enough.
template <class Look>
void look_repeatedly(milliseconds between, Look look) {
  for (int number = 0; number < kLooks; ++number) {
    pause(between, 0);
    if (look(number)) return;
  }
}

// Whether a change that has won its base was passed over all the same, as a dead writer's.
bool was_passed_over(hsm::Token& token, const std::string& label, const Version& base,
                     const std::string& own) {
  bool own_holds = false;
  bool other = false;
  look_repeatedly(milliseconds(1), [&](int) {
    const Versions versions = find_versions(token, label);
    own_holds = find_nonce(versions, own) != nullptr || is_carried_on(versions, own);
    for_each_version(versions, [&](const Version& version) {
      if (is_after(version.revision, base.revision)) other = true;
    });
    return own_holds;
  });
  return other && !own_holds;
}

// Whether a deletion took place: the destruction of `base`, which failed with `error`. It did
// unless the base is there, or somebody has replaced it meanwhile.
bool was_deleted(hsm::Token& token, const std::string& label, const Version& base,
                 const Error& error) {
  bool replaced = false;
  look_repeatedly(milliseconds(5), [&](int number) {
    const Versions versions = look_after(token, label, number == 1, error);
    if (find_nonce(versions, base.revision.nonce) != nullptr) throw Error(error);
    for_each_version(versions, [&](const Version& version) {
      // One of another lineage was made after the deletion, and is not meant.
      if (version.revision.lineage == base.revision.lineage &&
          is_after(version.revision, base.revision))
        replaced = true;
    });
    return replaced;
  });
  return !replaced;
}

// Whether the base is. Throws `error` if that is not to be known.
bool is_gone(hsm::Token& token, const std::string& label, const Version& base, const Error& error) {
  return find_nonce(look_after(token, label, false, error), base.revision.nonce) == nullptr;
}

Outcome replace(hsm::Token& token, const std::string& label, const Found& found,
                const Revision& next, std::string text) {
  const Version& base = *found.base;
  std::optional<Candidate> made;
  try {
    made.emplace(token, label, next.nonce, std::move(text));
  } catch (const Error& error) {
    // Whoever won the base meanwhile has removed the candidate.
    if (is_gone(token, label, base, error)) return Outcome::Lost;
    throw;
  }
  Candidate& own = *made;
  own.keep();
  bool won = false;
  try {
    won = destroy(token, base.object);
  } catch (const Error& error) {
    if (find_out(token, label, base, own, error) == Outcome::Lost) return Outcome::Lost;
    won = true;
  }
  if (!won) {
    own.withdraw();
    return Outcome::Lost;
  }
  bool marker_was_there = true;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      marker_was_there = own.destroy_marker();
      break;
    } catch (const Error&) {  // housekeeping; the next writer does it
      continue;
    }
  }
  try {
    if (!marker_was_there && was_passed_over(token, label, base, own.nonce())) return Outcome::Lost;
  } catch (const Error&) {  // the base was won
  }
  remove_rest(token, found.versions, base.revision.nonce);
  return Outcome::Done;
}

// A search in the middle of changes can show what was replaced long ago. The commit fails then; a
// refusal because of what the record says needs a second look.
bool holds_still(hsm::Token& token, const std::string& label, const Version& base) {
  const Versions versions = find_versions(token, label);
  const Version* holds = versions.holds();
  return holds != nullptr && holds->revision.nonce == base.revision.nonce;
}

Revision successor(const std::string& label, const Revision& revision) {
  constexpr std::size_t kAncestors = 12;
  if (revision.number >= kLastRevision)
    throw damaged(label, "its revision number cannot grow any more");
  Revision next{revision.number + 1, revision.lineage, random_nonce(), {revision.nonce}, now()};
  for (const std::string& nonce : revision.based_on)
    if (next.based_on.size() < kAncestors) next.based_on.push_back(nonce);
  return next;
}

// `destroyed` and what was based on it: candidates that must not come back as survivors.
void remove_followers(hsm::Token& token, const std::string& label,
                      const std::string& destroyed) noexcept {
  try {
    Versions versions = find_versions(token, label);
    for_each_version(versions, [&](const Version& version) {
      if (!is_based_on(version.revision, destroyed)) return;
      const Marker* marker = marker_of(versions, version.revision.nonce);
      if (try_destroy(token, version.object) && marker != nullptr)
        try_destroy(token, marker->object);
    });
  } catch (const std::exception&) {  // the deletion is done
  }
}

std::optional<hsm::DataObject> look_up(hsm::Token& token, const std::string& label, bool locked) {
  const auto start = Clock::now();
  bool missed = false;
  for (;;) {
    std::optional<hsm::NoChange> quiet;
    if (missed && !locked) quiet.emplace(token);
    Versions versions = find_versions(token, label);
    if (const Version* holds = versions.holds()) {
      // Of two survivors, one is about to be withdrawn.
      if (versions.committed.empty() && versions.survivors.size() > 1 &&
          Clock::now() - start < kDead) {
        quiet.reset();
        pause(milliseconds(5), 1);
        continue;
      }
      return holds->object;
    }
    if (!versions.damaged.empty()) throw damaged(label, versions.damaged.front().fault);
    // A search is no snapshot: in the middle of a change it may miss both the old and the new.
    if (std::exchange(missed, true)) return std::nullopt;
  }
}

}  // namespace

Error damaged(const std::string& label, const std::string& why) {
  return Error(ErrorCode::KMSInternal,
               "The record " + label + " in the token is damaged: " + why + ".",
               "Restore it from the backup of the HSM; `trent check` shows what is wrong.");
}

std::string random_nonce() {
  std::uint8_t random[8];
  fill_random(random);
  return to_hex(random);
}

Versions::Versions(std::vector<hsm::DataObject> objects) {
  std::vector<Version> versions;
  for (hsm::DataObject& object : objects) {
    try {
      if (!object.fault.empty()) throw std::runtime_error(object.fault);
      if (auto pending_revision = parse_marker(object.value))
        markers.push_back({pending_revision->nonce, pending_revision->made, std::move(object)});
      else
        versions.push_back({parse_revision(object.value), std::move(object)});
    } catch (const std::runtime_error& error) {
      object.fault = error.what();
      damaged.push_back(std::move(object));
    }
  }
  std::set<std::string> nonces;
  std::set<std::string> marked;
  for (const Version& version : versions) nonces.insert(version.revision.nonce);
  for (const Marker& marker : markers) marked.insert(marker.nonce);
  std::sort(versions.begin(), versions.end(), [](const Version& a, const Version& b) {
    if (a.revision.number != b.revision.number) return a.revision.number > b.revision.number;
    return a.revision.nonce < b.revision.nonce;
  });
  for (Version& version : versions) {
    const Revision& revision = version.revision;
    if (!marked.contains(revision.nonce))
      committed.push_back(std::move(version));
    else if (revision.based_on.empty())
      creations.push_back(std::move(version));
    else if (nonces.contains(revision.based_on.front()))
      pending.push_back(std::move(version));
    else
      survivors.push_back(std::move(version));
  }
}

const Version* Versions::holds() const {
  if (!committed.empty()) return &committed.front();
  return survivors.empty() ? nullptr : &survivors.front();
}

std::map<std::string, Versions> list_versions(hsm::Token& token) {
  std::map<std::string, std::vector<hsm::DataObject>> by_label;
  for (hsm::DataObject& object : hsm::list_data(token, kApplication))
    by_label[object.label].push_back(std::move(object));
  std::map<std::string, Versions> versions;
  for (auto& [label, objects] : by_label)
    versions.emplace_hint(versions.end(), label, Versions(std::move(objects)));
  return versions;
}

std::optional<hsm::DataObject> find_record(hsm::Token& token, const std::string& label) {
  return look_up(token, label, false);
}

std::optional<hsm::DataObject> find_record(const hsm::ChangeLock& /*lock*/, hsm::Token& token,
                                           const std::string& label) {
  return look_up(token, label, true);
}

bool create_record(const hsm::ChangeLock& /*lock*/, hsm::Token& token, const std::string& label,
                   const std::function<std::string(Revision first)>& text) {
  std::map<std::string, Clock::time_point> others;  // candidates, and since when they are there
  for (Attempts attempts(label);; attempts.again()) {
    const Revision first{1, random_nonce(), random_nonce(), {}, now()};
    Candidate own(token, label, first.nonce, text(first));
    Versions versions = find_versions(token, label);
    if (any_record(versions)) return false;
    if (!versions.damaged.empty()) throw damaged(label, versions.damaged.front().fault);
    bool alone = true;
    for (const Version& other : versions.creations) {
      if (other.revision.nonce == first.nonce) continue;
      alone = false;
      const auto since = others.emplace(other.revision.nonce, Clock::now()).first->second;
      if (Clock::now() - since > kDead) end(token, versions, other);
    }
    if (!alone || find_nonce(versions, first.nonce) == nullptr) continue;
    own.keep();
    bool committed = false;
    try {
      committed = own.destroy_marker();
    } catch (const Error&) {
      versions = find_versions(token, label);
      if (marker_of(versions, first.nonce) != nullptr) {
        own.withdraw();
        throw;
      }
      committed = find_nonce(versions, first.nonce) != nullptr;
    }
    if (committed) return true;
    own.withdraw();  // it was taken for a dead writer's
  }
}

bool change_record(
    const hsm::ChangeLock& /*lock*/, hsm::Token& token, const std::string& label, bool seen,
    const std::function<std::string(const std::string& text, Revision next)>& change) {
  bool lost = false;
  for (Attempts attempts(label);; attempts.again()) {
    Found found = find_base(token, label, seen, lost);
    if (!found.base) {
      if (!found.versions.damaged.empty())
        throw damaged(label, found.versions.damaged.front().fault);
      return false;
    }
    Revision next = successor(label, found.base->revision);
    std::string text;
    try {
      text = change(found.base->object.value, next);
    } catch (const Error&) {
      if (holds_still(token, label, *found.base)) throw;
      lost = true;
      continue;
    }
    if (replace(token, label, found, next, std::move(text)) == Outcome::Done) return true;
    lost = true;
  }
}

Deletion delete_record(const hsm::ChangeLock& /*lock*/, hsm::Token& token, const std::string& label,
                       bool seen, const std::function<bool(const std::string* text)>& condition) {
  bool lost = false;
  for (Attempts attempts(label);; attempts.again()) {
    Found found = find_base(token, label, seen, lost);
    if (!found.base) {
      const auto& damaged_ones = found.versions.damaged;
      if (damaged_ones.empty()) return Deletion::NotThere;
      if (!condition(nullptr)) return Deletion::Declined;
      for (const hsm::DataObject& object : damaged_ones) destroy(token, object);
      return Deletion::Done;
    }
    const Version& base = *found.base;
    if (!condition(&base.object.value)) {
      if (holds_still(token, label, base)) return Deletion::Declined;
      lost = true;
      continue;
    }
    bool done = false;
    try {
      done = destroy(token, base.object);
    } catch (const Error& error) {
      done = was_deleted(token, label, base, error);
    }
    if (done) {
      remove_rest(token, found.versions, base.revision.nonce);
      for (const hsm::DataObject& object : found.versions.damaged) try_destroy(token, object);
      // One that met the deletion in the middle of SoftHSM believes within milliseconds that it has
      // won: it has not.
      std::this_thread::sleep_for(milliseconds(10));
      remove_followers(token, label, base.revision.nonce);
      return Deletion::Done;
    }
    lost = true;
  }
}

void tidy_record(const hsm::ChangeLock& /*lock*/, hsm::Token& token, const std::string& label,
                 const std::function<std::string(const std::string& text, Revision next)>& copy) {
  Found found = find_base(token, label, false, false);
  if (found.base) {
    const Revision next = successor(label, found.base->revision);
    // Who wins it instead does the same.
    if (replace(token, label, found, next, copy(found.base->object.value, next)) == Outcome::Lost)
      return;
  } else {
    for (const Version& creation : found.versions.creations) end(token, found.versions, creation);
  }
  found.versions = look_for(token, label);
  for (const Marker& marker : found.versions.markers)
    if (find_nonce(found.versions, marker.nonce) == nullptr && now() - marker.made > kDead)
      destroy(token, marker.object);
}

}  // namespace trent::catalog
