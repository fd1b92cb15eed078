/* A borrowed piece of text: neither terminated nor owned.  Everything that comes out of a record is one of
 * these, so that decoding copies nothing; whoever keeps it beyond the batch copies it. */
#ifndef GW_BASE_STR_H
#define GW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *at;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* for printf's "%.*s" */
#define STR_ARG(s) (int)(s).len, (s).at

static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

/* Texts of events are short: a call of memcmp or memchr would cost more than what it does.  A word at the beginning and one
 * at the end, which may overlap, are all there is up to 16 bytes. */
static inline uint64_t str_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline bool str_eq(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    if (a.len < 8) {
        for (size_t i = 0; i < a.len; i++)
            if (a.at[i] != b.at[i])
                return false;
        return true;
    }
    if (a.len > 16)
        return memcmp(a.at, b.at, a.len) == 0;
    return str_word(a.at) == str_word(b.at) && str_word(a.at + a.len - 8) == str_word(b.at + b.len - 8);
}

static inline bool str_has(struct str text, char c)
{
    if (text.len < 8) {
        for (size_t i = 0; i < text.len; i++)
            if (text.at[i] == c)
                return true;
        return false;
    }
    if (text.len > 64)
        return memchr(text.at, c, text.len) != NULL;
    const uint64_t ones = UINT64_C(0x0101010101010101), all = ones * (unsigned char)c;
    uint64_t found = 0;
    for (size_t i = 0; i < text.len - 8; i += 8) {
        uint64_t word = str_word(text.at + i) ^ all;
        found |= (word - ones) & ~word;
    }
    uint64_t word = str_word(text.at + text.len - 8) ^ all;
    return ((found | ((word - ones) & ~word)) & ones << 7) != 0;
}

#endif
