// SPDX-License-Identifier: Apache-2.0
// SoftHSM's configuration and token.object, which Trent reads beside SoftHSM: whatever is in them
// is classified, and a part of a whole token is not whole.
#include "base/bytes.h"
#include "fuzz.h"
#include "hsm/softhsm_files.h"

using namespace trent;
using namespace trent::hsm;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView content(data, size);
  const std::string directory = parse_token_directory(as_text(content));
  require(!directory.empty(), "there is a directory");
  require(directory.find('\n') == directory.npos, "directory is of one line");
  if (classify_token_object(content) != TokenObject::Damaged)
    require(classify_token_object(content.first(size - 1)) != TokenObject::Whole,
            "part of a token is not whole");
  return 0;
}
