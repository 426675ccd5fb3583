// SPDX-License-Identifier: Apache-2.0
// p11-kit's URIs (RFC 7512), owned.
#pragma once

#include <p11-kit/uri.h>

#include <memory>

namespace trent {

struct FreeUri {
  void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
};
using Uri = std::unique_ptr<P11KitUri, FreeUri>;

}  // namespace trent
