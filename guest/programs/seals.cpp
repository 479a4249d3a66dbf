// SPDX-License-Identifier: MIT
// Seals of files without a name: what each of them stops, and what mappings have to do with it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <initializer_list>
#include <string>

#include "guest/programs/children.h"

namespace {

constexpr size_t page = 4096;

int make_file(unsigned flags = MFD_ALLOW_SEALING) {
    const int file = memfd_create("sealed", flags);
    require(file >= 0 && ftruncate(file, page) == 0, "memfd_create");
    return file;
}

void show_seals(const char* name, int file) {
    std::printf("%s: %#x\n", name, fcntl(file, F_GET_SEALS));
}

void show_mapping(const char* name, int file, int protection, int kind) {
    void* const memory = mmap(nullptr, page, protection, kind, file, 0);
    show(name, memory == MAP_FAILED ? -1 : 0);
    if (memory != MAP_FAILED) {
        munmap(memory, page);
    }
}

/// What can be done to the file, of all that seals may stop. It is as large afterwards as before.
void show_all(int file) {
    show_value("  write", pwrite(file, "text", 4, 0));
    show_value("  write at the end", pwrite(file, "text", 4, page));
    show_value("  write over the end", pwrite(file, "text", 4, page - 2));
    show("  restore", ftruncate(file, page));
    show("  shrink", ftruncate(file, page / 2));
    show("  restore", ftruncate(file, page));
    show("  grow", ftruncate(file, 2 * page));
    show("  restore", ftruncate(file, page));
    show("  allocate", fallocate(file, 0, 0, page));
    show("  allocate more", fallocate(file, 0, 0, 2 * page));
    show("  and out of sight", fallocate(file, FALLOC_FL_KEEP_SIZE, page, page));
    show("  restore", ftruncate(file, page));
    show_mapping("  map to write", file, PROT_READ | PROT_WRITE, MAP_SHARED);
    show_mapping("  map a copy", file, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    char byte = 0;
    show_value("  read", pread(file, &byte, 1, 0));
}

void each_seal() {
    struct Seal {
        const char* name;
        int bits;
    };
    constexpr Seal seals[] = {{"none", 0},
                              {"shrink", F_SEAL_SHRINK},
                              {"grow", F_SEAL_GROW},
                              {"size", F_SEAL_SHRINK | F_SEAL_GROW},
                              {"write", F_SEAL_WRITE},
                              {"future write", F_SEAL_FUTURE_WRITE},
                              {"all", F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE}};
    for (const Seal& seal : seals) {
        const int file = make_file();
        std::printf("%s\n", seal.name);
        show("  add", fcntl(file, F_ADD_SEALS, seal.bits));
        show_seals("  seals", file);
        show_all(file);
        close(file);
    }
}

void adding() {
    const int file = make_file(MFD_ALLOW_SEALING | MFD_CLOEXEC);
    std::printf("of the descriptor %d\n", fcntl(file, F_GETFD));
    show_seals("none", file);
    show("one", fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    show("again", fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    show("another", fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK));
    show_seals("both", file);
    show("none", fcntl(file, F_ADD_SEALS, 0));
    show("an unknown one", fcntl(file, F_ADD_SEALS, 0x4000));
    const int copy = dup(file);
    const std::string own = "/proc/self/fd/" + std::to_string(file);
    const int reader = open(own.c_str(), O_RDONLY);
    show_seals("a copy", copy);
    show_seals("a reader", reader);
    show("add by a reader", fcntl(reader, F_ADD_SEALS, F_SEAL_SEAL));
    show("emptied by opening", open(own.c_str(), O_RDWR | O_TRUNC));
    show("the last", fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL));
    show("one more", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    show("none", fcntl(file, F_ADD_SEALS, 0));
    show_value("write", write(file, "x", 1));
    for (const int descriptor : {file, copy, reader}) {
        close(descriptor);
    }
}

void without_seals() {
    const int file = make_file(0);
    show_seals("not to be sealed", file);
    show("add", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    show("write", pwrite(file, "x", 1, 0));
    close(file);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    show("of a pipe", fcntl(ends[1], F_GET_SEALS));
    show("of a pipe", fcntl(ends[1], F_ADD_SEALS, 0));
    show("of the reading end", fcntl(ends[0], F_ADD_SEALS, 0));
    close(ends[0]);
    close(ends[1]);
    show("of no file", fcntl(-1, F_GET_SEALS));
    const int place = open("/", O_PATH);
    show("of a place", fcntl(place, F_GET_SEALS));
    close(place);
}

void mappings() {
    const int file = make_file();
    auto* const memory =
        static_cast<char*>(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    require(memory != MAP_FAILED, "mmap");
    memory[0] = 'a';
    show("while it is mapped", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    show("both", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
    show_seals("neither", file);
    show("not by this mapping", mprotect(memory, page, PROT_READ));
    show("while that could change", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    show("change it", mprotect(memory, page, PROT_READ | PROT_WRITE));
    children::in_child("in a child", [&] {
        munmap(memory, page);
        show("the parent has it", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
        return 0;
    });
    show("future writes", fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    memory[0] = 'b';
    char byte = 0;
    show_value("read", pread(file, &byte, 1, 0));
    std::printf("written through the mapping: %c\n", byte);
    show("write", pwrite(file, "x", 1, 0));
    void* const later = mmap(nullptr, page, PROT_READ, MAP_SHARED, file, 0);
    show("map to read", later == MAP_FAILED ? -1 : 0);
    show("then to write", mprotect(later, page, PROT_READ | PROT_WRITE));
    munmap(later, page);
    munmap(memory, page);
    auto* const own =
        static_cast<char*>(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
    require(own != MAP_FAILED, "mmap");
    own[0] = 'c';
    show("with a copy mapped", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    std::printf("the copy is %c\n", own[0]);
    own[0] = 'd';
    show_value("read", pread(file, &byte, 1, 0));
    std::printf("the file is %c\n", byte);
    munmap(own, page);
    const std::string name = "/proc/self/fd/" + std::to_string(file);
    const int reader = open(name.c_str(), O_RDONLY);
    show_mapping("map a reader", reader, PROT_READ, MAP_SHARED);
    close(reader);
    close(file);
}

void making() {
    show("an unknown flag", memfd_create("name", 0x4000));
    const std::string longest(249, 'n');
    const std::string longer(250, 'n');
    const int file = memfd_create(longest.c_str(), 0);
    std::printf("the longest name: %d\n", file >= 0);
    struct stat status{};
    require(fstat(file, &status) == 0, "fstat");
    std::printf("mode %o, size %ld, links %lu\n", status.st_mode, status.st_size,
                static_cast<unsigned long>(status.st_nlink));
    close(file);
    show("one too long", memfd_create(longer.c_str(), 0));
    show("a bad pointer", memfd_create(reinterpret_cast<const char*>(8), 0));
    const int named = memfd_create("", 0);
    char link[64] = {};
    const std::string own = "/proc/self/fd/" + std::to_string(named);
    show_value("its name", readlink(own.c_str(), link, sizeof link - 1));
    std::printf("%s\n", link);
    close(named);
}

}  // namespace

int main() {
    children::begin();
    making();
    adding();
    without_seals();
    each_seal();
    mappings();
    return 0;
}
