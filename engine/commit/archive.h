/* Generations of rules that were active, with all files that made them: what can be rolled back to, whatever the disk holds
 * by now.  The last ten are kept beside the active one, in the state topic under `generation/<number>` (in pieces of less than
 * a record where they are large), and which is active under `generation/active`.  Where there is no state topic they
 * last as long as the process.
 *
 * Numbers only grow, over restarts and rollbacks too: rolling 12 back to 11 makes 13, which is 11 again.  One thread at a time. */
#ifndef GW_COMMIT_ARCHIVE_H
#define GW_COMMIT_ARCHIVE_H

#include "commit/committer.h"
#include "rule/texts.h"

struct archive;

struct kept_generation {
    uint64_t number;
    uint64_t origin;  /* the generation whose texts it has: its own number, unless it was rolled back to */
    int64_t since_ms; /* when it became active; of the system's clock */
    unsigned rules;
    char digest[72];          /* of the rules */
    char files[72];           /* of the texts */
    struct rule_texts *texts; /* the archive's */
};

struct archive *archive_create(void);
void archive_destroy(struct archive **);

/* Starts anew with what the state topic holds: key → value, both texts.  What is not understood is left out (logged). */
void archive_restore(struct archive *, const json_t *state);

/* NULL: nothing has been active yet */
const struct kept_generation *archive_active(const struct archive *);
/* Digest of the files that lay on disk when the active generation was rolled back to: as long as they do, they were meant to be
 * passed over.  "": it came from the disk. */
const char *archive_passed_over(const struct archive *);
const struct kept_generation *archive_find(const struct archive *, uint64_t number);
/* what `rollback` without a number goes to: the newest before the active one's origin that has other texts; NULL: none */
const struct kept_generation *archive_before(const struct archive *);
uint64_t archive_next_number(const struct archive *);
size_t archive_count(const struct archive *);
const struct kept_generation *archive_at(const struct archive *, size_t); /* oldest first */

/* The next generation becomes the active one; takes its texts over.  number is filled in, and origin where it is 0. */
void archive_add(struct archive *, struct kept_generation, const char *passed_over);

/* What the state topic has yet to be told; the archive's, until it is next changed. */
const struct state_note *archive_notes(struct archive *, size_t *count);

#endif
