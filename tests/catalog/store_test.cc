// SPDX-License-Identifier: Apache-2.0
// The protocol of the records, step by step: what writers that died have left, and what others do
// between two calls of one change. Everything is laid out or done in exactly that moment.
#include "catalog/store.h"

#include <functional>
#include <optional>

#include "catalog/catalog.h"
#include "fault.h"
#include "kms.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using catalog::AliasRecord;
using catalog::Revision;

hsm::Token& token() {
  static Service kms(load_config());
  return kms.home().token;
}

// A record of its own for each test.
class Record {
 public:
  Record() {
    static int number = 0;
    name_ = "alias/record" + std::to_string(++number);
    label_ = catalog::alias_label(name_);
    token().log_in();
  }
  // What a test that fails has planned for later calls is not to meet the next one.
  ~Record() { fault_module().disarm(); }
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  const std::string& label() const { return label_; }

  std::string text(const Revision& revision) const {
    AliasRecord record;
    record.revision = revision;
    record.name = name_;
    record.target = "target of " + revision.nonce;
    record.created = record.updated = catalog::now();
    return catalog::to_text(record);
  }

  // As another host's writer does it.
  void put_revision(std::uint64_t number, const std::string& nonce,
                    const std::vector<std::string>& based_on = {}) const {
    put(text({number, "lineage", nonce, based_on, long_ago()}));
  }
  void put_marker(const std::string& nonce) const {
    put(catalog::marker_text(nonce, catalog::now()));
  }
  void put_pending(std::uint64_t number, const std::string& nonce,
                   const std::vector<std::string>& based_on = {}) const {
    put_marker(nonce);
    put_revision(number, nonce, based_on);
  }
  // The objects whose value holds `part`: a nonce's revision and marker, and what is based on it.
  void destroy(const std::string& part) const {
    const RawSession raw;
    for (auto object : objects(raw))
      if (raw.attribute(object, CKA_VALUE).find(part) != std::string::npos)
        check_rv(softhsm()->C_DestroyObject(raw.handle(), object), "C_DestroyObject");
  }
  std::size_t count() const {
    const RawSession raw;
    return objects(raw).size();
  }

  // What readers take.
  std::optional<Revision> holds() const {
    auto object = catalog::find_record(token(), label_);
    if (!object) return std::nullopt;
    return catalog::parse_revision(object->value);
  }
  // One change; `meanwhile` is done after the record was found. How often it had to be made.
  int change(const std::function<void(int attempt, const Revision& next)>& meanwhile = {}) const {
    const hsm::ChangeLock lock(token());
    return change(lock, meanwhile);
  }
  int change(const hsm::ChangeLock& lock,
             const std::function<void(int attempt, const Revision& next)>& meanwhile = {}) const {
    int made = 0;
    CHECK(catalog::change_record(lock, token(), label_, false,
                                 [&](const std::string&, const Revision& next) {
                                   if (meanwhile) meanwhile(++made, next);
                                   return text(next);
                                 }));
    return made;
  }
  catalog::Deletion deletion(const std::function<bool()>& condition) const {
    const hsm::ChangeLock lock(token());
    return catalog::delete_record(lock, token(), label_, false,
                                  [&](const std::string*) { return condition(); });
  }

 private:
  static catalog::Timestamp long_ago() { return catalog::now() - std::chrono::hours(1); }

  std::vector<CK_OBJECT_HANDLE> objects(const RawSession& raw) const {
    std::string label = label_;
    return raw.find({{CKA_LABEL, label.data(), label.size()}});
  }
  void put(std::string value) const {
    const RawSession raw;
    CK_OBJECT_CLASS data = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    std::string application = catalog::kApplication;
    std::string label = label_;
    CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &data, sizeof data},
                                 {CKA_TOKEN, &yes, sizeof yes},
                                 {CKA_PRIVATE, &yes, sizeof yes},
                                 {CKA_APPLICATION, application.data(), application.size()},
                                 {CKA_LABEL, label.data(), label.size()},
                                 {CKA_VALUE, value.data(), value.size()}};
    CK_OBJECT_HANDLE handle = 0;
    check_rv(softhsm()->C_CreateObject(raw.handle(), attributes, std::size(attributes), &handle),
             "C_CreateObject");
  }

  std::string name_;
  std::string label_;
};

// Before the n-th C_DestroyObject from here on, which is done all the same, or answered with `rv`.
void before_destroy(unsigned long nth, const std::function<void()>& others, CK_RV rv = CKR_OK) {
  fault_module().arm({.nth = nth, .rv = rv, .function = "C_DestroyObject", .before = others});
}

