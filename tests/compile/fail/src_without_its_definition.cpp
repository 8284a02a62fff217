// expect: define COZMQ_SEPARATE_COMPILATION for all files of the program
#include <cozmq/src.hpp>

int main() {}
