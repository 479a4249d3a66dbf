# SPDX-License-Identifier: MIT
# The three kinds of target: host code, freestanding kernel code, and user programs for the guest.

option(RF_TESTS "Build the tests" ON)
option(RF_BENCH "Build the benchmarks" OFF)
option(RF_SANITIZE "Build host code with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

set(RF_WARNINGS -Wall -Wextra -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
    -Wold-style-cast -Wimplicit-fallthrough -Wunused-result)

function(_rf_host_options target)
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${RF_WARNINGS}>)
    if(RF_SANITIZE)
        # Detecting uses after return takes dynamic stack space, for which preserve_none handlers have no room.
        target_compile_options(${target} PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=all
            -fno-omit-frame-pointer -fsanitize-address-use-after-return=never
            # What fuzz targets steer by (tests/fuzz); without their main program it only counts.
            -fsanitize-coverage=inline-8bit-counters,pc-table)
        target_link_options(${target} PUBLIC -fsanitize=address,undefined)
    endif()
endfunction()

# The libraries' headers that many sources include take longer to compile than most sources: each set of options compiles
# them once (NAME is a target of no code) for the targets that reuse it. A source still includes what it uses:
# CMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without.
function(_rf_precompiled name headers)
    set(source ${PROJECT_BINARY_DIR}/${name}.cpp)
    file(GENERATE OUTPUT ${source} CONTENT "")
    add_library(${name} OBJECT ${source})
    target_precompile_headers(${name} PRIVATE ${headers})
endfunction()

set(_rf_common_headers <algorithm> <array> <cstring> <functional> <map> <memory> <optional> <span> <string> <string_view>
    <utility> <vector>)

# Host code that formats text, which is nearly all of it.
find_package(fmt REQUIRED)
function(_rf_host_headers target)
    _rf_reuse_headers(${target} rf_host_headers "" "" "")
endfunction()

# The same, and further headers, which come with the libraries and are compiled with the options given; the first target
# to ask makes them.
function(_rf_reuse_headers target name headers libraries options)
    if(NOT TARGET ${name})
        _rf_precompiled(${name} "${_rf_common_headers};<fmt/format.h>;${headers}")
        _rf_host_options(${name})
        target_compile_options(${name} PRIVATE ${options})
        target_link_libraries(${name} PRIVATE fmt::fmt ${libraries})
    endif()
    target_link_libraries(${target} PRIVATE fmt::fmt)
    target_precompile_headers(${target} REUSE_FROM ${name})
endfunction()

# A library's and an executable's sources and libraries alone: with which options and headers they are compiled is their
# kind's to say.
function(_rf_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    _rf_host_options(${name})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()
function(_rf_executable name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    _rf_host_options(${name})
    target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# rf_host_library(NAME SOURCES a.cpp ... DEPS x ... [HEADERS <h> ...]): HEADERS are further ones of libraries that many of
# its sources include.
function(rf_host_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;HEADERS" ${ARGN})
    _rf_library(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS})
    if(ARG_HEADERS)
        _rf_reuse_headers(${name} ${name}_headers "${ARG_HEADERS}" "${ARG_DEPS}" "")
    else()
        _rf_host_headers(${name})
    endif()
endfunction()

# rf_host_objects(NAME SOURCES ... DEPS ... HEADERS ... OPTIONS ...): a part of a library that is compiled in its own way.
function(rf_host_objects name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;HEADERS;OPTIONS" ${ARGN})
    add_library(${name} OBJECT ${ARG_SOURCES})
    _rf_host_options(${name})
    target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS})
    _rf_reuse_headers(${name} ${name}_headers "${ARG_HEADERS}" "${ARG_DEPS}" "${ARG_OPTIONS}")
endfunction()

# rf_host_executable(NAME SOURCES ... DEPS ...)
function(rf_host_executable name)
    _rf_executable(${name} ${ARGN})
    _rf_host_headers(${name})
endfunction()

# Tests are compiled more often than they are run, and what they test is in libraries: the compiler's time counts.
set(RF_TEST_OPTIONS -O0)

# Every unit test program: what the sanitizer run builds.
add_custom_target(host_tests)

# rf_test_executable(NAME SOURCES ... DEPS ...): a GoogleTest program; who calls this registers it with CTest.
function(rf_test_executable name)
    find_package(GTest REQUIRED)
    _rf_executable(${name} ${ARGN})
    _rf_test_options(${name})
    target_link_libraries(${name} PRIVATE ringfence_base GTest::gtest_main)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endfunction()

# rf_test_library(NAME SOURCES ... DEPS ...): what several test programs share.
function(rf_test_library name)
    _rf_library(${name} ${ARGN})
    _rf_test_options(${name})
endfunction()

function(_rf_test_options name)
    find_package(GTest REQUIRED)
    target_link_libraries(${name} PRIVATE GTest::gtest GTest::gmock)
    target_compile_options(${name} PRIVATE ${RF_TEST_OPTIONS})
    if(NOT TARGET rf_test_headers)
        _rf_precompiled(rf_test_headers "${_rf_common_headers};<gmock/gmock.h>;<gtest/gtest.h>")
        _rf_host_options(rf_test_headers)
        target_link_libraries(rf_test_headers PRIVATE GTest::gtest GTest::gmock)
        target_compile_options(rf_test_headers PRIVATE ${RF_TEST_OPTIONS})
    endif()
    target_precompile_headers(${name} REUSE_FROM rf_test_headers)
endfunction()

# rf_unit_test(NAME SOURCES ... DEPS ... [PARTS n]): a GoogleTest program, registered with CTest under its name, or, for
# one that takes long, in n parts that run side by side, under NAME_0 and so on.
function(rf_unit_test name)
    cmake_parse_arguments(ARG "" "PARTS" "SOURCES;DEPS" ${ARGN})
    rf_test_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS})
    if(ARG_PARTS)
        math(EXPR last "${ARG_PARTS} - 1")
        foreach(part RANGE ${last})
            add_test(NAME ${name}_${part} COMMAND ${name})
            set_tests_properties(${name}_${part} PROPERTIES LABELS host
                ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_PARTS};GTEST_SHARD_INDEX=${part}")
        endforeach()
    else()
        add_test(NAME ${name} COMMAND ${name})
        set_tests_properties(${name} PROPERTIES LABELS host)
    endif()
    add_dependencies(host_tests ${name})
