// SPDX-License-Identifier: MIT
// The classes of CLI11 that declarations name. The library's header takes longer to compile than
// most sources that include one of ours: only who declares options includes it.
#pragma once

namespace CLI {
class App;
class Option;
}  // namespace CLI
