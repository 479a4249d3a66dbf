// SPDX-License-Identifier: MIT
// The verbs of the command. Each has a file of its own.
#pragma once

#include <string>
#include <vector>

namespace ringfence::lab {

/// Each takes the arguments after the verb and gives the process's exit status; an error of the
/// command is a LabError.
int run(const std::vector<std::string>& arguments);
int compare(const std::vector<std::string>& arguments);
int cpus(const std::vector<std::string>& arguments);
int attack_verb(const std::vector<std::string>& arguments);
int boot_verb(const std::vector<std::string>& arguments);
int measure_verb(const std::vector<std::string>& arguments);
int snapshot_verb(const std::vector<std::string>& arguments);
int bench_verb(const std::vector<std::string>& arguments);
int inventory_verb(const std::vector<std::string>& arguments);
int prove_verb(const std::vector<std::string>& arguments);
int suite_verb(const std::vector<std::string>& arguments);

}  // namespace ringfence::lab
