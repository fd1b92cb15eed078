/* What the files of the rule texts share. */
#ifndef GW_RULE_TEXTS_PRIV_H
#define GW_RULE_TEXTS_PRIV_H

#include "base/buffer.h"
#include "rule/texts.h"

struct text {
    enum text_kind kind;
    char *path; /* NULL: from JSON */
    char *name; /* as it lies from the folder of its kind: below, outside (../), or somewhere else (/) */
    bool absent;
    struct buffer bytes;
};

struct rule_texts {
    char *base;      /* the rules' folder, ending in '/' */
    char *rule_file; /* the one in it that `rules` names; NULL: all of it */
    struct text *all;
    size_t count;
    char digest[72];
};

struct text *text_add(struct rule_texts *, enum text_kind);
const char *text_kind_word(enum text_kind);

#endif
