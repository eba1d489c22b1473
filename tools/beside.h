/* The parts of Kiln that a program of Kiln's finds: beside.c. */
#ifndef KN_TOOLS_BESIDE_H
#define KN_TOOLS_BESIDE_H

#include <limits.h>
#include <stdbool.h>

/* Writes the path of the file `name` in the folder of the program that runs; false if there is none. */
bool tool_beside(const char *name, char out[PATH_MAX]);

#endif
