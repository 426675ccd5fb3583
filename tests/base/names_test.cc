// SPDX-License-Identifier: Apache-2.0
// ARNs, UUIDs and points in time, from text and as text.
#include <limits>

#include "base/arn.h"
#include "base/utc.h"
#include "base/uuid.h"
#include "check.h"

namespace {

using namespace trent;

void arn_has_its_parts() {
  const Arn arn = parse_arn("arn:aws:kms:eu-central-1:111122223333:alias/a:b").value();
  CHECK_EQ(arn.partition, "aws");
  CHECK_EQ(arn.service, "kms");
  CHECK_EQ(arn.region, "eu-central-1");
  CHECK_EQ(arn.account, "111122223333");
  CHECK_EQ(arn.resource, "alias/a:b");
  CHECK(parse_arn("arn:::::").has_value());
}

void what_is_no_arn_is_refused() {
  for (const char* text : {"", "arn", "arn:", "arn:aws:kms:eu-central-1:111122223333",
                           "ARN:::::", "urn:aws:kms:eu-central-1:111122223333:key/x"})
    CHECK(!parse_arn(text));
}

void uuid_is_read_as_it_is_written() {
  const Uuid uuid = parse_uuid("12345678-9abc-4def-8012-3456789abcde").value();
  CHECK_EQ(uuid[0], 0x12);
  CHECK_EQ(uuid[15], 0xde);
  CHECK_EQ(format_uuid(uuid), "12345678-9abc-4def-8012-3456789abcde");
  for (const char* text :
       {"", "123456789abc4def80123456789abcde", "12345678-9ABC-4DEF-8012-3456789ABCDE",
        "123456789-abc-4def-8012-3456789abcde", "12345678-9abc-4def-8012-3456789abcd",
        "12345678-9abc-4def-8012-3456789abcdeff", "12345678-9abc-4def-8012-3456789abcdg"})
    CHECK(!parse_uuid(text));
}

void random_uuids_are_of_version_4() {
  for (int i = 0; i < 100; ++i) {
    const std::string text = format_uuid(random_uuid());
    CHECK_EQ(text[14], '4');
    CHECK(std::string_view("89ab").find(text[19]) != std::string_view::npos);
    CHECK(parse_uuid(text).has_value());
  }
  CHECK(random_uuid() != random_uuid());
}

void time_is_utc() {
  setenv("TZ", "America/Caracas", 1);
  tzset();
  CHECK_EQ(format_utc(1700000000, "%F %T"), "2023-11-14 22:13:20");
  CHECK_EQ(format_utc(-1, "%FT%TZ"), "1969-12-31T23:59:59Z");
  CHECK_EQ(format_utc(std::numeric_limits<std::time_t>::max(), "%F"), "?");
}

}  // namespace

int main() {
  return RUN_TESTS("names", TEST(arn_has_its_parts), TEST(what_is_no_arn_is_refused),
                   TEST(uuid_is_read_as_it_is_written), TEST(random_uuids_are_of_version_4),
                   TEST(time_is_utc));
}
