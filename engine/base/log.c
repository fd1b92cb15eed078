#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static _Atomic int threshold = LOG_INFO;

void log_level_set(enum log_level level)
{
    atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    if ((int)level > atomic_load_explicit(&threshold, memory_order_relaxed))
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm local;
    localtime_r(&now.tv_sec, &local);
    char stamp[32], zone[8], text[2048];
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &local);
    strftime(zone, sizeof zone, "%z", &local);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* one call, so that lines of several threads do not mix */
    fprintf(stderr, "%s.%03ld%.3s:%.2s %s %s: %s\n", stamp, now.tv_nsec / 1000000, zone, zone + 3, names[level], area,
            text);
}

bool log_condition_set(struct log_condition *condition, bool on)
{
    return atomic_exchange(&condition->on, on) != on;
}
