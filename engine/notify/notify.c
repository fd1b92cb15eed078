#include "notify/notify_priv.h"

#include "base/check.h"
#include "base/member.h"

#include <stdio.h>
#include <stdlib.h>

struct notify *notify_create(const struct registry *registry, const struct catalogue *catalogue,
                             const struct rule_set *rules)
{
    struct notify *n = xcalloc(1, sizeof *n);
    n->asked = (struct asked){registry, catalogue, rules};
    n->next_s = INT64_MAX;
    n->changed = true;
    n->unsaved = json_object();
    budgets_init(&n->budgets);
    return n;
}

void notify_destroy(struct notify **pointer)
{
    struct notify *n = *pointer;
    *pointer = NULL;
    if (!n)
        return;
    silences_free(&n->silences);
    budgets_free(&n->budgets);
    json_decref(n->unsaved);
    free(n);
}

void notify_switch(struct notify *n, const struct rule_set *rules)
{
    n->asked.rules = rules;
    n->changed = true;
}

const struct silences *notify_silences(const struct notify *n)
{
    return &n->silences;
}

/* ---- keeping ---- */

static void silence_save(struct notify *n, const char *id, json_t *state)
{
    char key[sizeof SILENCE_KEY + DISPOSITION_TEXT];
    snprintf(key, sizeof key, SILENCE_KEY "%s", id);
    json_object_set_new(n->unsaved, key, state);
}

void notify_save(struct notify *n, notify_store *store, void *arg)
{
    const char *key;
    json_t *state;
    budgets_save(&n->budgets, &n->asked, n->unsaved);
    json_object_foreach(n->unsaved, key, state) store(arg, key, json_is_null(state) ? NULL : state);
    json_object_clear(n->unsaved);
}

static bool begins_with(struct str key, const char *prefix)
{
    return key.len >= strlen(prefix) && memcmp(key.at, prefix, strlen(prefix)) == 0;
}

bool notify_restore(struct notify *n, struct str key, struct str text, bool *good)
{
    bool silence = begins_with(key, SILENCE_KEY);
    if (!silence && !begins_with(key, BUDGET_KEY))
        return false;
    json_t *json = json_loadb(text.at, text.len, 0, NULL);
    *good = json && (silence ? silences_restore(&n->silences, json, &n->asked)
                             : budgets_restore(&n->budgets, json, &n->asked));
    json_decref(json);
    return true;
}

/* ---- silences ---- */

enum answer notify_take(struct notify *n, const struct silence *message)
{
    const struct silence *stored;
    enum answer answer = silences_take(&n->silences, message, n->asked.rules, &stored);
    if (stored) {
        silence_save(n, stored->id, silence_json(stored, &n->asked));
        n->changed = true;
    }
    return answer;
}

static void forget_silences(struct notify *n)
{
    char id[DISPOSITION_TEXT];
    while (silences_forget(&n->silences, n->now_s, id))
        silence_save(n, id, json_null());
}

/* ---- asking ---- */

void notify_clock(struct notify *n, int64_t now_s)
{
    n->changed |= now_s < n->now_s; /* it was set back: what was over may not be */
    n->now_s = now_s;
}

bool notify_due(const struct notify *n)
{
    return n->changed || n->now_s >= n->next_s;
}

void notify_decide(struct notify *n, struct candidate *all, size_t count, struct incidents *incidents)
{
    budgets_turn(&n->budgets, &n->asked, n->now_s, false);
    decide(n, all, count, incidents);
    forget_silences(n);
    int64_t silence = silences_next(&n->silences, n->now_s), shift = budgets_next(&n->budgets);
    n->next_s = silence < shift ? silence : shift;
    n->changed = false;
}

void notify_end(struct notify *n)
{
    budgets_turn(&n->budgets, &n->asked, n->now_s, true);
}

void notify_revision(struct notify *n, const struct notice *notice, const json_t *data)
{
    if (notice->cause == HOLD_BUDGET || notice->cause == HOLD_STORM)
        budgets_list(&n->budgets, &n->asked, notice->by, data);
    else if (!notice->cause)
        budgets_unlist(&n->budgets, member_text(data, "alert_id"));
}

json_t *notify_digests(struct notify *n)
{
    budgets_digest(&n->budgets, &n->asked);
    return n->budgets.digests;
}
