// Giving memory back when nothing goes on.
#pragma once

namespace zoowarden::sys {

// Returns free heap to the system and unmaps the resident pages of code and constants of this
// program and its libraries: what is used again comes back from the page cache, microseconds a
// piece. Pages that were ever written, relocated tables among them, lie in other segments and stay.
// Other threads may run meanwhile. dl_iterate_phdr(3), madvise(2) MADV_DONTNEED, malloc_trim(3).
void ReturnIdleMemory();

}  // namespace zoowarden::sys
