set(COZMQ_SANITIZE "" CACHE STRING "Sanitizers for our own programs: empty, `address,undefined` or `thread`")

if(COZMQ_SANITIZE)
  target_compile_options(cozmq_own_flags INTERFACE
    -fsanitize=${COZMQ_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(cozmq_own_flags INTERFACE -fsanitize=${COZMQ_SANITIZE})
  if(COZMQ_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(cozmq_own_flags INTERFACE -Wno-tsan)  # Asio uses atomic_thread_fence
  endif()
endif()
