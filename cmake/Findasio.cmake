# Finds standalone Asio where it has no CMake package of its own (Debian), and makes the target asio::asio.
# -Dasio_INCLUDE_DIR=... chooses another copy. Installed with cozmq, so that its users need nothing more.
find_path(asio_INCLUDE_DIR NAMES asio.hpp)
mark_as_advanced(asio_INCLUDE_DIR)
if(asio_INCLUDE_DIR AND EXISTS "${asio_INCLUDE_DIR}/asio/version.hpp")
  # #define ASIO_VERSION 102201 // 1.22.1
  file(STRINGS "${asio_INCLUDE_DIR}/asio/version.hpp" asio_version_line REGEX "define ASIO_VERSION ")
  string(REGEX REPLACE ".*// *([0-9.]+).*" "\\1" asio_VERSION "${asio_version_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(asio REQUIRED_VARS asio_INCLUDE_DIR VERSION_VAR asio_VERSION
  REASON_FAILURE_MESSAGE "standalone Asio is needed: on Debian `apt install libasio-dev`")

if(asio_FOUND AND NOT TARGET asio::asio)
  find_package(Threads REQUIRED)
  add_library(asio::asio INTERFACE IMPORTED)  # IMPORTED: its headers are system headers, without warnings
  set_target_properties(asio::asio PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${asio_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS ASIO_STANDALONE
    INTERFACE_LINK_LIBRARIES Threads::Threads)
  if(asio_VERSION VERSION_LESS 1.26)
    # Asio < 1.26 does not see that clang has coroutines.
    set_property(TARGET asio::asio APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS
      "$<$<CXX_COMPILER_ID:Clang,AppleClang>:ASIO_HAS_CO_AWAIT=1;ASIO_HAS_STD_COROUTINE=1>")
  endif()
endif()
