/* Metadata of bitcode that Kiln does not know: dropped, and named in the log; or refused, if $KILN_UNKNOWN is
 * "refuse". */
#ifndef KN_TOOLS_UNKNOWN_H
#define KN_TOOLS_UNKNOWN_H

#include <kiln/llvm.h>

/* Sets in the options of a reader what $KILN_UNKNOWN says. False: it says neither "refuse" nor "drop" nor nothing; then
 * the module has that error. */
bool tool_unknown_set(kiln_module *m, kiln_llvm_options *options);
/* Names in the log what was dropped of unit `path`, a line for each. */
void tool_unknown_log(const kiln_llvm *reader, const char *path);

#endif
