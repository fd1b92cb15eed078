/* Thresholds of single regions: where a street (or any other region, with all below it) needs another number than the
 * rule has.  A table (registry/csv.h) of
 *   region (区域)      code or name; instead or besides, code (编码) and name (名称), which must agree
 *   level (级别)       as in the rule
 *   measure (计数)     as in the rule's condition: wages.callers, 欠薪.人数, or a bare name
 *   threshold (阈值)   up to three decimals
 *
 * Measures are only texts here: the rule that names the file knows what they mean, and says so at their place.
 * Immutable once loaded; any thread. */
#ifndef GW_RULE_OVERRIDES_H
#define GW_RULE_OVERRIDES_H

#include "rule/rule.h"

enum override_column { OVERRIDE_REGION, OVERRIDE_LEVEL, OVERRIDE_MEASURE, OVERRIDE_THRESHOLD, OVERRIDE_COLUMNS };

struct override {
    uint32_t region;   /* REGION_NONE where the context has no registry */
    unsigned level;    /* from 1 */
    char *measure;     /* not empty */
    int64_t threshold; /* thousandths */
    int line, col[OVERRIDE_COLUMNS]; /* where they stand */
};

struct overrides {
    char *file;           /* as it was named, for problems */
    struct override *all; /* in the order of the file */
    unsigned count;
};

/* NULL if anything is wrong; every mistake is added: an unknown region or level, a name that several regions bear, code
 * and name that disagree, no measure, no number, the same region, level and measure (by its text) twice. */
struct overrides *overrides_load(const char *path, const struct rule_context *, struct problems *);
void overrides_destroy(struct overrides **);

#endif
