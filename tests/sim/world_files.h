/* The files of a world, written and loaded; private to world.c, world_files.c and world_rules.c. */
#ifndef GW_SIM_WORLD_FILES_H
#define GW_SIM_WORLD_FILES_H

#include "base/buffer.h"
#include "world.h"

struct world_shape {
    bool event_time;
    bool changes; /* there are several generations of rules */
    bool plain;   /* see WORLD_PLAIN */
    bool past;    /* see world.h: the ledger keeps two days */
    bool centre;  /* see world.h */
};

void world_files(struct world *, struct dice *, const char *directory, const struct world_shape *);
void world_write(const char *directory, const char *name, const char *text, size_t len);

/* What a rule is drawn from.  One that was edited keeps its number, and has other dice for how much, or for all. */
struct hand {
    unsigned number;
    struct dice *what, *amount; /* may be the same */
    const char *directory;      /* for the table of thresholds, if it has one; NULL: it has none */
    const struct world_shape *shape; /* of the world */
};

/* world_rules.c: what plain worlds have, and what the language knows of counts.  Appends the rule. */
void world_rule(struct buffer *, const struct hand *);
void rule_head(struct buffer *, unsigned number, const char *let);
void rule_times(struct buffer *, const struct hand *, const char *below);
/* world_language.c: what needs neighbours, dates, silence, a model, or the weeks before (the last shape) */
enum { LANGUAGE_SHAPES = 6 };
void world_language_files(struct dice *, const char *directory);
void world_language_rule(struct buffer *, const struct hand *, unsigned shape);

/* world_changes.c: the files of rules that an author has one after the other; to be freed.  Returns how many.  centre: what is
 * drawn for the command centre, if there is one; so that a world is the same without it. */
unsigned world_changes(struct dice *, struct dice *centre, const char *directory, const struct world_shape *,
                       char *text[GENERATIONS_MAX]);

/* world_centre.c: what rules say of people: where a rule's alerts are sent; of all of them, by their numbers, who is told */
void world_centre_files(const char *directory);
void world_sends(struct buffer *, unsigned number);
void world_notify(struct buffer *, struct dice, const unsigned *numbers, unsigned count);

#endif
