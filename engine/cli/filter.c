/* Levels compare by their place in the configured order, never by name. */
#include "cli/filter.h"

#include "alert/words.h"

#include <string.h>

static bool same(const json_t *object, const char *key, const char *want)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, want) == 0;
}

/* 0 for a name that is no level */
static unsigned rank(const struct filter *filter, const char *level)
{
    for (unsigned i = 0; level && i < filter->level_count; i++)
        if (strcmp(filter->levels[i], level) == 0)
            return i + 1;
    return 0;
}

static bool level_passes(const struct filter *filter, const json_t *data)
{
    unsigned reached = rank(filter, json_string_value(json_object_get(data, "highest_level")));
    return reached == 0 || reached >= rank(filter, filter->level);
}

static bool street_passes(const struct filter *filter, const json_t *data)
{
    const json_t *path = json_object_get(data, "region_path");
    for (size_t i = 0; i < json_array_size(path); i++) {
        const json_t *region = json_array_get(path, i);
        if (same(region, "level", "street"))
            return same(region, "code", filter->street);
    }
    return false;
}

/* one that was merged into another has no alerts any more */
static bool alerts_pass(const struct filter *filter, const json_t *data)
{
    const json_t *alerts = json_object_get(data, "alerts");
    size_t count = json_array_size(alerts), i = 0;
    while (i < count && !same(json_array_get(alerts, i), "rule", filter->rule))
        i++;
    return i < count || !count;
}

bool filter_passes(const struct filter *filter, const json_t *cloudevent)
{
    const json_t *data = json_object_get(cloudevent, "data");
    if (filter->told && alert_message_held(cloudevent))
        return false;
    switch (alert_message_kind(cloudevent)) {
    case ALERT_HEARTBEAT:
        return filter->heartbeats;
    case ALERT_REVISION:
        return (!filter->level || level_passes(filter, data)) && (!filter->street || street_passes(filter, data)) &&
               (!filter->rule || same(data, "rule", filter->rule));
    case ALERT_DIGEST: /* of alerts of any level and rule */
        return !filter->rule && (!filter->street || same(json_object_get(data, "street"), "code", filter->street));
    case ALERT_INCIDENT:
        return filter->incidents && (!filter->level || level_passes(filter, data)) &&
               (!filter->street || street_passes(filter, data)) && (!filter->rule || alerts_pass(filter, data));
    case ALERT_OTHER:
        break;
    }
    return false;
}