void change_of_a_writer_that_died_before_its_commit_is_none() {
  const Record record;
  record.put_revision(1, "aa");
  record.put_pending(2, "bb", {"aa"});
  CHECK_EQ(record.holds()->nonce, "aa");
  record.change();
  CHECK_EQ(record.holds()->number, 2U);
  CHECK_EQ(record.holds()->based_on.at(0), "aa");
  CHECK_EQ(record.count(), 1U);
}

void change_of_a_writer_that_died_after_its_commit_holds() {
  const Record record;
  record.put_pending(2, "bb", {"aa"});
  CHECK_EQ(record.holds()->nonce, "bb");
  record.change();
  CHECK_EQ(record.holds()->number, 3U);
  CHECK_EQ(record.holds()->based_on.at(0), "bb");
  CHECK_EQ(record.count(), 1U);
}

void of_two_dead_writers_the_lower_nonce_holds() {
  const Record record;
  record.put_pending(2, "cc", {"aa"});
  record.put_pending(2, "bb", {"aa"});
  CHECK_EQ(record.holds()->nonce, "bb");
  record.change();
  CHECK_EQ(record.holds()->based_on.at(0), "bb");
  CHECK_EQ(record.count(), 1U);
}

void change_whose_base_another_has_replaced_starts_again() {
  const Record record;
  record.put_revision(1, "aa");
  const hsm::ChangeLock lock(token());  // both have it, as if there were none
  CHECK_EQ(record.change(lock,
                         [&](int attempt, const Revision&) {
                           if (attempt == 1) record.change(lock);
                         }),
           2);
  CHECK_EQ(record.holds()->number, 3U);
  CHECK_EQ(record.count(), 1U);
}

// The candidate of such a change would be taken for that of a writer that died after its commit.
void change_of_a_record_that_another_has_deleted_finds_none() {
  const Record record;
  record.put_revision(1, "aa");
  const auto change = [&](const std::string&, const Revision& next) {
    record.destroy("\"nonce\":\"aa\"");
    return record.text(next);
  };
  CHECK(!catalog::change_record(hsm::ChangeLock(token()), token(), record.label(), false, change));
  CHECK(!record.holds());
  CHECK_EQ(record.count(), 0U);
}

// The token destroys the base and says that it did not.
void change_that_is_reported_as_failed_and_was_made_is_done() {
  const Record record;
  record.put_revision(1, "aa");
  fault_module().arm(
      {.nth = 1, .rv = CKR_FUNCTION_FAILED, .function = "C_DestroyObject", .forward = true});
  CHECK_EQ(record.change([](int, const Revision&) {}), 1);
  CHECK(fault_module().fired());
  fault_module().disarm();
  CHECK_EQ(record.holds()->number, 2U);
  CHECK_EQ(record.count(), 1U);
}

// Somebody else was quicker, and a search in the middle of changes does not show that at once.
void change_that_another_has_won_is_made_again() {
  const Record record;
  record.put_revision(1, "aa");
  before_destroy(
      1,
      [&] {
        record.destroy("\"nonce\":\"aa\"");
        fault_module().arm({.nth = 5, .rv = CKR_OK, .function = "C_FindObjectsInit", .before = [&] {
                              fault_module().disarm();
                              record.put_revision(2, "dd", {"aa"});
                            }});
      },
      CKR_FUNCTION_FAILED);
  CHECK_EQ(record.change([](int, const Revision&) {}), 2);
  CHECK_EQ(record.holds()->number, 3U);
  CHECK_EQ(record.holds()->based_on.at(0), "dd");
  CHECK_EQ(record.count(), 1U);
}

// A revision names the last before it only: by the number it is seen that it came later.
void change_that_many_have_overtaken_is_made_again() {
  const Record record;
  record.put_revision(1, "aa");
  before_destroy(
      1,
      [&] {
        record.destroy("\"nonce\":\"aa\"");
        record.put_revision(40, "dd", {"cc"});
      },
      CKR_FUNCTION_FAILED);
  CHECK_EQ(record.change([](int, const Revision&) {}), 2);
  CHECK_EQ(record.holds()->number, 41U);
  CHECK_EQ(record.holds()->based_on.at(0), "dd");
}

