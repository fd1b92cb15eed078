/* A node is a small hash table of its keys.  The hash is three bytes and the length: keys of one object differ in
 * those often enough, and more would cost more than the comparison that it saves. */
#include "decode/paths.h"

#include "base/check.h"
#include "decode/tape.h"

#include <stdlib.h>

enum { NO_SLOT = -1, DEPTH_MAX = 16, KEY_MAX = 255, KEYS_MAX = 64, EDGES_FIRST = 4 };

struct edge {
    char *key; /* NULL: free */
    uint32_t len;
    uint32_t bit; /* which of the node's keys it is */
    struct node *to;
};

struct node {
    struct edge *edges;
    uint32_t mask; /* table size - 1 */
    uint32_t count;
    int slot; /* of the path that ends here */
};

struct paths {
    struct node root;
};

struct paths *paths_create(void)
{
    struct paths *p = xcalloc(1, sizeof *p);
    p->root.slot = NO_SLOT;
    return p;
}

static void clear_node(struct node *n)
{
    for (uint32_t i = 0; n->edges && i <= n->mask; i++) {
        if (!n->edges[i].key)
            continue;
        clear_node(n->edges[i].to);
        free(n->edges[i].to);
        free(n->edges[i].key);
    }
    free(n->edges);
}

void paths_destroy(struct paths **paths)
{
    if (!*paths)
        return;
    clear_node(&(*paths)->root);
    free(*paths);
    *paths = NULL;
}

static inline uint32_t hash_of(struct str key)
{
    if (key.len == 0)
        return 0;
    const unsigned char *at = (const unsigned char *)key.at;
    return ((uint32_t)key.len * 7 + at[0] + (uint32_t)at[key.len / 2] * 5 + (uint32_t)at[key.len - 1] * 3);
}

/* the key's edge, or the free one where it would be */
static inline struct edge *edge_of(const struct node *n, struct str key)
{
    for (uint32_t i = hash_of(key) & n->mask;; i = (i + 1) & n->mask) {
        struct edge *e = &n->edges[i];
        if (!e->key || str_eq((struct str){e->key, e->len}, key))
            return e;
    }
}

static void grow(struct node *n)
{
    struct node bigger = *n;
    bigger.mask = n->edges ? 2 * n->mask + 1 : EDGES_FIRST - 1;
    bigger.edges = xcalloc((size_t)bigger.mask + 1, sizeof *bigger.edges);
    for (uint32_t i = 0; n->edges && i <= n->mask; i++)
        if (n->edges[i].key)
            *edge_of(&bigger, (struct str){n->edges[i].key, n->edges[i].len}) = n->edges[i];
    free(n->edges);
    *n = bigger;
}

/* NULL: too many keys */
static struct node *child_added(struct node *n, struct str key)
{
    if (!n->edges || 4 * (n->count + 1) > n->mask + 1) /* a quarter full: most keys of a record are no key of ours */
        grow(n);
    struct edge *e = edge_of(n, key);
    if (!e->key) {
        if (n->count == KEYS_MAX)
            return NULL;
        *e = (struct edge){xstrndup(key.at, key.len), (uint32_t)key.len, n->count++, xcalloc(1, sizeof *e->to)};
        e->to->slot = NO_SLOT;
    }
    return e->to;
}

bool path_next_key(struct str *path, char *key, size_t *len)
{
    size_t i = 0, n = 0;
    for (; i < path->len && path->at[i] != '.'; i++) {
        if (path->at[i] == '\\' && i + 1 < path->len)
            i++;
        key[n++] = path->at[i];
    }
    bool last_is_empty = i + 1 == path->len; /* a '.' that nothing follows */
    i += i < path->len;
    *path = (struct str){path->at + i, path->len - i};
    *len = n;
    return n > 0 && !last_is_empty;
}

int paths_add(struct paths *p, struct str path, unsigned slot)
{
    char key[KEY_MAX];
    struct node *n = &p->root;
    if (path.len == 0 || path.len > KEY_MAX)
        return PATHS_NO_PATH;
    for (unsigned depth = 0; path.len; depth++) {
        size_t len;
        if (depth == DEPTH_MAX || !path_next_key(&path, key, &len))
            return PATHS_NO_PATH;
        n = child_added(n, (struct str){key, len});
        if (!n)
            return PATHS_TOO_MANY;
    }
    if (n->slot == NO_SLOT)
        n->slot = (int)slot;
    return n->slot;
}

/* the slots below a key that stands again */
static void forget(const struct node *n, uint32_t *slots)
{
    if (n->slot != NO_SLOT)
        slots[n->slot] = 0;
    for (uint32_t i = 0; n->edges && i <= n->mask; i++)
        if (n->edges[i].key)
            forget(n->edges[i].to, slots);
}

static void find(const struct node *n, const struct json_tape *tape, uint32_t object, uint32_t *slots)
{
    uint64_t seen = 0;
    uint32_t end = json_end(tape, object);
    for (uint32_t at = json_first(object); at < end;) {
        const struct edge *e = edge_of(n, json_str(tape, at));
        uint32_t value = at + 1;
        at = json_next(tape, value);
        if (!e->key)
            continue;
        if (seen & (UINT64_C(1) << e->bit))
            forget(e->to, slots);
        seen |= UINT64_C(1) << e->bit;
        if (e->to->slot != NO_SLOT)
            slots[e->to->slot] = value;
        if (e->to->edges && json_type(tape, value) == '{')
            find(e->to, tape, value, slots);
    }
}

void paths_find(const struct paths *p, const struct json_tape *tape, uint32_t object, uint32_t *slots)
{
    if (p->root.edges)
        find(&p->root, tape, object, slots);
}
