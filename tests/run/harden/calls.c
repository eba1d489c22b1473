/* Compiled with -fno-plt: calls of what others define go through the GOT, those of what is here do not. */
unsigned long strlen(const char *);
int abs(int);
void *memcpy(void *, const void *, unsigned long);
int local(int a) { return a + 1; }
static int own(int a) { return abs(a) + local(a); }
struct large {
  char c[3000];
} from, to;
int calls(int a) {
  int (*f)(int) = abs;
  to = from; /* a call of the compiler's own */
  return (int)strlen("four") + own(a) + f(a);
}
