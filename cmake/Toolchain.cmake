# Compiler settings of our own targets. Third-party and generated code never sees the warnings.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

set(ZOOWARDEN_SANITIZE "" CACHE STRING "asan (ASan+UBSan), tsan, or empty")
if(ZOOWARDEN_SANITIZE STREQUAL "asan")
  # vptr, null and alignment double the compile time of gRPC units and found nothing there.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr,null,alignment
                      -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(ZOOWARDEN_SANITIZE STREQUAL "tsan")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  # ThreadSanitizer knows no fences; ours run every io_context in one thread, which needs none.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
elseif(NOT ZOOWARDEN_SANITIZE STREQUAL "")
  message(FATAL_ERROR "ZOOWARDEN_SANITIZE is '${ZOOWARDEN_SANITIZE}': use asan, tsan or nothing")
endif()

add_library(zoowarden_warnings INTERFACE)
target_compile_options(zoowarden_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wduplicated-cond -Wlogical-op -Wsuggest-override -Wformat=2)
option(ZOOWARDEN_WERROR "Warnings are errors; off for who builds with other flags or compilers" ON)
if(ZOOWARDEN_WERROR)
  target_compile_options(zoowarden_warnings INTERFACE -Werror)
endif()
# g++ 12 reports false positives of these inside optimised standard headers.
target_compile_options(zoowarden_warnings INTERFACE
  -Wno-maybe-uninitialized -Wno-restrict -Wno-missing-field-initializers)
