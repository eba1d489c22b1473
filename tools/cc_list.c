/* Lists of words, and memory that lives as long as the command: for all that starts clang. */
#include "cc.h"

#include <stdlib.h>

/* What lives as long as the command. */
static struct cc_list kept;

void *cc_more(void *old, size_t size) {
  void *at = realloc(old, size);
  if (at != NULL) return at;
  tool_error("out of memory");
  exit(TOOL_FAILED);
}

void cc_push(struct cc_list *l, const char *s) {
  if (l->n + 1 >= l->cap) {
    l->cap = l->cap ? l->cap * 2 : 64;
    l->at = cc_more(l->at, l->cap * sizeof *l->at);
  }
  l->at[l->n++] = s;
  l->at[l->n] = NULL;
}

char *cc_keep(char *block) {
  cc_push(&kept, block);
  return block;
}
