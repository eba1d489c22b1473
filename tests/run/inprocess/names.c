/* What linkers make of names: the version that .symver says, thread-local data without bytes, references that only the
 * program itself could define, common data. */
#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__)
__asm__(".symver realpath, realpath@GLIBC_2.2.5"); /* which refuses a second argument of NULL */
#endif

struct empty {};
_Thread_local struct empty none, nothing[0];
_Thread_local struct {
  int first;
  struct empty second;
} both = {5};
extern char optarg_of_others[] __attribute__((weak, visibility("hidden")));
extern char *strerror_of(int) __asm__("strerror") __attribute__((weak, visibility("hidden")));
__attribute__((common)) long shared[100];

int main(void) {
  char *path = realpath("/", NULL);
  printf("%s\n", path != NULL ? path : "no path");
  printf("%d %d %d\n", (void *)&none != NULL, (void *)nothing != NULL, both.first);
  printf("%d %d\n", optarg_of_others == NULL, strerror_of == NULL);
  shared[99] = 7;
  printf("%ld\n", shared[99] + shared[0]);
  return 0;
}
