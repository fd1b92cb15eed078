/* The files that rules were made of, byte for byte: rule files and their tables, the calendar, the models.  A loader notes
 * each file just before it reads it (rule_context.texts), so nothing else has to know which files those are.
 *
 * They tell whether anything has changed, and are kept with a generation so that it can be loaded again when the disk
 * has others.  Names are relative, so that they can be written anywhere; a table that lies outside of the rules' folder is found
 * there by rule_context.places.  One thread at a time. */
#ifndef GW_RULE_TEXTS_H
#define GW_RULE_TEXTS_H

#include "base/problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum text_kind { TEXT_RULES, TEXT_CALENDAR, TEXT_MODEL, TEXT_KINDS };

struct rule_texts;

/* where a generation's files lie */
struct text_places {
    char *rules;             /* folder or file */
    char *calendar, *models; /* NULL: none */
    struct text_move {
        char *from, *to; /* paths: as a rule file that lies there means it, and where the text is */
    } *moved;            /* those that did not lie in the rules' folder */
    size_t moved_count;
};

/* where the text of that path is; the path itself unless it was moved.  NULL: nothing was. */
const char *text_place(const struct text_places *, const char *path);

void text_places_free(struct text_places *);

struct rule_texts *rule_texts_create(const char *rules_path);
void rule_texts_destroy(struct rule_texts **);

/* Reads the file and keeps its bytes; that it can't be read is kept likewise.  Each path once. */
void rule_texts_note(struct rule_texts *, enum text_kind, const char *path);

/* Are the files on disk still those that were noted?  If not, what was loaded may be of two minds. */
bool rule_texts_unchanged(const struct rule_texts *);

/* "sha256:" and 64 hex digits, of names and bytes; after the last note.  The texts' own. */
const char *rule_texts_digest(struct rule_texts *);

/* The paths as noted, for who watches them; of texts from JSON NULL.  The texts' own. */
size_t rule_texts_count(const struct rule_texts *);
const char *rule_texts_path(const struct rule_texts *, size_t number);

/* One of them by the name that it has there (NULL: the first of its kind), as {kind, name, sha256, text or base64}; a new
 * reference, NULL: none such. */
json_t *rule_texts_file(const struct rule_texts *, enum text_kind, const char *name);

json_t *rule_texts_json(const struct rule_texts *);      /* a new reference */
struct rule_texts *rule_texts_from_json(const json_t *); /* NULL: not understood */

/* Writes them below a folder, which exists, and says where they lie now.  false: they can't be written (added). */
bool rule_texts_write(const struct rule_texts *, const char *folder, struct text_places *, struct problems *);

#endif
