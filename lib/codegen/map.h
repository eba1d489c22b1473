/* The map of a function's code, kept by sessions that are asked to (kiln_session_set_map): see lib/codegen/map.c. The
 * offset of a piece is the number of its mark until the function is complete, and counts from the function's start
 * then. */
#ifndef KN_LIB_CODEGEN_MAP_H
#define KN_LIB_CODEGEN_MAP_H

#include "lib/codegen/observe.h"
#include <kiln/inspect.h>
#include <kiln/listing.h>

struct kn_map {
  struct kn_observer observer;
  bool on;
  uint32_t symbol; /* the function that the pieces are of, or 0 */
  KN_ARRAY(kiln_code_piece) pieces;
};

/* The function that is walked next is mapped, if the session's functions are. */
void kn_map_observe(struct kn_walk *w, struct kn_map *map);
void kn_map_free(kiln_session *s);

#endif
