// SPDX-License-Identifier: Apache-2.0
// A record of the catalog is an object in the token, where others can write too: it is either
// refused with a reason, or holds what is written back the same.
#include <stdexcept>

#include "base/bytes.h"
#include "catalog/alias_record.h"
#include "catalog/grant_record.h"
#include "catalog/key_record.h"
#include "fuzz.h"

using namespace trent;
using namespace trent::catalog;
using fuzz::require;

template <class Parse>
static void check(std::string_view text, Parse parse) {
  std::string written;
  try {
    written = to_text(parse(text));
  } catch (const std::runtime_error& e) {
    require(*e.what() != '\0', "reason is given");
    return;
  }
  require(to_text(parse(written)) == written, "record is read as it was written");
  const Revision revision = parse_revision(text);  // must not throw any more
  require(revision.number == parse(written).revision.number, "revision is that of the record");
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  check(text, KeyRecord::parse);
  check(text, AliasRecord::parse);
  check(text, GrantRecord::parse);
  try {
    const KeyRecord key = KeyRecord::parse(text);
    require(key.has_material(key.current) || key.materials.empty(),
            "current key material is one of the key's");
    require(!key.staged || (key.has_material(*key.staged) && key.staged != key.current),
            "next key material is another one of the key's");
    if (key.state_at(now()) == KeyState::Enabled)
      require(!key.materials.empty(), "key that can be used has material");
    require(key.deletion.has_value() == (key.state == KeyState::PendingDeletion),
            "deletion date goes with the state");
  } catch (const std::runtime_error&) {
  }
  if (const auto pending = parse_marker(text)) {
    const auto again = parse_marker(marker_text(pending->nonce, pending->made));
    require(again && again->nonce == pending->nonce, "marker is read as it was written");
  }
  if (const auto id = key_id_of_label(text))
    require(key_label(*id) == text, "label is written as it was read");
  return 0;
}