endfunction()

# What runs in a guest depends on its sources alone, not on where or by which compiler cache it was built (one may name
# sources relative to the build folder): a length of a path would move code and data, and with them cycles.
set(RF_REPRODUCIBLE_OPTIONS -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-prefix-map=../= -fdebug-compilation-dir=.)

# Kernel code for x86-64: no hosted library, no floating point registers, no red zone, linked at the top 2 GiB.
set(RF_KERNEL_OPTIONS --target=x86_64-linux-gnu -ffreestanding -fno-exceptions -fno-rtti -fno-pic -fno-pie
    -mcmodel=kernel -mno-red-zone -mno-sse -mno-mmx -msoft-float -fno-stack-protector -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
    -fno-threadsafe-statics -fno-c++-static-destructors -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -O2 -g
    ${RF_REPRODUCIBLE_OPTIONS})

# rf_kernel_objects(NAME SOURCES ... INCLUDES dir ...): parts of a kernel image.
function(rf_kernel_objects name)
    cmake_parse_arguments(ARG "" "" "SOURCES;INCLUDES" ${ARGN})
    add_library(${name} OBJECT ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${ARG_INCLUDES})
    target_compile_options(${name} PRIVATE ${RF_KERNEL_OPTIONS} $<$<COMPILE_LANGUAGE:CXX>:${RF_WARNINGS}>)
    if(NOT TARGET rf_kernel_headers)
        _rf_precompiled(rf_kernel_headers "<algorithm>;<bit>;<cstring>;<optional>;<span>;<string_view>;<utility>")
        target_compile_options(rf_kernel_headers PRIVATE ${RF_KERNEL_OPTIONS} ${RF_WARNINGS})
    endif()
    target_precompile_headers(${name} REUSE_FROM rf_kernel_headers)
endfunction()

# rf_kernel_executable(NAME LINKER_SCRIPT f.ld INCLUDES dir ... SOURCES ...): a freestanding x86-64 ELF image.
function(rf_kernel_executable name)
    cmake_parse_arguments(ARG "" "LINKER_SCRIPT" "SOURCES;INCLUDES" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${ARG_INCLUDES})
    target_compile_options(${name} PRIVATE ${RF_KERNEL_OPTIONS} $<$<COMPILE_LANGUAGE:CXX>:${RF_WARNINGS}>)
    target_link_options(${name} PRIVATE --target=x86_64-linux-gnu -fuse-ld=lld -nostdlib -static -no-pie
        -Wl,-T,${ARG_LINKER_SCRIPT} -Wl,--gc-sections -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack
        -Wl,--build-id=none)
    set_target_properties(${name} PROPERTIES LINK_DEPENDS ${ARG_LINKER_SCRIPT})
endfunction()

# rf_user_program(NAME SOURCES ... [OPTIONS ...]): a static Linux program that runs inside the guest (and on a
# Linux host of the same architecture).
function(rf_user_program name)
    cmake_parse_arguments(ARG "" "" "SOURCES;OPTIONS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${name} PRIVATE -O2 -g ${RF_REPRODUCIBLE_OPTIONS}
        $<$<COMPILE_LANGUAGE:CXX>:${RF_WARNINGS}> ${ARG_OPTIONS})
    target_link_options(${name} PRIVATE -static -fuse-ld=lld ${ARG_OPTIONS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/guest)
endfunction()
