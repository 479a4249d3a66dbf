// SPDX-License-Identifier: MIT
#include "tests/unit/kernel/core/fake_machine.h"

#include <cstdlib>
#include <cstring>
#include <map>

#include "kernel/core/log/log.h"
#include "kernel/core/memory/heap.h"
#include "kernel_arch/cpu.h"
#include "kernel_arch/cpu_information.h"
#include "kernel_arch/isolation_status.h"
#include "kernel_arch/kernel_stack.h"
#include "kernel_arch/modify_ldt.h"
#include "kernel_arch/serial.h"
#include "kernel_arch/signal_frame.h"
#include "kernel_arch/statistics.h"
#include "kernel_arch/thread_state.h"
#include "kernel_arch/traced_thread.h"
#include "kernel_arch/user_access.h"
#include "kernel_arch/vdso.h"

namespace ringfence::kernel {

namespace {

u8* memory = nullptr;
FrameAllocator* allocator = nullptr;
std::vector<FrameRecord>* records = nullptr;

using Pages = std::map<u64, arch::Mapping>;
std::map<const arch::AddressSpace*, Pages>& tables() {
    static std::map<const arch::AddressSpace*, Pages> all;
    return all;
}

}  // namespace

FrameAllocator& frames() {
    return *allocator;
}
u8* frame_bytes(PhysicalAddress frame) {
    return memory + frame.value();
}
Result<PhysicalAddress, MemoryError> allocate_zeroed_frame(FrameUse use) {
    const auto frame = frames().allocate(use);
    if (frame) {
        std::memset(frame_bytes(frame.value()), 0, frame_size);
    }
    return frame;
}
/// Never used: objects are the host's.
Heap& kernel_heap() {
    static Heap none(frames(), frame_bytes, [](const void* pointer) {
        return PhysicalAddress{static_cast<u64>(static_cast<const u8*>(pointer) - memory)};
    });
    return none;
}
void* heap_allocate(usize bytes) {
    return std::malloc(bytes);
}
void heap_release(void* pointer) {
    std::free(pointer);
}
void log_line(LogLevel, std::string_view) {}
void panic(std::string_view message) {
    ADD_FAILURE() << "panic: " << message;
    std::abort();
}

namespace testing {

arch::Design design_of_system = arch::Design::Shared;
u64 designs_that_can_be_prepared = ~u64{0};
u64 now = 0;

namespace {
/// Frame 0 and the zero page are never given back.
void prepare_machine() {
    memory = static_cast<u8*>(std::aligned_alloc(frame_size, machine_frames * frame_size));
    records = new std::vector<FrameRecord>(machine_frames);
    allocator = new FrameAllocator();
    allocator->initialize(*records);
    allocator->add_free_range(PhysicalAddress{frame_size},
                              PhysicalAddress{machine_frames * frame_size});
    static_cast<void>(zero_frame());
}
}  // namespace

KernelTest::KernelTest() {
    if (allocator == nullptr) {
        prepare_machine();
    }
    now = 1;
    free_at_start_ = frames().free_frames();
}

KernelTest::~KernelTest() {
    release_held_frames();
    EXPECT_EQ(frames().free_frames(), free_at_start_) << "frames leaked or were freed twice";
}

void KernelTest::leave_free_frames(u64 count) {
    while (frames().free_frames() > count) {
        held_.push_back(frames().allocate().value());
    }
}

void KernelTest::release_held_frames() {
    for (const PhysicalAddress frame : held_) {
        frames().release(frame);
    }
    held_.clear();
}

std::optional<u8> load(MemorySpace& space, VirtualAddress address) {
    if (space.resolve_fault(address, FaultAccess::Read) != FaultOutcome::Resolved) {
        return std::nullopt;
    }
    const auto mapping = space.tables().lookup(address);
    return frame_bytes(mapping.value().frame)[address.offset_in(page_size)];
}

FaultOutcome store(MemorySpace& space, VirtualAddress address, u8 value) {
    const FaultOutcome outcome = space.resolve_fault(address, FaultAccess::Write);
    if (outcome == FaultOutcome::Resolved) {
        const auto mapping = space.tables().lookup(address);
        EXPECT_TRUE(mapping.value().protection.writable);
        frame_bytes(mapping.value().frame)[address.offset_in(page_size)] = value;
    }
    return outcome;
}

u64 mapped_pages(MemorySpace& space) {
    return tables()[&space.tables()].size();
}

}  // namespace testing

namespace arch {

AddressSpace::~AddressSpace() {
    tables().erase(this);
}
Result<void, MapError> AddressSpace::create(Design design) {
    tables()[this] = {};
    design_ = design;
    return {};
}
Result<void, MapError> AddressSpace::prepare_design(Design design) {
    if (design == design_ || prepared_.kernel.value() != 0) {
        return {};
    }
    if (ringfence::kernel::testing::designs_that_can_be_prepared == 0) {
        return Error{MapError::OutOfMemory};
    }
    --ringfence::kernel::testing::designs_that_can_be_prepared;
    prepared_.kernel = PhysicalAddress{page_size};
    return {};
}
void AddressSpace::commit_design() {
    if (prepared_.kernel.value() != 0) {
        design_ = design_ == Design::Shared ? Design::Isolated : Design::Shared;
        drop_prepared();
    }
}
void AddressSpace::drop_prepared() {
    prepared_ = {};
}
ChangeGroup::ChangeGroup(AddressSpace& space) : space_(&space) {}
ChangeGroup::~ChangeGroup() = default;
AddressSpace::Exposure AddressSpace::exposure() const {
    return {};
}
Design system_design() {
    return ringfence::kernel::testing::design_of_system;
}
void set_system_design(Design design) {
    ringfence::kernel::testing::design_of_system = design;
}
Result<void, MapError> AddressSpace::map_page(VirtualAddress page, PhysicalAddress frame,
                                              PageProtection protection) {
    EXPECT_TRUE(page.is_aligned(page_size) && is_user_range(page, page_size));
    const bool added = tables()[this].insert({page.value(), {frame, protection}}).second;
    return added ? Result<void, MapError>{} : Error{MapError::AlreadyMapped};
}
u64 AddressSpace::map_beside(VirtualAddress mapped, VirtualAddress first,
                             std::span<const PhysicalAddress> frames, PageProtection protection) {
    constexpr u64 table_span = 2 * mib;
    EXPECT_TRUE(lookup(mapped).ok());
    u64 done = 0;
    for (usize i = 0; i < frames.size(); ++i) {
        const VirtualAddress page = first + i * page_size;
        EXPECT_EQ(page.align_down(table_span), mapped.align_down(table_span));
        const bool wanted = frames[i].value() != 0;
        done |= wanted && map_page(page, frames[i], protection).ok() ? u64{1} << i : 0;
    }
    return done;
}
Result<Mapping, MapError> AddressSpace::unmap_page(VirtualAddress page) {
    const auto found = lookup(page);
    tables()[this].erase(page.value());
    return found;
}
Result<void, MapError> AddressSpace::protect_page(VirtualAddress page, PageProtection protection) {
    const auto found = tables()[this].find(page.value());
    if (found == tables()[this].end()) {
        return Error{MapError::NotMapped};
    }
    found->second.protection = protection;
    return {};
}
Result<void, MapError> AddressSpace::replace_page(VirtualAddress page, PhysicalAddress frame,
                                                  PageProtection protection) {
    tables()[this][page.value()] = {frame, protection};
    return {};
}
Result<Mapping, MapError> AddressSpace::lookup(VirtualAddress address) const {
    const Pages& pages = tables()[this];
    const auto found = pages.find(address.align_down(page_size).value());
    if (found == pages.end()) {
        return Error{MapError::NotMapped};
    }
    return found->second;
}
void AddressSpace::for_each_page(VirtualAddress start, VirtualAddress end, Visitor visit,
                                 void* context) const {
    const Pages& pages = tables()[this];
    for (auto at = pages.lower_bound(start.value()); at != pages.end() && at->first < end.value();
         ++at) {
        visit(context, VirtualAddress{at->first}, at->second);
    }
}
void AddressSpace::release_all(Visitor visit, void* context) {
    for (const auto& [page, mapping] : tables()[this]) {
        visit(context, VirtualAddress{page}, mapping);
    }
    tables()[this].clear();
}
/// There are no descriptors on the fake machine.
Result<void, MapError> AddressSpace::inherit(const AddressSpace& /*parent*/) {
    return {};
}
u64 modify_ldt(AddressSpace& /*space*/, u32 /*function*/, VirtualAddress /*pointer*/,
               u64 /*bytes*/) {
    return static_cast<u64>(-static_cast<i64>(Errno::Enosys));
}

void AddressSpace::activate() {}
void AddressSpace::activate_kernel_only() {}
bool AddressSpace::is_active() const {
    return false;
}
void AddressSpace::send_user_table(u32) const {}

u64 monotonic_ns() {
    return ringfence::kernel::testing::now;
}
std::span<const u8> vdso_image() {
    static constexpr u8 image[64] = {};
    return image;
}
std::span<const u8> vdso_data() {
    return vdso_image();
}
u64 boot_time_ns() {
    return 0;
}
u64 random_seed() {
    return 1;
}
u64 hardware_capabilities() {
    return 0;
}

// What no test may reach: these need a CPU.

void wait_for_interrupt() {
    RF_UNREACHABLE("no interrupts here");
}
void exit_machine(abi::MachineExit) {
    RF_UNREACHABLE("no machine to end");
}
Result<VirtualAddress, MapError> allocate_kernel_stack() {
    return Error{MapError::OutOfMemory};
}
void free_kernel_stack(VirtualAddress) {}
u64 idle_kernel_stacks() {
    return 0;
}
void serial_write(SerialPort, std::span<const u8>) {}
std::optional<u8> receive_byte(SerialPort) {
    return std::nullopt;
}
std::optional<abi::control::WindowSize> receive_window_size() {
    return std::nullopt;
}
void send_record(abi::control::Record, std::span<const u8>) {}
usize request_standard_input(std::span<u8>) {
    return 0;
}
u64 most_signal_frame_bytes() {
    return 0;
}
bool push_signal_frame(TrapFrame&, const SignalDelivery&) {
    return false;
}
bool pop_signal_frame(TrapFrame&, SignalReturn&) {
    return false;
}
void read_statistics(abi::control::Statistics&) {}
abi::control::Isolation isolation_status() {
    return {};
}
void append_cpu_information(String&) {}
void prepare_thread(ThreadState&, VirtualAddress, void (*)(void*), void*) {}
void prepare_fork(ThreadState&, const ThreadState&, VirtualAddress, void (*)(void*), void*) {}
void reset_user_registers(ThreadState&) {}
void switch_threads(ThreadState&, ThreadState&) {
    RF_UNREACHABLE("no threads to switch");
}
void return_to_user(const TrapFrame&) {
    RF_UNREACHABLE("no user mode");
}
TrapFrame& user_frame(const ThreadState&) {
    RF_UNREACHABLE("no user mode");
}
void TrapFrame::set_traced_syscall(u64) {}
UserRegisters read_registers(const ThreadState&, const AddressSpace&) {
    return {};
}
Fallible<void> write_registers(ThreadState&, usize, std::span<const u64>) {
    return {};
}
usize traced_extended_state_bytes() {
    return sizeof(ExtendedState);
}
ExtendedState read_extended_state(const ThreadState& state) {
    return state.extended;
}
Fallible<void> write_extended_state(ThreadState&, std::span<const u8>) {
    return {};
}
u64 read_debug_register(const ThreadState&, unsigned) {
    return 0;
}
Fallible<void> write_debug_register(ThreadState&, unsigned, u64) {
    return {};
}
bool has_breakpoints(const ThreadState&) {
    return false;
}
void note_debug_status(ThreadState&, u64) {}
void arm_breakpoints(const ThreadState&) {}
void disarm_breakpoints() {}
void set_single_step(ThreadState&, std::span<const u8>) {}
void clear_single_step(ThreadState&) {}
Fallible<std::optional<u64>> traced_arch_prctl(ThreadState&, const AddressSpace&, u64, u64) {
    return std::optional<u64>();
}
bool set_thread_pointer(ThreadState&, VirtualAddress) {
    return false;
}
i64 arch_prctl(ThreadState&, u64, u64) {
    return 0;
}
bool copy_from_user(void*, VirtualAddress, usize) {
    return false;
}
bool copy_to_user(VirtualAddress, const void*, usize) {
    return false;
}
bool clear_user(VirtualAddress, usize) {
    return false;
}
usize copy_from_user_partial(void*, VirtualAddress, usize bytes) {
    return bytes;
}
usize copy_to_user_partial(VirtualAddress, const void*, usize bytes) {
    return bytes;
}
usize clear_user_partial(VirtualAddress, usize bytes) {
    return bytes;
}
bool compare_exchange_user(VirtualAddress, u32, u32, u32&) {
    return false;
}
Result<usize, UserStringError> user_string(char*, VirtualAddress, usize) {
    return Error{UserStringError::Fault};
}
TrapFrame TrapFrame::for_program(VirtualAddress, VirtualAddress) {
    return {};
}
u64 TrapFrame::syscall_argument(unsigned) const {
    return 0;
}
void TrapFrame::restart_syscall() {}
void TrapFrame::hide_absence() {}

}  // namespace arch
}  // namespace ringfence::kernel
