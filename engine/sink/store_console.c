/* Shows what concerns a person and drops the rest: heartbeats, facts, state and late events.  A dead letter is shown
 * by its reason and its place only: the record's bytes, where the configuration keeps them, hold names and phone
 * numbers (law 8), so the members shown are listed here rather than those hidden. */
#include "sink/store_console.h"

#include "alert/words.h"
#include "base/check.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

struct console {
    FILE *out, *err;
    bool colour;
};

static void show_alert(const struct console *console, const json_t *cloudevent)
{
    char line[LINE_MAX_BYTES];
    enum alert_message kind = alert_message_kind(cloudevent);
    if ((kind == ALERT_REVISION || kind == ALERT_DIGEST) &&
        alert_words(cloudevent, console->colour, line, sizeof line))
        fprintf(console->out, "%s\n", line);
}

/* An incident of a single alert says nothing that the alert does not. */
static bool worth_showing(const json_t *cloudevent)
{
    const json_t *data = json_object_get(cloudevent, "data");
    return json_array_size(json_object_get(data, "alerts")) > 1 || json_is_string(json_object_get(data, "merged_into")) ||
           json_is_string(json_object_get(data, "split_from"));
}

static void show_incident(const struct console *console, const json_t *cloudevent)
{
    char line[LINE_MAX_BYTES];
    if (alert_message_kind(cloudevent) == ALERT_INCIDENT && worth_showing(cloudevent) &&
        alert_words(cloudevent, console->colour, line, sizeof line))
        fprintf(console->out, "%s\n", line);
}

static void show_dead_letter(const struct console *console, const json_t *letter)
{
    static const char *const shown[] = {"source", "topic", "partition", "offset", "reason", "place", "expected"};
    fputs("dead letter:", console->err);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const json_t *value = json_object_get(letter, shown[i]);
        char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (text)
            fprintf(console->err, " %s=%s", shown[i], text);
        free(text);
    }
    fputc('\n', console->err);
}

static void show(const struct console *console, const struct store_record *record)
{
    if (record->topic != STORE_ALERTS && record->topic != STORE_INCIDENTS && record->topic != STORE_DEAD_LETTER)
        return;
    json_t *message = json_loadb(record->value.at, record->value.len, 0, NULL);
    if (record->topic == STORE_ALERTS)
        show_alert(console, message);
    else if (record->topic == STORE_INCIDENTS)
        show_incident(console, message);
    else
        show_dead_letter(console, message);
    json_decref(message);
}

static enum store_result commit(void *context, const struct store_record *records, size_t count,
                                const int64_t *progress, size_t progress_count)
{
    (void)progress;
    (void)progress_count;
    const struct console *console = context;
    for (size_t i = 0; i < count; i++)
        show(console, &records[i]);
    /* what was shown can't be taken back, so a broken pipe is final */
    return fflush(console->out) == 0 && !ferror(console->out) ? STORE_OK : STORE_LOST;
}

struct store store_console(FILE *out, FILE *err)
{
    static const struct store_ops ops = {store_follow_nothing, store_lead_alone, commit, free};
    struct console *console = xmalloc(sizeof *console);
    *console = (struct console){out, err, isatty(fileno(out)) == 1};
    return (struct store){&ops, console};
}
