/* What the rules of a world with a command centre say of people: where alerts are sent and how long each may take, which of
 * them are one dispute, which hold one another back, and of how many a street is told, and everybody in a minute. */
#include "world_files.h"

/* arriving has a limit here alone */
static const char routing[] =
    "category,level,region,lead,assist,tier,street_unit,district_unit,sign_within,arrive_within,close_within\n"
    "labour,,91,劳动监察,street,community,一街中心,区中心,20m,30m,4h\n"
    "noise,orange,,street,,,,,,15m,\n";

void world_centre_files(const char *directory)
{
    world_write(directory, "routing.csv", routing, sizeof routing - 1);
}

void world_sends(struct buffer *out, unsigned number)
{
    static const char *const sends[] = {
        "    send: {lead: 人社局, assist: [street]}\n    sign_within: {yellow: 30m, orange: 20m, red: 10m}\n",
        "    send: {lead: 住建局, assist: [城管, 公安]}\n    sign_within: {yellow: 40m}\n    close_within: {yellow: 2h, red: 1h}\n",
        "",
        "    send: {assist: [street]}\n    sign_within: {red: 15m}\n    close_within: {orange: 90m}\n",
    };
    buffer_printf(out, "%s", sends[number % 4]);
}

/* Rules hold only those with a higher number, so that none goes round in a circle. */
static void inhibit(struct buffer *out, struct dice *dice, const unsigned *numbers, unsigned count)
{
    static const char *const same[] = {"grid", "community", "street", "district", "district", "subject"};
    static const char *const at_least[] = {"", "", ", level: yellow", ", level: orange"};
    static const char *const at_most[] = {"", "", ", level: red", ", level: yellow"};
    unsigned a = numbers[dice_below(dice, count)], b = numbers[dice_below(dice, count)];
    if (a == b)
        return;
    buffer_printf(out, "    - when: {rule: r%u%s}\n      holds: {rule: [r%u]%s}\n      same: %s\n", a < b ? a : b,
                  at_least[dice_below(dice, 4)], a < b ? b : a, at_most[dice_below(dice, 4)], same[dice_below(dice, 6)]);
}

void world_notify(struct buffer *out, struct dice dice, const unsigned *numbers, unsigned count)
{
    static const char *const shifts[] = {"[\"08:00\"]", "[\"00:00\", \"01:10\", \"02:30\", \"04:00\", \"21:30\", \"23:00\"]",
                                         "[\"00:30\", \"02:00\", \"22:00\"]"};
    struct buffer inhibitions = {0};
    if (dice_chance(&dice, 40))
        buffer_printf(out, "routing: routing.csv\n");
    if (dice_chance(&dice, 10))
        return;
    bool incidents = dice_chance(&dice, 75);
    buffer_printf(out, "notify:\n  incidents: %s\n", incidents ? "true" : "false");
    for (unsigned n = dice_below(&dice, 4); n > 0; n--)
        inhibit(&inhibitions, &dice, numbers, count);
    if (inhibitions.len)
        buffer_printf(out, "  inhibit:\n%.*s", (int)inhibitions.len, inhibitions.at);
    buffer_free(&inhibitions);
    if (dice_chance(&dice, 60))
        buffer_printf(out, "  budget: {street: %u, shifts: %s}\n", 1 + dice_below(&dice, 3), shifts[dice_below(&dice, 3)]);
    if (dice_chance(&dice, 60))
        buffer_printf(out, "  storm: %u\n", 1 + dice_below(&dice, 3));
}
