/* Texts of 8, 16 and 32 bits, of which Windows' `wchar_t` has 16: literals, arrays, merged ones, functions of the
 * system that take them; structs that are packed, or have bit-fields as Microsoft's compiler lays them out. */
#include <stdio.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>
#include <windows.h>

static const wchar_t wide[] = L"gr\u00fc\u00dfe \U0001f600";
static const char16_t *const sixteen = u"\u4e16\u754c";
static const char32_t thirty_two[] = U"\U0001f600x";

#pragma pack(push, 1)
struct packed {
  char a;
  long long b;
  short c;
  double d;
};
#pragma pack(pop)
struct fields {
  char a : 3;
  int b : 5;
  long long c : 40;
  unsigned d : 1;
  unsigned short e : 9;
};
struct __attribute__((gcc_struct)) like_gcc {
  char a : 3;
  int b : 5;
  long long c : 40;
};

__attribute__((noinline)) static struct packed pack(struct packed p) {
  p.b *= p.a;
  p.d -= p.c;
  return p;
}
__attribute__((noinline)) static int unpack(struct fields *f) {
  f->a++, f->b--, f->c <<= 3, f->d ^= 1, f->e += 300;
  return f->a + f->b * 2 + (int)(f->c >> 8) + f->d * 5 + f->e * 7;
}
static int kind(wchar_t c) {
  switch (c) {
  case L'\u00fc': return 1;
  case L'\u00df': return 2;
  case 0xd83d: return 3;
  case L' ': return 4;
  default: return 0;
  }
}

int main(void) {
  WCHAR upper[16];
  wcscpy(upper, L"abc\u00e4");
  CharUpperW(upper);
  printf("%d %d %d %d: ", (int)sizeof wide, (int)wcslen(wide), (int)sizeof thirty_two,
         (int)sixteen[1]);
  for (size_t i = 0; i < wcslen(wide); i++) printf("%d", kind(wide[i]));
  printf(" %x %d %x\n", (unsigned)thirty_two[0], lstrlenW(upper), upper[3]);
  struct packed p = pack((struct packed){3, -5, 7, 1.25});
  struct fields f = {1, 7, 1LL << 30, 1, 200};
  printf("%d %d %d: %lld %g %d\n", (int)sizeof p, (int)sizeof f, (int)sizeof(struct like_gcc), p.b,
         p.d, unpack(&f));
  return wcscmp(wide, L"gr\u00fc\u00dfe \U0001f600") != 0;
}
