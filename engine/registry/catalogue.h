/* What the events may name, fixed when the engine starts: sources, categories, tags, organisations.  All get
 * small numbers, which facts carry; on disk they are texts, so that a catalogue may change between starts.
 * Immutable once loading is over; any thread.
 *
 * categories.csv: `path,name`: a dotted path such as labour.wage_arrears and what people call it.  Ancestors are
 * implied.  Numbered depth first from 1, so that a prefix is a range.
 * organisations.csv: `code,name,aliases`: aliases split by ';'.  An organisation complained of under any alias is
 * the same respondent; only those listed here are ever named in an alert. */
#ifndef GW_REGISTRY_CATALOGUE_H
#define GW_REGISTRY_CATALOGUE_H

#include "base/problem.h"
#include "base/str.h"

#include <stdint.h>

enum { CATEGORY_NONE = 0, SOURCES_MAX = 64, TAGS_MAX = 24, CATEGORIES_MAX = 65535 };

struct category {
    const char *path, *name; /* name is the path where none is given */
    uint16_t last;           /* the prefix covers [own number, last] */
    uint16_t parent;         /* CATEGORY_NONE: it is a head */
    uint8_t depth;           /* segments of the path */
};

struct organisation {
    const char *code, *name;
};

struct catalogue;

struct catalogue *catalogue_create(void);
void catalogue_destroy(struct catalogue **);

/* the files; a missing or bad one adds problems.  Called before any of the look-ups. */
void catalogue_load_categories(struct catalogue *, const char *path, struct problems *);
void catalogue_load_organisations(struct catalogue *, const char *path, struct problems *);

/* numbers from 0 in the order added; the number of an equal name if there is one; -1 when full */
int catalogue_add_source(struct catalogue *, const char *name);
int catalogue_add_tag(struct catalogue *, const char *name);

unsigned catalogue_source_count(const struct catalogue *);
const char *catalogue_source(const struct catalogue *, unsigned source);
int catalogue_find_source(const struct catalogue *, struct str name); /* -1 if none */

unsigned catalogue_tag_count(const struct catalogue *);
const char *catalogue_tag(const struct catalogue *, unsigned tag);
int catalogue_find_tag(const struct catalogue *, struct str name); /* -1 if none */

/* false: their file could not be read at all, so that whatever names one cannot be judged */
bool catalogue_has_categories(const struct catalogue *);
unsigned catalogue_category_count(const struct catalogue *); /* numbered 1..count */
const struct category *catalogue_category(const struct catalogue *, uint16_t category);
/* is `narrow` within `wide`, or the same?  CATEGORY_NONE contains all */
bool catalogue_contains(const struct catalogue *, uint16_t wide, uint16_t narrow);
/* the category that its path's first `segments` name; itself where it has no more; CATEGORY_NONE of none */
uint16_t catalogue_prefix(const struct catalogue *, uint16_t category, unsigned segments);
uint16_t catalogue_find_category(const struct catalogue *, struct str path); /* CATEGORY_NONE if none */

/* by code, name or alias; NULL if it is not in the register */
const struct organisation *catalogue_find_organisation(const struct catalogue *, struct str);

#endif
