/* Guards, probes, and what registers keep. */
int fill(char *p, int n);
__attribute__((preserve_most)) int kept(int x);
int small(int n) { char a[20]; return fill(a, n) + a[3]; }
int large(int n) { char a[9000]; return fill(a, n) + kept(n) + a[n]; }
int dynamic(int n) { char a[n]; int *p = __builtin_alloca(16); *p = n; return fill(a, n) + *p; }
int jumps(void **buf, int n) { if (__builtin_setjmp(buf)) return n; return fill((char *)buf, n); }
void leave(void **buf) { __builtin_longjmp(buf, 1); }
