// Whether the engine is compiled in every file that includes cozmq, or once for a whole program.
#pragma once

/// Header-only is the default. A program of many files compiles faster when COZMQ_SEPARATE_COMPILATION is defined for all
/// of them and one of them includes <cozmq/src.hpp>: the bodies of the engine are compiled there only.
#ifdef COZMQ_SEPARATE_COMPILATION
#define COZMQ_DECL
#else
#define COZMQ_DECL inline
#endif
