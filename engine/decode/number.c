/* One reader of decimals behind all of them: digits and a power of ten, rounded once at the very end. */
#include "decode/number.h"

#include "decode/text.h"

#include <math.h>
#include <stdio.h>

struct decimal {
    uint64_t digits;     /* significant digits kept */
    int exponent;        /* value = digits · 10^exponent */
    bool negative, lost; /* lost: digits beyond those kept that are not all zero */
};

/* Digits beyond the 19th no longer fit; whether any of them counts is remembered for rounding. */
static void add_digit(struct decimal *d, unsigned digit, bool fraction)
{
    if (d->digits < UINT64_MAX / 10 - 1) {
        d->digits = d->digits * 10 + digit;
        d->exponent -= fraction;
    } else {
        d->lost = d->lost || digit != 0;
        d->exponent += !fraction;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_thousands_comma(struct str text, size_t at)
{
    size_t digits = 0;
    while (at + 1 + digits < text.len && is_digit(text.at[at + 1 + digits]))
        digits++;
    return text.at[at] == ',' && digits == 3;
}

/* how many bytes of the text were the number's; 0: none */
static size_t take_decimal(struct str text, struct decimal *d)
{
    size_t i = 0, digits = 0;
    *d = (struct decimal){.negative = text.len && text.at[0] == '-'};
    if (text.len && (text.at[0] == '-' || text.at[0] == '+'))
        i++;
    for (; i < text.len; i++) {
        if (is_digit(text.at[i]))
            add_digit(d, (unsigned)(text.at[i] - '0'), false);
        else if (digits == 0 || !is_thousands_comma(text, i))
            break;
        digits++;
    }
    if (digits && text.len - i > 1 && text.at[i] == '.' && is_digit(text.at[i + 1]))
        for (i++; i < text.len && is_digit(text.at[i]); i++)
            add_digit(d, (unsigned)(text.at[i] - '0'), true);
    return digits ? i : 0;
}

static size_t take_exponent(struct str text, struct decimal *d)
{
    if (text.len < 2 || (text.at[0] | 0x20) != 'e')
        return 0;
    bool negative = text.at[1] == '-';
    size_t first = 1 + (size_t)(negative || text.at[1] == '+'), i = first;
    int exponent = 0;
    for (; i < text.len && is_digit(text.at[i]); i++)
        if (exponent < 1000)
            exponent = exponent * 10 + (text.at[i] - '0');
    d->exponent += negative ? -exponent : exponent;
    return i > first ? i : 0;
}

/* digits · 10^exponent as an integer, rounded half to even */
static bool decimal_round(struct decimal d, int64_t *result)
{
    unsigned cut = 0;    /* the digit that was cut off last, which decides */
    bool below = d.lost; /* anything but zeros below it */
    for (; d.exponent > 0 && d.digits; d.exponent--)
        if (d.lost || __builtin_mul_overflow(d.digits, 10, &d.digits))
            return false;
    for (; d.exponent < 0 && (d.digits || cut); d.exponent++) {
        below = below || cut != 0;
        cut = (unsigned)(d.digits % 10);
        d.digits /= 10;
    }
    d.digits += cut > 5 || (cut == 5 && (below || d.digits % 2));
    if (d.digits > (uint64_t)INT64_MAX + d.negative)
        return false;
    *result = (int64_t)(d.negative ? 0 - d.digits : d.digits);
    return true;
}

bool number_thousandths(struct str text, int64_t *thousandths)
{
    struct decimal d;
    size_t len = take_decimal(text, &d);
    if (len == 0)
        return false;
    len += take_exponent((struct str){text.at + len, text.len - len}, &d);
    d.exponent += 3;
    return len == text.len && decimal_round(d, thousandths);
}

bool number_thousandths_of_double(double value, int64_t *thousandths)
{
    double scaled = value * 1000, size = fabs(scaled);
    if (!(size < 1e15)) /* 15 digits, what a double keeps of a decimal */
        return false;
    double whole = nearbyint(scaled);
    if (fabs(fabs(scaled - whole) - 0.5) > 1e-3 + size * 1e-15) {
        *thousandths = (int64_t)whole;
        return true;
    }
    char text[40]; /* so near a half, only the decimal as it was written can tell */
    int len = snprintf(text, sizeof text, "%.15g", value);
    return number_thousandths((struct str){text, (size_t)len}, thousandths);
}

static bool starts_with(struct str text, size_t at, const char *word)
{
    size_t len = strlen(word);
    return text.len - at >= len && memcmp(text.at + at, word, len) == 0;
}

bool number_of_people(struct str text, uint32_t *people)
{
    char narrow[256];
    text = text_narrow(text, narrow, sizeof narrow);
    size_t first = 0;
    while (first < text.len && !is_digit(text.at[first]))
        first++;
    if (first == text.len) {
        *people = 0;
        return true;
    }
    if (first == 1 && text.at[0] == '-')
        return false;
    struct decimal d;
    int64_t count;
    size_t at = first + take_decimal((struct str){text.at + first, text.len - first}, &d);
    d.exponent += starts_with(text, at, "万")   ? 4
                  : starts_with(text, at, "千") ? 3
                  : starts_with(text, at, "百") ? 2
                                                : 0;
    if (!decimal_round(d, &count) || count > UINT32_MAX)
        return false;
    *people = (uint32_t)count;
    return true;
}
