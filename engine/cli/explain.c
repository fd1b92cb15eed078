/* gridwarn explain: why there is an alert, or none: each condition's value and threshold, what is missing for the next
 * level, and the events behind it, over the same past and by the same code as replay and diff. */
#include "cli/cli.h"

#include "base/check.h"
#include "base/clock.h"
#include "cli/explain_show.h"
#include "cli/filling.h"
#include "cli/published.h"
#include "replay/moment.h"
#include "replay/silent.h"

#include <getopt.h>
#include <stdlib.h>

enum { OPTION_RULE = CLI_LONG, OPTION_SUBJECT, OPTION_EACH, OPTION_AT, OPTION_ALERT };

static const struct cli_option options[] = {
    FILLING_OPTIONS,
    {OPTION_RULE, "rule", "ID", "the rule"},
    {OPTION_SUBJECT, "subject", "CODE", "region, respondent or matter, by code or name"},
    {OPTION_EACH, "each", "CATEGORY", "of a rule that judges each category by itself: which, by its path"},
    {OPTION_AT, "at", "TIME", "then; by default at the newest event, for an alert at its height"},
    {OPTION_ALERT, "alert", "ID", "an alert of replay or diff, or a published one; the first 8 characters do"},
};

static const struct cli_command command = {
    .name = "explain",
    .usage = FILLING_USAGE " --rule ID --subject CODE [--each CATEGORY] [--at TIME]\n" FILLING_USAGE " --alert ID [--at TIME]\n",
    .about = "Says why there is an alert, or none: values and thresholds, the way to the next level, the events behind it.  Of a rule of "
             "silent(), by what the engine committed last: how far each source is from silence.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

struct explaining {
    struct filling filling;
    const char *rule, *subject, *each, *at, *alert;
};

/* what is to be explained */
struct topic {
    unsigned rule;
    struct subject subject;
    char *code; /* owned */
    const struct past_alert *alert; /* that was asked for; NULL: a subject was */
};

static void take_alert(struct topic *t, const struct past_alert *a)
{
    *t = (struct topic){a->rule, a->subject, xstrdup(a->code), a};
}

static int find_published(const struct explaining *e, const struct judgement *j, struct topic *topic)
{
    struct published_alert p;
    int status = published_find(e->filling.config, e->alert, &p);
    const struct past_alert *found = status == CLI_OK ? identity_among(j, &p.identity) : NULL;
    if (found)
        take_alert(topic, found);
    else if (status == CLI_OK && silent_rule(j->rules, p.identity.rule))
        status = cli_misused(&command, "the alert %s is of silent(), which rests on no event: gridwarn evidence says what it rests on", e->alert);
    else if (status == CLI_OK)
        status = cli_misused(&command, "the alert %s is published (rule %s, subject %s), but these events do not make it", e->alert,
                             p.identity.rule, p.identity.subject);
    published_clear(&p);
    return status;
}

static int find_alert(const struct explaining *e, const struct judgement *j, struct topic *topic)
{
    if (strlen(e->alert) < ID_LEAST)
        return cli_misused(&command, "--alert: at least %d characters of its id are needed", ID_LEAST);
    const struct past_alert *found = judgement_find(j, e->alert);
    if (!found)
        return find_published(e, j, topic);
    take_alert(topic, found);
    return CLI_OK;
}

static int find_rule(const char *id, const struct rule_set *rules, unsigned *rule)
{
    const char **known = xcalloc(rules->count + 1, sizeof *known);
    for (*rule = 0; *rule < rules->count && strcmp(rules->rules[*rule].id, id) != 0; ++*rule)
        known[*rule] = rules->rules[*rule].id;
    bool found = *rule < rules->count;
    const char *near = found ? NULL : nearest_word(id, known, rules->count);
    free(known);
    if (found)
        return CLI_OK;
    return near ? cli_misused(&command, "no rule %s; did you mean %s?", id, near) : cli_misused(&command, "no rule %s", id);
}

static int find_topic(const struct explaining *e, const struct judgement *j, struct topic *topic)
{
    if (e->alert)
        return find_alert(e, j, topic);
    int status = find_rule(e->rule, j->rules, &topic->rule);
    if (status != CLI_OK)
        return status;
    const struct catalogue *catalogue = e->filling.config->catalogue;
    uint16_t each = e->each ? catalogue_find_category(catalogue, str_of(e->each)) : CATEGORY_NONE;
    if (e->each && each == CATEGORY_NONE)
        return cli_misused(&command, "--each: no category %s", e->each);
    if ((each != CATEGORY_NONE) != (j->rules->rules[topic->rule].each != 0))
        return cli_misused(&command, e->each ? "the rule %s does not judge each category by itself: leave --each out"
                                             : "the rule %s judges each category by itself: say which, --each CATEGORY",
                           e->rule);
    if (!inquiry_subject(j, topic->rule, e->subject, each, &topic->subject, &topic->code))
        return cli_misused(&command, "the rule %s has no subject %s", e->rule, e->subject);
    return CLI_OK;
}

/* the one open at that minute, else the last before */
static const struct past_alert *alert_at(const struct judgement *j, const struct topic *t, int64_t minute)
{
    const struct past_alert *found = NULL;
    for (size_t i = 0; i < j->count; i++) {
        const struct past_alert *a = &j->alerts[i];
        if (a->rule == t->rule && a->subject.key == t->subject.key && strcmp(a->code, t->code) == 0 &&
            a->opened_minute <= minute)
            found = a;
    }
    return found;
}

/* of the engine as it is, whatever the past was that was read */
static int explain_silence(struct explaining *e, const struct judgement *j, const struct topic *t)
{
    struct inquiry q;
    if (e->at)
        return cli_misused(&command, "--at: of a rule of silent() only what is so now is known; gridwarn evidence says what its alerts rest on");
    if (!e->filling.config->kafka)
        return cli_misused(&command, "the rule %s is of silent(), and this configuration keeps nothing in Kafka that would say what was heard",
                           e->rule);
    int status = filling_read_state(&e->filling);
    if (status != CLI_OK)
        return status;
    inquiry_open(&q, j, t->rule, t->subject, t->code, MINUTE_NONE);
    explain_subject(&q, t->subject, t->code);
    explain_heard(&q, t->code, e->filling.state, clock_now_ms(&clock_system));
    inquiry_close(&q);
    return CLI_OK;
}

static int explain(const struct explaining *e, const struct judgement *j, const struct topic *t)
{
    struct inquiry q;
    int64_t at_s = past_report(j->past).newest;
    if (e->at && !moment_read(str_of(e->at), e->filling.config->utc_offset_s, &at_s))
        return cli_misused(&command, "--at %s: a time such as '2026-01-12 08:00' was expected", e->at);
    inquiry_open(&q, j, t->rule, t->subject, t->code, MINUTE_NONE);
    int64_t minute = at_s == INT64_MIN ? 0 : (at_s + 59) / 60;
    if (t->alert && !e->at)
        minute = inquiry_peak(&q, t->alert);
    explain_subject(&q, t->subject, t->code);
    explain_window(&q, minute);
    explain_state(&q, t->alert ? t->alert : alert_at(j, t, minute), minute);
    explain_conditions(&q, minute);
    explain_next(&q, minute);
    explain_events(&q, minute);
    inquiry_close(&q);
    return CLI_OK;
}

static int run(struct explaining *e)
{
    struct judgement judgement;
    struct topic topic = {0};
    int status = filling_open(&e->filling, &command);
    if (status != CLI_OK)
        return status;
    judge(&judgement, e->filling.past, e->filling.config->rules);
    status = find_topic(e, &judgement, &topic);
    if (status == CLI_OK)
        status = judgement.rules->rules[topic.rule].standing ? explain_silence(e, &judgement, &topic) : explain(e, &judgement, &topic);
    free(topic.code);
    judgement_clear(&judgement);
    return status;
}

int command_explain(int argc, char **argv)
{
    struct explaining e = {0};
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == OPTION_RULE)
            e.rule = optarg;
        else if (option == OPTION_SUBJECT)
            e.subject = optarg;
        else if (option == OPTION_EACH)
            e.each = optarg;
        else if (option == OPTION_AT)
            e.at = optarg;
        else if (option == OPTION_ALERT)
            e.alert = optarg;
        else
            filling_take(&e.filling, option);
    }
    if (e.alert ? e.rule || e.subject : !e.rule || !e.subject)
        return cli_misused(&command, "either --rule and --subject, or --alert is needed");
    status = run(&e);
    filling_close(&e.filling);
    return status;
}
