/* The part of the judge that looks after digests: what a budget or a storm holds is listed, at once when it is the first, and
 * with all others when the shift or the minute is over; and no revision of a digest comes twice, whatever the clock does. */
#include "judge_priv.h"

#include "base/check.h"

#include <stdlib.h>

void judge_held(struct judge *j, const struct judged_alert *a)
{
    char key[JUDGED_KEY];
    snprintf(key, sizeof key, "digest/%s%s", a->cause == HOLD_STORM ? "storm/" : "", strchr(a->by, ':') + 1);
    size_t alert = (size_t)(a - j->alerts);
    for (size_t i = 0; i < j->hold_count; i++)
        if (j->holds[i].alert == alert && strcmp(j->holds[i].key, key) == 0)
            return;
    j->holds = xrealloc(j->holds, (j->hold_count + 1) * sizeof *j->holds);
    struct judged_hold *h = &j->holds[j->hold_count++];
    *h = (struct judged_hold){.alert = alert, .commit = j->counts.commits};
    memcpy(h->key, key, sizeof h->key);
}

static struct judged_digest *digest_of(const struct judge *j, const char *key)
{
    for (size_t i = 0; i < j->digest_count; i++)
        if (strcmp(j->digests[i].key, key) == 0)
            return &j->digests[i];
    return NULL;
}

/* of digest/91/2026-01-12T00:30: has the street had a later shift?  Then its time came again, and it may have had others */
static bool comes_again(const struct judge *j, const char *key)
{
    const char *street = strchr(key, '/') + 1, *end = strrchr(key, '/');
    const struct judged_shift *spent = judge_spending(j, (struct str){street, (size_t)(end - street)});
    return spent && spent->latest > judge_time_in(end + 1);
}

static bool take_revision(struct judge *j, const char *key, unsigned revision, bool over)
{
    struct judged_digest *d = digest_of(j, key);
    if (!d) {
        j->digests = xrealloc(j->digests, (j->digest_count + 1) * sizeof *j->digests);
        d = &j->digests[j->digest_count++];
        *d = (struct judged_digest){0};
        snprintf(d->key, sizeof d->key, "%s", key);
    }
    if (revision != d->revision + 1 && !(revision > d->revision && comes_again(j, key)))
        return judge_fail(j, "revision %u of %s came after revision %u", revision, key, d->revision);
    d->revision = revision;
    d->over = over;
    return true;
}

static bool has(const json_t *held, const char *id)
{
    size_t i;
    json_t *one;
    json_array_foreach(held, i, one)
    {
        if (strcmp(judge_text_of(one, "alert_id"), id) == 0)
            return true;
    }
    return false;
}

/* The last one comes before what is decided in its commit, unless that is the last of all; others come after it. */
static bool lists_all(struct judge *j, const char *key, const json_t *held, bool over)
{
    size_t listed = 0;
    for (size_t i = 0; i < j->hold_count; i++) {
        struct judged_hold *h = &j->holds[i];
        const struct judged_alert *a = &j->alerts[h->alert];
        bool told = a->told && !(over && a->newly), new = over && h->commit == j->counts.commits;
        if (strcmp(h->key, key) != 0)
            continue;
        bool in = has(held, a->id);
        if (!in && !h->listed && !told && !new && !(j->draining && a->told))
            return judge_fail(j, "%s does not list alert %s, which it holds", key, a->id);
        if (in && told)
            return judge_fail(j, "%s lists alert %s, which was told", key, a->id);
        h->listed |= in && over;
        listed += in;
    }
    return listed == json_array_size(held) || judge_fail(j, "%s lists an alert that it did not hold", key);
}

bool judge_digest(struct judge *j, const struct log_entry *e)
{
    char key[JUDGED_KEY];
    json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
    const json_t *data = json_object_get(json, "data"), *held = json_object_get(data, "held");
    bool over = json_is_true(json_object_get(data, "over"));
    snprintf(key, sizeof key, "%.*s", STR_ARG(e->key));
    if (j->trace)
        printf("       %s %lld%s lists %zu\n", key, (long long)json_integer_value(json_object_get(data, "revision")),
               over ? " over" : "", json_array_size(held));
    bool good = j->world->centre && json_is_array(held) && json_integer_value(json_object_get(data, "more")) == 0;
    good = good ? take_revision(j, key, (unsigned)json_integer_value(json_object_get(data, "revision")), over) &&
                      lists_all(j, key, held, over)
                : judge_fail(j, "%s is of nothing, or lists less than there is", key);
    json_decref(json);
    return good;
}

bool judge_digests(struct judge *j)
{
    for (size_t i = 0; i < j->hold_count; i++)
        if (j->holds[i].commit == j->counts.commits && !digest_of(j, j->holds[i].key))
            return judge_fail(j, "alert %s is held, and there is no %s", j->alerts[j->holds[i].alert].id, j->holds[i].key);
    return true;
}

bool judge_digests_end(struct judge *j)
{
    for (size_t i = 0; i < j->hold_count; i++)
        if (!j->holds[i].listed && !j->alerts[j->holds[i].alert].told)
            return judge_fail(j, "the last of %s did not list alert %s", j->holds[i].key, j->alerts[j->holds[i].alert].id);
    for (size_t i = 0; i < j->digest_count; i++)
        if (!j->digests[i].over)
            return judge_fail(j, "the last of %s never came", j->digests[i].key);
    return true;
}
