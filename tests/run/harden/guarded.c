/* Functions of which stack protectors guard some: which ones must be as clang decides. Some write beyond their arrays
 * on request, but no farther than the guard: those must abort if they are guarded, and do nothing else. */
void *alloca(unsigned long);
void use(volatile void *);
int other(int);
struct chars {
  int x;
  char c[12];
};
struct few {
  char c[4];
};
struct pair {
  int x, y;
};
struct nested {
  int x;
  struct chars in[2];
};
int none(int a) { return a + 1; }
int address(int a) {
  use(&a);
  return a;
}
int chars_4(int a) {
  char b[4];
  b[0] = (char)a;
  return b[a & 3];
}
int chars_7(int a) {
  char b[7];
  use(b);
  return b[a & 3];
}
int chars_8(int a) {
  char b[8];
  use(b);
  return b[a & 3];
}
int ints(int a) {
  int b[16];
  b[3] = a;
  return b[a & 7];
}
int with_chars(int a) {
  struct chars b;
  b.x = a;
  return b.x;
}
int with_few(int a) {
  struct few b;
  b.c[1] = (char)a;
  return b.c[1];
}
int with_nested(int a) {
  struct nested b;
  b.x = a;
  return b.x;
}
int pairs(int a) {
  struct pair b[2];
  b[a & 1].x = 1;
  return b[0].x;
}
int members(int a) {
  struct pair b;
  b.x = a;
  b.y = a;
  return b.x + b.y;
}
int copied(int a) {
  struct pair b = {1, 2}, c;
  c = b;
  return c.x + a;
}
int beyond(int a) {
  int b;
  return *(volatile long *)&b + a;
}
int allocated(int n) {
  char *p = alloca((unsigned long)n);
  use(p);
  return p[0];
}
int several(int a) {
  int x = a;
  for (int i = 0; i < a; i++) {
    if (i == 3) return x;
    x = other(x);
  }
  return x + 1;
}
long keep_pointer(int *p, int a) {
  int *q = p;
  return *q + a;
}
void stored(int **to) {
  int a;
  *to = &a;
}

/* ---- smashed ---- */

/* Writes n bytes of what is there, inverted. */
static void smash(volatile char *p, int from, int n) {
  for (int i = from; i < from + n; i++) p[i] = (char)~p[i];
}
int smash_chars(int n) {
  char b[32];
  smash(b, 0, 32 + n);
  return 1;
}
int smash_aligned(int n) {
  _Alignas(64) char b[64];
  smash(b, 0, 64 + n);
  return 1;
}
int smash_allocated(int n) {
  char *b = alloca(64);
  smash(b, 0, 64 + n);
  return 1;
}
int smash_both(int n) {
  char a[16], *b = alloca(64);
  use(a);
  smash(b, 0, 64 + n);
  return 1;
}
/* an array does not reach what is no array */
int smash_scalars(int n) {
  volatile int x = 1, y = 2;
  volatile char b[16];
  use((void *)&x);
  use((void *)&y);
  if (n == 0) return x + y == 3;
  for (int i = 16; i < 16 + n; i++) b[i] = (char)~b[i];
  if (x != 1 || y != 2) use((void *)1);
  return 1;
}
typedef long jump_place[64];
int _setjmp(jump_place) __attribute__((returns_twice));
__attribute__((noreturn)) void longjmp(jump_place, int);
static jump_place place;
int smash_jumped(int n) {
  char b[32];
  if (_setjmp(place) == 0) {
    use(b);
    longjmp(place, 1);
  }
  smash(b, 0, 32 + n);
  return 1;
}
double smash_double(int n) {
  char b[32];
  double d = n;
  smash(b, 0, 32 + n);
  return d + 1;
}
__int128 smash_wide(int n) {
  char b[32];
  __int128 d = n;
  smash(b, 0, 32 + n);
  return d + 1;
}
struct chars smash_struct(int n) {
  char c[32];
  smash(c, 0, 32 + n);
  return (struct chars){1, "ab"};
}
