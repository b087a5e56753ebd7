# Copies SOURCE to OUTPUT with the text of the file FIND replaced by that of the file REPLACE. It
# must be there exactly once: a protection that was rewritten is to be removed anew, not left in.
file(READ "${SOURCE}" text)
file(READ "${FIND}" find)
file(READ "${REPLACE}" replace)
string(FIND "${text}" "${find}" first)
string(FIND "${text}" "${find}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
  message(FATAL_ERROR "this text is not in ${SOURCE} exactly once, so the protection that it is "
                      "cannot be removed; say anew what to remove in "
                      "tests/sim/removed/CMakeLists.txt:\n${find}")
endif()
string(REPLACE "${find}" "${replace}" text "${text}")
file(WRITE "${OUTPUT}" "${text}")
