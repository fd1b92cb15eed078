/* Rules as the engine runs them: compiled from the authors' files, immutable, part of one generation. */
#ifndef GW_RULE_RULE_H
#define GW_RULE_RULE_H

#include "base/problem.h"
#include "decode/event.h"
#include "decode/offer.h"
#include "registry/catalogue.h"
#include "registry/registry.h"

#include <stdbool.h>
#include <stdint.h>

/* word after the selection's name; a bare name counts events */
#define MEASURE_TABLE(X)                                                                                             \
    X(EVENTS, "events")                                                                                              \
    X(CALLERS, "callers")   /* distinct actors */                                                                    \
    X(INVOLVED, "involved") /* sum over matters of each matter's largest figure */                                   \
    X(SUM, "sum")           /* of values, thousandths */                                                             \
    X(MAX, "max")           /* of values, thousandths */

enum measure {
#define X(name, word) MEASURE_##name,
    MEASURE_TABLE(X)
#undef X
        MEASURES
};

const char *measure_word(enum measure);

/* Levels are configured, lowest first; level 0 is none, 1 the lowest. */
enum { LEVELS_MAX = 8, SELECTIONS_MAX = 16, ATOMS_MAX = 32, EXPRESSION_MAX = 64, PER_MAX = 4 };

/* a prefix of categories, as numbers */
struct category_range {
    uint16_t first, last;
};

/* What an event must be to be selected. */
struct selection {
    const char *name;
    uint64_t sources;                /* bits; all ones where the author names none */
    struct category_range *category; /* NULL: any */
    unsigned category_count;
    uint32_t kinds;    /* bits of enum event_kind; default created, called_again, reading */
    uint32_t tags_all; /* each of these */
    uint32_t tags_any; /* one of these, if any is named */
};

bool selection_covers(const struct selection *, unsigned source, uint16_t category); /* kinds and tags aside */

/* a comparison `selection.measure >= threshold` (`> n` is stored as `>= n + 1`) */
struct atom {
    uint8_t selection;
    enum measure measure;
    int64_t threshold; /* SUM, MAX: thousandths */
};

/* postfix */
enum op { OP_ATOM, OP_AND, OP_OR };
struct step {
    enum op op;
    uint8_t atom;
};
struct expression {
    struct step steps[EXPRESSION_MAX];
    unsigned count; /* 0: never true */
};

enum subject_kind {
    SUBJECT_NONE,
    SUBJECT_DISTRICT = REGION_DISTRICT,
    SUBJECT_STREET = REGION_STREET,
    SUBJECT_COMMUNITY = REGION_COMMUNITY,
    SUBJECT_GRID = REGION_GRID,
    SUBJECT_MICRO_GRID = REGION_MICRO_GRID,
    SUBJECT_RESPONDENT,
    SUBJECT_MATTER,
};

const char *subject_kind_word(enum subject_kind); /* "grid", "respondent", ... */

struct rule {
    const char *id, *title;
    const char *version; /* the author's, or "" */
    uint64_t digest;     /* of everything that changes what it computes */
    struct selection *selections;
    unsigned selection_count;
    struct atom atoms[ATOMS_MAX];
    unsigned atom_count;
    struct expression level[LEVELS_MAX + 1]; /* [1..]; each implied by the higher ones */
    enum subject_kind per[PER_MAX];          /* the first that the event names */
    unsigned per_count;
    int32_t within_s;      /* whole minutes */
    int32_t for_s;         /* 0: at once */
    int32_t clear_after_s; /* how long below, before it ends or goes down */
    int64_t clear_below;   /* kept while the lowest level's one measure is >= this; INT64_MIN: same as level 1 */
    int32_t raise_within_s;
    const char *lead; /* unit, or "" */
    const char *const *assist;
    unsigned assist_count;
    int32_t sign_within_s[LEVELS_MAX + 1]; /* 0: no limit */
    int32_t close_within_s[LEVELS_MAX + 1];
    const char *file; /* where it stands, for messages */
    int line;
};

struct rule_set {
    struct rule *rules;
    unsigned count;
    const char *level_name[LEVELS_MAX + 1]; /* [1..level_count] */
    unsigned level_count;
    char digest[72]; /* "sha256:" and 64 hex digits, of all rules */
};

struct rule_context {
    const struct registry *registry; /* NULL: it was wrong, so what names a place cannot be judged */
    const struct catalogue *catalogue;
    const char *const *level_names; /* lowest first */
    unsigned level_count;
    int32_t retention_s; /* a rule that looks further back is refused */
    int32_t readings_retention_s;
    const struct offer *const *offers; /* of each source by number; NULL: not known, nothing is said of them */
};

/* All rule files (*.yaml, *.yml, *.json) of a folder, or one file, in the order of their names.  NULL, with every
 * mistake added, if any is wrong. */
struct rule_set *rule_set_load(const char *path, const struct rule_context *, struct problems *);
void rule_set_destroy(struct rule_set **);

/* Does `expression` hold if atom i has the value values[i]? */
bool expression_holds(const struct expression *, const struct rule *, const int64_t *values);

#endif
