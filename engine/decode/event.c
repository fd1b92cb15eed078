/* The words of events and refusals, from the tables in their headers. */
#include "decode/event.h"

#include "base/check.h"
#include "decode/decode.h"

static const struct str kinds[EVENT_KINDS] = {
#define X(name, word, chinese) [EVENT_##name] = {word, sizeof word - 1},
    EVENT_KIND_TABLE(X)
#undef X
};

static const struct str kinds_chinese[EVENT_KINDS] = {
#define X(name, word, chinese) [EVENT_##name] = {chinese, sizeof chinese - 1},
    EVENT_KIND_TABLE(X)
#undef X
};

const char *event_kind_word(enum event_kind kind)
{
    CHECK((unsigned)kind < EVENT_KINDS);
    return kinds[kind].at;
}

static int find(struct str word, const struct str words[EVENT_KINDS])
{
    for (int kind = 0; kind < EVENT_KINDS; kind++)
        if (word.len && str_eq(word, words[kind]))
            return kind;
    return -1;
}

int event_kind_parse(struct str word)
{
    return find(word, kinds);
}

int event_kind_said(struct str word)
{
    int kind = find(word, kinds);
    return kind >= 0 ? kind : find(word, kinds_chinese);
}

static const struct {
    const char *word, *meaning;
} refusals[DECODE_REFUSALS] = {[DECODE_OK] = {"ok", "not refused"},
#define X(name, word, meaning) [DECODE_##name] = {word, meaning},
                               DECODE_REFUSAL_TABLE(X)
#undef X
};

const char *decode_refusal_word(enum decode_refusal reason)
{
    CHECK((unsigned)reason < DECODE_REFUSALS);
    return refusals[reason].word;
}

const char *decode_refusal_meaning(enum decode_refusal reason)
{
    CHECK((unsigned)reason < DECODE_REFUSALS);
    return refusals[reason].meaning;
}
