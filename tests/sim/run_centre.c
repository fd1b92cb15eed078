/* What the command centre of a run says, into any partition of its topic. */
#include "run_priv.h"

bool run_speak(struct run *r)
{
    uint32_t partitions[PARTITIONS_MAX];
    unsigned count = 0;
    struct addressed to = {0};
    const char *text = NULL;
    for (uint32_t p = 0; p < r->world->partition_count; p++)
        if (r->world->partitions[p].source == config_event_sources(r->world->config))
            partitions[count++] = p;
    if (dice_chance(&r->dice, 8) || !judge_addressed(r->judge, &r->dice, &to))
        to = (struct addressed){0};
    const struct said *said = centre_says(&r->centre, &r->dice, &to, r->now_ms / 1000, &text);
    int tag = said ? said_tag((size_t)(said - r->centre.all)) : -1;
    text = said ? said->text : text;
    r->log->now_ms = r->now_ms;
    memory_log_append(r->log, partitions[dice_below(&r->dice, count)], text, strlen(text), dice_chance(&r->dice, 10) ? 2 : 0, tag);
    run_trace(r, "the command centre says: %s", text);
    return true;
}
