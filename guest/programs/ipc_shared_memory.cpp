// SPDX-License-Identifier: MIT
// System V shared memory: making, attaching, detaching and removing segments.
#include <sys/mman.h>
#include <sys/shm.h>

#include <cinttypes>
#include <csignal>
#include <cstdint>

#include "guest/programs/ipc.h"

namespace {

constexpr size_t page = 4096;
/// Nothing else is there.
char* const free_place = reinterpret_cast<char*>(0x2'0000'0000);

shmid_ds status_of(int id) {
    shmid_ds status{};
    require(shmctl(id, IPC_STAT, &status) == 0, "IPC_STAT");
    return status;
}

void show_attached(const char* name, int id) {
    std::printf("%s: %lu attached\n", name, static_cast<unsigned long>(status_of(id).shm_nattch));
}

int make(size_t size) {
    const int id = shmget(IPC_PRIVATE, size, 0600);
    require(id >= 0, "shmget");
    return id;
}

char* attach(int id, const void* place = nullptr, int flags = 0) {
    void* const memory = shmat(id, place, flags);
    require(memory != reinterpret_cast<void*>(-1), "shmat");
    return static_cast<char*>(memory);
}

void remove(int id) {
    require(shmctl(id, IPC_RMID, nullptr) == 0, "IPC_RMID");
}

void show_attach(const char* name, int id, const void* place, int flags) {
    void* const memory = shmat(id, place, flags);
    if (memory == reinterpret_cast<void*>(-1)) {
        show(name, -1);
    } else {
        std::printf("%s: at %+ld\n", name,
                    static_cast<long>(static_cast<char*>(memory) - free_place));
        require(shmdt(memory) == 0, "shmdt");
    }
}

void get() {
    const key_t key = ipc::own_key(1);
    show("no such key", shmget(key, page, 0600));
    show("no bytes", shmget(key, 0, IPC_CREAT | 0600));
    show("too many bytes", shmget(key, ~size_t{0}, IPC_CREAT | 0600));
    show("more than a file", shmget(key, size_t{1} << 63, IPC_CREAT | 0600));
    show("more than memory", shmget(key, size_t{1} << 50, IPC_CREAT | 0600));
    show("huge pages of no bytes", shmget(key, 0, IPC_CREAT | SHM_HUGETLB | 0600));
    const int id = shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0640);
    require(id >= 0, "shmget");
    show("again", shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0640));
    std::printf("found: %d\n", shmget(key, 5000, IPC_CREAT) == id);
    std::printf("found with less: %d\n", shmget(key, 0, 0) == id);
    show("found with more", shmget(key, 5001, 0));
    const shmid_ds status = status_of(id);
    std::printf("key %d, mode %o, size %zu, owner %u:%u, maker %u:%u\n",
                status.shm_perm.__key == key, status.shm_perm.mode, status.shm_segsz,
                status.shm_perm.uid, status.shm_perm.gid, status.shm_perm.cuid,
                status.shm_perm.cgid);
    std::printf("made by %d, last used by %d, attach time %ld, detach time %ld, changed %d\n",
                status.shm_cpid == getpid(), status.shm_lpid, status.shm_atime, status.shm_dtime,
                status.shm_ctime != 0);
    remove(id);
    show("after removal", shmget(key, 0, 0));
    show("status after removal", shmctl(id, IPC_STAT, nullptr));
    show("attach after removal", shmat(id, nullptr, 0) == reinterpret_cast<void*>(-1) ? -1 : 0);
    const int next = make(page);
    std::printf("another number: %d\n", next != id);
    remove(next);
    const int roomy = shmget(IPC_PRIVATE, size_t{1} << 44, SHM_NORESERVE | 0600);
    show("not reserved", roomy);
    remove(roomy);
}

void share() {
    const int id = make(2 * page);
    char* const memory = attach(id);
    std::printf("zero at first: %d\n", memory[0] == 0 && memory[2 * page - 1] == 0);
    std::strcpy(memory, "from the parent");
    show_attached("one place", id);
    char* const again = attach(id, nullptr, SHM_RDONLY);
    std::printf("elsewhere: %s\n", again);
    show_attached("two places", id);
    ipc::in_child("child", [&] {
        show_attached("in the child", id);
        std::printf("the child reads: %s\n", again);
        std::strcpy(memory + page, "from the child");
        show("child detaches", shmdt(again));
        show_attached("three left", id);
        std::printf("last used by the child: %d\n", status_of(id).shm_lpid == getpid());
        return 3;
    });
    std::printf("the parent reads: %s\n", again + page);
    show_attached("after the child", id);
    std::printf("detached at some time: %d\n", status_of(id).shm_dtime != 0);
    ipc::in_child("writes what is read-only", [&] {
        *static_cast<volatile char*>(again) = 1;
        return 0;
    });
    show("mprotect, read-only", mprotect(again, page, PROT_READ | PROT_WRITE));
    show("detach", shmdt(again));
    show("detach again", shmdt(again));
    show("detach the middle", shmdt(memory + page));
    show("detach a byte further", shmdt(memory + 1));
    show("detach", shmdt(memory));
    show_attached("none", id);
    char* const later = attach(id);
    std::printf("still there: %s, %s\n", later, later + page);
    remove(id);
    require(shmdt(later) == 0, "shmdt");
}

