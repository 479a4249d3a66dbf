// SPDX-License-Identifier: MIT
#include "lab/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace ringfence::lab {

void run_parallel(usize count, usize threads, machine::StopRequest& stop,
                  const std::function<void(usize)>& job) {
    std::atomic<usize> next = 0;
    std::mutex mutex;
    std::exception_ptr first_error;
    const auto work = [&] {
        for (usize i = next++; i < count && !stop.requested(); i = next++) {
            try {
                job(i);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!first_error) {
                    first_error = std::current_exception();
                }
                stop.request(machine::StopReason::AnotherFailed);
            }
        }
    };
    std::vector<std::thread> workers;
    workers.reserve(std::min(threads, count));
    try {
        while (workers.size() < std::min(threads, count)) {
            workers.emplace_back(work);
        }
    } catch (const std::system_error&) {
        work();  // the host gives no more threads: those that there are do it, with this one
    }
    for (std::thread& worker : workers) {
        worker.join();
    }
    if (first_error) {
        std::rethrow_exception(first_error);
    }
}

}  // namespace ringfence::lab
