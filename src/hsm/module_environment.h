// SPDX-License-Identifier: Apache-2.0
// The environment that a PKCS#11 module is configured by: SOFTHSM2_CONF and its like.
#pragma once

#include <map>
#include <string>

namespace trent::hsm {

// Sets those that are not set. SoftHSM's configuration that is named here, and that `trent init`
// has made, is made to name the directory that it is in. Throws KMSInternalException if that cannot
// be written.
//
// In a host application other threads may read the environment: it is changed once, when the first
// token is set up, and not at all if the application or its user has set the variables.
void set_module_environment(const std::map<std::string, std::string>& environment);

}  // namespace trent::hsm
