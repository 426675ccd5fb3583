// SPDX-License-Identifier: Apache-2.0
// What the pkcs11 target goes on from. Each seed is a program whose last call is the one that it is
// for.
#pragma once

#include <vector>

#include "pkcs11_program.h"

namespace trent::fuzz {

struct Seed {
  Outcome reaches;
  Bytes code;
};

std::vector<Seed> seeds();

// Aborts unless every seed reaches what it is for, and every function has one.
void prove(World& world, const std::vector<Seed>& seeds);

}  // namespace trent::fuzz
