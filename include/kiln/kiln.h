/* Kiln's public API. This header includes all headers of libkiln. It does not include headers of other libraries, such
 * as <kiln/interp.h> and <kiln/llvm.h>. */
#ifndef KILN_KILN_H
#define KILN_KILN_H
#include <kiln/asm.h>
#include <kiln/attrs.h>
#include <kiln/build.h>
#include <kiln/build_ops.h>
#include <kiln/ctypes.h>
#include <kiln/debug.h>
#include <kiln/debug_entries.h>
#include <kiln/dwarf.h>
#include <kiln/emit.h>
#include <kiln/exceptions.h>
#include <kiln/fold.h>
#include <kiln/inline.h>
#include <kiln/inspect.h>
#include <kiln/jit.h>
#include <kiln/listing.h>
#include <kiln/machine_ops.h>
#include <kiln/module.h>
#include <kiln/reachable.h>
#include <kiln/reloc.h>
#include <kiln/section.h>
#include <kiln/ssa.h>
#include <kiln/stack.h>
#include <kiln/target.h>
#include <kiln/text.h>
#include <kiln/throw.h>
#include <kiln/types.h>
#endif
