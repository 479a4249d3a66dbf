# SPDX-License-Identifier: MIT
# Writes OUTPUT, a C++ file that holds the text of the suite in FILE.
file(READ "${FILE}" text)
file(WRITE "${OUTPUT}.new" "// Generated from lab/suite/workloads.toml.
#include \"lab/suite/suite_file.h\"

namespace ringfence::lab::suite {

std::string_view built_in_suite() {
    return R\"toml(${text})toml\";
}

}  // namespace ringfence::lab::suite
")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
