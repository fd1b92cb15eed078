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
    return n;
}

void notify_destroy(struct notify **pointer)
{
    struct notify *n = *pointer;
    *pointer = NULL;
    if (!n)
        return;
    silences_free(&n->silences);
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
    json_object_foreach(n->unsaved, key, state) store(arg, key, json_is_null(state) ? NULL : state);
    json_object_clear(n->unsaved);
}

bool notify_restore(struct notify *n, struct str key, struct str text, bool *good)
{
    size_t prefix = strlen(SILENCE_KEY);
    if (key.len < prefix || memcmp(key.at, SILENCE_KEY, prefix) != 0)
        return false;
    json_t *json = json_loadb(text.at, text.len, 0, NULL);
    *good = json && silences_restore(&n->silences, json, &n->asked);
    json_decref(json);
    return true;
}

/* ---- silences ---- */

enum answer notify_take(struct notify *n, const struct silence *message)
{
    const struct silence *stored;
    enum answer answer = silences_take(&n->silences, message, n->asked.rules, &stored);
    if (answer == ANSWER_TAKEN) {
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

void notify_decide(struct notify *n, struct candidate *all, size_t count)
{
    decide(n, all, count);
    forget_silences(n);
    n->next_s = silences_next(&n->silences, n->now_s);
    n->changed = false;
}
