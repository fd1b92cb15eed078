#include "replay/comparison.h"

#include <string.h>

enum { DAY = 86400 };

int64_t comparison_since(const struct past *past, int64_t days, int64_t since_s)
{
    int64_t newest = past_report(past).newest;
    if (!days || newest == INT64_MIN)
        return since_s;
    return newest - days * DAY > since_s ? newest - days * DAY : since_s;
}

void compare_rules(struct comparison *c, struct past *past, const struct rule_set *before, const struct rule_set *after,
                   int64_t since_s)
{
    *c = (struct comparison){.since_s = since_s};
    judge(&c->before, past, before);
    judge(&c->after, past, after);
    differences_find(&c->differences, &c->before, &c->after, since_s);
}

static bool is_in(const void *arg, const struct rule *rule)
{
    return rule_set_has(arg, rule);
}

bool compare_edit(struct comparison *c, struct past *past, const struct rule_set *before, const struct rule_set *after,
                  int64_t since_s, size_t alerts_max, const struct patience *patience)
{
    *c = (struct comparison){.since_s = since_s};
    bool whole =
        judge_within(&c->after, past, after, &(struct judging){is_in, before, alerts_max, patience}) &&
        judge_within(&c->before, past, before, &(struct judging){is_in, after, alerts_max, patience});
    if (whole)
        differences_find(&c->differences, &c->before, &c->after, since_s);
    return whole;
}

void comparison_clear(struct comparison *c)
{
    differences_clear(&c->differences);
    judgement_clear(&c->before);
    judgement_clear(&c->after);
}
