# SPDX-License-Identifier: MIT
# Netlink's messages and what NETLINK_ROUTE answers, which is pure.
find_package(rapidcheck REQUIRED)
set(RF_NETLINK_PATHS route.cpp route_addresses.cpp route_links.cpp route_routes.cpp)
list(TRANSFORM RF_NETLINK_PATHS PREPEND ${PROJECT_SOURCE_DIR}/kernel/core/netlink/)
rf_unit_test(kernel_netlink_test
    SOURCES netlink/message_test.cpp netlink/route_test.cpp ${RF_NETLINK_PATHS}
    DEPS rapidcheck rapidcheck_gtest)
