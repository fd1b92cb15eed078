/* How an author changes his rules: one is added, removed, edited in its figures or in all, put on trial or aside,
 * the others are left alone, and some day all may stand in another order. */
#include "world_files.h"

#include "base/check.h"

enum { RULES_MAX = 8 };

struct drawn { /* a rule, by what it is drawn from */
    unsigned number;
    uint64_t what, amount;
    const char *life; /* "": as if active */
    unsigned title;
};

struct author {
    struct dice *dice, *centre;
    uint64_t notify; /* who is told is drawn from */
    struct drawn rules[RULES_MAX];
    unsigned count, named;
};

static void add(struct author *a)
{
    if (a->count < RULES_MAX)
        a->rules[a->count++] = (struct drawn){a->named++, dice_next(a->dice), dice_next(a->dice), "", 0};
}

static void take_away(struct author *a, unsigned which)
{
    for (unsigned i = which; i + 1 < a->count; i++)
        a->rules[i] = a->rules[i + 1];
    a->count--;
}

static void change_life(struct author *a, struct drawn *rule)
{
    static const char *const lives[] = {"active", "shadow", "draft"};
    rule->life = lives[dice_below(a->dice, 3)];
}

static void change(struct author *a)
{
    unsigned kind = dice_below(a->dice, 100), which = dice_below(a->dice, a->count);
    struct drawn *rule = &a->rules[which];
    if (kind < 25)
        add(a);
    else if (kind < 40 && a->count > 1)
        take_away(a, which);
    else if (kind < 65)
        rule->amount = dice_next(a->dice);
    else if (kind < 75)
        rule->what = dice_next(a->dice);
    else if (kind < 87)
        change_life(a, rule);
    else if (kind < 93)
        rule->title++;
    else { /* in another order */
        struct drawn last = a->rules[a->count - 1];
        a->rules[a->count - 1] = *rule;
        *rule = last;
    }
}

static char *written(const struct author *a, const char *directory, const struct world_shape *shape)
{
    struct buffer out = {0};
    unsigned numbers[RULES_MAX];
    buffer_printf(&out, "rules:\n");
    for (unsigned i = 0; i < a->count; i++) {
        const struct drawn *rule = &a->rules[i];
        struct dice what = {rule->what}, amount = {rule->amount};
        world_rule(&out, &(struct hand){rule->number, &what, &amount, directory, shape});
        if (*rule->life)
            buffer_printf(&out, "    life: %s\n", rule->life);
        if (rule->title)
            buffer_printf(&out, "    title: t%u\n", rule->title);
        if (shape->centre)
            world_sends(&out, rule->number);
        numbers[i] = rule->number;
    }
    if (shape->centre)
        world_notify(&out, (struct dice){a->notify}, numbers, a->count);
    char *text = xstrndup(out.at, out.len);
    buffer_free(&out);
    return text;
}

unsigned world_changes(struct dice *dice, struct dice *centre, const char *directory, const struct world_shape *shape,
                       char *text[GENERATIONS_MAX])
{
    struct author a = {.dice = dice, .centre = centre, .notify = dice_next(centre)};
    unsigned count = shape->changes ? 2 + dice_below(dice, GENERATIONS_MAX - 1) : 1;
    for (unsigned n = 2 + dice_below(dice, 3); n > 0; n--)
        add(&a);
    for (unsigned g = 0; g < count; g++) {
        text[g] = written(&a, directory, shape);
        for (unsigned n = 1 + dice_below(dice, 2); n > 0; n--)
            change(&a);
        if (dice_chance(centre, 40))
            a.notify = dice_next(centre);
    }
    return count;
}
