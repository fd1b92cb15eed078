/* gridwarn generations: which rules the running engine has, and which it could go back to. */
#include "cli/ask.h"

#include "base/member.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const struct cli_option options[] = {{'c', "config", "FILE", "the engine's configuration"}};

static const struct cli_command command = {
    "generations",
    "-c FILE\n",
    "Lists the generations of rules that the running engine keeps, the active one marked with *: number, since when, how many "
    "rules, digest.",
    options,
    sizeof options / sizeof *options,
};

static void show(const json_t *generation, int64_t active)
{
    char since[32];
    time_t at = (time_t)(member_number(generation, "since_ms") / 1000);
    struct tm local;
    strftime(since, sizeof since, "%F %T", localtime_r(&at, &local));
    int64_t number = member_number(generation, "generation"), origin = member_number(generation, "origin");
    printf(cli_text("%c %4" PRId64 "  %s  %3" PRId64 " rules  %.19s", "%c %4" PRId64 "  %s  %3" PRId64 " 条规则  %.19s"),
           number == active ? '*' : ' ', number, since, member_number(generation, "rules"),
           json_string_value(json_object_get(generation, "digest")));
    if (origin != number)
        printf(cli_text("  %" PRId64 " again", "  即第 %" PRId64 " 代"), origin);
    printf("\n");
}

static void show_all(const json_t *answer)
{
    const json_t *active = json_object_get(answer, "active");
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(answer, "generations"), i, one) show(one, member_number(active, "generation"));
    if (json_is_true(json_object_get(active, "disk_differs")))
        printf("%s\n", cli_text("the files on disk differ from the active generation",
                                "磁盘上的文件与生效的一代不同"));
}

int command_generations(int argc, char **argv)
{
    const char *path = NULL;
    int status;
    if (!ask_options(&command, argc, argv, &path, &status))
        return status;
    json_t *answer = ask_engine(path, "GET", "/-/generations", &status);
    if (answer && status == CLI_OK)
        show_all(answer);
    else if (answer)
        ask_show(answer);
    json_decref(answer);
    return status;
}
