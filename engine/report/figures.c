#include "report/figures.h"

#include "base/check.h"

#include <stdlib.h>

int64_t since_told(const struct account *a, int64_t at)
{
    if (a->told_at == ACCOUNT_NEVER || at == ACCOUNT_NEVER)
        return ACCOUNT_NEVER;
    return at > a->told_at ? at - a->told_at : 0;
}

struct times {
    int64_t *at;
    size_t count;
};

static void note(struct times *t, int64_t time)
{
    if (time != ACCOUNT_NEVER)
        t->at[t->count++] = time;
}

static void count_ending(struct figures *f, const struct account *a)
{
    bool good = account_verified(a), wrong = account_false(a);
    f->verified += good;
    f->mediated += good && a->outcome == SAID_MEDIATED;
    f->false_alarms += wrong;
    f->judged += good || wrong;
    if (wrong)
        f->reasons[a->reason]++;
    if (!a->closed || !a->actual_said)
        return;
    if (!a->actual || !a->highest)
        f->actual_unreadable++;
    else
        *(a->actual < a->highest   ? &f->actual_lower
          : a->actual > a->highest ? &f->actual_higher
                                   : &f->actual_same) += 1;
}

static void count_alert(struct figures *f, const struct account *a)
{
    f->alerts++;
    f->partial += !a->whole;
    f->told += a->told;
    if (!a->told)
        f->held[a->held]++;
    f->highest[a->highest]++;
    count_ending(f, a);
    f->overdue += a->overdue != 0;
    for (unsigned limit = 0; limit < ACT_NOBODY - ACTS_SAID; limit++)
        f->limits[limit] += a->overdue >> limit & 1;
    f->escalated += a->escalated;
    f->returned += a->returned;
    f->reopened += a->reopened;
    f->raised += a->raised;
    f->lowered += a->lowered;
    f->flaps += a->flaps;
    f->withdrawn += a->withdrawn;
    f->open += !a->over;
}

static void count_lead(struct lead_figures *f, struct times *t, const struct lead *lead)
{
    f->ahead += lead->kind == LEAD_AHEAD;
    f->first += lead->kind == LEAD_FIRST;
    f->none += lead->kind == LEAD_NONE;
    f->unknown += lead->kind == LEAD_UNKNOWN;
    if (lead->kind == LEAD_AHEAD)
        note(t, lead->s);
}

static void end_lead(struct lead_figures *f, struct times *t)
{
    f->median = spread_of(t->at, t->count).median;
    f->p10 = quantile(t->at, t->count, 10);
}

enum { SIGN, ARRIVE, CLOSE, PETITION, COLLECTIVE, TIMES };

struct figures figures_of(const struct entry *entries, size_t count)
{
    struct figures f = {0};
    struct times t[TIMES];
    for (int i = 0; i < TIMES; i++)
        t[i] = (struct times){xcalloc(count + 1, sizeof(int64_t)), 0};
    for (size_t i = 0; i < count; i++) {
        const struct account *a = entries[i].alert;
        count_alert(&f, a);
        note(&t[SIGN], since_told(a, a->signed_at));
        note(&t[ARRIVE], since_told(a, a->arrived_at));
        note(&t[CLOSE], a->closed ? since_told(a, a->closed_at) : ACCOUNT_NEVER);
        if (entries[i].leads && a->told) {
            count_lead(&f.petition, &t[PETITION], &entries[i].leads->petition);
            count_lead(&f.collective, &t[COLLECTIVE], &entries[i].leads->collective);
        }
    }
    f.sign = spread_of(t[SIGN].at, t[SIGN].count);
    f.arrive = spread_of(t[ARRIVE].at, t[ARRIVE].count);
    f.close = spread_of(t[CLOSE].at, t[CLOSE].count);
    end_lead(&f.petition, &t[PETITION]);
    end_lead(&f.collective, &t[COLLECTIVE]);
    for (int i = 0; i < TIMES; i++)
        free(t[i].at);
    return f;
}
