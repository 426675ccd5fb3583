// SPDX-License-Identifier: Apache-2.0
// --output text, table and yaml, as `aws` lays them out.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "kms/model/json_fwd.h"

namespace trent::cli {

// Tabs between what stands beside each other. Members in the order of their names.
SecretString text_format(const kms::Json& json);

// A table wider than `width` columns stands upright. Throws std::invalid_argument for what is no
// table.
SecretString table_format(std::string_view title, const kms::Json& json, std::size_t width);

SecretString yaml_format(const kms::Json& json);

// A value that is no list and no object, as Python prints it: None, True, 1.0.
SecretString scalar_text(const kms::Json& json);

}  // namespace trent::cli
