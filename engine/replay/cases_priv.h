/* Between the files that read tests of rules. */
#ifndef GW_REPLAY_CASES_PRIV_H
#define GW_REPLAY_CASES_PRIV_H

#include "config/yaml.h"
#include "base/buffer.h"
#include "replay/cases.h"

enum {
    IN_CASE_FILE = 1,
    IN_CASE = 2,
    IN_CASE_EVENT = 4,
    IN_CASE_REPEAT = 8,
    IN_CASE_ALERT = 16,
    IN_CASE_MOMENT = 32,
};

#define CASE_KEY_TABLE(X)                                                                                              \
    X(RULES, "rules", "规则", IN_CASE_FILE)                                                                            \
    X(CONFIG, "config", "配置", IN_CASE_FILE)                                                                          \
    X(TESTS, "tests", "测试", IN_CASE_FILE)                                                                            \
    X(NAME, "name", "名称", IN_CASE)                                                                                   \
    X(DAY, "day", "日期", IN_CASE)                                                                                     \
    X(RULE, "rule", "规则", IN_CASE | IN_CASE_ALERT)                                                                   \
    X(EVENTS, "events", "事件", IN_CASE)                                                                               \
    X(EXPECT, "expect", "应报", IN_CASE)                                                                               \
    X(EXPECT_AT, "expect_at", "届时应报", IN_CASE)                                                                     \
    X(ID, "id", "编号", IN_CASE_EVENT)                                                                                 \
    X(AT, "at", "时间", IN_CASE_EVENT | IN_CASE_MOMENT)                                                                \
    X(SOURCE, "source", "来源", IN_CASE_EVENT)                                                                         \
    X(KIND, "kind", "事件", IN_CASE_EVENT)                                                                             \
    X(REGION, "region", "区域", IN_CASE_EVENT)                                                                         \
    X(CATEGORY, "category", "类别", IN_CASE_EVENT)                                                                     \
    X(MATTER, "matter", "事项", IN_CASE_EVENT)                                                                         \
    X(ACTORS, "actors", "诉求人", IN_CASE_EVENT)                                                                       \
    X(RESPONDENT, "respondent", "被投诉方", IN_CASE_EVENT)                                                             \
    X(INVOLVED, "involved", "涉及人数", IN_CASE_EVENT)                                                                 \
    X(VALUE, "value", "读数", IN_CASE_EVENT)                                                                           \
    X(TAGS, "tags", "标签", IN_CASE_EVENT)                                                                             \
    X(TARGET, "target", "所指", IN_CASE_EVENT)                                                                         \
    X(DUE, "due", "办理时限", IN_CASE_EVENT)                                                                           \
    X(REPEAT, "repeat", "重复", IN_CASE_EVENT)                                                                         \
    X(TIMES, "times", "次数", IN_CASE_REPEAT)                                                                          \
    X(EVERY, "every", "间隔", IN_CASE_REPEAT)                                                                          \
    X(SUBJECT, "subject", "对象", IN_CASE_ALERT)                                                                       \
    X(LEVEL, "level", "级别", IN_CASE_ALERT)                                                                           \
    X(OPENED, "opened", "开始", IN_CASE_ALERT)                                                                         \
    X(ENDED, "ended", "结束", IN_CASE_ALERT)                                                                           \
    X(ALERTS, "alerts", "预警", IN_CASE_MOMENT)

enum case_key {
#define X(name, english, chinese, place) CASE_KEY_##name,
    CASE_KEY_TABLE(X)
#undef X
        CASE_KEYS
};

struct case_reader {
    struct case_file *file;
    struct problems *problems;
    int64_t day_s; /* midnight, local, as seconds since 1970 */
};

/* cases_keys.c: the value under either name; likewise, and a problem if there is none; a problem for each stranger */
const struct yaml_node *case_get(const struct yaml_node *mapping, enum case_key, struct problems *);
const struct yaml_node *case_need(const struct yaml_node *mapping, enum case_key, struct problems *);
void case_keys_only(const struct yaml_node *mapping, int place, struct problems *);
/* 08:00, +1d 08:00 (the day after), 2026-01-12 08:00; with `before`, +5m after it, too.  false after a problem. */
bool case_time(const struct case_reader *, const struct yaml_node *, const int64_t *before, int64_t *seconds);

/* a problem: there is no such word; with the nearest of those known */
void case_unknown(const struct case_reader *, const struct yaml_node *, const char *what, const char *word,
                  const char *const *known, size_t count);

/* keeps the text as long as the file; takes it over */
const char *case_keep(struct case_file *, char *text);

/* cases_event.c: the events of a test, repetitions and all */
void case_read_events(struct case_reader *, const struct yaml_node *, struct rule_case *);

/* cases_many.c: the entry as one of its repetitions, from 1 */
struct case_entry {
    struct case_reader *r;
    const struct yaml_node *node;
    struct rule_case *c;
    struct event like; /* what all repetitions share */
    const char *id, *matter, *respondent, *target;
    const struct yaml_node *actors;
    int64_t at, every_s;
    unsigned times;
};
void case_add_event(struct case_entry *, unsigned n);

/* cases_expect.c: a rule's id, said to be wrong if there is none such; lists of alerts */
const char *case_rule(struct case_reader *, const struct yaml_node *);
void case_read_expectation(struct case_reader *, const struct yaml_node *list, int64_t at, struct rule_case *);
void case_read_moments(struct case_reader *, const struct yaml_node *list, struct rule_case *);

#endif
