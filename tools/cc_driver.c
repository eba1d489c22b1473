/* The drivers of LLVM that compile sources for Kiln: a row for each verb. cc_run.c asks.
 * Invariant: nothing else knows which verb runs, but by its row. */
#include "cc.h"

static const struct cc_driver drivers[CC_VERBS] = {
  [CC_VERB_C] = {.verb = "cc",
                 .program = "clang-22",
                 .variable = "KILN_CLANG",
                 .package = "clang-22",
                 .by = CC_BY_CLANG,
                 .languages = "C or C++",
                 .compiler = "-cc1",
                 .to_compiler = "-Xclang",
                 .no_uselists = "-no-emit-llvm-uselists",
                 .no_passes = "-disable-llvm-passes",
                 .predefines = true,
                 .empty = {"-fsyntax-only", "-x", "c", "/dev/null"}},
  [CC_VERB_CXX] = {.verb = "c++",
                   .program = "clang++-22",
                   .variable = "KILN_CLANGXX",
                   .package = "clang-22",
                   .by = CC_BY_CLANG,
                   .cxx = true,
                   .languages = "C or C++",
                   .compiler = "-cc1",
                   .to_compiler = "-Xclang",
                   .no_uselists = "-no-emit-llvm-uselists",
                   .no_passes = "-disable-llvm-passes",
                   .predefines = true,
                   .empty = {"-fsyntax-only", "-x", "c", "/dev/null"}},
  [CC_VERB_FLANG] = {.verb = "flang",
                     .program = "flang-22",
                     .variable = "KILN_FLANG",
                     .package = "flang-22",
                     .by = CC_BY_FLANG,
                     .languages = "Fortran",
                     .og = "-O1",
                     .compiler = "-fc1",
                     .to_compiler = "-Xflang",
                     .empty = {"-fsyntax-only", "-x", "f95", "-"}},
};

const struct cc_driver *cc_driver_of(enum cc_verb verb) { return &drivers[verb]; }
