// main() of every test program under Catch2 2; under Catch2 3 this file is not compiled.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
