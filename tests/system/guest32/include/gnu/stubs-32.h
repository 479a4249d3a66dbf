// SPDX-License-Identifier: MIT
// The C library's headers, which the C++ ones include, ask for this file in 32-bit code. Where that
// library is installed for 64-bit code only, it is missing; nothing here uses the library.
#pragma once
