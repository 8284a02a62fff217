option(COZMQ_WERROR "Warnings are errors in our own programs" ${PROJECT_IS_TOP_LEVEL})

target_compile_options(cozmq_own_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  $<$<BOOL:${COZMQ_WERROR}>:-Werror>)

# g++ 12 warns wrongly about code that is not ours, once inlined into it:
# - mismatched-new-delete: Asio's awaitable frames and handlers (own operator new, recycled memory),
# - maybe-uninitialized: std::optional and std::variant inside coroutine frames,
# - restrict: std::string's operator+ (GCC bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(cozmq_own_flags INTERFACE -Wno-mismatched-new-delete)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(cozmq_own_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
      -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endif()
