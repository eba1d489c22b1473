/* Parses, changes and prints the JSON document of standard input, with cJSON. */
#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(FILE *in) {
  size_t size = 0, room = 1 << 16;
  char *text = malloc(room + 1);
  while (text != NULL) {
    size_t got = fread(text + size, 1, room - size, in);
    if (got == 0) {
      text[size] = '\0';
      return text;
    }
    size += got;
    if (size == room) text = realloc(text, (room *= 2) + 1);
  }
  return NULL;
}

static double sum_of(const cJSON *item) {
  double sum = cJSON_IsNumber(item) ? item->valuedouble : 0;
  for (const cJSON *child = item->child; child != NULL; child = child->next) sum += sum_of(child);
  return sum;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  char *text = read_all(stdin);
  for (int r = 0; text != NULL && r < rounds; r++) {
    cJSON *root = cJSON_Parse(text);
    if (root == NULL) return 1;
    printf("%.6f\n", sum_of(root));
    cJSON_AddItemToArray(root, cJSON_CreateNumber(r));
    free(text);
    text = cJSON_Print(root);
    cJSON_Delete(root);
  }
  if (text == NULL) return 1;
  printf("%zu\n", strlen(text));
  puts(text);
  free(text);
  return 0;
}
