#include "ledger/roots.h"

#include "base/check.h"

#include <stdlib.h>

/* beyond it what is known is forgotten: more than any one merge makes, so that what is forgotten was worth its while */
enum { ROOTS_MAX = 1 << 16 };

static void roots_keep(void *arg, uint64_t matter)
{
    struct roots *roots = arg;
    if (tally_add(&roots->known, matter))
        *tally_at(&roots->known, matter) = (uint32_t)roots->count;
}

static void roots_gather(struct roots *roots, uint64_t matter)
{
    if (roots->known.distinct >= ROOTS_MAX) {
        tally_clear(&roots->known);
        roots->count = 0;
    }
    if (roots->count == roots->capacity) {
        roots->capacity = roots->capacity ? roots->capacity * 2 : 16;
        roots->all = xrealloc(roots->all, roots->capacity * sizeof *roots->all);
    }
    struct root *root = &roots->all[roots->count++];
    root->matter = ledger_root_of(roots->ledger, matter, &root->text, roots_keep, roots);
}

uint64_t roots_find(struct roots *roots, uint64_t matter, struct str *text)
{
    if (text)
        *text = (struct str){0};
    if (!matter || !ledger_joined(roots->ledger, matter)) /* nearly all */
        return matter;
    uint32_t *number = tally_at(&roots->known, matter);
    if (!*number) {
        roots_gather(roots, matter);
        number = tally_at(&roots->known, matter);
    }
    const struct root *root = &roots->all[*number - 1];
    if (text)
        *text = root->text;
    return root->matter;
}

void roots_free(struct roots *roots)
{
    tally_free(&roots->known);
    free(roots->all);
    *roots = (struct roots){.ledger = roots->ledger};
}
