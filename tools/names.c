/* Sets of names: see names.h. Names are those of inputs, which could be chosen to share the places of a table.
 * A node tells apart two names that are equal up to a bit; the next nodes look at later bits (D. J. Bernstein,
 * "Crit-bit trees"). Invariant: there is one node less than there are names. */
#include "names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where a link leads: a name's index, doubled; a node's, and 1. */
struct tool_names_node {
  uint32_t byte;  /* that differs */
  uint8_t others; /* all bits but the one that differs */
  uint32_t child[2];
};

static unsigned side(const struct tool_names_node *node, uint8_t byte) {
  return (1u + (node->others | byte)) >> 8;
}

/* The only name that may be equal. */
static uint32_t nearest(const struct tool_names *t, const char *name, size_t length) {
  uint32_t link = t->root;
  while (link & 1) {
    const struct tool_names_node *node = &t->nodes[link / 2];
    link = node->child[side(node, node->byte < length ? (uint8_t)name[node->byte] : 0)];
  }
  return link / 2;
}

uint32_t tool_names_find(const struct tool_names *t, const char *name) {
  if (t->n == 0) return 0;
  uint32_t i = nearest(t, name, strlen(name));
  return strcmp(t->at[i], name) == 0 ? i + 1 : 0;
}

/* Room for one more name and node. */
static bool room(struct tool_names *t) {
  if ((t->n & (t->n - 1)) != 0) return true; /* doubled at powers of two */
  size_t more = t->n != 0 ? 2 * (size_t)t->n : 1;
  const char **at = more <= UINT32_MAX / 2 ? realloc(t->at, more * sizeof *at) : NULL;
  if (at == NULL) return false;
  t->at = at;
  struct tool_names_node *nodes = realloc(t->nodes, more * sizeof *nodes);
  if (nodes == NULL) return false;
  t->nodes = nodes;
  return true;
}

/* Puts the new node, number `n`, of the name with that number, above what is after it. */
static void insert(struct tool_names *t, struct tool_names_node node, unsigned old,
                   const char *name, size_t length) {
  uint32_t *link = &t->root;
  while (*link & 1) {
    struct tool_names_node *here = &t->nodes[*link / 2];
    if (here->byte > node.byte || (here->byte == node.byte && here->others > node.others)) break;
    link = &here->child[side(here, here->byte < length ? (uint8_t)name[here->byte] : 0)];
  }
  node.child[old] = *link;
  node.child[!old] = 2 * t->n;
  *link = 2 * t->n + 1;
  t->nodes[t->n] = node;
}

uint32_t tool_names_add(struct tool_names *t, const char *name) {
  const size_t length = strlen(name);
  if (t->n == 0) {
    if (!room(t)) return 0;
    t->root = 0;
    t->at[t->n++] = name;
    return 1;
  }
  const uint32_t i = nearest(t, name, length);
  const char *other = t->at[i];
  uint32_t byte = 0;
  while (name[byte] == other[byte] && name[byte] != 0) byte++;
  if (name[byte] == other[byte]) return i + 1;
  if (!room(t)) return 0;
  const unsigned differ = (uint8_t)name[byte] ^ (uint8_t)other[byte];
  struct tool_names_node node = {.byte = byte,
                                 .others = (uint8_t)~(1u << (31 - __builtin_clz(differ)))};
  insert(t, node, side(&node, (uint8_t)other[byte]), name, length);
  t->at[t->n++] = name;
  return t->n;
}

void tool_names_free(struct tool_names *t) {
  free(t->at);
  free(t->nodes);
  *t = (struct tool_names){0};
}

/* ---- printing ---- */

bool tool_name_is_plain(char c) { return (unsigned char)c >= ' ' && c != 0x7f; }

void tool_name_print(FILE *to, const char *name) {
  for (; *name != 0; name++) {
    if (tool_name_is_plain(*name)) putc(*name, to);
    else fprintf(to, "\\%02x", (unsigned)(unsigned char)*name);
  }
}
