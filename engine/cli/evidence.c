/* gridwarn evidence: all that an alert rests on, as one document that can be checked by hand years later: the facts, the rule as
 * its author wrote it, values and thresholds, and what would have had to be different. */
#include "cli/cli.h"

#include "base/check.h"
#include "cli/active_load.h"
#include "cli/filling.h"
#include "cli/published.h"
#include "replay/packet.h"
#include "replay/silent.h"

#include <getopt.h>
#include <stdlib.h>

static const struct cli_option options[] = {FILLING_OPTIONS};

static const struct cli_command command = {
    .name = "evidence",
    .usage = FILLING_USAGE " ALERT\n",
    .about = "Writes all that an alert rests on as one JSON document (engine/alert/evidence.schema.json): its facts, its rule as the author "
             "wrote it, each value and threshold, and what would have had to be different.  The same facts give the same bytes, wherever "
             "they come from.  ALERT is the id of a published alert, which is judged by the rules that raised it, or of an alert of "
             "replay or diff, judged by the configuration's own; the first 8 characters do.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

static int write_packet(const struct packet *packet)
{
    struct buffer text = {0};
    json_t *json = packet_json(packet);
    packet_write(json, &text);
    bool good = fwrite(text.at, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    json_decref(json);
    buffer_free(&text);
    return good ? CLI_OK : CLI_INTERNAL;
}

/* ---- an alert of replay or diff ---- */

/* false: it is none of these rules' */
static bool of_replay(const struct filling *f, const char *id, int *status)
{
    struct judgement j;
    judge(&j, f->past, f->config->rules);
    struct packet packet = {&j, judgement_find(&j, id), f->config->texts, .files = rule_texts_digest(f->config->texts)};
    bool found = packet.alert;
    if (found)
        *status = write_packet(&packet);
    judgement_clear(&j);
    return found;
}

/* ---- a published one ---- */

/* Of the generations with those rules the one that was active then: the last that began before it. */
static const struct kept_generation *kept_for(const struct archive *archive, const json_t *message)
{
    const struct kept_generation *found = NULL;
    for (size_t i = 0; i < archive_count(archive); i++) {
        const struct kept_generation *kept = archive_at(archive, i);
        bool same = strcmp(kept->digest, published_generation(message)) == 0;
        if (same && (!found || kept->since_ms / 1000 <= published_at(message)))
            found = kept;
    }
    return found;
}

static int not_made(const struct published_alert *p)
{
    return cli_misused(&command, "the alert is published (rule %s, subject %s), but these events do not make it", p->identity.rule,
                       p->identity.subject);
}

static int not_told(void)
{
    fputs(cli_text("gridwarn evidence: an earlier version published this alert of silent(), and did not say when its sources were heard; or its "
                   "district, or one of the sources, is not configured any more\n",
                   "gridwarn evidence：这起断流预警由旧版本发布，未写明各来源最后何时有数据；或者其所在的区或某个来源已不在配置中\n"),
          stderr);
    return CLI_INPUT;
}

static int write_published(const struct filling *f, const struct published_alert *p, const struct rule_set *rules, struct packet packet)
{
    struct judgement j;
    bool of_silence = silent_rule(rules, p->identity.rule), told = of_silence && silent_judge(&j, f->past, rules, p->reached, p->last);
    if (!of_silence)
        judge(&j, f->past, rules);
    packet.judgement = &j;
    packet.alert = of_silence ? j.alerts : identity_among(&j, &p->identity);
    packet.told = told ? p->reached : NULL;
    packet.level = json_string_value(json_object_get(json_object_get(p->reached, "data"), "level"));
    packet.published = published_json(p);
    int status = packet.alert ? write_packet(&packet) : of_silence ? not_told() : not_made(p);
    json_decref(packet.published);
    judgement_clear(&j);
    return status;
}

static int write_by_kept(const struct filling *f, const struct published_alert *p, const struct kept_generation *kept)
{
    struct loaded l;
    load_kept(f->config, kept, language_of_environment(), &l);
    if (!l.rules)
        problems_print(&l.problems, stderr);
    int status = l.rules ? write_published(f, p, l.rules,
                                           (struct packet){.texts = kept->texts, .files = kept->files, .generation = kept->number,
                                                           .since_ms = kept->since_ms})
                         : CLI_CONFIG;
    loaded_free(&l);
    return status;
}

static int of_published(struct filling *f, const struct published_alert *p)
{
    struct archive *archive = archive_create();
    int status = filling_read_state(f);
    if (status == CLI_OK)
        archive_restore(archive, f->state);
    const struct kept_generation *kept = kept_for(archive, p->reached);
    if (status == CLI_OK && kept) {
        status = write_by_kept(f, p, kept);
    } else if (status == CLI_OK && strcmp(f->config->rules->digest, published_generation(p->reached)) == 0) {
        status = write_published(f, p, f->config->rules,
                                 (struct packet){.texts = f->config->texts, .files = rule_texts_digest(f->config->texts)});
    } else if (status == CLI_OK) {
        fprintf(stderr,
                cli_text("gridwarn evidence: the rules that raised the alert (%s) are kept no longer, and those on disk are others\n",
                         "gridwarn evidence：产生该预警的规则（%s）已不再保留，磁盘上的是另一些规则\n"),
                published_generation(p->reached));
        status = CLI_CONFIG;
    }
    archive_destroy(&archive);
    return status;
}

static int run(struct filling *f, const char *id)
{
    int status = filling_open(f, &command);
    if (status != CLI_OK || of_replay(f, id, &status))
        return status;
    struct published_alert p;
    status = published_find(f->config, id, &p);
    if (status == CLI_OK)
        status = of_published(f, &p);
    published_clear(&p);
    return status;
}

int command_evidence(int argc, char **argv)
{
    struct filling filling = {0};
    int status, option;
    while ((option = cli_next_with_arguments(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        filling_take(&filling, option);
    }
    if (optind + 1 != argc)
        return cli_misused(&command, "one alert's id is needed");
    if (strlen(argv[optind]) < ID_LEAST)
        return cli_misused(&command, "at least %d characters of the alert's id are needed", ID_LEAST);
    status = run(&filling, argv[optind]);
    filling_close(&filling);
    return status;
}
