# SPDX-License-Identifier: MIT
# The whole architecture-neutral core, compiled for the host on an invented machine.
find_package(rapidcheck REQUIRED)
include(${PROJECT_SOURCE_DIR}/kernel/core/sources.cmake)
include(${PROJECT_SOURCE_DIR}/kernel/net/sources.cmake)
list(APPEND RF_KERNEL_CORE_SOURCES ${RF_KERNEL_NET_SOURCES})
list(TRANSFORM RF_KERNEL_CORE_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/kernel/ OUTPUT_VARIABLE RF_CORE_PATHS)
rf_unit_test(kernel_core_test
    SOURCES core/fake_machine.cpp core/cpio_test.cpp core/cpu_times_test.cpp core/elf_image_test.cpp core/epoll_file_test.cpp core/file_locks_test.cpp
        core/ipc_registry_test.cpp core/isolation_choice_test.cpp core/line_discipline_test.cpp core/memory_space_test.cpp
        core/outside_access_test.cpp core/path_test.cpp core/pipe_buffer_test.cpp core/process_parts_test.cpp core/region_set_test.cpp
        core/scheduler_queue_test.cpp core/signal_set_test.cpp core/tmpfs_test.cpp
        ${RF_CORE_PATHS}
        ${PROJECT_SOURCE_DIR}/kernel/core/command_line.cpp
        ${PROJECT_SOURCE_DIR}/kernel/core/log/format.cpp
        ${PROJECT_SOURCE_DIR}/kernel/core/memory/frame_allocator.cpp
        ${PROJECT_SOURCE_DIR}/kernel/core/memory/heap.cpp
    DEPS rapidcheck rapidcheck_gtest)
target_include_directories(kernel_core_test PRIVATE ${PROJECT_SOURCE_DIR}/kernel/arch/x86_64)
# The invented page tables leave the real ones' fields unused; test data names only the fields that matter.
target_compile_options(kernel_core_test PRIVATE -Wno-unused-private-field -Wno-missing-designated-field-initializers)
