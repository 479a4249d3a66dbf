# SPDX-License-Identifier: MIT
# Writes OUTPUT, a C++ file that holds the text of each preset in FILES (separated by commas).
string(REPLACE "," ";" files "${FILES}")
set(rows "")
foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME_WE)
    file(READ "${file}" text)
    string(APPEND rows "    {\"${name}\", R\"toml(${text})toml\"},\n")
endforeach()
file(WRITE "${OUTPUT}.new" "// Generated from sim/presets/*.toml.
#include \"sim/presets/embedded_presets.h\"

namespace ringfence::sim::presets {

const std::vector<EmbeddedPreset>& embedded_presets() {
    static const std::vector<EmbeddedPreset> presets{
${rows}    };
    return presets;
}

}  // namespace ringfence::sim::presets
")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
