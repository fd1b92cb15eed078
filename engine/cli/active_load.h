/* Rules from the files on disk, or from those that were kept, by the same loader.  One thread at a time. */
#ifndef GW_CLI_ACTIVE_LOAD_H
#define GW_CLI_ACTIVE_LOAD_H

#include "commit/archive.h"
#include "config/config.h"

struct loaded {
    struct rule_set *rules; /* NULL: problems has mistakes */
    struct rule_texts *texts;
    struct problems problems;
};

void loaded_free(struct loaded *);
void load_disk(const struct config *, enum language, struct loaded *);
/* what the process began with */
void load_configured(const struct config *, struct loaded *);
/* from a private folder that is gone afterwards */
void load_kept(const struct config *, const struct kept_generation *, enum language, struct loaded *);

#endif
