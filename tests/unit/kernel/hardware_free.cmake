# SPDX-License-Identifier: MIT
# Memory, log and decisions of the kernel: what needs no hardware, compiled for the host.
rf_unit_test(kernel_memory_test
    SOURCES frame_allocator_test.cpp heap_test.cpp command_line_test.cpp log_format_test.cpp
        isolation_decision_test.cpp pcid_allocator_test.cpp extended_state_test.cpp breakpoints_test.cpp
        ${PROJECT_SOURCE_DIR}/kernel/core/memory/frame_allocator.cpp
        ${PROJECT_SOURCE_DIR}/kernel/core/memory/heap.cpp
        ${PROJECT_SOURCE_DIR}/kernel/core/command_line.cpp
        ${PROJECT_SOURCE_DIR}/kernel/core/log/format.cpp
        ${PROJECT_SOURCE_DIR}/kernel/arch/x86_64/isolation.cpp)
target_include_directories(kernel_memory_test PRIVATE ${PROJECT_SOURCE_DIR}/kernel/arch/x86_64)
