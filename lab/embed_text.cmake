# SPDX-License-Identifier: MIT
# Writes OUTPUT, a C++ file whose function FUNCTION, declared in HEADER, gives the text of FILE. FUNCTION is
# qualified from ringfence::lab on.
file(READ "${FILE}" text)
cmake_path(GET FILE FILENAME name)
file(WRITE "${OUTPUT}.new" "// Generated from ${name}.
#include \"${HEADER}\"

namespace ringfence::lab {

std::string_view ${FUNCTION}() {
    return R\"toml(${text})toml\";
}

}  // namespace ringfence::lab
")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
