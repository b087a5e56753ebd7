#include "sys/resident.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace zoowarden::sys {
namespace {

int DropReadOnlySegments(dl_phdr_info* module, std::size_t /*size*/, void* /*data*/) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) {
      continue;
    }
    const std::uintptr_t begin = (module->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const std::uintptr_t end = module->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // A refusal costs memory and nothing else.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as integers
    static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED));
  }
  return 0;
}

}  // namespace

void ReturnIdleMemory() {
  malloc_trim(0);
  dl_iterate_phdr(&DropReadOnlySegments, nullptr);
}

}  // namespace zoowarden::sys
