/* What `kiln cargo` says once for each project and toolchain: who compiled it, that the library which rustc loaded is
 * lost, and what makes slow links shorter. cargo_way.c; verb_cargo.c calls it. */
#ifndef KN_TOOLS_CARGO_WAY_H
#define KN_TOOLS_CARGO_WAY_H

#include "stats.h"

#include <stdbool.h>

/* What cargo was asked. */
struct cargo_way {
  char **words; /* its command line, its name included */
  bool shim;    /* the user wants the shim */
  bool dynamic; /* dependencies are linked once */
};

/* stats_say.say: says it on standard error, unless cargo is to be quiet or it was said before. `user` is a struct
 * cargo_way. */
void cargo_way_say(void *user, const struct stats_units *units);

#endif
