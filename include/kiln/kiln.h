/* Kiln's public API: includes all of it. */
#ifndef KILN_KILN_H
#define KILN_KILN_H
#include <kiln/build.h>
#include <kiln/ctypes.h>
#include <kiln/debug.h>
#include <kiln/dwarf.h>
#include <kiln/emit.h>
#include <kiln/fold.h>
#include <kiln/inspect.h>
#include <kiln/jit.h>
#include <kiln/module.h>
#include <kiln/ssa.h>
#include <kiln/text.h>
#include <kiln/types.h>
#endif
