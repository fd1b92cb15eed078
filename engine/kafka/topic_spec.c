/* The engine's promises, put as topic settings: nothing of the ledger may go before its retention is over, nothing of
 * the state ever, and every record must fit. */
#include "kafka/topic_spec.h"

#include "kafka/client.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, ADVICE_DAYS = 14 };

static void add(struct topic_spec *spec, const char *name, enum setting_test test, int64_t value)
{
    CHECK(spec->setting_count < SETTINGS_MAX);
    struct setting *s = &spec->settings[spec->setting_count++];
    *s = (struct setting){.name = name, .test = test};
    snprintf(s->value, sizeof s->value, "%" PRId64, value);
}

static void add_policy(struct topic_spec *spec, enum setting_test test, const char *value)
{
    add(spec, "cleanup.policy", test, 0);
    struct setting *s = &spec->settings[spec->setting_count - 1];
    snprintf(s->value, sizeof s->value, "%s", value);
}

/* a day more than the ledger keeps, since topics lose whole segments and clocks differ */
static void keep_facts(struct topic_spec *spec, int32_t retention_s)
{
    spec->partitions = spec->made_with = 1;
    add_policy(spec, SETTING_IS, "delete");
    add(spec, "retention.ms", SETTING_AT_LEAST, ((int64_t)retention_s + DAY_S) * 1000);
    add(spec, "retention.bytes", SETTING_IS, -1);
}

/* recovery reads what compaction has not reached: let it reach further than a week-old segment */
static void keep_newest(struct topic_spec *spec)
{
    spec->partitions = spec->made_with = 1;
    add_policy(spec, SETTING_IS, "compact");
    add(spec, "segment.ms", SETTING_ADVICE, (int64_t)DAY_S / 4 * 1000);
    add(spec, "segment.bytes", SETTING_ADVICE, 64 << 20);
}

struct topic_spec topic_spec(const struct config *config, enum store_topic topic)
{
    struct topic_spec spec = {.topic = config->topic[topic], .made_with = 1};
    if (topic == STORE_LEDGER)
        keep_facts(&spec, config->retention_s);
    else if (topic == STORE_READINGS)
        keep_facts(&spec, config->readings_retention_s);
    else if (topic == STORE_STATE)
        keep_newest(&spec);
    else if (topic != STORE_ALERTS && topic != STORE_INCIDENTS)
        add(&spec, "retention.ms", SETTING_ADVICE, (int64_t)ADVICE_DAYS * DAY_S * 1000);
    add(&spec, "max.message.bytes", SETTING_AT_LEAST, CLIENT_BATCH_MAX + 4096);
    return spec;
}

bool setting_holds(const struct setting *s, const char *actual)
{
    if (s->test == SETTING_ADVICE)
        return true;
    if (s->test == SETTING_IS)
        return strcmp(actual, s->value) == 0;
    long long have = strtoll(actual, NULL, 10), need = strtoll(s->value, NULL, 10);
    return have == -1 || have >= need;
}

void topic_settings(const struct topic_spec *spec, const char *separator, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < spec->setting_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s=%s", i ? separator : "", spec->settings[i].name,
                                 spec->settings[i].value);
}
