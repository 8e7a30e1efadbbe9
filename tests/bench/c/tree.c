/* A red-black tree (Cormen et al., "Red-Black Trees") over nodes that the caller gives. */
#include "api.h"

struct node {
  struct node *child[2], *parent;
  uint64_t key;
  uint64_t red;
};

static struct node nil;
static struct node *root, *free_nodes;

void c_treeInit(void *nodes, int64_t count) {
  nil.red = 0;
  root = free_nodes = &nil;
  for (struct node *node = (struct node *)nodes + count; node-- > (struct node *)nodes;) {
    node->parent = free_nodes;
    free_nodes = node;
  }
}

static inline int side_of(const struct node *parent, const struct node *node) { return parent->child[0] != node; }

/* `heir`, which may be nil, takes the place of `node` under its parent. */
static void replace(struct node *node, struct node *heir) {
  struct node *const parent = node->parent;
  heir->parent = parent;
  if (parent == &nil) root = heir;
  else parent->child[side_of(parent, node)] = heir;
}

/* `node` goes down to `side`, its other child takes its place. */
static void rotate(struct node *node, int side) {
  struct node *const up = node->child[!side], *const inner = up->child[side];
  node->child[!side] = inner;
  if (inner != &nil) inner->parent = node;
  replace(node, up);
  up->child[side] = node;
  node->parent = up;
}

static struct node *find(uint64_t key) {
  struct node *node = root;
  while (node != &nil && node->key != key) node = node->child[key >= node->key];
  return node;
}

bool c_treeFind(uint64_t key) { return find(key) != &nil; }

static void insert_repair(struct node *node) {
  while (node->parent->red) {
    struct node *parent = node->parent, *const grandparent = parent->parent;
    const int side = side_of(grandparent, parent);
    struct node *const uncle = grandparent->child[!side];
    if (uncle->red) {
      parent->red = uncle->red = 0;
      grandparent->red = 1;
      node = grandparent;
      continue;
    }
    if (parent->child[!side] == node) {
      rotate(parent, side);
      parent = node;
    }
    parent->red = 0;
    grandparent->red = 1;
    rotate(grandparent, !side);
    break;
  }
  root->red = 0;
}

bool c_treeInsert(uint64_t key) {
  struct node *parent = &nil;
  int side = 0;
  for (struct node *node = root; node != &nil; node = node->child[side]) {
    if (node->key == key) return false;
    parent = node;
    side = key >= node->key;
  }
  struct node *const node = free_nodes;
  if (node == &nil) return false;
  free_nodes = node->parent;
  *node = (struct node){.child = {&nil, &nil}, .parent = parent, .key = key, .red = 1};
  if (parent == &nil) root = node;
  else parent->child[side] = node;
  insert_repair(node);
  return true;
}

/* The paths through `node` are one black node short. */
static void remove_repair(struct node *node) {
  while (node != root && !node->red) {
    struct node *const parent = node->parent;
    const int side = side_of(parent, node);
    struct node *sibling = parent->child[!side];
    if (sibling->red) {
      sibling->red = 0;
      parent->red = 1;
      rotate(parent, side);
      sibling = parent->child[!side];
    }
    if (!sibling->child[0]->red && !sibling->child[1]->red) {
      sibling->red = 1;
      node = parent;
      continue;
    }
    if (!sibling->child[!side]->red) {
      sibling->child[side]->red = 0;
      sibling->red = 1;
      rotate(sibling, !side);
      sibling = parent->child[!side];
    }
    sibling->red = parent->red;
    parent->red = 0;
    sibling->child[!side]->red = 0;
    rotate(parent, side);
    node = root;
  }
  node->red = 0;
}

bool c_treeRemove(uint64_t key) {
  struct node *const node = find(key);
  if (node == &nil) return false;
  struct node *gone = node; /* the node that leaves its place: it has at most one child */
  if (node->child[0] != &nil && node->child[1] != &nil) {
    gone = node->child[1];
    while (gone->child[0] != &nil) gone = gone->child[0];
    node->key = gone->key;
  }
  struct node *const heir = gone->child[gone->child[0] == &nil];
  replace(gone, heir);
  if (!gone->red) remove_repair(heir);
  gone->parent = free_nodes;
  free_nodes = gone;
  return true;
}