void pieces() {
    const int id = make(4 * page);
    char* const memory = attach(id, free_place);
    show("munmap", munmap(memory + page, page));
    show_attached("two pieces", id);
    show("mprotect", mprotect(memory + 3 * page, page, PROT_READ));
    show_attached("three pieces", id);
    show("mprotect back", mprotect(memory + 3 * page, page, PROT_READ | PROT_WRITE));
    show_attached("not put together", id);
    memory[0] = 'a';
    memory[3 * page] = 'd';
    show("detach all", shmdt(memory));
    show_attached("none", id);
    attach(id, free_place);
    show("munmap the start", munmap(free_place, page));
    show("detach from the start", shmdt(free_place));
    show_attached("none", id);
    attach(id, free_place);
    show("munmap all", munmap(free_place, 4 * page));
    show_attached("none", id);
    attach(id, free_place);
    char* const moved = static_cast<char*>(mremap(
        free_place, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_FIXED, free_place + 64 * page));
    std::printf("moved: %c %c\n", moved[0], moved[3 * page]);
    show("detach where it was", shmdt(free_place));
    show("detach where it is", shmdt(moved));
    remove(id);
}

void places() {
    const int id = make(3 * page);
    show_attach("place", id, free_place, 0);
    show_attach("between pages", id, free_place + 100, 0);
    show_attach("rounded", id, free_place + 100, SHM_RND);
    show_attach("rounded, nothing to round", id, free_place, SHM_RND);
    show_attach("replace nothing", id, free_place, SHM_REMAP);
    show_attach("replace anywhere", id, nullptr, SHM_REMAP);
    show_attach("replace null", id, reinterpret_cast<void*>(100), SHM_REMAP | SHM_RND);
    show_attach("unknown flags", id, free_place, 0x700);
    void* const taken = mmap(free_place + 2 * page, page, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    require(taken == free_place + 2 * page, "mmap");
    show_attach("occupied", id, free_place, 0);
    show_attach("replace", id, free_place, SHM_REMAP);
    show_attach("replace, rounded", id, free_place + 1, SHM_REMAP | SHM_RND);
    show_attach("end of the user half", id, reinterpret_cast<void*>(0x7fff'ffff'e000), 0);
    show_attach("kernel half", id, reinterpret_cast<void*>(0xffff'8000'0000'0000), 0);
    show_attach("end of all addresses", id, reinterpret_cast<void*>(0xffff'ffff'ffff'f000), 0);
    show("no number", shmat(-1, nullptr, 0) == reinterpret_cast<void*>(-1) ? -1 : 0);
    show("detach nothing", shmdt(free_place));
    show("detach null", shmdt(nullptr));
    show("detach other memory", shmdt(&taken));
    show("detach in the kernel half", shmdt(reinterpret_cast<void*>(0xffff'8000'0000'0000)));

    auto* const code = reinterpret_cast<unsigned char*>(attach(id, nullptr, SHM_EXEC));
    code[0] = 0xc3;  // ret
    reinterpret_cast<void (*)()>(code)();
    std::printf("executed\n");
    shmdt(code);
    ipc::in_child("not executable", [&] {
        reinterpret_cast<void (*)()>(attach(id))();
        return 0;
    });
    remove(id);
}

void sizes() {
    const int id = make(page + 1);
    char* const memory = attach(id, free_place);
    memory[2 * page - 1] = 1;
    ipc::in_child("behind the last page", [&] {
        static_cast<volatile char*>(memory)[2 * page] = 1;
        return 0;
    });
    void* const grown = mremap(memory, 2 * page, 4 * page, MREMAP_MAYMOVE);
    std::printf("grown: %d\n", grown == memory);
    ipc::in_child("beyond the segment", [&] {
        static_cast<volatile char*>(memory)[2 * page] = 1;
        return 0;
    });
    show("detach what has grown", shmdt(memory));
    show_attached("none", id);
    remove(id);
}

void removal() {
    const key_t key = ipc::own_key(2);
    const int id = shmget(key, page, IPC_CREAT | 0600);
    char* const memory = attach(id);
    std::strcpy(memory, "kept");
    remove(id);
    const shmid_ds status = status_of(id);
    std::printf("removed: mode %o, key %d, attached %lu\n", status.shm_perm.mode,
                status.shm_perm.__key, static_cast<unsigned long>(status.shm_nattch));
    show("its key", shmget(key, 0, 0));
    const int other = shmget(key, page, IPC_CREAT | 0600);
    std::printf("the key means another one: %d\n", other >= 0 && other != id);
    remove(other);
    ipc::in_child("child", [&] {
        char* const again = attach(id);
        std::printf("attached by its number: %s\n", again);
        std::strcpy(again, "changed");
        show_attached("in the child", id);
        return 0;
    });
    show_attached("after the child", id);
    std::printf("contents: %s\n", memory);
    show("remove again", shmctl(id, IPC_RMID, nullptr));
    show("detach", shmdt(memory));
    shmid_ds gone{};
    show("gone", shmctl(id, IPC_STAT, &gone));

    const int last = make(page);
    const pid_t child = ipc::start([&] {
        attach(last);
        remove(last);
        return 0;
    });
    ipc::wait_for("a child that has it attached ends", child);
    show("gone with it", shmctl(last, IPC_STAT, &gone));
}

void across_exec(const char* self) {
    const int id = make(page);
    attach(id, free_place);
    show_attached("before", id);
    char number[16];
    std::snprintf(number, sizeof number, "%d", id);
    ipc::in_child("program", [&] {
        show_attached("before the program", id);
        std::fflush(stdout);
        execl("/proc/self/exe", self, number, nullptr);
        return 1;
    });
    show_attached("after", id);
    std::fflush(stdout);
    const pid_t child = vfork();
    if (child == 0) {
        execl("/proc/self/exe", self, number, nullptr);
        _exit(1);
    }
    ipc::wait_for("program after vfork", child);
    shmdt(free_place);
    remove(id);
}

void control() {
    const int id = make(page);
    shmid_ds status = status_of(id);
    status.shm_perm.mode = 07123;
    status.shm_perm.uid = 5;
    status.shm_perm.gid = 6;
    show("IPC_SET", shmctl(id, IPC_SET, &status));
    status = status_of(id);
    std::printf("mode %o, owner %u:%u, maker %u:%u\n", status.shm_perm.mode, status.shm_perm.uid,
                status.shm_perm.gid, status.shm_perm.cuid, status.shm_perm.cgid);
    status.shm_perm.uid = ~0U;
    show("no owner", shmctl(id, IPC_SET, &status));
    show("SHM_LOCK", shmctl(id, SHM_LOCK, nullptr));
    std::printf("mode %o\n", status_of(id).shm_perm.mode);
    show("SHM_UNLOCK", shmctl(id, SHM_UNLOCK, nullptr));
    std::printf("mode %o\n", status_of(id).shm_perm.mode);

    constexpr int index_mask = 0x7fff;
    std::printf("SHM_STAT: %d\n", shmctl(id & index_mask, SHM_STAT, &status) == id);
    std::printf("SHM_STAT_ANY: %d\n", shmctl(id & index_mask, SHM_STAT_ANY, &status) == id);
    std::printf("size %zu\n", status.shm_segsz);
    shminfo limits{};
    const int highest = shmctl(0, IPC_INFO, reinterpret_cast<shmid_ds*>(&limits));
    std::printf("IPC_INFO: %d, %lu %lu %lu %lu %lu\n", highest >= (id & index_mask), limits.shmmax,
                limits.shmmin, limits.shmmni, limits.shmseg, limits.shmall);
    shm_info usage{};
    const int same = shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&usage));
    std::printf("SHM_INFO: %d, %d %d\n", same >= (id & index_mask), usage.used_ids >= 1,
                usage.shm_tot >= 1);

    auto* const bad = static_cast<shmid_ds*>(ipc::bad_pointer());
    show("IPC_STAT, bad pointer", shmctl(id, IPC_STAT, bad));
    show("IPC_STAT, null", shmctl(id, IPC_STAT, nullptr));
    show("IPC_SET, bad pointer", shmctl(id, IPC_SET, bad));
    show("IPC_SET, bad pointer and number", shmctl(0x7fff'fff0, IPC_SET, bad));
    show("IPC_STAT, bad number", shmctl(0x7fff'fff0, IPC_STAT, bad));
    show("SHM_STAT, bad pointer", shmctl(id & index_mask, SHM_STAT, bad));
    show("SHM_STAT, no such place", shmctl(4095, SHM_STAT, &status));
    show("IPC_INFO, bad pointer", shmctl(0, IPC_INFO, bad));
    show("SHM_INFO, bad pointer", shmctl(0, SHM_INFO, bad));
    show("negative number", shmctl(-1, IPC_INFO, reinterpret_cast<shmid_ds*>(&limits)));
    show("unknown command", shmctl(id, 99, &status));
    show("negative command", shmctl(id, -1, &status));
    remove(id);
    show("removed", shmctl(id, IPC_RMID, nullptr));
    show("SHM_LOCK, removed", shmctl(id, SHM_LOCK, nullptr));
}

void permissions() {
    const key_t key = ipc::own_key(3);
    const int id = shmget(key, page, IPC_CREAT | 0604);
    ipc::as_nobody("nobody", [&] {
        shmid_ds status{};
        constexpr int index_mask = 0x7fff;
        show("find", shmget(key, 0, 0) == id ? 0 : -1);
        show("find to read", shmget(key, 0, 0444) == id ? 0 : -1);
        show("find to write", shmget(key, 0, 0600));
        show("attach to read", shmat(id, nullptr, SHM_RDONLY) == nullptr ? -1 : 0);
        show("attach", shmat(id, nullptr, 0) == reinterpret_cast<void*>(-1) ? -1 : 0);
        show("attach to execute",
             shmat(id, nullptr, SHM_RDONLY | SHM_EXEC) == reinterpret_cast<void*>(-1) ? -1 : 0);
        show("status", shmctl(id, IPC_STAT, &status));
        show("set", shmctl(id, IPC_SET, &status));
        show("lock", shmctl(id, SHM_LOCK, nullptr));
        show("remove", shmctl(id, IPC_RMID, nullptr));
        const int own = shmget(IPC_PRIVATE, page, 0000);
        show("own without permissions",
             shmat(own, nullptr, 0) == reinterpret_cast<void*>(-1) ? -1 : 0);
        show("its status", shmctl(own, IPC_STAT, &status));
        show("its status by place", shmctl(own & index_mask, SHM_STAT, &status));
        std::printf("of any place: %d\n", shmctl(own & index_mask, SHM_STAT_ANY, &status) == own);
        show("remove it", shmctl(own, IPC_RMID, nullptr));
        return 0;
    });
    remove(id);
    const int hidden = shmget(key, page, IPC_CREAT | 0600);
    ipc::as_nobody("nobody", [&] {
        shmid_ds status{};
        show("status", shmctl(hidden, IPC_STAT, &status));
        show("attach to read",
             shmat(hidden, nullptr, SHM_RDONLY) == reinterpret_cast<void*>(-1) ? -1 : 0);
        return 0;
    });
    shmid_ds status = status_of(hidden);
    status.shm_perm.gid = 65534;
    status.shm_perm.mode = 0640;
    require(shmctl(hidden, IPC_SET, &status) == 0, "IPC_SET");
    ipc::as_nobody("its group", [&] {
        show("attach to read",
             shmat(hidden, nullptr, SHM_RDONLY) == reinterpret_cast<void*>(-1) ? -1 : 0);
        show("attach", shmat(hidden, nullptr, 0) == reinterpret_cast<void*>(-1) ? -1 : 0);
        return 0;
    });
    remove(hidden);
}

void show_maps() {
    const int id = make(page);
    attach(id, free_place, SHM_RDONLY);
    FILE* const file = std::fopen("/proc/self/maps", "r");
    require(file != nullptr, "maps");
    char line[256];
    while (std::fgets(line, sizeof line, file) != nullptr) {
        uintptr_t start = 0;
        unsigned long number = 0;
        char access[8];
        char name[64];
        const int found = std::sscanf(line, "%" SCNxPTR "-%*x %7s %*x %*s %lu %63[^\n]", &start,
                                      access, &number, name);
        if (found == 4 && start == reinterpret_cast<uintptr_t>(free_place)) {
            std::printf("maps: %s %d %s\n", access, static_cast<int>(number) == id, name);
        }
    }
    std::fclose(file);
    shmdt(free_place);
    remove(id);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        show_attached("in the program", std::atoi(argv[1]));
        return 0;
    }
    ipc::begin();
    get();
    share();
    pieces();
    places();
    sizes();
    removal();
    across_exec(argv[0]);
    control();
    permissions();
    show_maps();
}
