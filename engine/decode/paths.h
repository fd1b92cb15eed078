/* The places in a record that a mapping reads, compiled into a tree of keys, so that one walk over the record finds
 * them all: at each object only the keys that matter there are compared, and what lies below others is skipped in
 * one step.  Immutable once all are added; any thread. */
#ifndef GW_DECODE_PATHS_H
#define GW_DECODE_PATHS_H

#include "base/str.h"
#include "decode/json.h"

#include <stdbool.h>
#include <stdint.h>

struct paths;

struct paths *paths_create(void);
void paths_destroy(struct paths **);

/* `path` is keys joined by '.', a '.' or '\' in a key after a '\'.  The slot that the path has: `slot` if it is new,
 * else the one given first; or one of the PATHS_ errors. */
enum { PATHS_NO_PATH = -1 /* a key is empty, or all is too long */, PATHS_TOO_MANY = -2 /* keys in one object */ };
int paths_add(struct paths *, struct str path, unsigned slot);

/* slots[slot] = where on the tape the value is; slots of what is absent are left alone.  Of a key that stands twice
 * the last one counts, as it does for most parsers. */
void paths_find(const struct paths *, const struct json_tape *, uint32_t object, uint32_t *slots);

/* Takes the first key off a path, unescaped into `key` (of at least the path's length); false if it is empty. */
bool path_next_key(struct str *path, char *key, size_t *len);

#endif
