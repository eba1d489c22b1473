/* Thread-local data of each kind, in threads of Windows, and its initial values. */
#include <stdio.h>
#include <windows.h>

_Thread_local int counted = 40, zero;
static _Thread_local char text[40] = "initial";
static int results[4][3];

static DWORD WINAPI work(void *argument) {
  int k = (int)(long long)argument;
  for (int i = 0; i <= k; i++) counted++, zero += 2;
  text[0] = (char)('A' + k);
  results[k][0] = counted;
  results[k][1] = zero;
  results[k][2] = text[0] * 1000 + text[1];
  return (DWORD)k + 1;
}

int main(void) {
  HANDLE threads[4];
  for (int k = 0; k < 4; k++)
    threads[k] = CreateThread(NULL, 0, work, (void *)(long long)k, 0, NULL);
  for (int k = 0; k < 4; k++) {
    DWORD code;
    WaitForSingleObject(threads[k], INFINITE);
    GetExitCodeThread(threads[k], &code);
    printf("%d: %d %d %d\n", (int)code, results[k][0], results[k][1], results[k][2]);
  }
  printf("%d %d %s\n", counted, zero, text);
  return 0;
}
