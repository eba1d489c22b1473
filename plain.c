#include <stddef.h>
void *memset(void *, int, size_t);
long sum(const int *p, int n) { long s = 0; for (int i = 0; i < n; i++) s += p[i]; return s; }
int asked(int a) { int r; __asm__("lea (%1,%1,2), %0" : "=r"(r) : "r"(a)); return r; }
static int unused[3] = {1, 2}; int *where(void) { return unused; }
