# SPDX-License-Identifier: MIT
# The TCP/IP stack, between two invented machines.
find_package(rapidcheck REQUIRED)
include(${PROJECT_SOURCE_DIR}/kernel/net/sources.cmake)
list(TRANSFORM RF_KERNEL_NET_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/kernel/ OUTPUT_VARIABLE RF_NET_PATHS)
rf_unit_test(kernel_net_test
    SOURCES net/format_test.cpp net/queue_test.cpp net/tcp_property_test.cpp net/tcp_test.cpp net/tcp_versions_test.cpp
        net/udp_test.cpp net/wire.cpp ${RF_NET_PATHS}
    DEPS rapidcheck rapidcheck_gtest)
