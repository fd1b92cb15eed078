#include "notify/notice.h"

#include "base/check.h"

#include <stdlib.h>

const char *hold_word(enum hold hold)
{
    static const char *const words[] = {
#define X(name, word, chinese) word,
        HOLD_TABLE(X)
#undef X
    };
    return words[hold];
}

const char *hold_word_zh(enum hold hold)
{
    static const char *const words[] = {
#define X(name, word, chinese) chinese,
        HOLD_TABLE(X)
#undef X
    };
    return words[hold];
}

enum hold hold_named(struct str word)
{
    for (int hold = 0; hold < HOLDS; hold++)
        if (str_eq(word, str_of(hold_word((enum hold)hold))))
            return (enum hold)hold;
    return HOLD_NONE;
}

void notice_set(struct notice *notice, enum hold cause, const char *by)
{
    char *copy = cause ? xstrdup(by) : NULL;
    notice_clear(notice);
    *notice = (struct notice){cause, copy};
}

void notice_clear(struct notice *notice)
{
    free(notice->by);
    *notice = (struct notice){0};
}
