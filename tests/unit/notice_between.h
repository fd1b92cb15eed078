/* One desk, and what may come between any two steps of its story without a difference: nothing, or an end and a new start. */
#ifndef GW_TESTS_NOTICE_BETWEEN_H
#define GW_TESTS_NOTICE_BETWEEN_H

#include "notice_world.h"

static struct desk d;

static void nothing(void)
{
}

static void restart(void)
{
    desk_restart(&d);
    desk_settle(&d);
}

#endif
