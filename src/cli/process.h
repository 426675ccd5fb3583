// SPDX-License-Identifier: Apache-2.0
// The command as a process that handles plaintext and PINs.
#pragma once

namespace trent::cli {

// To be called first in main().
void prepare_process();

}  // namespace trent::cli
