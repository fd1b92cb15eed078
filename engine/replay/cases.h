/* Tests of rules: YAML files in which an author says what happens, and what must come of it.
 *
 *   rules: ../rules/labour.yaml          # a file, a folder or a list of them; else those of the configuration
 *   config: ../gridwarn.yaml             # what the words mean; else the nearest gridwarn.yaml in this or a higher folder
 *   tests:
 *     - name: three workers
 *       rule: collective_wage_arrears    # only this rule's alerts matter; else those of all
 *       day: 2026-01-12                  # of times such as 08:00
 *       events:
 *         - {at: 08:00, source: hotline, category: labour.wage_arrears, region: 990101001001001,
 *            respondent: ORG-0001, actors: "worker {n}", repeat: {times: 3, every: 5m}}
 *       expect:                          # all alerts there are, from first to last
 *         - {subject: ORG-0001, level: yellow, opened: 08:10}
 *       expect_at:                       # those open at a time, before anything later was known
 *         - {at: 08:09, alerts: []}
 *
 * One thread. */
#ifndef GW_REPLAY_CASES_H
#define GW_REPLAY_CASES_H

#include "base/problem.h"
#include "replay/judge.h"

enum { CASE_RULE_SETS_MAX = 16 };

/* An alert that is expected; what is not said is not compared. */
struct case_alert {
    const char *rule;     /* id; NULL: any */
    const char *subject;  /* code or name; NULL: any */
    unsigned level;       /* 0: any */
    int64_t opened_at, ended_at; /* seconds, whole minutes; CASE_ANY_TIME: any */
    int line;
};

#define CASE_ANY_TIME INT64_MIN

struct case_expectation {
    int64_t at; /* seconds; CASE_ANY_TIME: over the whole */
    struct case_alert *alerts;
    size_t count;
    int line;
};

struct rule_case {
    const char *name, *rule; /* rule: NULL: all */
    int line;
    struct event *events; /* in the order given; their texts live as long as the file */
    size_t event_count;
    struct case_expectation *expectations;
    size_t expectation_count;
};

struct case_file {
    const char *path; /* as given; borrowed */
    const struct config *config;
    struct rule_set *sets[CASE_RULE_SETS_MAX];
    unsigned set_count;
    struct rule_case *cases;
    size_t count;
    struct yaml_file *yaml; /* owns what is text */
    char **owned;
    size_t owned_count;
};

/* Gives the configuration of that path, or NULL after adding problems; whoever gives it keeps it. */
typedef const struct config *case_configuration(void *arg, const char *path, struct problems *);

/* NULL, with every mistake added, if anything is wrong with the file or with what it names.  config: the
 * configuration's path where the file names none; NULL: looked for. */
struct case_file *cases_read(const char *path, const char *config, case_configuration *, void *arg,
                             struct problems *);
void cases_destroy(struct case_file **);

/* What differs between an expectation and what the rules say. */
enum case_verdict {
    CASE_MISSING,    /* expected, not there */
    CASE_UNEXPECTED, /* there, not expected */
    CASE_DIFFERENT,  /* of that rule and subject there is one, but it is another */
};

/* an alert that there was; texts as they are shown */
struct case_found {
    const char *rule;
    char code[PAST_SUBJECT_SIZE], name[PAST_SUBJECT_SIZE];
    const char *ledger_code; /* as the ledger has it */
    unsigned level;
    int64_t opened_at, ended_minute;
};

struct case_difference {
    enum case_verdict verdict;
    const struct case_expectation *expectation;
    const struct case_alert *expected; /* NULL: CASE_UNEXPECTED */
    struct case_found found;           /* of CASE_UNEXPECTED, CASE_DIFFERENT */
    char *hint; /* of CASE_MISSING: how near it came; NULL: nothing is known of it; owned */
    int64_t hint_at;
};

struct case_result {
    struct case_difference *all;
    size_t count; /* 0: passed */
};

void case_run(const struct case_file *, const struct rule_case *, struct case_result *);
void case_result_clear(struct case_result *);

#endif
