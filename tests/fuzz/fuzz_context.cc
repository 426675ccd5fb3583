// SPDX-License-Identifier: Apache-2.0
// What parse_encryption_context() accepts has one canonical form, from which the pairs can be read
// again; and a document parser finds the same pairs in the JSON.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "blob/context.h"
#include "fuzz.h"

using namespace trent;
using fuzz::require;
using nlohmann::json;

namespace {

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  std::uint32_t number() {
    std::uint32_t n = 0;
    for (std::uint8_t b : take(4)) n = n << 8 | b;
    return n;
  }
  std::string text() { return std::string(as_text(take(number()))); }
  bool at_end() const { return rest_.empty(); }

 private:
  ByteView take(std::size_t n) {
    require(n <= rest_.size(), "lengths stay within the canonical form");
    ByteView head = rest_.first(n);
    rest_ = rest_.subspan(n);
    return head;
  }
  ByteView rest_;
};

blob::EncryptionContext read_canonical(ByteView bytes) {
  blob::EncryptionContext out;
  Reader reader(bytes);
  for (std::uint32_t n = reader.number(); n > 0; --n) {
    std::string name = reader.text();
    require(out.empty() || out.rbegin()->first < name, "names are sorted and distinct");
    out[name] = reader.text();
  }
  require(reader.at_end(), "nothing follows the last pair");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  blob::EncryptionContext context;
  try {
    context = blob::parse_encryption_context(text);
  } catch (const Error& e) {
    require(e.code() == ErrorCode::Validation, "bad contexts are ValidationException");
    require(!e.message().empty() && !e.advice().empty(), "fault and advice are given");
    require(e.text().size() < 1000, "input is not echoed");
    return 0;
  }
  const Bytes canonical = blob::canonical_context(context);  // must not throw any more
  require(canonical.size() <= blob::kMaxCanonicalContext, "canonical form is within its limit");
  require(read_canonical(canonical) == context, "canonical form can be read back");
  const json document = json::parse(text);
  require(document.is_object() && document.get<blob::EncryptionContext>() == context,
          "a document parser finds the same pairs");
  require(blob::parse_encryption_context(document.dump()) == context, "JSON can be written again");
  return 0;
}
