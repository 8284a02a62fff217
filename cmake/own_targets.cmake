# What our own programs (tests, examples, benchmarks) are built with; users of the library see none of it.
include_guard()

add_library(cozmq_own_flags INTERFACE)
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/sanitizers.cmake)

# libzmq is the other end of the interop tests and of the benchmarks, never a part of the library.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(libzmq QUIET IMPORTED_TARGET libzmq)
endif()

# What most of our programs share, compiled once. Benchmarks, the conformance device and the users' projects of
# tests/package are header-only, as the library is by default.
add_library(cozmq_compiled STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/compiled.cpp)
target_compile_definitions(cozmq_compiled PUBLIC COZMQ_SEPARATE_COMPILATION ASIO_SEPARATE_COMPILATION)
target_link_libraries(cozmq_compiled PUBLIC cozmq::cozmq PRIVATE cozmq_own_flags)
# They precompile the headers as well, and g++ then forgets the #pragma that says that this warning is wrong.
target_compile_options(cozmq_compiled PUBLIC $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)
set_target_properties(cozmq_compiled PROPERTIES CXX_EXTENSIONS OFF)

# One program of ours: cozmq_program(name sources...)
function(cozmq_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE cozmq::cozmq cozmq_own_flags)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
