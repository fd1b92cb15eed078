#include "cli/say.h"

#include "alert/render.h"
#include "replay/moment.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

int say_time(const struct cli_command *command, const struct config *config, const char *text, const char *field,
             json_t *message)
{
    int64_t second = (int64_t)time(NULL);
    char written[TIME_TEXT_SIZE];
    if (text && !moment_read(str_of(text), config->utc_offset_s, &second))
        return cli_misused(command, "--%s %s: a time such as '2026-01-12 09:41' was expected", field, text);
    render_time(second, config->utc_offset_s, written);
    json_object_set_new(message, field, json_string(written));
    return CLI_OK;
}

void say_id(const char *id, json_t *message)
{
    unsigned char random[16];
    char made_up[2 * sizeof random + 1];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(made_up, sizeof made_up, random, sizeof random);
    json_object_set_new(message, "id", json_string(id ? id : made_up));
}

int say_ready(const struct config *config)
{
    if (config_dispositions(config))
        return CLI_OK;
    fprintf(stderr, "%s", cli_text("gridwarn: the configuration has no `dispositions: {topic: ...}`, so no engine would read it\n",
                                   "gridwarn：配置中没有 `dispositions: {topic: ...}`，引擎不会读处置消息\n"));
    return CLI_CONFIG;
}

static int write_line(const struct cli_command *command, const char *path, const char *text)
{
    FILE *out = fopen(path, "ae");
    bool good = out && fprintf(out, "%s\n", text) > 0;
    good = out && fclose(out) == 0 && good;
    if (!good)
        fprintf(stderr, "gridwarn %s: %s: %s\n", command->name, path, strerror(errno));
    return good ? CLI_OK : CLI_INTERNAL;
}

int say_send(const struct cli_command *command, const struct config *config, const char *key, const char *text)
{
    const struct config_source *to = config_dispositions(config);
    if (to->path)
        return write_line(command, to->path, text);
#ifdef GRIDWARN_KAFKA
    return kafka_send(config, to->topic, str_of(key), str_of(text)) ? CLI_OK : CLI_BROKER;
#else
    (void)key;
    return cli_misused(command, "this gridwarn was built without Kafka");
#endif
}
