// SPDX-License-Identifier: MIT
// Activities with terminals.
#pragma once

#include "guest/endurance/activities.h"

namespace endurance {

/// Lines to a program at a terminal and back.
Outcome talk_by_terminal(Random& random);
/// Sessions whose terminal goes, whose leader goes, whose jobs are stopped.
Outcome abandon_terminals(Random& random);

}  // namespace endurance
