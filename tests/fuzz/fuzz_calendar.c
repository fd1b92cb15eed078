/* Any bytes as a calendar.  What gets through is consistent: periods change exactly where it says, years that it covers
 * are those whose working days it may move, its digest is that of the calendar without it where it says nothing. */
#include "memory_file.h"

#include "base/civil.h"
#include "rule/calendar.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct memory_file file; /* libFuzzer offers no other place */

static void check_periods(const struct calendar *c)
{
    unsigned count = calendar_period_count(c);
    uint32_t seen = 0, all = count == 32 ? UINT32_MAX : (UINT32_C(1) << count) - 1;
    CHECK(count <= CALENDAR_PERIODS_MAX);
    for (unsigned i = 0; i < count; i++)
        CHECK(calendar_find_period(c, str_of(calendar_period_name(c, i))) == (int)i);
    for (int64_t day = INT64_MIN, next; day != INT64_MAX; day = next) {
        seen |= calendar_periods(c, day);
        next = calendar_next_change(c, day);
        CHECK(next > day);
        CHECK(next == INT64_MAX || calendar_periods(c, next) != calendar_periods(c, day));
        CHECK(next == INT64_MAX || calendar_periods(c, next - 1) == calendar_periods(c, day));
    }
    CHECK(seen == all);
}

static void check_years(const struct calendar *c)
{
    int last = calendar_last_year(c);
    CHECK(last == 0 || calendar_covers(c, civil_days((unsigned)last, 7, 1)));
    for (unsigned year = 2023; year <= 2028; year++) { /* those of the corpus, for speed */
        bool moved = false, covers = calendar_covers(c, civil_days(year, 1, 1));
        for (int64_t day = civil_days(year, 1, 1); day < civil_days(year + 1, 1, 1); day++)
            moved = moved || calendar_workday(c, day) != calendar_workday(NULL, day);
        CHECK(covers || !moved);
        CHECK(!covers || (int)year <= last);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems = {0};
    struct calendar *c = calendar_load(memory_file_set(&file, data, size), &problems);
    CHECK((c == NULL) == (problems.count > 0));
    if (c) {
        check_periods(c);
        check_years(c);
        CHECK(calendar_digest(c) == calendar_digest(c));
        CHECK(calendar_period_count(c) || calendar_last_year(c) || calendar_digest(c) == calendar_digest(NULL));
    }
    calendar_destroy(&c);
    problems_clear(&problems);
    return 0;
}
