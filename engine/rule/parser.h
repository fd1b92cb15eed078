/* The reader of conditions, between its files: expression.c has how comparisons are joined, term.c what they compare,
 * constant.c what with.  Recursive descent over the scalar's own text, so that every mistake has its column. */
#ifndef GW_RULE_PARSER_H
#define GW_RULE_PARSER_H

#include "rule/rule_priv.h"

struct parser {
    const struct yaml_node *node;
    const char *at;
    struct rule *rule;
    const struct rule_context *context;
    struct expression *out;
    struct problems *problems;
    unsigned first, end; /* the selections that names mean */
    struct span within;  /* of what is counted */
    unsigned depth;
    bool inner;   /* within adjacent() */
    bool feature; /* of a scorecard */
    bool failed;
};

/* the first mistake of a text counts; after it nothing is emitted */
__attribute__((format(printf, 3, 4))) void parser_fail(struct parser *, const char *at, const char *format, ...);
void parser_skip_space(struct parser *);
bool parser_take(struct parser *, uint32_t character);
bool parser_take_text(struct parser *, const char *text);
/* alternatives, conjunctions and comparisons, into p->out */
void parser_condition(struct parser *);

/* A term off the front, added to the rule unless it has it already; its number. */
unsigned parser_term(struct parser *);
/* the number of the window of what is counted, so much earlier, added to the rule unless it has it already */
unsigned parser_window(struct parser *, int32_t lag_s);

/* A constant, as thousandths or whole units as `unit` says; a problem if it does not come out so. */
int64_t parser_constant(struct parser *, int64_t unit);

/* a scorecard's features become terms of the rule, `term` its score */
void parser_score(struct parser *, const char *at, const char *model, struct term *);

#endif
