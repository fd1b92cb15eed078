/* Between the files that load rules: keys, expressions, checks, canonical text. */
#ifndef GW_RULE_RULE_PRIV_H
#define GW_RULE_RULE_PRIV_H

#include "config/yaml.h"
#include "rule/rule.h"

/* Every key of a rule file: English, Chinese, and where it may stand.  rules.schema.json lists the same. */
enum {
    IN_FILE = 1,
    IN_RULE = 2,
    IN_SELECTION = 4,
    IN_CLEAR = 8,
    IN_SEND = 16,
    IN_VALID = 32,
    IN_NOTIFY = 64,
    IN_INHIBIT = 128,
    IN_WHEN = 256,
    IN_HOLDS = 512,
    IN_BUDGET = 1024
};

#define RULE_KEY_TABLE(X)                                                                                            \
    X(RULES, "rules", "规则", IN_FILE)                                                                               \
    X(ROUTING, "routing", "派发表", IN_FILE)                                                                         \
    X(NOTIFY, "notify", "通知", IN_FILE)                                                                             \
    X(ID, "id", "编号", IN_RULE)                                                                                     \
    X(TITLE, "title", "标题", IN_RULE)                                                                               \
    X(VERSION, "version", "版本", IN_RULE)                                                                           \
    X(LET, "let", "定义", IN_RULE)                                                                                   \
    X(PER, "per", "按", IN_RULE)                                                                                     \
    X(WITHIN, "within", "时间窗", IN_RULE)                                                                           \
    X(LEVELS, "levels", "级别", IN_RULE)                                                                             \
    X(CLEAR, "clear", "解除", IN_RULE)                                                                               \
    X(FOR, "for", "持续", IN_RULE)                                                                                   \
    X(RAISE_WITHIN, "raise_within", "追溯", IN_RULE)                                                                 \
    X(EACH, "each", "逐类", IN_RULE)                                                                                 \
    X(OVERRIDES, "overrides", "分街道阈值", IN_RULE)                                                                 \
    X(DURING, "during", "时期", IN_RULE)                                                                             \
    X(LIFE, "life", "状态", IN_RULE)                                                                                 \
    X(VALID, "valid", "有效期", IN_RULE)                                                                             \
    X(SEND, "send", "派发", IN_RULE)                                                                                 \
    X(SIGN_WITHIN, "sign_within", "签收时限", IN_RULE)                                                               \
    X(CLOSE_WITHIN, "close_within", "办结时限", IN_RULE)                                                             \
    X(SOURCE, "source", "来源", IN_SELECTION)                                                                        \
    X(CATEGORY, "category", "类别", IN_SELECTION)                                                                    \
    X(TAG, "tag", "标签", IN_SELECTION)                                                                              \
    X(ANY_TAG, "any_tag", "任一标签", IN_SELECTION)                                                                  \
    X(KIND, "kind", "事件", IN_SELECTION)                                                                            \
    X(HOURS, "hours", "时段", IN_SELECTION)                                                                          \
    X(DAYS, "days", "日子", IN_SELECTION)                                                                            \
    X(SEL_AFTER, "after", "先有", IN_SELECTION)                                                                      \
    X(UNLESS, "unless", "未有", IN_SELECTION)                                                                        \
    X(OVERDUE, "overdue", "超期", IN_SELECTION)                                                                      \
    X(FROM, "from", "起", IN_VALID)                                                                                  \
    X(TO, "to", "止", IN_VALID)                                                                                      \
    X(WHEN, "when", "条件", IN_CLEAR)                                                                                \
    X(BELOW, "below", "低于", IN_CLEAR)                                                                              \
    X(AFTER, "after", "持续", IN_CLEAR)                                                                              \
    X(LEAD, "lead", "牵头", IN_SEND)                                                                                 \
    X(ASSIST, "assist", "协助", IN_SEND)                                                                             \
    X(INCIDENTS, "incidents", "事件归并", IN_NOTIFY)                                                                 \
    X(INHIBIT, "inhibit", "抑制", IN_NOTIFY)                                                                         \
    X(BUDGET, "budget", "预算", IN_NOTIFY)                                                                           \
    X(STORM, "storm", "风暴", IN_NOTIFY)                                                                             \
    X(INHIBIT_WHEN, "when", "当", IN_INHIBIT)                                                                        \
    X(INHIBIT_HOLDS, "holds", "压下", IN_INHIBIT)                                                                    \
    X(SAME, "same", "同一", IN_INHIBIT)                                                                              \
    X(WHEN_RULE, "rule", "规则", IN_WHEN)                                                                            \
    X(WHEN_LEVEL, "level", "级别", IN_WHEN)                                                                          \
    X(HOLDS_RULE, "rule", "规则", IN_HOLDS)                                                                          \
    X(HOLDS_CATEGORY, "category", "类别", IN_HOLDS)                                                                  \
    X(HOLDS_LEVEL, "level", "级别", IN_HOLDS)                                                                        \
    X(STREET, "street", "街道", IN_BUDGET)                                                                           \
    X(SHIFTS, "shifts", "班次", IN_BUDGET)