// The base was destroyed, and the first search that looks for what became of it misses our own.
void change_that_a_search_misses_is_done() {
  const Record record;
  record.put_revision(1, "aa");
  std::string own;
  before_destroy(
      1,
      [&] {
        record.destroy("\"nonce\":\"aa\"");
        fault_module().arm(
            {.nth = 1, .rv = CKR_OK, .function = "C_FindObjectsInit", .before = [&] {
               record.destroy("\"nonce\":\"" + own + "\"");
               fault_module().arm(
                   {.nth = 2, .rv = CKR_OK, .function = "C_FindObjectsInit", .before = [&] {
                      fault_module().disarm();
                      record.put_revision(2, own, {"aa"});
                    }});
             }});
      },
      CKR_FUNCTION_FAILED);
  CHECK_EQ(record.change([&](int, const Revision& next) { own = next.nonce; }), 1);
  CHECK_EQ(record.holds()->nonce, own);
}

// A search can show what was replaced: what a change says of that is not the answer.
void refusal_of_what_is_replaced_is_none() {
  const Record record;
  record.put_revision(1, "aa");
  const Error refusal(ErrorCode::KMSInvalidState, "It is pending.", "Wait.");
  CHECK_EQ(record.change([&](int attempt, const Revision&) {
    if (attempt > 1) return;
    record.destroy("\"nonce\":\"aa\"");
    record.put_revision(2, "dd", {"aa"});
    throw Error(refusal);
  }),
           2);
  int asked = 0;
  CHECK_ERROR(KMSInvalidState, record.change([&](int attempt, const Revision&) {
    asked = attempt;
    throw Error(refusal);
  }));
  CHECK_EQ(asked, 1);
  // The same of a deletion.
  asked = 0;
  CHECK(record.deletion([&] {
    if (++asked > 1) return true;
    const Revision base = *record.holds();
    record.destroy("\"nonce\":\"" + base.nonce + "\"");
    record.put_revision(base.number + 1, "ee", {base.nonce});
    return false;
  }) == catalog::Deletion::Done);
  CHECK_EQ(asked, 2);
}

// What SoftHSM hides from a process that changes something at the same moment as another one, it
// shows to a module that is started anew.
void record_that_is_hidden_is_changed() {
  const Record record;
  // The first session of the new start is Trent's own.
  fault_module().arm(
      {.nth = 1, .rv = CKR_OK, .function = "C_Initialize", .before = [&] {
         fault_module().arm(
             {.nth = 1, .rv = CKR_OK, .function = "C_FindObjectsInit", .before = [&] {
                fault_module().disarm();
                record.put_revision(2, "dd", {"aa"});
              }});
       }});
  const hsm::ChangeLock lock(token());
  const auto change = [&](const std::string&, const Revision& next) { return record.text(next); };
  CHECK(catalog::change_record(lock, token(), record.label(), true, change));
  CHECK_EQ(record.holds()->based_on.at(0), "dd");
}

// The same of a deletion.
void deletion_that_another_was_before_is_made_again() {
  const Record record;
  record.put_revision(1, "aa");
  int asked = 0;
  before_destroy(
      1,
      [&] {
        record.destroy("\"nonce\":\"aa\"");
        fault_module().arm({.nth = 4, .rv = CKR_OK, .function = "C_FindObjectsInit", .before = [&] {
                              fault_module().disarm();
                              record.put_revision(2, "dd", {"aa"});
                            }});
      },
      CKR_FUNCTION_FAILED);
  CHECK(record.deletion([&] {
    ++asked;
    return true;
  }) == catalog::Deletion::Done);
  CHECK_EQ(asked, 2);
  CHECK_EQ(record.count(), 0U);
}

// The same, and before we can look somebody has based the next change on ours.
void change_that_another_has_carried_on_is_done() {
  const Record record;
  record.put_revision(1, "aa");
  std::string own;
  before_destroy(
      1,
      [&] {
        fault_module().disarm();
        record.destroy("aa");  // the base, and ours
        record.destroy(own);   // our marker
        record.put_revision(3, "dd", {own, "aa"});
      },
      CKR_FUNCTION_FAILED);
  CHECK_EQ(record.change([&](int, const Revision& next) { own = next.nonce; }), 1);
  CHECK_EQ(record.holds()->nonce, "dd");
  CHECK_EQ(record.count(), 1U);
}

// Ours has committed, and was taken for the one that lost before it could destroy its marker.
void change_that_was_passed_over_is_made_again() {
  const Record record;
  record.put_revision(1, "aa");
  std::string own;
  before_destroy(2, [&] {
    fault_module().disarm();
    record.destroy(own);
    record.put_revision(2, "00", {"aa"});
  });
  CHECK_EQ(record.change([&](int attempt, const Revision& next) {
    if (attempt == 1) own = next.nonce;
  }),
           2);
  CHECK_EQ(record.holds()->number, 3U);
  CHECK_EQ(record.holds()->based_on.at(0), "00");
  CHECK_EQ(record.count(), 1U);
}

