/* A balanced tree (treap) of allocated nodes, and linked lists that are reversed and merged. */
#include <stdio.h>
#include <stdlib.h>

struct node {
  struct node *left, *right;
  unsigned key, priority;
};
struct item {
  struct item *next;
  unsigned value;
};

static unsigned seed = 7;

static unsigned next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}

static void *get(size_t n) {
  void *p = malloc(n);
  if (p == NULL) exit(1);
  return p;
}

static struct node *rotate_right(struct node *n) {
  struct node *left = n->left;
  n->left = left->right;
  left->right = n;
  return left;
}

static struct node *rotate_left(struct node *n) {
  struct node *right = n->right;
  n->right = right->left;
  right->left = n;
  return right;
}

static struct node *insert(struct node *n, unsigned key) {
  if (n == NULL) {
    n = get(sizeof *n);
    *n = (struct node){.key = key, .priority = next_random()};
  } else if (key < n->key) {
    n->left = insert(n->left, key);
    if (n->left->priority > n->priority) n = rotate_right(n);
  } else if (key > n->key) {
    n->right = insert(n->right, key);
    if (n->right->priority > n->priority) n = rotate_left(n);
  }
  return n;
}

static int contains(const struct node *n, unsigned key) {
  while (n != NULL && n->key != key) n = key < n->key ? n->left : n->right;
  return n != NULL;
}

static unsigned walk(const struct node *n, unsigned sum) {
  if (n == NULL) return sum;
  sum = walk(n->left, sum);
  return walk(n->right, sum * 31 + n->key);
}

static void release(struct node *n) {
  if (n == NULL) return;
  release(n->left);
  release(n->right);
  free(n);
}

static struct item *reverse(struct item *list) {
  struct item *done = NULL;
  while (list != NULL) {
    struct item *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static struct item *merge(struct item *a, struct item *b) {
  struct item *first = NULL, **end = &first;
  while (a != NULL && b != NULL) {
    struct item **least = a->value <= b->value ? &a : &b;
    *end = *least;
    *least = (*least)->next;
    end = &(*end)->next;
  }
  *end = a != NULL ? a : b;
  return first;
}

static struct item *sort(struct item *list) {
  if (list == NULL || list->next == NULL) return list;
  struct item *slow = list, *fast = list->next;
  while (fast != NULL && fast->next != NULL) {
    slow = slow->next;
    fast = fast->next->next;
  }
  struct item *half = slow->next;
  slow->next = NULL;
  return merge(sort(list), sort(half));
}

static unsigned tree(unsigned n) {
  unsigned found = 0;
  struct node *root = NULL;
  for (unsigned i = 0; i < n; i++) root = insert(root, next_random() % (4 * n));
  for (unsigned i = 0; i < 4 * n; i++) found += (unsigned)contains(root, i);
  unsigned sum = walk(root, found);
  release(root);
  return sum;
}

static unsigned lists(unsigned n) {
  struct item *list = NULL;
  unsigned sum = 0;
  for (unsigned i = 0; i < n; i++) {
    struct item *item = get(sizeof *item);
    *item = (struct item){list, next_random()};
    list = item;
  }
  for (int i = 0; i < 9; i++) list = reverse(list);
  list = sort(list);
  while (list != NULL) {
    struct item *next = list->next;
    sum = sum * 31 + list->value;
    free(list);
    list = next;
  }
  return sum;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  unsigned sum = 0;
  for (int i = 0; i < rounds; i++)
    sum = sum * 31 + tree(3000) + lists(3000); /* stays in the cache */
  printf("%u\n", sum);
  return 0;
}
