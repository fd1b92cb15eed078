/* YAML with its places: what every loader reads, so that each mistake can be shown as file:line:column.  libyaml's
 * events made into a tree behind small accessors.  JSON, being YAML, is accepted.  Anchors, aliases and tags beyond
 * the core are refused; a key that stands twice is a problem; size is bounded.  Not for several threads at once. */
#ifndef GW_CONFIG_YAML_H
#define GW_CONFIG_YAML_H

#include "base/problem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct yaml_file;

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
    enum yaml_kind kind;
    bool quoted;     /* a scalar in quotes is text, never a number, boolean or null */
    bool literal;    /* a scalar whose text stands in the file just so, on one line: a place in it can be shown */
    int line, col;   /* from 1; columns count characters, not bytes */
    struct str text; /* scalar; terminated, too */
    struct yaml_node **items; /* sequence's items; mapping's keys and values in turn */
    size_t count;             /* of items, or of pairs */
    const struct yaml_file *file;
};

struct yaml_file *yaml_read(const char *path, struct problems *); /* NULL if unreadable, empty or not YAML */
struct yaml_file *yaml_parse(const char *name, struct str text, struct problems *);
void yaml_close(struct yaml_file **);
const struct yaml_node *yaml_root(const struct yaml_file *);
const char *yaml_name(const struct yaml_file *);

/* a problem at the node's place; a warning there */
void yaml_problem(const struct yaml_node *, struct problems *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void yaml_warning(const struct yaml_node *, struct problems *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* the column of a scalar's byte `offset`; the node's own where the text does not stand there literally */
int yaml_column(const struct yaml_node *, size_t offset);

/* NULL if the mapping has no such key (no problem added) */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
/* the value under either name of a key that has two; a problem if both stand there */
const struct yaml_node *yaml_either(const struct yaml_node *mapping, const char *english, const char *chinese,
                                    struct problems *);
const struct yaml_node *yaml_key(const struct yaml_node *mapping, size_t pair);
const struct yaml_node *yaml_value(const struct yaml_node *mapping, size_t pair);

/* Is the node a mapping?  If it is something else, adds a problem that names `what`; NULL is just false. */
bool yaml_is_mapping(const struct yaml_node *, const char *what, struct problems *);

/* A key of two names, and where it may stand (bits); in a table by the caller's own numbers. */
struct yaml_word {
    const char *english, *chinese;
    int places;
};
const struct yaml_node *yaml_get_word(const struct yaml_node *mapping, const struct yaml_word *, struct problems *);
/* likewise, and a problem if there is none */
const struct yaml_node *yaml_need_word(const struct yaml_node *mapping, const struct yaml_word *, struct problems *);
/* adds a problem for each key that is not among the words of that place */
void yaml_only_words(const struct yaml_node *mapping, const struct yaml_word *, size_t count, int place, struct problems *);

/* adds a problem for each key that is not among `known`, with the nearest one that is */
void yaml_only(const struct yaml_node *mapping, const char *const *known, size_t count, struct problems *);

/* Typed values.  Each returns `absent` where node is NULL, and where the node is wrong, after adding a problem that
 * names `what`.  Full-width digits are understood. */
const char *yaml_text(const struct yaml_node *, const char *what, const char *absent, struct problems *);
int64_t yaml_integer(const struct yaml_node *, const char *what, int64_t low, int64_t high, int64_t absent,
                     struct problems *);
bool yaml_bool(const struct yaml_node *, const char *what, bool absent, struct problems *);
/* seconds: 90s, 45m, 12h, 35d, 24小时; combinations such as 1h30m; a bare number has no unit and is refused */
int64_t yaml_duration(const struct yaml_node *, const char *what, int64_t low, int64_t high, int64_t absent,
                      struct problems *);
/* the same of a text; false if it is none */
bool yaml_duration_text(const char *text, int64_t *seconds);
/* bytes: 512KiB, 4GiB, 64MiB; a bare number is bytes */
int64_t yaml_bytes(const struct yaml_node *, const char *what, int64_t low, int64_t high, int64_t absent,
                   struct problems *);
/* is it absent, ~, null or empty? */
bool yaml_blank(const struct yaml_node *);

/* a path written in `file` is meant relative to it; free() */
char *yaml_resolve(const struct yaml_file *, const char *path);

#endif