// The base cannot be destroyed, and then the candidate's object neither.
void change_that_cannot_be_withdrawn_is_not_in_effect() {
  for (const bool first_works : {true, false}) {
    const Record record;
    record.put_revision(1, "aa");
    before_destroy(
        1,
        [&] {
          fault_module().arm({.nth = first_works ? 2UL : 1UL,
                              .rv = CKR_FUNCTION_FAILED,
                              .function = "C_DestroyObject",
                              .and_later = true});
        },
        CKR_FUNCTION_FAILED);
    CHECK_ERROR(KMSInternal, record.change());
    fault_module().disarm();
    CHECK_EQ(record.holds()->nonce, "aa");
    record.change();
    CHECK_EQ(record.holds()->based_on.at(0), "aa");
  }
}

// A candidate that another host made for a change of the record, after ours had looked.
void deleted_record_does_not_come_back() {
  const Record record;
  record.put_revision(1, "aa");
  CHECK(record.deletion([&] {
    record.put_pending(2, "bb", {"aa"});
    return true;
  }) == catalog::Deletion::Done);
  CHECK(!record.holds());
  CHECK_EQ(record.count(), 0U);
}

void deletion_that_is_declined_destroys_nothing() {
  const Record record;
  record.put_revision(1, "aa");
  CHECK(record.deletion([] { return false; }) == catalog::Deletion::Declined);
  CHECK_EQ(record.count(), 1U);
  CHECK(record.deletion([] { return true; }) == catalog::Deletion::Done);
  CHECK_EQ(record.count(), 0U);
}

// How often the text had to be made; nullopt: there is such a record.
std::optional<int> create(const Record& record,
                          const std::function<void(int attempt, const Revision&)>& meanwhile) {
  int made = 0;
  const hsm::ChangeLock lock(token());
  const bool done = catalog::create_record(lock, token(), record.label(), [&](const Revision& own) {
    meanwhile(++made, own);
    return record.text(own);
  });
  return done ? std::optional(made) : std::nullopt;
}

void record_that_is_there_is_not_created() {
  const Record record;
  CHECK(!create(record, [&](int attempt, const Revision&) {
    if (attempt == 1) record.put_revision(1, "aa");
  }));
  CHECK_EQ(record.holds()->nonce, "aa");
  CHECK_EQ(record.count(), 1U);
}

// It may be done at any moment as long as it is there; at last its writer is dead.
void creation_waits_for_another() {
  const Record record;
  CHECK(*create(record, [&](int attempt, const Revision&) {
    if (attempt == 1) record.put_pending(1, "bb");
  }) > 1);
  CHECK(record.holds()->nonce != "bb");
  CHECK_EQ(record.count(), 1U);
}

void creation_that_was_taken_for_a_dead_writers_is_made_again() {
  const Record record;
  std::string own;
  before_destroy(1, [&] {
    fault_module().disarm();
    record.destroy(own);
  });
  CHECK_EQ(*create(record,
                   [&](int attempt, const Revision& revision) {
                     if (attempt == 1) own = revision.nonce;
                   }),
           2);
  CHECK(record.holds().has_value());
  CHECK_EQ(record.count(), 1U);
}

}  // namespace

int main() {
  const SoftHsm hsm({.module = fault_module_path()});
  return RUN_TESTS(
      "catalog store", TEST(change_of_a_writer_that_died_before_its_commit_is_none),
      TEST(change_of_a_writer_that_died_after_its_commit_holds),
      TEST(of_two_dead_writers_the_lower_nonce_holds),
      TEST(change_whose_base_another_has_replaced_starts_again),
      TEST(change_of_a_record_that_another_has_deleted_finds_none),
      TEST(change_that_is_reported_as_failed_and_was_made_is_done),
      TEST(change_that_another_has_won_is_made_again), TEST(record_that_is_hidden_is_changed),
      TEST(change_that_many_have_overtaken_is_made_again),
      TEST(change_that_a_search_misses_is_done), TEST(refusal_of_what_is_replaced_is_none),
      TEST(deletion_that_another_was_before_is_made_again),
      TEST(change_that_another_has_carried_on_is_done),
      TEST(change_that_was_passed_over_is_made_again),
      TEST(change_that_cannot_be_withdrawn_is_not_in_effect),
      TEST(deleted_record_does_not_come_back), TEST(deletion_that_is_declined_destroys_nothing),
      TEST(record_that_is_there_is_not_created), TEST(creation_waits_for_another),
      TEST(creation_that_was_taken_for_a_dead_writers_is_made_again));
}
