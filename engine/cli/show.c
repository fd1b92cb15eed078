#include "cli/show.h"

#include "cli/cli.h"

#include <stdio.h>

static const struct {
    const char *name, *chinese, *sgr, *rgb;
} usual[] = {
    {"blue", "蓝", "34", "#3b82c4"},
    {"yellow", "黄", "33", "#e3b505"},
    {"orange", "橙", "38;5;208", "#f08a24"},
    {"red", "红", "1;31", "#d13438"},
};

enum { USUAL = sizeof usual / sizeof *usual };

static int usual_named(const char *name)
{
    for (int i = 0; i < USUAL; i++)
        if (strcmp(name, usual[i].name) == 0)
            return i;
    return -1;
}

const char *show_level_named(const char *name)
{
    int i = usual_named(name);
    return i < 0 ? name : cli_text(usual[i].name, usual[i].chinese);
}

const char *show_level(const struct judgement *j, unsigned level)
{
    return level == 0 ? cli_text("none", "无") : show_level_named(j->rules->level_name[level]);
}

/* names of their own take the usual colours by their place, the highest the last */
static int colour_of(const struct rule_set *rules, unsigned level)
{
    int i = level ? usual_named(rules->level_name[level]) : -1;
    if (i >= 0 || level == 0)
        return i;
    int place = USUAL - 1 - (int)(rules->level_count - level);
    return place < 0 ? 0 : place;
}

const char *show_level_sgr(const struct judgement *j, unsigned level)
{
    int i = colour_of(j->rules, level);
    return i < 0 ? "0" : usual[i].sgr;
}

const char *show_level_colour(const struct rule_set *rules, unsigned level)
{
    int i = colour_of(rules, level);
    return i < 0 ? "#888888" : usual[i].rgb;
}

const char *show_level_rgb(const struct judgement *j, unsigned level)
{
    return show_level_colour(j->rules, level);
}

void show_length(int64_t minutes, char out[LENGTH_SIZE])
{
    int64_t days = minutes / 1440, hours = minutes / 60 % 24, rest = minutes % 60;
    if (minutes == MINUTE_NEVER)
        snprintf(out, LENGTH_SIZE, "-");
    else if (days && hours)
        snprintf(out, LENGTH_SIZE, "%lldd%lldh", (long long)days, (long long)hours);
    else if (days)
        snprintf(out, LENGTH_SIZE, "%lldd", (long long)days);
    else if (hours && rest)
        snprintf(out, LENGTH_SIZE, "%lldh%02lldm", (long long)hours, (long long)rest);
    else if (hours)
        snprintf(out, LENGTH_SIZE, "%lldh", (long long)hours);
    else
        snprintf(out, LENGTH_SIZE, "%lldm", (long long)rest);
}

void show_span(struct span span, char out[LENGTH_SIZE])
{
    if (span.workdays)
        snprintf(out, LENGTH_SIZE, cli_text("%u working days", "%u 个工作日"), span.workdays);
    else
        show_length(span.s / 60, out);
}

const char *show_street(const struct judgement *j, uint32_t street)
{
    return street == REGION_NONE ? cli_text("(wider than a street)", "（跨街道）")
                                 : registry_region(past_config(j->past)->registry, street)->name;
}

void show_where(const struct judgement *j, const struct past_alert *a, char out[WHERE_SIZE])
{
    char code[PAST_SUBJECT_SIZE], name[PAST_SUBJECT_SIZE];
    uint32_t street = past_alert_street(j, a);
    past_subject(j, a, true, code);
    past_subject(j, a, false, name);
    bool again = strcmp(code, name) == 0 || strncmp(code, "pseudonym-", strlen("pseudonym-")) == 0;
    const struct category *each =
        a->subject.each == CATEGORY_NONE ? NULL : catalogue_category(past_config(j->past)->catalogue, a->subject.each);
    snprintf(out, WHERE_SIZE, "%s%s%s%s%s%s%s", street == REGION_NONE ? "" : show_street(j, street),
             street == REGION_NONE ? "" : " ", code, again ? "" : " ", again ? "" : name, each ? " · " : "",
             each ? each->name : "");
}

void show_right(struct columns *line, unsigned column, const char *text)
{
    size_t len = strlen(text);
    columns_pad(line, column > len ? column - (unsigned)len : 0);
    columns_text(line, text);
}
