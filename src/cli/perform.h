// SPDX-License-Identifier: Apache-2.0
// One operation of KMS on one command line, from its options to what is printed.
#pragma once

#include "cli/common_options.h"
#include "cli/kms_verb.h"

namespace trent::cli {

// Returns the exit code. Throws UsageError, ConfigurationError, ServiceError, Failure.
int perform(KmsCommand& command, const CommonOptions& options);

}  // namespace trent::cli
