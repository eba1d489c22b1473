/* kiln-rustc as rustc's linker. Files of this folder do the work: link.c. */
#ifndef KN_LINK_LINK_H
#define KN_LINK_LINK_H

#include <stdbool.h>

/* The variable that asks for it; what `kiln cargo --dynamic-deps` sets. */
#define LINK_VARIABLE "KILN_DYNAMIC_DEPS"
/* The last word of a link that rustc asks of kiln-rustc, in front of the linker that is to link. */
#define LINK_WORD "--kiln-linker="

/* Is this process, by its command line, such a link? */
bool link_is_asked(char **argv);
/* Links; the exit status. */
int link_main(char **argv);

#endif