enum rule_key {
#define X(name, english, chinese, place) KEY_##name,
    RULE_KEY_TABLE(X)
#undef X
        RULE_KEYS
};

/* the value under either name; a problem if both stand there */
const struct yaml_node *rule_get(const struct yaml_node *mapping, enum rule_key, struct problems *);
/* as rule_get, and a problem if there is none */
const struct yaml_node *rule_need(const struct yaml_node *mapping, enum rule_key, struct problems *);
/* a problem for each key that does not belong in `place` (IN_...), or not yet */
void rule_keys_only(const struct yaml_node *mapping, int place, struct problems *);

/* the name or synonym that is nearest, for a problem; NULL if none is near */
const char *rule_level_near(const char *word, const struct rule_context *);
/* the names of all, for a problem; returns `list` */
enum { RULE_LEVEL_LIST = 256 };
const char *rule_level_list(const struct rule_context *, char list[RULE_LEVEL_LIST]);
/* as rule_level_named, 0 after a problem */
unsigned rule_level_of(const struct yaml_node *, const struct rule_context *, struct problems *);

/* `let`: further selections of the rule.  A wrong one is kept, so that its name is known. */
void rule_read_selections(struct rule *, const struct yaml_node *let, const struct rule_context *, struct problems *);

/* The character at `at` (0 at the end) and its length in bytes; full-width forms come as ASCII. */
uint32_t rule_peek(const char *at, size_t *len);
bool rule_is_digit(uint32_t character);
/* Takes a name off the front (letters of any script, digits, underscore; full-width forms become ASCII); false if
 * there is none or it is longer than RULE_NAME_MAX. */
enum { RULE_NAME_MAX = 64 };
bool rule_take_name(const char **at, char name[RULE_NAME_MAX + 1]);

/* 22:00, as a minute of the day, up to 24:00; false if it is none */
bool rule_minute_of(const char *text, uint16_t *minute);
void rule_read_times(struct selection *, const struct yaml_node *, struct problems *);

/* Compiles a condition; its comparisons become atoms of the rule.  The selections, `per` and `within` must have been
 * read. */
void rule_read_expression(struct rule *, const struct yaml_node *, struct expression *, const struct rule_context *,
                          struct problems *);
/* a constant standing alone, in units of a 1 or of a thousandth */
bool rule_read_number(const struct yaml_node *, int64_t unit, int64_t *number, struct problems *);
/* What a scorecard's feature counts, by the selections from `first` on: the number of the rule's term, -1 after a
 * problem.  No feature asks for another scorecard, so the one that is being read stays where it is. */
int rule_read_term(struct rule *, const struct yaml_node *, unsigned first, struct span within,
                   const struct rule_context *, struct problems *);

/* A duration of a minute to `high` seconds, or working days of the calendar; a minute after a problem or without a
 * node. */
struct span rule_read_span(const struct yaml_node *, const char *what, int32_t high, const struct rule_context *,
                           struct problems *);
/* the same of a text; SPAN_NO_CALENDAR: working days, and there is none */
enum span_found { SPAN_GOOD, SPAN_WRONG, SPAN_NO_CALENDAR };
enum span_found span_parse(const char *text, int32_t high, const struct rule_context *, struct span *);
/* as rule_read_span, of whole minutes */
struct span rule_read_window(const struct yaml_node *, const char *what, const struct rule_context *,
                             struct problems *);

/* the keys of a rule that tell when and where it counts: overrides, during, valid, life */
void rule_read_circumstances(struct rule *, const struct yaml_node *, const struct rule_context *, struct problems *);

/* where the parts of a rule stand; NULL where absent */
struct rule_places {
    const struct yaml_node *rule, *let, *within, *below, *when, *level[LEVELS_MAX + 1];
};

/* what no part shows by itself: reachability, retention, use of all selections, `below` */
void rule_check(const struct rule *, const struct rule_places *, const struct rule_context *, struct problems *);

/* how long what the rule counts has to be kept, so that its alerts can be raised and corrected */
int64_t rule_needed_s(const struct rule *);

/* The values of the rule's terms where nothing is counted. */
void rule_values_of_nothing(const struct rule *, int64_t values[TERMS_MAX]);

/* warnings about what no source can ever meet, or the ledger forgets too soon; of a rule without a mistake */
void rule_warn_unmet(const struct rule *, const struct rule_places *, const struct rule_context *, struct problems *);

/* Texts by which equal rules are known: they hold names, never catalogue numbers.  `computed` is what changes the
 * episodes, `said` what changes only the words and units of the alerts.  free() both. */
void rule_canonical(const struct rule *, const struct rule_context *, char **computed, char **said);

/* reads one rule of a file; problems say what is wrong with it */
void rule_read(struct rule *, const struct yaml_node *, const struct rule_context *, struct problems *);
/* adds the rules of one file, `root`, to a set that rule_set_destroy will free */
void rule_set_read(struct rule_set *, const struct yaml_node *root, const struct rule_context *, struct problems *);

#endif
